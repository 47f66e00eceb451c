import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  catchError,
  defer,
  EMPTY,
  exhaustMap,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  mergeMap,
  ReplaySubject,
  share,
  startWith,
  Subject,
  switchMap,
  take,
  takeUntil,
  tap,
  throttleTime,
  type Observable,
} from 'rxjs';
import { CLOCK_LIMIT_MS, UNKNOWN_CLOCK } from '../domain/clock-offset.ts';
import type { Keys } from '../domain/keys.ts';
import { NO_CLAIMS, rankWaitOf } from '../domain/rank-wait.ts';
import { retrying } from '../streams/backoff.ts';
import { clockKnown } from '../streams/clock-known.ts';
import { every, type Clock } from '../streams/clock.ts';
import { feed, type FeedEvent } from '../streams/feed.ts';
import { logPipeline, type PipelineNews } from '../streams/log-pipeline.ts';
import { Unavailable, type Coordination, type LeaseId, type RunLog } from '../streams/ports.ts';
import { scheduler, type Answer } from '../streams/scheduler.ts';
import { createClaims } from './claims.ts';
import { watchClock } from './clock-watch.ts';
import { createDescription } from './describe.ts';
import { connectLauncher, type Launcher } from './launcher.ts';
import { carryOut } from './orders.ts';
import { presence } from './presence.ts';
import { createReader, cursorsAfter } from './reading.ts';
import { adopt, compare, resettle, retellKills } from './recover.ts';
import { createRuns } from './runs.ts';
import { openSpool, SPOOL_LIMIT_BYTES } from './spool.ts';
import { createStop } from './stop.ts';
import { usersOf } from './users.ts';

export type WorkerConfig = {
  /** UUID kept in the data folder. */
  readonly id: string;
  readonly name: string;
  readonly dataDir: string;
  readonly slots: number;
  readonly labels: readonly string[];
  /** Names of the jobs that it runs, `*` for any text; undefined: all. */
  readonly allow: readonly string[] | undefined;
  /** Users as whom jobs may ask to run. */
  readonly allowUsers: readonly string[];
  readonly version: string;
  /** The built launcher, dist/launcher/main.js. */
  readonly launcherPath: string;
  /** Divides the lengths that tests make shorter; 1 otherwise. */
  readonly scale: number;
  /** Off by more than this, and outside a majority, it takes nothing. */
  readonly clockLimitMs?: number | undefined;
  /** What its spool may take on the disk, in bytes; 2 GB if absent. */
  readonly spoolLimitBytes?: number | undefined;
  /** Events that it ships to the run log: how long one waits for others, ms; how many go at once; how many a second at most. */
  readonly batchMs?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly shipRate?: number | undefined;
  /** The launcher ends with this worker: under `up` no command survives. */
  readonly endWithMe: boolean;
  /** How long `wait` waits for runs before it leaves them, ms; Infinity: until they have ended. */
  readonly drainTimeoutMs: number;
};

/** `leave`: take nothing new, flush, release; the runs stay with the launcher for the next process. `wait`: wait for the runs first. `end`: end them first. `now`: wait for nothing; where the launcher ends with
 *  this worker, it ends them. */
export type StopMode = 'leave' | 'wait' | 'end' | 'now';

export type WorkerDeps = {
  readonly coordination: Coordination;
  readonly runLog: Pick<RunLog, 'append'>;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: WorkerConfig;
  readonly stop$: Observable<StopMode>;
  /** For tests: another way to reach a launcher. */
  readonly connect?: typeof connectLauncher;
};

export type WorkerStatus = {
  readonly inSync: boolean;
  readonly draining: boolean;
  readonly running: readonly { readonly runId: string; readonly job: string; readonly startedAt?: string }[];
  readonly spoolBytes: number;
};

const CUT_MS = 200;
const TRIM_MS = 1_000;
/** How often folders that are done with are removed; while something is being claimed or started, every tenth time only. */
const SWEEP_MS = 100;
const SWEEP_IN_ANY_CASE = 10;
const COMPARE_MS = 60_000;
const STATUS_MS = 100;

