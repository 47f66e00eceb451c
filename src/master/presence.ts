import type { Logger } from 'pino';
import { concatMap, catchError, defer, distinctUntilChanged, EMPTY, finalize, map, of, type Observable } from 'rxjs';
import type { ClockState } from '../domain/clock-offset.ts';
import { toInstant } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { MasterPresence } from '../domain/values.ts';
import type { Clock } from '../streams/clock.ts';
import { holdLease, type LeaseState } from '../streams/lease.ts';
import type { Coordination, LeaseId } from '../streams/ports.ts';

export type MasterPresenceDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly me: Pick<MasterPresence, 'id' | 'host' | 'pid' | 'version'>;
  readonly clockState: () => ClockState;
};

/** Keeps `masters/<id>` under a lease while subscribed to, and emits that lease: undefined while there is none. The lease is revoked at the end. */
export const masterPresence = ({
  coordination,
  keys,
  clock,
  log,
  me,
  clockState,
}: MasterPresenceDeps): Observable<LeaseId | undefined> =>
  defer(() => {
    const startedAt = toInstant(clock.now());
    let lease: LeaseId | undefined;
    const put = (id: LeaseId) => {
      const { standing, offsetMs } = clockState();
      const presence: MasterPresence = {
        v: 1,
        ...me,
        startedAt,
        stampedAt: toInstant(clock.now()),
        ...(standing === 'unknown' ? {} : { clockOffsetMs: offsetMs }),
        ...(standing === 'outside' ? { skewed: true } : {}),
      };
      return coordination.transact({
        then: [{ type: 'put', key: keys.master(me.id), value: JSON.stringify(presence), lease: id }],
      });
    };
    const told = (state: LeaseState): Observable<LeaseId | undefined> => {
      if (state.type === 'lost') {
        lease = undefined;
        return of(undefined);
      }
      return defer(() => put(state.id)).pipe(
        map(() => {
          lease = state.id;
          return lease;
        }),
        // The next renewal puts it again.
        catchError((error: unknown) => {
          log.warn({ err: error }, 'the presence of this master could not be put');
          return EMPTY;
        }),
      );
    };
    const revoke = (): void => {
      if (lease === undefined) return;
      coordination.revokeLease(lease).catch((error: unknown) => {
        log.debug({ err: error }, 'the lease of this master could not be revoked: it ends by itself');
      });
    };
    return holdLease({ coordination, clock }).pipe(concatMap(told), distinctUntilChanged(), finalize(revoke));
  });
