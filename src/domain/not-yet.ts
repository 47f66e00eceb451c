import type { Job } from './job.ts';
import type { FieldProblem } from './problem.ts';

/** What the format knows and this version does not do yet: refused with its name, never taken and ignored. On its own, so that the console can ask it what to offer. */
export const notYet = (job: Partial<Job>): FieldProblem[] => {
  const asked: readonly (readonly [boolean, string, string])[] = [[(job.alerts ?? []).length > 0, '/alerts', 'alerts']];
  return asked
    .filter(([is]) => is)
    .map(([, path, what]) => ({ path, code: 'notYet', message: `${what} is not there yet in this version` }));
};
