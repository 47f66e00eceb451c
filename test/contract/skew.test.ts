// A worker whose clock is off, among others, in virtual time.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { NEVER } from 'rxjs';
import { afterEach, expect, test, vi } from 'vitest';
import type { RunEvent } from '../../src/domain/events.ts';
import { createKeys } from '../../src/domain/keys.ts';
import { parsePresence, type Presence } from '../../src/domain/values.ts';
import { systemClock } from '../../src/streams/clock.ts';
import { createWorker } from '../../src/worker/worker.ts';
import { fakeLauncher } from '../support/fake-launcher.ts';
import { createMemoryStore } from '../support/memory-coordination.ts';
import { goOn, useVirtualTime } from '../support/virtual-time.ts';
import { workerConfig } from '../support/worker-config.ts';

const keys = createKeys();
const START = Date.parse('2027-01-01T00:00:00Z');

/** The way through the store is a millisecond or two. */
const near = (ms: number): unknown => expect.closeTo(ms, -2);

afterEach(() => vi.useRealTimers());

/** Workers on one store with a job of each second; `aheadMs` can be set while they run. */
const startWorkers = async (count: number) => {
  const dataDir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cronstream-skew-'));
  const store = createMemoryStore();
  const aheadMs = Array.from({ length: count }, () => 0);
  const claims: { readonly worker: string; readonly at: number }[] = [];
  const lines: { readonly worker: string; readonly msg: string }[] = [];
  const { coordination } = store.client();
  const value = JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * * * *', overlap: 'allow' });
  const saved = coordination.transact({ then: [{ type: 'put', key: keys.job('a'), value }] });
  const note = (event: RunEvent): void => {
    if (event.type === 'claimed') claims.push({ worker: event.workerName, at: Date.now() });
  };
  const start = (index: number) => {
    const name = `w${String(index)}`;
    return createWorker({
      coordination: store.client().coordination,
      runLog: {
        append: async (events) => {
          events.forEach(note);
          return { refused: [], conflicts: [] };
        },
      },
      keys,
      clock: { ...systemClock, now: () => Date.now() + (aheadMs[index] ?? 0) },
      log: pino(
        { level: 'warn' },
        { write: (line: string) => void lines.push({ worker: name, msg: (JSON.parse(line) as { msg: string }).msg }) },
      ),
      stop$: NEVER,
      connect: fakeLauncher(20),
      config: workerConfig({
        id: name,
        dataDir: join(dataDir, name),
        slots: 100,
      }),
    }).life$.subscribe();
  };
  const lives = aheadMs.map((_, index) => start(index));
  const presenceOf = (worker: string): Presence | undefined => {
    const entry = store.entry(keys.worker(worker));
    const parsed = entry && parsePresence(entry.value);
    return parsed?.ok ? parsed.value : undefined;
  };
  await goOn(20_000, { stepMs: 10, isDone: () => store.keys(keys.workers).length === count });
  await saved;
  return {
    aheadMs,
    lines,
    presenceOf,
    /** One more, whose clock is ahead by so much. */
    join: (ahead: number): void => {
      lives.push(start(aheadMs.push(ahead) - 1));
    },
    /** Who claimed in the next seconds. */
    claimersIn: async (ms: number): Promise<ReadonlySet<string>> => {
      const from = claims.length;
      await goOn(ms, { stepMs: 10 });
      return new Set(claims.slice(from).map(({ worker }) => worker));
    },
    end: () => {
      lives.forEach((life) => life.unsubscribe());
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

test('a worker whose clock is outside a majority takes nothing and shows why, until it is right', async () => {
  useVirtualTime(START);
  const workers = await startWorkers(3);
  try {
    expect([...(await workers.claimersIn(20_000))].toSorted()).toStrictEqual(['w0', 'w1', 'w2']);
    expect(Math.abs(workers.presenceOf('w2')?.clockOffsetMs ?? Infinity)).toBeLessThan(20);
    workers.aheadMs[2] = 5_000;
    await goOn(3_000, { stepMs: 10 });
    expect([...(await workers.claimersIn(20_000))].toSorted()).toStrictEqual(['w0', 'w1']);
    expect(workers.presenceOf('w2')).toMatchObject({ skewed: true, clockOffsetMs: near(5_000) });
    expect(workers.presenceOf('w0')).not.toHaveProperty('skewed');
    expect(workers.lines).toContainEqual({
      worker: 'w2',
      msg: 'the clock of this machine is 5.0 s ahead of the others: this worker takes nothing until it is right',
    });
    workers.aheadMs[2] = 0;
    await goOn(3_000, { stepMs: 10 });
    expect([...(await workers.claimersIn(20_000))].toSorted()).toStrictEqual(['w0', 'w1', 'w2']);
    expect(workers.presenceOf('w2')).not.toHaveProperty('skewed');
  } finally {
    workers.end();
  }
});

test('of two workers nobody can say whose clock is right: both go on, and warn', async () => {
  useVirtualTime(START);
  const workers = await startWorkers(2);
  try {
    await goOn(12_000, { stepMs: 10 });
    workers.aheadMs[1] = 5_000;
    await goOn(12_000, { stepMs: 10 });
    const claimers = await workers.claimersIn(20_000);
    expect(claimers.size).toBeGreaterThan(0);
    expect([workers.presenceOf('w0')?.clockOffsetMs, workers.presenceOf('w1')?.clockOffsetMs]).toStrictEqual([
      near(-2_500),
      near(2_500),
    ]);
    expect([workers.presenceOf('w0')?.skewed, workers.presenceOf('w1')?.skewed]).toStrictEqual([undefined, undefined]);
    expect(workers.lines).toContainEqual({
      worker: 'w1',
      msg: 'the clock of this machine is 2.5 s ahead of the others, and too few agree to say which is right',
    });
  } finally {
    workers.end();
  }
});

test('a worker that comes with a clock that is ahead takes nothing before it has heard the others, though it has first rank', async () => {
  useVirtualTime(START);
  const workers = await startWorkers(3);
  try {
    await goOn(12_000, { stepMs: 10 });
    workers.join(5_000);
    expect((await workers.claimersIn(30_000)).has('w3')).toBe(false);
    expect(workers.presenceOf('w3')).toMatchObject({ skewed: true });
    // One whose clock is right takes part within the same time.
    workers.join(0);
    await goOn(1_000, { stepMs: 10 });
    expect(workers.presenceOf('w4')).toMatchObject({ unsynced: true });
    await goOn(5_500, { stepMs: 10 });
    expect(workers.presenceOf('w4')).not.toHaveProperty('unsynced');
    expect((await workers.claimersIn(20_000)).has('w4')).toBe(true);
  } finally {
    workers.end();
  }
});

test('a worker that is alone, or has one other beside it, takes part at once', async () => {
  useVirtualTime(START);
  const workers = await startWorkers(1);
  try {
    expect((await workers.claimersIn(2_000)).has('w0')).toBe(true);
    workers.join(0);
    await goOn(1_000, { stepMs: 10 });
    expect(workers.presenceOf('w1')).not.toHaveProperty('unsynced');
  } finally {
    workers.end();
  }
});
