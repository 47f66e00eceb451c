import { uuidv7 } from 'uuidv7';
import type { Command, Input, Waiting } from '../domain/decide.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { claimQueued, claimTick } from '../domain/moves.ts';
import type { ReadKey } from '../domain/refusal.ts';
import { retryOfClaim } from '../domain/retry.ts';
import { defined } from '../domain/run.ts';
import { latenessOf, type Tick } from '../domain/tick.ts';
import { parseLiveRun, type LiveRun, type QueuedRun } from '../domain/values.ts';
import type { Reason } from '../domain/words.ts';
import { Unavailable } from '../streams/ports.ts';
import { createCursorMoves, ownerOf, type CursorMovesDeps, type OfJob } from './cursor-moves.ts';
import { createTurns } from './turns.ts';

/** A run that this worker holds: what its run key says, the fencing token (the revision of the claim), and the job as it was claimed. */
export type ClaimedRun = {
  readonly live: LiveRun;
  readonly fence: number;
  readonly rank: number | undefined;
  readonly cursorBefore: string | undefined;
  readonly job: KnownJob['job'];
  readonly queued: QueuedRun | undefined;
};

/** Where intents lie before a claim is sent, so that a claim whose answer was lost with its process is found again. */
export type Intents = {
  /** Rejects when it cannot be written: then nothing is claimed. */
  readonly write: (run: Omit<ClaimedRun, 'fence' | 'cursorBefore'>) => Promise<void>;
  /** A claim that held: written down and held before the answer that leads to the start. `isOld`: by an earlier request, whose answer was lost. */
  readonly claimed: (run: ClaimedRun, isOld?: boolean) => Promise<void>;
  readonly drop: (runId: string, attempt: number) => Promise<void>;
};

export type ClaimsDeps = CursorMovesDeps & { readonly intents: Intents };

/** One that is forgotten costs an intent. */
const MOST_REFUSED = 1_000;

const nameOf = (tick: Pick<Tick, 'job' | 'fireTime'>): string => `${tick.job} ${String(tick.fireTime)}`;

