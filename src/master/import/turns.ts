import type { Clock } from '../../streams/clock.ts';

const TURN_MS = 8;

/** Lets others have the loop after every few milliseconds of work: to be awaited before each piece. */
export const createTurns = (clock: Clock): (() => Promise<void>) => {
  let since = clock.monotonic();
  return async () => {
    if (clock.monotonic() - since < TURN_MS) return;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    since = clock.monotonic();
  };
};

/** Does something with all items, at most `size` at once, in their order; answers in their order. The first error ends it. */
export const inPool = async <T, R>(items: readonly T[], size: number, each: (item: T) => Promise<R>): Promise<R[]> => {
  const answers = new Array<R>(items.length);
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      const item = items[index] as T;
      answers[index] = await each(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(size, items.length) }, one));
  return answers;
};
