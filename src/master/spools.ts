import { toMs } from '../domain/instant.ts';
import type { Presence } from '../domain/values.ts';

/** Above this part of its limit a spool counts as nearly full. */
const NEARLY = 0.75;
/** Ended runs that wait for longer in a spool are told: lists are short of them. */
const LONG_MS = 60_000;

/** Ended runs that wait in the spools of workers for the run log, as the workers said last. */
export const spooledRuns = (workers: Iterable<Presence>): number =>
  [...workers].reduce((sum, { spoolWaiting = 0 }) => sum + spoolWaiting, 0);

/** What the spools of all workers hold. `oldestMs`: so long ago ended the run that waits longest (0: none waits). */
export const spoolsOf = (workers: Iterable<Presence>, now: number) => {
  const all = [...workers];
  const sum = (of: (presence: Presence) => number | undefined): number => all.reduce((total, each) => total + (of(each) ?? 0), 0);
  const oldest = all.flatMap(({ spoolOldestAt }) => (spoolOldestAt === undefined ? [] : [toMs(spoolOldestAt)]));
  return {
    bytes: sum(({ spoolBytes }) => spoolBytes),
    cutBytes: sum(({ spoolCutBytes }) => spoolCutBytes),
    setAside: sum(({ setAside }) => setAside),
    filling: all.filter(({ spoolBytes = 0, spoolLimitBytes = Infinity }) => spoolBytes > NEARLY * spoolLimitBytes).length,
    waiting: spooledRuns(all),
    oldestMs: oldest.reduce((most, at) => Math.max(most, now - at), 0),
  };
};

/** What is wrong with the spools, in words that name neither jobs nor hosts. */
export const spoolWarnings = ({ filling, cutBytes, setAside, waiting, oldestMs }: ReturnType<typeof spoolsOf>): string[] => [
  ...(filling > 0
    ? [
        `the spool of ${String(filling)} worker(s) is nearly full, or its disk: the run log does not take what they have to tell, or others fill the disk`,
      ]
    : []),
  ...(oldestMs > LONG_MS
    ? [
        `${String(waiting)} ended run(s) wait in spools for the run log, the first for ${String(Math.round(oldestMs / 1_000))} s: lists do not show them yet`,
      ]
    : []),
  ...(cutBytes > 0
    ? [`${String(cutBytes)} bytes of output were thrown away by workers whose spool was full; no outcome was`]
    : []),
  ...(setAside > 0
    ? [`the run log refused ${String(setAside)} event(s): they lie in refused.ndjson in the spools of workers`]
    : []),
];
