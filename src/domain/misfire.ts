import type { RunEvent } from './events.ts';
import { COUNTED } from './gap.ts';
import { toInstant, toMs } from './instant.ts';
import type { KnownJob } from './known-job.ts';
import type { CatchUpMove } from './moves.ts';
import { endOfQueued } from './queued.ts';
import { defined } from './run.ts';
import type { QueuedRun } from './values.ts';

/** Ticks from `from` to `to` (ms), both included. */
export type Range = { readonly from: number; readonly to: number; readonly count: number };

/** The job's catch-up key, as it lies in the store: the one that reaches furthest, where there are several. */
export type Standing = { readonly queued: QueuedRun; readonly revision: number };

/** What the misfire policy makes of ticks that are too old to run as on time (design.md §5.1). */
export type Settled = {
  readonly missed: Range | undefined;
  /** The job's catch-up key as it will be. With the id of the standing one that one is extended. */
  readonly catchUp: QueuedRun | undefined;
  /** The end of the standing key, where another takes its place. */
  readonly replaced: RunEvent | undefined;
};

/** Whether a queued run is the job's catch-up key (of this worker, where each worker has its own). */
export const isCatchUp = ({ trigger, attempt, worker }: QueuedRun, of?: string): boolean =>
  trigger === 'catchUp' && attempt === 1 && worker === of;

export const standingIn = <S extends Standing>(waiting: Iterable<S>, of?: string): S | undefined => {
  const end = ({ queued }: Standing): string => queued.to ?? queued.fireTime;
  let furthest: S | undefined;
  for (const each of waiting)
    if (isCatchUp(each.queued, of) && (furthest === undefined || end(each) > end(furthest))) furthest = each;
  return furthest;
};

/** The part of a move that catches up. A standing key that is neither extended nor replaced goes on waiting beside the new one: it is not touched. */
export const catchUpMove = ({ catchUp, replaced }: Settled, standing: Standing | undefined): CatchUpMove | undefined =>
  catchUp && {
    queued: catchUp,
    standing:
      standing && (replaced || standing.queued.runId === catchUp.runId)
        ? { runId: standing.queued.runId, revision: standing.revision }
        : undefined,
    replaced,
  };

/** `skip`: all are missed. `once`: the newest is caught up, and takes the place of one that waits. `all`: those within `withinMs` are, as a range, which extends one that
 *  waits where nothing lies between the two: what does has its fate already, and a range runs all that it spans (P1, P3). What is older is missed. `newId` is for a key that is new; `of` is the worker whose ticks they are, where each worker has its own. */
export const settle = (
  { job, hash, schedule }: Pick<KnownJob, 'job' | 'hash' | 'schedule'>,
  ticks: Range,
  {
    standing,
    now,
    newId,
    of,
  }: {
    readonly standing: Standing | undefined;
    readonly now: number;
    readonly newId: () => string;
    readonly of?: string | undefined;
  },
): Settled => {
  const oldest = now - job.withinMs;
  const first =
    job.misfire === 'once'
      ? ticks.to
      : job.misfire === 'all'
        ? schedule.next(Math.max(ticks.from, oldest) - 1)?.fireTime
        : undefined;
  if (first === undefined || first > ticks.to || first < oldest)
    return { missed: ticks, catchUp: undefined, replaced: undefined };
  const count = job.misfire === 'once' ? 1 : countOf(schedule, first, ticks.to);
  const before = first > ticks.from ? schedule.prev(first)?.fireTime : undefined;
  const missed = before === undefined ? undefined : { from: ticks.from, to: before, count: Math.max(1, ticks.count - count) };
  const last = standing?.queued.hash === hash && standing.queued.to !== undefined ? toMs(standing.queued.to) : undefined;
  const isBefore = job.misfire === 'all' && last !== undefined && last < first;
  const isExtended = isBefore && schedule.prev(first)?.fireTime === last;
  const made: QueuedRun =
    isExtended && standing
      ? { ...standing.queued, count: (standing.queued.count ?? 1) + count }
      : {
          v: 1,
          runId: newId(),
          job: job.name,
          trigger: 'catchUp',
          fireTime: toInstant(first),
          attempt: 1,
          notBefore: toInstant(now),
          queuedAt: toInstant(now),
          hash,
          ...defined({ worker: of }),
          ...(job.misfire === 'all' && { count }),
        };
  return {
    missed,
    catchUp: {
      ...made,
      notAfter: toInstant(now + job.withinMs),
      ...(job.misfire === 'all' && { to: toInstant(ticks.to) }),
    },
    replaced:
      standing && !isBefore ? endOfQueued(standing.queued, { at: now, outcome: 'skipped', reason: 'replaced' }) : undefined,
  };
};

const countOf = ({ next }: KnownJob['schedule'], first: number, last: number): number => {
  let count = 1;
  for (let at = next(first)?.fireTime; at !== undefined && at <= last && count < COUNTED; at = next(at)?.fireTime) count += 1;
  return count;
};
