import withLocales from 'cronstrue/i18n.js';
import { toInstant } from '../instant.ts';
import type { Language } from '../words.ts';
import { RANGES } from './dialect.ts';
import { readFields, type ReadFields } from './fields.ts';
import { readLines, type CronLine } from './text.ts';
import { WORDS } from './words.ts';

type Cronstrue = typeof withLocales.default;
// A CommonJS module: what it calls its default is a field of ours, unless the loader has taken that out already, as vitest's does.
const cronstrue = (withLocales as { readonly default?: Cronstrue }).default ?? (withLocales as unknown as Cronstrue);
const LOCALES = { en: 'en', zh: 'zh_CN' } as const satisfies Record<Language, string>;

/** Nobody reads more, and each takes its time to make. */
const MOST_TOLD = 20;

/** A schedule in words. A line that cannot be put into words is told as it is written. `name`: the job's, for `H`. */
export const describeSchedule = (cronExpr: string, timezone = 'UTC', language: Language = 'en', name = ''): string => {
  const lines = [...new Map(readLines(cronExpr).lines.map((line) => [line.text, line])).values()];
  const sentences = lines.slice(0, MOST_TOLD).map((line) => sentenceOf(line, language, name));
  if (lines.length > MOST_TOLD) sentences.push(WORDS[language].more(lines.length - MOST_TOLD));
  const zone = timezone === 'UTC' ? '' : ` (${timezone})`;
  return `${sentences.join(WORDS[language].and)}${zone}`;
};

const sentenceOf = (line: CronLine, language: Language, name: string): string => {
  const words = WORDS[language];
  switch (line.is) {
    case 'every':
      return words.every(lengthIn(line.periodMs, language));
    case 'at':
      return words.once(toInstant(line.at).replace('T', ' ').replace('.000Z', ' UTC'));
    case 'fields': {
      const read = readFields(line, name, words);
      if ('message' in read) return line.text;
      try {
        return fieldsInWords(read, language);
      } catch {
        return line.text;
      }
    }
    default:
      return line satisfies never;
  }
};

/** Throws where it cannot be put into words. */
const fieldsInWords = ({ text, fields: { days } }: ReadFields, language: Language): string => {
  const parts = evenOrListed(text.toUpperCase().split(' '));
  const ofMonth = parts.length === 5 ? 2 : 3;
  const ofWeek = ofMonth + 2;
  // Of a list with L in it cronstrue tells the first only.
  if (/,.*L|L.*,/.test(parts[ofMonth] ?? '')) throw new RangeError('no words for it');
  // Of "FRI#2,MON" it makes the second Friday and Monday.
  const weekdays = (parts[ofWeek] ?? '').split(',');
  if (new Set(weekdays.map((item) => item.includes('#'))).size > 1) throw new RangeError('no words for it');
  const say = (each: readonly string[]): string =>
    cronstrue.toString(each.join(' '), {
      use24HourTimeFormat: true,
      verbose: false,
      locale: LOCALES[language],
      logicalAndDayFields: !days.either,
    });
  // "on day 1 of the month, and on Monday" is what people misread.
  const sentence = say(parts).replace(', and on ', ', or on ');
  if (!days.either || /, or on |或者/.test(sentence)) return sentence;
  const or = say(parts.with(ofMonth, '*'));
  return `${say(parts.with(ofWeek, '*'))}${WORDS[language].or}${or.charAt(0).toLowerCase()}${or.slice(1)}`;
};

const CLOCK = ['second', 'minute', 'hour'] as const;

/** "Every 40 seconds" is not what a step of 40 does: it begins anew each minute. Where a step does not divide its field, the numbers themselves are told. */
const evenOrListed = (parts: readonly string[]): readonly string[] => {
  const clock = parts.length === 5 ? CLOCK.slice(1) : CLOCK;
  return parts.map((part, index) => {
    const field = clock[index];
    return field === undefined ? part : listed(part, RANGES[field].to);
  });
};

/** A field of the clock that ends with `last`, with the steps that go through to its end and do not divide it as numbers. */
const listed = (part: string, last: number): string => {
  const items = part.split(',').flatMap((item) => {
    const [, first = '0', end = String(last), step = '1'] = /^(?:[*?]|(\d+)(?:-(\d+))?)\/(\d+)$/.exec(item) ?? [];
    const [from, by] = [Number(first), Number(step)];
    if (Number(end) !== last || by === 0 || (last + 1) % by === 0) return [item];
    return Array.from({ length: Math.floor((last - from) / by) + 1 }, (_, index) => String(from + index * by));
  });
  const areNumbers = items.every((item) => /^\d+$/.test(item));
  return [...new Set(areNumbers ? items.toSorted((a, b) => Number(a) - Number(b)) : items)].join(',');
};

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

const lengthIn = (ms: number, language: Language): string => {
  const { units } = WORDS[language];
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(ms === length ? units[unit][0] : `${String(count)} ${units[unit][count === 1 ? 0 : 1]}`);
  }
  return parts.join(' ');
};
