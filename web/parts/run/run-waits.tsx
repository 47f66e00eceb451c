import { Anchor, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { Run } from '../../../src/domain/run.ts';
import type { JobView } from '../../../src/domain/wire.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import { usePlacement } from '../../src/job/use-placement.ts';

type WaitsProps = {
  readonly run: Run;
  /** Undefined where it is gone or not read yet. */
  readonly job: JobView | undefined;
};

/** Why a queued run has not started, as far as is known. */
export const RunWaits = ({ run, job }: WaitsProps) => {
  const now = useNow();
  const isAhead = Date.parse(run.fireTime) > now;
  return (
    <Text size="md" data-story>
      {isAhead
        ? texts.waitsUntil(format.distance(run.fireTime, now))
        : texts.waitsFor(format.growing(now - Date.parse(run.fireTime)))}{' '}
      {job && <Why job={job} />}
    </Text>
  );
};

const Why = ({ job }: { readonly job: JobView }) => {
  const { placed } = usePlacement(job.job.name, job.revision);
  const [before] = job.running;
  if (before && (job.job as { readonly overlap?: unknown }).overlap !== 'allow')
    return (
      <>
        {texts.waitsBusy}{' '}
        <Anchor component={Link} href={`/runs/${before.id}`}>
          {format.instant(before.fireTime, Date.parse(before.fireTime))}
        </Anchor>
      </>
    );
  if (!placed) return texts.waitsSoon;
  if (placed.some(({ matches }) => matches)) return texts.waitsSoon;
  const why = placed.some(({ reason }) => reason === 'full')
    ? texts.waitsFull
    : placed.some(({ reason }) => reason === 'draining')
      ? texts.waitsDraining
      : texts.waitsNoWorker;
  return (
    <>
      {why}{' '}
      <Anchor component={Link} href={`/jobs/${encodeURIComponent(job.job.name)}`}>
        {texts.toItsJob}
      </Anchor>
    </>
  );
};
