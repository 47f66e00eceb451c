import type { RunEvent } from '../domain/events.ts';
import { gapOf } from '../domain/gap.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { KnownJob } from '../domain/known-job.ts';
import type { Cursor } from '../domain/tick.ts';

/** So many skipped ticks are told one by one by a save; those after them as one range. */
const TOLD_SKIPS = 100;

export type Mark = {
  /** Ms since the epoch, and the hash of the new schedule. None where the schedule is as it was. */
  readonly mark?: { readonly at: number; readonly hash: string };
  readonly events: readonly RunEvent[];
};

/** The mark of a changed schedule (design.md §5.1): nothing before it is ever run, missed or caught up; due ticks that it passes are skipped, as edited. Pure. */
export const markOf = ({
  name,
  hash,
  before,
  cursor,
  now,
  by,
}: {
  readonly name: string;
  readonly hash: string;
  /** The version that is replaced. */
  readonly before: KnownJob | undefined;
  readonly cursor: Cursor | undefined;
  readonly now: number;
  readonly by: string;
}): Mark => {
  if (before?.hash === hash && cursor?.decision.hash === hash) return { events: [] };
  const cursorAt = cursor && toMs(cursor.at);
  const mark = { at: Math.max(now, cursorAt ?? 0), hash };
  // A cursor of another schedule knows nothing of this one: there is no gap, and a disabled job has no ticks.
  if (cursorAt === undefined || !before?.job.enabled || cursor?.decision.hash !== before.hash) return { mark, events: [] };
  const { missed } = gapOf(before.schedule, cursorAt, now + 1, now, -1);
  const events: RunEvent[] = [];
  let at = cursorAt;
  while (missed && events.length < TOLD_SKIPS) {
    const next = before.schedule.next(at)?.fireTime;
    if (next === undefined || next > missed.to) break;
    at = next;
    events.push({ v: 1, type: 'tickSkipped', job: name, at: toInstant(now), fireTime: toInstant(next), reason: 'edited', by });
  }
  const rest = missed && gapOf(before.schedule, at, missed.to + 1, now, -1).missed;
  if (!rest) return { mark, events };
  const { from, to, count } = rest;
  const range: RunEvent = {
    v: 1,
    type: 'ticksMissed',
    job: name,
    at: toInstant(now),
    from: toInstant(from),
    to: toInstant(to),
    count,
    reason: 'edited',
  };
  return { mark, events: [...events, range] };
};
