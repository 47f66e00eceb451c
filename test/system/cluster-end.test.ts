// The tests' own cluster: what it leaves behind would take the machine from the tests after it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { isAlive, launchersOf } from '../chaos/processes.ts';
import { startCluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until } from '../support/servers.ts';

const canRun = inject('etcdBinaries').length > 0 && inject('mongoBinaries').length > 0;

describe.skipIf(!canRun)('the cluster of a test [needs etcd, mongo]', () => {
  test('leaves neither launchers nor commands behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cronstream-end-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'pid');
    await using etcd = await startEtcd();
    await using mongo = await startMongo();
    await using cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url, masters: 1, workers: 1 });
    await cluster.saveJob({ name: 'long', command: `echo $$ > ${file}; exec sleep 300`, cronExpr: '* * * * * *' });
    await until(
      () => existsSync(file) && readFileSync(file, 'utf8').trim() !== '',
      () => 'it does not run',
    );
    const [command, ...launchers] = [
      Number(readFileSync(file, 'utf8')),
      ...cluster.workers.flatMap(({ dataDir }) => launchersOf(dataDir)),
    ];
    expect([command, ...launchers].map(isAlive)).toStrictEqual([true, true]);
    await cluster.stop();
    await until(
      () => ![command, ...launchers].some(isAlive),
      () => 'it leaves something behind',
      10_000,
    );
  });
});
