import { uuidv7 } from 'uuidv7';
import type { Input, Waiting } from '../domain/decide.ts';
import type { RunEvent } from '../domain/events.ts';
import { gapOf, YOUNG_MS } from '../domain/gap.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { claimQueued, claimTick, enqueueTick, missTicks, skipTick, type CursorForm } from '../domain/moves.ts';
import { whyRefused, type Refusal } from '../domain/refusal.ts';
import { defined } from '../domain/run.ts';
import { latenessOf, parseCursor, type Tick } from '../domain/tick.ts';
import type { Transaction } from '../domain/transaction.ts';
import { parseLiveRun, type LiveRun, type QueuedRun } from '../domain/values.ts';
import type { Reason } from '../domain/words.ts';
import type { Clock } from '../streams/clock.ts';
import { Unavailable, type Coordination } from '../streams/ports.ts';

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

export type ClaimsDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly me: { readonly id: string; readonly name: string };
  readonly intents: Intents;
  readonly read: (value: string, revision: number) => KnownJob | undefined;
};

type Moved =
  | { readonly type: 'done'; readonly revision: number; readonly before: string | undefined }
  | { readonly type: 'young'; readonly ticks: readonly Tick[] }
  | Exclude<Refusal, { type: 'gap' | 'otherForm' | 'edited' }>;

const MOST_TRIES = 8;
const nameOf = (tick: Tick): string => `${tick.job} ${String(tick.fireTime)}`;

