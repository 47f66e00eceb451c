// Configuration → the pair of stores.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { FolderInUse } from '../../src/stores/embedded/folder-lock.ts';
import { openStores } from '../../src/stores/open.ts';
import { Unavailable } from '../../src/streams/ports.ts';
import { putOf, read, write } from '../support/coordination.ts';
import { freePort } from '../support/servers.ts';

const log = pino({ level: 'silent' });

test('the embedded pair shares a folder, keeps what is in it, and holds it until it is closed', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cronstream-stores-'));
  const first = openStores({ type: 'embedded', dataDir }, log);
  await write(first.coordination, putOf('/cron/a', '1'));
  await first.runLog.ping();
  expect(() => openStores({ type: 'embedded', dataDir }, log)).toThrow(FolderInUse);
  await first.close();
  const again = openStores({ type: 'embedded', dataDir }, log);
  expect(await read(again.coordination, '/cron/a')).toMatchObject({ value: '1' });
  await again.close();
  rmSync(dataDir, { recursive: true });
});

test('nobody but its owner may look into the embedded stores, whatever the folder around them allows', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cronstream-stores-'));
  chmodSync(dataDir, 0o755);
  mkdirSync(join(dataDir, 'stores'), { mode: 0o755 }); // of a version before
  const stores = openStores({ type: 'embedded', dataDir }, log);
  expect(statSync(join(dataDir, 'stores')).mode & 0o777).toBe(0o700);
  await stores.close();
  rmSync(dataDir, { recursive: true });
});

test('the cluster pair is there though neither store is; each call says which one is away, and closing does not hang', async () => {
  const [etcd, mongo] = [`http://127.0.0.1:${await freePort()}`, `mongodb://127.0.0.1:${await freePort()}`];
  const stores = openStores({ type: 'cluster', etcd: { hosts: [etcd] }, mongo: { url: mongo, database: 'cron' } }, log);
  const away: unknown[] = await Promise.all([
    stores.coordination.list('/cron/').catch((error: unknown) => error),
    stores.runLog.ping().catch((error: unknown) => error),
  ]);
  for (const error of away) expect(error).toBeInstanceOf(Unavailable);
  expect(String(away[0])).toContain(`etcd at ${etcd} cannot be reached`);
  await stores.close();
});
