import { bufferTime, concatMap, defer, filter, timeout, type Observable, type OperatorFunction } from 'rxjs';
import { retrying, type Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

export type Batching<T, R> = {
  readonly spanMs: number;
  readonly size: number;
  /** Must be idempotent: a write that failed, or whose answer was late, is sent again. */
  readonly write: (batch: readonly T[]) => Observable<R>;
  readonly clock: Clock;
  /** A write that has not answered by then counts as failed. */
  readonly timeoutMs?: number;
  readonly backoff?: Backoff;
};

/** Writes in batches, at `size` or after `spanMs`, and emits what each write answered. One write in flight, order kept. A failed
 *  write is repeated until it succeeds. The end of the source flushes what is left. */
export const inBatches =
  <T, R>({ spanMs, size, write, clock, timeoutMs = 30_000, backoff = {} }: Batching<T, R>): OperatorFunction<T, R> =>
  (items$) =>
    items$.pipe(
      bufferTime(spanMs, null, size, clock.scheduler),
      filter((batch) => batch.length > 0),
      // concatMap: all, in order. Bounded, because the spool hands out at most two unconfirmed batches.
      concatMap((batch) =>
        defer(() => write(batch)).pipe(timeout({ first: timeoutMs, scheduler: clock.scheduler }), retrying(clock, backoff)),
      ),
    );
