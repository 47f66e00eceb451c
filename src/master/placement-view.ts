import type { FullJob } from '../domain/job.ts';
import { unfitness } from '../domain/placement.ts';
import type { PlacementView } from '../domain/wire.ts';
import type { Seen } from './seen.ts';
import { running } from './views.ts';

/** Every live worker and whether it would take a tick of the job now: those that would first, then by name. Pure. */
export const placementViews = (seen: Seen, job: Pick<FullJob, 'name' | 'workers' | 'labels' | 'runAs'>): PlacementView[] => {
  const peers = [...seen.workers.values()].map((worker) => ({
    ...worker,
    draining: worker.draining || seen.drains.has(worker.id),
  }));
  return peers
    .map((worker) => {
      const busy = running(seen.runsOfWorker(worker.id)).length;
      const unfit = unfitness(job, { ...worker, running: busy }, peers);
      return {
        id: worker.id,
        name: worker.name,
        matches: unfit === undefined,
        ...(unfit && { ...unfit, ...(unfit.missing && { missing: [...unfit.missing] }) }),
        slots: worker.slots,
        running: busy,
      } as PlacementView;
    })
    .sort((a, b) => (a.matches === b.matches ? (a.name < b.name ? -1 : 1) : a.matches ? -1 : 1));
};
