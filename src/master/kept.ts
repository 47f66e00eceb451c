import type { Clock } from '../streams/clock.ts';

/** What takes less is made anew each time. */
const QUICK_MS = 20;
const TIMES = 10;
const LONGEST_MS = 60_000;
const MOST_KEPT = 100;

/** Answers that cost much: one in the making for all who ask the same, and then kept ten times as long as it took, a minute at most. So whoever asks, and however often, it takes a tenth of the time; and
 *  where it is quick it is always new. A failure is not kept. */
export const createKept = <T>({ monotonic }: Pick<Clock, 'monotonic'>) => {
  const entries = new Map<string, { readonly found: Promise<T>; until: number }>();
  return (key: string, make: () => Promise<T>): Promise<T> => {
    const now = monotonic();
    const known = entries.get(key);
    if (known && now < known.until) return known.found;
    for (const [other, { until }] of entries) if (now >= until || entries.size >= MOST_KEPT) entries.delete(other);
    const entry = { found: make(), until: Number.POSITIVE_INFINITY };
    entries.set(key, entry);
    entry.found.then(
      () => {
        const end = monotonic();
        entry.until = end + Math.min(LONGEST_MS, TIMES * Math.max(0, end - now - QUICK_MS));
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    return entry.found;
  };
};

/** At most so many at once; who comes later waits for its turn. */
export const inTurns = (most: number) => {
  const waiting: (() => void)[] = [];
  let free = most;
  return async <T>(act: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
};
