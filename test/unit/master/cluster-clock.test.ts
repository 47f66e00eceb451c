import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { parseCursor } from '../../../src/domain/tick.ts';
import { aJob, aWorker, keys, startMaster, until, type TestMaster } from './support.ts';

const MINUTE = 60_000;
/** Two workers stamp their presence by clocks that are so far ahead of this machine's. More than once: the last few stamps count. */
const stampBy = async (master: TestMaster, aheadMs: number): Promise<void> => {
  for (let turn = 0; turn < 4; turn += 1)
    for (const id of ['w1', 'w2'])
      await master.put(keys.worker(id), { ...aWorker(id), stampedAt: toInstant(Date.now() + aheadMs) });
};
const readyz = async (master: TestMaster) =>
  (await master.inject({ method: 'GET', url: '/readyz' })).json<{
    ready: boolean;
    leader: boolean;
    missing: string[];
    clockOffsetMs?: number;
  }>();

test('a master whose clock is off neither leads nor saves schedules, and says why, until it is right', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await until(
    () => readyz(master),
    ({ leader }) => leader,
  );
  await stampBy(master, 10 * MINUTE);
  const off = await until(
    () => readyz(master),
    ({ missing, leader }) => missing.length > 0 && !leader,
  );
  expect(off).toMatchObject({ ready: false, leader: false });
  expect(off.missing.join()).toMatch(/the clock of this master is (599|600)\.\d s behind the others/);
  expect(off.clockOffsetMs).toBeLessThan(-9 * MINUTE);

  const refused = await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: '0 4 * * *' }));
  expect(refused.json()).toMatchObject({ status: 503, code: 'clockOff' });
  expect((await master.api('PUT', '/jobs/new', aJob('new'))).json()).toMatchObject({ status: 503, code: 'clockOff' });
  expect((await master.api('POST', '/jobs/a/cursor', { fireTime: toInstant(0) })).json()).toMatchObject({ code: 'clockOff' });
  // What moves no fire time needs no clock.
  expect((await master.api('PATCH', '/jobs/a', { description: 'told' })).statusCode).toBe(200);

  await stampBy(master, 0);
  const right = await until(
    () => readyz(master),
    ({ ready, leader }) => ready && leader,
  );
  expect(right.missing).toStrictEqual([]);
  expect((await master.api('PUT', '/jobs/new', aJob('new'))).statusCode).toBe(201);
});

test('a mark goes by the cluster’s clock, not by this machine’s', async () => {
  await using master = await startMaster({ config: { clockLimitMs: 60 * MINUTE } });
  await stampBy(master, 10 * MINUTE);
  await until(
    () => readyz(master),
    ({ clockOffsetMs }) => clockOffsetMs !== undefined && clockOffsetMs < -9 * MINUTE,
  );
  const before = Date.now();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const { reads } = await master.coordination.transact({ then: [{ type: 'get', key: keys.tick('a') }] });
  const cursor = parseCursor(reads[0]?.value ?? '');
  expect(Date.parse(cursor?.at ?? '')).toBeGreaterThan(before + 9 * MINUTE);
});

test('the workers that take nothing are shown with why', async () => {
  await using master = await startMaster();
  const newest = { schedule: 9, tz: '2099a' };
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.worker('w1'), { ...aWorker('w1'), clockOffsetMs: 5_230, skewed: true, rules: newest });
  await master.put(keys.worker('w2'), { ...aWorker('w2'), clockOffsetMs: -3, rules: newest });
  await master.put(keys.worker('w3'), aWorker('w3'));
  const workers = await until(
    () => master.api('GET', '/workers'),
    (answer) => answer.json<{ total: number }>().total === 3,
  );
  expect(workers.json()).toMatchObject({
    items: [
      { id: 'w1', clockOffsetMs: 5_230, passes: 'skewed' },
      { id: 'w2', clockOffsetMs: -3 },
      { id: 'w3', passes: 'oldRules' },
    ],
  });
  expect(workers.json<{ items: object[] }>().items[1]).not.toHaveProperty('passes');
  expect((await master.api('GET', '/jobs/a/placement')).json()).toMatchObject({
    items: [
      { id: 'w2', matches: true },
      { id: 'w1', matches: false, reason: 'skewed' },
      { id: 'w3', matches: false, reason: 'oldRules' },
    ],
  });
  const { warnings } = (await master.inject({ method: 'GET', url: '/readyz' })).json<{ warnings: string[] }>();
  expect(warnings.join('\n')).toMatch(/1 worker\(s\) take nothing: their clocks are off/);
  expect(warnings.join('\n')).toMatch(/1 worker\(s\) have older schedule rules/);
});
