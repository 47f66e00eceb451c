import { DAY_S, dateOf, daysOf } from './civil.ts';
import { daysMeant, type DayRules } from './days.ts';
import type { Stretch, Zone } from './zone.ts';

/** A set of numbers below 64. */
export type Bits = { readonly low: number; readonly high: number };

export const FIRST_YEAR = 1970;
export const LAST_YEAR = 2099;

/** What a line of cron text means by the wall clock of its zone, as sets of bits. `months`: bit 1 is January. */
export type Fields = {
  readonly seconds: Bits;
  readonly minutes: Bits;
  readonly hours: Bits;
  readonly months: number;
  readonly days: DayRules;
  readonly years: ReadonlySet<number> | undefined;
  /** The hour or the minute is `*` or has a step: it follows the clock through its changes. Otherwise its times are fixed. */
  readonly follows: boolean;
};

/** What fixed times do when the clock changes. In the gap: `auto` and `both` run right after it, `skip` does not run. In the repeated hour: `both` runs twice, the others
 *  the first time. */
export type Dst = 'auto' | 'skip' | 'both';

/** Answer of a walk that finds nothing. All instants of this file are whole seconds, zero or later. */
export const NONE = -1;

const lowest = (word: number): number => 31 - Math.clz32(word & -word);
const highest = (word: number): number => 31 - Math.clz32(word);

const firstFrom = ({ low, high }: Bits, from: number): number => {
  if (from < 32) {
    const rest = low & (-1 << from);
    if (rest !== 0) return lowest(rest);
    return high === 0 ? NONE : 32 + lowest(high);
  }
  const rest = from > 63 ? 0 : high & (-1 << (from - 32));
  return rest === 0 ? NONE : 32 + lowest(rest);
};

const lastTo = ({ low, high }: Bits, to: number): number => {
  if (to >= 32) {
    const rest = to >= 63 ? high : high & ~(-2 << (to - 32));
    if (rest !== 0) return 32 + highest(rest);
    return low === 0 ? NONE : highest(low);
  }
  const rest = to < 0 ? 0 : to === 31 ? low : low & ~(-2 << to);
  return rest === 0 ? NONE : highest(rest);
};

/** The first time of day at or after one, seconds since midnight. */
const timeFrom = ({ hours, minutes, seconds }: Fields, time: number): number => {
  const hour = Math.floor(time / 3_600);
  if (firstFrom(hours, hour) === hour) {
    const minute = Math.floor((time - hour * 3_600) / 60);
    if (firstFrom(minutes, minute) === minute) {
      const second = firstFrom(seconds, time % 60);
      if (second !== NONE) return hour * 3_600 + minute * 60 + second;
    }
    const later = firstFrom(minutes, minute + 1);
    if (later !== NONE) return hour * 3_600 + later * 60 + firstFrom(seconds, 0);
  }
  const later = firstFrom(hours, hour + 1);
  return later === NONE ? NONE : later * 3_600 + firstFrom(minutes, 0) * 60 + firstFrom(seconds, 0);
};

/** The last time of day at or before one. */
const timeTo = ({ hours, minutes, seconds }: Fields, time: number): number => {
  const hour = Math.floor(time / 3_600);
  if (lastTo(hours, hour) === hour) {
    const minute = Math.floor((time - hour * 3_600) / 60);
    if (lastTo(minutes, minute) === minute) {
      const second = lastTo(seconds, time % 60);
      if (second !== NONE) return hour * 3_600 + minute * 60 + second;
    }
    const earlier = lastTo(minutes, minute - 1);
    if (earlier !== NONE) return hour * 3_600 + earlier * 60 + lastTo(seconds, 59);
  }
  const earlier = lastTo(hours, hour - 1);
  return earlier === NONE ? NONE : earlier * 3_600 + lastTo(minutes, 59) * 60 + lastTo(seconds, 59);
};

const daysIn = (fields: Fields, year: number, month: number): number =>
  ((fields.months >> month) & 1) === 0 || (fields.years && !fields.years.has(year)) ? 0 : daysMeant(fields.days, year, month);

/** The first local time later than one: seconds as if the wall clock were UTC. */
export const nextLocal = (fields: Fields, after: number): number => {
  const from = Math.max(0, after + 1);
  const today = Math.floor(from / DAY_S);
  const date = dateOf(today);
  let [year, month, day] = [Math.floor(date / 512), (date >> 5) & 15, date & 31];
  if (year > LAST_YEAR) return NONE;
  let days = daysIn(fields, year, month);
  if ((days >> (day - 1)) & 1) {
    const time = timeFrom(fields, from - today * DAY_S);
    if (time !== NONE) return today * DAY_S + time;
  }
  for (;;) {
    const rest = days & (-1 << day);
    if (rest !== 0) return daysOf(year, month, lowest(rest) + 1) * DAY_S + timeFrom(fields, 0);
    day = 0;
    month += 1;
    if (month > 12) [year, month] = [year + 1, 1];
    if (year > LAST_YEAR) return NONE;
    days = daysIn(fields, year, month);
  }
};

