import { expect, test } from 'vitest';
import type { Usage } from '../../../src/launcher/protocol.ts';
import { cpuIn } from '../../../src/launcher/cgroup.ts';
import { createAccount, createSeen } from '../../../src/launcher/usage.ts';

/** The account of a launcher whose children have used so much in all. */
const account = () => {
  let used = { user: 1_000, system: 500 };
  const { ended } = createAccount(() => used);
  return {
    use: (user: number, system: number): void => {
      used = { user: used.user + user, system: used.system + system };
    },
    end: (seen = createSeen()): Promise<Usage> => new Promise((resolve) => ended(seen, resolve)),
  };
};

test('what is added when a command ends is what it has used', async () => {
  const { use, end } = account();
  use(120, 30);
  expect(await end()).toStrictEqual({ cpuUserMs: 120, cpuSystemMs: 30 });
  use(10, 0);
  expect(await end()).toStrictEqual({ cpuUserMs: 10, cpuSystemMs: 0 });
});

test('commands that end in one turn share what was added, and it is said so', async () => {
  const { use, end } = account();
  const busy = { ...createSeen(), cpu: () => ({ user: 300, system: 0 }), peakBytes: () => 7_000_000 };
  use(340, 20);
  expect(await Promise.all([end(busy), end()])).toStrictEqual([
    { cpuUserMs: 320, cpuSystemMs: 10, peakMemoryBytes: 7_000_000, shared: true },
    { cpuUserMs: 20, cpuSystemMs: 10, shared: true },
  ]);
});

test('what was seen counts where the system does not tell it: of children that nobody waited for', async () => {
  const { use, end } = account();
  use(10, 10);
  const seen = { ...createSeen(), cpu: () => ({ user: 500, system: 100 }) };
  expect(await end(seen)).toMatchObject({ cpuUserMs: 500, cpuSystemMs: 100 });
});

test('what a group counts goes on top of what was seen before it was there, and is never less than what is seen', () => {
  const seen = createSeen();
  let inGroup: { user: number; system: number } | undefined = { user: 40, system: 5 };
  seen.joins(() => inGroup);
  expect(seen.cpu()).toStrictEqual({ user: 40, system: 5 });
  inGroup = undefined; // it is gone
  expect(seen.cpu()).toStrictEqual({ user: 0, system: 0 });
});

test.each([
  ['as a kernel tells it', 'usage_usec 3500\nuser_usec 2000\nsystem_usec 1500\nnice_usec 0\n', { user: 2, system: 1.5 }],
  ['one that does not', 'usage_usec 3500\n', undefined],
  ['no file', '', undefined],
])('cpu.stat: %s', (_what, text, cpu) => {
  expect(cpuIn(text)).toStrictEqual(cpu);
});
