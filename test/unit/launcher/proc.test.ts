import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { uptimeMs } from '../../../src/launcher/clock.ts';
import { groupLives, processOf, processTable, signalGroup, type Root } from '../../../src/launcher/proc.ts';
import { generationsIn, socketName } from '../../../src/launcher/protocol.ts';
import { createSeen } from '../../../src/launcher/usage.ts';
import { until } from '../../support/process.ts';

const inGroup = async (command: string): Promise<ChildProcess & { readonly pid: number }> => {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'ignore' });
  onTestFinished(() => signalGroup(child.pid!, 'SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { readonly pid: number };
};

test('a pid with its start time names one process; a name with brackets and spaces confuses nobody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-proc-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync('/bin/sleep', join(folder, 'a) R 1 (b'));
  const child = await inGroup(`exec '${folder}/a) R 1 (b' 1000`);
  await until(
    () => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'a) R 1 (b\n',
    () => 'it does not run yet',
  );
  const found = processOf(child.pid)!;
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  expect(found.group).toBe(child.pid);
  expect(found.startTime).toBe(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  expect(Number(found.startTime) * 10).toBeLessThanOrEqual(uptimeMs() + 1_000);
  const gone = once(child, 'exit');
  signalGroup(child.pid, 'SIGKILL');
  await gone;
  expect(processOf(child.pid)).toBeUndefined();
});

test('a group lives as long as anybody in it does, also without its leader', async () => {
  const child = await inGroup('sleep 1000 & exit 0');
  await until(
    () => child.exitCode !== null,
    () => 'the leader lives',
  );
  expect(processOf(child.pid)).toBeUndefined();
  expect(groupLives(child.pid)).toBe(true);
  signalGroup(child.pid, 'SIGKILL');
  await until(
    () => !groupLives(child.pid),
    () => 'the group lives',
  );
});

test('the dead that nobody has buried do not live', async () => {
  // `sleep` never asks for the end of the child that it got: that stays a zombie, in a session of its own.
  const parent = spawn('/bin/sh', ['-c', 'setsid sleep 1000 & echo $!; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const zombie = Number(String(line));
  onTestFinished(() => signalGroup(zombie, 'SIGKILL'));
  const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  await until(
    () => nameOf(parent.pid!) === 'sleep' && processOf(zombie)?.group === zombie,
    () => 'they do not sleep yet',
  );
  expect(groupLives(zombie)).toBe(true);
  process.kill(zombie, 'SIGKILL');
  await until(
    () => processOf(zombie)?.state === 'Z',
    () => `state ${processOf(zombie)?.state}`,
  );
  expect(() => process.kill(-zombie, 0)).not.toThrow();
  expect(groupLives(zombie)).toBe(false);
});

test('launchers of a folder are numbered, the newest first', () => {
  const names = [
    'launcher.log',
    'spool',
    socketName(2),
    socketName(10),
    'launcher-12.draft',
    'launcher.x.sock',
    'launcher.1.sock.old',
  ];
  expect(generationsIn(names)).toStrictEqual([10, 2]);
});

/** A command as a run, and the pid of the child that it prints. */
const runWithChild = async (command: string): Promise<{ readonly root: Root; readonly child: number }> => {
  const runId = crypto.randomUUID();
  const parent = spawn('/bin/sh', ['-c', command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin', CRON_RUN_ID: runId },
  });
  const pid = parent.pid!;
  const { startTime } = processOf(pid)!; // before anybody can bury it
  onTestFinished(() => signalGroup(pid, 'SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(String(line));
  onTestFinished(() => signalGroup(child, 'SIGKILL'));
  return { root: { pid, startTime, runId, strays: new Map() }, child };
};
const pidsOf = (found: readonly { readonly pid: number }[]): readonly number[] =>
  found.map(({ pid }) => pid).toSorted((a, b) => a - b);

test('P5: a child that left session, group and environment is known for good once it was seen', async () => {
  const { root, child } = await runWithChild(`(env -i setsid sh -c 'echo $$; exec sleep 1000' & exec sleep 1000)`);
  expect(processOf(child)?.session).toBe(child);
  expect(pidsOf(processTable().family(root))).toContain(child);
  signalGroup(root.pid, 'SIGKILL');
  await until(
    () => !groupLives(root.pid),
    () => 'its parents live',
  );
  expect(pidsOf(processTable().everybody(root))).toStrictEqual([child]);
  expect(processTable().everybody({ ...root, strays: new Map() })).toStrictEqual([]); // nobody could know
  // A number is nobody's for ever.
  expect(processTable().everybody({ ...root, strays: new Map([[child, '1']]) })).toStrictEqual([]);
});

test('P5: a daemon is found by the id of the run in its environment', async () => {
  const { root, child } = await runWithChild(`(setsid sh -c 'echo $$; exec sleep 1000' &)`);
  await until(
    () => !groupLives(root.pid),
    () => 'its parents live',
  );
  expect(processTable().family(root)).toStrictEqual([]);
  expect(pidsOf(processTable().everybody(root))).toStrictEqual([child]);
  expect(processTable().everybody({ ...root, runId: `${root.runId}x`, strays: new Map() })).toStrictEqual([]);
});

test('memory is what all processes of a run hold together, the most that was seen', async () => {
  const held = `${process.execPath} -e 'const held = Buffer.alloc(60e6, 1); console.log(process.pid); setInterval(() => held, 1e6)'`;
  const { root } = await runWithChild(`setsid ${held} & ${held} & wait`);
  const seen = createSeen();
  expect(seen.peakBytes()).toBeUndefined();
  await until(
    () => {
      seen.look(processTable().family(root));
      return (seen.peakBytes() ?? 0) > 140e6;
    },
    () => `${seen.peakBytes()} bytes were seen`,
  );
  const most = seen.peakBytes();
  expect(seen.cpu().user + seen.cpu().system).toBeGreaterThan(0);
  seen.look([]);
  expect(seen.peakBytes()).toBe(most);
});
