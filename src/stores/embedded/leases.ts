import { concatMap, defer, NEVER, repeat, startWith, Subject, switchMap, type Observable } from 'rxjs';
import { after, LONGEST_HOP_MS, type Clock } from '../../streams/clock.ts';
import type { LeaseId } from '../../streams/ports.ts';

/** The running times of the leases. Not stored: a lease whose store is opened again has its whole time, as with etcd. */
export type LeaseTimes = {
  /** Starts the time of a lease. */
  readonly start: (id: LeaseId, ttlMs: number) => void;
  /** Starts it anew; false when there is none that runs. */
  readonly renew: (id: LeaseId) => boolean;
  readonly stop: (id: LeaseId) => void;
  /** Each lease when its time is up; from then on it does not renew. Needs one listener, always. One timer for all. */
  readonly ended$: Observable<LeaseId>;
};

export function createLeaseTimes(clock: Clock): LeaseTimes {
  const running = new Map<LeaseId, { readonly ttlMs: number; readonly endsAt: number }>();
  const changed$ = new Subject<void>();
  const next$ = defer(() => {
    if (running.size === 0) return NEVER;
    const soonest = Math.min(...[...running.values()].map(({ endsAt }) => endsAt));
    return after(Math.min(Math.max(soonest - clock.monotonic(), 0), LONGEST_HOP_MS), clock);
  });
  const takeEnded = (): readonly LeaseId[] => {
    const now = clock.monotonic();
    const ended = [...running].flatMap(([id, { endsAt }]) => (endsAt <= now ? id : []));
    ended.forEach((id) => running.delete(id));
    return ended;
  };
  const start = (id: LeaseId, ttlMs: number): void => {
    running.set(id, { ttlMs, endsAt: clock.monotonic() + ttlMs });
    changed$.next();
  };
  return {
    start,
    renew: (id) => {
      const lease = running.get(id);
      if (lease) start(id, lease.ttlMs);
      return lease !== undefined;
    },
    stop: (id) => void running.delete(id),
    // switchMap: whatever changes the times, the wait for the soonest begins anew. A timer that woke early, or at the end of a hop, ends nothing and is repeated.
    ended$: changed$.pipe(
      startWith(undefined),
      switchMap(() => next$.pipe(concatMap(takeEnded), repeat())),
    ),
  };
}
