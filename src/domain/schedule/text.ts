import type { FieldProblem } from '../problem.ts';

/** One line of cron text, taken apart: six fields that cron-parser knows (seconds first), and the years that it does not know. */
export type CronLine = {
  readonly line: number;
  readonly text: string;
  readonly fields: string;
  readonly years: ReadonlySet<number> | undefined;
  readonly parts: readonly Part[];
  /** True for six fields: some tools of this family read the sixth as a year. */
  readonly six: boolean;
};
export type Part = { readonly name: FieldName; readonly text: string; readonly column: number };
export type FieldName = (typeof FIELD_NAMES)[number];

export const FIELD_NAMES = ['second', 'minute', 'hour', 'day of month', 'month', 'day of week', 'year'] as const;
export const FIRST_YEAR = 1970;
export const LAST_YEAR = 2099;

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

export type Lines = { readonly lines: readonly CronLine[]; readonly problems: readonly FieldProblem[] };

/** Splits cron text into its lines. Empty lines and lines that begin with `#` count as comments. Lines and columns in problems start at 1. */
export const readLines = (cronExpr: string): Lines => {
  const lines: CronLine[] = [];
  const problems: FieldProblem[] = [];
  cronExpr.split(/\r?\n/).forEach((raw, index) => {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) return;
    const read = readLine(raw, index + 1);
    if ('message' in read) problems.push(read);
    else lines.push(read);
  });
  if (lines.length === 0 && problems.length === 0)
    problems.push(problem(1, 1, undefined, 'there is no cron text; for every five minutes write */5 * * * *'));
  return { lines, problems };
};

const problem = (line: number, column: number, field: FieldName | undefined, message: string): FieldProblem => ({
  path: '/cronExpr',
  code: 'badCron',
  message: `line ${String(line)}, column ${String(column)}${field === undefined ? '' : `, ${field}`}: ${message}`,
  line,
  column,
  ...(field === undefined ? {} : { field }),
});

export const problemAt = ({ line }: CronLine, part: Part | undefined, message: string): FieldProblem =>
  problem(line, part?.column ?? 1, part?.name, message);

const readLine = (raw: string, line: number): CronLine | FieldProblem => {
  const found = [...raw.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
  const [first] = found;
  const column = first?.column ?? 1;
  if (first?.text.startsWith('@')) {
    const fields = MACROS[first.text.toLowerCase()];
    if (first.text.toLowerCase() === '@reboot')
      return problem(
        line,
        column,
        undefined,
        '@reboot is not possible here: no machine is special. Start it with the machine, by a systemd unit say',
      );
    if (fields === undefined || found.length > 1)
      return problem(line, column, undefined, `"${raw.trim()}" is not known; known are ${Object.keys(MACROS).join(', ')}`);
    return { line, text: raw.trim(), fields, years: undefined, parts: [], six: false };
  }
  if (found.length < 5 || found.length > 7)
    return problem(
      line,
      column,
      undefined,
      `${String(found.length)} field${found.length === 1 ? '' : 's'}, but cron text has 5 (minute hour day-of-month month day-of-week), 6 (second first) or 7 (second first, year last)`,
    );
  const names = found.length === 5 ? FIELD_NAMES.slice(1, 6) : FIELD_NAMES.slice(0, found.length);
  const parts = found.map((each, index) => ({ ...each, name: names[index] ?? 'year' }));
  const yearPart = parts.find(({ name }) => name === 'year');
  const years = yearPart && yearPart.text !== '*' && yearPart.text !== '?' ? readYears(yearPart.text) : undefined;
  if (typeof years === 'string') return problem(line, yearPart?.column ?? 1, 'year', years);
  const six = parts.filter(({ name }) => name !== 'year').map(({ text }) => text);
  return {
    line,
    text: raw.trim(),
    fields: (found.length === 5 ? ['0', ...six] : six).join(' '),
    years,
    parts,
    six: found.length === 6,
  };
};

/** `2027`, `2027-2030`, `2027/2`, `*\/2`, and lists of those. A text answers why not. */
const readYears = (text: string): ReadonlySet<number> | string => {
  const years = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:\*|(\d{4})(?:-(\d{4}))?)(?:\/(\d{1,3}))?$/.exec(item);
    if (!match) return `"${item}" is not a year, a range of years (2027-2030) or a step (*/2)`;
    const [, from, to, step] = match;
    const first = from === undefined ? FIRST_YEAR : Number(from);
    const last = to !== undefined ? Number(to) : from === undefined || step !== undefined ? LAST_YEAR : first;
    if (first < FIRST_YEAR || last > LAST_YEAR || last < first || step === '0')
      return `"${item}" is not within ${String(FIRST_YEAR)}-${String(LAST_YEAR)}`;
    for (let year = first; year <= last; year += Number(step ?? 1)) years.add(year);
  }
  return years;
};
