import { expect, test } from 'vitest';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import { Unavailable } from '../../../src/streams/ports.ts';
import { createMemoryRunLog, keys, startMaster, until } from './support.ts';

const DAY = Date.parse('2027-01-31T00:00:00.000Z');
const skipped = (n: number): RunEvent => {
  const fireTime = new Date(DAY + n * 1_000).toISOString();
  return { v: 1, type: 'tickSkipped', job: 'a', at: fireTime, fireTime, reason: 'overlap' };
};

test('P3: what waits for a run log that is away is told in numbers and words, and is shipped in its order when it is back', async () => {
  const runLog = createMemoryRunLog();
  let isAway = true;
  const shipped: string[] = [];
  const unavailable = () => Promise.reject(new Unavailable('nobody is there'));
  await using master = await startMaster({
    runLog: {
      ...runLog,
      append: (events) => {
        if (isAway) return unavailable();
        shipped.push(...events.map(eventId));
        return runLog.append(events);
      },
    },
  });
  const metric = async (): Promise<number> =>
    Number(/^cronstream_outbox_items (\d+)$/m.exec((await master.inject({ url: '/metrics' })).body)?.[1]);
  const warnings = async () => (await master.inject({ url: '/readyz' })).json<{ warnings: string[] }>().warnings.join();
  const all = Array.from({ length: 10_000 }, (_, n) => skipped(n));
  expect(await warnings()).not.toContain('wait in the coordination store');
  for (let n = 0; n < all.length; n += 100)
    await master.coordination.transact({
      then: all.slice(n, n + 100).map((event) => ({
        type: 'put',
        key: keys.outboxItem(encodeURIComponent(eventId(event))),
        value: JSON.stringify(event),
      })),
    });
  await until(metric, (items) => items === all.length);
  expect(await warnings()).toContain(`${String(all.length)} events wait in the coordination store`);
  isAway = false;
  await until(metric, (items) => items < all.length - 20);
  expect(shipped.length).toBeGreaterThan(20);
  expect(shipped).toStrictEqual(all.slice(0, shipped.length).map(eventId)); // in their order, each once
});
