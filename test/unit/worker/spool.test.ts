import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { expect, onTestFinished, test } from 'vitest';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import { readRun } from '../../../src/worker/run-folder.ts';
import { openSpool, type Found, type Spool } from '../../../src/worker/spool.ts';

const at = '2026-11-27T03:00:00.000Z';
const signalled = (signal: string) => ({ type: 'signalled', at, signal, cause: 'killed' }) as const;

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
/** A spool with the folder of one run; `again` opens both as a new process would. */
const oneRun = async () => {
  const root = newRoot();
  const of = { job: 'backup', runId: uuidv7(), attempt: 1 };
  const again = async () => {
    const spool = await openSpool(root);
    return { spool, folder: spool.open(of) };
  };
  const first = await again();
  await first.folder.writeFacts({ v: 1, live: { job: 'backup' } });
  return { root, of, dir: first.folder.dir, again, ...first };
};
const takeAll = async (spool: Spool): Promise<readonly RunEvent[]> => {
  const events: RunEvent[] = [];
  for (;;) {
    const items = await spool.take(7);
    if (items.length === 0) return events;
    events.push(...items.map(({ event }) => event));
  }
};
const textOf = (events: readonly RunEvent[]): string =>
  events.map((event) => (event.type === 'output' ? Buffer.from(event.data).toString() : '')).join('');
const ids = (events: readonly RunEvent[]): readonly string[] => events.map(eventId);

test('a run and attempt is begun once, whatever restarts lie between', async () => {
  const { folder, again } = await oneRun();
  expect(await folder.begin()).toBe(true);
  expect(await folder.begin()).toBe(false);
  const { folder: later } = await again();
  expect(await later.begin()).toBe(false);
});

test('events are numbered and handed out in order, each once; a new process hands them out again, the same to the byte', async () => {
  const { of, spool, folder, again } = await oneRun();
  for (const signal of ['A', 'B', 'C']) await folder.tell(signalled(signal));
  const handed = await takeAll(spool);
  expect(ids(handed)).toStrictEqual([0, 1, 2].map((seq) => `${of.runId}/001/0000000${seq}`));
  expect(await takeAll(spool)).toStrictEqual([]);
  expect(await takeAll((await again()).spool)).toStrictEqual(handed);
});

test('P4: more cannot be confirmed than was handed out: what was never stored stays', async () => {
  const { spool, folder } = await oneRun();
  for (const signal of ['A', 'B', 'C']) await folder.tell(signalled(signal));
  spool.release(folder);
  const items = await spool.take(2);
  await spool.confirm(items);
  await spool.confirm(items);
  expect(folder.isDone()).toBe(false);
  expect((await takeAll(spool)).map((event) => 'signal' in event && event.signal)).toStrictEqual(['C']);
});

test('what the run log has confirmed is not shipped again after a restart, but for a little', async () => {
  const { spool, folder, again } = await oneRun();
  for (let n = 0; n < 130; n += 1) await folder.tell(signalled(`S${n}`));
  const items = await spool.take(120);
  await spool.confirm(items);
  const left = await takeAll((await again()).spool);
  expect(left).toHaveLength(10);
  expect(left[0]).toMatchObject({ seq: 120, signal: 'S120' });
});

test('a note of what was shipped that does not fit the events is not believed', async () => {
  const { dir, folder, again } = await oneRun();
  for (const signal of ['A', 'B', 'C']) await folder.tell(signalled(signal));
  for (const note of ['{"v":1,"count":2,"bytes":17}', '{"v":1,"count":99,"bytes":99999}', '{"v":1,"cou', '']) {
    writeFileSync(join(dir, 'shipped'), note);
    expect(await takeAll((await again()).spool)).toHaveLength(3);
  }
});

