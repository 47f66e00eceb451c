import { expect, test } from 'vitest';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import { outboxPut } from '../../../src/domain/moves.ts';
import { Unavailable } from '../../../src/streams/ports.ts';
import { AT, createMemoryRunLog, keys, startMaster, until } from './support.ts';

const DAY = Date.parse('2027-01-31T00:00:00.000Z');
const skipped = (n: number): RunEvent => {
  const fireTime = new Date(DAY + n * 1_000).toISOString();
  return { v: 1, type: 'tickSkipped', job: 'a', at: fireTime, fireTime, reason: 'overlap' };
};

const ids = (events: readonly RunEvent[]): readonly string[] => events.map(eventId);

/** A run log that is away until it is let back. */
const awayLog = () => {
  const runLog = createMemoryRunLog();
  const shipped: string[] = [];
  let isAway = true;
  return {
    shipped,
    back: () => {
      isAway = false;
    },
    runLog: {
      ...runLog,
      append: (events: readonly RunEvent[]) => {
        if (isAway) return Promise.reject(new Unavailable('nobody is there'));
        shipped.push(...ids(events));
        return runLog.append(events);
      },
    },
  };
};

type Master = Awaited<ReturnType<typeof startMaster>>;
const fill = async ({ coordination }: Pick<Master, 'coordination'>, events: readonly RunEvent[]): Promise<void> => {
  for (let n = 0; n < events.length; n += 100)
    await coordination.transact({ then: events.slice(n, n + 100).map((event) => outboxPut(keys, event)) });
};
const waiting = async ({ inject }: Pick<Master, 'inject'>): Promise<number> =>
  Number(/^cronstream_outbox_items (\d+)$/m.exec((await inject({ url: '/metrics' })).body)?.[1]);
const lying = async ({ coordination }: Pick<Master, 'coordination'>) => (await coordination.list(keys.outbox)).entries;

test('P3: what waits for a run log that is away is told in numbers and words, packed meanwhile, and shipped, each once, when it is back', async () => {
  const { runLog, shipped, back } = awayLog();
  await using master = await startMaster({ runLog });
  const warnings = async () => (await master.inject({ url: '/readyz' })).json<{ warnings: string[] }>().warnings.join();
  const all = Array.from({ length: 10_000 }, (_, n) => skipped(n));
  expect(await warnings()).not.toContain('wait in the coordination store');
  await fill(master, all);
  const packs = await until(
    () => lying(master),
    (entries) => entries.length <= all.length / 100,
  );
  expect(await waiting(master)).toBe(all.length);
  expect(await warnings()).toContain(`${String(all.length)} events wait in the coordination store`);
  const bytes = packs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  expect(bytes / all.length).toBeLessThan(60);
  back();
  expect(
    await until(
      () => lying(master),
      (entries) => entries.length === 0,
    ),
  ).toStrictEqual([]);
  expect(await waiting(master)).toBe(0);
  expect(shipped.toSorted()).toStrictEqual(ids(all).toSorted());
});

test('what is packed is in the timeline of its job, and a save waits beside it by itself', async () => {
  const { runLog, shipped, back } = awayLog();
  await using master = await startMaster({ runLog });
  const all = Array.from({ length: 150 }, (_, n) => skipped(n));
  const saved: RunEvent = { v: 1, type: 'jobSaved', job: 'a', at: AT, id: 'x', by: 'ann', after: {} };
  await fill(master, [saved, ...all]);
  await until(
    () => lying(master),
    (entries) => entries.length === 52,
  );
  const [from, to] = [skipped(0), skipped(150)].map(({ at }) => at);
  const ticks = await master.api('GET', `/jobs/a/ticks?from=${from}&to=${to}&limit=200`);
  expect(
    ticks
      .json<{ items: { fate: string; fireTime: string }[] }>()
      .items.map(({ fate, fireTime }) => `${fate} ${fireTime}`)
      .toSorted(),
  ).toStrictEqual(all.map(({ at }) => `skipped ${at}`).toSorted());
  back();
  await until(
    () => lying(master),
    (entries) => entries.length === 0,
  );
  expect(shipped.toSorted()).toStrictEqual(ids([saved, ...all]).toSorted());
});

