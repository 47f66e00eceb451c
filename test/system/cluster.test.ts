// One etcd, one server of the MongoDB protocol, two masters, three workers, each its own process: the promises as an operator sees them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import WebSocket from 'ws';
import { killQuietly, startCluster, type Cluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until, type EtcdServer, type MongoServer } from '../support/servers.ts';

type Run = {
  id: string;
  job: string;
  state: string;
  outcome?: string;
  reason?: string;
  fireTime: string;
  worker?: string;
  workerName?: string;
  exitCode?: number;
};

const canRun = inject('etcdBinaries').length > 0 && inject('mongoBinaries').length > 0;

describe.skipIf(!canRun)('a cluster [needs etcd, mongo]', () => {
  let etcd: EtcdServer;
  let mongo: MongoServer;
  let cluster: Cluster;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cronstream-commands-'));
    [etcd, mongo] = await Promise.all([startEtcd(), startMongo()]);
    cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url });
  }, 180_000);
  afterAll(async () => {
    await cluster.stop();
    await Promise.all([etcd.stop(), mongo.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const runsOf = async (job: string): Promise<readonly Run[]> => (await cluster.runsOf(job)) as Run[];
  const ended = async (job: string): Promise<readonly Run[]> => (await runsOf(job)).filter(({ state }) => state === 'finished');
  /** Each line that the commands of a job wrote: what happened by their own account. */
  const told = (name: string): readonly string[] => {
    try {
      return readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      return [];
    }
  };
  const file = (name: string): string => join(folder, name);

  test('P1: a job of each second runs once a tick, on one of the workers', async () => {
    await cluster.saveJob({
      name: 'each-second',
      command: `echo "$CRON_FIRE_TIME $CRON_RUN_ID" >> ${file('each-second')}`,
      cronExpr: '* * * * * * *',
    });
    await until(
      () => told('each-second').length >= 6,
      () => `only ${String(told('each-second').length)} runs`,
    );
    await cluster.api('/jobs/each-second', { method: 'PATCH', body: { enabled: false } });
    await until(
      async () =>
        (await ended('each-second')).length === told('each-second').length &&
        (await runsOf('each-second')).length === told('each-second').length,
      () => 'the run log does not agree with the commands',
    );
    const ticks = told('each-second').map((line) => line.split(' ')[0]);
    expect(new Set(ticks).size).toBe(ticks.length);
    expect((await ended('each-second')).map(({ id, fireTime }) => `${fireTime} ${id}`).toSorted()).toStrictEqual(
      [...told('each-second')].toSorted(),
    );
    expect((await ended('each-second')).every(({ outcome }) => outcome === 'succeeded')).toBe(true);
  });

  test('a job put by etcdctl runs; one that is no JSON is shown as broken and harms nothing', async () => {
    const put = (key: string, value: string) =>
      fetch(`${etcd.url}/v3/kv/put`, {
        method: 'POST',
        body: JSON.stringify({ key: Buffer.from(key).toString('base64'), value: Buffer.from(value).toString('base64') }),
      });
    await put(`${cluster.prefix}/jobs/broken`, '{"name": "broken", ');
    await put(`${cluster.prefix}/jobs/x`, '{"name":"x","command":"echo hi","cronExpr":"* * * * * * *"}');
    await until(
      async () => (await ended('x')).length > 0,
      () => 'x did not run',
    );
    const jobs = await cluster.list('/jobs?limit=100');
    expect(jobs.find((view) => (view['job'] as { name: string }).name === 'broken')).toHaveProperty('broken');
    await cluster.api('/jobs/x', { method: 'DELETE' });
    await cluster.api('/jobs/broken', { method: 'DELETE' });
  });

  test('run now, follow, kill: a kill is confirmed by the end of the run (P5)', async () => {
    await cluster.saveJob({
      name: 'long',
      command: `echo begun; echo begun >> ${file('long')}; sleep 300`,
      cronExpr: '0 0 0 1 1 *',
      enabled: false,
    });
    const { runId } = await cluster.api<{ runId: string }>('/jobs/long/run', { body: {} });
    await until(
      () => told('long').length === 1,
      () => 'it did not start',
    );
    await cluster.api(`/runs/${runId}/kill`, { body: {} });
    await until(
      async () => (await ended('long')).length === 1,
      () => 'the kill was not confirmed',
    );
    expect((await ended('long'))[0]).toMatchObject({ id: runId, outcome: 'killed' });
    // Output comes by the run log, a moment after the end has been seen in etcd; every master has it.
    const output = async (): Promise<string> =>
      (
        await fetch(`${cluster.masters[1]?.url ?? ''}/api/v1/runs/${runId}/output`, {
          headers: { authorization: `Bearer ${cluster.token}` },
        })
      ).text();
    await until(
      async () => (await output()) !== '',
      () => 'there is no output',
    );
    expect(await output()).toBe('begun\n');
  });

  test('the socket tells claimed and finished of a run, on every master', async () => {
    const socket = new WebSocket(`${(cluster.masters[1]?.url ?? '').replace('http', 'ws')}/api/v1/live`, {
      headers: { authorization: `Bearer ${cluster.token}` },
    });
    const heard: { topic: string; type: string; event?: { type: string; runId?: string } }[] = [];
    socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString('utf8')) as (typeof heard)[number]));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send(JSON.stringify({ op: 'subscribe', topic: 'runs' }));
    await until(
      () => heard.some(({ type }) => type === 'subscribed'),
      () => 'not subscribed',
    );
    await cluster.saveJob({ name: 'quick', command: 'true', cronExpr: '0 0 0 1 1 *', enabled: false });
    const { runId } = await cluster.api<{ runId: string }>('/jobs/quick/run', { body: {} });
    const types = (): readonly string[] => heard.flatMap(({ event }) => (event?.runId === runId ? [event.type] : []));
    await until(
      () => types().includes('finished'),
      () => `heard ${types().join()}`,
    );
    socket.close();
    expect(types()).toContain('claimed');
  });

  test('kill -9 of a worker: other jobs go on elsewhere; back again, its own run is adopted and ends once (P7)', async () => {
    const [victim] = cluster.workers;
    if (!victim) throw new Error('no worker');
    const [{ id } = { id: '' }] = (await cluster.list('/workers')).filter(({ name }) => name === victim.name) as { id: string }[];
    await cluster.saveJob({
      name: 'adopted',
      command: `echo $CRON_RUN_ID >> ${file('adopted')}; sleep 8; echo done`,
      cronExpr: '0 0 0 1 1 *',
      enabled: false,
      placement: { workers: [id] },
    });
    await cluster.saveJob({ name: 'others', command: `echo "$CRON_FIRE_TIME" >> ${file('others')}`, cronExpr: '* * * * * * *' });
    const { runId } = await cluster.api<{ runId: string }>('/jobs/adopted/run', { body: {} });
    await until(
      () => told('adopted').length === 1,
      () => 'it did not start',
    );
    await victim.kill9();
    const before = told('others').length;
    await until(
      () => told('others').length >= before + 4,
      () => 'nothing runs elsewhere',
    );
    await victim.restart();
    await until(
      async () => (await ended('adopted')).length === 1,
      () => 'the adopted run did not end',
    );
    expect(told('adopted')).toStrictEqual([runId]);
    expect((await ended('adopted'))[0]).toMatchObject({ id: runId, outcome: 'succeeded' });
    await cluster.api('/jobs/others', { method: 'DELETE' });
    const ticks = told('others');
    expect(new Set(ticks).size).toBe(ticks.length);
    // No tick is missing: from the first to the last there is one for each second.
    const seconds = ticks.map((tick) => Date.parse(tick) / 1_000).toSorted((a, b) => a - b);
    expect(seconds).toStrictEqual(Array.from({ length: seconds.length }, (_, index) => (seconds[0] ?? 0) + index));
  });

  test('kill -9 of a master: the other goes on, signed in as before', async () => {
    const [, second] = cluster.masters;
    const [first] = cluster.masters;
    if (!first || !second) throw new Error('no masters');
    const login = await fetch(`${first.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: cluster.token }),
    });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    await first.kill9();
    const me = await fetch(`${second.url}/api/v1/me`, { headers: { cookie } });
    expect(me.status).toBe(200);
    const saved = await fetch(`${second.url}/api/v1/jobs?limit=5`, { headers: { cookie } });
    expect(saved.status).toBe(200);
    await first.restart();
  });

  test('P4: kill -9 of etcd and of the log database: jobs go on afterwards and nothing is lost', async () => {
    await cluster.saveJob({
      name: 'through',
      command: `echo "$CRON_RUN_ID" >> ${file('through')}; echo out`,
      cronExpr: '* * * * * * *',
    });
    await until(
      () => told('through').length >= 2,
      () => 'it does not run',
    );
    await mongo.kill9();
    const before = told('through').length;
    await until(
      () => told('through').length >= before + 2,
      () => 'without the log database nothing runs',
    );
    await etcd.kill9();
    await etcd.restart();
    const between = told('through').length;
    await until(
      () => told('through').length >= between + 2,
      () => 'after etcd was away nothing runs',
    );
    await mongo.restart();
    await until(
      async () => {
        try {
          await cluster.api('/jobs/through', { method: 'DELETE' });
          return true;
        } catch {
          return false;
        }
      },
      () => 'it could not be deleted',
    );
    await until(
      async () => {
        const ids = new Set((await ended('through').catch(() => [])).map(({ id }) => id));
        return told('through').length > 0 && told('through').every((id) => ids.has(id));
      },
      () => 'the run log lacks runs that the commands know',
      90_000,
    );
    const ids = told('through');
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('SIGTERM stops a worker in order, and its presence goes at once', async () => {
    const worker = cluster.workers[2];
    if (!worker) throw new Error('no worker');
    killQuietly(worker.pid(), 'SIGTERM');
    await until(
      async () => !(await cluster.list('/workers')).some(({ name }) => name === worker.name),
      () => 'its presence stays',
    );
    await worker.restart();
    await until(
      async () => (await cluster.list('/workers')).some(({ name }) => name === worker.name),
      () => 'it does not come back',
    );
    writeFileSync(file('end'), '');
    expect(await cluster.list('/workers')).toHaveLength(3);
  });
});