test('a line that a crash left half-written is cut off, and its number is given anew', async () => {
  const { dir, folder, again } = await oneRun();
  await folder.tell(signalled('A'));
  appendFileSync(join(dir, 'events'), '{"v":1,"type":"signalled","seq":1,"sig');
  const { spool, folder: later } = await again();
  await later.tell(signalled('B'));
  expect(await takeAll(spool)).toMatchObject([
    { seq: 0, signal: 'A' },
    { seq: 1, signal: 'B' },
  ]);
});

test('output is shipped as the bytes that were printed, in events that are the same after a crash', async () => {
  const { dir, spool, folder, again } = await oneRun();
  const bytes = Buffer.alloc(150_000, Buffer.from([0, 255, 10, 13, 200, 65]));
  writeFileSync(join(dir, 'out'), bytes);
  await folder.tell(signalled('A'));
  await folder.cut(at, 1_000_000, false);
  const before = await takeAll(spool);

  // More is printed, and the worker is killed before it has shipped anything.
  appendFileSync(join(dir, 'out'), 'more');
  const { spool: later, folder: adopted } = await again();
  await adopted.cut(at, 1_000_000, true);
  const after = await takeAll(later);
  expect(after.slice(0, before.length)).toStrictEqual(before);
  expect(after.map(({ type }) => type)).toStrictEqual(['signalled', 'output', 'output', 'output', 'output']);
  const output = after.flatMap((event) => (event.type === 'output' ? [event.data] : []));
  expect(Buffer.concat(output).equals(Buffer.concat([bytes, Buffer.from('more')]))).toBe(true);
});

test('above the limit head and tail are kept, and what lies between is said', async () => {
  const { dir, spool, folder } = await oneRun();
  writeFileSync(join(dir, 'out'), 'abcdefghij');
  expect(await folder.cut(at, 4, false)).toStrictEqual({ outputBytes: 10, truncated: true });
  expect(await folder.cut(at, 4, true)).toStrictEqual({ outputBytes: 10, truncated: true });
  await folder.cut(at, 4, true);
  expect(await takeAll(spool)).toMatchObject([
    { seq: 0, offset: 0, data: new Uint8Array(Buffer.from('ab')) },
    { seq: 1, offset: 8, data: new Uint8Array(Buffer.from('ij')), droppedBytes: 6 },
  ]);
});

test('a command that empties its own output (`> /dev/stderr`) loses nothing that it prints after that, and says that some is missing', async () => {
  const { spool, folder, dir, again } = await oneRun();
  const out = join(dir, 'out');
  writeFileSync(out, 'a long beginning');
  await folder.cut(at, 1_000, false);
  expect(textOf(await takeAll(spool))).toBe('a long beginning');
  appendFileSync(out, ', not seen');
  writeFileSync(out, 'error!');
  await folder.cut(at, 1_000, false);
  const next = await again();
  appendFileSync(out, ' and more');
  expect(await next.folder.cut(at, 1_000, true)).toStrictEqual({ outputBytes: 31, truncated: true });
  const events = await takeAll(next.spool);
  expect(textOf(events)).toBe('error! and more');
  expect(events.flatMap((event) => (event.type === 'output' ? [[event.offset, event.droppedBytes]] : []))).toStrictEqual([
    [0, 16],
    [16, undefined],
    [22, undefined],
  ]);
});

test('a folder goes when nothing more comes and the run log has all of it, not before', async () => {
  const { dir, spool, folder } = await oneRun();
  await folder.tell(signalled('A'));
  const items = await spool.take(10);
  await folder.tell(signalled('B'));
  spool.release(folder);
  await spool.confirm(items);
  expect(existsSync(dir)).toBe(true);
  await spool.confirm(await spool.take(10));
  await spool.sweep();
  expect(existsSync(dir)).toBe(false);
  expect(spool.waiting()).toBe(false);
});

