import { forbiddenTo, type OfJob } from './allowed.ts';
import { hashUnit } from './hash.ts';
import type { FullJob } from './job.ts';
import { isOlder, newestRules } from './rules.ts';
import type { Presence } from './values.ts';

type Placed = Pick<FullJob, 'workers' | 'labels'> & OfJob;
const isNamed = ({ workers }: Pick<Placed, 'workers'>, { id, name }: Pick<Presence, 'id' | 'name'>): boolean =>
  workers.length === 0 || workers.includes(id) || workers.includes(name);
const missingOf = ({ labels }: Pick<Placed, 'labels'>, worker: Pick<Presence, 'labels'>): readonly string[] =>
  labels.filter((label) => !worker.labels.includes(label));

/** Whether a worker may run a job: one of the named workers, if any are named, all of the labels, and nothing that its own configuration forbids. */
export const matches = (job: Placed, worker: Pick<Presence, 'id' | 'name' | 'labels' | 'allow' | 'users'>): boolean =>
  isNamed(job, worker) && missingOf(job, worker).length === 0 && forbiddenTo(job, worker) === undefined;

export type Peer = Pick<
  Presence,
  'id' | 'name' | 'labels' | 'slots' | 'draining' | 'skewed' | 'unsynced' | 'rules' | 'allow' | 'users'
>;
export type Unfitness = {
  readonly reason: 'name' | 'labels' | 'jobs' | 'user' | 'skewed' | 'draining' | 'unsynced' | 'oldRules' | 'full';
  readonly missing?: readonly string[];
};

/** Whoever takes none any more leaves its ticks to others, as one that is gone does. */
export const takesTicks = ({ draining, skewed, unsynced }: Peer): boolean => !draining && skewed !== true && unsynced !== true;

/** Who takes runs of a job at all: it may, and neither drains nor has a clock that the others do not share. */
const takersOf = (job: Placed, peers: readonly Peer[]): readonly Peer[] =>
  peers.filter((peer) => peer.slots > 0 && !peer.draining && peer.skewed !== true && matches(job, peer));

/** Whether anybody would take a run of a job, be it when a slot is free. */
export const hasTaker = (job: Placed, peers: readonly Peer[]): boolean => takersOf(job, peers).length > 0;

/** Who tries its ticks: where two versions of the rules would name other fire times, only the newest of those who take the job. Counted among them alone, so that a job whose only
 *  workers are not upgraded yet goes on. */
const tickTakersOf = (job: Placed, peers: readonly Peer[]): readonly Peer[] => {
  const takers = takersOf(job, peers);
  const newest = newestRules(takers.map(({ rules }) => rules));
  return newest ? takers.filter(({ rules }) => !isOlder(rules, newest)) : takers;
};

/** Why a worker, one of `peers`, would not start a tick of a job now; undefined where it would. What keeps it from it for good comes before what passes. */
export const unfitness = (
  job: Placed,
  worker: Peer & Pick<Presence, 'running'>,
  peers: readonly Peer[],
): Unfitness | undefined => {
  if (!isNamed(job, worker)) return { reason: 'name' };
  const missing = missingOf(job, worker);
  if (missing.length > 0) return { reason: 'labels', missing };
  const forbidden = forbiddenTo(job, worker);
  if (forbidden) return { reason: forbidden };
  if (worker.skewed === true) return { reason: 'skewed' };
  if (worker.draining) return { reason: 'draining' };
  if (worker.unsynced === true) return { reason: 'unsynced' };
  if (worker.slots > 0 && !tickTakersOf(job, peers).some(({ id }) => id === worker.id)) return { reason: 'oldRules' };
  return worker.running >= worker.slots ? { reason: 'full' } : undefined;
};

/** `tick`: a tick of the schedule. `queued`: a run that is decided already, which those with older rules take too. */
export type Ranked = 'tick' | 'queued';

/** Who is out of sync claims nothing until it is in sync again: where all of the first ranks were so, nobody would try. Where everybody is, it is as if nobody were. */
const inSyncOf = (takers: readonly Peer[]): readonly Peer[] => {
  const inSync = takers.filter(({ unsynced }) => unsynced !== true);
  return inSync.length > 0 ? inSync : takers;
};

/** Weighted rendezvous: the workers of a job in the order in which they try a tick. Every worker computes the same from the same list; the
 *  share of ticks at rank 0 goes by slots. Frozen by golden tests, since workers of two versions must agree. */
export const rankWorkers = (job: Placed, fireTime: number, peers: readonly Peer[], ranked: Ranked = 'tick'): readonly string[] =>
  inSyncOf(ranked === 'tick' ? tickTakersOf(job, peers) : takersOf(job, peers))
    .map(({ id, slots }) => ({ id, score: -slots / Math.log(hashUnit(`rank ${job.name} ${String(fireTime)} ${id}`)) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);

/** The rank of one worker, counted from 0; undefined where it does not try. `exclude`: a worker that gives way to the others, where there are any. */
export const rankOf = (
  id: string,
  job: Placed,
  fireTime: number,
  peers: readonly Peer[],
  ranked: Ranked = 'tick',
  exclude?: string,
): number | undefined => {
  const all = rankWorkers(job, fireTime, peers, ranked);
  const others = exclude === undefined ? all : all.filter((each) => each !== exclude);
  const rank = (others.length > 0 ? others : all).indexOf(id);
  return rank < 0 ? undefined : rank;
};
