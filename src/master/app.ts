import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import fastify, { LogController, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createAccounts } from './accounts.ts';
import { registerAuth } from './auth.ts';
import { registerDocs } from './docs.ts';
import { registerErrors, registerNotFound, routeStores } from './errors.ts';
import { registerHeaders } from './headers.ts';
import { createClusterClock } from './cluster-clock.ts';
import { createCursors } from './cursors.ts';
import { createHourSums } from './hour-stats.ts';
import { createJobs } from './jobs.ts';
import { masterLife, type MasterStatus } from './life.ts';
import { liveSocket } from './live-socket.ts';
import { createOrders } from './orders.ts';
import type { Parts } from './parts.ts';
import { createProjection } from './projection.ts';
import { classicRoutes } from './routes/classic.ts';
import { cursorRoutes } from './routes/cursor.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { importRoutes } from './routes/import.ts';
import { jobRoutes } from './routes/jobs.ts';
import { orderRoutes } from './routes/orders.ts';
import { runRoutes } from './routes/runs.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { sessionRoutes, signInRoute } from './routes/session.ts';
import { statsRoutes } from './routes/stats.ts';
import { workerRoutes } from './routes/workers.ts';
import { tickRoutes } from './routes/ticks.ts';
import { createRunHistory } from './run-history.ts';
import { createSavers } from './savers.ts';
import { createAttempts } from './sign-in-codes.ts';
import { createTimelines } from './timeline.ts';
import { createUpkeep } from './upkeep.ts';
import { createWhys } from './why.ts';
import { validatorCompiler } from './validation.ts';
import { registerWeb } from './web.ts';
import type { Keys } from '../domain/keys.ts';
import { SCHEDULE_RULES, type Rules } from '../domain/values.ts';
import type { Clock } from '../streams/clock.ts';
import type { Coordination, LogUpkeep, RunLog } from '../streams/ports.ts';
import type { Observable } from 'rxjs';

export type { MasterStatus } from './life.ts';

export type MasterConfig = {
  readonly version: string;
  /** Name of this machine, for people. */
  readonly host: string;
  /** Everybody is admin; only who asks for the machine by a loopback name is answered. */
  readonly noAuth: boolean;
  /** From the environment; without it one is made at the first start of a cluster. */
  readonly adminToken?: string | undefined;
  /** The built console. */
  readonly webDir?: string | undefined;
  /** The time zone that jobs get which are saved without one (IANA); UTC if absent. */
  readonly timezone?: string | undefined;
  /** Divides the leader's lengths, for tests. */
  readonly scale?: number | undefined;
  /** Runs whose job says nothing are kept for so many days; 0: for ever, also if absent. */
  readonly retentionDays?: number | undefined;
  /** Off by more than this, and outside a majority, this master neither leads nor saves schedules (ms; a second if absent). */
  readonly clockLimitMs?: number | undefined;
};

export type MasterDeps = {
  readonly coordination: Coordination;
  readonly runLog: RunLog & LogUpkeep;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: MasterConfig;
  /** Told once the admin token that this master made, to be printed: it is kept nowhere. */
  readonly onFirstToken?: (token: string) => void;
};

export type Master = {
  /** Built, not listening, and closed by its owner. */
  readonly app: FastifyInstance;
  /** The master's own work while subscribed to: feeds, presence, leadership. Emits its status at each change; never ends by itself. Subscribe once. */
  readonly life$: Observable<MasterStatus>;
  /** A path that signs in once, within a quarter of an hour, as the first admin. */
  readonly signInPath: () => string;
};

/** A master: the API, the console's files and the live socket over the two stores. Any number of them may run. */
export const createMaster = async ({
  coordination,
  runLog,
  keys,
  clock,
  log,
  config,
  onFirstToken,
}: MasterDeps): Promise<Master> => {
  const scale = config.scale ?? 1;
  const stores = routeStores(coordination, runLog);
  const me = { id: randomUUID(), host: config.host, pid: process.pid, version: config.version };
  const clusterClock = createClusterClock({ coordination, keys, clock, log, id: me.id, limitMs: config.clockLimitMs });
  const rules: Rules = { schedule: SCHEDULE_RULES, tz: process.versions['tz'] ?? '' };
  const projection = createProjection({ coordination, keys, clock, scale });
  const accounts = createAccounts({ coordination, stores, keys, clock, log, adminToken: config.adminToken, onFirstToken });
  const orders = createOrders({ stores, keys, clock, projection, log, scale });
  const timelines = createTimelines({ stores, keys, projection, scale });
  const parts: Parts = {
    accounts,
    attempts: createAttempts(clock),
    clock,
    history: createRunHistory(stores, projection, clock),
    hourSums: createHourSums({ log: stores.runLog, clock }),
    jobs: createJobs({ stores, keys, clusterClock, projection, log, scale, timezone: config.timezone }),
    cursors: createCursors({ stores, keys, clusterClock, projection, log, scale }),
    keys,
    log,
    noAuth: config.noAuth,
    orders,
    projection,
    savers: createSavers({ stores, projection, clock }),
    stores,
    timezone: config.timezone,
    timelines,
    why: createWhys({ stores, keys, projection, timelines, scale }),
    version: config.version,
  };
  const upkeep = createUpkeep({
    log: runLog,
    clock: clusterClock.clock,
    logger: log,
    retentionDays: config.retentionDays ?? 0,
    retentions: () =>
      new Map(
        [...projection.seen.jobs].flatMap(([name, { known }]) =>
          known && Object.keys(known.job.retention).length > 0 ? [[name, known.job.retention] as const] : [],
        ),
      ),
    scale,
  });
  const { life$, isLeader } = masterLife({
    upkeep,
    coordination,
    runLog,
    keys,
    clock,
    log,
    scale,
    projection,
    accounts,
    me,
    clusterClock,
    rules,
  });

  const app = fastify({
    loggerInstance: log as never,
    // Addresses carry sign-in codes: they are not logged.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 2_000 },
    forceCloseConnections: true,
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as FastifyInstance;
  app.setValidatorCompiler(validatorCompiler);
  // What is sent is ours and has its shape; a serializer by schema would drop the fields of newer versions.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  registerErrors(app);
  registerHeaders(app);
  let pages: Parameters<typeof registerNotFound>[1] = () => undefined;
  registerNotFound(app, (request, reply) => pages(request, reply));
  await app.register(cookie);
  await app.register(formbody);
  const { isStillIn } = registerAuth(app, parts);
  await app.register(websocket, { options: { maxPayload: 256 * 1024 } });
  await registerDocs(app, config.version);
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    log.debug({ method, route: routeOptions.url, status: statusCode, ms: Math.round(elapsedTime) }, 'answered');
  });
  for (const routes of [
    jobRoutes,
    cursorRoutes,
    importRoutes,
    tickRoutes,
    orderRoutes,
    runRoutes,
    historyRoutes,
    statsRoutes,
    workerRoutes,
    scheduleRoutes,
    sessionRoutes,
  ])
    await app.register(routes, { ...parts, prefix: '/api/v1' });
  await app.register(liveSocket, { ...parts, isStillIn, prefix: '/api/v1' });
  await app.register(signInRoute, parts);
  await app.register(healthRoutes, { ...parts, isLeader, clusterClock, rules, freed: upkeep.freed });
  await app.register(classicRoutes, parts);
  pages = await registerWeb(app, config.webDir);
  await app.ready();
  return { app, life$, signInPath: () => `/login?code=${accounts.signInCode()}` };
};
