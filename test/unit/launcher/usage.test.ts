import { expect, test } from 'vitest';
import type { Usage } from '../../../src/launcher/protocol.ts';
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
