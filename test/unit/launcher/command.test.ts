import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { uptimeMs } from '../../../src/launcher/clock.ts';
import { spawnCommand, startFailure } from '../../../src/launcher/command.ts';
import type { StartOrder } from '../../../src/launcher/protocol.ts';

const base = mkdtempSync(join(tmpdir(), 'cronstream-command-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const places = {
  absent: join(base, 'absent'),
  file: join(base, 'file'),
  noInterpreter: join(base, 'no-interpreter'),
  notExecutable: join(base, 'not-executable'),
  full: join(base, 'full'),
  begun: join(base, 'begun'),
};
writeFileSync(places.file, '');
writeFileSync(places.noInterpreter, '#!/nowhere/at/all\n', { mode: 0o755 });
writeFileSync(places.notExecutable, '#!/bin/sh\n', { mode: 0o644 });
mkdirSync(places.full);
symlinkSync('/dev/full', join(places.full, 'in'));
mkdirSync(places.begun);
writeFileSync(join(places.begun, 'pid'), '{}');

/** Why nothing was started; undefined where something was. */
const failureOf = async (given: Partial<StartOrder>): Promise<string | undefined> => {
  const dir = mkdtempSync(join(base, 'run-'));
  const order = { runId: 'r', attempt: 1, dir, command: 'true', shell: '/bin/sh', env: {}, killGraceMs: 0, ...given };
  try {
    const child = spawnCommand(order);
    if (child.pid === undefined) return await startFailure(child, order.shell);
    onTestFinished(() => void child.kill('SIGKILL'));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

// The system answers "not found" for most of these alike.
test.each<[string, Partial<StartOrder>, string | undefined]>([
  ['all is well', {}, undefined],
  ['no cwd, and a home that is not there', { env: { HOME: places.absent } }, undefined],
  ['a cwd that is not there', { cwd: places.absent }, `the folder ${places.absent} (cwd) is not there`],
  ['a cwd that is a file', { cwd: places.file }, `${places.file} (cwd) is not a folder that this user can enter`],
  ['a cwd with NUL', { cwd: '/tmp\0' }, 'cwd contains the character NUL'],
  ['a shell that is not there', { shell: places.absent }, `the shell ${places.absent} is not there`],
  ['a shell that is a folder', { shell: base }, `the shell ${base} is not there`],
  [
    'a shell without permission',
    { shell: places.notExecutable },
    `the shell ${places.notExecutable} cannot be executed by this user`,
  ],
  [
    'a shell whose interpreter is not there',
    { shell: places.noInterpreter },
    `the shell ${places.noInterpreter} cannot be started`,
  ],
  ['a shell by name', { shell: 'sh', env: { PATH: '/usr/bin:/bin' } }, undefined],
  [
    'a shell by a name that is nowhere',
    { shell: 'no-such-shell', env: { PATH: '/bin' } },
    'the shell no-such-shell is not in the PATH',
  ],
  ['NUL in the command', { command: 'echo \0' }, 'the command contains the character NUL'],
  ['NUL in the environment', { env: { A: 'x', B: '\0' } }, 'the environment variable B contains the character NUL'],
  ['NUL on stdin is data', { stdin: 'a\0b' }, undefined],
  ['a command longer than an argument may be', { command: `true ${'x'.repeat(200_000)}` }, undefined],
  [
    'an environment longer than the system takes',
    { env: { A: 'x'.repeat(200_000) } },
    'the environment of the command is longer than the system takes',
  ],
  ['a spool folder that is not there', { dir: places.absent }, 'it could not be started: ENOENT'],
  ['a disk that is full', { dir: places.full, stdin: 'text' }, 'the disk of the spool folder is full'],
  ['a deadline that has passed', { until: uptimeMs() - 1 }, 'its deadline had passed before it could start'],
  ['an attempt that was begun before', { dir: places.begun }, 'it was begun before'],
  [
    'an order of another kind',
    { killGraceMs: 'soon' as unknown as number },
    'the order is not one that this launcher understands',
  ],
])('%s', async (_what, order, failure) => {
  if (failure === undefined) expect(await failureOf(order)).toBeUndefined();
  else expect(await failureOf(order)).toContain(failure);
});
