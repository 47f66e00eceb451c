import {
  bufferTime,
  concatMap,
  defer,
  EMPTY,
  filter,
  map,
  of,
  repeat,
  take,
  tap,
  timeout,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import { retrying, type Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

export type Batching<T, A, R> = {
  readonly spanMs: number;
  readonly size: number;
  /** Answers once. Must be idempotent: a write that failed, or whose answer was late, is sent again. */
  readonly write: (batch: readonly T[]) => Observable<A>;
  /** What the answer leads to: done once for each, however long it takes, before the next write. */
  readonly settle: (batch: readonly T[], answer: A) => Observable<R>;
  readonly clock: Clock;
  /** A write that has not answered by then counts as failed. Longer than the store's own limit: what it gave up does not go on beside the next try. */
  readonly timeoutMs?: number;
  readonly backoff?: Backoff;
};

/** Writes in batches, at `size` or after `spanMs`, and emits what each write led to. One write in flight, order kept. What failed is written again until it
 *  succeeds, in ever smaller parts: a store that is slower than the time limit would never take the whole, however often it is sent. The end of the source flushes what is left. */
export const inBatches =
  <T, A, R>({
    spanMs,
    size,
    write,
    settle,
    clock,
    timeoutMs = 60_000,
    backoff = {},
  }: Batching<T, A, R>): OperatorFunction<T, R> =>
  (items$) => {
    /** How many are written at once: a quarter after each failure (each costs the whole time limit), a quarter more after each success. */
    let most = size;
    const written = (items: readonly T[]) =>
      defer(() => {
        const part = items.slice(0, most);
        return write(part).pipe(
          timeout({ first: timeoutMs, scheduler: clock.scheduler }),
          take(1),
          tap({
            error: () => {
              most = Math.max(1, Math.floor(part.length / 4));
            },
          }),
          map((answer) => ({ part, answer })),
        );
      }).pipe(retrying(clock, backoff));
    const inParts = (batch: readonly T[]): Observable<R> => {
      let left = batch;
      return defer(() => written(left)).pipe(
        concatMap(({ part, answer }) => {
          left = left.slice(part.length);
          most = Math.min(size, most + Math.ceil(most / 4));
          return settle(part, answer);
        }),
        repeat({ delay: () => (left.length > 0 ? of(undefined) : EMPTY) }),
      );
    };
    return items$.pipe(
      bufferTime(spanMs, null, size, clock.scheduler),
      filter((batch) => batch.length > 0),
      // concatMap: all, in order. Bounded, because the spool hands out at most two unconfirmed batches.
      concatMap(inParts),
    );
  };