/** One worker: schedules, claims, runs and records. Nothing happens before `life$` is subscribed to; it emits the worker's state, completes when the worker has stopped and
 *  released everything, and errors on what was not foreseen. */
export const createWorker = (deps: WorkerDeps): { readonly life$: Observable<WorkerStatus> } => ({
  life$: defer(() => from(assemble(deps))).pipe(switchMap((parts) => live(deps, parts))),
});

export type Parts = Awaited<ReturnType<typeof assemble>>;

/** What the streams of a worker share: the spool, the launcher, the runs, and the few facts that change. */
const assemble = async ({ coordination, keys, clock, log, config, connect = connectLauncher }: WorkerDeps) => {
  const users = await usersOf(config.allowUsers, log);
  const spool = await openSpool(join(config.dataDir, 'spool'));
  const registeredAt = clock.now();
  const answers$ = new Subject<Answer>();
  const changes$ = new Subject<void>();
  const here = {
    inSync: false,
    draining: false,
    claiming: 0,
    lease: undefined as LeaseId | undefined,
    clockState: UNKNOWN_CLOCK,
    claimTimes: NO_CLAIMS,
    /** When each claim that has no answer yet was ordered (monotonic), oldest first. */
    claimsAsked: new Set<{ readonly at: number }>(),
    launcher: undefined as Launcher | undefined,
  };
  const runs = createRuns({
    coordination,
    keys,
    clock,
    log,
    spool,
    scale: config.scale,
    allow: config.allow,
    users,
    launcher: () => here.launcher,
    onEnded: (job) => {
      answers$.next({ job, input: { type: 'ended' } });
    },
    onChanged: () => {
      changes$.next();
    },
  });
  const read = createReader(config.scale, log);
  const claims = createClaims({
    coordination,
    keys,
    clock,
    me: { id: config.id, name: config.name, registeredAt },
    read,
    intents: {
      write: async (run) => {
        const { job, runId, attempt } = run.live;
        runs.asked(run.live);
        try {
          const folder = spool.open({ job, runId, attempt });
          // A doubtful claim is asked for again, though another look may have taken the run meanwhile: what its folder tells of the claim stays (P4).
          if (!folder.hasTold('claimed')) await folder.writeFacts(run);
        } catch (error) {
          log.error({ err: error }, 'the spool does not take an intent: nothing is claimed');
          throw new Unavailable('the spool does not take an intent', { cause: error });
        }
        // Right before it would be sent, whatever it waited for: its answer may be looked for later, like one that was lost.
        if (!here.inSync) throw new Unavailable('the feeds are out of sync');
      },
      claimed: runs.claimed,
      drop: async (runId, attempt) => {
        runs.dropped({ runId, attempt });
        const folder = spool.get(runId, attempt);
        // One that tells of a run is not an intent any more: what it tells has still to be shipped (P4).
        if (folder && !folder.hasTold('claimed')) await spool.forget(folder);
      },
    },
  });
  here.launcher = await connect({ dataDir: config.dataDir, launcherPath: config.launcherPath, clock, log });
  return {
    users,
    spool,
    answers$,
    changes$,
    here,
    runs,
    read,
    claims,
    registeredAt,
    first: here.launcher,
    recovery: { coordination, keys, me: config.id, log, spool, runs },
  };
};

