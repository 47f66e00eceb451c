import { stepsOf } from './changes.ts';
import { checkJob, scheduleHash, withDefaults, type FullJob, type Job } from './job.ts';
import type { Checked, FieldProblem } from './problem.ts';
import { compileSchedule, type CompiledSchedule } from './schedule/compile.ts';

/** A job as workers and leader use it: the version at `revision`, with its defaults, compiled. */
export type KnownJob = {
  readonly job: FullJob;
  readonly revision: number;
  readonly hash: string;
  readonly schedule: CompiledSchedule;
};

export const JOB_LIMIT_BYTES = 256 * 1024;

/** What is longer is refused for that, and not read: a megabyte takes seconds. */
const CRON_LIMIT = 10_000;

/** All that is wrong with a job that somebody sends: its fields, its rules and its cron text, together. */
export const checkWholeJob = (value: unknown): Checked<Job> => {
  const checked = checkJob(value);
  const shape = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const text = (field: string): string | undefined => (typeof shape[field] === 'string' ? shape[field] : undefined);
  const cronExpr = text('cronExpr');
  const dst = text('dst');
  const compiled =
    cronExpr === undefined || cronExpr.length > CRON_LIMIT
      ? undefined
      : compileSchedule({
          cronExpr,
          timezone: text('timezone'),
          dst: dst === 'skip' || dst === 'both' ? dst : 'auto',
          startAt: text('startAt'),
          endAt: text('endAt'),
          ...(text('name') === undefined ? {} : { name: text('name') ?? '' }),
        });
  const problems = [
    ...(checked.ok ? successProblems(checked.value) : checked.problems),
    ...(compiled && !compiled.ok ? compiled.problems : []),
  ];
  return checked.ok && problems.length === 0 ? checked : { ok: false, problems };
};

/** Only of what is sent: a job that an earlier version took with it is none the worse, and does not become broken by an upgrade. */
const successProblems = ({ retry }: Job): readonly FieldProblem[] =>
  (retry?.on ?? []).flatMap((code, index) =>
    code === 0
      ? [
          {
            path: `/retry/on/${String(index)}`,
            code: 'invalid',
            message: 'exit code 0 is success, and a run that has succeeded is not tried again: name codes from 1 to 255',
          },
        ]
      : [],
  );

/** Reads a job from its key. Fields that this version does not know are passed over (the stored text keeps them); all else that is wrong makes it broken. */
export const readJob = (name: string, text: string, revision: number, scale = 1): Checked<KnownJob> => {
  if (text.length > JOB_LIMIT_BYTES)
    return broken('tooBig', `the value has ${String(text.length)} characters, a job at most ${String(JOB_LIMIT_BYTES)}`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return broken('notJson', `not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const first = checkJob(raw);
  const checked = first.ok ? first : checkJob(withoutUnknown(raw, first.problems));
  if (!checked.ok) return checked;
  const job = withDefaults(checked.value, scale);
  if (job.name !== name) return broken('otherName', `it names itself "${job.name}", its key says "${name}"`);
  const schedule = compileSchedule(checked.value);
  return schedule.ok
    ? { ok: true, value: { job, revision, hash: scheduleHash(checked.value), schedule: schedule.value } }
    : schedule;
};

const broken = (code: string, message: string): Checked<never> => ({ ok: false, problems: [{ path: '', code, message }] });

/** The problems of a broken job in one line. */
export const brokenText = (problems: readonly FieldProblem[]): string =>
  problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');

/** A copy without the fields that the problems name as unknown. */
export const withoutUnknown = (raw: unknown, problems: readonly FieldProblem[]): unknown => {
  const copy: unknown = structuredClone(raw);
  for (const { path, code } of problems) {
    if (code !== 'unknownField') continue;
    const steps = [...stepsOf(path)];
    const last = steps.pop();
    let at: unknown = copy;
    for (const step of steps) at = isObject(at) ? at[step] : undefined;
    if (last !== undefined && isObject(at)) Reflect.deleteProperty(at, last);
  }
  return copy;
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
