import type { RunEvent } from './events.ts';
import { toInstant } from './instant.ts';
import { defined } from './run.ts';
import type { LastRun, LiveRun, QueuedRun } from './values.ts';
import type { Outcome, Reason } from './words.ts';

/** The event that tells the end of a queued run that never started: of a run, or, for a range to be caught up, of the ticks that it still had. `at` in ms. A run that waited for a
 *  further attempt ends as the attempt before it did, unless it was killed. */
export const endOfQueued = (
  { job, runId, attempt, trigger, fireTime, to, count, worker, after, by: askedBy }: QueuedRun,
  {
    at,
    outcome,
    reason,
    by = askedBy,
  }: { readonly at: number; readonly outcome: Outcome; readonly reason: Reason; readonly by?: string | undefined },
): RunEvent =>
  to === undefined || trigger !== 'catchUp'
    ? {
        v: 1,
        type: 'dropped',
        job,
        runId,
        attempt,
        at: toInstant(at),
        outcome: attempt > 1 && outcome !== 'killed' ? (after ?? 'failed') : outcome,
        reason,
        trigger,
        fireTime,
        ...defined({ by }),
      }
    : {
        v: 1,
        type: 'ticksMissed',
        job,
        at: toInstant(at),
        from: fireTime,
        to,
        count: count ?? 1,
        fate: 'skipped',
        reason,
        ...defined({ by, of: worker }),
      };

/** What the end of a run that waited for a further attempt makes of its run key and of `last`, for `dropQueued`. Undefined where it had no attempt yet. */
export const endOfAttempted = (
  event: RunEvent,
  run: { readonly live: LiveRun; readonly revision: number } | undefined,
): { readonly ended: LiveRun; readonly last: LastRun; readonly runRevision: number } | undefined => {
  if (event.type !== 'dropped' || !run || run.live.state !== 'ended' || run.live.attempt >= event.attempt) return undefined;
  const { nextAttemptAt: _next, ...live } = run.live;
  const { outcome, reason, at: endedAt } = event;
  return {
    ended: { ...live, outcome, endedAt, ...defined({ reason, by: event.by }) },
    last: {
      v: 1,
      runId: live.runId,
      fireTime: live.fireTime,
      outcome,
      endedAt,
      ...defined({ reason, durationMs: live.durationMs }),
    },
    runRevision: run.revision,
  };
};
