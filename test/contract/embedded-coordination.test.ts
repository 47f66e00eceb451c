// What only a store in a folder can meet: a restart, a kill, another process, a file in the way.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEmbeddedCoordination, type EmbeddedOptions } from '../../src/stores/embedded/coordination.ts';
import { openEmbedded } from '../../src/stores/embedded/env.ts';
import { FolderInUse, lockFolder } from '../../src/stores/embedded/folder-lock.ts';
import { Compacted, type Coordination } from '../../src/streams/ports.ts';
import { programOf } from '../support/child.ts';
import { deleteOf, getOf, putOf, read, textOf, watching, write } from '../support/coordination.ts';
import { follow } from '../support/follow.ts';
import { until } from '../support/servers.ts';

type Folder = { readonly path: string; readonly [Symbol.dispose]: () => void };
const newFolder = (): Folder => {
  const path = mkdtempSync(join(tmpdir(), 'cronstream-folder-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};
type Store = Coordination & { readonly [Symbol.asyncDispose]: () => Promise<void> };
const openStore = (dir: string, options: Partial<EmbeddedOptions> = {}): Store => {
  const env = openEmbedded(dir);
  const store = createEmbeddedCoordination({ env, ...options });
  const close = async (): Promise<void> => {
    await store.close();
    await env.close();
  };
  return { ...store, close, [Symbol.asyncDispose]: close };
};
const range = (count: number): readonly number[] => [...Array(count).keys()];

test('a folder that is opened again has all that was in it, and its revisions go on', async () => {
  using folder = newFolder();
  const before = await (async () => {
    await using store = openStore(folder.path);
    expect((await store.list('/')).revision).toBe(1);
    await write(store, putOf('/cron/a', '1'), putOf('/cron/b', '1'));
    await write(store, putOf('/cron/a', '2'), deleteOf('/cron/b'));
    return await store.list('/');
  })();
  expect(before).toMatchObject({ revision: 3, entries: [{ key: '/cron/a', value: '2', revision: 3, created: 2 }] });
  await using store = openStore(folder.path);
  expect(await store.list('/')).toEqual(before);
  using old = watching(store, '/cron/', 2);
  expect(await old.failed()).toBeInstanceOf(Compacted);
  using watch = watching(store, '/cron/', 4);
  expect((await write(store, putOf('/cron/b', '3'))).revision).toBe(4);
  expect((await watch.seen(1)).map(textOf)).toEqual(['put /cron/b=3']);
});

test('a transaction that fails half-way leaves nothing behind, and those beside it are done', async () => {
  using folder = newFolder();
  await using store = openStore(folder.path);
  using watch = watching(store, '/cron/', 2);
  const results = await Promise.allSettled([
    write(store, putOf('/cron/a', '1')),
    write(store, putOf('/cron/b', '1'), putOf('/cron/a', '2'), putOf('/cron/c', '1', 'no such lease')),
    write(store, getOf('/cron/a'), putOf('/cron/d', '1')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await watch.seen(2)).map(textOf)).toEqual(['put /cron/a=1', 'put /cron/d=1']);
  expect((await store.list('/')).entries.map(({ key, value, revision }) => [key, value, revision])).toEqual([
    ['/cron/a', '1', 2],
    ['/cron/d', '1', 3],
  ]);
});

test('a history that has run over is told as such, and a feed goes over it without a loss', async () => {
  using folder = newFolder();
  await using store = openStore(folder.path, { historyLength: 10 });
  using following = follow(store, '/cron/');
  for (const n of range(25)) await write(store, putOf(`/cron/${n % 4}`, String(n)));
  using old = watching(store, '/cron/', 2);
  expect(await old.failed()).toBeInstanceOf(Compacted);
  using kept = watching(store, '/cron/', 26 - 9);
  expect((await kept.seen(10)).map(textOf)).toEqual(range(10).map((n) => `put /cron/${(n + 15) % 4}=${n + 15}`));
  // A listener that is in the middle of the history when it is cut still has all of it, once.
  await until(
    () => following.told.length + following.state.size >= 25,
    () => following.told.join(),
  );
  expect([...following.state.values()].map((state) => state.split('@')[0])).toEqual(['24', '21', '22', '23']);
});

test('leases outlive a restart with their whole time, and then end', async () => {
  using folder = newFolder();
  const lease = await (async () => {
    await using store = openStore(folder.path);
    const id = await store.grantLease(4_000);
    await write(store, putOf('/cron/workers/a', '', id));
    return id;
  })();
  await using store = openStore(folder.path);
  using watch = watching(store, '/cron/', (await store.list('/')).revision + 1);
  expect(await read(store, '/cron/workers/a')).toBeDefined();
  expect(await store.renewLease(lease)).toBe(true);
  expect((await watch.seen(1)).map(textOf)).toEqual(['delete /cron/workers/a']);
  expect(await store.renewLease(lease)).toBe(false);
});

test('kill -9 while writing: what was answered is there, nothing is there by halves, and the folder is free at once', async () => {
  using folder = newFolder();
  using program = await programOf('holds-folder');
  for (const _round of range(3)) {
    const child = program.start(folder.path, 'write');
    expect(await child.said('open')).toBe(`open ${child.pid}`);
    await until(
      () => child.lines.length > 50,
      () => child.lines.join('; '),
    );
    await child.kill9();
    await using store = openStore(folder.path);
    const [, n, revision] = child.lines.at(-1)!.split(' ').map(Number);
    const { entries, revision: now } = await store.list('/cron/');
    expect(now).toBeGreaterThanOrEqual(revision!);
    const [a, b] = ['a', 'b'].map((half) => entries.filter(({ key }) => key.startsWith(`/cron/${half}/`)));
    expect(a!.map(({ key, revision }) => `${key.slice(8)} ${revision}`)).toEqual(
      b!.map(({ key, revision }) => `${key.slice(8)} ${revision}`),
    );
    expect(await read(store, `/cron/a/${n}`)).toMatchObject({ value: 'x'.repeat(1_000) });
  }
});

test('a second process on the same folder is refused with one clear message; so is a second opening by the first', async () => {
  using folder = newFolder();
  using program = await programOf('holds-folder');
  const first = program.start(folder.path);
  await first.said('open');
  const second = program.start(folder.path);
  const message = `The data folder ${folder.path} is in use by process ${first.pid}. End that process, or take another folder.`;
  expect(await second.said('refused')).toBe(`refused FolderInUse: ${message}`);
  expect(() => openEmbedded(folder.path)).toThrow(new FolderInUse(message));
  await first.kill9();
  await using store = openStore(folder.path);
  expect(() => openEmbedded(folder.path)).toThrow(`is in use by process ${process.pid}`);
  await store.close();
  await openEmbedded(folder.path).close();
});

test('of many that start at once on the folder of a dead process, one gets it', async () => {
  using folder = newFolder();
  using program = await programOf('holds-folder');
  for (const _round of range(2)) {
    const contenders = range(8).map(() => program.start(folder.path));
    const said = await Promise.all(
      contenders.map(async (child) => {
        await until(
          () => child.lines.length > 0,
          () => 'a contender says nothing',
        );
        return child.lines[0]!;
      }),
    );
    const winners = said.filter((line) => line.startsWith('open '));
    expect(winners).toHaveLength(1);
    const holder = winners[0]!.slice('open '.length);
    expect(said.filter((line) => line.includes(`is in use by process ${holder}`))).toHaveLength(7);
    await Promise.all(contenders.map((child) => child.kill9()));
    expect(readdirSync(folder.path).filter((name) => name.startsWith('owner')).length).toBeLessThanOrEqual(2);
  }
});

test('a number of a process that is now somebody else does not hold a folder', () => {
  using folder = newFolder();
  const lock = lockFolder(folder.path);
  lock.release();
  // A living process, but not the one that took the folder: it started at another time.
  writeFileSync(join(folder.path, 'owner.7'), `${process.pid} 12345 some-boot\n`);
  const again = lockFolder(folder.path);
  expect(readdirSync(folder.path)).toEqual(['owner.8']);
  again.release();
});

test('a folder that cannot be one is told', async () => {
  using folder = newFolder();
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  expect(() => openEmbedded(file)).toThrow(`The data folder ${file} cannot be used: EEXIST`);
  expect(() => openEmbedded(join(file, 'below'))).toThrow(/cannot be used: ENOTDIR/);
  const spoilt = join(folder.path, 'spoilt');
  await openEmbedded(spoilt).close();
  writeFileSync(join(spoilt, 'stores/data.mdb'), 'not a database'.repeat(1_000));
  expect(() => openEmbedded(spoilt)).toThrow(
    `The stores in the data folder ${spoilt} cannot be opened: ${spoilt}/stores/data.mdb is not a database`,
  );
  // And it is not held by the failure.
  expect(() => openEmbedded(spoilt)).toThrow('cannot be opened');
});
