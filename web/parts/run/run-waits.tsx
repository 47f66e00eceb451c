import { Anchor, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import type { Attempt, Followed } from '../../src/live/followed.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import { whyOf } from '../runs/run-row.tsx';
import { usePlacement } from '../../src/job/use-placement.ts';

type WaitsProps = {
  readonly followed: Followed;
  /** Undefined where it is gone or not read yet. */
  readonly job: JobView | undefined;
};

/** Why a queued run has not started, as far as is known; between two attempts also how the last one ended. */
export const RunWaits = ({ followed: { run, attempts }, job }: WaitsProps) => {
  const now = useNow();
  const before = attempts.at(-1);
  const from = run.nextAttemptAt ?? run.fireTime;
  const isAhead = Date.parse(from) > now;
  const number = before ? before.attempt + 1 : run.attempt;
  if (run.to !== undefined) return <Range run={run} now={now} />;
  const [distance, length] = [format.distance(from, now), format.growing(Math.max(0, now - Date.parse(from)))];
  return (
    <Text size="md" data-story>
      {before && endOf(before)}{' '}
      {run.nextAttemptAt === undefined
        ? isAhead
          ? texts.waitsUntil(distance)
          : texts.waitsFor(length)
        : isAhead
          ? texts.nextAttemptIn(number, distance)
          : texts.nextAttemptWaits(number, length)}{' '}
      {job && !(isAhead && run.nextAttemptAt !== undefined) && <Why job={job} />}
    </Text>
  );
};

/** A range of ticks: each gets a run of its own when its turn comes. */
const Range = ({ run: { fireTime, to = fireTime, count = 1 }, now }: Pick<Followed, 'run'> & { readonly now: number }) => (
  <Text size="md" data-story>
    {texts.rangeWaits(count, format.number(count), format.instant(fireTime, now), format.instant(to, now))}
  </Text>
);

const endOf = ({ attempt, end }: Attempt): string => {
  if (!end?.outcome) return '';
  const why = whyOf(end);
  return texts.attemptEndedAs(attempt, `${outcomeTexts[end.outcome][1]}${why === '' ? '' : `, ${why}`}`);
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
