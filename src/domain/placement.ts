import { hashUnit } from './hash.ts';
import type { FullJob } from './job.ts';
import type { Presence } from './values.ts';

/** Whether a worker may run a job: one of the named workers, if any are named, and all of the labels. */
export const matches = (job: Pick<FullJob, 'workers' | 'labels'>, worker: Pick<Presence, 'id' | 'name' | 'labels'>): boolean =>
  (job.workers.length === 0 || job.workers.includes(worker.id) || job.workers.includes(worker.name)) &&
  job.labels.every((label) => worker.labels.includes(label));

export type Peer = Pick<Presence, 'id' | 'name' | 'labels' | 'slots' | 'draining'>;

/** Weighted rendezvous: the workers of a job in the order in which they try a tick. Every worker computes the same from the same list; the
 *  share of ticks at rank 0 goes by slots. Frozen by golden tests, since workers of two versions must agree. */
export const rankWorkers = (
  job: Pick<FullJob, 'name' | 'workers' | 'labels'>,
  fireTime: number,
  peers: readonly Peer[],
): readonly string[] =>
  peers
    .filter((peer) => peer.slots > 0 && !peer.draining && matches(job, peer))
    .map(({ id, slots }) => ({ id, score: -slots / Math.log(hashUnit(`rank ${job.name} ${String(fireTime)} ${id}`)) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);

/** The rank of one worker, counted from 0, without sorting; undefined where it does not match. */
export const rankOf = (
  id: string,
  job: Pick<FullJob, 'name' | 'workers' | 'labels'>,
  fireTime: number,
  peers: readonly Peer[],
): number | undefined => {
  const rank = rankWorkers(job, fireTime, peers).indexOf(id);
  return rank < 0 ? undefined : rank;
};
