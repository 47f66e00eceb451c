import { Badge, Button, Progress, Text } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import type { RunView, WorkerView } from '../../src/domain/wire.ts';
import { ask } from '../src/api.ts';
import { useNow } from '../src/clock.ts';
import { format } from '../src/format.ts';
import { useMay } from '../src/session.ts';
import { texts } from '../src/texts.ts';
import { useTell } from './tell.tsx';
import { At, Growing } from './time.tsx';
import classes from './worker-row.module.css';

/** A worker: where it is, how full, what it runs, and whether it takes more. */
export const WorkerRow = memo(function WorkerRow({ worker }: { readonly worker: WorkerView }) {
  const { id, name, host, version, labels, slots, draining, startedAt, running } = worker;
  const tell = useTell();
  const mayDrain = useMay('operator');
  return (
    <div className={classes['row']} data-worker={name}>
      <div className={classes['name']}>
        <b>{name}</b>
        {labels.map((label) => (
          <Badge key={label} size="xs" variant="default" styles={{ root: { textTransform: 'none' } }}>
            {label}
          </Badge>
        ))}
        {draining && (
          <Badge color="orange" variant="light" styles={{ root: { textTransform: 'none' } }}>
            {texts.draining}
          </Badge>
        )}
        <Text size="xs" c="dimmed" w="100%" className="anywhere">
          {host} · {version} · <Seen at={worker.lastSeenAt} /> · {texts.upSince} <At at={startedAt} />
        </Text>
      </div>
      <div className={classes['load']}>
        <Text size="xs" c="dimmed" mb={4}>
          {texts.slots(format.number(running.length), format.number(slots))}
        </Text>
        <Progress
          value={slots === 0 ? 100 : (running.length / slots) * 100}
          size="sm"
          aria-label={texts.slots(format.number(running.length), format.number(slots))}
        />
      </div>
      <div className={classes['runs']}>
        {running.length === 0 ? (
          <Text size="sm" c="dimmed">
            {texts.idle}
          </Text>
        ) : (
          running.map((run) => <Running key={run.id} run={run} />)
        )}
      </div>
      <div className={classes['actions']}>
        {mayDrain && (
          <Button
            size="xs"
            variant="default"
            onClick={() => void ask('POST', `/workers/${encodeURIComponent(id)}/${draining ? 'resume' : 'drain'}`).catch(tell)}
          >
            {draining ? texts.resume : texts.drain}
          </Button>
        )}
      </div>
    </div>
  );
});

const Running = ({ run }: { readonly run: RunView }) => (
  <Link href={`/runs/${run.id}`} className={classes['run'] ?? ''}>
    <span aria-hidden="true">▶</span> {run.job} <Growing since={run.startedAt ?? run.claimedAt ?? run.fireTime} />
  </Link>
);

const Seen = ({ at }: { readonly at: string }) => {
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at)}>
      {texts.seen(format.distance(at, now))}
    </time>
  );
};
