import { expect, test } from 'vitest';
import { systemClock } from '../../../src/streams/clock.ts';
import { createDescription } from '../../../src/worker/describe.ts';
import type { Parts, WorkerConfig } from '../../../src/worker/worker.ts';

const config = { id: 'w', name: 'w', version: '1', labels: [], slots: 1, spoolLimitBytes: 1_000 } as unknown as WorkerConfig;
const partsWith = (roomBytes: number): Parts =>
  ({
    runs: { count: () => 0 },
    users: { all: new Map() },
    here: { clockState: { standing: 'unknown' } },
    spool: {
      bytes: () => 700,
      roomBytes: () => roomBytes,
      cutBytes: () => 0,
      countOfSetAside: () => 0,
      waitingAttempts: () => ({ attempts: 3, oldestAt: 0 }),
    },
  }) as unknown as Parts;

test.each([
  ['its own, before the disk was looked at', Infinity, 1_000],
  ['its own, where the disk has room', 1_000, 1_000],
  ['that of the disk, where it is smaller', 800, 800],
])('the limit of the spool that a worker tells is %s', (_what, room, told) => {
  expect(createDescription(config, systemClock, partsWith(room))()).toMatchObject({
    spoolBytes: 700,
    spoolLimitBytes: told,
    spoolWaiting: 3,
    spoolOldestAt: '1970-01-01T00:00:00.000Z',
  });
});
