import {
  catchError,
  defer,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  filter,
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
import type { Coordination, Entry, LeaseId } from '../streams/ports.ts';
import { isAliveHere } from './identity.ts';

export type PresenceDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly id: string;
  /** What the key is to say now. */
  readonly describe: () => Presence;
  /** Emits when the key was seen to be gone, or what it says has changed: it is put at once. */
  readonly again$: Observable<unknown>;
  /** Whether a process of this machine lives. */
  readonly isAlive?: (pid: number) => boolean;
};

const STAMP_MS = 5_000;
const MOST_TRIES = 4;
/** A process that was killed may have had one put on its way; one that is seen to write again and again lives. */
const MOST_SEEN = 2;

/** Another process lives with the id of this worker: this one must not take part. */
class LivesTwice extends Error {
  override readonly name = 'LivesTwice';
}

/** Keeps `workers/<id>` under a lease: written at once, every 5 s, and whenever `again$` says so. Emits the lease's states, `held` only from the first answer to a put under it
 *  on: a lease without the key keeps no run of this worker from being declared lost (P2).
 *
 *  A presence of another process is never overwritten while that may be alive. At its start a worker waits for it to end: a process that was killed leaves its key behind until its lease ends, or is known
 *  to be dead on this machine. One that goes on writing its key lives: then, and when somebody else's key is found where this worker's own was, this errors with `LivesTwice`. */
export const presence = (deps: PresenceDeps): Observable<LeaseState> => defer(() => presenceOf(deps));

const presenceOf = (deps: PresenceDeps): Observable<LeaseState> => {
  const { coordination, clock, again$ } = deps;
  const put = createPut(deps);
  let newest: LeaseState = { type: 'lost' };
  let putUnder: LeaseId | undefined;
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
              defer(() => put(lease)).pipe(
                mergeMap((isMine) => (isMine ? onPut(lease) : EMPTY)),
                catchError((error: unknown) => {
                  if (error instanceof LivesTwice) throw error;
                  return EMPTY;
                }),
              ),
            ),
          ),
    ),
  );
  return merge(lease$.pipe(filter((state) => state.type === 'lost' || state.id === putUnder)), puts$);
};

/** Puts the key, if it is nobody's or this process's own; answers whether it did. Rejects with `LivesTwice`. */
const createPut = ({ coordination, keys, id, describe, isAlive = isAliveHere }: PresenceDeps) => {
  const key = keys.worker(id);
  /** The revision that this process put last. */
  let own: number | undefined;
  /** The revisions of another's key that were seen while waiting for it to end. */
  const others = new Set<number>();

  const mayReplace = (found: Entry, now: Presence): boolean => {
    const there = parsePresence(found.value);
    // What cannot be read was put by hand; what has this nonce is a put whose answer was lost.
    if (!there.ok || there.value.nonce === now.nonce) return true;
    others.add(found.revision);
    if (own !== undefined || others.size > MOST_SEEN) throw new LivesTwice(textOf(there.value));
    const isDead = there.value.machineId === now.machineId && there.value.host === now.host && !isAlive(there.value.pid);
    return isDead;
  };

  return async (lease: LeaseId): Promise<boolean> => {
    const now = describe();
    let expected = own;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { succeeded, revision, reads } = await coordination.transact({
        if: [expected === undefined ? { type: 'absent', key } : { type: 'revision', key, is: expected }],
        then: [{ type: 'put', key, value: JSON.stringify(now), lease }],
        else: [{ type: 'get', key }],
      });
      if (succeeded) own = revision;
      if (succeeded) return true;
      const found = reads[0];
      if (found && !mayReplace(found, now)) return false;
      expected = found?.revision; // gone: it is put again at once
    }
    return false;
  };
};

const textOf = ({ id, pid, host, startedAt }: Presence): string =>
  `another process runs as worker ${id} (pid ${String(pid)} on ${host}, since ${startedAt}): two data folders hold one id, so one is a copy of the other. ` +
  `Stop that process, or remove the file worker-id from the data folder that is the copy: it gets an id of its own at its next start`;
