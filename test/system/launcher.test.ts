import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { uptimeMs } from '../../src/launcher/clock.ts';
import { groupLives, processOf } from '../../src/launcher/proc.ts';
import { FILES, generationsIn, socketName, type StartOrder } from '../../src/launcher/protocol.ts';
import { LauncherGone } from '../../src/worker/launcher.ts';
import { bundleLauncher, contentOf, endProcess, launcherFolder, type LauncherFolder } from '../support/launcher.ts';
import { until } from '../support/process.ts';

const TERM_IGNORED = `trap '' TERM; echo ready; while :; do sleep 1; done`;

const printed = (folder: LauncherFolder, order: StartOrder, text: string): Promise<void> =>
  until(
    () => folder.output(order).includes(text),
    () => `${order.command} printed ${folder.output(order)}`,
  );
const isGone = (pid: number): boolean => [undefined, 'Z'].includes(processOf(pid)?.state);
const gone = (pid: number): Promise<void> =>
  until(
    () => isGone(pid),
    () => `process ${String(pid)} lives`,
  );
const socketsOf = ({ dataDir }: LauncherFolder): readonly number[] => generationsIn(readdirSync(dataDir));

test('a run is started and its exit is on disk before it is told', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'read line; echo "$line"; exit 3', stdin: 'hello\n' });
  const entry = await launcher.start(order);
  const exit = await launcher.exitOf(order);
  expect(exit).toMatchObject({ v: 1, runId: order.runId, attempt: 1, exitCode: 3, pid: entry.pid, startedAt: entry.startedAt });
  expect(exit).not.toHaveProperty('cause');
  expect(folder.exitOnDisk(order)).toStrictEqual(exit);
  expect(folder.output(order)).toBe('hello\n');
});

test('a signal that ended the command is told by its name', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const exit = await launcher.run(folder.order({ command: 'kill -SEGV $$' }));
  expect(exit).toMatchObject({ signal: 'SIGSEGV' });
  expect(exit).not.toHaveProperty('exitCode');
});

test('stdout and stderr stand in the order in which they were written', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); echo $i >&2; i=$((i+1)); done' });
  await launcher.run(order);
  expect(folder.output(order)).toBe(Array.from({ length: 300 }, (_, i) => `${i}\n`).join(''));
});

test('a command gets its own session, a clean environment, umask 022, its folder, and no signal ignored', async () => {
  process.env['CRONSTREAM_ADMIN_TOKEN'] = 'secret-of-the-worker';
  onTestFinished(() => {
    delete process.env['CRONSTREAM_ADMIN_TOKEN'];
  });
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({
    command: 'env; umask; cut -d " " -f 1,5,6 /proc/$$/stat; echo $$; grep -E "SigIgn|SigBlk" /proc/self/status; cat',
    cwd: '/usr',
    env: { PATH: '/usr/bin:/bin', GREETING: 'grüß dich\nund mehr' },
  });
  await launcher.run(order);
  const pid = /^(\d+) /m.exec(folder.output(order))![1]!;
  expect(folder.output(order).split('\n').toSorted()).toStrictEqual(
    ['PATH=/usr/bin:/bin', 'GREETING=grüß dich', 'und mehr', 'PWD=/usr', '0022', `${pid} ${pid} ${pid}`, pid]
      .concat(['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000', ''])
      .toSorted(),
  );
  expect(readFileSync(`/proc/${launcher.pid}/environ`, 'utf8')).not.toContain('secret');
});