/** The worker's moves of the cursor, against the coordination store. Each answers with inputs for the scheduler; `away` when the store did not answer. */
export const createClaims = ({ coordination, keys, clock, me, intents, read }: ClaimsDeps) => {
  /** Run ids of claims whose answer is not known: a claim that is tried again must find its own run key. */
  const asked = new Map<string, string>();

  const liveOf = (
    known: KnownJob,
    facts: Pick<LiveRun, 'runId' | 'attempt' | 'trigger' | 'fireTime'> & { nominalAt?: string; by?: string | undefined },
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
      lostAfterMs: job.lostAfterMs,
      killGraceMs: job.killGraceMs,
      latenessMs: latenessOf(toMs(facts.fireTime), now),
      command: job.command,
    };
  };

  /** Sends a move of the cursor until it is done or refused for good: by another form of the compare, under the job's newest version, over a gap. */
  const move = async (
    first: KnownJob,
    firstTick: Tick,
    locks: boolean,
    build: (form: CursorForm, known: KnownJob, tick: Tick) => Transaction | Promise<Transaction>,
  ): Promise<Moved> => {
    let known = first;
    let tick = firstTick;
    let form: CursorForm = { type: 'after', prev: tick.prev };
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await coordination.transact(await build(form, known, tick));
      if (answer.succeeded) return { type: 'done', revision: answer.revision, before: answer.reads[0]?.value };
      const [cursor, lock, job, run] = answer.reads;
      const refusal = whyRefused(
        { cursor, lock, job, run },
        { tick, form, jobRevision: known.revision, hash: known.hash, locks, worker: me.id },
      );
      switch (refusal.type) {
        case 'otherForm':
          form = refusal.form;
          break;
        case 'edited': {
          const newer = read(refusal.jobValue, refusal.jobRevision);
          // A version that no longer names the tick has its mark, or gets it from the leader: that decides the tick.
          if (!newer?.job.enabled || newer.schedule.next(tick.fireTime - 1)?.fireTime !== tick.fireTime)
            return { type: 'decided' };
          known = newer;
          tick = { ...tick, prev: newer.schedule.prev(tick.fireTime)?.fireTime, revision: newer.revision };
          form = { type: 'after', prev: tick.prev };
          break;
        }
        case 'gap': {
          const left = await overGap(known, tick, refusal);
          if (left.length > 0) return { type: 'young', ticks: left };
          form = { type: 'after', prev: tick.prev };
          break;
        }
        case 'answerLost':
        case 'decided':
        case 'jobGone':
        case 'busy':
        case 'unexplained':
          return refusal;
        default:
          return refusal satisfies never;
      }
    }
    return { type: 'unexplained' };
  };

  /** Tells what is too old as missed, and answers the young ticks that are to be claimed first, this one last; none where the way is free. */
  const overGap = async (
    known: KnownJob,
    tick: Tick,
    { cursorAt, cursorRevision }: { cursorAt: number; cursorRevision: number },
  ): Promise<readonly Tick[]> => {
    const { missed, young } = gapOf(
      known.schedule,
      cursorAt,
      tick.fireTime,
      clock.now(),
      Math.min(YOUNG_MS, known.job.lateAfterMs),
    );
    if (missed) await miss(known, missed, { type: 'exact', revision: cursorRevision });
    if (young.length === 0) return [];
    let prev = missed?.to ?? cursorAt;
    const ticks = young.map((each): Tick => {
      const made = { job: tick.job, ...each, prev, revision: known.revision };
      prev = each.fireTime;
      return made;
    });
    return [...ticks, tick];
  };

  const miss = (known: KnownJob, { from, to, count }: { from: number; to: number; count: number }, form: CursorForm) => {
    const event: RunEvent = {
      v: 1,
      type: 'ticksMissed',
      job: known.job.name,
      at: toInstant(clock.now()),
      from: toInstant(from),
      to: toInstant(to),
      count,
      reason: 'late',
      worker: me.id,
    };
    return coordination.transact(
      missTicks({ keys, job: known.job.name, to, form, hash: known.hash, jobRevision: known.revision, event }),
    );
  };

  const hold = async (run: ClaimedRun, isOld = false): Promise<readonly Input[]> => {
    await intents.claimed(run, isOld);
    return [{ type: 'claimed', runId: run.live.runId, attempt: run.live.attempt }];
  };

  const claim = async (known: KnownJob, tick: Tick, rank: number): Promise<readonly Input[]> => {
    if (clock.now() - tick.fireTime > known.job.lateAfterMs) return late(known, tick);
    const name = nameOf(tick);
    const runId = asked.get(name) ?? uuidv7();
    asked.set(name, runId);
    let sent: Omit<ClaimedRun, 'fence' | 'cursorBefore'> | undefined;
    const moved = await move(known, tick, known.job.overlap !== 'allow', async (form, now, { nominalAt, fireTime }) => {
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
        live,
      });
    });
    asked.delete(name);
    if (moved.type === 'done' && sent) return hold({ ...sent, fence: moved.revision, cursorBefore: moved.before });
    if (moved.type === 'answerLost' && sent)
      return hold({ ...sent, live: moved.live, fence: moved.fence, cursorBefore: undefined }, true);
    await intents.drop(runId, 1);
    return moved.type === 'done' || moved.type === 'answerLost' ? [] : answerOf(moved, tick);
  };

  const answerOf = (moved: Exclude<Moved, { type: 'done' | 'answerLost' }>, tick: Tick): readonly Input[] => {
    switch (moved.type) {
      case 'young':
        return [{ type: 'young', ticks: moved.ticks }];
      case 'busy':
        return [{ type: 'busy', tick, holder: moved.holder }];
      case 'unexplained': // not registered, most likely: the presence is put again within seconds
        return [{ type: 'away', tick }];
      case 'decided':
      case 'jobGone':
        return [];
      default:
        return moved satisfies never;
    }
  };

  const cursorOf = async (job: string) => {
    const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.tick(job) }] });
    return { entry: reads[0], cursor: reads[0] && parseCursor(reads[0].value) };
  };

  /** A tick that is too late to run as on time is missed, with all that lies undecided before it. */
  const late = async (known: KnownJob, tick: Tick): Promise<readonly Input[]> => {
    asked.delete(nameOf(tick));
    const { entry, cursor } = await cursorOf(tick.job);
    const cursorAt = cursor && cursor.decision.hash === known.hash ? toMs(cursor.at) : tick.fireTime - 1;
    if (cursor && toMs(cursor.at) >= tick.fireTime) return [];
    const { missed } = gapOf(known.schedule, cursorAt, tick.fireTime + 1, clock.now(), 0);
    if (missed) await miss(known, missed, entry ? { type: 'exact', revision: entry.revision } : { type: 'none' });
    return [];
  };

  const skip = async (known: KnownJob, tick: Tick, reason: Reason): Promise<readonly Input[]> => {
    const event = {
      v: 1,
      type: 'tickSkipped',
      job: tick.job,
      at: toInstant(clock.now()),
      fireTime: toInstant(tick.fireTime),
      reason,
      worker: me.id,
    } as const;
    const moved = await move(known, tick, false, (form, now) =>
      skipTick({ keys, tick, form, hash: now.hash, jobRevision: now.revision, worker: me.id, event }),
    );
    return moved.type === 'young' ? [{ type: 'young', ticks: moved.ticks }] : [];
  };

  const enqueue = async (known: KnownJob, tick: Tick): Promise<readonly Input[]> => {
    const locks = known.job.overlap !== 'allow';
    const queuedAt = toInstant(clock.now());
    const queued: QueuedRun = {
      v: 1,
      runId: uuidv7(),
      job: tick.job,
      trigger: 'schedule',
      fireTime: toInstant(tick.fireTime),
      attempt: 1,
      notBefore: queuedAt,
      notAfter: toInstant(tick.fireTime + known.job.withinMs),
      queuedAt,
    };
    const moved = await move(known, tick, locks, (form, now) =>
      enqueueTick({ keys, tick, form, hash: now.hash, jobRevision: now.revision, worker: me.id, queued, locks }),
    );
    return moved.type === 'done' || moved.type === 'answerLost' ? [] : answerOf(moved, tick);
  };

  /** One read; claims nothing by itself. */
  const look = async (known: KnownJob, tick: Tick): Promise<readonly Input[]> => {
    const { cursor } = await cursorOf(tick.job);
    return cursor && toMs(cursor.at) >= tick.fireTime ? [] : [{ type: 'looked', tick: { ...tick, revision: known.revision } }];
  };

  const take = async (known: KnownJob, { queued, revision }: Waiting): Promise<readonly Input[]> => {
    if (queued.notAfter !== undefined && toMs(queued.notAfter) <= clock.now()) return []; // the leader ends it as expired
    const live = liveOf(known, {
      runId: queued.runId,
      attempt: queued.attempt,
      trigger: queued.trigger,
      fireTime: queued.fireTime,
      by: queued.by,
    });
    const sent = { live, rank: undefined, job: known.job, queued };
    await intents.write(sent);
    const {
      succeeded,
      reads,
      revision: fence,
    } = await coordination.transact(
      claimQueued({ keys, live, queueRevision: revision, jobRevision: known.revision, worker: me.id }),
    );
    if (succeeded) return hold({ ...sent, fence, cursorBefore: undefined });
    const run = reads[3];
    const parsed = run && parseLiveRun(run.value);
    if (run && parsed?.ok && parsed.value.worker === me.id && parsed.value.state === 'running')
      return hold({ ...sent, live: parsed.value, fence: run.created, cursorBefore: undefined }, true);
    await intents.drop(queued.runId, queued.attempt);
    return reads[0] ? [{ type: 'unqueueable', runId: queued.runId }] : [];
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

  return {
    claim: (known: KnownJob, tick: Tick, rank: number) => orAway(tick, claim(known, tick, rank)),
    look: (known: KnownJob, tick: Tick) => orAway(tick, look(known, tick)),
    skip: (known: KnownJob, tick: Tick, reason: Reason) => orAway(tick, skip(known, tick, reason)),
    enqueue: (known: KnownJob, tick: Tick) => orAway(tick, enqueue(known, tick)),
    take: (known: KnownJob, waiting: Waiting) => orAway(undefined, take(known, waiting), [{ type: 'doubtful', waiting }]),
  };
};