test('a tick that is skipped again, its cursor set back, does not take away the pack that it began', async () => {
  const { runLog, shipped, back } = awayLog();
  await using master = await startMaster({ runLog });
  const all = Array.from({ length: 100 }, (_, n) => skipped(n));
  const packed = (count: number) =>
    until(
      () => lying(master),
      (entries) => entries.length === count,
    );
  await fill(master, all);
  await packed(1);
  await fill(master, all.slice(0, 1));
  await packed(2);
  await fill(master, [...all.slice(1, 99), ...[100].map(skipped)]);
  await packed(2);
  back();
  await packed(0);
  expect([...new Set(shipped)].toSorted()).toStrictEqual(ids([...all, skipped(100)]).toSorted());
});

test('a pack that cannot be read stays, and keeps none from being shipped', async () => {
  const { runLog, shipped, back } = awayLog();
  back();
  await using master = await startMaster({ runLog });
  const damaged = JSON.stringify({ v: 1, type: 'packed', job: 'a', count: 2, data: 'AAAA' });
  await master.coordination.transact({ then: [{ type: 'put', key: keys.outboxItem('0'), value: damaged }] });
  await fill(master, [skipped(1)]);
  await until(
    () => lying(master),
    (entries) => entries.length === 1,
  );
  expect((await lying(master)).map(({ value }) => value)).toStrictEqual([damaged]);
  expect(shipped).toStrictEqual(ids([skipped(1)]));
});

test('P3: a run log that does not answer keeps nothing from being packed, of many jobs', async () => {
  const memory = createMemoryRunLog();
  const asked: number[] = [];
  const waits: (() => void)[] = [];
  const runLog = {
    ...memory,
    append: async (events: readonly RunEvent[]) => {
      asked.push(events.length);
      if (asked.length === 1) await new Promise<void>((resolve) => waits.push(resolve));
      return memory.append(events);
    },
  };
  await using master = await startMaster({ runLog });
  await fill(master, [skipped(0)]);
  await until(
    () => asked.length,
    (count) => count === 1,
  );
  const jobs = Array.from({ length: 60 }, (_, n) => `j${String(n)}`);
  const all = jobs.flatMap((job) => Array.from({ length: 200 }, (_, n) => ({ ...skipped(n), job })));
  await fill(master, all);
  await until(
    () => lying(master),
    (entries) => entries.length === 1 + 2 * jobs.length,
  );
  expect(asked).toStrictEqual([1]);
  waits.forEach((go) => go());
  await until(
    () => lying(master),
    (entries) => entries.length === 0,
  );
  expect(asked.reduce((sum, count) => sum + count, 0)).toBe(1 + all.length);
});

test('P3: what the run log will never take stays in the outbox, and keeps no other there', async () => {
  const memory = createMemoryRunLog();
  const poison = { ...skipped(7), job: 'poison' };
  const isPoison = (event: RunEvent): boolean => 'job' in event && event.job === 'poison';
  const runLog = {
    ...memory,
    append: async (events: readonly RunEvent[]) => {
      await memory.append(events.filter((event) => !isPoison(event)));
      return { refused: events.filter(isPoison).map((event) => ({ event, reason: 'no' })), conflicts: [] };
    },
  };
  await using master = await startMaster({ runLog });
  await fill(master, [skipped(1), poison, skipped(2)]);
  const left = await until(
    () => lying(master),
    (entries) => entries.length === 1,
  );
  expect(left.map(({ value }) => JSON.parse(value) as unknown)).toStrictEqual([poison]);
  expect(await waiting(master)).toBe(1);
});
