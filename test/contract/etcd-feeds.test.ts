// P6: whatever happens to etcd or to the link, a worker notices, claims nothing until it is in sync again, and then knows exactly what etcd holds.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { NEVER } from 'rxjs';
import { describe, expect, inject, test } from 'vitest';
import { createKeys } from '../../src/domain/keys.ts';
import { parseLiveRun, type LiveRun } from '../../src/domain/values.ts';
import { createEtcdCoordination, type EtcdOptions } from '../../src/stores/etcd/coordination.ts';
import { systemClock } from '../../src/streams/clock.ts';
import type { Coordination } from '../../src/streams/ports.ts';
import type { Launcher } from '../../src/worker/launcher.ts';
import { createWorker } from '../../src/worker/worker.ts';
import { deleteOf, persistently, putOf, write } from '../support/coordination.ts';
import { cronUser, withUsers } from '../support/etcd-users.ts';
import { follow } from '../support/follow.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { startEtcd, until, type EtcdServer } from '../support/servers.ts';
import { workerConfig } from '../support/worker-config.ts';

const keys = createKeys();
const QUICK = { deadlineMs: 2_000, silenceMs: 3_000 };
const range = (count: number): readonly number[] => [...Array(count).keys()];

/** Starts what it is told, and no command ever ends. */
const aLauncher = async (): Promise<Launcher> =>
  ({
    pid: 1,
    live: [],
    news$: NEVER,
    gone$: NEVER,
    start: async ({ runId, attempt }: { runId: string; attempt: number }) => ({
      runId,
      attempt,
      pid: 2,
      startTime: '1',
      startedAt: new Date().toISOString(),
    }),
    end: async () => true,
    setDeadlines: async () => true,
    stop: async () => true,
    close: () => undefined,
  }) as unknown as Launcher;

