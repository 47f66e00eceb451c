import type { RunView } from '../../../src/domain/wire.ts';
import { medianOf } from '../job/bars.ts';

/** So many runs of a job have to be known before one can say what is usual. */
const ENOUGH = 4;
/** From here on a run is slow: so many times the usual, and not merely by a blink. */
const SLOW = 2;
const BLINK_MS = 1_000;
/** Below this all are equally short. */
const SHORT_MS = 100;

type Ended = Pick<RunView, 'job' | 'durationMs'>;

export type Lengths = {
  /** The longest, in ms. */
  readonly top: number;
  /** What is usual for each job of which enough runs are here, in ms. */
  readonly usualOf: ReadonlyMap<string, number>;
};

/** How long runs take: all, and by job. */
export const lengthsOf = (runs: readonly Ended[]): Lengths => {
  const byJob = new Map<string, number[]>();
  let top = 0;
  for (const { job, durationMs } of runs) {
    if (durationMs === undefined) continue;
    top = Math.max(top, durationMs);
    const of = byJob.get(job);
    if (of) of.push(durationMs);
    else byJob.set(job, [durationMs]);
  }
  const usualOf = new Map<string, number>();
  for (const [job, of] of byJob) {
    const usual = of.length >= ENOUGH ? medianOf(of) : undefined;
    if (usual !== undefined) usualOf.set(job, usual);
  }
  return { top, usualOf };
};

/** How long a bar is, 0 to 1. By the logarithm: seconds and hours stand in one list. */
export const shareOf = (ms: number, top: number): number =>
  ms <= 0 || top <= 0 ? 0 : Math.min(1, Math.log1p(ms / SHORT_MS) / Math.log1p(Math.max(top, SHORT_MS) / SHORT_MS));

/** How many times the usual a run took, where that is worth a word. */
export const slownessOf = (ms: number, usual: number | undefined): number | undefined => {
  if (usual === undefined || ms - usual < BLINK_MS) return undefined;
  const times = ms / Math.max(1, usual);
  return times < SLOW ? undefined : times;
};
