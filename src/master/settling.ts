import { gapOf } from '../domain/gap.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { catchUpMove, settle, standingIn, type Standing } from '../domain/misfire.ts';
import { missTicks } from '../domain/moves.ts';
import { matches } from '../domain/placement.ts';
import { defined } from '../domain/run.ts';
import { waitsBy } from '../domain/tick.ts';
import type { Reason } from '../domain/words.ts';
import { upTo, type Duty, type DutyContext, type Look } from './duty.ts';
import type { SeenCursor } from './leader-view.ts';

/** Beside twice the clock limit, the last look of a worker: before that a worker may still claim the tick in good faith. */
export const LAST_LOOK_MS = 5_000;

/** Jobs whose cursor stands still past `lateAfterMs`: nobody could run their ticks. Settled by the misfire policy, up to the newest that is late. */
export const standStill: Look = (view, context) => {
  if (context.isFresh) return [];
  const { jobs, workers, queue } = view;
  const unseen = (cursor: SeenCursor | undefined) => {
    const waits = waitsBy(cursor?.cursor);
    return waits !== undefined && !queue.has(waits) ? waits : undefined;
  };
  const catchUps = [...queue.values()].filter(({ queued }) => queued.trigger === 'catchUp');
  return upTo(jobs.values(), (seen) => {
    const { known } = seen;
    if (!known?.job.enabled) return [];
    const standing = (of?: string) =>
      standingIn(
        catchUps.filter(({ queued }) => queued.job === known.job.name),
        of,
      );
    if (known.job.mode === 'one') {
      const cursor = view.cursors.get(known.job.name);
      return settled(context, known, cursor, {
        dueAt: cursor && seen.dueAt(cursor),
        standing: standing(),
        unseen: unseen(cursor),
        reason: [...workers.values()].some((worker) => matches(known.job, worker)) ? 'late' : 'noWorker',
      });
    }
    // Each worker that is there has its own cursor; what came due before it was there, or before the mark, is no concern of it.
    const mark = view.cursors.get(known.job.name);
    if (mark?.cursor?.decision.hash !== known.hash) return [];
    return [...workers.values()].flatMap((worker) => {
      if (!matches(known.job, worker)) return [];
      const floor = Math.max(toMs(mark.cursor?.at ?? ''), toMs(worker.startedAt));
      const own = view.cursors.get(`${known.job.name}/${worker.id}`);
      const base = own?.cursor?.decision.hash === known.hash ? Math.max(floor, toMs(own.cursor.at)) : floor;
      return settled(context, known, own, {
        dueAt: known.schedule.next(base)?.fireTime,
        base,
        of: worker.id,
        standing: standing(worker.id),
        unseen: unseen(own),
        reason: 'late',
      });
    });
  });
};

const settled = (
  { keys, leader, now, scale, newId, clockLimitMs }: DutyContext,
  known: KnownJob,
  cursor: SeenCursor | undefined,
  {
    dueAt,
    base,
    of,
    standing,
    unseen,
    reason,
  }: {
    readonly dueAt: number | undefined;
    /** Ms: where the gap begins, other than at the cursor. */
    readonly base?: number;
    readonly of?: string;
    readonly standing: Standing | undefined;
    readonly unseen: string | undefined;
    readonly reason: Reason;
  },
): readonly Duty[] => {
  const from = base ?? (cursor?.cursor?.decision.hash === known.hash ? toMs(cursor.cursor.at) : undefined);
  const lateBefore = now - known.job.lateAfterMs - (2 * clockLimitMs + LAST_LOOK_MS) / scale;
  if (from === undefined || dueAt === undefined || dueAt >= lateBefore) return [];
  const gap = gapOf(known.schedule, from, lateBefore, lateBefore, 0).missed;
  if (!gap) return [];
  const job = known.job.name;
  const made = settle(known, gap, { standing, now, newId, of });
  const { missed } = made;
  const transaction = missTicks({
    keys,
    job,
    to: gap.to,
    form: cursor ? { type: 'exact', revision: cursor.revision } : { type: 'none' },
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
      reason,
      ...defined({ of }),
    },
    catchUp: catchUpMove(made, standing),
    unseen,
    leader,
  });
  return [{ name: missed ? 'missed' : 'catchUp', job, transaction }];
};
