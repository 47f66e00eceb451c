import { randomUUID } from 'node:crypto';
import { MongoServerError, type Collection, type Filter } from 'mongodb';
import {
  added,
  EMPTY_TALLY,
  HOUR_MS,
  hourOf,
  tallyOf,
  timeOfId,
  wholeHours,
  type HourStats,
  type Spread,
} from '../../domain/stats.ts';
import type { Clock } from '../../streams/clock.ts';
import type { ForgottenRun, LogUpkeep, TouchedHour } from '../../streams/ports.ts';
import { byIds } from './by-ids.ts';
import { DUPLICATE_KEY } from './faults.ts';

/** `<hour, ms since the epoch, 16 digits>/<job>`: ids sort as hours do. */
type HourRow = Omit<HourStats, 'duration' | 'lateness'> & {
  readonly _id: string;
  readonly duration: SpreadRow;
  readonly lateness: SpreadRow;
};
/** FerretDB keeps no arrays in arrays: index and count stand one after the other. */
type SpreadRow = Omit<Spread, 'buckets'> & { readonly buckets: readonly number[] };
type TouchedRow = TouchedHour & { readonly _id: string };
/** The tally of the runs that retention has removed, and the ids of the last of them: they may be there still where it was interrupted, and count once. */
type GoneRow = HourRow & { readonly ids: readonly string[] };
export type HourCollections = {
  readonly hours: Collection<HourRow>;
  readonly touched: Collection<TouchedRow>;
  readonly gone: Collection<GoneRow>;
};

type TouchedQuery = Parameters<LogUpkeep['touchedHours']>[0];
type HoursQuery = Parameters<LogUpkeep['hours']>[0];

const MOST_RACES = 10;
/** Rows that come over the wire in one message: to read them takes some milliseconds, and the loop belongs to others too. */
const ROWS_AT_ONCE = 200;
const IDS_AT_ONCE = 500;
const digits = (hour: number): string => String(Math.max(0, hour)).padStart(16, '0');
const idOf = ({ job, hour }: { readonly job: string; readonly hour: number }): string => `${digits(hour)}/${job}`;
const between = (from: number, to: number) => ({ _id: { $gte: digits(from), $lt: digits(to) } });

const ofJob = (job: string, all: readonly number[], isDown: boolean) => {
  const ids = all.map((hour) => idOf({ job, hour }));
  const chunks = Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, n) => ({
    _id: { $in: ids.slice(n * IDS_AT_ONCE, (n + 1) * IDS_AT_ONCE) },
  }));
  return isDown ? chunks.toReversed() : chunks;
};

const toSpreadRow = (spread: Spread): SpreadRow => ({ ...spread, buckets: spread.buckets.flat() });
const fromSpreadRow = ({ buckets, ...spread }: SpreadRow): Spread => ({
  ...spread,
  buckets: buckets.flatMap((index, at) => (at % 2 === 0 ? [[index, buckets[at + 1] ?? 0] as const] : [])),
});

