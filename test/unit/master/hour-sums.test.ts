// What statistics cost: however many ask, of however many hours and jobs.
import { expect, test } from 'vitest';
import { HOUR_MS, tallyOf, type HourStats } from '../../../src/domain/stats.ts';
import { createHourSums } from '../../../src/master/hour-stats.ts';
import { createKept, inTurns } from '../../../src/master/kept.ts';
import type { LogUpkeep, TouchedHour } from '../../../src/streams/ports.ts';

const NOW = Date.parse('2027-01-31T09:30:00.000Z');
const HOUR = NOW - 30 * 60_000;
const statsAt = (hour: number, job: string): HourStats => ({ job, hour, ...tallyOf([{ outcome: 'succeeded', durationMs: 5 }]) });

const deferred = <T>() => {
  let done!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (done = resolve));
  return { promise, done };
};

test('one computation is in the making for all who ask, and its answer is kept ten times as long as it took', async () => {
  let now = 0;
  let made = 0;
  const kept = createKept<number>({ monotonic: () => now });
  const first = deferred<undefined>();
  const make = async (): Promise<number> => {
    made += 1;
    await first.promise;
    return made;
  };
  const asked = [kept('a', make), kept('a', make)];
  now = 1_020; // a second, and the 20 ms that count as nothing
  first.done(undefined);
  expect(await Promise.all(asked)).toStrictEqual([1, 1]);
  now = 11_000;
  expect(await kept('a', make)).toBe(1);
  expect(await kept('b', make)).toBe(2);
  now = 11_021;
  expect(await kept('a', make)).toBe(3);
  expect(await kept('a', make)).toBe(4); // what is quick is made anew
});

test('a failure is told to all who wait for it, and not kept', async () => {
  const kept = createKept<number>({ monotonic: () => 0 });
  const fails = (): Promise<number> => Promise.reject(new Error('away'));
  const asked = [kept('a', fails), kept('a', () => Promise.resolve(1))];
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toStrictEqual(['rejected', 'rejected']);
  expect(await kept('a', () => Promise.resolve(2))).toBe(2);
});

test('so many at once, and who comes later gets its turn, also after a failure', async () => {
  const inTurn = inTurns(1);
  const [one, order] = [deferred<undefined>(), [] as string[]];
  const first = inTurn(async () => {
    await one.promise;
    order.push('first');
    throw new Error('failed');
  });
  const second = inTurn(async () => void order.push('second'));
  one.done(undefined);
  await expect(first).rejects.toThrow('failed');
  await second;
  await inTurn(async () => void order.push('third'));
  expect(order).toStrictEqual(['first', 'second', 'third']);
});

type Read = { readonly hour: number; readonly jobs: number };
const logOf = (touched: readonly TouchedHour[], pages: () => AsyncIterable<readonly HourStats[]>) => {
  const reads: Read[] = [];
  const log: Pick<LogUpkeep, 'touchedHours' | 'statsOf' | 'hours'> = {
    touchedHours: async ({ from = 0, before, job, isDown, limit }) => {
      const found = touched.filter((each) => each.hour >= from && each.hour < before && (job ?? each.job) === each.job);
      return found.toSorted((a, b) => (isDown ? b.hour - a.hour : a.hour - b.hour)).slice(0, limit);
    },
    statsOf: async (hour, jobs) => {
      reads.push({ hour, jobs: jobs.length });
      return jobs.map((job) => statsAt(hour, job));
    },
    hours: pages,
  };
  return { log, reads };
};
async function* none(): AsyncIterable<readonly HourStats[]> {}

test('however many hours wait to be made anew, this one is counted, and what is computed on reading is bounded', async () => {
  const touched = Array.from({ length: 1_000 }, (_, n) => ({ job: 'a', hour: HOUR - n * HOUR_MS, mark: '' }));
  const { log, reads } = logOf(touched, none);
  const sums = createHourSums({ log, clock: { now: () => NOW, monotonic: () => 0 } });
  const { hours, total } = await sums.between({ from: HOUR - 2_000 * HOUR_MS, to: NOW });
  expect(hours.has(HOUR)).toBe(true);
  expect(reads).toHaveLength(202);
  expect(total.outcomes).toStrictEqual({ succeeded: 202 });
  expect((await sums.between({ from: HOUR - 2_000 * HOUR_MS, to: NOW, job: 'a' })).hours.has(HOUR)).toBe(true);
});

test('the runs of this hour are read once for several windows that are asked for at the same time', async () => {
  const { log, reads } = logOf([{ job: 'a', hour: HOUR, mark: '' }], none);
  const sums = createHourSums({ log, clock: { now: () => NOW, monotonic: () => 0 } });
  await Promise.all([1, 2, 24, 168].flatMap((n) => [0, 1].map(() => sums.between({ from: NOW - n * HOUR_MS, to: NOW }))));
  expect(reads.length).toBeLessThanOrEqual(3); // two walks at once: the further ones may come after it was made
});

test('what was touched is counted once, as it is now', async () => {
  async function* pages() {
    yield [statsAt(HOUR - HOUR_MS, 'a'), statsAt(HOUR - HOUR_MS, 'b')];
    yield [statsAt(HOUR, 'a')];
  }
  const { log } = logOf([{ job: 'a', hour: HOUR - HOUR_MS, mark: '' }], pages);
  const { total, jobs } = await createHourSums({ log, clock: { now: () => NOW, monotonic: () => 0 } }).between({
    from: 0,
    to: NOW,
  });
  expect(total.outcomes).toStrictEqual({ succeeded: 3 });
  expect([...jobs].map(([job, { outcomes }]) => [job, outcomes.succeeded])).toStrictEqual(
    expect.arrayContaining([
      ['a', 2],
      ['b', 1],
    ]),
  );
});

test('a window of too many hours of jobs is refused, and reading ends there', async () => {
  let pages = 0;
  const page = Array.from({ length: 100_000 }, () => ({ job: 'a', hour: HOUR, ...tallyOf([]) }));
  const endless = async function* () {
    for (;;) {
      pages += 1;
      yield page;
    }
  };
  const sums = createHourSums({ log: logOf([], endless).log, clock: { now: () => NOW, monotonic: () => 0 } });
  await expect(sums.between({ from: 0, to: NOW })).rejects.toMatchObject({ problem: { status: 400 } });
  expect(pages).toBe(21);
});
