// Three crontabs from life on a cluster for ten minutes (SOAK_MINUTES): the run log and the commands' own file show every tick once. `npm run soak`.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileSchedule } from '../../src/domain/schedule/compile.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until, type EtcdServer, type MongoServer } from '../support/servers.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10);
const folder = mkdtempSync(join(tmpdir(), 'cronstream-soak-'));
const file = join(folder, 'ran');

type Line = { readonly name: string; readonly cronExpr: string; readonly timezone: string };
const crontabs = join(import.meta.dirname, 'crontabs');

/** The lines of the crontabs as jobs: the last word is the name. */
const lines: readonly Line[] = readdirSync(crontabs).flatMap((name) =>
  readFileSync(join(crontabs, name), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const words = line.trim().split(/\s+/);
      return {
        name: words.at(-1) ?? '',
        cronExpr: words.slice(0, -1).join(' '),
        timezone: name.startsWith('office') ? 'Europe/Berlin' : 'UTC',
      };
    }),
);

let etcd: EtcdServer;
let mongo: MongoServer;
let cluster: Cluster;
beforeAll(async () => {
  [etcd, mongo] = await Promise.all([startEtcd(), startMongo()]);
  cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url });
});
afterAll(async () => {
  await cluster.stop();
  await Promise.all([etcd.stop(), mongo.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

test(
  `every tick of ${String(lines.length)} jobs is there once, in ${String(MINUTES)} minutes`,
  { timeout: (MINUTES + 5) * 60_000 },
  async () => {
    for (const { name, cronExpr, timezone } of lines)
      await cluster.saveJob({
        name,
        cronExpr,
        timezone,
        command: `echo "$CRON_JOB $CRON_FIRE_TIME $CRON_RUN_ID" >> ${file}; sleep 0.$((RANDOM % 5 + 1))`,
        shell: '/bin/bash',
      });
    const from = Date.now();
    await wait(MINUTES * 60_000);
    // A moment in which nothing is due would be cut through a tick: what counts ends two seconds before now.
    const to = Date.now() - 2_000;
    for (const { name } of lines) await cluster.api(`/jobs/${name}`, { method: 'PATCH', body: { enabled: false } });
    const expected = lines.flatMap(({ name, cronExpr, timezone }) => {
      const compiled = compileSchedule({ cronExpr, timezone });
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
      const ticks: string[] = [];
      for (let next = compiled.value.next(from); next && next.fireTime <= to; next = compiled.value.next(next.fireTime))
        ticks.push(`${name} ${new Date(next.fireTime).toISOString()}`);
      return ticks;
    });
    const isCounted = (tick: string): boolean => {
      const at = Date.parse(tick.split(' ')[1] ?? '');
      return at > from && at <= to;
    };
    const logged = async (): Promise<readonly string[]> => {
      const all: string[] = [];
      for (const { name } of lines)
        for (let cursor: string | undefined; ;) {
          const page = await cluster.api<{
            items: { job: string; fireTime: string; state: string; outcome?: string }[];
            nextCursor?: string;
          }>(`/runs?job=${name}&limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`);
          all.push(
            ...page.items
              .filter(({ state, outcome }) => state === 'finished' && outcome === 'succeeded')
              .map(({ job, fireTime }) => `${job} ${fireTime}`),
          );
          cursor = page.nextCursor;
          if (cursor === undefined) break;
        }
      return all.filter(isCounted).toSorted();
    };
    await until(
      async () => (await logged()).length >= expected.length,
      () => `the run log has fewer than ${String(expected.length)} runs`,
    );
    const commands = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ').slice(0, 2).join(' '))
      .filter(isCounted)
      .toSorted();
    process.stdout.write(
      `soak: ${String(expected.length)} ticks of ${String(lines.length)} jobs in ${String(MINUTES)} minutes\n`,
    );
    expect(commands).toStrictEqual(expected.toSorted());
    expect(await logged()).toStrictEqual(expected.toSorted());
  },
);
