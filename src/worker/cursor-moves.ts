import { uuidv7 } from 'uuidv7';
import type { Command, Input, Waiting } from '../domain/decide.ts';
import { gapOf, YOUNG_MS } from '../domain/gap.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { catchUpMove, isCatchUp, settle, type Range, type Standing } from '../domain/misfire.ts';
import { enqueueTick, missTicks, replaceTick, skipTick, type CursorForm } from '../domain/moves.ts';
import { endOfQueued } from '../domain/queued.ts';
import { whyRefused, type Refusal } from '../domain/refusal.ts';
import { defined } from '../domain/run.ts';
import { parseCursor, waitsBy, type Tick } from '../domain/tick.ts';
import type { Transaction } from '../domain/transaction.ts';
import { parseQueuedRun, type QueuedRun } from '../domain/values.ts';
import type { Reason } from '../domain/words.ts';
import type { Clock } from '../streams/clock.ts';
import type { Coordination } from '../streams/ports.ts';

export type CursorMovesDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly me: Me;
  readonly read: (value: string, revision: number) => KnownJob | undefined;
};
/** `registeredAt` (ms): what came due before it is no concern of this worker, where each worker has ticks of its own. */
export type Me = { readonly id: string; readonly name: string; readonly registeredAt: number };

/** The version of a job that an order was decided from, and its catch-up key as it stood then. */
export type OfJob = { readonly known: KnownJob; readonly standing: Waiting | undefined };

/** What became of a move of the cursor. */
export type Moved =
  | { readonly type: 'done'; readonly revision: number; readonly before: string | undefined }
  | { readonly type: 'young'; readonly ticks: readonly Tick[] }
  | Exclude<Refusal, { type: 'gap' | 'otherForm' | 'edited' }>;
type Build = (form: CursorForm, known: KnownJob, tick: Tick) => Transaction | Promise<Transaction>;

const MOST_TRIES = 8;

/** Whose cursor and lock a job's ticks go by: this worker's own under placement `all`, else undefined, the job's. */
export const ownerOf = ({ job }: KnownJob, { id }: Pick<Me, 'id'>): string | undefined => (job.mode === 'all' ? id : undefined);

