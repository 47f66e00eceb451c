import { hash53 } from '../hash.ts';
import { DEFAULTS } from '../job.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import type { Language } from '../words.ts';
import { readFields } from './fields.ts';
import { clockNoteOf, LAST_YEAR, nextLocal, nextOf, NONE, prevOf, type ClockNote, type Dst, type Line } from './next.ts';
import { problem, readLines, type CronLine } from './text.ts';
import { WORDS, type Words } from './words.ts';
import { isZone, zoneOf } from './zone.ts';

/** `fireTime` is when it runs, `nominalAt` what the cron text names; they differ by the jitter. Milliseconds since the epoch. */
export type FireTime = { readonly fireTime: number; readonly nominalAt: number };

/** The fire times of a job. Pure: the same answers on every worker. */
export type CompiledSchedule = {
  /** The first fire time later than `after`. */
  readonly next: (after: number) => FireTime | undefined;
  /** The last fire time earlier than `before`. */
  readonly prev: (before: number) => FireTime | undefined;
};

export type ScheduleText = {
  readonly name?: string;
  readonly cronExpr: string;
  readonly timezone?: string | undefined;
  readonly dst?: Dst | undefined;
  readonly startAt?: string | undefined;
  readonly endAt?: string | undefined;
  readonly jitterMs?: number | undefined;
};

/** One direction of time: the nearest nominal instant past `at`, in ms. `NONE` where there is none. */
type Step = (at: number) => number;
type Walk = {
  readonly next: Step;
  readonly prev: Step;
  readonly noteOf: (nominalAt: number) => ClockNote | undefined;
  /** What all jobs of this text, without bounds and jitter, share. */
  readonly schedule: CompiledSchedule;
};
/** A schedule and what `explain` asks beside its fire times. */
export type Explainable = { readonly schedule: CompiledSchedule; readonly noteOf: (nominalAt: number) => ClockNote | undefined };

const HORIZON = Date.UTC(LAST_YEAR + 1, 0, 1);

/** Compiles the schedule of a job, or answers all that is wrong with it: line, column, field and words. Jobs of the same text and zone share the answer. */
export const compileSchedule = (text: ScheduleText, language: Language = 'en'): Checked<CompiledSchedule> => {
  const compiled = compileExplainable(text, language);
  return compiled.ok ? { ok: true, value: compiled.value.schedule } : compiled;
};

export const compileExplainable = (text: ScheduleText, language: Language): Checked<Explainable> => {
  const walk = walkOfText(text, WORDS[language]);
  const { startAt, endAt, jitterMs = 0, name = '' } = text;
  const start = startAt === undefined ? 0 : Date.parse(startAt);
  const end = endAt === undefined ? HORIZON : Date.parse(endAt);
  const problems: readonly FieldProblem[] = [
    ...(walk.ok ? [] : walk.problems),
    ...(Number.isNaN(start) ? [{ path: '/startAt', code: 'invalid', message: WORDS[language].notInstant }] : []),
    ...(Number.isNaN(end) ? [{ path: '/endAt', code: 'invalid', message: WORDS[language].notInstant }] : []),
    ...(end < start ? [{ path: '/endAt', code: 'invalid', message: WORDS[language].endsFirst }] : []),
  ];
  if (!walk.ok || problems.length > 0) return { ok: false, problems };
  const { noteOf, schedule } = walk.value;
  if (startAt === undefined && endAt === undefined && jitterMs <= 0) return { ok: true, value: { schedule, noteOf } };
  const bounded = within(walk.value, start, Math.min(end, HORIZON - 1));
  return { ok: true, value: { noteOf, schedule: jitterMs > 0 ? withJitter(bounded, jitterMs, name) : scheduleOf(bounded) } };
};

const shared = new Map<string, Walk>();
const SHARED = 20_000;

/** The walk of cron text in a zone. What all jobs have in common is made once; `H` makes a text the job's own. */
const walkOfText = (
  { name, cronExpr, timezone = DEFAULTS.timezone, dst = 'auto' }: ScheduleText,
  words: Words,
): Checked<Walk> => {
  const key = JSON.stringify([cronExpr, timezone, dst, /H/i.test(cronExpr) ? name : '']);
  const known = shared.get(key);
  if (known) return { ok: true, value: known };
  const { lines, problems: lineProblems } = readLines(cronExpr, words);
  const problems: FieldProblem[] = [...lineProblems];
  const knowsZone = isZone(timezone);
  if (!knowsZone) problems.push({ path: '/timezone', code: 'badTimezone', message: words.badZone(timezone) });
  const steps: Steps[] = [];
  for (const line of lines) {
    const walk = walkOfLine(line, knowsZone ? timezone : 'UTC', dst, name, words);
    if ('message' in walk) problems.push(walk);
    else steps.push(walk);
  }
  if (problems.length > 0) return { ok: false, problems };
  const [first] = steps;
  const together = steps.length === 1 && first ? first : merged(steps);
  const remembered: Steps = { next: rememberNext(together.next), prev: rememberPrev(together.prev), noteOf: together.noteOf };
  const walk: Walk = { ...remembered, schedule: scheduleOf(within(remembered, 0, HORIZON - 1)) };
  if (shared.size >= SHARED) shared.clear();
  shared.set(key, walk);
  return { ok: true, value: walk };
};

