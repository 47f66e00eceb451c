import cronstrue from 'cronstrue';
import { toInstant, type Instant } from '../instant.ts';
import type { Checked } from '../problem.ts';
import { compileSchedule, type ScheduleText } from './compile.ts';
import { readLines } from './text.ts';

export type Explained = {
  readonly description: string;
  readonly fires: readonly { readonly at: Instant; readonly note?: string }[];
  readonly warnings: readonly string[];
};

/** A schedule in words. The empty text for one that cannot be put into words. */
export const describeSchedule = (cronExpr: string, timezone = 'UTC'): string => {
  const sentences = readLines(cronExpr).lines.map(({ text, fields, years }) => {
    try {
      return cronstrue.toString(years ? text : fields, { use24HourTimeFormat: true, verbose: false });
    } catch {
      return text;
    }
  });
  const zone = timezone === 'UTC' ? '' : ` (${timezone})`;
  return `${sentences.join('; and ')}${zone}`;
};

/** What a schedule means: a sentence, the next `count` fire times after `from` (ms), and what may surprise. */
export const explainSchedule = (text: ScheduleText, from: number, count = 5): Checked<Explained> => {
  const compiled = compileSchedule(text);
  if (!compiled.ok) return compiled;
  const fires: { at: Instant }[] = [];
  let at = from;
  while (fires.length < count) {
    const next = compiled.value.next(at);
    if (!next) break;
    fires.push({ at: toInstant(next.fireTime) });
    at = next.fireTime;
  }
  const { lines } = readLines(text.cronExpr);
  const warnings = [
    ...(fires.length === 0 ? ['It never fires again: all of its fire times are in the past.'] : []),
    ...lines
      .filter(({ six }) => six)
      .map(
        ({ line }) =>
          `Line ${String(line)} has six fields and is read as second minute hour day-of-month month day-of-week; some tools read the sixth as a year.`,
      ),
    ...lines
      .filter(({ parts }) =>
        ['day of month', 'day of week'].every((name) => parts.some((part) => part.name === name && !/^[*?]$/.test(part.text))),
      )
      .map(({ line }) => `Line ${String(line)} restricts the day of month and the day of week: it fires when either matches.`),
  ];
  return { ok: true, value: { description: describeSchedule(text.cronExpr, text.timezone), fires, warnings } };
};