test('a command that prints without end keeps no other waiting', async () => {
  const { spool, folder } = await oneRun();
  const other = spool.open({ job: 'report', runId: uuidv7(), attempt: 1 });
  await other.writeFacts({ live: { job: 'report' } });
  for (let n = 0; n < 50; n += 1) await folder.tell(signalled(`S${n}`));
  await other.tell(signalled('other'));
  const jobs = [...(await spool.take(10)), ...(await spool.take(10))].map(({ event }) => event.job);
  expect(jobs).toContain('report');
});

test('output that cannot be read keeps no other run waiting, and goes when it can be read', async () => {
  const { spool, folder, dir } = await oneRun();
  const other = spool.open({ job: 'backup', runId: uuidv7(), attempt: 1 });
  await other.writeFacts({ v: 1, live: { job: 'backup' } });
  writeFileSync(join(dir, 'out'), 'hello');
  await folder.cut(at, 1_000, false);
  rmSync(join(dir, 'out'));
  mkdirSync(join(dir, 'out')); // as good as a bad place on the disk
  await other.tell(signalled('SIGTERM'));
  expect((await spool.take(7)).map(({ event }) => event.type)).toStrictEqual(['signalled']);
  await expect(spool.take(7)).rejects.toThrow('EISDIR');
  rmSync(join(dir, 'out'), { recursive: true });
  writeFileSync(join(dir, 'out'), 'hello');
  expect(textOf(await takeAll(spool))).toBe('hello');
});

test('what is known to live is found first, so that its deadline is put off before a long backlog is gone through', async () => {
  const root = newRoot();
  const spool = await openSpool(root);
  const ids = [uuidv7(), uuidv7(), uuidv7()].toSorted();
  for (const runId of ids) await spool.open({ job: 'a', runId, attempt: 1 }).writeFacts({ v: 1, live: { job: 'a' } });
  const later = await openSpool(root);
  const order: string[] = [];
  for await (const { folder } of later.found(() => undefined, [{ runId: ids[2]!, attempt: 1 }])) order.push(folder.of.runId);
  expect(order).toStrictEqual([ids[2], ids[0], ids[1]]);
});

test('the start finds what was begun, what has exited and what was only meant; half-written files harm nothing', async () => {
  const { root, of, dir, folder } = await oneRun();
  await folder.begin();
  writeFileSync(join(dir, 'pid'), JSON.stringify({ v: 1, pid: 4711, startTime: '123', startedAt: at }));
  writeFileSync(join(dir, 'exit'), '{"v":1,"runId":'); // its writer was killed
  const meant = (await openSpool(root)).open({ job: 'report', runId: uuidv7(), attempt: 12 });
  await meant.writeFacts({ live: { job: 'report' } });
  const unwritten = join(root, `${uuidv7()}.001`); // an intent that was not even written
  mkdirSync(unwritten);
  for (const name of ['run', 'events', 'exit']) writeFileSync(join(unwritten, name), '');
  const broken = `${uuidv7()}.001`;
  mkdirSync(join(root, broken));
  writeFileSync(join(root, broken, 'run'), '{"facts":{"live":{"jo');
  writeFileSync(join(root, broken, 'out'), 'printed');
  writeFileSync(join(root, 'refused.ndjson'), '');

  const told: string[] = [];
  const found = await foundIn(await openSpool(root), (name) => told.push(name));
  const facts = Object.fromEntries(
    found.map(({ folder: { of: run }, isBegun, exit, process }) => [run.runId, { ...run, isBegun, exit, pid: process?.pid }]),
  );
  expect(facts).toStrictEqual({
    [of.runId]: { ...of, isBegun: true, exit: undefined, pid: 4711 },
    [meant.of.runId]: { ...meant.of, isBegun: false, exit: undefined, pid: undefined },
  });
  expect(told).toStrictEqual([broken]);
  expect(readdirSync(root).toSorted()).toStrictEqual(
    [`${of.runId}.001`, `${meant.of.runId}.012`, `broken-${broken}`, 'refused.ndjson'].toSorted(),
  );
  // What was set aside is left alone.
  expect(await foundIn(await openSpool(root), (name) => told.push(name))).toHaveLength(2);
  expect(told).toHaveLength(1);
});

