import { exhaustMap, from, Subject, tap, type Observable, type OperatorFunction } from 'rxjs';
import { feed } from '../streams/feed.ts';
import { sleep } from '../streams/clock.ts';
import type { Parts, StopMode, WorkerDeps } from './worker.ts';

const LOOK_MS = 50;
const FLUSH_MS = 10_000;

/** How a worker drains and stops: takes nothing new, lets the runs end as asked, flushes the spool, gives its lease back, lets go of the launcher. */
export const createStop = ({ coordination, keys, clock, log, config }: WorkerDeps, { runs, spool, here, changes$ }: Parts) => {
  const flush$ = new Subject<void>();
  let isFlushed = false;
  let mode: StopMode | undefined;
  let isAskedToDrain = false;

  const note = (): void => {
    const draining = isAskedToDrain || mode !== undefined;
    if (draining === here.draining) return;
    here.draining = draining;
    log.info(draining ? 'draining: nothing new is taken' : 'no longer draining');
    changes$.next();
  };

  const isNow = (): boolean => mode === 'now';

  const endRuns = (): void => {
    for (const { run } of runs.all())
      runs.kill(run.live.runId, { cause: 'drained', by: 'shutdown' }).catch((error: unknown) => {
        log.error({ err: error, run: run.live.runId }, 'a run could not be ended');
      });
  };

  /** What is waited for before anything is given up: claims and starts on their way always, runs unless they are left to the next process. */
  const drained = async (): Promise<void> => {
    const waitsUntil = clock.monotonic() + config.drainTimeoutMs;
    while (!isNow() && (here.claiming > 0 || runs.starting() > 0 || (mode !== 'leave' && runs.count() > 0))) {
      await sleep(LOOK_MS, clock);
      if (mode !== 'wait' || clock.monotonic() < waitsUntil) continue;
      log.warn({ runs: runs.count() }, 'waited long enough: the runs that still live are left to the next process');
      mode = 'leave';
    }
  };

  const stop = async (): Promise<void> => {
    await drained();
    const giveUpAt = clock.monotonic() + FLUSH_MS;
    const mayWait = (): boolean => !isNow() && clock.monotonic() < giveUpAt;
    while (spool.waiting() && mode !== 'leave' && mayWait()) await sleep(LOOK_MS, clock);
    flush$.next();
    while (!isFlushed && mayWait()) await sleep(LOOK_MS, clock);
    if (!isFlushed && !isNow())
      log.warn('the run log does not answer: what is not stored yet stays in the spool for the next start');
    if (!isNow()) await spool.sweep(Infinity).catch(() => undefined); // the next start does it
    // With runs left, the worker stays registered until its lease ends by itself: the next process of it may be here before.
    if (here.lease !== undefined && runs.count() === 0)
      await coordination.revokeLease(here.lease).catch((error: unknown) => {
        log.warn({ err: error }, 'the lease could not be given back: it ends by itself');
      });
    if (config.endWithMe) await here.launcher?.stop({ cause: 'drained', by: 'shutdown' }).catch(() => undefined);
    else if (runs.count() === 0) await here.launcher?.stop().catch(() => undefined);
    here.launcher?.close();
    log.info('stopped');
  };

  return {
    /** Emits when the pipeline is to finish; it says so by `flushed`. */
    flush$: flush$ as Observable<void>,
    flushed: (): void => {
      isFlushed = true;
    },
    /** The drain key of this worker, put and taken away by masters. */
    drains$: feed(coordination, keys.drains, { clock }).pipe(
      tap((event) => {
        if (event.type === 'outOfSync') return;
        const mine = keys.drain(config.id);
        if (event.type === 'snapshot') isAskedToDrain = event.entries.some(({ key }) => key === mine);
        else
          for (const change of event.changes) {
            if (change.type === 'put' && change.entry.key === mine) isAskedToDrain = true;
            if (change.type === 'delete' && change.key === mine) isAskedToDrain = false;
          }
        note();
      }),
    ),
    /** Emits once all is released. A later mode takes the place of an earlier one: `wait` may become `end`. */
    inOrder: ((stop$) =>
      stop$.pipe(
        tap((asked) => {
          mode = asked;
          note();
          if (asked === 'end') endRuns();
        }),
        exhaustMap(() => from(stop())),
      )) satisfies OperatorFunction<StopMode, void>,
  };
};
