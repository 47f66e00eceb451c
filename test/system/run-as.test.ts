// Another user, as only root can become one: CI runs as root.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { StartOrder } from '../../src/launcher/protocol.ts';
import { usersOf } from '../../src/worker/users.ts';
import { launcherFolder, type Connected, type LauncherFolder } from '../support/launcher.ts';
import { until } from '../support/process.ts';

const isRoot = process.getuid?.() === 0;
const log = pino({ level: 'silent' });
const become = async (): Promise<NonNullable<StartOrder['as']>> => {
  const found = (await usersOf(['daemon'], log)).all.get('daemon')?.switch;
  expect(found).toMatchObject({ uid: 1, gid: 1 });
  return found!;
};
const printedBy = async (folder: LauncherFolder, launcher: Connected, more: Partial<StartOrder>): Promise<string> => {
  const order = folder.order({ as: await become(), command: 'true', ...more });
  await launcher.run(order);
  return folder.output(order);
};

test.runIf(isRoot)('a command runs as the user: id, groups, no capability, and its output in the spool', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const text = await printedBy(folder, launcher, {
    command:
      'id -u; id -g; id -G; grep -E "Cap(Inh|Prm|Eff|Amb)" /proc/self/status; cat; echo again >> /dev/stderr; cat /dev/stdin',
    stdin: 'from stdin\n',
  });
  const none = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => `${name}:\t0000000000000000`);
  expect(text.split('\n')).toStrictEqual([
    '1',
    '1',
    expect.stringMatching(/^1\b/),
    ...none,
    'from stdin',
    'again',
    'from stdin',
    '',
  ]);
});

test.runIf(isRoot)('its environment is exactly that of the order, and nothing of it is seen by what is root still', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: '/usr',
    ODD: `a'b"c$(id)\n\`id\`\\`,
    LD_PRELOAD: join(folder.dataDir, 'evil.so'),
  };
  const text = await printedBy(folder, launcher, { env, command: 'unset LD_PRELOAD; env -0 | sort -z | tr "\\0" "|"' });
  // The loader complains once, for the shell; never for setpriv, which would print more.
  const complaints = text.split('ERROR: ld.so').length - 1;
  expect(text.slice(text.indexOf('HOME='))).toBe(`HOME=/usr|ODD=${env.ODD}|PATH=/usr/bin:/bin|PWD=/usr|`);
  expect(complaints).toBe(1);
});

test.runIf(isRoot)('a folder that the user may not enter is not entered for it', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const closed = mkdtempSync(join(tmpdir(), 'cronstream-closed-'));
  onTestFinished(() => rmSync(closed, { recursive: true, force: true }));
  chmodSync(closed, 0o700);
  writeFileSync(join(closed, 'secret'), 'secret', { mode: 0o644 });
  const order = folder.order({ as: await become(), cwd: closed, command: 'cat secret' });
  expect(await launcher.run(order)).toMatchObject({ exitCode: 126 });
  expect(folder.output(order)).not.toContain('secret\n');
  // Where no folder is asked for, it goes on at the root.
  const home = folder.order({ as: await become(), env: { PATH: '/usr/bin:/bin', HOME: closed }, command: 'pwd' });
  await launcher.run(home);
  expect(folder.output(home)).toBe('/\n');
});

test.runIf(isRoot)('a long command runs as the user too, and it can be ended', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const long = folder.order({ as: await become(), command: `id -u; echo ${'x'.repeat(200_000)} | wc -c` });
  expect(await launcher.run(long)).toMatchObject({ exitCode: 0 });
  expect(folder.output(long)).toBe('1\n200001\n');
  const order = folder.order({ as: await become(), command: 'echo ready; sleep 1000', killGraceMs: 0 });
  await launcher.start(order);
  await until(
    () => folder.output(order) === 'ready\n',
    () => folder.output(order),
  );
  await launcher.end(order.runId, 1, 'killed', undefined);
  expect(await launcher.exitOf(order)).toMatchObject({ cause: 'killed' });
});

test('a user that this worker cannot become is none of its users', async () => {
  const { own, all } = await usersOf(['no-such-user', '0'], log);
  expect([...all.keys()]).toStrictEqual([own.name]);
});
