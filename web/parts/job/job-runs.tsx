import { Anchor, Badge, Button, Text } from '@mantine/core';
import { memo, useMemo } from 'react';
import { Link } from 'wouter';
import type { RunView } from '../../../src/domain/wire.ts';
import { ask, runPath } from '../../src/api.ts';
import { format } from '../../src/format.ts';
import { runsOf } from '../../src/live/kinds.ts';
import { useMay } from '../../src/session.ts';
import { texts, triggerTexts } from '../../src/texts.ts';
import { useHeld } from '../../src/lists/use-held.ts';
import { useLiveList } from '../../src/live/use-live-list.ts';
import { Bars } from './bars.tsx';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';
import { Outcome } from '../outcome.tsx';
import { Late, whyOf } from '../runs/run-row.tsx';
import { Section } from '../section.tsx';
import { Failed, Loading } from '../states.tsx';
import { At, Distance, Growing } from '../time.tsx';
import classes from './job-runs.module.css';

/** For the bars; of the rows so many are shown. */
const ASKED = '60';
const ROWS = 10;

/** The runs of a job, live: what waits, the last ones as bars, and the newest as rows. */
export const JobRuns = ({ name, zone }: { readonly name: string; readonly zone: string | undefined }) => {
  const kind = useMemo(() => runsOf(name), [name]);
  const { rows, error, again } = useLiveList(kind, '/runs', { limit: ASKED, job: name });
  const all = rows ?? [];
  const begun = all.filter(({ state }) => state !== 'queued');
  const { shown, waiting, hold } = useHeld(begun.slice(0, ROWS), ({ id }) => id);
  if (error) return <Failed error={error} onAgain={again} />;
  if (!rows) return <Loading rows={5} />;
  const link = (
    <Anchor component={Link} href={`/runs?job=${encodeURIComponent(name)}`} size="sm">
      {texts.allOfIts}
    </Anchor>
  );
  return (
    <>
      <Waiting runs={all.filter(({ state }) => state === 'queued')} zone={zone} />
      <Section title={texts.lastRunsTitle} aside={link} isFlush>
        <div style={{ padding: '4px 16px 10px' }}>
          {begun.length === 0 ? (
            <Text size="sm" c="dimmed">
              {texts.noBars}
            </Text>
          ) : (
            <Bars runs={begun} zone={zone} />
          )}
        </div>
        {begun.length > 0 && (
          <div {...hold} className={classes['rows']}>
            {shown.map((run) => (
              <RunOfJob key={run.id} run={run} zone={zone} />
            ))}
            {waiting > 0 && (
              <Badge className={classes['new'] ?? ''} variant="filled" styles={{ root: { textTransform: 'none' } }}>
                {texts.newOnes(format.number(waiting))}
              </Badge>
            )}
          </div>
        )}
      </Section>
    </>
  );
};

/** A run, where its job is plain. All of the row leads to it. */
const RunOfJob = memo(function RunOfJob({ run, zone }: { readonly run: RunView; readonly zone: string | undefined }) {
  const why = whyOf(run);
  return (
    <Link href={`/runs/${run.id}`} className={classes['row'] ?? ''} data-run={run.id}>
      <span className={classes['outcome']}>
        <Outcome state={run.state} outcome={run.outcome} />
        {why !== '' && (
          <Text size="xs" c="dimmed" component="span" className="anywhere">
            {why}
          </Text>
        )}
        {run.trigger !== 'schedule' && (
          <Text size="xs" c="dimmed" component="span">
            {triggerTexts[run.trigger]}
          </Text>
        )}
        <Late run={run} />
      </span>
      <span className="figures">
        {run.durationMs !== undefined
          ? format.length(run.durationMs)
          : run.state === 'running' && <Growing since={run.startedAt ?? run.claimedAt ?? run.fireTime} />}
      </span>
      <Text size="sm" c="dimmed" component="span" className={classes['when'] ?? ''}>
        <At at={run.fireTime} zone={zone} /> · <Distance at={run.fireTime} zone={zone} />
      </Text>
      <Text size="sm" c="dimmed" component="span" className="anywhere">
        {run.workerName ?? run.worker}
      </Text>
    </Link>
  );
});

/** Ends what is left of a range, and asks before. */
const EndRest = ({ run: { id, job } }: { readonly run: RunView }) => {
  const [askFirst, tell, mayRun] = [useAsk(), useTell(), useMay('operator')];
  return mayRun ? (
    <Button
      size="compact-xs"
      color="red"
      variant="light"
      ml={8}
      onClick={() =>
        askFirst({
          title: texts.endRestTitle(job),
          hint: texts.endRestHint,
          yes: texts.endRest,
          onYes: () => void ask('POST', `${runPath(id)}/kill`).catch(tell),
        })
      }
    >
      {texts.endRest}
    </Button>
  ) : null;
};

/** What was decided and has not started: with what waits for a worker one sees why nothing happens. */
const Waiting = ({ runs, zone }: { readonly runs: readonly RunView[]; readonly zone: string | undefined }) =>
  runs.length === 0 ? null : (
    <Section title={`${texts.waitingRuns} (${format.number(runs.length)})`}>
      <Text size="xs" c="dimmed" mb={4}>
        {texts.waitingHint}
      </Text>
      <ul className={classes['waiting']}>
        {runs.toReversed().map((run) => (
          <li key={run.id} data-waiting={run.id} {...(run.count !== undefined && { 'data-left': run.count })}>
            <Anchor component={Link} href={`/runs/${run.id}`} size="sm">
              {triggerTexts[run.trigger]}
            </Anchor>{' '}
            <Text size="sm" c="dimmed" component="span">
              {run.to === undefined ? (
                <At at={run.fireTime} zone={zone} />
              ) : (
                <>
                  <b>{texts.leftOfRange(run.count ?? 1, format.number(run.count ?? 1))}</b>
                  {` · ${texts.rangeNext} `}
                  <At at={run.fireTime} zone={zone} />
                  {run.to !== run.fireTime && (
                    <>
                      {` · ${texts.rangeLast} `}
                      <At at={run.to} zone={zone} />
                    </>
                  )}
                </>
              )}
              {run.by !== undefined && ` · ${run.by}`}
              {run.workerName !== undefined && ` · ${texts.onWorker(run.workerName)}`}
              {run.attempt > 1 && ` · ${texts.attemptNumber(run.attempt)}`}
              {run.to === undefined && run.attempt === 1 && (
                <>
                  {` · ${texts.waitingFor} `}
                  <Growing since={run.fireTime} zone={zone} />
                </>
              )}
            </Text>
            {run.to !== undefined && <EndRest run={run} />}
          </li>
        ))}
      </ul>
    </Section>
  );
