import {
  bufferTime,
  concatMap,
  defer,
  EMPTY,
  filter,
  of,
  repeat,
  tap,
  timeout,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
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

/** Writes in batches, at `size` or after `spanMs`, and emits what each write answered. One write in flight, order kept. What failed is written again until it
 *  succeeds, in ever smaller parts: a store that is slower than the time limit would never take the whole, however often it is sent. The end of the source flushes what is left. */
export const inBatches =
  <T, R>({ spanMs, size, write, clock, timeoutMs = 30_000, backoff = {} }: Batching<T, R>): OperatorFunction<T, R> =>
  (items$) => {
    /** How many are written at once: a quarter after each failure (each costs the whole time limit), a quarter more after each success. */
    let most = size;
    const inParts = (batch: readonly T[]): Observable<R> => {
      let left = batch;
      return defer(() => {
        const part = left.slice(0, most);
        return write(part).pipe(
          timeout({ first: timeoutMs, scheduler: clock.scheduler }),
          tap({
            error: () => {
              most = Math.max(1, Math.floor(part.length / 4));
            },
            complete: () => {
              left = left.slice(part.length);
              most = Math.min(size, most + Math.ceil(most / 4));
            },
          }),
        );
      }).pipe(retrying(clock, backoff), repeat({ delay: () => (left.length > 0 ? of(undefined) : EMPTY) }));
    };
    return items$.pipe(
      bufferTime(spanMs, null, size, clock.scheduler),
      filter((batch) => batch.length > 0),
      // concatMap: all, in order. Bounded, because the spool hands out at most two unconfirmed batches.
      concatMap(inParts),
    );
  };
