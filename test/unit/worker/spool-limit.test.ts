// P4: a run log that is away for long: the disk of the spool has a limit, memory goes by what is open, and no outcome is lost.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { expect, onTestFinished, test } from 'vitest';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import { middleOf } from '../../../src/worker/output-cuts.ts';
import { roomOf } from '../../../src/worker/spool-room.ts';
import { openSpool, type Found, type Spool } from '../../../src/worker/spool.ts';

const at = '2026-11-27T03:00:00.000Z';
const kB = 1024;
const finished = { type: 'finished', at, outcome: 'succeeded', exitCode: 0 } as const;

const foundIn = async (spool: Spool, onBroken: (name: string) => void) => {
  const all: Found[] = [];
  for await (const each of spool.found(onBroken)) all.push(each);
  return all;
};
const newRoot = (): string => {
  const base = mkdtempSync(join(tmpdir(), 'cronstream-spool-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  return join(base, 'spool');
};

/** Whether this machine and this file system can. */
const canPunch = (): boolean => {
  const file = join(newRoot(), '..', 'probe');
  writeFileSync(file, Buffer.alloc(64 * kB, 1));
  return spawnSync('fallocate', ['-p', '-o', '0', '-l', String(32 * kB), file]).status === 0;
};

/** A disk of so many MB with a spool folder on it, gone with the test; undefined where this user may not mount one. */
const smallDisk = (megabytes: number): string | undefined => {
  const root = newRoot();
  mkdirSync(root);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', root]).status !== 0) return undefined;
  onTestFinished(() => expect(spawnSync('umount', [root]).status).toBe(0)); // before the folder itself goes
  return root;
};

/** A run that has ended and printed so much; nothing of it is shipped. */
const endedRun = async (spool: Spool, outputBytes: number) => {
  const folder = spool.open({ job: 'backup', runId: uuidv7(), attempt: 1 });
  await folder.writeFacts({ v: 1, live: { job: 'backup' } });
  writeFileSync(join(folder.dir, 'out'), Buffer.alloc(outputBytes, 120));
  await folder.cut(at, 100_000_000, true);
  await folder.tell(finished);
  spool.release(folder);
  return folder;
};

const ship = async (spool: Spool): Promise<readonly RunEvent[]> => {
  const events: RunEvent[] = [];
  for (;;) {
    const items = await spool.take(100);
    if (items.length === 0) return events;
    events.push(...items.map(({ event }) => event));
    await spool.confirm(items);
  }
};

const told = (events: readonly RunEvent[], runId: string) => {
  const own = events.filter((event) => 'runId' in event && event.runId === runId);
  const outputs = own.filter((event) => event.type === 'output');
  return {
    printed: outputs.reduce((sum, { data }) => sum + data.length, 0),
    dropped: outputs.reduce((sum, { droppedBytes = 0 }) => sum + droppedBytes, 0),
    last: own.at(-1)?.type,
  };
};

test('within its limit nothing is cut', async () => {
  const spool = await openSpool(newRoot());
  const run = await endedRun(spool, 200 * kB);
  expect(await spool.trim(10_000 * kB)).toStrictEqual({ bytes: 0, attempts: 0 });
  expect(told(await ship(spool), run.of.runId)).toStrictEqual({ printed: 200 * kB, dropped: 0, last: 'finished' });
  await spool.sweep(Infinity);
  expect(spool.bytes()).toBe(0);
});

test('it tells how many ended attempts wait and when the first of them ended, also of what is not open, and after a restart', async () => {
  const root = newRoot();
  const spool = await openSpool(root, 2);
  expect(spool.waitingAttempts()).toStrictEqual({ attempts: 0, oldestAt: undefined });
  const runs = [];
  for (let n = 0; n < 6; n += 1) runs.push(await endedRun(spool, kB));
  const live = spool.open({ job: 'backup', runId: uuidv7(), attempt: 1 });
  await live.writeFacts({ v: 1, live: { job: 'backup' } });
  await live.tell({ type: 'started', at: '2026-11-01T00:00:00.000Z', pid: 1, host: 'h' });
  expect(spool.countOfOpen()).toBeLessThan(runs.length);
  expect(spool.waitingAttempts()).toStrictEqual({ attempts: 6, oldestAt: Date.parse(at) });
  const again = await openSpool(root, 2);
  for (const { folder } of await foundIn(again, () => undefined)) if (folder.hasTold('finished')) again.release(folder);
  expect(again.waitingAttempts()).toMatchObject({ attempts: 6, oldestAt: Date.parse(at) });
  await ship(again);
  expect(again.waitingAttempts()).toStrictEqual({ attempts: 0, oldestAt: undefined });
});

test('on reaching it the oldest output goes first, is said to be gone, and no outcome goes', async () => {
  const root = newRoot();
  const spool = await openSpool(root);
  const runs = [];
  for (let n = 0; n < 4; n += 1) runs.push(await endedRun(spool, 200 * kB));
  const trimmed = await spool.trim(700 * kB);
  expect(trimmed.attempts).toBeGreaterThan(0);
  expect(spool.bytes()).toBeLessThanOrEqual(700 * kB);
  expect(spool.cutBytes()).toBe(trimmed.bytes);
  // Another process ships what this one left: it knows of the cut from the disk.
  const later = await openSpool(root);
  for (const { folder } of await foundIn(later, () => undefined)) later.release(folder);
  const events = await ship(later);
  const all = runs.map(({ of }) => told(events, of.runId));
  expect(all.map(({ last }) => last)).toStrictEqual(runs.map(() => 'finished'));
  expect(all[0]).toMatchObject({ printed: 0, dropped: 200 * kB });
  expect(all[3]).toMatchObject({ printed: 200 * kB, dropped: 0 });
  for (const { printed, dropped } of all) expect(printed + dropped).toBe(200 * kB);
});

test('what was handed out before the cut is the same when it is handed out again after a crash', async () => {
  const root = newRoot();
  const spool = await openSpool(root);
  await endedRun(spool, 200 * kB);
  const handed = (await spool.take(1)).map(({ event }) => event);
  await spool.trim(1);
  const later = await openSpool(root);
  for (const { folder } of await foundIn(later, () => undefined)) later.release(folder);
  const events = await ship(later);
  expect(handed).toMatchObject([{ type: 'output', offset: 0 }]);
  expect(events[0]).toStrictEqual(handed[0]);
  expect(events.slice(1, -1).every((event) => event.type === 'output' && event.data.length === 0)).toBe(true);
});

test('P4: on a disk that is smaller than its limit the oldest output goes before the disk is full, and no outcome', async ({
  skip,
}) => {
  const disk = smallDisk(4);
  if (disk === undefined) return skip('only root can mount a small disk');
  const spool = await openSpool(disk);
  const ids: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    ids.push((await endedRun(spool, 200 * kB)).of.runId); // 8 MB in all
    await spool.trim(2_000_000_000);
  }
  expect(spool.roomBytes()).toBeLessThan(4_000 * kB);
  expect(spool.bytes()).toBeLessThanOrEqual(spool.roomBytes());
  expect(spool.cutBytes()).toBeGreaterThan(4_000 * kB);
  const events = await ship(spool);
  const all = ids.map((id) => told(events, id));
  expect(all.map(({ last }) => last)).toStrictEqual(ids.map(() => 'finished'));
  expect(all[0]).toMatchObject({ printed: 0, dropped: 200 * kB });
  expect(all[39]).toMatchObject({ printed: 200 * kB, dropped: 0 });
});

test.each([
  ['what it was allowed', { allowedBytes: 50, usedBytes: 10, freeBytes: 90 }, 50],
  ['on a smaller disk what leaves a fifth of it free', { allowedBytes: 500, usedBytes: 10, freeBytes: 90 }, 80],
  ['less, where others fill the disk', { allowedBytes: 500, usedBytes: 50, freeBytes: 0 }, 40],
  ['nothing that it does not take itself, where they have filled it', { allowedBytes: 500, usedBytes: 0, freeBytes: 0 }, 0],
  ['what it was allowed, where nobody knows what is free', { allowedBytes: 500, usedBytes: 10, freeBytes: undefined }, 500],
] as const)('the room of a spool: %s', (_what, given, room) => {
  expect(roomOf(given)).toBe(room);
});

test('a live run keeps its output; below the middle that will never be told the disk is given back', async () => {
  const spool = await openSpool(newRoot());
  const folder = spool.open({ job: 'loud', runId: uuidv7(), attempt: 1 });
  await folder.writeFacts({ v: 1, live: { job: 'loud' } });
  const out = join(folder.dir, 'out');
  writeFileSync(out, Buffer.alloc(5_000 * kB, 97));
  await folder.cut(at, 200 * kB, false);
  await spool.trim(1);
  const { size, blocks } = statSync(out);
  expect(size).toBe(5_000 * kB); // the command appends at its end
  if (canPunch()) expect(blocks * 512).toBeLessThan(1_000 * kB);
  appendFileSync(out, 'the end');
  await folder.cut(at, 200 * kB, true);
  await folder.tell(finished);
  spool.release(folder);
  const events = await ship(spool);
  const bytes = Buffer.concat(events.flatMap((event) => (event.type === 'output' ? [event.data] : [])));
  expect(bytes.length).toBe(200 * kB);
  expect(bytes.every((byte, index) => byte === 97 || index >= bytes.length - 7)).toBe(true); // no hole was told
  expect(bytes.subarray(-7).toString()).toBe('the end');
});

test.each([
  ['the head is not told yet', { size: 9_000 * kB, cutTo: 10, limitBytes: 200 * kB, leastBytes: kB }, undefined],
  ['less than what is worth it', { size: 300 * kB, cutTo: 100 * kB, limitBytes: 200 * kB, leastBytes: 101 * kB }, undefined],
  [
    'head and tail stay',
    { size: 400 * kB, cutTo: 100 * kB, limitBytes: 200 * kB, leastBytes: kB },
    { offset: 100 * kB, length: 200 * kB },
  ],
  [
    'whole pages',
    { size: 400 * kB + 5, cutTo: 100 * kB + 1, limitBytes: 200 * kB, leastBytes: kB },
    { offset: 104 * kB, length: 196 * kB },
  ],
] as const)('the middle of an output: %s', (_what, given, middle) => {
  expect(middleOf(given)).toStrictEqual(middle);
});

test('of very many that wait few are open, and all are shipped when the run log is back', async () => {
  const root = newRoot();
  const spool = await openSpool(root, 10);
  const ids: string[] = [];
  for (let n = 0; n < 60; n += 1) ids.push((await endedRun(spool, 1)).of.runId);
  expect(spool.countOfOpen()).toBeLessThanOrEqual(11);
  expect(spool.bytes()).toBeGreaterThan(60 * 16 * kB);
  expect(spool.waiting()).toBe(true);
  const ends = (await ship(spool)).filter(({ type }) => type === 'finished');
  expect(ends.map((event) => ('runId' in event ? event.runId : '')).toSorted()).toStrictEqual(ids);
  expect(spool.waiting()).toBe(false);
  await spool.sweep(Infinity);
  expect(spool.bytes()).toBe(0);
});

test('P4: killed while very many wait, it opens few of them: what the coordination store knows already is not looked into again, only shipped, the oldest first', async () => {
  const root = newRoot();
  const spool = await openSpool(root, 10);
  const ids: string[] = [];
  for (let n = 0; n < 60; n += 1) ids.push((await endedRun(spool, 1)).of.runId);
  const later = await openSpool(root, 10);
  const found = await foundIn(later, () => expect.unreachable());
  expect(found.length).toBeLessThanOrEqual(11);
  expect(later.countOfOpen()).toBe(found.length);
  expect(later.bytes()).toBe(spool.bytes());
  expect(await foundIn(later, () => undefined)).toHaveLength(found.length); // and a second look adds nothing
  for (const { folder } of found) later.release(folder);
  const told = await ship(later);
  expect(new Set(told.map(eventId)).size).toBe(told.length);
  const shipped = told.flatMap((event) => (event.type === 'finished' ? [event.runId] : []));
  expect(shipped.toSorted()).toStrictEqual(ids);
  const rested = shipped.filter((id) => !found.some(({ folder }) => folder.of.runId === id));
  expect(rested).toStrictEqual(rested.toSorted());
  await later.sweep(Infinity);
  expect(later.bytes()).toBe(0);
});

test('at its limit with very many that wait it cuts the oldest of them without opening any, lets others have their turn, and passes over what it cannot cut', async () => {
  const root = newRoot();
  const spool = await openSpool(root, 1);
  const all: { readonly id: string; readonly dir: string }[] = [];
  for (let n = 0; n < 40; n += 1) {
    const { of, dir } = await endedRun(spool, 64 * kB);
    all.push({ id: of.runId, dir });
  }
  const [oldest] = all;
  rmSync(join(oldest!.dir, 'out'));
  mkdirSync(join(oldest!.dir, 'out')); // what cannot be cut
  let turns = 0;
  const turn = setInterval(() => (turns += 1), 0);
  const open = spool.countOfOpen();
  const before = spool.bytes();
  const { bytes, attempts } = await spool.trim(before - 640 * kB);
  clearInterval(turn);
  expect(turns).toBeGreaterThan(0);
  expect(spool.countOfOpen()).toBe(open);
  expect(spool.bytes()).toBe(before - bytes);
  rmSync(join(oldest!.dir, 'out'), { recursive: true });
  const events = await ship(spool);
  expect(events.filter(({ type }) => type === 'finished')).toHaveLength(all.length);
  const dropped = all.map(({ id }) => told(events, id).dropped > 0);
  expect(dropped.slice(0, attempts + 1)).toStrictEqual(Array(attempts + 1).fill(true));
  expect(dropped.slice(attempts + 1)).toStrictEqual(Array(all.length - attempts - 1).fill(false));
});

test('a folder that waits and that somebody has removed, or damaged, keeps no other from being shipped', async () => {
  const root = newRoot();
  const spool = await openSpool(root, 1);
  const all: string[] = [];
  for (let n = 0; n < 6; n += 1) all.push((await endedRun(spool, 1)).dir);
  rmSync(all[2]!, { recursive: true });
  writeFileSync(join(all[3]!, 'run'), '\0');
  const told: RunEvent[] = [];
  for (let n = 0; n < all.length; n += 1) {
    const items = await spool.take(100).catch(() => []); // what cannot be read is told where there is nothing else
    told.push(...items.map(({ event }) => event));
    await spool.confirm(items);
  }
  expect(told.filter(({ type }) => type === 'finished')).toHaveLength(4);
  await expect(spool.take(1)).rejects.toThrow('cannot be read');
  expect(spool.waiting()).toBe(true);
});

test('what was set aside is counted across restarts', async () => {
  const root = newRoot();
  const spool = await openSpool(root);
  const folder = await endedRun(spool, 1);
  for (const { event } of await spool.take(2)) await spool.setAside(event, 'too large');
  expect(spool.countOfSetAside()).toBe(2);
  const [first] = readFileSync(join(root, 'refused.ndjson'), 'utf8').split('\n');
  expect(JSON.parse(first!)).toMatchObject({ reason: 'too large', event: { type: 'output', data: 'eA==' } }); // base64 of what it printed
  expect((await openSpool(root)).countOfSetAside()).toBe(2);
  expect(folder.isDone()).toBe(false);
});

test('a disk that the output itself has filled: the middle of it gives way, so that the end can be told', async ({ skip }) => {
  skip(!canPunch(), 'no fallocate here, or a file system that cannot');
  const spool = await openSpool(newRoot());
  const folder = spool.open({ job: 'backup', runId: uuidv7(), attempt: 1 });
  await folder.writeFacts({ v: 1, live: { job: 'backup' } });
  const [out, events] = [join(folder.dir, 'out'), join(folder.dir, 'events')];
  writeFileSync(out, `head${'x'.repeat(4_000 * kB)}tail`);
  symlinkSync('/dev/full', events);
  await expect(folder.cut(at, 10_000 * kB, true)).rejects.toThrow('ENOSPC');
  expect(statSync(out).blocks * 512).toBeLessThan(2_100 * kB);
  await expect(folder.cut(at, 10_000 * kB, true)).rejects.toThrow('ENOSPC');
  expect(statSync(out).blocks * 512).toBeLessThan(1_100 * kB);
  rmSync(events);
  expect(await folder.cut(at, 10_000 * kB, true)).toStrictEqual({ outputBytes: 4_000 * kB + 8, truncated: true });
  const told = (await spool.take(1_000)).flatMap(({ event }) => (event.type === 'output' ? [event] : []));
  const text = told.map(({ data }) => Buffer.from(data).toString()).join('');
  expect([text.slice(0, 5), text.slice(-5), /[^x]/.test(text.slice(4, -4))]).toStrictEqual(['headx', 'xtail', false]);
  expect(told.reduce((sum, { data, droppedBytes = 0 }) => sum + data.length + droppedBytes, 0)).toBe(4_000 * kB + 8);
});
