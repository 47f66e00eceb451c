import type { SpreadView } from './wire.ts';

/** How long runs of a job took (ms). */
export type Measured = Pick<SpreadView, 'count' | 'p95'>;

/** So few runs say nothing of the next. */
const FEWEST = 5;

/** What a job's runs take (p95, ms) and how near its fire times come to each other, where the first is longer than the second; undefined where not, or where too little is known. */
export const overlapOf = (
  duration: Measured | undefined,
  fires: readonly number[],
): { readonly tookMs: number; readonly apartMs: number } | undefined => {
  if (!duration || duration.count < FEWEST || fires.length < 2) return undefined;
  const apartMs = Math.min(...fires.slice(1).map((at, index) => at - (fires[index] ?? at)));
  return duration.p95 > apartMs ? { tookMs: duration.p95, apartMs } : undefined;
};
