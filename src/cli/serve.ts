import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { ReplaySubject, Subject, type Observable } from 'rxjs';
import { createKeys, DEFAULT_PREFIX } from '../domain/keys.ts';
import { createMaster, type Master } from '../master/app.ts';
import { lockFolder } from '../stores/embedded/folder-lock.ts';
import { openStores, type Stores, type StoresConfig } from '../stores/open.ts';
import { systemClock } from '../streams/clock.ts';
import { workerIdIn } from '../worker/identity.ts';
import { createWorker, type StopMode, type WorkerStatus } from '../worker/worker.ts';
import type { Config } from './config.ts';
import { createDeferred } from './deferred.ts';
import { saveDemoJobs } from './demo.ts';
import { ensureFormat } from './format.ts';
import { createLogger } from './logger.ts';
import { ROOT, VERSION } from './root.ts';
import { createSteps } from './steps.ts';

const LAUNCHER = join(ROOT, 'dist/launcher/main.js');
const WEB = join(ROOT, 'dist/web');
const clock = systemClock;

/** Everything in one process on the embedded stores. Resolves when it has stopped in order; rejects with what ended it. */
export const serveUp = async (config: Config): Promise<void> => {
  const isTerminal = process.stdout.isTTY;
  const log = createLogger(isTerminal && config.logLevel === 'info' ? 'warn' : config.logLevel, isTerminal);
  const steps = createSteps(log, isTerminal);
  const dataDir = resolve(config.data);
  let status: WorkerStatus | undefined;
  let modeAsked: StopMode | undefined;
  // Heard from the first instant on, and told to the worker once it is there: it takes over what an earlier process left, and no command survives a stop.
  const stop$ = new ReplaySubject<StopMode>(UP_MODES.length);
  onSignals(UP_MODES, stop$, (mode) => {
    modeAsked = mode;
    const { length: count } = status?.running ?? [];
    steps.say(count > 0 ? STOPPING[mode](count) : 'Stopping');
    if (mode === 'wait') steps.waitsFor(status?.running ?? []);
  });
  const stores = await steps.do('open the stores', () => openStores({ type: 'embedded', dataDir }, log));
  const keys = createKeys(DEFAULT_PREFIX);
  let firstToken: string | undefined;
  try {
    await ensureFormat(stores.coordination, keys, clock, log);
    const master = await steps.do('start the master', () => makeMaster(config, stores, log, (token) => (firstToken = token)));
    const worker = makeWorker(config, stores, log, { dataDir, stop$, endWithMe: true });
    try {
      const url = await listen(master, config);
      const lives = subscribeTo(master.life$, () => undefined);
      if (config.demo && (await saveDemoJobs(stores.coordination, keys, clock.now(), log)))
        steps.say('Four demo jobs are there to look at');
      const ready = createDeferred<undefined>();
      const works = subscribeTo(worker.life$, (now) => {
        status = now;
        if (now.inSync) ready.resolve(undefined);
        if (now.draining) steps.waitsFor(now.running);
      });
      await steps.do('start the worker', () => Promise.race([ready.promise, works.done, lives.done]));
      if (modeAsked === undefined)
        steps.welcome({ url, signIn: config.noAuth ? url : `${url}${master.signInPath()}`, dataDir, firstToken });
      await Promise.race([works.done, lives.done]);
      lives.end();
      works.end();
    } finally {
      await master.app.close();
    }
  } finally {
    await stores.close();
  }
  steps.say('Stopped');
  if (modeAsked === 'now') process.exit(1); // whatever still waits for the end of a run
};

/** Under `up` no command survives a stop: who cannot wait any longer leaves the end of the commands to the launcher. */
const UP_MODES = ['wait', 'end', 'now'] as const satisfies readonly StopMode[];
const STOPPING: Readonly<Record<(typeof UP_MODES)[number], (runs: number) => string>> = {
  wait: (runs) => `Waiting for ${String(runs)} run(s) to end; Ctrl-C once more ends them`,
  end: (runs) => `Ending ${String(runs)} run(s); Ctrl-C once more does not wait for that`,
  now: (runs) => `Not waiting for ${String(runs)} run(s): the launcher ends them`,
};

/** A master on etcd and MongoDB. */
export const serveMaster = async (config: Config): Promise<void> => {
  const isTerminal = process.stdout.isTTY;
  const log = createLogger(config.logLevel, isTerminal);
  const steps = createSteps(log, isTerminal);
  const stores = openStores(clusterOf(config, log), log);
  const keys = createKeys(config.prefix);
  try {
    const master = await makeMaster(config, stores, log, (token) => {
      steps.secret(`The first admin token of this cluster, shown this once: ${token}`);
    });
    try {
      // It listens before the stores answer, so that /readyz can say what is missing.
      const url = await listen(master, config);
      log.info({ url, prefix: config.prefix }, 'listening');
      const stopped = createDeferred<undefined>();
      const stop$ = new Subject<StopMode>();
      onSignals(['leave'], stop$, () => {
        log.info('stopping');
        stopped.resolve(undefined);
      });
      await Promise.race([ensureFormat(stores.coordination, keys, clock, log), stopped.promise]);
      const lives = subscribeTo(master.life$, () => undefined);
      await Promise.race([lives.done, stopped.promise]);
      lives.end();
    } finally {
      await master.app.close();
    }
  } finally {
    await stores.close();
  }
};

