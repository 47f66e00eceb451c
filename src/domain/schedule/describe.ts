import withLocales from 'cronstrue/i18n.js';
import { toInstant } from '../instant.ts';
import type { Language } from '../words.ts';
import { readFields } from './fields.ts';
import { readLines, type CronLine } from './text.ts';
import { WORDS } from './words.ts';

type Cronstrue = typeof withLocales.default;
// A CommonJS module: what it calls its default is a field of ours, unless the loader has taken that out already, as vitest's does.
const cronstrue = (withLocales as { readonly default?: Cronstrue }).default ?? (withLocales as unknown as Cronstrue);
const LOCALES = { en: 'en', zh: 'zh_CN' } as const satisfies Record<Language, string>;

/** A schedule in words. A line that cannot be put into words is told as it is written. `name`: the job's, for `H`. */
export const describeSchedule = (cronExpr: string, timezone = 'UTC', language: Language = 'en', name = ''): string => {
  const sentences = readLines(cronExpr).lines.map((line) => sentenceOf(line, language, name));
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
        const { either } = read.fields.days;
        const sentence = cronstrue.toString(read.text, {
          use24HourTimeFormat: true,
          verbose: false,
          locale: LOCALES[language],
          logicalAndDayFields: !either,
        });
        // "on day 1 of the month, and on Monday" is what people misread.
        return either ? sentence.replace(', and on ', ', or on ') : sentence;
      } catch {
        return line.text;
      }
    }
    default:
      return line satisfies never;
  }
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
