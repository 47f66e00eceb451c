import { readVariable, shown } from './variables.ts';

/** A line by itself, before the form of the file is known. `rest` is what follows the time fields: the command, with the user before it in system form. */
export type Scanned =
  | { readonly is: 'blank'; readonly line: number }
  | { readonly is: 'comment'; readonly line: number; readonly text: string }
  | { readonly is: 'variable'; readonly line: number; readonly name: string; readonly value: string }
  | TimedLine
  | { readonly is: 'problem'; readonly line: number; readonly reason: string };
export type TimedLine = {
  readonly is: 'timed';
  readonly line: number;
  readonly time: readonly string[];
  readonly rest: string;
  readonly notes: readonly string[];
};

const NO_LOG = '"-" before the minute keeps cron from writing a line to syslog: every run is in the run log here';

/** A word that can be a time field and hardly a command. */
const FIELD = /^(?:[\d*?][\d*?,/-]*|(?:sun|mon|tue|wed|thu|fri|sat)(?:[-,](?:sun|mon|tue|wed|thu|fri|sat))*)$/i;
export const isFieldLike = (rest: string): boolean => FIELD.test(firstWord(rest));
export const firstWord = (text: string): string => /^[^ \t]*/.exec(text)?.[0] ?? '';

/** Reads one line as cron does. Never throws. With `mayHaveSeconds` a sixth word that is a time field makes the first one seconds. */
export const scanLine = (raw: string, line: number, mayHaveSeconds = false): Scanned => {
  const text = raw.replace(/^[ \t\v\f\r]+/, '').replace(/\r$/, '');
  if (text.trim() === '') return { is: 'blank', line };
  if (text.startsWith('#')) return { is: 'comment', line, text: text.slice(1) };
  const variable = readVariable(text);
  if (variable) return { is: 'variable', line, ...variable };
  const isSilent = text.startsWith('-');
  const timed = isSilent ? text.slice(1) : text;
  const five = takeTime(timed, 5);
  const { words, rest } = mayHaveSeconds && isFieldLike(five.rest) ? takeTime(timed, 6) : five;
  if (rest === '') return { is: 'problem', line, reason: whyNoEntry(text, words) };
  return { is: 'timed', line, time: words, rest, notes: isSilent ? [NO_LOG] : [] };
};

/** The first word where it begins with `@`, otherwise the first `fields`; cron parts them at blanks and tabs. */
const takeTime = (text: string, fields: number): { readonly words: readonly string[]; readonly rest: string } => {
  const word = /[ \t]*([^ \t]+)[ \t]*/y;
  const words: string[] = [];
  for (let count = 1; words.length < count;) {
    const found = word.exec(text)?.[1];
    if (found === undefined) return { words, rest: '' };
    words.push(found);
    if (words.length === 1 && !found.startsWith('@')) count = fields;
  }
  return { words, rest: trimmedEnd(text.slice(word.lastIndex)) };
};

/** Blanks at the end say nothing to a shell, unless one is quoted by a backslash. */
const trimmedEnd = (text: string): string => {
  const trimmed = text.trimEnd();
  return trimmed.endsWith('\\') && trimmed !== text ? `${trimmed} ` : trimmed;
};

const whyNoEntry = (text: string, words: readonly string[]): string => {
  if (/^[A-Za-z_]\w*[ \t]*=/.test(text))
    return 'a variable that cron does not take: its value begins with a quote, and must end with the same quote and nothing behind it';
  if (words[0]?.startsWith('@')) return `no command follows "${shown(words[0])}"`;
  const hint = text.includes('\u00a0') ? ' (no-break spaces are not blanks to cron: write plain ones)' : '';
  return words.length === 5
    ? `five time fields, and no command behind them${hint}`
    : `neither a comment, nor NAME=value, nor five time fields and a command: it has ${words.length === 1 ? 'one word' : `${String(words.length)} words`}${hint}`;
};
