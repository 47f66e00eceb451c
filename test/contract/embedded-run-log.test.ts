// P4: what the embedded run log has answered as stored is there, whole, after kill -9.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { expect, onTestFinished, test } from 'vitest';
import { leastIdAt, timeOfId } from '../../src/domain/stats.ts';
import { checkLog } from '../../src/stores/check-log.ts';
import { openEmbedded, type Embedded } from '../../src/stores/embedded/env.ts';
import { createEmbeddedRunLog } from '../../src/stores/embedded/run-log.ts';
import type { RunsQuery } from '../../src/streams/ports.ts';
import { runOf } from '../support/run-events.ts';
import { programOf } from '../support/child.ts';
import { until } from '../support/servers.ts';

test('kill -9 in the middle of appends: what was answered is there, and documents agree with events', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  using program = await programOf('fills-run-log');
  const answered: string[] = [];
  for (let round = 1; round <= 2; round += 1) {
    const child = program.start(dir);
    await until(
      () => child.lines.length >= 20,
      () => 'it stores nothing',
    );
    await child.kill9();
    answered.push(...child.lines.filter((line) => line.length === 36));
    const env = openEmbedded(dir);
    const log = createEmbeddedRunLog({ env });
    for (const runId of answered) {
      expect(await log.run(runId)).toMatchObject({ outcome: 'succeeded' });
      expect(await log.eventsOf(runId, { limit: 9 })).toHaveLength(4);
    }
    expect(await checkLog(log, { repairs: false, onFault: () => undefined, onProgress: () => undefined })).toMatchObject({
      faults: 0,
    });
    const next = runOf('a');
    expect(await log.append(next.events)).toStrictEqual({ refused: [], conflicts: [] });
    await log.close();
    await env.close();
  }
});

/** The environment with some of what it does replaced. */
const patched = (root: Embedded['root'], patch: Readonly<Record<string, unknown>>): Embedded['root'] =>
  new Proxy(root, {
    get: (target, name) => {
      if (typeof name === 'string' && Object.hasOwn(patch, name)) return patch[name];
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });

/** Counts the documents that are read. */
const counted = (env: Embedded): { readonly env: Embedded; readonly reads: () => number } => {
  let reads = 0;
  const openDB = (options: { readonly name: string }): unknown => {
    const found: { get: (key: Buffer) => unknown } = env.root.openDB<unknown, Buffer>(options);
    if (options.name !== 'log') return found;
    const get = found.get.bind(found);
    found.get = (key) => {
      reads += 1;
      return get(key);
    };
    return found;
  };
  return { env: { ...env, root: patched(env.root, { openDB }) }, reads: () => reads };
};

/** Runs a second apart until now, each at its time; every hundredth by the worker `rare`. */
const hourOfRuns = (count: number) =>
  Array.from({ length: count }, (_, n) => {
    const ms = Date.now() - (count - n) * 1_000;
    const runId = `${leastIdAt(ms)}${uuidv7().slice(15)}`;
    const fireTime = new Date(ms).toISOString();
    return runOf('a', { runId, claimed: { fireTime, ...(n % 100 === 0 && { worker: 'w-rare', workerName: 'rare' }) } });
  });
const idsOf = (runs: readonly { readonly runId: string }[]): readonly string[] => runs.map(({ runId }) => runId).toReversed();

test.each(['as it was written', 'of a version without these lists'])(
  'runs by worker and by time are found without reading the others; a log %s',
  async (kind) => {
    const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const runs = hourOfRuns(1_500);
    const timeOf = (n: number): number => timeOfId(runs[n]!.runId)!;
    // Caught up now, and asked for now: of a time that is not that of their ids.
    const [old, ahead] = [timeOf(700), timeOf(1_499) + 3_600_000].map((ms) =>
      runOf('b', { claimed: { fireTime: new Date(ms).toISOString(), worker: 'w-rare', workerName: 'rare' } }),
    );
    const env = openEmbedded(dir);
    const log = createEmbeddedRunLog({ env });
    const all = [...runs, old!, ahead!];
    for (let n = 0; n < all.length; n += 500) await log.append(all.slice(n, n + 500).flatMap(({ events }) => events));
    if (kind !== 'as it was written') {
      for (const name of ['log.byWorker', 'log.apart']) await env.root.openDB({ name, keyEncoding: 'binary' }).clearAsync();
    }
    await log.close();
    await env.close();

    const again = openEmbedded(dir);
    const { env: seen, reads } = counted(again);
    const found = createEmbeddedRunLog({ env: seen });
    const lists = again.root.openDB({ name: 'log.byWorker', keyEncoding: 'binary' });
    await until(
      () => lists.doesExist(Buffer.from('\0filled')),
      () => 'the lists are not made',
    );
    const listed = async (query: Omit<RunsQuery, 'limit'>): Promise<readonly string[]> => {
      const before = reads();
      const ids = (await found.runs({ limit: 200, ...query })).items.map(({ _id }) => _id);
      // Those within the margin of a minute are looked at too.
      expect(reads() - before).toBeLessThanOrEqual(ids.length + 130);
      return ids;
    };
    const rare = runs.filter((_, n) => n % 100 === 0);
    expect(await listed({ worker: 'rare' })).toStrictEqual([ahead!.runId, old!.runId, ...idsOf(rare)]);
    expect(await listed({ worker: 'w-rare', job: 'a' })).toStrictEqual(idsOf(rare));
    expect(await listed({ to: timeOf(9) })).toStrictEqual(idsOf(runs.slice(0, 10)));
    expect(await listed({ from: timeOf(1_490) })).toStrictEqual([ahead!.runId, ...idsOf(runs.slice(1_490))]);
    expect(await listed({ from: timeOf(690), to: timeOf(710) })).toStrictEqual([old!.runId, ...idsOf(runs.slice(690, 711))]);
    expect(await listed({ job: 'b', to: timeOf(710) })).toStrictEqual([old!.runId]);
    expect(await listed({ worker: 'rare', from: timeOf(650), to: timeOf(750) })).toStrictEqual([old!.runId, runs[700]!.runId]);
    await found.close();
    await again.close();
  },
  60_000,
);

test('of many runs that end together, little output is read in the transaction that everybody waits for', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const env = openEmbedded(dir);
  let [bytes, most, isInside] = [0, 0, false];
  const openDB = (options: { readonly name: string }): unknown => {
    const found = env.root.openDB<{ readonly data?: Uint8Array }, Buffer>(options);
    if (options.name !== 'events') return found;
    const getRange = found.getRange.bind(found);
    const counting = (asked: Parameters<typeof getRange>[0]) => {
      const all = [...getRange(asked)];
      for (const { value } of all) if (isInside) bytes += value.data?.length ?? 0;
      most = Math.max(most, bytes);
      return all;
    };
    return Object.assign(found, { getRange: counting });
  };
  const transaction = (act: () => unknown): unknown =>
    env.root.transaction(() => {
      [bytes, isInside] = [0, true];
      try {
        return act();
      } finally {
        isInside = false;
      }
    });
  const log = createEmbeddedRunLog({ env: { ...env, root: patched(env.root, { openDB, transaction }) } });
  const runs = Array.from({ length: 40 }, () => runOf('a', { chunks: Array.from({ length: 8 }, () => new Uint8Array(65_536)) }));
  for (const { begin, outputs } of runs) await log.append([...begin, ...outputs]);
  await log.append(runs.map(({ end }) => end));
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(5_000_000);
  expect((await log.runs({ outcome: 'succeeded', limit: 50 })).items).toHaveLength(runs.length);
  await log.close();
  await env.close();
}, 60_000);