/** A worker of this process. `syncs`: what it said of its feeds, at the very moment; `sent`: of each claim, whether it was in sync when it sent it. */
const startWorker = (coordination: Coordination) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cronstream-feeds-'));
  const syncs: boolean[] = [];
  const sent: boolean[] = [];
  const { life$ } = createWorker({
    coordination: {
      ...coordination,
      transact: (transaction) => {
        const isClaim = transaction.then.some((operation) => operation.type === 'put' && operation.key.startsWith(keys.runs));
        if (isClaim) sent.push(syncs.at(-1) === true);
        return coordination.transact(transaction);
      },
    },
    runLog: { append: async () => ({ refused: [], conflicts: [] }) },
    keys,
    clock: systemClock,
    log: pino(
      {},
      {
        write: (line: string) => {
          const { inSync } = JSON.parse(line) as { readonly inSync?: boolean };
          if (inSync !== undefined) syncs.push(inSync);
        },
      },
    ),
    stop$: NEVER,
    connect: aLauncher,
    config: workerConfig({
      id: '00000000-0000-4000-8000-000000000001',
      name: 'one',
      dataDir,
      slots: 10_000,
      drainTimeoutMs: Infinity,
    }),
  });
  let error: unknown;
  const subscription = life$.subscribe({
    error: (thrown: unknown) => (error = thrown),
  });
  return {
    syncs,
    sent,
    isInSync: (): boolean => {
      if (error !== undefined) throw error as Error;
      return syncs.at(-1) === true;
    },
    [Symbol.dispose]: () => {
      subscription.unsubscribe();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

const jobOf = (name: string, command: string): string =>
  JSON.stringify({ name, command, cronExpr: '* * * * * * *', overlap: 'allow' });

type Fault = {
  readonly name: string;
  readonly auth?: boolean;
  readonly begin: (etcd: EtcdServer, proxy: Proxy) => Promise<void> | void;
  /** What happens to etcd while the worker hears nothing, after all that changes meanwhile. Absent: etcd itself is away, and takes no change before the end. */
  readonly meanwhile?: (etcd: EtcdServer) => Promise<void>;
  readonly end: (etcd: EtcdServer, proxy: Proxy) => Promise<void> | void;
};
const frozen: Pick<Fault, 'begin' | 'end'> = { begin: (_etcd, proxy) => proxy.freeze(), end: (_etcd, proxy) => proxy.mend() };
const restarted = async (etcd: EtcdServer): Promise<void> => {
  await etcd.kill9();
  await etcd.restart();
};

const FAULTS: readonly Fault[] = [
  { name: 'a link that passes nothing, and stays open', ...frozen, meanwhile: async () => undefined },
  { name: 'a compaction while the link is away', ...frozen, meanwhile: (etcd) => etcd.compact() },
  { name: 'kill -9 of etcd behind a link that passes nothing', ...frozen, meanwhile: restarted },
  { name: 'a restart of an etcd with users, which forgets their tokens', auth: true, ...frozen, meanwhile: restarted },
  { name: 'kill -9 of etcd', begin: (etcd) => etcd.kill9(), end: (etcd) => etcd.restart() },
  { name: 'an etcd that hangs', begin: (etcd) => etcd.freeze(), end: (etcd) => etcd.thaw() },
];

// One version is enough: what differs between them is in the other tests of etcd.
describe.each(inject('etcdBinaries').slice(0, 1))('the feeds of a worker on an own $name', ({ binary }) => {
  test.each(FAULTS)('P6: $name', { timeout: 180_000 }, async ({ auth, begin, meanwhile, end }) => {
    await using etcd = await startEtcd({ binary });
    if (auth) await withUsers(etcd);
    await using proxy = await startProxy(etcd.port);
    const access: Partial<EtcdOptions> = auth ? { auth: cronUser } : {};
    const direct = createEtcdCoordination({ hosts: [etcd.url], deadlineMs: 5_000, ...access });
    const linked = createEtcdCoordination({ hosts: [proxy.url], ...QUICK, ...access });
    const put = (...operations: Parameters<typeof write>[1][]) => persistently(() => write(direct, ...operations));
    const runs = async (job: string): Promise<readonly LiveRun[]> =>
      (await persistently(() => direct.list(keys.runsOf(job)))).entries.flatMap(({ value }) => {
        const parsed = parseLiveRun(value);
        return parsed.ok ? [parsed.value] : [];
      });
    try {
      await put(putOf(keys.job('stays'), jobOf('stays', 'true')), putOf(keys.job('edited'), jobOf('edited', 'old')));
      await put(putOf(keys.job('deleted'), jobOf('deleted', 'true')));
      using worker = startWorker(linked);
      using following = follow(linked, keys.jobs);
      await until(
        async () => worker.isInSync() && (await runs('stays')).length > 0 && (await runs('deleted')).length > 0,
        () => JSON.stringify(worker.syncs),
      );

      const breaks = following.breaks.length;
      await begin(etcd, proxy);
      await until(
        () => !worker.isInSync() && following.breaks.length > breaks,
        () => `nobody noticed: ${JSON.stringify([worker.syncs, following.breaks])}`,
      );
      const change = async (): Promise<void> => {
        await put(putOf(keys.job('edited'), jobOf('edited', 'new')), putOf(keys.job('new'), jobOf('new', 'true')));
        await put(deleteOf(keys.job('deleted')));
        for (const n of range(30)) await put(putOf(keys.job(`x${String(n)}`), '{}'));
        for (const n of range(29)) await put(deleteOf(keys.job(`x${String(n)}`)));
      };
      if (meanwhile) await change();
      const known = new Set((meanwhile ? await runs('edited') : []).map(({ runId }) => runId));
      await meanwhile?.(etcd);
      await end(etcd, proxy);
      if (!meanwhile) await change();

      await until(
        async () =>
          worker.isInSync() && (await runs('new')).length > 0 && (await runs('edited')).some(({ runId }) => !known.has(runId)),
        () => `it does not go on: ${JSON.stringify([worker.syncs, following.breaks])}`,
      );
      const { entries } = await persistently(() => direct.list(keys.jobs));
      const states = new Map(entries.map(({ key, value, revision }) => [key, `${value}@${String(revision)}`]));
      await until(
        () => following.state.size === states.size && [...states].every(([key, state]) => following.state.get(key) === state),
        () => JSON.stringify({ has: [...following.state.keys()], of: [...states.keys()] }),
      );
      // No claim was sent out of sync, none for the deleted job since, and none for the old version of the edited one.
      expect(new Set(worker.sent)).toStrictEqual(new Set([true]));
      const fresh = (await runs('edited')).filter(({ runId }) => !known.has(runId));
      if (meanwhile) expect(new Set(fresh.map(({ command }) => command))).toStrictEqual(new Set(['new']));
      const deleted = (await runs('deleted')).length;
      const news = (await runs('new')).length;
      await until(
        async () => (await runs('new')).length >= news + 2,
        () => 'it does not go on',
      );
      expect((await runs('deleted')).length).toBe(deleted);
    } finally {
      await Promise.all([direct.close(), linked.close()]);
    }
  });
});
