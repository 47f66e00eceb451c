import {
  catchError,
  concat,
  defer,
  EMPTY,
  exhaustMap,
  map,
  of,
  repeat,
  switchMap,
  takeUntil,
  takeWhile,
  type Observable,
} from 'rxjs';
import { retrying } from './backoff.ts';
import { after, every, type Clock } from './clock.ts';
import type { Coordination, LeaseId } from './ports.ts';

/** `renewedAt`: monotonic ms of the *sending* of the last renewal that was answered. What is promised to end before the lease is counted from there. */
export type LeaseState = { readonly type: 'held'; readonly id: LeaseId; readonly renewedAt: number } | { readonly type: 'lost' };

export type LeaseOptions = {
  readonly coordination: Pick<Coordination, 'grantLease' | 'renewLease'>;
  readonly clock: Clock;
  readonly ttlMs?: number;
  readonly renewMs?: number;
  /** Told lost this long before the store would end it: an own deadline, since the store's client says so late. */
  readonly marginMs?: number;
  readonly random?: () => number;
};

/** Holds a lease for as long as it is subscribed to: `held` at the grant and after each renewal that was answered, `lost` when the store says so or the deadline has
 *  passed, and then a new one. Revoking it at the end is its owner's doing. */
export const holdLease = ({
  coordination,
  clock,
  ttlMs = 15_000,
  renewMs = 4_000,
  marginMs = 1_000,
  random = Math.random,
}: LeaseOptions): Observable<LeaseState> => {
  const granted$ = defer(() => {
    const sentAt = clock.monotonic();
    return defer(() => coordination.grantLease(ttlMs)).pipe(map((id) => ({ type: 'held', id, renewedAt: sentAt }) as const));
  }).pipe(retrying(clock, { random }));
  return granted$.pipe(
    switchMap((first) =>
      concat(of(first), renewals({ coordination, clock, ttlMs, renewMs, marginMs }, first), of({ type: 'lost' } as const)),
    ),
    repeat(),
  );
};

type Renewing = Required<Omit<LeaseOptions, 'random'>>;

/** Ends when the lease is lost. */
const renewals = (
  { coordination, clock, ttlMs, renewMs, marginMs }: Renewing,
  first: { readonly id: LeaseId; readonly renewedAt: number },
): Observable<LeaseState> =>
  defer(() => {
    let renewedAt = first.renewedAt;
    const renewal$ = defer((): Observable<LeaseState | undefined> => {
      const sentAt = clock.monotonic();
      return defer(() => coordination.renewLease(first.id)).pipe(
        map((isThere) => {
          if (!isThere) return undefined;
          renewedAt = Math.max(renewedAt, sentAt);
          return { type: 'held', id: first.id, renewedAt } as const;
        }),
        // A renewal that was not answered is tried again at the next turn; the deadline below goes on.
        catchError(() => EMPTY),
        takeUntil(after(renewMs, clock)),
      );
    });
    const deadline$: Observable<unknown> = defer(() => {
      const left = renewedAt + ttlMs - marginMs - clock.monotonic();
      return left <= 0 ? of(undefined) : after(left, clock).pipe(switchMap(() => deadline$));
    });
    return every(renewMs, clock).pipe(
      exhaustMap((turn) => (turn === 0 ? EMPTY : renewal$)),
      takeWhile((state) => state !== undefined),
      takeUntil(deadline$),
    );
  });
