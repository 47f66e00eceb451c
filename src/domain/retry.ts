import { hashUnit } from './hash.ts';
import { toInstant, toMs } from './instant.ts';
import type { FullJob } from './job.ts';
import { defined } from './run.ts';
import type { LiveRun, QueuedRun, RetryOfClaim } from './values.ts';
import type { Outcome, Reason } from './words.ts';

/** How an attempt ended, as far as it decides on a further one. `at`: when it ended. */
export type Ended = {
  readonly at: string;
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
};

/** At most this share is taken off a delay, by lot: runs that failed together do not all come back together. Never put on, so that `maxDelayMs` holds. */
const JITTER = 0.2;

/** What the run key has to carry of `retry`, and of what was asked for, so that whoever ends the run (its worker, or the leader) can put the next attempt. Undefined where there
 *  is none. `queued`: what the claim was taken from. */
export const retryOfClaim = (
  { retry, withinMs }: Pick<FullJob, 'retry' | 'withinMs'>,
  queued?: QueuedRun,
): RetryOfClaim | undefined =>
  retry.max === 0
    ? undefined
    : {
        ...retry,
        withinMs,
        ...defined({ params: queued?.params, env: queued?.env }),
        ...(queued?.worker !== undefined && queued.movesAfterMs === undefined && { isPinned: true }),
      };

/** The next attempt of a run whose attempt has ended so, or undefined where this was the last. It is decided from what counted at the claim, never from the job's present fields,
 *  and from the end itself: whoever decides again after a crash comes to the same. */
export const nextAttempt = (live: LiveRun, ended: Ended): QueuedRun | undefined => {
  const { retry, attempt, runId, job, trigger, fireTime, nominalAt, worker, latenessMs, lostAfterMs, by, of } = live;
  if (!retry || attempt > retry.max || !isWorthIt(retry, ended)) return undefined;
  const notBefore = toMs(ended.at) + delayOf(retry, runId, attempt);
  // Whoever asked for this very worker gets no other, nor does a run that each worker has of its own. Elsewhere: also where the worker is gone.
  const isPinned = retry.isPinned === true || of !== undefined;
  const isRefused = ended.reason === 'notAllowed';
  if (isPinned && isRefused) return undefined; // it would be refused again
  const isElsewhere = !isPinned && (retry.elsewhere || isRefused || ended.reason === 'workerGone');
  const place = isElsewhere
    ? { exclude: worker }
    : { worker, movesAfterMs: isPinned || lostAfterMs === 'never' ? undefined : lostAfterMs };
  return {
    v: 1,
    runId,
    job,
    trigger,
    fireTime,
    attempt: attempt + 1,
    notBefore: toInstant(notBefore),
    notAfter: toInstant(notBefore + retry.withinMs),
    queuedAt: ended.at,
    after: ended.outcome,
    latenessMs,
    ...defined({ nominalAt, by, params: retry.params, env: retry.env }),
    ...defined(place),
  };
};

/** From the end of an attempt to the start of the next, ms: grows by the factor up to the longest; always the same for one attempt of one run. */
export const delayOf = (
  { delayMs, factor, maxDelayMs }: Pick<RetryOfClaim, 'delayMs' | 'factor' | 'maxDelayMs'>,
  runId: string,
  attempt: number,
): number =>
  Math.round(
    Math.min(maxDelayMs, delayMs * factor ** (attempt - 1)) * (1 - JITTER * hashUnit(`retry ${runId} ${String(attempt)}`)),
  );

const isWorthIt = ({ on, timeouts, lost }: RetryOfClaim, { outcome, reason, exitCode, signal }: Ended): boolean => {
  switch (outcome) {
    case 'failed':
      // One that could not be started has no exit code: whoever names codes wants those alone.
      return on === undefined || on.includes(exitCode ?? 128 + (SIGNALS[signal ?? ''] ?? NaN));
    case 'timedOut':
      return timeouts;
    case 'lost':
      return lost;
    case 'killed':
      // Ended because its worker had lost the cluster, or was shut down: nobody wanted this run to end.
      return lost && (reason === 'leaseLost' || reason === 'drained');
    case 'succeeded':
    case 'skipped':
      return false;
    default:
      return outcome satisfies never;
  }
};

/** A shell tells a command's end by a signal as 128 + its number, and one that was replaced by its command is ended by the signal itself: `on: [137]` means both. */
const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGXCPU: 24,
  SIGXFSZ: 25,
};
