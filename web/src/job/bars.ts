import type { RunView } from '../../../src/domain/wire.ts';

const [S, MIN, H, D] = [1_000, 60_000, 3_600_000, 86_400_000];
/** Lengths that a scale may end at: a person reads half of each without thinking. */
const TOPS: readonly number[] = [
  ...[10, 20, 40, 60, 100, 200, 400, 600, S, 2 * S, 4 * S, 6 * S, 10 * S, 20 * S, 30 * S],
  ...[MIN, 2 * MIN, 4 * MIN, 6 * MIN, 10 * MIN, 20 * MIN, 30 * MIN, H, 2 * H, 4 * H, 8 * H, 12 * H, D, 2 * D, 4 * D, 8 * D],
];
/** A run so many times as long as most is cut off at the top: else it would make all the others flat. */
const FAR = 4;

const topFor = (ms: number): number => TOPS.find((top) => top >= ms) ?? Math.ceil(ms / D) * D;

/** The length in ms at the upper end of the scale for these lengths. */
export const scaleOf = (lengths: readonly number[]): number => {
  const sorted = lengths.filter((ms) => ms > 0).sort((a, b) => a - b);
  const longest = sorted.at(-1);
  if (longest === undefined) return topFor(S);
  const most = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? longest;
  return topFor(longest > FAR * most ? 1.25 * most : longest);
};

/** The middle of the lengths: what is usual. */
export const medianOf = (lengths: readonly number[]): number | undefined => {
  const sorted = lengths.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
};

/** How high, 0 to 1, and whether the bar goes on beyond the scale. */
export const heightOf = (ms: number, top: number): { readonly share: number; readonly isCut: boolean } => ({
  share: Math.min(1, Math.max(0, ms) / top),
  isCut: ms > top,
});

/** How long a run took, or has taken until now; undefined where it never began. */
export const lengthOf = (
  run: Pick<RunView, 'durationMs' | 'state' | 'startedAt' | 'claimedAt' | 'fireTime'>,
  now: number,
): number | undefined => {
  if (run.durationMs !== undefined) return run.durationMs;
  return run.state === 'running' ? Math.max(0, now - Date.parse(run.startedAt ?? run.claimedAt ?? run.fireTime)) : undefined;
};
