// P8, counted: what the runs of real workers cost in the coordination store, in virtual time.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { NEVER } from 'rxjs';
import { afterEach, expect, test, vi } from 'vitest';
import { toInstant } from '../../src/domain/instant.ts';
import { createKeys } from '../../src/domain/keys.ts';
import { readJob } from '../../src/domain/known-job.ts';
import { formatCursor } from '../../src/domain/tick.ts';
import { systemClock } from '../../src/streams/clock.ts';
import { createWorker, type WorkerStatus } from '../../src/worker/worker.ts';
import { counting, noCost } from '../support/counting.ts';
import { fakeLauncher } from '../support/fake-launcher.ts';
import { createMemoryStore } from '../support/memory-coordination.ts';
import { goOn, useVirtualTime } from '../support/virtual-time.ts';
import { workerConfig } from '../support/worker-config.ts';

const keys = createKeys();
const START = Date.parse('2027-01-01T00:00:00Z');
const SECOND = 1_000;
/** All workers are there by then. */
const FIRST = START + 20 * SECOND;
/** Of real time: much is done, on any machine. */
const LIMIT_MS = 300_000;

const job = (name: string, more: object) => JSON.stringify({ name, command: 'true', cronExpr: '* * * * * * *', ...more });

/** Workers on one store, in sync, and what they cost from there on. */
const startWorkers = async (
  count: number,
  { perMs, jobs }: { readonly perMs: number; readonly jobs: readonly (readonly [string, object])[] },
) => {
  const dataDir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cronstream-cost-'));
  const store = createMemoryStore({ perMs });
  const cost = noCost();
  let finished = 0;
  const { coordination } = store.client();
  const saves = jobs.map(async ([name, more]) => {
    const value = job(name, more);
    const known = readJob(name, value, 1);
    const hash = known.ok ? known.value.hash : '';
    const mark = formatCursor({ at: toInstant(START), decision: { v: 1, reason: 'marked', hash } });
    await coordination.transact({
      then: [
        { type: 'put', key: keys.job(name), value },
        { type: 'put', key: keys.tick(name), value: mark },
      ],
    });
  });
  const statuses: WorkerStatus[] = [];
  const lives = Array.from({ length: count }, (_, index) =>
    createWorker({
      coordination: counting(store.client().coordination, keys, cost),
      runLog: {
        append: async (events) => {
          finished += events.filter(({ type }) => type === 'finished').length;
          return { refused: [], conflicts: [] };
        },
      },
      keys,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      stop$: NEVER,
      connect: fakeLauncher(20),
      config: workerConfig({
        id: `w${String(index)}`,
        dataDir: join(dataDir, String(index)),
        slots: 1_000,
      }),
    }).life$.subscribe((status) => (statuses[index] = status)),
  );
  const isReady = await goOn(20_000, {
    stepMs: 10,
    isDone: () => lives.every((_, index) => statuses[index]?.inSync === true) && store.keys(keys.workers).length === count,
  });
  expect(isReady).toBe(true);
  await Promise.all(saves);
  await goOn(FIRST - Date.now() - SECOND, { stepMs: 50 });
  Object.assign(cost, noCost());
  return {
    count,
    cost,
    finished: () => finished,
    end: () => {
      lives.forEach((life) => life.unsubscribe());
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

afterEach(() => vi.useRealTimers());

/** Goes on until all runs have ended and whoever looks has looked; answers what a run cost on average. */
const costOf = async ({ count, cost, finished }: Awaited<ReturnType<typeof startWorkers>>, runs: number) => {
  expect(await goOn(120 * SECOND, { stepMs: 5, isDone: () => finished() >= runs })).toBe(true);
  await goOn(6 * SECOND, { stepMs: 20 });
  expect(finished()).toBe(runs);
  // Beside the runs: each worker's presence, at most once a second, and its lease every 4 s; nothing that grows with the runs.
  const seconds = (Date.now() - FIRST) / SECOND + 2;
  expect(cost.presence).toBeLessThanOrEqual(count * seconds * 1.5);
  expect(cost.renewals).toBeLessThanOrEqual(count * (seconds / 4 + 1));
  expect(cost.lists).toBeLessThanOrEqual(count);
  return { transactions: cost.transactions / runs, reads: cost.reads / runs };
};

test.each([2, 20])(
  'P8: with %i workers a scheduled run costs two transactions and at most three reads',
  async (count) => {
    useVirtualTime(START);
    const seconds = 3;
    const span = { startAt: toInstant(FIRST), endAt: toInstant(FIRST + seconds * SECOND - 1) };
    const jobs = Array.from({ length: 10 }, (_, n) => [`job${String(n)}`, span] as const);
    const workers = await startWorkers(count, { perMs: 4, jobs });
    try {
      expect(await costOf(workers, jobs.length * seconds)).toStrictEqual({ transactions: 2, reads: Math.min(3, count - 1) });
    } finally {
      workers.end();
    }
  },
  LIMIT_MS,
);

// The store of this test takes 1,000 calls a second: the claims alone take a second, and whoever looks after 250 ms finds most ticks undecided.
test.each([2, 20])(
  'P8: so it is in a burst of 1,000 ticks with %i workers',
  async (count) => {
    useVirtualTime(START);
    const span = { startAt: toInstant(FIRST), endAt: toInstant(FIRST + SECOND - 1) };
    const jobs = Array.from({ length: 1_000 }, (_, n) => [`job${String(n)}`, span] as const);
    const workers = await startWorkers(count, { perMs: 1, jobs });
    try {
      const { transactions, reads } = await costOf(workers, jobs.length);
      expect(transactions).toBeLessThanOrEqual(2);
      expect(reads).toBeLessThanOrEqual(3);
    } finally {
      workers.end();
    }
  },
  LIMIT_MS,
);