test('an intent and an event that the disk does not take are refused, and lost or doubled are none', async () => {
  const { dir, spool, folder } = await oneRun();
  await folder.tell(signalled('A'));
  const whole = readFileSync(join(dir, 'events'));
  rmSync(join(dir, 'events'));
  symlinkSync('/dev/full', join(dir, 'events'));
  const run = readFileSync(join(dir, 'run'));
  rmSync(join(dir, 'run'));
  symlinkSync('/dev/full', join(dir, 'run'));
  await expect(folder.tell(signalled('B'))).rejects.toThrow('ENOSPC');
  await expect(folder.writeFacts({ live: { job: 'backup' }, more: true })).rejects.toThrow('ENOSPC');
  rmSync(join(dir, 'run'));
  writeFileSync(join(dir, 'run'), run);
  expect(readRun(dir).facts).toStrictEqual({ v: 1, live: { job: 'backup' } });
  rmSync(join(dir, 'events'));
  writeFileSync(join(dir, 'events'), whole);
  await folder.tell(signalled('B'));
  expect(await takeAll(spool)).toMatchObject([{ seq: 0 }, { seq: 1, signal: 'B' }]);
});

test('many who open one folder at one time count its events together', async () => {
  const { root, of } = await oneRun();
  const spool = await openSpool(root);
  const folders = [spool.open(of), spool.open(of), spool.open(of)];
  await Promise.all(folders.map((folder, n) => folder.tell(signalled(`S${n}`))));
  expect((await takeAll(spool)).map((event) => ('seq' in event ? event.seq : -1))).toStrictEqual([0, 1, 2]);
});

test('an event that the run log refuses for good is kept for a person', async () => {
  const { root, spool, folder } = await oneRun();
  await folder.tell(signalled('A'));
  const [item] = await spool.take(1);
  await spool.setAside(item!.event, 'too large');
  expect(JSON.parse(readFileSync(join(root, 'refused.ndjson'), 'utf8'))).toMatchObject({
    reason: 'too large',
    event: { signal: 'A' },
  });
});

test('a folder that the run log has all of serves another attempt, which finds nothing of the first in it', async () => {
  const { root, dir, spool, folder } = await oneRun();
  await folder.begin();
  await folder.tell(signalled('A'));
  writeFileSync(join(dir, 'pid'), '{"pid":4711}');
  writeFileSync(join(dir, 'exit'), '{"runId":"first"}');
  writeFileSync(join(dir, 'out'), 'first');
  // What a command left behind still has its output open.
  const left = openSync(join(dir, 'out'), 'a');
  onTestFinished(() => closeSync(left));
  spool.release(folder);
  await spool.confirm(await spool.take(10));
  await spool.sweep();
  expect(readdirSync(root)).toStrictEqual(['spare-1']);

  const second = spool.open({ job: 'report', runId: uuidv7(), attempt: 1 });
  appendFileSync(left, 'printed late by the first');
  expect(readdirSync(root)).toStrictEqual([basename(second.dir)]);
  expect(second.isBegun()).toBe(false);
  expect(readRun(second.dir).facts).toBeUndefined();
  expect(await second.exit()).toBeUndefined();
  expect(await spool.look(second)).toMatchObject({ isBegun: false, exit: undefined, process: undefined });
  expect(await second.forbidStart()).toBe(true); // nobody has taken its `pid`
  await second.writeFacts({ live: { job: 'report' } });
  await second.tell(signalled('B'));
  await second.cut(at, 1_000, true);
  expect(await takeAll(spool)).toMatchObject([{ job: 'report', seq: 0, signal: 'B' }]);

  // The next process tidies up what waits empty.
  await spool.forget(second);
  expect(readdirSync(root)).toHaveLength(1);
  await openSpool(root);
  expect(readdirSync(root)).toStrictEqual([]);
});
