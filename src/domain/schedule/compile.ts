import { hash53 } from '../hash.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import type { Language } from '../words.ts';
import { LAST_YEAR, NONE, type ClockNote } from './next.ts';
import { walkOfText, type Walk, type WalkText } from './walk.ts';
import { WORDS } from './words.ts';

/** `fireTime` is when it runs, `nominalAt` what the cron text names; they differ by the jitter. Milliseconds since the epoch. */
export type FireTime = { readonly fireTime: number; readonly nominalAt: number };

/** The fire times of a job. Pure: the same answers on every worker. */
export type CompiledSchedule = {
  /** The first fire time later than `after`. */
  readonly next: (after: number) => FireTime | undefined;
  /** The last fire time earlier than `before`. */
  readonly prev: (before: number) => FireTime | undefined;
};

export type ScheduleText = WalkText & {
  readonly startAt?: string | undefined;
  readonly endAt?: string | undefined;
  readonly jitterMs?: number | undefined;
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
  const start = startAt === undefined ? 0 : Math.max(0, Date.parse(startAt)); // cron text names nothing before 1970
  const end = endAt === undefined ? HORIZON : Date.parse(endAt);
  const problems: readonly FieldProblem[] = [
    ...(walk.ok ? [] : walk.problems),
    ...(Number.isNaN(start) ? [{ path: '/startAt', code: 'invalid', message: WORDS[language].notInstant }] : []),
    ...(Number.isNaN(end) ? [{ path: '/endAt', code: 'invalid', message: WORDS[language].notInstant }] : []),
    ...(end < start ? [{ path: '/endAt', code: 'invalid', message: WORDS[language].endsFirst }] : []),
  ];
  if (!walk.ok || problems.length > 0) return { ok: false, problems };
  const { noteOf } = walk.value;
  if (startAt === undefined && endAt === undefined && jitterMs <= 0)
    return { ok: true, value: { schedule: unbounded(walk.value), noteOf } };
  const bounded = within(walk.value, start, Math.min(end, HORIZON - 1));
  return {
    ok: true,
    value: { noteOf, schedule: jitterMs > 0 ? withJitter(bounded, { jitterMs, name, end }) : scheduleOf(bounded) },
  };
};

const shared = new WeakMap<Walk, CompiledSchedule>();

/** What all jobs of a text, without bounds and jitter, share. */
const unbounded = (walk: Walk): CompiledSchedule => {
  const known = shared.get(walk) ?? scheduleOf(within(walk, 0, HORIZON - 1));
  shared.set(walk, known);
  return known;
};

/** Both bounds included. */
const within = ({ next, prev, noteOf }: Walk, start: number, end: number): Walk => ({
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

const scheduleOf = ({ next, prev }: Walk): CompiledSchedule => {
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
 *  fire times keep their order, and never past the end. */
const withJitter = (
  { next, prev }: Walk,
  { jitterMs, name, end }: { readonly jitterMs: number; readonly name: string; readonly end: number },
): CompiledSchedule => {
  const fire = (nominalAt: number): FireTime | undefined => {
    if (nominalAt === NONE) return undefined;
    const following = next(nominalAt);
    const room = Math.min(jitterMs, (following === NONE ? end : following - 1) - nominalAt);
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
