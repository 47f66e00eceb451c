import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';
import { eventId, type RunEvent, type StoredRunEvent } from '../../../src/domain/events.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { toLogDocument, type LogDocument } from '../../../src/domain/run.ts';
import type { LiveRun, Presence, QueuedRun } from '../../../src/domain/values.ts';
import { createMaster, type MasterConfig, type MasterDeps, type MasterStatus } from '../../../src/master/app.ts';
import { createEmbeddedCoordination } from '../../../src/stores/embedded/coordination.ts';
import { openEmbedded } from '../../../src/stores/embedded/env.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import type { Coordination, LogUpkeep, RunLog } from '../../../src/streams/ports.ts';

export const keys = createKeys();
export const TOKEN = 'a-token-of-the-tests';
export const AT = '2027-01-31T09:00:00.000Z';

/** Of a run log that keeps nothing beside its events. */
const NO_UPKEEP: LogUpkeep = {
  everyEvent: async function* () {},
  everyDocument: async function* () {},
  projected: async () => ({ document: undefined, attempt: 0 }),
  renew: async () => undefined,
  renewAudit: async () => undefined,
  audit: async () => [],
  oldestRuns: async () => [],
  nthRun: async () => undefined,
  forgetRuns: async () => ({ events: 0 }),
  goingOn: async () => new Set(),
  forgetTicks: async () => undefined,
  touchedHours: async () => [],
  statsOf: async () => [],
  putHours: async () => undefined,
  hours: async function* () {},
  forgetHours: async () => 0,
};

