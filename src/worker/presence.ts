import {
  catchError,
  defer,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  filter,
  from,
  map,
  merge,
  mergeMap,
  NEVER,
  of,
  share,
  switchMap,
  tap,
  type Observable,
} from 'rxjs';
import type { Keys } from '../domain/keys.ts';
import { parsePresence, type Presence } from '../domain/values.ts';
import { every, type Clock } from '../streams/clock.ts';
import { holdLease, type LeaseState } from '../streams/lease.ts';
import { Unavailable, type Coordination, type LeaseId } from '../streams/ports.ts';

export type PresenceDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly id: string;
  /** What the key is to say now. */
  readonly describe: () => Presence;
  /** Emits when the key was seen to be gone, or what it says has changed: it is put at once. */
  readonly again$: Observable<unknown>;
};

const STAMP_MS = 5_000;

/** Keeps `workers/<id>` under a lease: written at once, every 5 s, and whenever `again$` says so. Emits the lease's states, `held` only from the first answer to a put under it
 *  on: a lease without the key keeps no run of this worker from being declared lost (P2). A worker whose id lives on another machine is an error. */
export const presence = (deps: PresenceDeps): Observable<LeaseState> => defer(() => presenceOf(deps));

const presenceOf = ({ coordination, keys, clock, id, describe, again$ }: PresenceDeps): Observable<LeaseState> => {
  let newest: LeaseState = { type: 'lost' };
  let putUnder: LeaseId | undefined;
  const put = async (lease: LeaseId): Promise<void> => {
    const now = describe();
    const key = keys.worker(id);
    const { reads } = await coordination.transact({
      then: [
        { type: 'get', key },
        { type: 'put', key, value: JSON.stringify(now), lease },
      ],
    });
    const before = reads[0] && parsePresence(reads[0].value);
    if (before?.ok && before.value.machineId !== now.machineId)
      throw new Error(
        `worker ${id} lives on another machine (${before.value.host}): this data folder is a copy of that one; remove its file worker-id`,
      );
  };
  const lease$ = holdLease({ coordination, clock }).pipe(
    tap((state) => {
      newest = state;
      if (state.type === 'lost') putUnder = undefined;
    }),
    share(),
  );
  /** The first put under a lease says that it is held; those after it say nothing. */
  const onPut = (lease: LeaseId): Observable<LeaseState> => {
    if (putUnder === lease || newest.type !== 'held' || newest.id !== lease) return EMPTY;
    putUnder = lease;
    return of(newest);
  };
  const puts$ = lease$.pipe(
    map((state) => (state.type === 'held' ? state.id : undefined)),
    distinctUntilChanged(),
    switchMap((lease) =>
      lease === undefined
        ? NEVER
        : merge(every(STAMP_MS, clock), again$).pipe(
            // A put that fails is made good by the next; a lease that is gone is told by the lease.
            exhaustMap(() =>
              from(put(lease)).pipe(
                mergeMap(() => onPut(lease)),
                catchError((error: unknown) => (error instanceof Unavailable ? EMPTY : throwIfForeign(error))),
              ),
            ),
          ),
    ),
  );
  return merge(lease$.pipe(filter((state) => state.type === 'lost' || state.id === putUnder)), puts$);
};

const throwIfForeign = (error: unknown): Observable<never> => {
  if (error instanceof Error && error.message.includes('another machine')) throw error;
  return EMPTY;
};
