import { HOUR_MS, hourOf, statsOfHour, type HourStats } from '../domain/stats.ts';
import type { LogUpkeep, TouchedHour } from '../streams/ports.ts';

/** Marks of an hour stay for so long after its end: a worker marks the present hour once, by its own clock. */
const AFTER_END_MS = 600_000;
const AT_ONCE = 500;

type Marked = HourStats & { readonly mark: string };

/** The statistics of touched hours as they are now, computed from the runs of those hours. */
const computed = async (log: Pick<LogUpkeep, 'factsOf'>, touched: readonly TouchedHour[]): Promise<readonly Marked[]> => {
  const all: Marked[] = [];
  for (const [hour, marks] of byHour(touched)) {
    const jobs = marks.map(({ job }) => job);
    const markOf = new Map(marks.map(({ job, mark }) => [job, mark]));
    for (const stats of statsOfHour(hour, jobs, await log.factsOf(hour, jobs)))
      all.push({ ...stats, mark: markOf.get(stats.job) ?? '' });
  }
  return all;
};

const byHour = (touched: readonly TouchedHour[]): ReadonlyMap<number, readonly TouchedHour[]> => {
  const hours = new Map<number, TouchedHour[]>();
  for (const each of touched) hours.set(each.hour, [...(hours.get(each.hour) ?? []), each]);
  return hours;
};

/** Makes the statistics of hours that are over and were touched; answers of how many. A step: there may be more. */
export const settleHours = async (
  log: Pick<LogUpkeep, 'touchedHours' | 'factsOf' | 'putHours'>,
  now: number,
): Promise<number> => {
  const touched = await log.touchedHours({ before: hourOf(now - AFTER_END_MS), limit: AT_ONCE });
  await log.putHours(await computed(log, touched));
  return touched.length;
};

export type StatsQuery = { readonly from: number; readonly to: number; readonly job?: string };

/** The statistics of whole hours from `from` on and before `to`: those that are stored, and those that were touched since, this hour among them, computed now. */
export const statsBetween = async (
  log: Pick<LogUpkeep, 'touchedHours' | 'factsOf' | 'hours'>,
  { from, to, job }: StatsQuery,
): Promise<readonly HourStats[]> => {
  const [start, end] = [hourOf(from), Math.ceil(to / HOUR_MS) * HOUR_MS];
  const of = job === undefined ? {} : { job };
  const found = new Map((await log.hours({ from: start, to: end, ...of })).map((stats) => [nameOf(stats), stats]));
  const touched = await log.touchedHours({ from: start, before: end, limit: MOST_TOUCHED });
  for (const { mark: _mark, ...stats } of await computed(
    log,
    touched.filter((each) => job === undefined || each.job === job),
  ))
    found.set(nameOf(stats), stats);
  return [...found.values()];
};

const MOST_TOUCHED = 100_000;
const nameOf = ({ job, hour }: { readonly job: string; readonly hour: number }): string => `${String(hour)}/${job}`;