test('a command has no descriptor but 0, 1 and 2, whatever the launcher inherited', async () => {
  await using folder = launcherFolder();
  // As a store does it: open without close-on-exec in the process that starts the launcher.
  const store = join(folder.dataDir, 'store.mdb');
  const file = openSync(store, 'a+');
  const child = spawn(process.execPath, [bundleLauncher(), folder.dataDir], {
    stdio: ['ignore', 'ignore', 'ignore', file, 'pipe', file, ...Array.from({ length: 20 }, () => 'ignore' as const), file],
    detached: true,
  });
  onTestFinished(() => endProcess(child.pid!));
  await until(
    () => socketsOf(folder).length > 0,
    () => 'no launcher listens',
  );
  // It was not started by a worker, whose build it would name: so it is asked by hand.
  const order = folder.order({ command: 'exec ls -l /proc/self/fd', until: uptimeMs() + 600_000 });
  const answer = await say(join(folder.dataDir, socketName(1)), [`${JSON.stringify({ v: 1, id: 1, type: 'start', order })}\n`]);
  expect(answer[0]).toMatchObject({ type: 'started' });
  await until(
    () => folder.exitOnDisk(order) !== undefined,
    () => 'it has not ended',
  );
  const open = folder.output(order).matchAll(/ (\d+) -> (.*)$/gm);
  const named = [...open]
    .map(([, fd, target]) => [fd, target] as const)
    .filter(([, target]) => !/^\/proc\/\d+\/fd$/.test(target!)); // the listing itself
  expect(Object.fromEntries(named)).toStrictEqual({
    0: '/dev/null',
    1: join(order.dir, 'out'),
    2: join(order.dir, 'out'),
  });
  const held = (): readonly string[] =>
    readdirSync(`/proc/${child.pid}/fd`).map((fd) => contentOfLink(`/proc/${child.pid}/fd/${fd}`));
  expect(held()).not.toContain(store);
  const sockets = (): number => held().filter((target) => target.startsWith('socket:')).length;
  await until(
    () => sockets() === 1,
    () => `${sockets()} sockets are open, and not its own alone`,
  );
});

test('what could not be started says why, and the launcher goes on', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  await expect(launcher.start(folder.order({ command: 'true', cwd: '/no/such/folder' }))).rejects.toThrow(
    'the folder /no/such/folder (cwd) is not there',
  );
  await expect(launcher.start(folder.order({ command: 'true', shell: '/no/such/shell' }))).rejects.toThrow(
    'the shell /no/such/shell is not there',
  );
  await expect(launcher.start(folder.order({ command: 'true', shell: 'no-such-shell' }))).rejects.toThrow('is not in the PATH');
  await expect(launcher.start(folder.order({ command: 'echo \0' }))).rejects.toThrow('NUL');
  const long = folder.order({ command: `echo ${'x'.repeat(200_000)} | wc -c` });
  expect(await launcher.run(long)).toMatchObject({ exitCode: 0 });
  expect(folder.output(long).trim()).toBe('200001');
});

test('an attempt is begun once, while it runs and after it has ended', async () => {
  await using folder = launcherFolder();
  const [one, other] = [await folder.connect(), await folder.connect()];
  const order = folder.order({ command: 'echo once; sleep 1000' });
  const entries = await Promise.all([one.start(order), other.start(order), one.start(order)]);
  expect(new Set(entries.map(({ pid }) => pid)).size).toBe(1);
  await printed(folder, order, 'once');
  expect(await other.end(order.runId, 1, 'killed', 'mary')).toBe(true);
  const exits = [await one.exitOf(order), await other.exitOf(order)];
  expect(exits[0]).toMatchObject({ cause: 'killed', by: 'mary', signal: 'SIGTERM' });
  expect(exits[1]).toStrictEqual(exits[0]);
  await expect(one.start(order)).rejects.toThrow('it was begun before');
  expect(await one.end(order.runId, 1, 'killed', undefined)).toBe(false);
  expect(folder.output(order)).toBe('once\n');
});

test('a command that ignores TERM gets KILL after its grace', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: TERM_IGNORED, killGraceMs: 300 });
  await launcher.start(order);
  await printed(folder, order, 'ready');
  const asked = performance.now();
  await launcher.end(order.runId, 1, 'replaced', undefined);
  const exit = await launcher.exitOf(order);
  expect(performance.now() - asked).toBeGreaterThanOrEqual(290);
  expect(exit).toMatchObject({ signal: 'SIGKILL', cause: 'replaced' });
  const signals = launcher.news.flatMap((news) => (news.type === 'signalled' ? [news.signal] : []));
  expect(signals).toStrictEqual(['SIGTERM', 'SIGKILL']);
});

