import type { Job } from './job.ts';
import type { FieldProblem } from './problem.ts';

/** What the format knows and this version does not do yet: refused with its name, never taken and ignored. On its own, so that the console can ask it what to offer. */
export const notYet = (job: Partial<Job>): FieldProblem[] => {
  const overlap = typeof job.overlap === 'object' ? job.overlap.policy : job.overlap;
  const asked: readonly (readonly [boolean, string, string])[] = [
    [overlap === 'queue' || overlap === 'replace', '/overlap', `overlap "${overlap ?? ''}"`],
    [
      job.misfire?.policy === 'once' || job.misfire?.policy === 'all',
      '/misfire/policy',
      `misfire "${job.misfire?.policy ?? ''}"`,
    ],
    [(job.retry?.max ?? 0) > 0 || job.retry?.lost === true, '/retry', 'a further attempt'],
    [job.placement?.mode === 'all', '/placement/mode', 'placement "all"'],
    [
      job.timeout !== undefined && (job.timeout.action ?? 'kill') !== 'kill',
      '/timeout/action',
      `timeout "${job.timeout?.action ?? ''}"`,
    ],
    [job.runAs !== undefined, '/runAs', 'running as another user'],
    [(job.alerts ?? []).length > 0, '/alerts', 'alerts'],
    [job.retention !== undefined, '/retention', 'retention of its own'],
  ];
  return asked
    .filter(([is]) => is)
    .map(([, path, what]) => ({ path, code: 'notYet', message: `${what} is not there yet in this version` }));
};
