import { timer, type MonoTypeOperatorFunction, retry } from 'rxjs';
import type { Clock } from './clock.ts';

export type Backoff = {
  readonly firstMs?: number;
  readonly mostMs?: number;
  /** Told of each failure before the wait. */
  readonly onError?: (error: unknown, waitMs: number) => void;
  /** In [0, 1). */
  readonly random?: () => number;
};

/** How long to wait before try `count` (from 1): doubles up to `mostMs`, and each wait is between half of that and all of it, so that many do not come back at one instant. */
export const waitOf = (count: number, { firstMs = 100, mostMs = 5_000, random = Math.random }: Backoff = {}): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(count - 1, 30)) * (0.5 + random() / 2);

/** The one retry policy: for ever, with waits that grow to 5 s and start anew after a success. */
export const retrying = <T>(clock: Clock, backoff: Backoff = {}): MonoTypeOperatorFunction<T> =>
  retry({
    resetOnSuccess: true,
    delay: (error: unknown, count) => {
      const waitMs = waitOf(count, backoff);
      backoff.onError?.(error, waitMs);
      return timer(waitMs, clock.scheduler);
    },
  });
