import type { StoredRunEvent } from './events.ts';
import { HOUR_MS, hourOf, leastIdAt } from './stats.ts';

export const DAY_MS = 86_400_000;

/** How long runs are kept: so many days, and of a job so many. Absent: for ever. */
export type Retention = { readonly days?: number; readonly runs?: number };

/** What counts for a job: its own days, or those of the cluster (0: for ever); its own number of runs. */
export const retentionOf = (own: Retention, clusterDays: number): Retention => {
  const days = own.days ?? (clusterDays > 0 ? clusterDays : undefined);
  return { ...(days === undefined ? {} : { days }), ...(own.runs === undefined ? {} : { runs: own.runs }) };
};

/** Runs below this id may go: their hour is over and its statistics are made, or will be from what stays. Those of this hour and the one before never do. */
export const keptFrom = (now: number): string => leastIdAt(hourOf(now) - HOUR_MS);

/** Runs below this id are older than so many days: by whole hours, so that no hour is left in part and made anew from that. */
export const agedBelow = (days: number, now: number): string => leastIdAt(hourOf(now - days * DAY_MS));

/** The ended runs of a job with ids below this are to go; undefined: none. `nthNewest` is the id of the oldest of the `runs` that stay, where there are so many. */
export const forgottenBelow = ({ days }: Retention, nthNewest: string | undefined, now: number): string | undefined => {
  const bounds = [...(days === undefined ? [] : [agedBelow(days, now)]), ...(nthNewest === undefined ? [] : [nthNewest])];
  const [highest] = bounds.toSorted((a, b) => (a < b ? 1 : -1));
  const kept = keptFrom(now);
  return highest === undefined || highest < kept ? highest : kept;
};

/** Whether a command of the run was abandoned and its real end is not told (`finished` and `attemptEnded` are told twice of such an attempt): it may print still, and what it prints belongs to this run. */
export const goesOn = (events: readonly StoredRunEvent[]): boolean => {
  const open = new Map<number, number>();
  for (const event of events) if (event.type === 'overdue' && event.action === 'abandon') open.set(event.attempt, 2);
  for (const event of events)
    if (event.type === 'finished' || event.type === 'attemptEnded') {
      const left = open.get(event.attempt);
      if (left !== undefined) open.set(event.attempt, left - 1);
    }
  return [...open.values()].some((left) => left > 0);
};
