import type { ImportItem } from '../../domain/crontab/answer.ts';
import type { Job } from '../../domain/job.ts';
import { checkWholeJob, withoutUnknown } from '../../domain/known-job.ts';
import type { FieldProblem } from '../../domain/problem.ts';

/** A job as it lies in the store. */
export type Raw = Readonly<Record<string, unknown>>;

/** What is to become of a job, once it is known what is stored under its name. */
export type Verdict =
  | { readonly is: 'refused'; readonly reason: string; readonly errors?: readonly FieldProblem[] }
  /** `job` is `value` without the fields that this version does not know. */
  | { readonly is: 'job'; readonly value: Raw; readonly job: Job; readonly warnings: readonly string[] };

export type Planned =
  | { readonly is: 'told'; readonly item: ImportItem }
  | {
      readonly is: 'job';
      readonly line?: number;
      readonly name: string;
      readonly warnings: readonly string[];
      readonly decide: (stored: Raw | undefined) => Verdict;
    };

/** An import before anything is looked at or written. */
export type Plan = {
  readonly items: readonly Planned[];
  readonly format: 'user' | 'system' | 'jobs';
  /** Marks the jobs of this source; prune removes those that have it and are not in `names`. */
  readonly tag: string | undefined;
  /** Of every job that the import knows, refused ones too. */
  readonly names: ReadonlySet<string>;
  /** What could not be read far enough to know which job it means. */
  readonly unread: readonly string[];
};

/** Checks a job that may hold fields of a newer version. Those that `mayKeep` allows stay and are told; all else that is wrong refuses it, all problems at once. */
export const checkKept = (value: Raw, mayKeep: (path: string) => boolean): Verdict => {
  const found = checkWholeJob(value);
  if (found.ok) return { is: 'job', value, job: found.value, warnings: [] };
  const unknown = found.problems.filter(({ code }) => code === 'unknownField');
  const known = unknown.length === 0 ? found : checkWholeJob(withoutUnknown(value, unknown));
  const errors = [...unknown.filter(({ path }) => !mayKeep(path)), ...(known.ok ? [] : known.problems)];
  if (known.ok && errors.length === 0)
    return {
      is: 'job',
      value,
      job: known.value,
      warnings: unknown.map(({ message }) => `${message}: it stays, and does nothing`),
    };
  return { is: 'refused', reason: reasonOf(errors), errors };
};

/** The first problem in words, and how many more there are. */
export const reasonOf = (errors: readonly FieldProblem[]): string => {
  const [first] = errors;
  if (!first) return 'it is not valid';
  const { path, field, message } = first;
  // The cron text of an import is one line: its number would be taken for that of the file.
  const words = field === undefined ? message : message.replace(/^line \d+, column \d+[^:]*: /, `${field}: `);
  const place = path === '' || path === '/cronExpr' ? '' : `${path.slice(1)}: `;
  return `${place}${words}${errors.length > 1 ? ` (and ${String(errors.length - 1)} more)` : ''}`;
};
