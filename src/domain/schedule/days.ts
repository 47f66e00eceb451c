import { daysOf, lengthOfMonth, weekdayOf } from './civil.ts';

/** What both day fields of a cron line ask for. Masks: bit 0 is the first of the month, or Sunday. */
export type DayRules = {
  readonly dom: number;
  /** `L` is 0, `L-3` is 3. */
  readonly fromEnd: readonly number[];
  /** `LW`. */
  readonly lastWorkday: boolean;
  /** `15W`: the workday nearest to the 15th, in its month. */
  readonly nearest: readonly number[];
  readonly dow: number;
  /** `5L`: the last Friday. */
  readonly lastOf: number;
  /** `FRI#2`: at index 1 the weekdays of which the second is meant. */
  readonly nth: readonly number[];
  /** Both fields are restricted: a day that either names is meant. Otherwise it must be in both. */
  readonly either: boolean;
};

/** Bits of every seventh day of a month, from the first on. */
const EVERY_SEVENTH = 0b10000001000000100000010000001;

/** The days of a month that are meant: bit 0 is the first. */
export const daysMeant = (rules: DayRules, year: number, month: number): number => {
  const length = lengthOfMonth(year, month);
  const whole = 2 ** length - 1;
  const first = weekdayOf(daysOf(year, month, 1));
  const ofMonth = (rules.dom | specialDates(rules, length, first)) & whole;
  const ofWeek = (weekdays(rules.dow, first) | specialWeekdays(rules, length, first)) & whole;
  return rules.either ? ofMonth | ofWeek : ofMonth & ofWeek;
};

const weekdays = (dow: number, first: number): number => {
  let days = 0;
  for (let each = 0; each < 7; each += 1) if ((dow >> ((first + each) % 7)) & 1) days |= EVERY_SEVENTH << each;
  return days;
};

const specialDates = ({ fromEnd, lastWorkday, nearest }: DayRules, length: number, first: number): number => {
  let days = 0;
  for (const before of fromEnd) if (before < length) days |= 1 << (length - 1 - before);
  if (lastWorkday) days |= 1 << (workdayNear(length, length, first) - 1);
  for (const day of nearest) if (day <= length) days |= 1 << (workdayNear(day, length, first) - 1);
  return days;
};

/** The day itself, the Friday before a Saturday, the Monday after a Sunday; never in another month. */
const workdayNear = (day: number, length: number, first: number): number => {
  const weekday = (first + day - 1) % 7;
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === length ? day - 2 : day + 1;
  return day;
};

const specialWeekdays = ({ lastOf, nth }: DayRules, length: number, first: number): number => {
  let days = 0;
  for (let weekday = 0; weekday < 7; weekday += 1) {
    const earliest = 1 + ((weekday - first + 7) % 7);
    if ((lastOf >> weekday) & 1) days |= 1 << (earliest - 1 + 7 * Math.floor((length - earliest) / 7));
    for (let n = 0; n < nth.length; n += 1) {
      const day = earliest + 7 * n;
      if (((nth[n] ?? 0) >> weekday) & 1 && day <= length) days |= 1 << (day - 1);
    }
  }
  return days;
};
