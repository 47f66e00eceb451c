/** How long the ranks behind the first wait before they look (design.md §5.4). Pure. All lengths in ms. */
const LEAST_MS = 250;
const MOST_MS = 5_000;
/** A claim that takes four times as long as nearly all is not on its way any more. */
const TIMES_P99 = 4;
const KEPT = 200;
const KEPT_MS = 60_000;

/** How long this worker's own claims took: those of the last minute, and at most 200, oldest first. */
export type ClaimTimes = readonly { readonly at: number; readonly tookMs: number }[];
export const NO_CLAIMS: ClaimTimes = [];

/** Notes a claim that was answered at `at` (monotonic). */
export const noteClaim = (times: ClaimTimes, at: number, tookMs: number): ClaimTimes =>
  [...recent(times, at), { at, tookMs }].slice(-KEPT);

const recent = (times: ClaimTimes, now: number): ClaimTimes => times.filter(({ at }) => now - at <= KEPT_MS);

/** What each rank waits longer than the one before it: 250 ms, or four times what 99 of 100 own claims take, where that is longer. A claim that has no answer yet, ordered at
 *  `oldestAt`, takes at least as long as it has waited. */
export const rankWaitOf = (times: ClaimTimes, now: number, oldestAt = now): number => {
  const took = recent(times, now)
    .map(({ tookMs }) => tookMs)
    .toSorted((a, b) => a - b);
  const p99 = took[Math.max(0, Math.ceil(took.length * 0.99) - 1)] ?? 0;
  return Math.max(LEAST_MS, Math.round(TIMES_P99 * Math.max(p99, now - oldestAt)));
};

/** When a rank looks, from the fire time on: never later than 5 s, nor than half of what makes a tick late. Rank 0 does not wait. */
export const waitOfRank = (rank: number, rankWaitMs: number, lateAfterMs: number): number =>
  Math.min(rank * rankWaitMs, Math.max(MOST_MS, rank * LEAST_MS), Math.max(rank * LEAST_MS, lateAfterMs / 2));