/** A run log in memory: as small as it can be, and as honest. */
export const createMemoryRunLog = (): RunLog & LogUpkeep & { readonly add: (...events: RunEvent[]) => void } => {
  const events = new Map<string, RunEvent>();
  const ofRun = (runId: string): StoredRunEvent[] =>
    [...events.entries()]
      .filter(([id]) => id.startsWith(`${runId}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, event]) => event);
  const documentOf = (runId: string): LogDocument | undefined => toLogDocument(ofRun(runId));
  const add = (...all: RunEvent[]): void => all.forEach((event) => events.set(eventId(event), event));
  return {
    add,
    append: async (batch) => {
      add(...batch);
      return { refused: [], conflicts: [] };
    },
    eventsOf: async (runId, { after = '', limit }) =>
      ofRun(runId)
        .filter((event) => eventId(event) > after)
        .slice(0, limit),
    event: async (id) => events.get(id),
    runs: async ({ job, outcome, cursor, limit }) => {
      const ids = new Set([...events.values()].flatMap((event) => ('runId' in event ? [event.runId] : [])));
      const found = [...ids]
        .sort()
        .reverse()
        .flatMap((id) => documentOf(id) ?? [])
        .filter((each) => (job === undefined || each.jobName === job) && (outcome === undefined || each.outcome === outcome))
        .filter((each) => cursor === undefined || each._id < cursor);
      const items = found.slice(0, limit);
      return { items, ...(found.length > limit && { nextCursor: items.at(-1)!._id }) };
    },
    run: async (runId) => documentOf(runId),
    eventsAbout: async (prefix, page) => {
      const all = [...events.keys()].filter((id) => id.startsWith(prefix)).sort();
      const ids = page.isDown
        ? all.filter((id) => page.before === undefined || id < page.before).reverse()
        : all.filter((id) => id > (page.after ?? ''));
      return ids.slice(0, page.limit).map((id) => events.get(id)!);
    },
    runsOfTicks: async (job, { before, from = '', limit }) =>
      [...new Set([...events.values()].flatMap((event) => ('runId' in event ? [event.runId] : [])))]
        .flatMap((id) => documentOf(id)?.run ?? [])
        .filter((run) => run.job === job && ['schedule', 'catchUp'].includes(run.trigger) && run.fireTime >= from)
        .filter(({ fireTime, id }) => (fireTime === before.fireTime ? id < before.id : fireTime < before.fireTime))
        .sort((a, b) => (`${a.fireTime} ${a.id}` < `${b.fireTime} ${b.id}` ? 1 : -1))
        .slice(0, limit),
    ping: async () => undefined,
    close: async () => undefined,
    ...NO_UPKEEP,
  };
};

export type TestMaster = Awaited<ReturnType<typeof startMaster>>;

export type TestOptions = {
  readonly config?: Partial<MasterConfig>;
  readonly coordination?: Coordination;
  /** What the master sees of the store. */
  readonly through?: (coordination: Coordination) => Coordination;
  readonly runLog?: RunLog & LogUpkeep;
  readonly onFirstToken?: MasterDeps['onFirstToken'];
  /** Asks as admin unless the request says otherwise. */
  readonly token?: string | undefined;
};

/** Stores in a folder of their own, gone at the end. */
export const openStores = () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-master-'));
  const env = openEmbedded(dir);
  const coordination = createEmbeddedCoordination({ env });
  return {
    coordination,
    [Symbol.asyncDispose]: async () => {
      await coordination.close();
      await env.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

/** A master that lives: feeds in sync, present, not listening. */
export const startMaster = async ({
  config,
  coordination: given,
  through = (same) => same,
  runLog,
  onFirstToken,
  token = TOKEN,
}: TestOptions = {}) => {
  const own = given ? undefined : openStores();
  const coordination = given ?? own!.coordination;
  const log = runLog ?? createMemoryRunLog();
  const { app, life$, signInPath } = await createMaster({
    coordination: through(coordination),
    runLog: log,
    keys,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    config: { version: '1.2.3', host: 'test', noAuth: false, adminToken: TOKEN, ...config },
    ...(onFirstToken && { onFirstToken }),
  });
  const status$ = new ReplaySubject<MasterStatus>(1);
  const life = life$.subscribe(status$);
  await firstValueFrom(status$.pipe(filter(({ inSync, isPresent }) => inSync && isPresent)));
  const inject = ({ headers, ...request }: InjectOptions): Promise<LightMyRequestResponse> =>
    app.inject({ ...request, headers: { ...(token !== '' && { authorization: `Bearer ${token}` }), ...headers } });
  const put = (key: string, value: unknown) =>
    coordination.transact({ then: [{ type: 'put', key, value: typeof value === 'string' ? value : JSON.stringify(value) }] });
  const get = async (key: string): Promise<unknown> => {
    const { reads } = await coordination.transact({ then: [{ type: 'get', key }] });
    return reads[0] && (JSON.parse(reads[0].value) as unknown);
  };
  return {
    app,
    coordination,
    runLog: log,
    status$,
    signInPath,
    inject,
    /** Puts a key as somebody else would, and waits until the master shows it. */
    put,
    get,
    api: (method: InjectOptions['method'] & string, path: string, payload?: object, headers?: Record<string, string>) =>
      inject({ method, url: `/api/v1${path}`, ...(payload && { payload }), ...(headers && { headers }) }),
    [Symbol.asyncDispose]: async () => {
      life.unsubscribe();
      await app.close();
      await own?.[Symbol.asyncDispose]();
    },
  };
};

/** Until something holds. The test's own limit ends what never does. */
export const until = async <T>(look: () => T | Promise<T>, holds: (found: T) => boolean): Promise<T> => {
  for (;;) {
    const found = await look();
    if (holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

export const aJob = (name: string, more: object = {}) => ({ name, command: 'echo hi', cronExpr: '0 3 * * *', ...more });

export const aRun = (job: string, runId: string, more: Partial<LiveRun> = {}): LiveRun => ({
  v: 1,
  runId,
  job,
  worker: 'w1',
  workerName: 'one',
  attempt: 1,
  trigger: 'schedule',
  fireTime: AT,
  state: 'running',
  claimedAt: AT,
  jobRevision: 1,
  overlap: 'skip',
  locks: true,
  lostAfterMs: 180_000,
  killGraceMs: 10_000,
  latenessMs: 0,
  command: 'echo hi',
  ...more,
});

export const aQueued = (job: string, runId: string): QueuedRun => ({
  v: 1,
  runId,
  job,
  trigger: 'manual',
  fireTime: AT,
  attempt: 1,
  notBefore: AT,
  queuedAt: AT,
});

export const aWorker = (id: string, name = id): Presence => ({
  v: 1,
  id,
  name,
  host: 'host',
  machineId: 'machine',
  nonce: 'nonce',
  pid: 1,
  version: '1',
  labels: [],
  slots: 10,
  running: 0,
  draining: false,
  startedAt: AT,
  stampedAt: AT,
  rules: { schedule: 1, tz: '2025a' },
});

/** A finished run as its worker tells it, with output. */
export const anEndedRun = (job: string, runId: string, chunks: readonly string[] = [], attempt = 1): RunEvent[] => {
  const of = { v: 1, job, runId, attempt, at: AT } as const;
  let offset = 0;
  const outputs = chunks.map((text, index): RunEvent => {
    const data = new TextEncoder().encode(text);
    const event: RunEvent = { ...of, type: 'output', seq: 2 + index, offset, data };
    offset += data.length;
    return event;
  });
  return [
    {
      ...of,
      type: 'claimed',
      seq: 0,
      trigger: 'schedule',
      fireTime: AT,
      worker: 'w1',
      workerName: 'one',
      fence: 7,
      jobRevision: 1,
      command: 'echo hi',
      latenessMs: 3,
    },
    { ...of, type: 'started', seq: 1, pid: 42, host: 'host' },
    ...outputs,
    { ...of, type: 'finished', seq: 2 + outputs.length, outcome: 'succeeded', exitCode: 0, durationMs: 12, outputBytes: offset },
  ];
};