/** The last local time earlier than one. */
export const prevLocal = (fields: Fields, before: number): number => {
  const to = before - 1;
  if (to < 0) return NONE;
  const today = Math.min(Math.floor(to / DAY_S), daysOf(LAST_YEAR, 12, 31));
  const date = dateOf(today);
  let [year, month, day] = [Math.floor(date / 512), (date >> 5) & 15, date & 31];
  let days = daysIn(fields, year, month);
  if ((days >> (day - 1)) & 1) {
    const time = timeTo(fields, Math.min(to - today * DAY_S, DAY_S - 1));
    if (time !== NONE) return today * DAY_S + time;
  }
  for (;;) {
    const rest = days & ~(-1 << (day - 1));
    if (rest !== 0) return daysOf(year, month, highest(rest) + 1) * DAY_S + timeTo(fields, DAY_S - 1);
    day = 32;
    month -= 1;
    if (month < 1) [year, month] = [year - 1, 12];
    if (year < FIRST_YEAR) return NONE;
    days = daysIn(fields, year, month);
  }
};

/** A line in its zone. */
export type Line = { readonly fields: Fields; readonly zone: Zone; readonly dst: Dst };

const runsOnce = ({ fields, dst }: Line): boolean => !fields.follows && dst !== 'both';
const runsAfterGap = ({ fields, dst }: Line): boolean => !fields.follows && dst !== 'skip';
/** Where the local times of a stretch begin that count: the second half of a repeated hour does not, for what runs once. */
const localFrom = (line: Line, { from, offset, before }: Stretch): number =>
  from + (offset < before && runsOnce(line) ? before : offset);

/** The first instant later than one. */
export const nextOf = (line: Line, after: number): number => {
  const { fields, zone } = line;
  let stretch = zone.at(after);
  let local = nextLocal(fields, Math.max(after + stretch.offset, localFrom(line, stretch) - 1));
  // Where nothing follows by the wall clock, a repeated hour may still bring the last times back.
  const end = local === NONE ? prevLocal(fields, Number.POSITIVE_INFINITY) + 2 * DAY_S : Number.POSITIVE_INFINITY;
  for (;;) {
    if (local !== NONE && local - stretch.offset < stretch.to) return local - stretch.offset;
    if (stretch.to > end) return NONE;
    const { to, offset } = stretch;
    stretch = zone.at(to);
    if (stretch.offset > offset) {
      if (local !== NONE && local < to + stretch.offset) {
        if (runsAfterGap(line)) return to;
        local = nextLocal(fields, to + stretch.offset - 1);
      }
    } else if (stretch.offset < offset && !runsOnce(line)) local = nextLocal(fields, to + stretch.offset - 1);
  }
};

/** The last instant earlier than one. */
export const prevOf = (line: Line, before: number): number => {
  const { fields, zone } = line;
  let stretch = zone.at(before - 1);
  let local = prevLocal(fields, before + stretch.offset);
  for (;;) {
    if (local !== NONE && local >= localFrom(line, stretch)) return local - stretch.offset;
    const { from, offset, before: earlier } = stretch;
    if (offset > earlier && local >= from + earlier) {
      if (runsAfterGap(line)) return from;
      local = prevLocal(fields, from + earlier);
    } else if (offset < earlier) local = prevLocal(fields, from + earlier);
    if (local === NONE || from <= 0) return NONE;
    stretch = zone.at(from - 1);
  }
};

/** What a change of the clock did to an instant of the line: `afterGap`, with the local second that did not exist; `first` or `second` of a repeated hour. */
export type ClockNote = { readonly is: 'afterGap'; readonly missing: number } | { readonly is: 'first' | 'second' };

export const clockNoteOf = (line: Line, at: number): ClockNote | undefined => {
  const { fields, zone } = line;
  const stretch = zone.at(at);
  const { from, to, offset, before } = stretch;
  if (at === from && offset > before && runsAfterGap(line)) {
    const missing = prevLocal(fields, from + offset);
    if (missing >= from + before) return { is: 'afterGap', missing };
  }
  if (offset < before && at + offset < from + before) return { is: 'second' };
  if (to === Number.POSITIVE_INFINITY) return undefined;
  const following = zone.at(to);
  return following.offset < offset && at + offset >= to + following.offset ? { is: 'first' } : undefined;
};