/** What this worker does about ticks and queued runs, against the coordination store. Each answers with inputs for the scheduler; `away` when the store did not answer. */
export const createClaims = (deps: ClaimsDeps) => {
  const { coordination, keys, clock, me, intents } = deps;
  const moves = createCursorMoves(deps);
  /** Run ids of claims whose answer is not known: a claim that is tried again must find its own run key. */
  const asked = new Map<string, string>();
  /** What could not be taken the last time: whoever waits for the end of a long run looks at its lock alone, and writes no intent for it. Of a range each tick by itself: the lock may
   *  be held by the one before, whose claim found no answer and is still to be asked for. */
  const refused = new Set<string>();

  const liveOf = (
    known: KnownJob,
    facts: Pick<LiveRun, 'runId' | 'attempt' | 'trigger' | 'fireTime'> & { nominalAt?: string; by?: string | undefined },
    queued?: QueuedRun,
  ): LiveRun => {
    const now = clock.now();
    const { job } = known;
    return {
      v: 1,
      ...defined(facts),
      job: job.name,
      worker: me.id,
      workerName: me.name,
      state: 'running',
      claimedAt: toInstant(now),
      jobRevision: known.revision,
      overlap: job.overlap,
      locks: job.overlap !== 'allow',
      ...defined({ of: ownerOf(known, me), retry: retryOfClaim(job, queued) }),
      lostAfterMs: job.lostAfterMs,
      killGraceMs: job.killGraceMs,
      latenessMs: queued?.latenessMs ?? latenessOf(toMs(facts.fireTime), now),
      command: job.command,
    };
  };

  const hold = async (run: ClaimedRun, isOld = false): Promise<readonly Input[]> => {
    await intents.claimed(run, isOld);
    return [{ type: 'claimed', runId: run.live.runId, attempt: run.live.attempt }];
  };

  /** The live run of a key, where it is this worker's own. */
  const ownRun = (run: ReadKey, attempt: number): { readonly live: LiveRun; readonly fence: number } | undefined => {
    const parsed = run && parseLiveRun(run.value);
    if (!run || !parsed?.ok) return undefined;
    const { value: live } = parsed;
    return live.worker === me.id && live.state === 'running' && live.attempt === attempt
      ? { live, fence: live.fence ?? run.revision }
      : undefined;
  };

  /** The wall clock was set back since the claim was asked for. It is not sent again before its time; where the first request came through, the run is ours all the same. */
  const beforeItsTime = async ({ known }: OfJob, tick: Tick, rank: number | undefined): Promise<readonly Input[]> => {
    const name = nameOf(tick);
    const runId = asked.get(name);
    if (runId === undefined) return [{ type: 'away', tick }];
    const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.run(tick.job, runId) }] });
    const own = ownRun(reads[0], 1);
    if (!own) return [{ type: 'away', tick }];
    asked.delete(name);
    return hold({ ...own, rank, job: known.job, cursorBefore: undefined, queued: undefined }, true);
  };

  const claim = async (of: OfJob, tick: Tick, rank: number | undefined): Promise<readonly Input[]> => {
    const { known } = of;
    const name = nameOf(tick);
    if (clock.now() - tick.fireTime > known.job.lateAfterMs) {
      asked.delete(name);
      return moves.late(of, tick);
    }
    if (tick.fireTime > clock.now()) return beforeItsTime(of, tick, rank);
    const runId = asked.get(name) ?? uuidv7();
    asked.set(name, runId);
    let sent: Omit<ClaimedRun, 'fence' | 'cursorBefore'> | undefined;
    const moved = await moves.move(of, tick, known.job.overlap !== 'allow', async (form, now, { nominalAt, fireTime }) => {
      const live = liveOf(now, {
        runId,
        attempt: 1,
        trigger: 'schedule',
        fireTime: toInstant(fireTime),
        nominalAt: toInstant(nominalAt),
      });
      sent = { live, rank, job: now.job, queued: undefined };
      await intents.write(sent); // again where it was written: the version that is sent is the one that counts
      return claimTick({
        keys,
        tick: { ...tick, fireTime, nominalAt },
        form,
        hash: now.hash,
        jobRevision: now.revision,
        worker: me.id,
        of: live.of,
        live,
      });
    });
    asked.delete(name);
    if (moved.type === 'done' && sent) return hold({ ...sent, fence: moved.revision, cursorBefore: moved.before });
    if (moved.type === 'answerLost' && sent)
      return hold({ ...sent, live: moved.live, fence: moved.fence, cursorBefore: undefined }, true);
    await intents.drop(runId, 1);
    return moved.type === 'done' || moved.type === 'answerLost' ? [] : moves.refusedAs(moved, tick);
  };

  /** Takes a queued run, of a range the next one. The leader ends what has expired, and what was decided under another schedule. */
  const take = async (known: KnownJob, { queued, revision, created }: Waiting): Promise<readonly Input[]> => {
    if (queued.notAfter !== undefined && toMs(queued.notAfter) <= clock.now()) return [];
    if (queued.hash !== undefined && queued.hash !== known.hash) return [];
    const batch = queued.runId;
    const name = `${batch} ${queued.fireTime}`;
    if (refused.has(name) && (await isHeld(known))) return [{ type: 'unqueueable', runId: batch }];
    refused.delete(name);
    const runId = queued.to === undefined ? batch : (asked.get(name) ?? uuidv7());
    if (queued.to !== undefined) asked.set(name, runId);
    const nominalAt = queued.nominalAt ?? tickAt(known, queued.fireTime)?.nominalAt;
    const { attempt, trigger, fireTime, by } = queued;
    const facts = { runId, attempt, trigger, fireTime, by, ...(nominalAt && { nominalAt }) };
    const live = { ...liveOf(known, facts, queued), waitedSince: created };
    const sent = { live, rank: undefined, job: known.job, queued };
    await intents.write(sent);
    const answer = await coordination.transact(
      claimQueued({
        keys,
        live,
        batch,
        rest: restOf(known, queued),
        queueRevision: revision,
        jobRevision: known.revision,
        worker: me.id,
      }),
    );
    asked.delete(name);
    if (answer.succeeded) return hold({ ...sent, fence: answer.revision, cursorBefore: undefined });
    const [left, , , run] = answer.reads;
    const own = ownRun(run, attempt);
    if (own) return hold({ ...sent, ...own, cursorBefore: undefined }, true);
    await intents.drop(runId, attempt);
    if (!left) return [];
    if (refused.size >= MOST_REFUSED) refused.clear(); // most of them were taken by others since
    refused.add(name);
    return [{ type: 'unqueueable', runId: batch }];
  };

  const isHeld = async (known: KnownJob): Promise<boolean> => {
    if (known.job.overlap === 'allow') return false;
    const { reads } = await coordination.transact({
      then: [{ type: 'get', key: keys.lock(known.job.name, ownerOf(known, me)) }],
    });
    return reads[0] !== undefined;
  };

  /** The store did not answer: the move is tried again by the scheduler's own doing, under the same run id. */
  const orAway = async (
    tick: Tick | undefined,
    answer: Promise<readonly Input[]>,
    instead: readonly Input[] = [],
  ): Promise<readonly Input[]> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return tick ? [{ type: 'away', tick }] : instead;
    }
  };

  /** Two ways may lead to one run at one time (a look and the end that freed the lock, a young tick and its own look). One after the other: else the one that is refused takes
   *  away the folder of the one that holds (P4). */
  const inTurn = createTurns<readonly Input[]>();
  const unlessClaimed =
    (act: () => Promise<readonly Input[]>) =>
    async (before: readonly Input[] = []): Promise<readonly Input[]> =>
      before.some(({ type }) => type === 'claimed') ? [] : act();

  /** A claim of this tick that found no answer may hold: it is asked for again, though this worker is full by now, or the job busy with what waits. Else nobody would start it. */
  const unlessAsked = (of: OfJob, tick: Tick, act: () => Promise<readonly Input[]>): Promise<readonly Input[]> =>
    inTurn(
      nameOf(tick),
      unlessClaimed(() => orAway(tick, asked.has(nameOf(tick)) ? claim(of, tick, undefined) : act())),
    );

  return {
    claim: (of: OfJob, tick: Tick, rank: number) =>
      inTurn(
        nameOf(tick),
        unlessClaimed(() => orAway(tick, claim(of, tick, rank))),
      ),
    look: (known: KnownJob, tick: Tick) => orAway(tick, moves.look(known, tick)),
    skip: (of: OfJob, tick: Tick, reason: Reason) => unlessAsked(of, tick, () => moves.skip(of, tick, reason)),
    enqueue: (of: OfJob, tick: Tick, isBusy: boolean) => unlessAsked(of, tick, () => moves.enqueue(of, tick, isBusy)),
    replace: (of: OfJob, command: Extract<Command, { type: 'replace' }>) =>
      unlessAsked(of, command.tick, () => moves.replace(of, command)),
    take: (known: KnownJob, waiting: Waiting) =>
      inTurn(
        `${waiting.queued.runId} ${waiting.queued.fireTime} ${String(waiting.queued.attempt)}`,
        unlessClaimed(() => orAway(undefined, take(known, waiting), [{ type: 'doubtful', waiting }])),
      ),
  };
};

const tickAt = ({ schedule }: KnownJob, fireTime: string): { readonly nominalAt: string } | undefined => {
  const at = toMs(fireTime);
  const found = schedule.next(at - 1);
  return found?.fireTime === at ? { nominalAt: toInstant(found.nominalAt) } : undefined;
};

/** What a range still has after its next tick; undefined where that is the last. */
const restOf = ({ schedule }: KnownJob, queued: QueuedRun): QueuedRun | undefined => {
  if (queued.to === undefined) return undefined;
  const next = schedule.next(toMs(queued.fireTime))?.fireTime;
  return next === undefined || next > toMs(queued.to)
    ? undefined
    : { ...queued, fireTime: toInstant(next), count: Math.max(1, (queued.count ?? 1) - 1) };
};
