import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { finishRun } from '../domain/moves.ts';
import { defined } from '../domain/run.ts';
import { parseLiveRun, type LastRun, type LiveRun } from '../domain/values.ts';
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
  readonly by?: string;
};

export const endingOf = (exit: Exit): Ending => {
  const { outcome, reason } = exit.cause
    ? outcomeOfCause(exit.cause)
    : { outcome: exit.exitCode === 0 ? ('succeeded' as const) : ('failed' as const), reason: undefined };
  const { at, startedAt, exitCode, signal, by } = exit;
  return {
    at,
    outcome,
    startedAt,
    durationMs: Math.max(0, toMs(at) - toMs(startedAt)),
    ...defined({ reason, exitCode, signal, by }),
  };
};

/** `recorded`: the run key tells this end. `notOurs`: it was declared lost, or is gone: the events alone tell the end, and correct the record. */
export type Finished = 'recorded' | 'notOurs';

/** Puts a run's end into the coordination store (design.md §5.3). Rejects when the store does not answer; to be called again then: an end that was recorded already is recognised. */
export const recordEnd = async (
  { coordination, keys }: { readonly coordination: Coordination; readonly keys: Keys },
  { live, fence }: Pick<ClaimedRun, 'live' | 'fence'>,
  ending: Ending,
): Promise<Finished> => {
  const { at: endedAt, by: _by, ...facts } = ending;
  const ended: LiveRun = { ...live, ...facts, state: 'ended', endedAt };
  const last: LastRun = {
    v: 1,
    runId: live.runId,
    fireTime: live.fireTime,
    endedAt,
    ...defined({ outcome: ending.outcome, reason: ending.reason, durationMs: ending.durationMs }),
  };
  const send = (lockRevision: number | undefined) =>
    coordination.transact(finishRun({ keys, ended, last, runRevision: fence, lockRevision }));
  const first = await send(live.locks ? fence : undefined);
  if (first.succeeded) return 'recorded';
  const [run] = first.reads;
  const stored = run && parseLiveRun(run.value);
  if (
    stored?.ok &&
    stored.value.state === 'ended' &&
    stored.value.worker === live.worker &&
    stored.value.outcome === ending.outcome &&
    stored.value.endedAt === endedAt
  )
    return 'recorded';
  if (run?.revision !== fence) return 'notOurs';
  // Only the lock differs: somebody else holds it, or a person took it away.
  return (await send(undefined)).succeeded ? 'recorded' : 'notOurs';
};

/** An end that nobody saw: `notStarted` where nothing was begun, `exitUnknown` where something was. */
export const lostEnding = (now: number, reason: 'notStarted' | 'exitUnknown'): Ending => ({
  at: toInstant(now),
  outcome: 'lost',
  reason,
});