/** Statistics of hours, and which of them are to be made anew. */
export const hoursIn = ({ hours, touched, gone }: HourCollections, clock: Clock) => {
  /** Of the present hour each job is marked once by a process: marks of an hour stay until well after its end, whatever the clocks of the others say. */
  let marked = new Set<string>();
  let markedIn = -1;

  /** Of two upserts that both found nothing one fails: it finds something when it tries again. */
  const upsert = async (act: () => Promise<unknown>): Promise<void> => {
    for (let race = 1; ; race += 1) {
      try {
        await act();
        return;
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY || race >= MOST_RACES) throw error;
      }
    }
  };

  const rowOf = <T extends HourStats>(stats: T) => ({
    ...stats,
    duration: toSpreadRow(stats.duration),
    lateness: toSpreadRow(stats.lateness),
  });
  const read = ({ _id, duration, lateness, ...row }: HourRow): HourStats => ({
    ...row,
    duration: fromSpreadRow(duration),
    lateness: fromSpreadRow(lateness),
  });
  /** Rows all of whose `ids` this process has seen removed. */
  let settled: ReadonlySet<string> = new Set();

  return {
    /** To be called before these runs are removed, and again with `isDone` when they are: so each counts once, also where a process dies in between. */
    addGone: async (runs: readonly ForgottenRun[]): Promise<{ readonly isDone: () => void }> => {
      const byRow = new Map<string, { readonly job: string; readonly hour: number; readonly runs: ForgottenRun[] }>();
      for (const run of runs) {
        const madeAt = timeOfId(run.id);
        if (!run.counted || madeAt === undefined) continue;
        const of = { job: run.counted.job, hour: hourOf(madeAt) };
        const row = byRow.get(idOf(of)) ?? { ...of, runs: [] };
        byRow.set(idOf(of), row);
        row.runs.push(run);
      }
      const before = new Map<string, GoneRow>();
      for await (const row of byIds(gone, [...byRow.keys()])) before.set(row._id, row);
      const known = settled;
      settled = new Set();
      for (const [_id, { job, hour, runs }] of byRow) {
        const row = before.get(_id);
        const fresh = runs.filter(({ id }) => !row?.ids.includes(id));
        if (fresh.length === 0) continue;
        const tally = added(row ? read(row) : EMPTY_TALLY, tallyOf(fresh.flatMap(({ counted }) => counted ?? [])));
        const ids = [...(row && !known.has(_id) ? row.ids : []), ...fresh.map(({ id }) => id)];
        await upsert(() => gone.replaceOne({ _id }, { ...rowOf({ job, hour, ...tally }), ids }, { upsert: true }));
      }
      return {
        isDone: () => {
          settled = new Set(byRow.keys());
        },
      };
    },
    gone: async (
      hour: number,
      jobs: readonly string[],
    ): Promise<readonly { readonly stats: HourStats; readonly ids: readonly string[] }[]> => {
      const few = jobs.length <= IDS_AT_ONCE;
      const filter = few ? { _id: { $in: jobs.map((job) => idOf({ job, hour })) } } : between(hour, hour + HOUR_MS);
      return (await gone.find(filter).toArray()).map(({ ids, ...row }) => ({ stats: read(row), ids }));
    },
    touch: async (all: Iterable<{ readonly job: string; readonly hour: number }>): Promise<void> => {
      const now = Math.floor(clock.now() / HOUR_MS) * HOUR_MS;
      if (now !== markedIn) [marked, markedIn] = [new Set(), now];
      const open = [...all].filter((each) => !marked.has(idOf(each)));
      for (const { job, hour } of open) {
        const _id = idOf({ job, hour });
        await upsert(() => touched.replaceOne({ _id }, { job, hour, mark: randomUUID() }, { upsert: true }));
        if (hour === now) marked.add(_id);
      }
    },
    touched: async ({ from = 0, before, job, isDown = false, limit }: TouchedQuery): Promise<readonly TouchedHour[]> => {
      const sort = { _id: isDown ? -1 : 1 } as const;
      const found: TouchedRow[] = [];
      for (const filter of job === undefined ? [between(from, before)] : ofJob(job, wholeHours(from, before), isDown))
        if (found.length < limit)
          found.push(
            ...(await touched
              .find(filter)
              .sort(sort)
              .limit(limit - found.length)
              .toArray()),
          );
      return found.map(({ _id, ...row }) => row);
    },
    put: async (all: readonly (HourStats & { readonly mark: string })[]): Promise<void> => {
      for (const { mark, ...stats } of all) {
        const _id = idOf(stats);
        await upsert(() => hours.replaceOne({ _id }, rowOf(stats), { upsert: true }));
        await touched.deleteOne({ _id, mark });
      }
    },
    /** Where rows are: of a job by their ids, which the server finds each for itself. */
    filters: ({ from, to, job }: HoursQuery) =>
      job === undefined ? [between(from, to)] : ofJob(job, wholeHours(from, to), false),
    rows: (filter: Filter<HourRow>) => hours.find(filter, { batchSize: ROWS_AT_ONCE }).sort({ _id: 1 }),
    read,
    remove: async (before: number, limit: number): Promise<number> => {
      const old = await removeOf(hours, before, limit);
      return Math.max(old, await removeOf(gone, before, limit));
    },
  };
};

const removeOf = async <T extends HourRow>(rows: Collection<T>, before: number, limit: number): Promise<number> => {
  const found = await rows
    .find(between(0, before) as Filter<T>, { projection: { _id: 1 } })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  if (found.length === 0) return 0;
  return (await rows.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } } as Filter<T>)).deletedCount;
};

export type MongoHours = ReturnType<typeof hoursIn>;
