import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { finishRun } from '../domain/moves.ts';
import { defined } from '../domain/run.ts';
import { parseLiveRun, type LastRun, type LiveRun, type QueuedRun } from '../domain/values.ts';
import type { Usage } from '../domain/usage.ts';
import { outcomeOfCause, type Outcome, type Reason } from '../domain/words.ts';
import type { Exit } from '../launcher/protocol.ts';
import type { Coordination } from '../streams/ports.ts';
import type { ClaimedRun } from './claims.ts';

/** How an attempt ended. `at` is the instant of the end itself. */
export type Ending = {
  readonly at: string;
  readonly outcome: Outcome;
  readonly reason?: Reason;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly error?: string;
  readonly startedAt?: string;
  readonly durationMs?: number;
  readonly outputBytes?: number;
  readonly truncated?: boolean;
  readonly usage?: Usage;
  readonly by?: string;
};

export const endingOf = (exit: Exit): Ending => {
  const { outcome, reason } = exit.cause
    ? outcomeOfCause(exit.cause)
    : { outcome: exit.exitCode === 0 ? ('succeeded' as const) : ('failed' as const), reason: undefined };
  const { at, startedAt, exitCode, signal, by, usage } = exit;
  return {
    at,
    outcome,
    startedAt,
    durationMs: Math.max(0, toMs(at) - toMs(startedAt)),
    ...defined({ reason, exitCode, signal, by, usage }),
  };
};

/** `followed`: a further attempt waits. `recorded`: the run key tells this end. `notOurs`: it was declared lost, or is gone: the events alone tell the end, and correct the record. */
export type Finished = 'followed' | 'recorded' | 'notOurs';

/** Puts an attempt's end into the coordination store (design.md §5.3), and the one that follows (`next`) unless the run was killed meanwhile or its job is gone. Rejects when the
 *  store does not answer; to be called again then: an end that was recorded already is recognised. */
export const recordEnd = async (
  { coordination, keys }: { readonly coordination: Coordination; readonly keys: Keys },
  { live, fence }: Pick<ClaimedRun, 'live' | 'fence'>,
  ending: Ending,
  next?: QueuedRun,
): Promise<Finished> => {
  const { at: endedAt, by: _by, ...facts } = ending;
  const ended: LiveRun = { ...live, ...facts, state: 'ended', endedAt, fence };
  const last: LastRun = {
    v: 1,
    runId: live.runId,
    fireTime: live.fireTime,
    endedAt,
    ...defined({ outcome: ending.outcome, reason: ending.reason, durationMs: ending.durationMs }),
  };
  let runRevision = fence;
  let lockRevision = live.locks ? fence : undefined;
  let following = next;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { succeeded, reads } = await coordination.transact(
      finishRun({ keys, ended, last, runRevision, lockRevision, next: following }),
    );
    if (succeeded) return following ? 'followed' : 'recorded';
    const [run, lock] = reads;
    const stored = run && parseLiveRun(run.value);
    if (!run || !stored?.ok) return 'notOurs';
    const { attempt, state, worker, outcome, endedAt: at, nextAttemptAt, fence: storedFence = run.revision } = stored.value;
    // It goes on, whoever has said so: this end was recorded before, or the leader found the worker gone.
    if (attempt > live.attempt || (attempt === live.attempt && nextAttemptAt !== undefined)) return 'followed';
    if (state === 'ended') return worker === live.worker && outcome === ending.outcome && at === endedAt ? 'recorded' : 'notOurs';
    if (storedFence !== fence) return 'notOurs';
    if (run.revision !== runRevision)
      runRevision = run.revision; // written since the claim: it is overdue
    else if (lockRevision !== undefined && lock?.revision !== lockRevision)
      lockRevision = undefined; // somebody else holds the lock, or a person took it away
    else following = undefined; // a kill stands, or the job is gone
  }
  return 'notOurs';
};

const MOST_TRIES = 6;

/** An end that nobody saw: `notStarted` where nothing was begun, `exitUnknown` where something was. */
export const lostEnding = (now: number, reason: 'notStarted' | 'exitUnknown'): Ending => ({
  at: toInstant(now),
  outcome: 'lost',
  reason,
});