type Steps = Pick<Walk, 'next' | 'prev' | 'noteOf'>;

const walkOfLine = (line: CronLine, timezone: string, dst: Dst, job: string, words: Words): Steps | FieldProblem => {
  switch (line.is) {
    case 'every':
      return everyWalk(line.periodMs);
    case 'at':
      return {
        next: (at) => (at < line.at ? line.at : NONE),
        prev: (at) => (at > line.at ? line.at : NONE),
        noteOf: () => undefined,
      };
    case 'fields': {
      const read = readFields(line, job, words);
      if ('message' in read) return read;
      if (nextLocal(read.fields, 0) === NONE)
        return problem(words, line.line, line.column, undefined, words.neverComes(line.text));
      return lineWalk({ fields: read.fields, zone: zoneOf(timezone), dst });
    }
    default:
      return line satisfies never;
  }
};

/** Multiples of the period since the epoch, so that all workers agree. */
const everyWalk = (periodMs: number): Steps => ({
  next: (at) => (Math.floor(at / periodMs) + 1) * periodMs,
  prev: (at) => (Math.ceil(at / periodMs) - 1) * periodMs,
  noteOf: () => undefined,
});

/** Cron fields name whole seconds. */
const lineWalk = (line: Line): Steps => ({
  next: (at) => inMs(nextOf(line, Math.floor(at / 1_000))),
  prev: (at) => inMs(prevOf(line, Math.ceil(at / 1_000))),
  noteOf: (at) => clockNoteOf(line, Math.floor(at / 1_000)),
});
const inMs = (seconds: number): number => (seconds < 0 ? NONE : seconds * 1_000);

/** Lines that fall on the same instant are one tick. */
const merged = (walks: readonly Steps[]): Steps => ({
  next: (at) => {
    let first = NONE;
    for (const walk of walks) {
      const next = walk.next(at);
      if (next !== NONE && (first === NONE || next < first)) first = next;
    }
    return first;
  },
  prev: (at) => walks.reduce((last, walk) => Math.max(last, walk.prev(at)), NONE),
  noteOf: (at) => {
    for (const walk of walks) if (walk.next(at - 1) === at) return walk.noteOf(at);
    return undefined;
  },
});

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

/** Both bounds included. */
const within = ({ next, prev, noteOf }: Steps, start: number, end: number): Steps => ({
  next: (at) => {
    if (at >= end) return NONE;
    const found = next(Math.max(at, start - 1));
    return found > end ? NONE : found;
  },
  prev: (at) => {
    if (at <= start) return NONE;
    const found = prev(Math.min(at, end + 1));
    return found < start ? NONE : found;
  },
  noteOf,
});

const scheduleOf = ({ next, prev }: Steps): CompiledSchedule => {
  // Jobs that share a schedule and wait for the same instant share what says so.
  let last: FireTime = { fireTime: NONE, nominalAt: NONE };
  const fire = (at: number): FireTime | undefined => {
    if (at === NONE) return undefined;
    if (last.fireTime !== at) last = { fireTime: at, nominalAt: at };
    return last;
  };
  return { next: (after) => fire(next(after)), prev: (before) => fire(prev(before)) };
};

/** Each tick is put off by the hash of the job's name and its nominal instant: the same on every worker, and always below the distance to the next one, so that
 *  fire times keep their order. */
const withJitter = ({ next, prev }: Steps, jitterMs: number, name: string): CompiledSchedule => {
  const fire = (nominalAt: number): FireTime | undefined => {
    if (nominalAt === NONE) return undefined;
    const following = next(nominalAt);
    const room = Math.min(jitterMs, following === NONE ? jitterMs : following - nominalAt - 1);
    return { fireTime: nominalAt + (room < 1 ? 0 : hash53(`jitter ${name} ${String(nominalAt)}`) % (room + 1)), nominalAt };
  };
  return {
    next: (after) => {
      const last = fire(prev(after + 1));
      return last && last.fireTime > after ? last : fire(next(after));
    },
    prev: (before) => {
      const last = fire(prev(before));
      return !last || last.fireTime < before ? last : fire(prev(last.nominalAt));
    },
  };
};
