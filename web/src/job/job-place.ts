import { DEFAULTS } from '../../../src/domain/defaults.ts';
import { matches } from '../../../src/domain/placement.ts';
import type { WorkerView } from '../../../src/domain/wire.ts';
import { getAt, type Fields } from '../editor/job-fields.ts';
import { texts } from '../texts.ts';

const textAt = (job: Fields, path: string): string | undefined => {
  const value = getAt(job, path);
  return typeof value === 'string' && value !== '' ? value : undefined;
};
const listAt = (job: Fields, path: string): readonly string[] => {
  const value = getAt(job, path);
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
};

/** By what, as whom, in which folder and where the command of a job will run. Without a folder of its own it starts in the HOME of its environment, and without
 *  one there in its user's (launcher/command.ts). */
export const placeText = (job: Fields): string => {
  const folder = textAt(job, '/cwd') ?? textAt(job, '/params/HOME') ?? textAt(job, '/env/HOME') ?? texts.inHome;
  const user = textAt(job, '/runAs');
  const [workers, labels] = [listAt(job, '/placement/workers'), listAt(job, '/placement/labels')];
  const where = [
    ...(getAt(job, '/placement/mode') === 'all' ? [texts.onEachWorker] : []),
    ...(workers.length > 0 ? [texts.onWorkers(workers.join(', '))] : []),
    ...(labels.length > 0 ? [texts.onLabelled(labels.join(', '))] : []),
  ];
  return texts.runBy(
    textAt(job, '/shell') ?? DEFAULTS.shell,
    user === undefined ? texts.asWorkerUser : texts.asUser(user),
    folder,
    where.length === 0 ? texts.onAnyWorker : where.join(', '),
  );
};

/** How many of the workers that are here may take a job. */
export const mayTake = (
  job: Fields,
  workers: readonly Pick<WorkerView, 'id' | 'name' | 'labels' | 'draining' | 'allow' | 'users'>[],
): number =>
  workers.filter(
    (worker) =>
      !worker.draining &&
      matches(
        {
          name: textAt(job, '/name') ?? '',
          workers: listAt(job, '/placement/workers'),
          labels: listAt(job, '/placement/labels'),
          runAs: textAt(job, '/runAs'),
        },
        worker,
      ),
  ).length;
