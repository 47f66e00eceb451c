import { expect, test } from 'vitest';
import type { QueuedRun } from '../../../src/domain/values.ts';
import { aJob, aQueued, aWorker, keys, startMaster, until, type TestMaster } from './support.ts';

const waiting = async ({ coordination }: TestMaster, job = 'a'): Promise<readonly QueuedRun[]> =>
  (await coordination.list(keys.queueOf(job))).entries.map(({ value }) => JSON.parse(value) as QueuedRun);
const runNow = (master: TestMaster) => master.api('POST', '/jobs/a/run', {});
const withWorkers = async (master: TestMaster, ...names: readonly string[]): Promise<void> => {
  for (const name of names) await master.put(keys.worker(name), aWorker(name));
  await until(
    () => master.api('GET', '/workers'),
    (answer) => answer.json<{ total: number }>().total === names.length,
  );
};

test('queue: run now on a busy job waits, until as many wait as may; a range is not counted', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { overlap: { policy: 'queue', max: 2 } }));
  await master.put(keys.lock('a'), 'r1');
  await master.put(keys.queued('a', 'range'), {
    ...aQueued('a', 'range'),
    trigger: 'backfill',
    to: '2027-01-31T10:00:00.000Z',
    count: 9,
  });
  expect((await runNow(master)).statusCode).toBe(202);
  expect((await runNow(master)).statusCode).toBe(202);
  const third = await runNow(master);
  expect(third.json()).toMatchObject({ status: 409, code: 'overlap' });
  expect(third.json<{ detail: string }>().detail).toContain('2 of 2');
  expect(await waiting(master)).toHaveLength(3);
});

test('replace: run now kills the run that holds the job, takes the place of what waits, and leaves ranges and further attempts', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { overlap: 'replace' }));
  await master.put(keys.lock('a'), 'r1');
  await master.put(keys.queued('a', 'old'), { ...aQueued('a', 'old'), trigger: 'schedule' });
  await master.put(keys.queued('a', 'second'), { ...aQueued('a', 'second'), attempt: 2 });
  await master.put(keys.queued('a', 'range'), {
    ...aQueued('a', 'range'),
    trigger: 'backfill',
    to: '2027-01-31T10:00:00.000Z',
    count: 9,
  });
  const { runId } = (await runNow(master)).json<{ runId: string }>();
  expect(await master.get(keys.killer('a', 'r1'))).toMatchObject({ cause: 'replaced', by: 'admin' });
  expect((await waiting(master)).map((each) => each.runId).toSorted()).toStrictEqual([runId, 'range', 'second'].toSorted());
  const told = await until(
    () => master.runLog.event('old/001/dropped'),
    (event) => event !== undefined,
  );
  expect(told).toMatchObject({ outcome: 'skipped', reason: 'replaced', by: `run ${runId}` });
});

test('P5: replace leaves a kill that stands: the first who asked is remembered', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { overlap: 'replace' }));
  await master.put(keys.lock('a'), 'r1');
  const kill = { v: 1, at: '2027-01-31T09:00:00.000Z', by: 'ann', cause: 'killed' };
  await master.put(keys.killer('a', 'r1'), kill);
  expect((await runNow(master)).statusCode).toBe(202);
  expect(await master.get(keys.killer('a', 'r1'))).toStrictEqual(kill);
  expect(await waiting(master)).toHaveLength(1);
});

test('placement all: run now is one run a worker; a busy one is passed over, and only where all are busy it is refused', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { placement: { mode: 'all' } }));
  await withWorkers(master, 'w-1', 'w-2');
  await master.put(keys.lock('a', 'w-1'), 'r1');
  expect((await runNow(master)).statusCode).toBe(202);
  expect((await waiting(master)).map(({ worker }) => worker)).toStrictEqual(['w-2']);
  expect((await runNow(master)).json()).toMatchObject({ status: 409, code: 'overlap' });
});

test('placement all: where nobody matches it says so', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { placement: { mode: 'all' } }));
  expect((await runNow(master)).json()).toMatchObject({ status: 409, code: 'noWorker' });
  const backfill = await master.api('POST', '/jobs/a/backfill', { from: '2026-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z' });
  expect(backfill.json()).toMatchObject({ status: 409, code: 'noWorker' });
});

test('a backfill is one range that waits, says how many ticks it has, and is killed as one', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const time = { from: '2026-01-01T03:00:00Z', to: '2026-01-05T02:59:59Z' };
  const counted = await master.api('POST', '/jobs/a/backfill', { ...time, dryRun: true });
  expect(counted.json()).toStrictEqual({ count: 4, first: '2026-01-01T03:00:00.000Z', last: '2026-01-04T03:00:00.000Z' });
  expect(await waiting(master)).toStrictEqual([]);
  const answer = await master.api('POST', '/jobs/a/backfill', time);
  expect(answer.statusCode).toBe(202);
  const { count, runId } = answer.json<{ count: number; runId: string }>();
  expect(count).toBe(4);
  const [range] = await waiting(master);
  expect(range).toMatchObject({
    runId,
    trigger: 'backfill',
    fireTime: '2026-01-01T03:00:00.000Z',
    to: '2026-01-04T03:00:00.000Z',
    count: 4,
    by: 'admin',
  });
  expect(range).not.toHaveProperty('notAfter');
  expect((await master.api('GET', `/runs/${runId}`)).json()).toMatchObject({
    state: 'queued',
    trigger: 'backfill',
    to: '2026-01-04T03:00:00.000Z',
    count: 4,
  });
  expect((await master.api('POST', `/runs/${runId}/kill`)).statusCode).toBe(202);
  expect(await waiting(master)).toStrictEqual([]);
});

test('placement all: a backfill is one range a worker, of 130 workers too', async () => {
  await using master = await startMaster();
  const names = Array.from({ length: 130 }, (_, index) => `w-${String(index)}`);
  await master.api('PUT', '/jobs/a', aJob('a', { placement: { mode: 'all' } }));
  await withWorkers(master, ...names);
  const answer = await master.api('POST', '/jobs/a/backfill', { from: '2026-01-01T03:00:00Z', to: '2026-01-02T03:00:00Z' });
  const { count, runIds = [] } = answer.json<{ count: number; runIds?: string[] }>();
  expect(count).toBe(260);
  const ranges = await waiting(master);
  expect(new Set(ranges.map(({ worker }) => worker)).size).toBe(130);
  expect(runIds.toSorted()).toStrictEqual(ranges.map(({ runId }) => runId).toSorted());
});

test.each([
  ['what is no instant', { from: 'soon', to: '2026-01-03T00:00:00Z' }, '/from'],
  ['what lies ahead', { from: '2026-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' }, '/to'],
  ['a time without a tick', { from: '2026-01-01T04:00:00Z', to: '2026-01-01T05:00:00Z' }, '/from'],
  ['a time that ends before it begins', { from: '2026-01-03T00:00:00Z', to: '2026-01-01T00:00:00Z' }, '/from'],
  ['too many ticks', { from: '1970-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, '/to'],
])('a backfill of %s is refused', async (_what, body, path) => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const answer = await master.api('POST', '/jobs/a/backfill', body);
  expect(answer.statusCode).toBe(400);
  expect(answer.json<{ errors: { path: string }[] }>().errors.map((each) => each.path)).toStrictEqual([path]);
  expect(await waiting(master)).toStrictEqual([]);
});
