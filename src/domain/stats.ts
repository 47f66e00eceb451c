import type { Outcome } from './words.ts';

/** Lengths or delays of many, in milliseconds: how many, their sum, least and most, and a histogram. `buckets` holds `[index, count]` of those that are not empty, by rising index. */
export type Spread = {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly buckets: readonly (readonly [index: number, count: number])[];
};

/** What became of many runs. `lateness` is of those that the schedule asked for: what was caught up or asked for by a person is not late. */
export type Tally = {
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly duration: Spread;
  readonly lateness: Spread;
};

/** The runs of a job that were decided within an hour (UTC), which `hour` begins, in ms since the epoch. */
export type HourStats = Tally & { readonly job: string; readonly hour: number };

/** What statistics look at of an ended run. */
export type RunFacts = {
  readonly job: string;
  readonly outcome: string;
  /** Absent where it never started. */
  readonly durationMs?: number;
  /** Absent where it was not asked for by the schedule. */
  readonly latenessMs?: number;
};

export const HOUR_MS = 3_600_000;
export const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

/** When a run id was made, in ms since the epoch: ids are UUIDv7. Undefined for any other id. */
export const timeOfId = (id: string): number | undefined =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;

/** The least id of that instant: ids of that time on compare above it, earlier ones below. */
export const leastIdAt = (ms: number): string => {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7`;
};

const NOTHING: Spread = { count: 0, sum: 0, min: 0, max: 0, buckets: [] };
export const EMPTY_TALLY: Tally = { outcomes: {}, duration: NOTHING, lateness: NOTHING };

/** Four buckets to each doubling: a percentile is at most a fifth off. Bucket 0 is below 1 ms, bucket i below 2^(i/4). */
const PER_DOUBLING = 4;
const bucketOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.floor(Math.log2(ms) * PER_DOUBLING));
const lowerOf = (index: number): number => (index === 0 ? 0 : 2 ** ((index - 1) / PER_DOUBLING));
const upperOf = (index: number): number => 2 ** (index / PER_DOUBLING);

const spreadOf = (values: readonly number[]): Spread => {
  if (values.length === 0) return NOTHING;
  const counts = new Map<number, number>();
  let [sum, min, max] = [0, Number.POSITIVE_INFINITY, 0];
  for (const given of values) {
    const value = Math.max(0, given);
    const index = bucketOf(value);
    counts.set(index, (counts.get(index) ?? 0) + 1);
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { count: values.length, sum, min, max, buckets: sorted(counts) };
};

const sorted = (counts: ReadonlyMap<number, number>): Spread['buckets'] => [...counts].toSorted(([a], [b]) => a - b);

/** The tally of runs. Pure: the same runs give the same tally, in whatever order. */
export const tallyOf = (runs: readonly Omit<RunFacts, 'job'>[]): Tally => {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of runs) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const numbers = (of: 'durationMs' | 'latenessMs'): readonly number[] =>
    runs.flatMap((run) => (run[of] === undefined ? [] : [run[of]]));
  return { outcomes, duration: spreadOf(numbers('durationMs')), lateness: spreadOf(numbers('latenessMs')) };
};

const bothOf = (a: Spread, b: Spread): Spread => {
  if (a.count === 0 || b.count === 0) return a.count === 0 ? b : a;
  const counts = new Map(a.buckets);
  for (const [index, count] of b.buckets) counts.set(index, (counts.get(index) ?? 0) + count);
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    buckets: sorted(counts),
  };
};

/** The tally of the runs of both. */
export const added = (a: Tally, b: Tally): Tally => {
  const outcomes: Record<string, number> = { ...a.outcomes };
  for (const [outcome, count] of Object.entries(b.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  return { outcomes, duration: bothOf(a.duration, b.duration), lateness: bothOf(a.lateness, b.lateness) };
};

/** So many ms are not exceeded by that part of all, at most a fifth off, never outside of what was seen. Undefined where there is none. */
export const percentile = ({ count, min, max, buckets }: Spread, part: number): number | undefined => {
  if (count === 0) return undefined;
  const rank = Math.max(1, Math.ceil(part * count));
  let seen = 0;
  for (const [index, inside] of buckets) {
    seen += inside;
    if (seen < rank) continue;
    const within = (rank - (seen - inside) - 0.5) / inside;
    const value = lowerOf(index) + within * (upperOf(index) - lowerOf(index));
    return Math.round(Math.min(max, Math.max(min, value)));
  }
  return max;
};

/** How many runs there were, and how many of them went wrong. What was skipped never ran, and what was killed was ended by intent, by a person or by overlap `replace`: an hour knows outcomes and no
 *  reasons, so killed runs are counted as a whole, in `outcomes` only. */
export const countsOf = ({ outcomes }: Tally): { readonly runs: number; readonly failing: number } => {
  const runs = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  return { runs, failing: (outcomes.failed ?? 0) + (outcomes.timedOut ?? 0) + (outcomes.lost ?? 0) };
};

/** What an ended run's document says for statistics. */
export const factsOf = ({
  job,
  outcome = 'lost',
  trigger,
  durationMs,
  latenessMs,
}: {
  readonly job: string;
  readonly outcome?: string;
  readonly trigger: string;
  readonly durationMs?: number;
  readonly latenessMs?: number;
}): RunFacts => ({
  job,
  outcome,
  ...(durationMs === undefined ? {} : { durationMs }),
  ...(trigger === 'schedule' && latenessMs !== undefined ? { latenessMs } : {}),
});

/** The statistics of an hour from the runs that were decided in it; of each of the jobs that are asked for, also where none of its runs is there any more. */
export const statsOfHour = (hour: number, jobs: readonly string[], facts: readonly RunFacts[]): readonly HourStats[] => {
  const byJob = new Map<string, RunFacts[]>(jobs.map((job) => [job, []]));
  for (const each of facts) byJob.get(each.job)?.push(each);
  return [...byJob].map(([job, runs]) => ({ job, hour, ...tallyOf(runs) }));
};
