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

/** The ended runs of a job with ids below this are to go; undefined: none. `nthNewest` is the id of the oldest of the `runs` that stay, where there are so many. */
export const forgottenBelow = ({ days }: Retention, nthNewest: string | undefined, now: number): string | undefined => {
  const bounds = [
    ...(days === undefined ? [] : [leastIdAt(now - days * DAY_MS)]),
    ...(nthNewest === undefined ? [] : [nthNewest]),
  ];
  const [highest] = bounds.toSorted((a, b) => (a < b ? 1 : -1));
  const kept = keptFrom(now);
  return highest === undefined || highest < kept ? highest : kept;
};