/** The worker's moves of a job's cursor, other than the claim: each is sent until it is done or refused for good. */
export const createCursorMoves = ({ coordination, keys, clock, me, read }: CursorMovesDeps) => {
  /** Sends a move: by another form of the compare, under the job's newest version, over a gap. */
  const move = async ({ known: first, standing }: OfJob, firstTick: Tick, locks: boolean, build: Build): Promise<Moved> => {
    let known = first;
    let tick = firstTick;
    let form: CursorForm = { type: 'after', prev: tick.prev };
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await coordination.transact(await build(form, known, tick));
      if (answer.succeeded) return { type: 'done', revision: answer.revision, before: answer.reads[0]?.value };
      const [cursor, lock, job, run, mark] = answer.reads;
      const refusal = whyRefused(
        { cursor, lock, job, run },
        {
          tick,
          form,
          jobRevision: known.revision,
          hash: known.hash,
          locks,
          worker: me.id,
          ...(ownerOf(known, me) !== undefined && { floor: floorOf(mark?.value, known.hash) }),
        },
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
          if (newer.job.mode !== known.job.mode) return { type: 'decided' }; // its cursors are others now
          known = newer;
          tick = { ...tick, prev: newer.schedule.prev(tick.fireTime)?.fireTime, revision: newer.revision };
          form = { type: 'after', prev: tick.prev };
          break;
        }
        case 'gap': {
          const left = await overGap({ known, standing }, tick, refusal);
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

  /** Where each worker has its own cursor: nothing up to the mark of the schedule, nor before this worker was there, is a gap. A schedule that has no mark yet (it was put by hand)
   *  has none at all: nobody knows since when it is there. */
  const floorOf = (mark: string | undefined, hash: string): number | undefined => {
    const cursor = mark === undefined ? undefined : parseCursor(mark);
    return cursor?.decision.hash === hash ? Math.max(me.registeredAt, toMs(cursor.at)) : undefined;
  };

  /** Settles what is too old by the misfire policy, and answers the young ticks that are to be claimed first, this one last; none where the way is free. */
  const overGap = async (
    of: OfJob,
    tick: Tick,
    { cursorAt, form, waits }: Extract<Refusal, { type: 'gap' }>,
  ): Promise<readonly Tick[]> => {
    const { known } = of;
    const youngMs = Math.min(YOUNG_MS, known.job.lateAfterMs);
    const { missed, young } = gapOf(known.schedule, cursorAt, tick.fireTime, clock.now(), youngMs);
    if (missed) await miss(of, missed, form, waits);
    if (young.length === 0) return [];
    let prev = missed?.to ?? cursorAt;
    const ticks = young.map((each): Tick => {
      const made = { job: tick.job, ...each, prev, revision: known.revision };
      prev = each.fireTime;
      return made;
    });
    return [...ticks, tick];
  };

  /** The job's catch-up key. That of the gap before may not have come by the feed yet, though the cursor names it: then it is read. */
  const standingNow = async ({ known, standing }: OfJob, waits: string | undefined): Promise<Standing | undefined> => {
    if (known.job.misfire === 'skip' || waits === undefined || waits === standing?.queued.runId) return standing;
    const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.queued(known.job.name, waits) }] });
    const parsed = reads[0] && parseQueuedRun(reads[0].value);
    return reads[0] && parsed?.ok && isCatchUp(parsed.value, ownerOf(known, me))
      ? { queued: parsed.value, revision: reads[0].revision }
      : standing;
  };

  const miss = async (ofJob: OfJob, range: Range, form: CursorForm, waits: string | undefined) => {
    const { known } = ofJob;
    const standing = await standingNow(ofJob, waits);
    const job = known.job.name;
    const now = clock.now();
    const of = ownerOf(known, me);
    const settled = settle(known, range, { standing, now, newId: uuidv7, of });
    const { missed } = settled;
    return coordination.transact(
      missTicks({
        keys,
        job,
        to: range.to,
        form,
        hash: known.hash,
        jobRevision: known.revision,
        of,
        event: missed && {
          v: 1,
          type: 'ticksMissed',
          job,
          at: toInstant(now),
          from: toInstant(missed.from),
          to: toInstant(missed.to),
          count: missed.count,
          reason: 'late',
          worker: me.id,
          ...defined({ of }),
        },
        catchUp: catchUpMove(settled, standing),
      }),
    );
  };

  const cursorOf = async (known: KnownJob) => {
    const of = ownerOf(known, me);
    const { reads } = await coordination.transact({
      then: [
        { type: 'get', key: keys.tick(known.job.name, of) },
        ...(of === undefined ? [] : [{ type: 'get', key: keys.tick(known.job.name) } as const]),
      ],
    });
    const [entry, mark] = reads;
    return {
      entry,
      cursor: entry && parseCursor(entry.value),
      floor: of === undefined ? undefined : floorOf(mark?.value, known.hash),
    };
  };

  const refusedAs = (moved: Exclude<Moved, { type: 'done' | 'answerLost' }>, tick: Tick): readonly Input[] => {
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
  const answered = (moved: Moved, tick: Tick): readonly Input[] =>
    moved.type === 'done' || moved.type === 'answerLost' ? [] : refusedAs(moved, tick);

  /** A tick that waits. Its `hash` says of which schedule it is. */
  const waiting = ({ job, hash }: KnownJob, tick: Tick): QueuedRun => {
    const queuedAt = toInstant(clock.now());
    return {
      v: 1,
      runId: uuidv7(),
      job: tick.job,
      trigger: 'schedule',
      fireTime: toInstant(tick.fireTime),
      attempt: 1,
      notBefore: queuedAt,
      notAfter: toInstant(tick.fireTime + job.withinMs),
      queuedAt,
      hash,
      ...(job.mode === 'all' && { worker: me.id }),
    };
  };
  const facts = (form: CursorForm, now: KnownJob, tick: Tick) => ({
    keys,
    tick,
    form,
    hash: now.hash,
    jobRevision: now.revision,
    worker: me.id,
    of: ownerOf(now, me),
  });

  return {
    move,
    refusedAs,
    /** A tick that is too late to run as on time is settled, with all that lies undecided before it. */
    late: async (of: OfJob, tick: Tick): Promise<readonly Input[]> => {
      const { known } = of;
      const { entry, cursor, floor } = await cursorOf(known);
      if (Math.max(cursor ? toMs(cursor.at) : 0, floor ?? 0) >= tick.fireTime) return [];
      const decidedAt = cursor && cursor.decision.hash === known.hash ? toMs(cursor.at) : undefined;
      const cursorAt = decidedAt === undefined && floor === undefined ? tick.fireTime - 1 : Math.max(decidedAt ?? 0, floor ?? 0);
      const { missed } = gapOf(known.schedule, cursorAt, tick.fireTime + 1, clock.now(), 0);
      if (missed) await miss(of, missed, entry ? { type: 'exact', revision: entry.revision } : { type: 'none' }, waitsBy(cursor));
      return [];
    },
    skip: async (of: OfJob, tick: Tick, reason: Reason): Promise<readonly Input[]> => {
      const event = {
        v: 1,
        type: 'tickSkipped',
        job: tick.job,
        at: toInstant(clock.now()),
        fireTime: toInstant(tick.fireTime),
        reason,
        worker: me.id,
        ...defined({ of: ownerOf(of.known, me) }),
      } as const;
      const moved = await move(of, tick, false, (form, now) => skipTick({ ...facts(form, now, tick), event }));
      return moved.type === 'busy' ? [] : answered(moved, tick);
    },
    enqueue: async (of: OfJob, tick: Tick, isBusy: boolean): Promise<readonly Input[]> => {
      const locks = !isBusy && of.known.job.overlap !== 'allow';
      const queued = waiting(of.known, tick);
      return answered(
        await move(of, tick, locks, (form, now) =>
          enqueueTick({ ...facts(form, now, tick), queued: { ...queued, hash: now.hash }, locks }),
        ),
        tick,
      );
    },
    replace: async (
      of: OfJob,
      { tick, holder, isKilled, away }: Extract<Command, { type: 'replace' }>,
    ): Promise<readonly Input[]> => {
      const queued = waiting(of.known, tick);
      const at = clock.now();
      const moved = await move(of, tick, true, (form, now) =>
        replaceTick({
          ...facts(form, now, tick),
          queued: { ...queued, hash: now.hash },
          holder,
          kill: isKilled ? undefined : { v: 1, at: toInstant(at), by: `run ${queued.runId}`, cause: 'replaced' },
          away: away.map(({ queued: old, revision }) => ({
            runId: old.runId,
            revision,
            event: endOfQueued(old, { at, outcome: 'skipped', reason: 'replaced' }),
          })),
        }),
      );
      // It holds the job still, so something else has changed that the feeds have not told yet: a kill, or what waited.
      return moved.type === 'busy' && moved.holder === holder ? [{ type: 'away', tick }] : answered(moved, tick);
    },
    /** One read; claims nothing by itself. */
    look: async (known: KnownJob, tick: Tick): Promise<readonly Input[]> => {
      const { cursor, floor } = await cursorOf(known);
      return Math.max(cursor ? toMs(cursor.at) : 0, floor ?? 0) >= tick.fireTime
        ? []
        : [{ type: 'looked', tick: { ...tick, revision: known.revision } }];
    },
  };
};
