import type { FieldProblem } from '../domain/problem.ts';
import type { Problem } from '../domain/wire.ts';

export type ProblemExtra = {
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
  readonly revision?: string;
  readonly store?: Store;
  readonly waiting?: number;
};

/** The two stores by the names that problems and /readyz use. */
export type Store = 'coordination' | 'runLog';

/** A request that is answered with a problem. Thrown by whatever serves it; the error handler sends it. `code` is stable. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

export const problem = (status: number, code: string, title: string, extra: ProblemExtra = {}): Problem => ({
  type: `urn:cronstream:problem:${code}`,
  title,
  status,
  code,
  ...(extra as Omit<ProblemExtra, 'errors'>),
  ...(extra.errors && { errors: [...extra.errors] }),
});

export const refused = (status: number, code: string, title: string, extra?: ProblemExtra): Refused =>
  new Refused(problem(status, code, title, extra));

export const badInput = (errors: readonly FieldProblem[]): Refused => {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${String(errors.length - 1)} more)` : '';
  return refused(400, 'invalid', 'The input is not valid', {
    ...(first && { detail: `${first.path === '' ? '' : `${first.path}: `}${first.message}${more}` }),
    errors,
  });
};

export const badField = (path: string, code: string, message: string): Refused => badInput([{ path, code, message }]);

export const noSuchJob = (name: string): Refused =>
  refused(404, 'noSuchJob', 'There is no such job', { detail: `No job is named "${name.slice(0, 200)}".` });

/** `waiting`: ended runs that wait in the spools of workers: it may be one of them. */
export const noSuchRun = (id: string, waiting = 0): Refused =>
  refused(404, 'noSuchRun', 'There is no such run', {
    detail:
      waiting === 0
        ? `No run has the id "${id.slice(0, 200)}".`
        : `The run log has no run with the id "${id.slice(0, 200)}". ${String(waiting)} ended run(s) wait in the spools of workers to be written there: if it is one of them, it comes.`,
    ...(waiting > 0 && { waiting }),
  });

/** 412: the job is at another revision than the one that was asked for. */
export const otherRevision = (revision: number | undefined): Refused =>
  revision === undefined
    ? refused(412, 'revisionConflict', 'The job is not at that revision', { detail: 'There is no such job.' })
    : refused(412, 'revisionConflict', 'The job is not at that revision', {
        detail: `It is at revision ${String(revision)}.`,
        revision: String(revision),
      });
