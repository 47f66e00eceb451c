import { Badge, Button, Progress, Text } from '@mantine/core';
import { memo, useState } from 'react';
import { Link } from 'wouter';
import type { RunView, WorkerView } from '../../../src/domain/wire.ts';
import { ask } from '../../src/api.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { isBehind, isFilling, OFF_MS, SILENT_MS } from '../../src/lists/workers-search.ts';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';
import { At, Growing } from '../time.tsx';
import classes from './worker-row.module.css';

type Worker = WorkerView;
type RowProps = { readonly worker: Worker; readonly isGone: boolean };

const WORD = { root: { textTransform: 'none' } } as const;

/** A worker: where it is, how full, what it runs, and whether it takes more. */
export const WorkerRow = memo(function WorkerRow({ worker, isGone }: RowProps) {
  const { name, labels, draining, passes } = worker;
  return (
    <div className={classes['row']} data-worker={name} data-gone={isGone || undefined} aria-disabled={isGone || undefined}>
      <div className={classes['name']}>
        <b>{name}</b>
        {isGone ? (
          <Badge color="red" variant="light" styles={WORD} leftSection={<span aria-hidden="true">✕</span>}>
            {texts.workerGone}
          </Badge>
        ) : (
          draining && (
            <Badge color="orange" variant="light" styles={WORD} leftSection={<span aria-hidden="true">‖</span>}>
              {texts.draining}
            </Badge>
          )
        )}
        {!isGone && passes && (
          <Badge
            color={passes === 'skewed' ? 'red' : 'orange'}
            variant="light"
            styles={WORD}
            title={texts.passesWhy[passes]}
            data-passes={passes}
            leftSection={<span aria-hidden="true">!</span>}
          >
            {texts.passes[passes]}
          </Badge>
        )}
        {labels.map((label) => (
          <Badge key={label} size="sm" variant="default" styles={WORD}>
            {label}
          </Badge>
        ))}
      </div>
      <Facts worker={worker} isGone={isGone} />
      <Slots worker={worker} />
      <Runs runs={worker.running} />
      <div className={classes['actions']}>{!isGone && <Drain worker={worker} />}</div>
    </div>
  );
});

const Facts = ({ worker, isGone }: RowProps) => {
  const { host, version, startedAt, lastSeenAt, clockOffsetMs, allow, users } = worker;
  return (
    <div className={classes['facts']}>
      <span className="anywhere">{host}</span>
      <span className="anywhere">{version}</span>
      <span>
        {texts.upSince} <At at={startedAt} />
      </span>
      <Seen at={lastSeenAt} isGone={isGone} />
      {clockOffsetMs !== undefined && <Clock offsetMs={clockOffsetMs} />}
      <Spool worker={worker} />
      {allow !== undefined && <Names what="allow" word={texts.mayRunOnly} names={allow} />}
      {users !== undefined && users.length > 0 && <Names what="users" word={texts.mayRunAs} names={users} />}
    </div>
  );
};

const FEW = 5;

/** What its own configuration lets it run: the first few names, and all of them on demand. */
const Names = ({ what, word, names }: { readonly what: string; readonly word: string; readonly names: readonly string[] }) => {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? names : names.slice(0, FEW);
  return (
    <span className={classes['names']} data-names={what}>
      {word}
      {shown.map((name) => (
        <span key={name} className={`mono anywhere ${classes['tag'] ?? ''}`}>
          {name}
        </span>
      ))}
      {names.length > FEW && (
        <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? texts.fewer : texts.andMore(format.number(names.length - FEW))}
        </Button>
      )}
    </span>
  );
};

const ALARM = { c: 'orange', fw: 600 } as const;

