import type { LogDocument } from '../domain/run.ts';
import type { RunsQuery } from '../streams/ports.ts';

/** Whether a run's document is among those that are asked for; the job and the cursor are the walk's own. */
export const matchesQuery = (
  { job, outcome, worker, from, to, q }: RunsQuery,
  { jobName, outcome: its, run, err, output, planTime }: LogDocument,
): boolean => {
  const text = q?.replaceAll('\0', '\uFFFD').toLowerCase(); // as it is stored
  return (
    (job === undefined || jobName === job) &&
    (outcome === undefined || outcome.split(',').includes(its)) &&
    (worker === undefined || run.worker === worker || run.workerName === worker) &&
    (from === undefined || planTime >= from) &&
    (to === undefined || planTime <= to) &&
    (text === undefined || [jobName, err, output].some((each) => each.toLowerCase().includes(text)))
  );
};