test('a run that is being ended is over when nothing of its group lives', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: `sh -c "${TERM_IGNORED}" & wait`, killGraceMs: 300 });
  const { pid } = await launcher.start(order);
  await printed(folder, order, 'ready');
  await launcher.end(order.runId, 1, 'killed', undefined);
  const exit = await launcher.exitOf(order);
  expect(groupLives(pid)).toBe(false);
  expect(exit).toMatchObject({ signal: 'SIGTERM', cause: 'killed' }); // of the command; what it had started needed more
});

test('a run ends with its command, whatever that leaves behind', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'sleep 1000 & exit 7' });
  const { pid } = await launcher.start(order);
  expect(await launcher.exitOf(order)).toMatchObject({ exitCode: 7 });
  expect(groupLives(pid)).toBe(true);
});

test('a stopped command can be ended', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'trap "echo asked; exit 5" TERM; kill -STOP $$; sleep 1' });
  const { pid } = await launcher.start(order);
  await until(
    () => processOf(pid)?.state === 'T',
    () => 'it is not stopped',
  );
  await launcher.end(order.runId, 1, 'killed', undefined);
  expect(await launcher.exitOf(order)).toMatchObject({ exitCode: 5, cause: 'killed' });
  expect(folder.output(order)).toContain('asked');
});

test('the first cause wins', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: TERM_IGNORED, killGraceMs: 1_000, timeoutMs: 500 });
  await launcher.start(order);
  await printed(folder, order, 'ready');
  await launcher.end(order.runId, 1, 'killed', 'mary');
  await launcher.end(order.runId, 1, 'replaced', 'tom');
  expect(await launcher.exitOf(order)).toMatchObject({ cause: 'killed', by: 'mary' });
});

test('a time limit ends the run', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  expect(await launcher.run(folder.order({ command: 'sleep 1000', timeoutMs: 100 }))).toMatchObject({ cause: 'timedOut' });
});

test.each(['SIGSTOP', 'SIGKILL'] as const)(
  'P2: the launcher ends a run at its deadline though its worker got %s',
  async (signal) => {
    await using folder = launcherFolder();
    const launcher = await folder.connect();
    const polite = folder.order({ command: 'echo ready; sleep 1000', killGraceMs: 500, until: uptimeMs() + 3_000 });
    const stubborn = folder.order({ command: TERM_IGNORED, killGraceMs: 500, until: uptimeMs() + 3_000 });
    const worker = await workerProcess(folder, [polite, stubborn]);
    launcher.close();
    await printed(folder, polite, 'ready');
    await printed(folder, stubborn, 'ready');
    process.kill(worker, signal);
    await until(
      () => folder.exitOnDisk(polite) !== undefined,
      () => 'the polite one lives',
    );
    expect(uptimeMs()).toBeGreaterThanOrEqual(polite.until! - 500);
    await until(
      () => folder.exitOnDisk(stubborn) !== undefined,
      () => 'the stubborn one lives',
    );
    expect(uptimeMs()).toBeGreaterThanOrEqual(stubborn.until!);
    expect(folder.exitOnDisk(polite)).toMatchObject({ cause: 'leaseLost', signal: 'SIGTERM' });
    expect(folder.exitOnDisk(stubborn)).toMatchObject({ cause: 'leaseLost', signal: 'SIGKILL' });
  },
);

test('a deadline that is moved on in time ends nothing', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({
    command: 'until [ -e "$GO" ]; do sleep 0.05; done',
    until: uptimeMs() + 2_000,
    killGraceMs: 0,
    env: { PATH: '/usr/bin:/bin', GO: join(folder.dataDir, 'go') },
  });
  const first = order.until!;
  await launcher.start(order);
  await launcher.setDeadlines([{ runId: order.runId, attempt: 1, until: first + 600_000 }]);
  await until(
    () => uptimeMs() > first + 700,
    () => 'time stands still',
  );
  writeFileSync(join(folder.dataDir, 'go'), '');
  const exit = await launcher.exitOf(order);
  expect(exit).toMatchObject({ exitCode: 0 });
  expect(exit).not.toHaveProperty('cause');
});

