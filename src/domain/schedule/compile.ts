import { hash53 } from '../hash.ts';
import { DEFAULTS } from '../job.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { fieldFault, isTimezone, walkOf, yearOf, type Walk } from './fields.ts';
import { FIELD_NAMES, FIRST_YEAR, LAST_YEAR, problemAt, readLines, type CronLine } from './text.ts';

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
  readonly startAt?: string | undefined;
  readonly endAt?: string | undefined;
  readonly jitterMs?: number | undefined;
};

const HORIZON = Date.UTC(LAST_YEAR + 1, 0, 1);
const DAY = 86_400_000;

const compiled = new Map<string, Checked<CompiledSchedule>>();
const COMPILED = 20_000;

/** Compiles the schedule of a job, or answers all that is wrong with it: line, column, field and words. Jobs of the same schedule share the answer. */
export const compileSchedule = (text: ScheduleText): Checked<CompiledSchedule> => {
  const key = JSON.stringify([
    text.cronExpr,
    text.timezone,
    text.startAt,
    text.endAt,
    text.jitterMs,
    (text.jitterMs ?? 0) > 0 ? text.name : '',
  ]);
  const known = compiled.get(key);
  if (known) return known;
  if (compiled.size >= COMPILED) compiled.clear();
  const answer = compile(text);
  compiled.set(key, answer);
  return answer;
};

const compile = (text: ScheduleText): Checked<CompiledSchedule> => {
  const timezone = text.timezone ?? DEFAULTS.timezone;
  const { lines, problems: lineProblems } = readLines(text.cronExpr);
  const problems: FieldProblem[] = [...lineProblems];
  const knowsZone = isTimezone(timezone);
  if (!knowsZone)
    problems.push({
      path: '/timezone',
      code: 'badTimezone',
      message: `"${timezone}" is not a time zone; write an IANA name, as Europe/Berlin`,
    });
  const walks = lines.map((line) => compileLine(line, knowsZone ? timezone : 'UTC'));
  for (const walk of walks) if (typeof walk !== 'function') problems.push(walk);
  if (problems.length > 0) return { ok: false, problems };
  const forward = earliest(walks.filter((walk) => typeof walk === 'function'));
  return {
    ok: true,
    value: withJitter(within(forward, startOf(text.startAt), endOf(text.endAt)), text.jitterMs ?? 0, text.name ?? ''),
  };
};

const startOf = (at: string | undefined): number => (at === undefined ? Number.NEGATIVE_INFINITY : Date.parse(at));
const endOf = (at: string | undefined): number => (at === undefined ? HORIZON : Date.parse(at));

const compileLine = (line: CronLine, timezone: string): Walk | FieldProblem => {
  try {
    const walk = walkOf(line.fields, timezone);
    const limited = line.years ? inYears(walk, line.years, timezone) : walk;
    if (limited(0) === undefined) return problemAt(line, undefined, `"${line.text}" never comes: there is no such day`);
    return limited;
  } catch (error) {
    for (const part of line.parts) {
      const fault = fieldFault(FIELD_NAMES.indexOf(part.name), part.text);
      if (fault !== undefined) return problemAt(line, part, `"${part.text}": ${fault}`);
    }
    const why = error instanceof Error ? error.message : String(error);
    return problemAt(
      line,
      undefined,
      why === 'Invalid explicit day of month definition'
        ? `"${line.text}" never comes: there is no such day`
        : `"${line.text}": ${why}`,
    );
  }
};

/** Only the instants whose year, in the zone, is among the years. A year without any is jumped over. */
const inYears =
  (walk: Walk, years: ReadonlySet<number>, timezone: string): Walk =>
  (after) => {
    let at = after;
    for (let year = Math.max(FIRST_YEAR, yearOf(after, timezone)); year <= LAST_YEAR; year += 1) {
      if (!years.has(year)) continue;
      at = Math.max(at, Date.UTC(year, 0, 1) - DAY);
      for (let next = walk(at); next !== undefined; next = walk(next)) {
        const found = yearOf(next, timezone);
        if (years.has(found)) return next;
        if (found > year) break;
      }
    }
    return undefined;
  };

const earliest =
  (walks: readonly Walk[]): Walk =>
  (after) => {
    let first: number | undefined;
    for (const walk of walks) {
      const next = walk(after);
      if (next !== undefined && (first === undefined || next < first)) first = next;
    }
    return first;
  };

const within =
  (walk: Walk, start: number, end: number): Walk =>
  (after) => {
    const next = walk(Math.max(after, start - 1));
    return next !== undefined && next <= end && next < HORIZON ? next : undefined;
  };

/** The last answer of a walk before an instant: makes the look-back longer until something is found, then halves it. About 60 steps at most, whatever
 *  the distance; one answer holds for every question up to the instant that follows it. */
const backward = (walk: Walk): Walk => {
  let known: { readonly low: number; readonly high: number } | undefined;
  return (before) => {
    if (known && known.low < before && before <= known.high) return known.low;
    let low = lowerBound(walk, before);
    if (low === undefined) return undefined;
    let high = before - 1; // walk(high) >= before
    let following = walk(low);
    // Often the bound is the answer, or a few steps before it.
    for (let steps = 0; steps < 4 && following !== undefined && following < before; steps += 1) {
      low = following;
      following = walk(low);
    }
    while (low < high && following !== undefined && following < before) {
      const middle: number = low + Math.floor((high - low) / 2);
      const found = walk(middle);
      if (found !== undefined && found < before) low = found;
      else high = middle;
      following = walk(low);
    }
    known = { low, high: following ?? HORIZON };
    return low;
  };
};

const lowerBound = (walk: Walk, before: number): number | undefined => {
  for (let span = 2_000; span <= 64 * 366 * DAY; span *= 8) {
    const found = walk(before - span);
    if (found !== undefined && found < before) return found;
    if (before - span < -DAY) break;
  }
  return undefined;
};

const withJitter = (walk: Walk, jitterMs: number, name: string): CompiledSchedule => {
  const back = backward(walk);
  const fire = (nominalAt: number): FireTime => {
    if (jitterMs <= 0) return { fireTime: nominalAt, nominalAt };
    const following = walk(nominalAt);
    // Always below the distance to the next one, so that fire times keep their order.
    const room = Math.min(jitterMs, following === undefined ? jitterMs : following - nominalAt - 1);
    return { fireTime: nominalAt + (room < 1 ? 0 : hash53(`jitter ${name} ${String(nominalAt)}`) % (room + 1)), nominalAt };
  };
  const from = (nominalAt: number | undefined): FireTime | undefined => (nominalAt === undefined ? undefined : fire(nominalAt));
  return {
    next: (after) => {
      if (jitterMs > 0) {
        const last = from(back(after + 1));
        if (last && last.fireTime > after) return last;
      }
      return from(walk(after));
    },
    prev: (before) => {
      const last = from(back(before));
      if (!last || last.fireTime < before) return last;
      return from(back(last.nominalAt));
    },
  };
};
