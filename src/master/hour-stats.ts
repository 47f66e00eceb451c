import { DAY_MS } from '../domain/retention.ts';
import { createSum, HOUR_MS, hourOf, leastIdAt, type HourStats, type Sum, type Tally } from '../domain/stats.ts';
import type { Clock } from '../streams/clock.ts';
import type { LogUpkeep, TouchedHour } from '../streams/ports.ts';
import { createKept, inTurns } from './kept.ts';
import { badField } from './problems.ts';

/** Marks of an hour stay for so long after its end: a worker marks the present hour once, by its own clock. */
const AFTER_END_MS = 600_000;
const AT_ONCE = 500;

type Marked = HourStats & { readonly mark: string };

/** The statistics of touched hours as they are now, computed from the runs of those hours. */
const computed = async (log: Pick<LogUpkeep, 'statsOf'>, touched: readonly TouchedHour[]): Promise<readonly Marked[]> => {
  const all: Marked[] = [];
  for (const [hour, marks] of byHour(touched)) {
    const markOf = new Map(marks.map(({ job, mark }) => [job, mark]));
    for (const stats of await log.statsOf(hour, [...markOf.keys()])) all.push({ ...stats, mark: markOf.get(stats.job) ?? '' });
  }
  return all;
};

const byHour = (touched: readonly TouchedHour[]): ReadonlyMap<number, readonly TouchedHour[]> => {
  const hours = new Map<number, TouchedHour[]>();
  for (const each of touched) hours.set(each.hour, [...(hours.get(each.hour) ?? []), each]);
  return hours;
};

/** Makes the statistics of hours that are over and were touched; answers of how many. A step: there may be more. Runs of a job below the id `agedAt` are gone or will be: where statistics of such an hour are
 *  there they stay, rather than be made of what came too late. */
export const settleHours = async (
  log: Pick<LogUpkeep, 'touchedHours' | 'statsOf' | 'putHours' | 'hours'>,
  now: number,
  agedAt: (job: string) => string | undefined = () => undefined,
): Promise<number> => {
  const touched = await log.touchedHours({ before: hourOf(now - AFTER_END_MS), limit: AT_ONCE });
  const [kept, open]: [Marked[], TouchedHour[]] = [[], []];
  for (const each of touched) {
    const { hour, job, mark } = each;
    const stored =
      leastIdAt(hour) < (agedAt(job) ?? '') ? await firstOf(log.hours({ from: hour, to: hour + HOUR_MS, job })) : undefined;
    if (stored) kept.push({ ...stored, mark });
    else open.push(each);
  }
  await log.putHours([...kept, ...(await computed(log, open))]);
  return touched.length;
};

const firstOf = async <T>(pages: AsyncIterable<readonly T[]>): Promise<T | undefined> => {
  for await (const [first] of pages) if (first !== undefined) return first;
  return undefined;
};

/** Of hours before the last two, so many of those that were touched and are not stored anew yet, the newest, are computed on reading: the leader has them within a minute or so, and after the run log was
 *  away there may be thousands. */
const MOST_OLDER = 200;
/** Of this hour and of the one before: all jobs that ran in it. */
const MOST_JOBS = 100_000;
const FURTHEST_MS = 400 * DAY_MS;
/** Hours of jobs that are added up for one answer: a minute or so. */
const MOST_ROWS = 2_000_000;
/** Walks over the hours of all jobs. */
const MOST_AT_ONCE = 2;

export type StatsQuery = { readonly from: number; readonly to: number; readonly job?: string };

/** What the runs of some hours came to. Of a job or an hour without runs there may be nothing. */
export type Sums = {
  readonly total: Tally;
  readonly hours: ReadonlyMap<number, Tally>;
  readonly jobs: ReadonlyMap<string, Tally>;
};

type Deps = {
  readonly log: Pick<LogUpkeep, 'touchedHours' | 'statsOf' | 'hours'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
};
export type HourSums = ReturnType<typeof createHourSums>;

/** Adds up the statistics of whole hours from `from` on and before `to`: those that are stored, and those that were touched since, this hour among them, computed now (see `createKept` for how new that is).
 *  What is read of the store is read page by page and not held. */
export const createHourSums = ({ log, clock }: Deps) => {
  const changes = createKept<readonly HourStats[]>(clock);
  const answers = createKept<Sums>(clock);
  const inTurn = inTurns(MOST_AT_ONCE);

  const changedOfAll = async (): Promise<readonly HourStats[]> => {
    const recent = hourOf(clock.now()) - HOUR_MS;
    const older = { from: recent - FURTHEST_MS, before: recent, isDown: true, limit: MOST_OLDER };
    return computed(log, [
      ...(await log.touchedHours({ from: recent, before: recent + DAY_MS, isDown: true, limit: MOST_JOBS })),
      ...(await log.touchedHours(older)),
    ]);
  };

  const sumUp = async (query: StatsQuery): Promise<Sums> => {
    const { from, to, job } = query;
    const changed =
      job === undefined
        ? await changes('', changedOfAll)
        : await computed(log, await log.touchedHours({ from, before: to, job, isDown: true, limit: MOST_OLDER }));
    const within = changed.filter(({ hour }) => hour >= from && hour < to);
    const isOld = new Set(within.map(nameOf));
    const changedHours = new Set(within.map(({ hour }) => hour));
    const [total, hours, jobs] = [createSum(), new Map<number, Sum>(), new Map<string, Sum>()];
    const add = (stats: HourStats): void => {
      total.add(stats);
      sumIn(hours, stats.hour).add(stats);
      sumIn(jobs, stats.job).add(stats);
    };
    let rows = 0;
    for await (const page of log.hours(query)) {
      for (const stats of page) if (!changedHours.has(stats.hour) || !isOld.has(nameOf(stats))) add(stats);
      rows += page.length;
      if (rows > MOST_ROWS)
        throw badField('/from', 'invalid', 'these are too many hours of jobs: ask for fewer days, or for one job');
    }
    within.forEach(add);
    return { total: total.tally(), hours: tallies(hours), jobs: tallies(jobs) };
  };

  return {
    between: ({ from, to, job }: StatsQuery): Promise<Sums> => {
      const query = { from: hourOf(from), to: Math.ceil(to / HOUR_MS) * HOUR_MS, ...(job === undefined ? {} : { job }) };
      return answers(JSON.stringify(query), () => (job === undefined ? inTurn(() => sumUp(query)) : sumUp(query)));
    },
  };
};

const sumIn = <K>(sums: Map<K, Sum>, key: K): Sum => {
  const sum = sums.get(key) ?? createSum();
  sums.set(key, sum);
  return sum;
};
const tallies = <K>(sums: ReadonlyMap<K, Sum>): ReadonlyMap<K, Tally> =>
  new Map([...sums].map(([key, sum]) => [key, sum.tally()]));
const nameOf = ({ job, hour }: { readonly job: string; readonly hour: number }): string => `${String(hour)}/${job}`;