/** What waits on its disk; in words of their own where it fills, or something was lost for it. */
const Spool = ({ worker }: { readonly worker: Worker }) => {
  const { spoolBytes, spoolLimitBytes, spoolCutBytes = 0, spoolWaiting = 0, setAside = 0 } = worker;
  const isLate = isBehind(worker, useNow());
  const all = spoolLimitBytes === undefined ? undefined : format.bytes(spoolLimitBytes);
  const isFull = isFilling(worker);
  return (
    <>
      {spoolBytes !== undefined && spoolBytes > 0 && (
        <Text
          size="xs"
          component="span"
          title={all === undefined ? texts.spoolHintNoLimit : texts.spoolHint(all)}
          data-spool={spoolBytes}
          {...(isFull && ALARM)}
        >
          {isFull && all !== undefined
            ? `! ${texts.spoolFull(format.bytes(spoolBytes), all)}`
            : texts.spool(format.bytes(spoolBytes))}
        </Text>
      )}
      {spoolWaiting > 0 && (
        <Text size="xs" component="span" title={texts.spoolWaitingHint} data-spool-waiting {...(isLate && ALARM)}>
          {isLate ? '! ' : ''}
          {texts.spoolWaiting(format.number(spoolWaiting))}
        </Text>
      )}
      {spoolCutBytes > 0 && (
        <Text size="xs" component="span" title={texts.spoolCutHint} data-spool-cut {...ALARM}>
          ! {texts.spoolCut(format.bytes(spoolCutBytes))}
        </Text>
      )}
      {setAside > 0 && (
        <Text size="xs" component="span" title={texts.setAsideHint} data-set-aside {...ALARM}>
          ! {texts.setAside(format.number(setAside))}
        </Text>
      )}
    </>
  );
};

const Clock = ({ offsetMs }: { readonly offsetMs: number }) => (
  <Text size="xs" component="span" data-offset={offsetMs} {...(Math.abs(offsetMs) >= OFF_MS && ALARM)}>
    {Math.abs(offsetMs) >= OFF_MS ? '! ' : ''}
    {offsetMs < 0 ? texts.clockBehind(format.length(-offsetMs)) : texts.clockAhead(format.length(offsetMs))}
  </Text>
);

const Seen = ({ at, isGone }: { readonly at: string; readonly isGone: boolean }) => {
  const now = useNow();
  const isSilent = !isGone && now - Date.parse(at) > SILENT_MS;
  return (
    <Text size="xs" component="span" {...(isSilent && ALARM)}>
      {isSilent ? '! ' : ''}
      <time dateTime={at} title={format.exact(at)}>
        {texts.seen(format.distance(at, now))}
      </time>
    </Text>
  );
};

const Slots = ({ worker: { running, slots } }: { readonly worker: Worker }) => {
  const used = texts.slots(format.number(running.length), format.number(slots));
  const isFull = running.length >= slots;
  return (
    <div className={classes['load']}>
      <Text size="xs" c="dimmed" mb={4} className="figures">
        {used}
        {isFull && ` · ${texts.full}`}
      </Text>
      <Progress
        value={slots === 0 ? 100 : (running.length / slots) * 100}
        size="md"
        aria-label={used}
        {...(isFull ? { color: 'orange' } : {})}
      />
    </div>
  );
};

const MOST = 6;

const Runs = ({ runs }: { readonly runs: readonly RunView[] }) => {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? runs : runs.slice(0, MOST);
  return (
    <div className={classes['runs']}>
      {runs.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.idle}
        </Text>
      )}
      {shown.map((run) => (
        <Link key={run.id} href={`/runs/${run.id}`} className={classes['run'] ?? ''}>
          <span aria-hidden="true">▶</span> {run.job}{' '}
          <Text size="xs" c="dimmed" component="span">
            <Growing since={run.startedAt ?? run.claimedAt ?? run.fireTime} />
          </Text>
        </Link>
      ))}
      {runs.length > MOST && (
        <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? texts.fewer : texts.andMore(format.number(runs.length - MOST))}
        </Button>
      )}
    </div>
  );
};

const Drain = ({ worker: { id, name, draining, running } }: { readonly worker: Worker }) => {
  const tell = useTell();
  const askFirst = useAsk();
  const [isBusy, setBusy] = useState(false);
  if (!useMay('operator')) return null;
  const order = (what: 'drain' | 'resume'): void => {
    setBusy(true);
    ask('POST', `/workers/${encodeURIComponent(id)}/${what}`)
      .catch(tell)
      .finally(() => setBusy(false));
  };
  return (
    <Button
      size="xs"
      miw={84}
      variant={draining ? 'light' : 'default'}
      disabled={isBusy}
      onClick={() =>
        draining
          ? order('resume')
          : askFirst({
              title: texts.drainTitle(name),
              hint: texts.drainHint(format.number(running.length)),
              yes: texts.drain,
              onYes: () => order('drain'),
            })
      }
    >
      {draining ? texts.resume : texts.drain}
    </Button>
  );
};