test('a list that nobody waits for any more is not looked for any further', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const env = openEmbedded(dir);
  const filled = createEmbeddedRunLog({ env });
  const runs = hourOfRuns(4_000);
  for (let n = 0; n < runs.length; n += 500) await filled.append(runs.slice(n, n + 500).flatMap(({ events }) => events));
  const { env: seen, reads } = counted(env);
  const log = createEmbeddedRunLog({ env: seen, deadlineMs: 1 });
  await expect(log.runs({ q: 'no such text', limit: 50 })).rejects.toThrow('did not answer within 1 ms');
  await log.close(); // waits for what is not done yet
  expect(reads()).toBeLessThan(runs.length);
  await filled.close();
  await env.close();
}, 60_000);

test('the list by outcome of a log from before there was one is made at its opening; it goes on over pages', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const runs = Array.from({ length: 2_300 }, (_, n) =>
    runOf('a', { finished: { outcome: n % 2 === 0 ? 'failed' : 'timedOut' } }),
  );
  const env = openEmbedded(dir);
  const log = createEmbeddedRunLog({ env });
  for (let n = 0; n < runs.length; n += 500) await log.append(runs.slice(n, n + 500).flatMap(({ events }) => events));
  const lists = env.root.openDB({ name: 'log.byOutcome', keyEncoding: 'binary' });
  await lists.clearAsync();
  await log.close();
  await env.close();

  const again = openEmbedded(dir);
  const found = createEmbeddedRunLog({ env: again });
  const ids: string[] = [];
  for (let cursor: string | undefined, isMore = true; isMore;) {
    const page = await found.runs({ outcome: 'failed,timedOut', limit: 900, ...(cursor !== undefined && { cursor }) });
    ids.push(...page.items.map(({ _id }) => _id));
    isMore = (cursor = page.nextCursor) !== undefined;
  }
  expect(ids).toStrictEqual(runs.map(({ runId }) => runId).toReversed());
  await found.close();
  await again.close();
}, 120_000);
