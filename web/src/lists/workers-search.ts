import { useSearchParams } from 'wouter';
import { hasWords } from '../../../src/domain/search.ts';
import type { WorkerView } from '../../../src/domain/wire.ts';

/** Off by so much a clock is worth an eye; a worker tells of itself every five seconds. ms. */
export const [OFF_MS, SILENT_MS] = [500, 12_000];
/** From this part of its limit on a spool is told as nearly full, as the master's own health is. */
const NEARLY = 0.75;

/** Whether a spool is nearly full. */
export const isFilling = ({ spoolBytes = 0, spoolLimitBytes = Infinity }: WorkerView): boolean =>
  spoolBytes > NEARLY * spoolLimitBytes;

/** Ended runs wait in its spool for longer than the run log should need, as the master's own health tells it. ms. */
const LONG_MS = 60_000;
export const isBehind = ({ spoolOldestAt }: WorkerView, at: number): boolean =>
  spoolOldestAt !== undefined && at - Date.parse(spoolOldestAt) > LONG_MS;

/** Whether somebody should have a look at a worker: it takes less than it could, or something of it is not right. `at`: now, ms since the epoch. */
export const needsLook = (worker: WorkerView, at: number): boolean =>
  worker.draining ||
  worker.passes !== undefined ||
  Math.abs(worker.clockOffsetMs ?? 0) >= OFF_MS ||
  at - Date.parse(worker.lastSeenAt) > SILENT_MS ||
  isFilling(worker) ||
  isBehind(worker, at) ||
  (worker.spoolCutBytes ?? 0) > 0 ||
  (worker.setAside ?? 0) > 0;

/** The workers that have every word of what is looked for, among what one sees of them. */
export const workersAsked = (q: string): ((worker: WorkerView) => boolean) => {
  const hasAsked = hasWords(q);
  return ({ id, name, host, version, labels, allow = [], users = [] }) =>
    hasAsked([name, id, host, version, ...labels, ...allow, ...users]);
};

type Asked = { readonly q: string; readonly isOnlyLook: boolean };
const LOOK = 'look';

/** What is looked for lives in the address, as in the other lists. */
export const useWorkersSearch = (): Asked & { readonly change: (some: Partial<Asked>) => void } => {
  const [search, setSearch] = useSearchParams();
  const read = (from: URLSearchParams): Asked => ({ q: from.get('q')?.trim() ?? '', isOnlyLook: from.has(LOOK) });
  return {
    ...read(search),
    change: (some) =>
      setSearch(
        (before) => {
          const { q, isOnlyLook } = { ...read(before), ...some };
          return { ...(q !== '' && { q }), ...(isOnlyLook && { [LOOK]: '1' }) };
        },
        { replace: true },
      ),
  };
};
