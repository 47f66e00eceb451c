import type { FieldProblem } from '../problem.ts';
import { lengthOfMonth } from './civil.ts';
import { WORDS, type FieldName, type Words } from './words.ts';

/** One line of cron text, taken apart; lines and columns start at 1. */
export type CronLine = { readonly line: number; readonly column: number; readonly text: string } & (
  | { readonly is: 'fields'; readonly parts: readonly Part[] }
  | { readonly is: 'every'; readonly periodMs: number }
  | { readonly is: 'at'; readonly at: number }
);
export type FieldsLine = Extract<CronLine, { readonly is: 'fields' }>;
export type Part = { readonly name: FieldName; readonly text: string; readonly column: number };

const SIX = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const KNOWN = [...Object.keys(MACROS), '@every 5m', '@at 2027-01-01T09:00:00Z'].join(', ');

export type Lines = { readonly lines: readonly CronLine[]; readonly problems: readonly FieldProblem[] };

/** Splits cron text into its lines. Empty lines and lines that begin with `#` are comments. */
export const readLines = (cronExpr: string, words: Words = WORDS.en): Lines => {
  const lines: CronLine[] = [];
  const problems: FieldProblem[] = [];
  cronExpr.split(/\r?\n/).forEach((raw, index) => {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) return;
    const read = readLine(raw, text, index + 1, words);
    if ('message' in read) problems.push(read);
    else lines.push(read);
  });
  if (lines.length === 0 && problems.length === 0) problems.push(problem(words, 1, 1, undefined, words.noText));
  return { lines, problems };
};

/** What is wrong with cron text, at its place. The field is named in English whatever the language: programs rely on it. */
export const problem = (
  words: Words,
  line: number,
  column: number,
  field: FieldName | undefined,
  message: string,
): FieldProblem => ({
  path: '/cronExpr',
  code: 'badCron',
  message: words.place(line, column, field && words.fields[field]) + message,
  line,
  column,
  ...(field === undefined ? {} : { field: WORDS.en.fields[field] }),
});

const readLine = (raw: string, text: string, line: number, words: Words): CronLine | FieldProblem => {
  const found = [...raw.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
  const column = found[0]?.column ?? 1;
  if (text.startsWith('@')) return readMacro(text, found[1], { line, column, text }, words);
  if (found.length < 5 || found.length > 7) return problem(words, line, column, undefined, words.fieldCount(found.length));
  const names: readonly FieldName[] = found.length === 5 ? SIX.slice(1) : SIX;
  return {
    line,
    column,
    text,
    is: 'fields',
    parts: found.map((each, index) => ({ ...each, name: names[index] ?? 'year' })),
  };
};

type Place = { readonly line: number; readonly column: number; readonly text: string };
type Word = { readonly text: string; readonly column: number };

const readMacro = (text: string, argument: Word | undefined, place: Place, words: Words): CronLine | FieldProblem => {
  const [name = '', ...rest] = text.split(/\s+/);
  const macro = name.toLowerCase();
  const fault = (column: number, message: string): FieldProblem => problem(words, place.line, column, undefined, message);
  if (macro === '@reboot') return fault(place.column, words.reboot);
  if (macro === '@every') {
    const periodMs = lengthOf(rest.join(''));
    return periodMs === undefined
      ? fault(argument?.column ?? place.column, words.badEvery(rest.join(' ')))
      : { ...place, is: 'every', periodMs };
  }
  if (macro === '@at') {
    const at = instantOf(rest.join(' '));
    if (at === undefined) return fault(argument?.column ?? place.column, words.badAt(rest.join(' ')));
    return at < AFTER_LAST ? { ...place, is: 'at', at } : fault(argument?.column ?? place.column, words.tooLate(rest.join(' ')));
  }
  const fields = MACROS[macro];
  if (fields === undefined) return fault(place.column, words.unknownMacro(text, KNOWN));
  if (argument) return fault(argument.column, words.macroAlone(macro));
  return {
    ...place,
    is: 'fields',
    parts: fields.split(' ').map((each, index) => ({ text: each, column: place.column, name: SIX[index + 1] ?? 'year' })),
  };
};

/** The years of cron text end with 2099. */
const AFTER_LAST = Date.UTC(2100, 0, 1);
const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
const LONGEST_MS = 100 * 366 * 86_400_000;

/** `90s`, `5m`, `1h30m`, `2d` in ms: whole seconds, at least one. */
export const lengthOf = (text: string): number | undefined => {
  if (!/^(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/.test(text)) return undefined;
  let length = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([dhms])/g)) length += Number(count) * (UNITS[unit ?? ''] ?? 0);
  return length >= 1_000 && length <= LONGEST_MS ? length : undefined;
};

const instantOf = (text: string): number | undefined => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at) || at < 0) return undefined;
  // Date takes a 30th of February for the 2nd of March.
  return Number(text.slice(8, 10)) <= lengthOfMonth(Number(text.slice(0, 4)), Number(text.slice(5, 7))) ? at : undefined;
};