/** A worker on etcd and MongoDB. */
export const serveWorker = async (config: Config): Promise<void> => {
  const log = createLogger(config.logLevel, process.stdout.isTTY);
  const dataDir = resolve(config.data);
  const lock = lockFolder(dataDir);
  const stores = openStores(clusterOf(config, log), log);
  const keys = createKeys(config.prefix);
  try {
    // Heard also before the worker is there.
    const stop$ = new ReplaySubject<StopMode>(UP_MODES.length);
    const asked = createDeferred<undefined>();
    onSignals(config.onStop === 'leave' ? ['leave'] : [config.onStop, 'leave'], stop$, (mode) => {
      asked.resolve(undefined);
      log.info(
        { mode },
        {
          leave: 'stopping: runs that live are left to the next process',
          wait: 'draining: waiting for the runs to end',
          end: 'stopping: the runs are ended',
        }[mode],
      );
    });
    const isReady = await Promise.race([
      ensureFormat(stores.coordination, keys, clock, log).then(() => true),
      asked.promise.then(() => false),
    ]);
    if (!isReady) return;
    const worker = makeWorker(config, stores, log, { dataDir, stop$, endWithMe: false });
    await subscribeTo(worker.life$, () => undefined).done;
  } finally {
    await stores.close();
    lock.release();
  }
};

const clusterOf = (config: Config, log: Logger): StoresConfig => {
  const { etcd, etcdUser, etcdPassword, etcdCa, etcdCert, etcdKey, mongo, database } = config;
  const pem = (name: 'ca' | 'cert' | 'key', path: string | undefined) =>
    path === undefined ? {} : { [name]: readFileSync(path, 'utf8') };
  const tls = { ...pem('ca', etcdCa), ...pem('cert', etcdCert), ...pem('key', etcdKey) };
  return {
    type: 'cluster',
    etcd: {
      hosts: etcd,
      log,
      ...(etcdUser === undefined || etcdPassword === undefined ? {} : { auth: { username: etcdUser, password: etcdPassword } }),
      ...(Object.keys(tls).length === 0 ? {} : { tls }),
    },
    mongo: { url: mongo, database },
  };
};

const makeMaster = (
  config: Config,
  { coordination, runLog }: Stores,
  log: Logger,
  onFirstToken: (token: string) => void,
): Promise<Master> =>
  createMaster({
    coordination,
    runLog,
    keys: createKeys(config.prefix),
    clock,
    log: log.child({ part: 'master' }),
    config: {
      version: VERSION,
      host: hostname(),
      noAuth: config.noAuth,
      adminToken: config.adminToken,
      timezone: config.timezone,
      retentionDays: config.retentionDays,
      scale: config.timeScale,
      clockLimitMs: config.clockLimit,
      ...(existsSync(WEB) ? { webDir: WEB } : {}),
    },
    onFirstToken,
  });

const makeWorker = (
  config: Config,
  { coordination, runLog }: Stores,
  log: Logger,
  { dataDir, stop$, endWithMe }: { readonly dataDir: string; readonly stop$: Observable<StopMode>; readonly endWithMe: boolean },
) =>
  createWorker({
    coordination,
    runLog,
    keys: createKeys(config.prefix),
    clock,
    log: log.child({ part: 'worker' }),
    stop$,
    config: {
      id: workerIdIn(dataDir),
      name: config.name,
      dataDir,
      slots: config.slots,
      labels: config.labels,
      allow: config.allow,
      allowUsers: config.allowUsers,
      spoolLimitBytes: config.spoolLimit,
      batchMs: config.batchTime,
      batchSize: config.batchSize,
      shipRate: config.shipRate,
      version: VERSION,
      launcherPath: LAUNCHER,
      scale: config.timeScale,
      clockLimitMs: config.clockLimit,
      endWithMe,
      drainTimeoutMs: config.drainTimeout === undefined ? Infinity : config.drainTimeout * 1_000,
    },
  });

const listen = async ({ app }: Master, { host, port }: Config): Promise<string> => {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new Error(`port ${String(port)} of ${host} is in use: stop what listens there, or choose another with --port`, {
        cause: error,
      });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new Error(`${host} is no address of this machine: choose another with --host`, { cause: error });
    if (code === 'EACCES')
      throw new Error(`port ${String(port)} may not be opened by this user: choose one above 1023 with --port`, { cause: error });
    throw error;
  }
};

/** The one place that subscribes to what a process does. `done` resolves when it has completed and rejects with what broke it. */
const subscribeTo = <T>(
  life$: Observable<T>,
  onNext: (value: T) => void,
): { readonly done: Promise<void>; readonly end: () => void } => {
  const { promise, resolve: completed, reject } = createDeferred<undefined>();
  const subscription = life$.subscribe({
    next: onNext,
    error: reject,
    complete: () => {
      completed(undefined);
    },
  });
  // Whoever races may not look any more when it breaks: that is no unhandled rejection.
  promise.catch(() => undefined);
  return {
    done: promise,
    end: () => {
      subscription.unsubscribe();
    },
  };
};

/** The first signal asks for the first way to stop, the next for the next, and one more ends the process at once. */
const onSignals = <M extends StopMode>(modes: readonly M[], stop$: Subject<StopMode>, say: (mode: M) => void): void => {
  let asked = 0;
  const onSignal = (): void => {
    const mode = modes[asked];
    asked += 1;
    if (mode === undefined) process.exit(1);
    say(mode);
    stop$.next(mode);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
};
