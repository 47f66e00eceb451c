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

/** The hours that begin at or after the one instant and before the other, in order. */
export const wholeHours = (from: number, to: number): readonly number[] => {
  const first = Math.ceil(Math.max(0, from) / HOUR_MS);
  return Array.from({ length: Math.max(0, Math.ceil(to / HOUR_MS) - first) }, (_, n) => (first + n) * HOUR_MS);
};

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

const createSpread = () => {
  const counts = new Map<number, number>();
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, 0];
  const put = (index: number, more: number): void => void counts.set(index, (counts.get(index) ?? 0) + more);
  return {
    value: (given: number): void => {
      const value = Math.max(0, given);
      put(bucketOf(value), 1);
      count += 1;
      sum += value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    },
    add: (other: Spread): void => {
      if (other.count === 0) return;
      for (const [index, more] of other.buckets) put(index, more);
      count += other.count;
      sum += other.sum;
      min = Math.min(min, other.min);
      max = Math.max(max, other.max);
    },
    spread: (): Spread => (count === 0 ? NOTHING : { count, sum, min, max, buckets: [...counts].toSorted(([a], [b]) => a - b) }),
  };
};

/** Adds up runs and tallies in place: of many thousands, that costs a tenth of making a tally of each two. */
export const createSum = () => {
  const outcomes: Record<string, number> = {};
  const [duration, lateness] = [createSpread(), createSpread()];
  return {
    run: ({ outcome, durationMs, latenessMs }: Omit<RunFacts, 'job'>): void => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (durationMs !== undefined) duration.value(durationMs);
      if (latenessMs !== undefined) lateness.value(latenessMs);
    },
    add: (other: Tally): void => {
      for (const [outcome, count] of Object.entries(other.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
      duration.add(other.duration);
      lateness.add(other.lateness);
    },
    tally: (): Tally => ({ outcomes: { ...outcomes }, duration: duration.spread(), lateness: lateness.spread() }),
  };
};
export type Sum = ReturnType<typeof createSum>;

/** The tally of runs. Pure: the same runs give the same tally, in whatever order. */
export const tallyOf = (runs: readonly Omit<RunFacts, 'job'>[]): Tally => {
  const sum = createSum();
  for (const run of runs) sum.run(run);
  return sum.tally();
};

/** The tally of the runs of both. */
export const added = (a: Tally, b: Tally): Tally => {
  const sum = createSum();
  sum.add(a);
  sum.add(b);
  return sum.tally();
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