test('nothing is started past its deadline', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'echo started', until: uptimeMs() + 300 });
  process.kill(launcher.pid, 'SIGSTOP');
  const answer = launcher.start(order);
  await until(
    () => uptimeMs() > order.until!,
    () => 'time stands still',
  );
  process.kill(launcher.pid, 'SIGCONT');
  await expect(answer).rejects.toThrow('its deadline had passed');
  expect(folder.output(order)).toBe('');
});

test('P7: a worker that was killed finds its runs again, those that live and those that ended meanwhile', async () => {
  await using folder = launcherFolder();
  await folder.connect().then((launcher) => launcher.close());
  const [short, long] = [folder.order({ command: 'exit 4' }), folder.order({ command: 'echo on; sleep 1000' })];
  const worker = await workerProcess(folder, [short, long]);
  endProcess(worker);
  await until(
    () => folder.exitOnDisk(short) !== undefined,
    () => 'the short one lives',
  );
  await printed(folder, long, 'on');

  const next = await folder.connect();
  const noted = JSON.parse(contentOf(join(long.dir, FILES.pid))!) as { pid: number; startTime: string };
  expect(next.live).toMatchObject([{ runId: long.runId, attempt: 1, pid: noted.pid, startTime: noted.startTime }]);
  expect(processOf(noted.pid)?.startTime).toBe(noted.startTime);
  expect(folder.exitOnDisk(short)).toMatchObject({ exitCode: 4 });
  await next.end(long.runId, 1, 'killed', undefined);
  await next.exitOf(long);
  expect(next.exits()).toHaveLength(1); // the other one is told by its file alone
});

test('what is told before anybody listens is kept', async () => {
  await using folder = launcherFolder();
  const [launcher, early] = [await folder.connect(), await folder.connect()];
  const order = folder.order({ command: 'true' });
  const { news$, close } = await folder.unheard();
  await early.run(order);
  await until(
    () => launcher.exits().length === 1,
    () => 'not told',
  );
  expect(await firstValueFrom(news$)).toMatchObject({ type: 'exited', exit: { runId: order.runId } });
  close();
});

test('200 starts at once', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const orders = Array.from({ length: 200 }, (_, i) => folder.order({ command: `exit ${i % 7}` }));
  await Promise.all(orders.map((order) => launcher.start(order)));
  const exits = await Promise.all(orders.map((order) => launcher.exitOf(order)));
  expect(exits.map(({ exitCode }) => exitCode)).toStrictEqual(orders.map((_, i) => i % 7));
  expect(launcher.exits()).toHaveLength(200);
});

test('of launchers that start at once one wins, also over the socket of a dead one', async () => {
  await using folder = launcherFolder();
  for (const round of [1, 2]) {
    const all = await Promise.all([1, 2, 3, 4].map(() => folder.connect()));
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    const [{ pid } = { pid: 0 }] = all;
    expect(socketsOf(folder)).toStrictEqual([round]);
    expect(statSync(join(folder.dataDir, socketName(round))).mode & 0o777).toBe(0o600);
    endProcess(pid);
    await gone(pid);
    for (const each of all) await firstValueFrom(each.gone$);
  }
});

test('a launcher that is killed leaves its commands to be found; whoever waits for it is told', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'sleep 1000' });
  const { pid, startTime } = await launcher.start(order);
  process.kill(launcher.pid, 'SIGSTOP');
  const answer = launcher.end(order.runId, 1, 'killed', undefined);
  const told = expect(answer).rejects.toBeInstanceOf(LauncherGone);
  endProcess(launcher.pid);
  await told;
  await firstValueFrom(launcher.gone$);
  await expect(launcher.start(order)).rejects.toBeInstanceOf(LauncherGone);

  const next = await folder.connect();
  expect(next.live).toStrictEqual([]);
  expect(JSON.parse(contentOf(join(order.dir, FILES.pid))!)).toMatchObject({ v: 1, pid, startTime });
  expect(processOf(pid)?.startTime).toBe(startTime);
});

