import { DEFAULTS } from '../defaults.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { readFields } from './fields.ts';
import { clockNoteOf, nextLocal, nextOf, NONE, prevOf, type ClockNote, type Dst, type Fields, type Line } from './next.ts';
import { problem, readLines, type CronLine } from './text.ts';
import type { Words } from './words.ts';
import { isZone, zoneOf } from './zone.ts';

/** One direction of time: the nearest nominal instant past `at`, in ms. `NONE` where there is none. */
type Step = (at: number) => number;

/** Cron text in its zone, both ways, and what a change of the clock did to one of its instants. Asked for instants from 0 to the year 2100. */
export type Walk = { readonly next: Step; readonly prev: Step; readonly noteOf: (nominalAt: number) => ClockNote | undefined };

export type WalkText = {
  readonly name?: string;
  readonly cronExpr: string;
  readonly timezone?: string | undefined;
  readonly dst?: Dst | undefined;
};

/** A line that has been read, in no zone yet. */
type Meant =
  | { readonly is: 'every'; readonly periodMs: number }
  | { readonly is: 'at'; readonly at: number }
  | { readonly is: 'fields'; readonly fields: Fields };

const SHARED = 20_000;
/** Texts of many lines count for more: what is kept must not grow with what people send. */
const SHARED_CHARACTERS = 1_000_000;
const meanings = new Map<string, readonly Meant[]>();
/** By text, then by zone and rule: no key is put together for a job of the usual kind. */
const walks = new Map<string, Map<string, Walk>>();

let characters = 0;

const keep = <T>(kept: Map<string, T>, key: string, value: T): T => {
  if (kept.size >= SHARED) kept.clear();
  kept.set(key, value);
  return value;
};

/** Counts what is kept of a text, once a zone as well, and forgets everything where it is too much. Jobs keep what they have. */
const makeRoom = (text: string): void => {
  characters += text.length;
  if (characters <= SHARED_CHARACTERS) return;
  walks.clear();
  meanings.clear();
  characters = text.length;
};

/** The walk of cron text in a zone. What all jobs have in common is made once; `H` makes a text the job's own. */
export const walkOfText = (
  { name = '', cronExpr, timezone = DEFAULTS.timezone, dst = 'auto' }: WalkText,
  words: Words,
): Checked<Walk> => {
  const text = HASHED.test(cronExpr) ? `${cronExpr}\0${name}` : cronExpr;
  const place = dst === 'auto' ? timezone : `${timezone} ${dst}`;
  const known = walks.get(text)?.get(place);
  if (known) return { ok: true, value: known };
  const read = meaningOf(text, cronExpr, name, words);
  const zoneProblems = isZone(timezone) ? [] : [{ path: '/timezone', code: 'badTimezone', message: words.badZone(timezone) }];
  if (!read.ok) return { ok: false, problems: [...zoneProblems, ...read.problems] };
  if (zoneProblems.length > 0) return { ok: false, problems: zoneProblems };
  const steps = read.value.map((line) => stepsOf(line, timezone, dst));
  const [first] = steps;
  // A line that comes once in a hundred years is looked for once, not at each fire time of the others.
  const walk = steps.length === 1 && first ? remembered(first) : remembered(merged(steps.map(remembered)));
  makeRoom(text);
  const ofText = walks.get(text) ?? keep(walks, text, new Map<string, Walk>());
  return { ok: true, value: keep(ofText, place, walk) };
};

const HASHED = /(?:^|[\s,])H/i;

/** What the lines of a text mean, whatever the zone. */
const meaningOf = (key: string, cronExpr: string, name: string, words: Words): Checked<readonly Meant[]> => {
  const known = meanings.get(key);
  if (known) return { ok: true, value: known };
  const { lines, problems: lineProblems } = readLines(cronExpr, words);
  const problems: FieldProblem[] = [...lineProblems];
  const meant: Meant[] = [];
  const told = new Set<string>();
  for (const line of lines) {
    if (told.has(line.text)) continue;
    const read = readLine(line, name, words);
    if ('message' in read) problems.push(read);
    else {
      meant.push(read);
      told.add(line.text);
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  makeRoom(key);
  return { ok: true, value: keep(meanings, key, meant) };
};

const readLine = (line: CronLine, name: string, words: Words): Meant | FieldProblem => {
  if (line.is !== 'fields') return line;
  const read = readFields(line, name, words);
  if ('message' in read) return read;
  if (nextLocal(read.fields, 0) === NONE) return problem(words, line.line, line.column, undefined, words.neverComes(line.text));
  return { is: 'fields', fields: read.fields };
};

const stepsOf = (line: Meant, timezone: string, dst: Dst): Walk => {
  switch (line.is) {
    case 'every':
      return everyWalk(line.periodMs);
    case 'at':
      return {
        next: (at) => (at < line.at ? line.at : NONE),
        prev: (at) => (at > line.at ? line.at : NONE),
        noteOf: () => undefined,
      };
    case 'fields':
      return lineWalk({ fields: line.fields, zone: zoneOf(timezone), dst });
    default:
      return line satisfies never;
  }
};

/** Multiples of the period since the epoch, so that all workers agree. */
const everyWalk = (periodMs: number): Walk => ({
  next: (at) => (Math.floor(at / periodMs) + 1) * periodMs,
  prev: (at) => (Math.ceil(at / periodMs) - 1) * periodMs,
  noteOf: () => undefined,
});

/** Cron fields name whole seconds. */
const lineWalk = (line: Line): Walk => ({
  next: (at) => inMs(nextOf(line, Math.floor(at / 1_000))),
  prev: (at) => inMs(prevOf(line, Math.ceil(at / 1_000))),
  noteOf: (at) => clockNoteOf(line, Math.floor(at / 1_000)),
});
const inMs = (seconds: number): number => (seconds < 0 ? NONE : seconds * 1_000);

/** Lines that fall on the same instant are one tick. */
const merged = (lines: readonly Walk[]): Walk => ({
  next: (at) => {
    let first = NONE;
    for (const line of lines) {
      const next = line.next(at);
      if (next !== NONE && (first === NONE || next < first)) first = next;
    }
    return first;
  },
  prev: (at) => lines.reduce((last, line) => Math.max(last, line.prev(at)), NONE),
  noteOf: (at) => {
    for (const line of lines) if (line.next(at - 1) === at) return line.noteOf(at);
    return undefined;
  },
});

const remembered = ({ next, prev, noteOf }: Walk): Walk => ({ next: rememberNext(next), prev: rememberPrev(prev), noteOf });

/** One answer holds for every question between the one that was asked and itself: a hundred jobs with one text ask once. */
const rememberNext = (step: Step): Step => {
  let [asked, answer] = [Number.POSITIVE_INFINITY, NONE];
  return (at) => {
    if (at >= asked && (at < answer || answer === NONE)) return answer;
    [asked, answer] = [at, step(at)];
    return answer;
  };
};

const rememberPrev = (step: Step): Step => {
  let [asked, answer] = [Number.NEGATIVE_INFINITY, NONE];
  return (at) => {
    if (at <= asked && at > answer) return answer;
    [asked, answer] = [at, step(at)];
    return answer;
  };
};
