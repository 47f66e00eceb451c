import {
  catchError,
  combineLatest,
  concat,
  concatMap,
  defer,
  EMPTY,
  exhaustMap,
  from,
  ignoreElements,
  map,
  merge,
  NEVER,
  of,
  switchMap,
  tap,
  type Observable,
} from 'rxjs';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { knowsLess } from '../domain/rules.ts';
import type { Compare } from '../domain/transaction.ts';
import type { Rules } from '../domain/values.ts';
import { retrying } from '../streams/backoff.ts';
import { every, type Clock } from '../streams/clock.ts';
import { feed } from '../streams/feed.ts';
import type { Coordination, LeaseId, RunLog } from '../streams/ports.ts';
import { dutiesOf } from './duties.ts';
import type { Duty } from './duty.ts';
import { LAST_LOOK_MS } from './settling.ts';
import { createLeaderView, LEADER_FEEDS, prefixOf } from './leader-view.ts';
import { outbox } from './outbox.ts';
import { told } from './told.ts';

export type LeaderDeps = {
  readonly coordination: Coordination;
  readonly runLog: RunLog;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly id: string;
  /** The lease under which this master is present: leadership ends with it. Undefined while there is none. */
  readonly lease$: Observable<LeaseId | undefined>;
  readonly read: (value: string, revision: number) => KnownJob | undefined;
  readonly scale: number;
  /** Whether this master's clock is off: then it leaves the lead to others. */
  readonly isOff$: Observable<boolean>;
  /** By what this master computes fire times. */
  readonly rules: Rules;
  /** Off by so much, a worker still takes part. */
  readonly clockLimitMs: number;
};

const LOOK_MS = 1_000;

/** Stands for leader for as long as it is subscribed to, and does the leader's duties while it is one. Emits whether it leads, when that changes. Nothing ends it but the
 *  end of the subscription: a store that is away is tried again with the next look. */
export const createLeader = (deps: LeaderDeps): Observable<boolean> =>
  combineLatest([deps.lease$, deps.isOff$])
    .pipe(switchMap(([lease, isOff]) => (lease === undefined ? of(undefined) : isOff ? resigned(deps) : standing(deps, lease))))
    .pipe(switchMap((leadership) => (leadership === undefined ? of(false) : leading(deps, leadership))));

/** The revision of the leadership key while it is held under this lease, undefined while another leads. */
const standing = ({ coordination, keys, clock, id, log }: LeaderDeps, lease: LeaseId): Observable<Compare | undefined> => {
  const isHeld$ = defer(() =>
    coordination.transact({
      if: [{ type: 'absent', key: keys.leader }],
      then: [{ type: 'put', key: keys.leader, value: id, lease }],
      else: [{ type: 'get', key: keys.leader }],
    }),
  ).pipe(
    map(({ succeeded, revision, reads: [held] }): Compare | undefined => {
      if (succeeded) return { type: 'revision', key: keys.leader, is: revision };
      return held?.value === id ? { type: 'revision', key: keys.leader, is: held.revision } : undefined;
    }),
    catchError((error: unknown) => {
      log.debug({ err: error }, 'leadership could not be asked for');
      return EMPTY;
    }),
  );
  let last: string | undefined;
  return every(LOOK_MS, clock).pipe(
    exhaustMap(() => isHeld$),
    // Only changes: a leadership that goes on must not start its duties anew.
    concatMap((leadership) => {
      const text = JSON.stringify(leadership ?? null);
      if (text === last) return EMPTY;
      last = text;
      return of(leadership);
    }),
  );
};

/** Gives the lead up, though the lease goes on: without the key, and not asking for it. */
const resigned = ({ coordination, keys, clock, id }: LeaderDeps): Observable<undefined> =>
  concat(
    of(undefined),
    defer(() =>
      coordination.transact({
        if: [{ type: 'value', key: keys.leader, op: '=', than: id }],
        then: [{ type: 'delete', key: keys.leader }],
      }),
    ).pipe(retrying(clock), ignoreElements()),
    NEVER,
  );

const leading = (deps: LeaderDeps, leader: Compare): Observable<boolean> => {
  const { coordination, keys, clock, log, scale, read, rules, clockLimitMs } = deps;
  const view = createLeaderView(keys, read, clock.monotonic);
  const feeds$ = merge(
    ...LEADER_FEEDS.map((name) =>
      feed(coordination, prefixOf(keys, name), { clock }).pipe(
        tap((event) => {
          view.hear(name, event);
        }),
      ),
    ),
  ).pipe(ignoreElements());
  let couldSettle = true;
  let seenSince: number | undefined;
  const duties$ = every(LOOK_MS / Math.min(scale, 4), clock).pipe(
    exhaustMap(() => {
      const seen = view.view();
      if (!seen) seenSince = undefined;
      if (!seen) return EMPTY;
      seenSince ??= clock.monotonic();
      const settles = !knowsLess(rules, seen.workers.values());
      if (settles !== couldSettle)
        log[settles ? 'info' : 'warn'](
          { rules },
          settles
            ? 'no worker knows newer schedule rules or time zone data: this leader settles again'
            : 'a worker knows newer schedule rules or time zone data than this leader: it settles no ticks until it is upgraded, or leads no more',
        );
      couldSettle = settles;
      const [now, monotonic] = [clock.now(), clock.monotonic()];
      const isFresh = monotonic - seenSince < (2 * clockLimitMs + LAST_LOOK_MS) / scale;
      return from(dutiesOf(seen, { keys, leader, now, monotonic, scale, settles, isFresh, clockLimitMs, newId: uuidv7 })).pipe(
        concatMap((duty) => doDuty(deps, duty)),
        catchError(told(log, 'a duty could not be done')),
      );
    }),
    ignoreElements(),
  );
  const outbox$ = outbox(deps, leader);
  return merge<[boolean, never, never, never, never]>(of(true), feeds$, duties$, outbox$, NEVER).pipe(
    tap({
      subscribe: () => {
        log.info('leading');
      },
      finalize: () => {
        log.info('no longer leading');
      },
    }),
  );
};

const doDuty = ({ coordination, log }: LeaderDeps, { name, job, transaction }: Duty): Observable<never> =>
  defer(() => coordination.transact(transaction)).pipe(
    tap(({ succeeded }) => {
      if (succeeded && name === 'cursorAhead')
        log.warn(
          { job },
          'the cursor of a job is ahead of time: it does not run until an admin sets it back, or its time has come',
        );
      log[succeeded && name !== 'removeEnded' ? 'info' : 'debug'](
        { duty: name, job, done: succeeded },
        succeeded ? 'duty done' : 'duty no longer due',
      );
    }),
    ignoreElements(),
  );
