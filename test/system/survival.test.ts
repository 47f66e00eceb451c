// What becomes of the runs when the worker, its launcher, or both are killed or stand still (P2, P4, P7).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { killQuietly, startCluster, type Cluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until, type EtcdServer, type MongoServer } from '../support/servers.ts';

type Run = {
  readonly id: string;
  readonly state: string;
  readonly outcome?: string;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly workerName?: string;
  readonly outputBytes?: number;
  readonly attempt: number;
};

const canRun = inject('etcdBinaries').length > 0 && inject('mongoBinaries').length > 0;

describe.skipIf(!canRun)('runs survive [needs etcd, mongo]', () => {
  let etcd: EtcdServer;
  let mongo: MongoServer;
  beforeAll(async () => {
    [etcd, mongo] = await Promise.all([startEtcd(), startMongo()]);
  }, 300_000);
  afterAll(async () => {
    await Promise.all([etcd.stop(), mongo.stop()]);
  }, 60_000);

  const start = async (more: { readonly workers: number; readonly scale?: number }): Promise<Cluster> => {
    const cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url, masters: 1, slots: 60, ...more });
    onTestFinished(async () => {
      cluster.workers.forEach(endAll);
      await cluster.stop();
    });
    return cluster;
  };
  const runsOf = async (cluster: Cluster, job: string): Promise<readonly Run[]> =>
    (await cluster.runsOf(job)) as unknown as Run[];
  const all = (runs: readonly Run[], state: string): boolean => runs.every((run) => run.state === state);
  const launchersOf = (worker: Cluster['workers'][number]): readonly number[] =>
    [...readFileSync(join(worker.dataDir, 'launcher.log'), 'utf8').matchAll(/process (\d+)$/gm)].map(([, pid]) => Number(pid));
  const outputOf = async (cluster: Cluster, run: Run): Promise<string> =>
    (
      await fetch(`${cluster.masters[0]?.url ?? ''}/api/v1/runs/${run.id}/output`, {
        headers: { authorization: `Bearer ${cluster.token}` },
      })
    ).text();
  /** A job whose runs print, wait for a file, print again and end with an exit code of their own. Started so many times by hand. */
  const waiting = async (cluster: Cluster, name: string, count: number, more: object = {}): Promise<() => Promise<void>> => {
    const go = join(cluster.workers[0]!.dataDir, `go-${name}`);
    await cluster.saveJob({
      ...more,
      name,
      overlap: 'allow',
      enabled: false,
      cronExpr: '0 0 0 1 1 *',
      command: `echo "first $CRON_RUN_ID"; until [ -e ${go} ]; do sleep 1; done; echo "last $CRON_RUN_ID"; exit 7`,
    });
    for (let n = 0; n < count; n += 1) await cluster.api(`/jobs/${name}/run`, { body: {} });
    let seen = 'nothing';
    await until(
      async () => {
        const runs = await runsOf(cluster, name);
        const begun = cluster.workers.reduce((sum, { dataDir }) => sum + printed(dataDir, runs), 0);
        const running = runs.filter(({ state }) => state === 'running').length;
        seen = `${String(running)} of ${String(runs.length)} run, ${String(begun)} have printed`;
        return runs.length === count && running === count && begun === count;
      },
      () => seen,
      120_000,
    );
    return async () => {
      const { writeFile } = await import('node:fs/promises');
      await writeFile(go, '');
    };
  };
  /** How many have printed their first line, by the spool of a worker. */
  const printed = (dataDir: string, runs: readonly Run[]): number =>
    runs.filter(({ id }) => {
      try {
        return readFileSync(join(dataDir, 'spool', `${id}.001`, 'out'), 'utf8').startsWith('first');
      } catch {
        return false;
      }
    }).length;
  const ended = (cluster: Cluster, job: string): Promise<void> =>
    until(
      async () => all(await runsOf(cluster, job), 'finished'),
      () => `${job} has not ended`,
      120_000,
    );

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'P7: 50 runs go on when their worker gets %s; their output and exit arrive in full, once, and nobody else ran them',
    async (signal) => {
      const cluster = await start({ workers: 1 });
      const worker = cluster.workers[0]!;
      const go = await waiting(cluster, 'fifty', 50);
      const before = (await runsOf(cluster, 'fifty')).map(({ id }) => id).toSorted();
      const pid = worker.pid();
      killQuietly(pid, signal);
      await until(
        () => worker.pid() !== pid || !isThere(pid),
        () => 'the worker lives',
      );
      await go(); // all of them end while no worker is there
      await until(
        () =>
          readdirSync(join(worker.dataDir, 'spool')).every((name) =>
            readdirSync(join(worker.dataDir, 'spool', name)).includes('exit'),
          ),
        () => 'they do not end',
        120_000,
      );
      await worker.restart();
      await ended(cluster, 'fifty');
      const runs = await runsOf(cluster, 'fifty');
      expect(runs.map(({ id }) => id).toSorted()).toStrictEqual(before);
      expect(runs.every(({ outcome, exitCode, attempt }) => outcome === 'failed' && exitCode === 7 && attempt === 1)).toBe(true);
      await until(
        () => namesIn(join(worker.dataDir, 'spool')).every((name) => name.startsWith('spare-')),
        () => 'the spool does not empty',
      );
      for (const run of runs) expect(await outputOf(cluster, run)).toBe(`first ${run.id}\nlast ${run.id}\n`);
    },
    400_000,
  );

  test('P2, P7: runs whose launcher was killed are followed to their end, and openly lost; a kill still ends them', async () => {
    const cluster = await start({ workers: 1 });
    const worker = cluster.workers[0]!;
    const go = await waiting(cluster, 'orphans', 3);
    const [killed, ...others] = await runsOf(cluster, 'orphans');
    for (const pid of launchersOf(worker)) killQuietly(pid, 'SIGKILL');
    await until(
      () => launchersOf(worker).length === 2,
      () => 'there is no other launcher',
    );
    await cluster.api(`/runs/${killed!.id}/kill`, { body: {} });
    await until(
      async () => (await runsOf(cluster, 'orphans')).find(({ id }) => id === killed!.id)?.state === 'finished',
      () => 'it is not ended',
    );
    expect((await runsOf(cluster, 'orphans')).filter(({ state }) => state === 'running')).toHaveLength(2);
    await go();
    await ended(cluster, 'orphans');
    const runs = await runsOf(cluster, 'orphans');
    expect(runs.find(({ id }) => id === killed!.id)).toMatchObject({ outcome: 'killed', reason: 'person' });
    for (const { id } of others) {
      const run = runs.find((each) => each.id === id)!;
      expect(run).toMatchObject({ outcome: 'lost', reason: 'exitUnknown' });
      await until(
        async () => (await outputOf(cluster, run)) === `first ${id}\nlast ${id}\n`,
        () => 'its output is not whole',
      );
    }
  }, 300_000);

  test('P2: a worker that stands still longer than lostAfterMs loses its run before another one starts the next: no overlap', async () => {
    const scale = 10; // lostAfterMs 18 s, killGraceMs 1 s
    const cluster = await start({ workers: 2, scale });
    const place = join(cluster.workers[0]!.dataDir, 'overlap');
    // Each run says when it is there and that it still is, and notes it if another one is.
    await cluster.saveJob({
      name: 'alone',
      cronExpr: '* * * * * * *',
      misfire: { policy: 'skip', lateAfterMs: 50_000 },
      command: [
        `mkdir ${place} || { echo overlap >> ${place}.seen; exit 1; }`,
        `echo "$CRON_RUN_ID $PPID" >> ${place}.runs`,
        `trap 'rmdir ${place}; exit 0' TERM EXIT`,
        'while :; do sleep 0.1; done',
      ].join('\n'),
    });
    const begun = (): readonly string[] => linesOf(`${place}.runs`);
    await until(
      () => begun().length === 1,
      () => 'nothing runs',
    );
    const [first] = (await runsOf(cluster, 'alone')).filter(({ state }) => state === 'running');
    const frozen = cluster.workers.find(({ name }) => name === first!.workerName)!;
    frozen.freeze();
    onTestFinished(() => frozen.thaw());
    await until(
      () => begun().length === 2,
      () => 'nobody took over',
      120_000,
    );
    expect(linesOf(`${place}.seen`)).toStrictEqual([]);
    frozen.thaw();
    await until(
      async () => (await runsOf(cluster, 'alone')).find(({ id }) => id === first!.id)?.reason === 'leaseLost',
      () => 'its end is not told',
    );
    expect(linesOf(`${place}.seen`)).toStrictEqual([]);
    await cluster.api('/jobs/alone', { method: 'DELETE' });
    for (const run of (await runsOf(cluster, 'alone')).filter(({ state }) => state === 'running'))
      await cluster.api(`/runs/${run.id}/kill`, { body: {} });
    await ended(cluster, 'alone');
  }, 400_000);

  test('a drained worker takes nothing new while its run goes on to its end, over a restart too, until it is resumed', async () => {
    const cluster = await start({ workers: 2 });
    const drained = cluster.workers[0]!;
    const release = await waiting(cluster, 'slow', 3, { placement: { workers: [drained.name] } });
    const workers = async () =>
      (
        await cluster.api<{ items: readonly { readonly id: string; readonly name: string; readonly draining: boolean }[] }>(
          '/workers',
        )
      ).items;
    const { id } = (await workers()).find(({ name }) => name === drained.name)!;
    const isDraining = async (): Promise<boolean> => (await workers()).some((each) => each.id === id && each.draining);
    const isItsOwn = (run: Run): boolean => run.workerName === drained.name;
    await cluster.api(`/workers/${id}/drain`, { body: {} });
    await until(isDraining, () => 'it does not drain');
    await cluster.saveJob({ name: 'often', cronExpr: '* * * * * * *', command: 'true' });
    const since = async (known: readonly string[]): Promise<readonly Run[]> =>
      (await runsOf(cluster, 'often')).filter((run) => !known.includes(run.id));
    await until(
      async () => (await since([])).length >= 5,
      () => 'the other worker does not run it',
    );
    await drained.restart();
    await until(isDraining, () => 'after its restart it does not drain');
    const before = (await runsOf(cluster, 'often')).map((run) => run.id);
    await until(
      async () => (await since(before)).length >= 5,
      () => 'the other worker does not go on',
    );
    expect((await since([])).filter(isItsOwn)).toStrictEqual([]);
    await release();
    await ended(cluster, 'slow');
    expect((await runsOf(cluster, 'slow')).every(({ outcome, exitCode }) => outcome === 'failed' && exitCode === 7)).toBe(true);

    await cluster.api(`/workers/${id}/resume`, { body: {} });
    await until(
      async () => (await since(before)).some(isItsOwn),
      () => 'resumed, it runs nothing',
      120_000,
    );
    await cluster.api('/jobs/often', { method: 'DELETE' });
  }, 400_000);
});

/** Whatever a test left, however it failed: launchers outlive their workers, and commands their launchers. */
const endAll = ({ dataDir }: Cluster['workers'][number]): void => {
  for (const name of namesIn(join(dataDir, 'spool'))) {
    const [text] = linesOf(join(dataDir, 'spool', name, 'pid'));
    const pid = text?.startsWith('{') === true ? (JSON.parse(text) as { pid: number }).pid : 0;
    if (pid > 1) killQuietly(-pid, 'SIGKILL');
  }
  for (const line of linesOf(join(dataDir, 'launcher.log'))) {
    const pid = Number(/listens as .* process (\d+)$/.exec(line)?.[1]);
    if (pid > 1 && isLauncher(pid)) killQuietly(pid, 'SIGKILL');
  }
};

const isLauncher = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'latin1').includes('launcher');
  } catch {
    return false;
  }
};

const namesIn = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

const linesOf = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

const isThere = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${String(pid)}/stat`, 'latin1').includes(') Z');
  } catch {
    return false;
  }
};
