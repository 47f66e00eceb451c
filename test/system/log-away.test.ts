// P4: the log database away and the worker killed -9 meanwhile: jobs run on, and every run and its output is in the log once it is back.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { PROGRAM, startCluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until } from '../support/servers.ts';

const canRun = inject('etcdBinaries').length > 0 && inject('mongoBinaries').length > 0;

describe.skipIf(!canRun)('a log database that is away [needs etcd, mongo]', () => {
  test('P4: kill -9 of the worker while the log database is away loses neither a run nor its output', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cronstream-away-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'told');
    await using etcd = await startEtcd();
    await using mongo = await startMongo();
    await using cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url, masters: 1, workers: 1 });
    const [worker] = cluster.workers;
    if (!worker) throw new Error('no worker');
    const told = (): readonly string[] => {
      try {
        return readFileSync(file, 'utf8').trim().split('\n');
      } catch {
        return [];
      }
    };
    const more = async (count: number): Promise<void> => {
      const before = told().length;
      await until(
        () => told().length >= before + count,
        () => 'it does not run',
      );
    };
    await cluster.saveJob({
      name: 'each-second',
      command: `echo "$CRON_RUN_ID" >> ${file}; echo "output of $CRON_RUN_ID"`,
      cronExpr: '* * * * * * *',
    });
    await more(2);
    await mongo.kill9();
    await more(3);
    const spooled = async () => (await cluster.list('/workers'))[0]?.['spoolBytes'];
    await until(
      async () => Number(await spooled()) > 0,
      () => 'the spool is not told',
    );
    await worker.kill9();
    await worker.restart();
    await more(3);
    await cluster.api('/jobs/each-second', { method: 'PATCH', body: { enabled: false } });
    await mongo.restart();
    // The list shows ended runs from etcd too, for a while: only the output is in the log alone.
    const outputOf = async (id: string): Promise<string> => {
      const answer = await fetch(`${cluster.masters[0]?.url ?? ''}/api/v1/runs/${id}/output`, {
        headers: { authorization: `Bearer ${cluster.token}` },
      });
      return answer.text();
    };
    const lacking = new Set(told());
    await until(
      async () => {
        for (const id of lacking) if ((await outputOf(id)) === `output of ${id}\n`) lacking.delete(id);
        return lacking.size === 0;
      },
      () => `the log lacks the output of ${String(lacking.size)} of ${String(told().length)} runs that the commands know`,
      90_000,
    );
    const runs = await cluster.runsOf('each-second');
    expect(runs.map((run) => `${String(run['id'])} ${String(run['outcome'])}`).toSorted()).toStrictEqual(
      told()
        .map((id) => `${id} succeeded`)
        .toSorted(),
    );
    expect(new Set(told()).size).toBe(told().length);

    // The whole log, not only what the API shows of it: every run has its events and the document that they make.
    const log = (command: string) => {
      const args = [PROGRAM, 'log', command, '--mongo', mongo.url, '--database', cluster.database, '--json'];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
      return {
        status,
        stderr,
        ...(JSON.parse(stdout) as { readonly runs: number; readonly faults: number; readonly found: object[] }),
      };
    };
    expect(log('verify')).toMatchObject({ status: 0, runs: told().length, faults: 0 });
    const [runId = ''] = told();
    const client = new MongoClient(mongo.url);
    onTestFinished(() => client.close());
    await client.db(cluster.database).collection<{ _id: string }>('log').deleteOne({ _id: runId });
    const damaged = log('verify');
    expect(damaged).toMatchObject({ status: 1, faults: 1, found: [{ runId, fault: 'missing' }] });
    expect(damaged.stderr).toContain('log rebuild');
    expect(log('rebuild')).toMatchObject({ status: 0, faults: 1 });
    expect(log('verify')).toMatchObject({ status: 0, runs: told().length, faults: 0 });
  }, 240_000);
});