const live = (deps: WorkerDeps, parts: Parts): Observable<WorkerStatus> => {
  const { coordination, keys, clock, log, config, stop$ } = deps;
  const { runs, spool, answers$, changes$, here, read, recovery, registeredAt } = parts;
  const isMyPresenceGone = (event: FeedEvent): boolean =>
    event.type === 'changes' && event.changes.some((change) => change.type === 'delete' && change.key === keys.worker(config.id));
  // Whoever subscribes to a shared feed later than others has missed its snapshot: all that read one are subscribed to at once, below.
  const watch = (prefix: string): Observable<FeedEvent> => feed(coordination, prefix, { clock }).pipe(share());
  const [jobs$, kills$, queue$] = [watch(keys.jobs), watch(keys.killers), watch(keys.queue)];
  const presenceGone$ = new Subject<void>();
  const peers$ = watch(keys.workers).pipe(
    tap((event) => {
      if (isMyPresenceGone(event)) presenceGone$.next();
    }),
    share(),
  );
  const stop = createStop(deps, parts);

  const registered$ = new ReplaySubject<void>(1);
  const presence$ = presence({
    coordination,
    keys,
    clock,
    id: config.id,
    describe: createDescription(config, clock, parts),
    again$: merge(presenceGone$, changes$.pipe(throttleTime(1_000, clock.scheduler, { leading: true, trailing: true }))),
  }).pipe(
    switchMap((state) => {
      here.lease = state.type === 'held' ? state.id : undefined;
      if (state.type === 'held') {
        registered$.next();
        return from(runs.renewed(state.renewedAt));
      }
      log.warn('the lease of this worker is lost: it registers anew');
      return EMPTY;
    }),
    // Another process lives under this id: this one ends, and its launcher starts nothing more and ends with its last run.
    catchError((error: unknown) =>
      from(here.launcher?.stop().catch(() => false) ?? Promise.resolve(false)).pipe(
        mergeMap(() => {
          throw error;
        }),
      ),
    ),
  );

  const clocks$ = watchClock(
    {
      me: keys.worker(config.id),
      clock,
      limitMs: config.clockLimitMs ?? CLOCK_LIMIT_MS,
      presences: [peers$, feed(coordination, keys.masters, { clock })],
    },
    parts,
    log,
  ).pipe(share());

  const orders$ = scheduler({
    me: config.id,
    registeredAt,
    keys,
    clock,
    jobs$,
    kills$,
    queue$,
    peers$,
    cursors$: cursorsAfter(
      [jobs$, kills$, queue$, peers$],
      clockKnown({ me: config.id, keys, clock, peers$, clocks$ }),
      coordination,
      keys,
      config.id,
      clock,
    ),
    answers$: answers$,
    room: () => ({
      freeSlots: here.launcher ? Math.max(0, config.slots - runs.count() - here.claiming) : 0,
      draining: here.draining,
      skewed: here.clockState.standing === 'outside',
      rankWaitMs: rankWaitOf(here.claimTimes, clock.monotonic(), oldestOf(here.claimsAsked)),
    }),
    read,
  });

  const pipeline$ = logPipeline({
    source: {
      take: (most) => from(spool.take(most)),
      confirm: (items) => from(spool.confirm(items)),
      setAside: (event, reason) => from(spool.setAside(event, reason)),
      wakes$: spool.wakes$,
    },
    append: (events) => defer(() => deps.runLog.append(events)),
    clock,
    spanMs: config.batchMs,
    size: config.batchSize,
    mostPerSecond: config.shipRate,
    stop$: stop.flush$,
  }).pipe(
    tap({
      next: (news) => {
        tellNews(log, news);
      },
      complete: stop.flushed,
    }),
  );

  const cuts$ = every(CUT_MS, clock).pipe(exhaustMap(() => from(runs.cutAll())));
  const sweeps$ = every(SWEEP_MS, clock).pipe(
    filter((turn) => (here.claiming === 0 && runs.starting() === 0) || turn % SWEEP_IN_ANY_CASE === 0),
    exhaustMap(() =>
      from(
        spool.sweep().catch((error: unknown) => {
          log.warn({ err: error }, 'a folder of the spool that is done with could not be removed');
        }),
      ),
    ),
  );
  const limitBytes = config.spoolLimitBytes ?? SPOOL_LIMIT_BYTES;
  const trims$ = every(TRIM_MS, clock).pipe(
    exhaustMap(() =>
      defer(() => spool.trim(limitBytes)).pipe(
        tap(({ bytes, attempts }) => {
          if (bytes > 0)
            log.warn(
              { limitBytes: spool.roomBytes(), cutBytes: bytes, attempts },
              spool.roomBytes() < limitBytes
                ? 'the disk of the spool is nearly full: the oldest output in it was thrown away; outcomes stay'
                : 'the spool is full: the oldest output in it was thrown away; outcomes stay',
            );
        }),
        catchError((error: unknown) => {
          log.warn({ err: error }, 'the spool could not be kept within its limit');
          return EMPTY;
        }),
      ),
    ),
  );
  const compares$ = every(COMPARE_MS / config.scale, clock).pipe(
    filter((turn) => turn > 0),
    exhaustMap(() =>
      from(compare(recovery, clock.now())).pipe(
        catchError((error: unknown) => {
          log.debug({ err: error }, 'run keys could not be compared');
          return EMPTY;
        }),
      ),
    ),
  );
  const status$ = changes$.pipe(
    throttleTime(STATUS_MS, clock.scheduler, { leading: true, trailing: true }),
    startWith(undefined),
    map((): WorkerStatus => ({
      inSync: here.inSync,
      draining: here.draining,
      running: runs.all().map(({ run, startedAt }) => ({
        runId: run.live.runId,
        job: run.live.job,
        ...(startedAt === undefined ? {} : { startedAt }),
      })),
      spoolBytes: spool.bytes(),
    })),
  );
  // What an earlier process left is taken over before anything new is claimed; and not before this worker is known to be the only one of its id: a copy of its
  // data folder must neither end its runs nor claim in its name.
  const adopted$ = defer(() => from(adopt(recovery, parts.first.live))).pipe(
    retrying(clock, {
      onError: (error) => {
        log.warn({ err: error }, 'what an earlier process left could not be looked at yet');
      },
    }),
  );
  const works$ = merge(
    withLauncher(deps, parts, parts.first),
    pipeline$,
    presence$,
    cuts$,
    sweeps$,
    trims$,
    stop.drains$,
    registered$.pipe(
      take(1),
      switchMap(() => adopted$),
      switchMap(() => merge(carryOut(orders$, parts, clock, log), clocks$, compares$)),
    ),
  ).pipe(ignoreElements());
  return merge(works$, status$).pipe(takeUntil(stop$.pipe(stop.inOrder)));
};

