import { hashUnit } from './hash.ts';
import type { FullJob } from './job.ts';
import type { Presence } from './values.ts';

type Placed = Pick<FullJob, 'workers' | 'labels'>;
const isNamed = ({ workers }: Placed, { id, name }: Pick<Presence, 'id' | 'name'>): boolean =>
  workers.length === 0 || workers.includes(id) || workers.includes(name);
const missingOf = ({ labels }: Placed, worker: Pick<Presence, 'labels'>): readonly string[] =>
  labels.filter((label) => !worker.labels.includes(label));

/** Whether a worker may run a job: one of the named workers, if any are named, and all of the labels. */
export const matches = (job: Placed, worker: Pick<Presence, 'id' | 'name' | 'labels'>): boolean =>
  isNamed(job, worker) && missingOf(job, worker).length === 0;

export type Peer = Pick<Presence, 'id' | 'name' | 'labels' | 'slots' | 'draining'>;
export type Unfitness = { readonly reason: 'name' | 'labels' | 'draining' | 'full'; readonly missing?: readonly string[] };

/** Why a worker would not start a tick of a job now; undefined where it would. What keeps it from it for good comes before what passes. */
export const unfitness = (job: Placed, worker: Peer & Pick<Presence, 'running'>): Unfitness | undefined => {
  if (!isNamed(job, worker)) return { reason: 'name' };
  const missing = missingOf(job, worker);
  if (missing.length > 0) return { reason: 'labels', missing };
  if (worker.draining) return { reason: 'draining' };
  return worker.running >= worker.slots ? { reason: 'full' } : undefined;
};

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
