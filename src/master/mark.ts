import type { RunEvent } from '../domain/events.ts';
import { gapOf } from '../domain/gap.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { defined } from '../domain/run.ts';
import { parseCursor, type Cursor } from '../domain/tick.ts';

/** So many skipped ticks are told one by one by a save; those after them as one range. */
const TOLD_SKIPS = 100;

export type Mark = {
  /** Ms since the epoch, and the hash of the new schedule. None where the schedule is as it was. */
  readonly mark?: { readonly at: number; readonly hash: string };
  readonly events: readonly RunEvent[];
  /** The workers' own cursors that the events were made from: to be compared. */
  readonly unchanged: readonly OwnCursor[];
};

/** What passes over due ticks that nobody has decided: an edit of the job, or its end. `own`: the workers' own cursors, by which the ticks go under placement `all`. */
type Passing = {
  readonly reason: 'edited' | 'jobDeleted';
  readonly by?: string | undefined;
  readonly own?: readonly OwnCursor[];
};
export type OwnCursor = { readonly of: string; readonly key: string; readonly revision: number; readonly cursor: Cursor };

/** So many workers' own cursors are looked at: the store takes 128 operations. */
const MOST_OWN = 50;

/** The mark of a changed schedule (design.md §5.1): nothing before it is ever run, missed or caught up; due ticks that it passes are skipped, as edited. Pure. */
export const markOf = ({
  name,
  hash,
  before,
  cursor,
  now,
  by,
  own,
}: {
  readonly name: string;
  readonly hash: string;
  /** The version that is replaced. */
  readonly before: KnownJob | undefined;
  readonly cursor: Cursor | undefined;
  readonly now: number;
  /** Absent where the key was put by hand. */
  readonly by?: string;
  readonly own?: readonly OwnCursor[];
}): Mark => {
  if (before?.hash === hash && cursor?.decision.hash === hash) return { events: [], unchanged: [] };
  const events = passedOver(before, cursor, now, name, { reason: 'edited', by, ...defined({ own }) });
  return { mark: { at: markAt(cursor, now), hash }, events, unchanged: lookedAt(events, own) };
};

/** The mark of a job that goes: its cursor knows no schedule any more, so that one that is saved under its name later begins anew. */
export const markOfDeleted = (
  name: string,
  before: KnownJob | undefined,
  cursor: Cursor | undefined,
  now: number,
  { by, own }: Omit<Passing, 'reason'> = {},
): Required<Mark> => {
  const events = passedOver(before, cursor, now, name, { reason: 'jobDeleted', by, ...defined({ own }) });
  return { mark: { at: markAt(cursor, now), hash: NO_SCHEDULE }, events, unchanged: lookedAt(events, own) };
};

const lookedAt = (events: readonly RunEvent[], own: readonly OwnCursor[] = []): readonly OwnCursor[] => {
  const told = new Set(events.flatMap((event) => ('of' in event ? [event.of] : [])));
  return own.filter(({ of }) => told.has(of));
};

/** The hash in the cursor of a job that is gone. */
export const NO_SCHEDULE = 'deleted';

const markAt = (cursor: Cursor | undefined, now: number): number => Math.max(now, cursor ? toMs(cursor.at) : 0);

/** The ticks of a version that were due and undecided when it went: the first ones each, the rest as one range. None where the cursor is of another schedule: then there is no gap; a disabled job has no ticks. */
export const passedOver = (
  before: KnownJob | undefined,
  cursor: Cursor | undefined,
  now: number,
  name: string,
  { reason, by, own = [] }: Passing,
): readonly RunEvent[] => {
  if (!cursor || !before?.job.enabled || cursor.decision.hash !== before.hash) return [];
  if (before.job.mode === 'all')
    return own.slice(0, MOST_OWN).flatMap(({ of, cursor: { at: ownAt, decision } }) => {
      if (decision.hash !== before.hash) return [];
      const { missed: passed } = gapOf(before.schedule, Math.max(toMs(cursor.at), toMs(ownAt)), now + 1, now, -1);
      return passed ? [rangeOf(name, now, { reason, by }, { ...passed, of })] : [];
    });
  const cursorAt = toMs(cursor.at);
  const { missed } = gapOf(before.schedule, cursorAt, now + 1, now, -1);
  const events: RunEvent[] = [];
  let at = cursorAt;
  while (missed && events.length < TOLD_SKIPS) {
    const next = before.schedule.next(at)?.fireTime;
    if (next === undefined || next > missed.to) break;
    at = next;
    const fireTime = toInstant(next);
    events.push({
      v: 1,
      type: 'tickSkipped',
      job: name,
      at: toInstant(now),
      fireTime,
      reason,
      ...(by === undefined ? {} : { by }),
    });
  }
  const rest = missed && gapOf(before.schedule, at, missed.to + 1, now, -1).missed;
  return rest ? [...events, rangeOf(name, now, { reason, by }, rest)] : events;
};

/** What lies between the cursor and a hand-made change whose old version nobody has seen: how many ticks there were, if any, is not known. */
export const unknownPassed = (name: string, cursor: Cursor, now: number): readonly RunEvent[] => {
  const from = toMs(cursor.at) + 1;
  return from > now ? [] : [rangeOf(name, now, { reason: 'edited' }, { from, to: now })];
};

const rangeOf = (
  job: string,
  now: number,
  { reason, by }: Passing,
  { from, to, count, of }: { readonly from: number; readonly to: number; readonly count?: number; readonly of?: string },
): RunEvent => ({
  v: 1,
  type: 'ticksMissed',
  job,
  at: toInstant(now),
  from: toInstant(from),
  to: toInstant(to),
  fate: 'skipped',
  reason,
  ...defined({ count, by, of }),
});

/** A worker's own cursor, as it lies in its key; none where that cannot be read, or is the job's. */
export const ownCursorOf = (
  keys: Keys,
  { key, value, revision }: { readonly key: string; readonly value: string; readonly revision: number },
): readonly OwnCursor[] => {
  const { id: of } = keys.tickOf(key);
  const cursor = parseCursor(value);
  return of === undefined || !cursor ? [] : [{ of, key, revision, cursor }];
};
