import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { defer, firstValueFrom, from, lastValueFrom, mergeMap, Subject, takeUntil, throwError, timeout } from 'rxjs';
import { retrying } from '../../streams/backoff.ts';
import { systemClock, type Clock } from '../../streams/clock.ts';
import { Unavailable, type Coordination, type LeaseId } from '../../streams/ports.ts';
import { checkTransaction } from '../check-transaction.ts';
import type { Embedded } from './env.ts';
import { createHistory } from './history.ts';
import { createLeaseTimes } from './leases.ts';
import { listFrom } from './list.ts';
import { apply, endLease, grantLease, openTables, revisionIn, type Done } from './tables.ts';
import { createWriter } from './writer.ts';

export type EmbeddedOptions = {
  readonly env: Embedded;
  /** How many changes a watch can go back, at least. Across a restart it cannot. */
  readonly historyLength?: number;
  /** Limit of every call; 5 s by default. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
  readonly log?: Pick<Logger, 'warn'>;
};

/** The port in one process, on lmdb: what etcd is to a cluster. What it answers is on the disk. Watches are told in process; nothing polls. `close` leaves the
 *  environment open: it is its owner's. */
export function createEmbeddedCoordination(options: EmbeddedOptions): Coordination {
  const { env, historyLength = 10_000, deadlineMs = 5_000, clock = systemClock, log } = options;
  const tables = openTables(env);
  const history = createHistory(revisionIn(tables), historyLength);
  const write = createWriter(env, history.add);
  const times = createLeaseTimes(clock);
  const inFlight = new Set<Promise<unknown>>();
  const closed$ = new Subject<void>();
  let isClosed = false;

  /** Runs a call within its limit. One that comes late is done all the same. */
  const call = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Unavailable('The embedded store is closed.');
    const running = run();
    const settled = (): unknown => inFlight.delete(running);
    inFlight.add(running);
    running.then(settled, settled);
    const late = `The data folder ${env.dir} did not answer within ${deadlineMs} ms (${what}).`;
    const limit = { each: deadlineMs, scheduler: clock.scheduler, with: () => throwError(() => new Unavailable(late)) };
    // A promise does not complete without a value, so the default is never taken.
    return firstValueFrom(from(running).pipe(timeout(limit)), { defaultValue: undefined as never });
  };
  const writing = (what: string, work: () => Done): Promise<Done> => call(what, () => write(what, work));
  const end = (id: LeaseId): Promise<Done> => writing('end of a lease', () => endLease(tables, id));

  // A full disk must not leave the keys of a lease behind whose holder has been told that it is gone.
  const onError = (err: unknown): void => log?.warn({ err }, 'a lease is over, and its keys cannot be removed yet');
  const ended$ = times.ended$.pipe(mergeMap((id) => defer(() => end(id)).pipe(retrying(clock, { onError }))));
  const ending = lastValueFrom(ended$.pipe(takeUntil(closed$)), { defaultValue: undefined });
  for (const { key, value } of tables.leases.getRange()) times.start(key, value.ttlMs);

  return {
    list: (prefix) => call(`list ${prefix}`, () => listFrom(env, tables, { prefix, clock })),
    watch: history.watch,
    transact: async (transaction) => {
      checkTransaction(transaction);
      const { succeeded, revision, reads } = await writing('transaction', () => apply(tables, transaction));
      return { succeeded, revision, reads };
    },
    grantLease: async (wantedMs) => {
      const [id, ttlMs] = [randomUUID(), Math.max(1, Math.ceil(wantedMs / 1000)) * 1000];
      await writing('grant of a lease', () => grantLease(tables, id, ttlMs));
      times.start(id, ttlMs);
      return id;
    },
    renewLease: (id) => call('renewal of a lease', async () => times.renew(id)),
    revokeLease: async (id) => {
      await end(id);
      times.stop(id);
    },
    close: async () => {
      isClosed = true;
      closed$.next();
      history.close();
      await ending;
      await Promise.allSettled(inFlight);
    },
  };
}