test('a new version starts a launcher of its own; the old one ends with its last run, which is not lost', async () => {
  await using folder = launcherFolder();
  const before = await folder.connect();
  const kept = folder.order({ command: 'sleep 1000' });
  await before.start(kept);
  before.close();

  const launcher = await folder.connect(bundleLauncher('// the next version'));
  expect(launcher.pid).not.toBe(before.pid);
  expect(launcher.live).toMatchObject([{ runId: kept.runId }]);
  const order = folder.order({ command: 'echo $PPID' });
  await launcher.run(order);
  expect(folder.output(order).trim()).toBe(String(launcher.pid));
  // And once more, as after a restart of the worker.
  const again = await folder.connect(bundleLauncher('// the next version'));
  expect([again.pid, again.live.length]).toStrictEqual([launcher.pid, 1]);
  await again.end(kept.runId, 1, 'killed', undefined);
  expect(await again.exitOf(kept)).toMatchObject({ cause: 'killed' });
  expect(await launcher.exitOf(kept)).toMatchObject({ cause: 'killed' });
  await gone(before.pid);
  expect(socketsOf(folder)).toStrictEqual([2]);
  expect(await launcher.run(folder.order({ command: 'true' }))).toMatchObject({ exitCode: 0 });
});

test('told to stop, it starts nothing more and ends with its last run', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'sleep 1000' });
  await launcher.start(order);
  expect(await launcher.stop()).toBe(true);
  await expect(launcher.start(folder.order({ command: 'true' }))).rejects.toThrow('starts nothing more');
  expect(processOf(launcher.pid)).toBeDefined();
  await launcher.end(order.runId, 1, 'drained', undefined);
  expect(await launcher.exitOf(order)).toMatchObject({ cause: 'drained' });
  await gone(launcher.pid);
  expect(socketsOf(folder)).toStrictEqual([]);
});

test('no command survives a stop with a cause, though nobody waits for it', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const orders = [folder.order({ command: TERM_IGNORED, killGraceMs: 200 }), folder.order({ command: 'echo ready; sleep 1000' })];
  const entries = await Promise.all(orders.map((order) => launcher.start(order)));
  for (const order of orders) await printed(folder, order, 'ready');
  await launcher.stop({ cause: 'drained', by: 'shutdown' });
  launcher.close();
  await gone(launcher.pid);
  expect(entries.map(({ pid }) => groupLives(pid))).toStrictEqual([false, false]);
  expect(orders.map((order) => folder.exitOnDisk(order)?.cause)).toStrictEqual(['drained', 'drained']);
});

test('a launcher that ends tells every exit before, also to a worker that is slow to read', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const orders = Array.from({ length: 100 }, () => folder.order({ command: 'exec sleep 1000' }));
  await Promise.all(orders.map((order) => launcher.start(order)));
  const slow = createConnection(join(folder.dataDir, socketName(1)));
  onTestFinished(() => void slow.destroy());
  slow.write('{"v":1,"id":1,"type":"hello"}\n');
  const [first] = (await once(slow, 'data')) as [Buffer];
  let text = String(first);
  slow.pause();
  // More than fits into the socket.
  await launcher.stop({ cause: 'drained', by: 'x'.repeat(10_000) });
  await until(
    () => contentOf(join(folder.dataDir, 'launcher.log'))!.includes('ends:'),
    () => 'it does not end',
  );
  slow.on('data', (chunk) => (text += String(chunk)));
  slow.resume();
  await once(slow, 'end');
  expect(text.split('"type":"exited"')).toHaveLength(101);
  await until(
    () => launcher.exits().length === 100,
    () => `${launcher.exits().length} exits`,
  );
});

