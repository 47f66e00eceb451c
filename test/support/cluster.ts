// A whole cronstream cluster of real processes, as its user starts it: `node dist/cli/main.js master …`. Run `npm run build` before.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { commandsOf, launchersOf } from '../chaos/processes.ts';
import { freePort, startProcess, uniqueName, until, type ServerProcess } from './process.ts';

export const PROGRAM = resolve('dist/cli/main.js');
const TOKEN = 'a-token-of-the-tests-0123456789abcdef';

export type Master = ServerProcess & { readonly url: string };
export type Worker = ServerProcess & { readonly name: string };
type Json = Record<string, unknown>;

export type Cluster = Awaited<ReturnType<typeof startCluster>>;

type Options = {
  readonly etcd: string;
  readonly mongo: string;
  readonly masters?: number;
  readonly workers?: number;
  /** Divides lateAfterMs, lostAfterMs, killGraceMs: CRONSTREAM_TIME_SCALE. */
  readonly scale?: number;
  /** Of each worker. */
  readonly slots?: number;
};

/** Starts masters and workers on the given stores, under a prefix and a database of their own, and resolves when all take part. */
export async function startCluster({ etcd, mongo, masters = 2, workers = 3, scale = 1, slots = 20 }: Options) {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there: npm run build`);
  const [prefix, database] = [uniqueName('/cron'), uniqueName('cron')];
  const stores = ['--etcd', etcd, '--mongo', mongo, '--prefix', prefix, '--database', database];
  const program = (...args: readonly string[]): readonly [string, ...string[]] => [
    'env',
    `CRONSTREAM_ADMIN_TOKEN=${TOKEN}`,
    `CRONSTREAM_TIME_SCALE=${String(scale)}`,
    process.execPath,
    PROGRAM,
    ...args,
  ];
  const running: ServerProcess[] = [];

  const startMaster = async (): Promise<Master> => {
    const port = await freePort();
    const url = `http://127.0.0.1:${String(port)}`;
    const started = await startProcess({
      name: 'master',
      command: () => program('master', ...stores, '--port', String(port)),
      isReady: async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true,
    });
    running.push(started);
    return { ...started, url };
  };
  const startWorker = async (name: string): Promise<Worker> => {
    const started = await startProcess({
      name: `worker-${name}`,
      command: (data) => program('worker', ...stores, '--data', data, '--name', name, '--slots', String(slots)),
      isReady: () => Promise.resolve(true),
    });
    running.push(started);
    return { ...started, name };
  };

  const all = await Promise.all(Array.from({ length: masters }, startMaster));
  const hands = await Promise.all(Array.from({ length: workers }, (_, index) => startWorker(`w${String(index + 1)}`)));
  const first = (): string => all[0]?.url ?? '';

  /** Asks a master; throws with what it said where it is not satisfied. */
  const api = async <T = Json>(
    path: string,
    init: { readonly method?: string; readonly body?: unknown; readonly url?: string } = {},
  ): Promise<T> => {
    const answer = await fetch(`${init.url ?? first()}/api/v1${path}`, {
      method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
      headers: { authorization: `Bearer ${TOKEN}`, ...(init.body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${String(answer.status)}: ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  };
  const list = async (path: string): Promise<readonly Json[]> => (await api<{ items: Json[] }>(path)).items;
  await until(
    async () => (await list('/workers')).length === workers,
    () => 'not all workers are seen',
  );

  const stop = async (): Promise<void> => {
    // Workers first. Their launchers outlive them, with what they run: those are ended before their folders go.
    await Promise.all(hands.map((worker) => worker.kill9()));
    for (const launcher of hands.flatMap(({ dataDir }) => launchersOf(dataDir))) {
      killQuietly(launcher, 'SIGSTOP'); // it starts nothing more
      for (const command of commandsOf(launcher)) killQuietly(-command, 'SIGKILL');
      killQuietly(launcher, 'SIGKILL');
    }
    await Promise.all(running.map((each) => each.stop()));
  };
  return {
    masters: all,
    workers: hands,
    prefix,
    database,
    token: TOKEN,
    api,
    list,
    saveJob: (job: Json) => api(`/jobs/${encodeURIComponent(String(job['name']))}`, { method: 'PUT', body: job }),
    runsOf: (job: string) => list(`/runs?job=${encodeURIComponent(job)}&limit=200`),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export const killQuietly = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
};
