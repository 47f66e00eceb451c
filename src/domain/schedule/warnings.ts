import type { Language } from '../words.ts';
import { dateOf, DAY_S } from './civil.ts';
import type { CompiledSchedule } from './compile.ts';
import { emptyMonths, readFields, type ReadFields } from './fields.ts';
import { nextLocal, NONE, type Dst } from './next.ts';
import { readLines, type FieldsLine } from './text.ts';
import { WORDS, type Words } from './words.ts';
import { zoneOf, type Stretch } from './zone.ts';

export type Warned = {
  readonly name?: string;
  readonly cronExpr: string;
  readonly timezone: string;
  readonly dst: Dst;
  readonly schedule: CompiledSchedule;
};

const YEAR_S = 366 * DAY_S;
const OFTEN_MS = 10_000;
const LOOKED_AT = 100;
/** Of two changes of the clock a year nobody wants to read more. */
const MOST_CHANGES = 4;

/** What may surprise in a schedule that is right: days that do not come, changes of the clock within a year of `from` (ms), very many runs. */
export const warningsOf = ({ name, cronExpr, timezone, dst, schedule }: Warned, from: number, language: Language): string[] => {
  const words = WORDS[language];
  const warnings: string[] = [];
  if (!schedule.next(from)) warnings.push(words.noMoreFires);
  for (const line of readLines(cronExpr).lines) {
    if (line.is !== 'fields') continue;
    const read = readFields(line, name ?? '', words);
    if (name === undefined && line.parts.some(({ text }) => /(^|,)H/i.test(text))) warnings.push(words.hashOf(line.line));
    if ('message' in read) continue;
    warnings.push(...ofDays(line, read, words), ...ofSteps(line, words), ...ofClock(read, timezone, dst, from, words));
  }
  const shortest = shortestDistance(schedule, from);
  if (shortest < OFTEN_MS) warnings.push(words.often(Math.round(shortest / 1_000)));
  return [...new Set(warnings)];
};

const ofDays = (line: FieldsLine, read: ReadFields, words: Words): string[] => {
  const warnings: string[] = [];
  if (line.parts.length === 6) warnings.push(words.sixFields(line.line));
  const texts = line.parts.filter(({ name }) => name === 'dayOfMonth' || name === 'dayOfWeek').map(({ text }) => text);
  if (read.fields.days.either) warnings.push(words.eitherDay(line.line));
  else if (texts.every((text) => text !== '*' && text !== '?')) warnings.push(words.bothDays(line.line));
  const { never, isLeapOnly } = emptyMonths(read);
  if (never.length > 0)
    warnings.push(words.notInMonths(line.line, words.list(never.map((month) => words.months[month - 1] ?? ''))));
  if (isLeapOnly) warnings.push(words.onlyLeap(line.line));
  return warnings;
};

const SIZES = { second: 60, minute: 60, hour: 24, month: 12, dayOfMonth: 31, dayOfWeek: 7, year: 0 } as const;

const ofSteps = (line: FieldsLine, words: Words): string[] =>
  line.parts
    .filter(({ name, text }) => {
      const step = Number(/^\*\/(\d+)$/.exec(text)?.[1]);
      return step > 1 && SIZES[name] % step !== 0;
    })
    .map(({ name, text }) => words.unevenStep(line.line, words.fields[name], text));

const ofClock = ({ fields }: ReadFields, timezone: string, dst: Dst, from: number, words: Words): string[] => {
  const zone = zoneOf(timezone);
  const start = Math.floor(from / 1_000);
  const warnings: string[] = [];
  const everyHour = fields.hours.low === 2 ** 24 - 1;
  // Who follows the clock through all hours is not surprised by it.
  if (fields.follows && everyHour) return [];
  for (let stretch = zone.at(start); stretch.to < start + YEAR_S && warnings.length < MOST_CHANGES;) {
    const { to, offset } = stretch;
    stretch = zone.at(to);
    if (stretch.offset === offset) continue;
    const [low, high] = [to + Math.min(offset, stretch.offset), to + Math.max(offset, stretch.offset)];
    const touched = nextLocal(fields, low - 1);
    if (touched === NONE || touched >= high) continue;
    warnings.push(clockWarning(stretch, fields.follows, dst, words));
  }
  return warnings;
};

const clockWarning = ({ from, offset, before }: Stretch, follows: boolean, dst: Dst, words: Words): string => {
  const [was, is] = [from + before, from + offset];
  const day = dayText(Math.min(was, is));
  if (offset > before)
    return words.clockGap(
      day,
      timeText(was),
      timeText(is),
      follows ? words.followsGap : dst === 'skip' ? words.gapSkip : words.gapAfter,
    );
  return words.clockFold(
    day,
    timeText(was),
    timeText(is),
    follows ? words.followsFold : dst === 'both' ? words.foldTwice : words.foldOnce,
  );
};

/** Local seconds as `2027-03-28`. */
const dayText = (local: number): string => {
  const date = dateOf(Math.floor(local / DAY_S));
  return [Math.floor(date / 512), (date >> 5) & 15, date & 31].map((each) => String(each).padStart(2, '0')).join('-');
};

/** Local seconds as `02:30`, with the seconds only where there are some. */
export const timeText = (local: number): string => {
  const time = ((local % DAY_S) + DAY_S) % DAY_S;
  const parts = [Math.floor(time / 3_600), Math.floor(time / 60) % 60, ...(time % 60 === 0 ? [] : [time % 60])];
  return parts.map((each) => String(each).padStart(2, '0')).join(':');
};

const shortestDistance = (schedule: CompiledSchedule, from: number): number => {
  let shortest = Number.POSITIVE_INFINITY;
  let last = schedule.next(from);
  for (let each = 0; last && each < LOOKED_AT; each += 1) {
    const next = schedule.next(last.fireTime);
    if (next) shortest = Math.min(shortest, next.nominalAt - last.nominalAt);
    last = next;
  }
  return shortest;
};