test('no message ends the launcher, and one in many pieces is understood', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const path = join(folder.dataDir, socketName(1));
  const order = folder.order({ command: 'echo "grüß dich"' });
  const start = Buffer.from(`${JSON.stringify({ v: 1, id: 7, type: 'start', order, newer: true })}\n`);
  const bad = [
    'garbage\n',
    '[]\n',
    'null\n',
    '{"id":"1"}\n',
    '{"v":1,"id":1,"type":"dance"}\n',
    '{"v":1,"id":2,"type":"start"}\n',
    '{"v":1,"id":3,"type":"deadlines","untils":[null]}\n',
    '{"v":1,"id":4,"type":"start","order":{"runId":7}}\n',
  ];
  const answers = await say(path, [...bad, ...start], bad.length + 1);
  expect(answers.map(({ id }) => id).toSorted((a, b) => a - b)).toStrictEqual([-1, -1, -1, -1, 1, 2, 3, 4, 7]);
  expect(answers.filter(({ type }) => type === 'failed')).toHaveLength(bad.length);
  expect(await launcher.exitOf(order)).toMatchObject({ exitCode: 0 });
  expect(folder.output(order)).toBe('grüß dich\n');
  await say(path, ['{"v":1,"id":1,"type":"sta'], 0); // and it goes
  await expect(say(path, ['x'.repeat(5_000_000)], 1)).rejects.toThrow();
  expect(await launcher.run(folder.order({ command: 'true' }))).toMatchObject({ exitCode: 0 });
});

test('a data folder whose path is longer than a socket may have', async () => {
  await using folder = launcherFolder(join('a'.repeat(100), 'b'.repeat(100)));
  const [one, other] = [await folder.connect(), await folder.connect()];
  expect(other.pid).toBe(one.pid);
  expect(await other.run(folder.order({ command: 'true' }))).toMatchObject({ exitCode: 0 });
});

test('an exit that the disk does not take is told, and written as soon as it does', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: 'exit 6' });
  symlinkSync('/dev/full', join(order.dir, 'exit'));
  expect(await launcher.run(order)).toMatchObject({ exitCode: 6 });
  expect(folder.exitOnDisk(order)).toBeUndefined();
  rmSync(join(order.dir, 'exit'));
  await until(
    () => folder.exitOnDisk(order) !== undefined,
    () => 'not written',
  );
  expect(folder.exitOnDisk(order)).toMatchObject({ exitCode: 6 });
  expect(launcher.exits()).toHaveLength(1);
});

test('a launcher that cannot be started says why', async () => {
  await using folder = launcherFolder();
  const path = join(folder.dataDir, 'bad.mjs');
  writeFileSync(path, 'process.exit(9)');
  await expect(folder.connect(path)).rejects.toThrow('the launcher did not start: it ended with exit code 9, see');
  await expect(folder.connect(join(folder.dataDir, 'absent.mjs'))).rejects.toThrow('ENOENT');
  mkdirSync(join(folder.dataDir, 'nothing'));
});

const contentOfLink = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
};

/** Speaks to a launcher by hand; resolves with the answers when there are so many. */
const say = (path: string, pieces: readonly (string | number)[], answers = 1): Promise<readonly { id: number; type: string }[]> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = '';
    const lines = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { id: number; type: string });
    const look = (): void => {
      const told = lines().filter((line) => 'id' in line);
      if (told.length < answers) return;
      socket.destroy();
      resolve(told);
    };
    socket.on('data', (chunk) => {
      text += String(chunk);
      look();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(typeof piece === 'number' ? Buffer.from([piece]) : piece);
      look();
    });
  });

/** A process that starts runs as a worker does, and then only holds its connection. */
const workerProcess = async ({ dataDir }: LauncherFolder, orders: readonly StartOrder[]): Promise<number> => {
  const script = `
    const [path, orders] = process.argv.slice(1);
    const socket = require('node:net').createConnection(path);
    socket.pipe(process.stdout);
    JSON.parse(orders).forEach((order, id) => socket.write(JSON.stringify({ v: 1, id, type: 'start', order }) + '\\n'));
  `;
  const child = spawn(process.execPath, ['-e', script, join(dataDir, socketName(1)), JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => endProcess(child.pid!));
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  await until(
    () => text.split('"started"').length > orders.length,
    () => `the worker heard ${text}`,
  );
  return child.pid!;
};
