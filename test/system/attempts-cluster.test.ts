// Further attempts across workers: one master, two workers, each its own process.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { killQuietly, startCluster, type Cluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until, type EtcdServer, type MongoServer } from '../support/servers.ts';

type Run = { id: string; state: string; attempt: number; outcome?: string; workerName?: string; fence?: number };

const canRun = inject('etcdBinaries').length > 0 && inject('mongoBinaries').length > 0;

describe.skipIf(!canRun)('attempts in a cluster [needs etcd, mongo]', () => {
  let etcd: EtcdServer;
  let mongo: MongoServer;
  let cluster: Cluster;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cronstream-commands-'));
    [etcd, mongo] = await Promise.all([startEtcd(), startMongo()]);
    // lostAfterMs is 9 s here: the wait for it is on top of the 15 s of a presence.
    cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url, masters: 1, workers: 2, scale: 20 });
  }, 180_000);
  afterAll(async () => {
    await cluster.stop();
    await Promise.all([etcd.stop(), mongo.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** What the commands of a job wrote: one line an attempt. */
  const told = (name: string): readonly (readonly string[])[] => {
    try {
      return readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split(' '));
    } catch {
      return [];
    }
  };
  const started = async (name: string, more: object): Promise<string> => {
    await cluster.saveJob({ name, cronExpr: '0 0 0 1 1 *', enabled: false, ...more });
    return (await cluster.api<{ runId: string }>(`/jobs/${name}/run`, { body: {} })).runId;
  };
  const runOf = (id: string): Promise<Run> => cluster.api<Run>(`/runs/${id}`);
  const ended = async (id: string): Promise<Run> => {
    let run: Run | undefined;
    await until(
      async () => {
        run = await runOf(id);
        return run.state === 'finished';
      },
      () => `it did not end: ${JSON.stringify(run)}`,
    );
    return run!;
  };

  test('elsewhere: each attempt goes to another worker than the one before', async () => {
    const id = await started('moves', {
      command: `echo "$CRON_ATTEMPT" >> ${join(folder, 'moves')}; exit 1`,
      retry: { max: 3, delayMs: 10, factor: 1, elsewhere: true },
    });
    expect(await ended(id)).toMatchObject({ outcome: 'failed', attempt: 4 });
    expect(told('moves')).toStrictEqual([['1'], ['2'], ['3'], ['4']]);
    await until(
      async () => (await cluster.list(`/runs/${id}/events?limit=100`)).some(({ type }) => type === 'finished'),
      () => 'the run log has not all of it',
    );
    const claims = (await cluster.list(`/runs/${id}/events?limit=100`)).filter(({ type }) => type === 'claimed');
    const workers = claims.map(({ workerName }) => workerName);
    expect(workers).toStrictEqual([workers[0], workers[1], workers[0], workers[1]]);
    expect(workers[0]).not.toBe(workers[1]);
  });

  test('P1, P2: a run that was lost with its worker goes on at another one, with a higher fence, when nothing of it lives any more', async () => {
    const file = join(folder, 'lost');
    const id = await started('lost', {
      command: `echo "$CRON_ATTEMPT $CRON_FENCE $$" >> ${file}; [ "$CRON_ATTEMPT" -ge 2 ] || sleep 600`,
      retry: { max: 1, delayMs: 10, lost: true },
    });
    await until(
      () => told('lost').length === 1,
      () => 'it did not start',
    );
    const [, fence = '', pid = ''] = told('lost')[0]!;
    const { workerName } = await runOf(id);
    const worker = cluster.workers.find(({ name }) => name === workerName)!;
    killQuietly(worker.pid(), 'SIGKILL');
    await until(
      () => told('lost').length === 2,
      () => 'nobody went on with it',
      120_000,
    );
    expect(() => process.kill(Number(pid), 0)).toThrow(); // its own launcher ended it before
    const [attempt, higher = ''] = told('lost')[1]!;
    expect(attempt).toBe('2');
    expect(Number(higher)).toBeGreaterThan(Number(fence));
    const run = await ended(id);
    expect(run).toMatchObject({ id, outcome: 'succeeded', attempt: 2 });
    expect(run.workerName).not.toBe(workerName);
  }, 180_000);
});
