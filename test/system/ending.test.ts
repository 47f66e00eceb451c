// Whatever a command does to escape, a run that is ended is over only when nobody of it lives (P5), and what it used is known.
import { existsSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRunGroups, groupOf } from '../../src/launcher/cgroup.ts';
import { processOf } from '../../src/launcher/proc.ts';
import type { StartOrder } from '../../src/launcher/protocol.ts';
import { endProcess, launcherFolder, type LauncherFolder } from '../support/launcher.ts';
import { until } from '../support/process.ts';

const lives = (pid: number): boolean => ![undefined, 'Z'].includes(processOf(pid)?.state);

/** The pid that a command printed as `name=<pid>`; ended with the test, whatever becomes of it. */
const printedPid = async (folder: LauncherFolder, order: StartOrder, name: string): Promise<number> => {
  const find = (): string | undefined => new RegExp(`${name}=(\\d+)\\n`).exec(folder.output(order))?.[1];
  await until(
    () => find() !== undefined,
    () => `it printed ${folder.output(order)}`,
  );
  const pid = Number(find());
  onTestFinished(() => endProcess(pid));
  return pid;
};

const orderOf = (folder: LauncherFolder, runId: string, command: string, killGraceMs = 300): StartOrder =>
  folder.order({ runId, command, killGraceMs, env: { PATH: '/usr/bin:/bin', CRON_RUN_ID: runId } });

const stubborn = `trap "" TERM; echo child=$$; while :; do sleep 1; done`;

test.each<[string, string]>([
  ['ignores TERM', `exec sh -c '${stubborn}'`],
  ['closes its output', `sh -c 'echo child=$$; exec >/dev/null 2>&1; trap "" TERM; while :; do sleep 1; done' & wait`],
  ['starts a child with a session of its own', `setsid sh -c '${stubborn}' & wait`],
  ['starts a daemon: its parents are gone', `(setsid sh -c '${stubborn}' &); sleep 1000`],
  ['hides its environment', `env -i PATH=/usr/bin:/bin setsid sh -c '${stubborn}' & sleep 1000`],
])('P5: a command that %s does not survive its end', async (_what, command) => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = orderOf(folder, crypto.randomUUID(), command);
  await launcher.start(order);
  const child = await printedPid(folder, order, 'child');
  await launcher.end(order.runId, 1, 'killed', 'mary');
  expect(await launcher.exitOf(order)).toMatchObject({ cause: 'killed', by: 'mary' });
  expect(lives(child)).toBe(false);
});

describe.skipIf(createRunGroups() === undefined)('with cgroups [needs cgroup2]', () => {
  test('P5: a daemon that leaves session, group and environment at once does not survive its end; its group goes with it', async () => {
    await using folder = launcherFolder();
    const launcher = await folder.connect();
    const escape = `(env -i PATH=/usr/bin:/bin setsid sh -c '${stubborn}' &)`;
    const order = orderOf(
      folder,
      crypto.randomUUID(),
      `until grep -q cronstream-run- /proc/self/cgroup; do sleep 0.02; done; ${escape}; sleep 1000`,
    );
    await launcher.start(order);
    const child = await printedPid(folder, order, 'child');
    const group = groupOf(child)!;
    expect(group).toContain(order.runId);
    await launcher.end(order.runId, 1, 'killed', 'mary');
    expect(await launcher.exitOf(order)).toMatchObject({ cause: 'killed', by: 'mary' });
    expect(lives(child)).toBe(false);
    await until(
      () => !existsSync(group),
      () => `${group} stays`,
    );
  });

  test('CPU is also that of what nobody waited for, and nobody saw', async () => {
    await using folder = launcherFolder();
    const launcher = await folder.connect();
    // One short process after the other, each reaped by somebody else: a look finds one of them at the most.
    const burner = 'i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done; times; touch done';
    const order = folder.order({
      command: `until grep -q cronstream-run- /proc/self/cgroup; do sleep 0.01; done
        for n in 1 2 3 4 5 6 7 8 9 10; do (sh -c '${burner}' &); until [ -e done ]; do sleep 0.01; done; rm done; done; times`,
      cwd: folder.dataDir,
    });
    const { usage } = await launcher.run(order);
    const told = [...folder.output(order).matchAll(/(\d+)m([\d.]+)s/g)];
    const used = told.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000, 0);
    expect(told).toHaveLength(44);
    expect(used).toBeGreaterThan(0);
    expect(usage!.cpuUserMs + usage!.cpuSystemMs).toBeGreaterThanOrEqual(used - 20);
  });

  test('what a run leaves behind lives on in its group', async () => {
    await using folder = launcherFolder();
    const launcher = await folder.connect();
    const order = orderOf(
      folder,
      crypto.randomUUID(),
      `until grep -q cronstream-run- /proc/self/cgroup; do sleep 0.02; done; setsid sh -c 'echo child=$$; exec sleep 1000' & sleep 0.2`,
    );
    await launcher.start(order);
    const child = await printedPid(folder, order, 'child');
    expect(await launcher.exitOf(order)).toMatchObject({ exitCode: 0 });
    expect(lives(child)).toBe(true);
    expect(groupOf(child)).toContain(order.runId);
  });
});

test('the end of one run is no concern of another', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const command = `setsid sh -c 'echo child=$$; exec sleep 1000' & wait`;
  const [one, other] = [orderOf(folder, crypto.randomUUID(), command), orderOf(folder, crypto.randomUUID(), command)];
  await Promise.all([launcher.start(one), launcher.start(other)]);
  const [ended, kept] = [await printedPid(folder, one, 'child'), await printedPid(folder, other, 'child')];
  await launcher.end(one.runId, 1, 'killed', undefined);
  await launcher.exitOf(one);
  expect([lives(ended), lives(kept)]).toStrictEqual([false, true]);
});

test('CPU is that of the command and of all that it waited for', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done';
  const { usage } = await launcher.run(folder.order({ command: `sh -c '${burn}'; sh -c '${burn}'; times` }));
  expect(usage!.cpuUserMs + usage!.cpuSystemMs).toBeGreaterThanOrEqual(50);
  expect(usage).not.toHaveProperty('shared');
  // Its own, not that of the run before.
  const next = await launcher.run(folder.order({ command: 'true' }));
  expect(next.usage!.cpuUserMs).toBeLessThan(usage!.cpuUserMs + usage!.cpuSystemMs);
});
