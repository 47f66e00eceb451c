import { CronExpressionParser } from 'cron-parser';
import type { FieldProblem } from '../problem.ts';
import { lengthOfMonth } from './civil.ts';
import type { DayRules } from './days.ts';
import { RANGES, rewriteField, type Rewritten } from './dialect.ts';
import type { Bits, Fields } from './next.ts';
import { problem, type FieldsLine } from './text.ts';
import type { FieldName, Words } from './words.ts';

/** The fields of a line as sets of bits, and the line as text with `H` replaced. */
export type ReadFields = { readonly fields: Fields; readonly text: string };

const ANY: Rewritten = { plain: ['0-59'], special: [], isStar: true, hasStep: false, text: '*' };
const ZERO: Rewritten = { plain: ['0'], special: [], isStar: false, hasStep: false, text: '0' };

/** Reads the fields of a line: the dialect is rewritten, cron-parser has the last word on what is left, and the numbers become bits. */
export const readFields = (line: FieldsLine, job: string, words: Words): ReadFields | FieldProblem => {
  const read = new Map<FieldName, Rewritten>([['second', ZERO]]);
  for (const part of line.parts) {
    const rewritten = rewriteField(part.name, part.text, job, words);
    const fault = 'message' in rewritten ? rewritten : foreignFault(part.name, rewritten);
    if (fault) return problem(words, line.line, part.column + fault.offset, part.name, fault.message);
    if ('plain' in rewritten) read.set(part.name, rewritten);
  }
  const of = (name: FieldName): Rewritten => read.get(name) ?? ANY;
  const [minute, hour, year] = [of('minute'), of('hour'), read.get('year')];
  return {
    text: line.parts.map(({ name }) => of(name).text).join(' '),
    fields: {
      seconds: bitsOf('second', of('second')),
      minutes: bitsOf('minute', minute),
      hours: bitsOf('hour', hour),
      months: bitsOf('month', of('month')).low,
      days: dayRules(of('dayOfMonth'), of('dayOfWeek')),
      years: year && !/^[*?]$/.test(year.text) ? yearsOf(year) : undefined,
      follows: [minute, hour].some(({ isStar, hasStep }) => isStar || hasStep),
    },
  };
};

const dayRules = (ofMonth: Rewritten, ofWeek: Rewritten): DayRules => {
  const nth: number[] = [];
  let lastOf = 0;
  for (const each of ofWeek.special)
    if (each.is === 'lastOf') lastOf |= 1 << each.weekday;
    else if (each.is === 'nth') nth[each.n - 1] = (nth[each.n - 1] ?? 0) | (1 << each.weekday);
  const weekdays = bitsOf('dayOfWeek', ofWeek).low;
  return {
    dom: bitsOf('dayOfMonth', ofMonth).low >>> 1,
    fromEnd: ofMonth.special.flatMap((each) => (each.is === 'last' ? [each.before] : [])),
    lastWorkday: ofMonth.special.some(({ is }) => is === 'lastWorkday'),
    nearest: ofMonth.special.flatMap((each) => (each.is === 'nearest' ? [each.day] : [])),
    // 7 is Sunday too.
    dow: (weekdays | (weekdays >> 7)) & 127,
    lastOf,
    nth: Array.from(nth, (mask: number | undefined) => mask ?? 0),
    either: !ofMonth.isStar && !ofWeek.isStar,
  };
};

const kept = new Map<string, Bits>();
const KEPT = 5_000;

/** The numbers of a field, as cron-parser reads them. */
const bitsOf = (field: FieldName, { plain }: Rewritten): Bits => {
  const [only] = plain;
  if (plain.length === 1 && only !== undefined) return bitsOfItem(field, only);
  let [low, high] = [0, 0];
  for (const item of plain) {
    const bits = bitsOfItem(field, item);
    low |= bits.low;
    high |= bits.high;
  }
  return { low, high };
};

const bitsOfItem = (field: FieldName, item: string): Bits => {
  const key = `${field} ${item}`;
  const known = kept.get(key);
  if (known) return known;
  let [low, high] = [0, 0];
  for (const number of numbersOf(field, item))
    if (number < 32) low |= 1 << number;
    else high |= 1 << (number - 32);
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, { low, high });
  return { low, high };
};

const PLACES = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

const numbersOf = (field: FieldName, item: string): readonly number[] => {
  if (field === 'year') return [];
  const text = PLACES.map((each) => (each === field ? item : each === 'second' ? '0' : '*')).join(' ');
  const values: readonly (number | string)[] = CronExpressionParser.parse(text, { tz: 'UTC', currentDate: new Date(0) }).fields[
    field
  ].values;
  return values.filter((each) => typeof each === 'number');
};

/** What cron-parser does not take although the dialect does; never known to happen, and told if it does. */
const foreignFault = (
  field: FieldName,
  rewritten: Rewritten,
): { readonly offset: number; readonly message: string } | undefined => {
  try {
    bitsOf(field, rewritten);
    return undefined;
  } catch (error) {
    return { offset: 0, message: error instanceof Error ? error.message : String(error) };
  }
};

const yearsOf = ({ plain }: Rewritten): ReadonlySet<number> => {
  const years = new Set<number>();
  for (const item of plain) {
    const [, from, to, step] = /^(\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(item) ?? [];
    for (let year = Number(from); year <= Number(to ?? from); year += Number(step ?? 1)) years.add(year);
  }
  return years;
};

/** The months, 1 to 12, that a line names and in which it never finds a day, leap years apart; and whether it needs a leap year altogether. */
export const emptyMonths = ({
  fields: { days, months },
}: ReadFields): { readonly never: readonly number[]; readonly isLeapOnly: boolean } => {
  const { from, to } = RANGES.month;
  // What the weekdays or the last workday decide comes in every month, or nearly: no warning.
  const isPlain = !days.either && !days.lastWorkday;
  if (!isPlain || (days.dom === 0 && days.nearest.length === 0 && days.fromEnd.length === 0))
    return { never: [], isLeapOnly: false };
  const asked = Array.from({ length: to - from + 1 }, (_, index) => index + 1).filter((month) => (months >> month) & 1);
  const hasDay = (month: number, length: number): boolean =>
    month > 0 &&
    ((days.dom & (2 ** length - 1)) !== 0 ||
      days.nearest.some((day) => day <= length) ||
      days.fromEnd.some((before) => before < length));
  const never = asked.filter((month) => !hasDay(month, month === 2 ? 29 : lengthOfMonth(2027, month)));
  const isLeapOnly = asked.length === 1 && asked[0] === 2 && never.length === 0 && !hasDay(2, 28);
  return { never, isLeapOnly };
};