/** Hears the launcher; when it is gone, connects to another one and looks at every run anew. */
const withLauncher = (deps: WorkerDeps, parts: Parts, launcher: Launcher): Observable<unknown> => {
  const { clock, log, config, connect = connectLauncher } = deps;
  const { runs, here, recovery, changes$ } = parts;
  const reconnect = async (): Promise<Launcher> => {
    const next = await connect({ dataDir: config.dataDir, launcherPath: config.launcherPath, clock, log });
    await resettle(recovery, next.live);
    here.launcher = next;
    await retellKills(recovery);
    changes$.next();
    return next;
  };
  const heard$ = launcher.news$.pipe(
    tap((news) => {
      const done =
        news.type === 'exited' ? runs.exited(news.exit) : runs.signalled(news.runId, news.signal, news.cause, news.attempt);
      done.catch((error: unknown) => {
        log.error({ err: error }, 'what the launcher told could not be recorded');
      });
    }),
  );
  const next$ = launcher.gone$.pipe(
    tap(() => {
      here.launcher = undefined;
      log.warn('the launcher is gone');
    }),
    switchMap(() =>
      defer(reconnect).pipe(
        retrying(clock, {
          onError: (error) => {
            log.error({ err: error }, 'no launcher yet: nothing is started');
          },
        }),
      ),
    ),
    switchMap((next) => withLauncher(deps, parts, next)),
  );
  return merge(heard$, next$);
};

const tellNews = (log: Logger, news: PipelineNews): void => {
  switch (news.type) {
    case 'stored':
      return;
    case 'lagging':
      log.warn({ err: news.error }, 'the run log is away: events wait in the spool');
      return;
    case 'refused':
      log.error(
        { event: { ...news.event, data: undefined }, reason: news.reason },
        'the run log refuses an event: it is set aside in the spool',
      );
      return;
    case 'conflict':
      log.error({ id: news.id }, 'the run log holds another event under this id');
      return;
    case 'unfinished':
      log.warn(
        { events: news.count },
        'the run log does not answer: what is not stored yet stays in the spool for the next start',
      );
      return;
    default:
      news satisfies never;
  }
};

const oldestOf = (claims: ReadonlySet<{ readonly at: number }>): number | undefined => claims.values().next().value?.at;
