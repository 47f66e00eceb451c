import type { CompiledSchedule, FireTime } from './schedule/compile.ts';

/** What lies undecided between a cursor and a tick. `missed` is what is too old to run as on time; `young` is to be claimed first, oldest first. */
export type Gap = {
  readonly missed: { readonly from: number; readonly to: number; readonly count: number } | undefined;
  readonly young: readonly FireTime[];
};

/** Ticks younger than this are claimed as on time by whoever finds them (design.md §5.1). */
export const YOUNG_MS = 10_000;

/** Ticks are counted up to this many; a longer gap is told with this count. */
export const COUNTED = 10_000;

/** The fire times after `cursorAt` and before `before` (ms both). A gap of a year of seconds is not walked: it is counted to the bound, and its end looked up backward. */
export const gapOf = (schedule: CompiledSchedule, cursorAt: number, before: number, now: number, youngMs = YOUNG_MS): Gap => {
  const oldEnd = Math.min(before, now - youngMs + 1);
  let count = 0;
  let from: number | undefined;
  let to: number | undefined;
  let at = cursorAt;
  while (count < COUNTED) {
    const next = schedule.next(at);
    if (!next || next.fireTime >= oldEnd) break;
    from ??= next.fireTime;
    to = next.fireTime;
    at = next.fireTime;
    count += 1;
  }
  if (count === COUNTED) to = schedule.prev(oldEnd)?.fireTime ?? to;
  const young: FireTime[] = [];
  let after = Math.max(to ?? cursorAt, oldEnd - 1);
  for (let next = schedule.next(after); next && next.fireTime < before; next = schedule.next(after)) {
    young.push(next);
    after = next.fireTime;
  }
  return { missed: from === undefined || to === undefined ? undefined : { from, to, count }, young };
};
