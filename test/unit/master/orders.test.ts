import { expect, test } from 'vitest';
import { aJob, aQueued, aRun, aWorker, AT, keys, startMaster, until, type TestMaster } from './support.ts';

const keysUnder = async ({ coordination }: TestMaster, prefix: string) =>
  (await coordination.list(prefix)).entries.map(({ key }) => key.slice(prefix.length));

test('run now queues a run with what was asked for, and says its id', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.worker('w-1'), aWorker('w-1', 'one'));
  await until(
    () => master.api('GET', '/workers'),
    (answer) => answer.json<{ total: number }>().total === 1,
  );
  const answer = await master.api('POST', '/jobs/a/run', {
    params: { DAY: '31' },
    env: { X: '1' },
    worker: 'one',
    fireTime: '2027-01-31T10:00:00+01:00',
  });
  expect(answer.statusCode).toBe(202);
  const { runId } = answer.json<{ runId: string }>();
  expect(await master.get(keys.queued('a', runId))).toMatchObject({
    v: 1,
    trigger: 'manual',
    fireTime: AT,
    attempt: 1,
    worker: 'w-1',
    params: { DAY: '31' },
    env: { X: '1' },
    by: 'admin',
  });
  expect((await master.api('GET', '/runs')).json()).toMatchObject({ items: [{ id: runId, state: 'queued', workerName: 'one' }] });
  expect((await master.api('GET', `/runs/${runId}`)).json()).toMatchObject({ id: runId, state: 'queued', by: 'admin' });
});

test('run now of a busy job follows its overlap policy', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.lock('a'), 'r1');
  const busy = await master.api('POST', '/jobs/a/run', {});
  expect(busy.json()).toMatchObject({ status: 409, code: 'overlap' });
  expect(busy.json<{ detail: string }>().detail).toContain('r1');
  await master.coordination.transact({ then: [{ type: 'delete', key: keys.lock('a') }] });
  expect((await master.api('POST', '/jobs/a/run')).statusCode).toBe(202);
  expect((await master.api('POST', '/jobs/a/run')).json()).toMatchObject({ status: 409, code: 'overlap' });
  await master.api('PUT', '/jobs/b', aJob('b', { overlap: 'allow' }));
  await master.put(keys.lock('b'), 'r2');
  const two = await Promise.all([master.api('POST', '/jobs/b/run'), master.api('POST', '/jobs/b/run')]);
  expect(two.map(({ statusCode }) => statusCode)).toStrictEqual([202, 202]);
});

test.each([
  ['an unknown worker', { worker: 'nobody' }, '/worker'],
  ['an unknown field', { when: 'now' }, '/when'],
  ['a number as a parameter', { params: { A: 5 } }, '/params/A'],
  ['a name that is none', { env: { '1 A': 'x' } }, '/env/1 A'],
  ['no instant', { fireTime: 'soon' }, '/fireTime'],
])('run now with %s is refused', async (_what, body, path) => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const answer = await master.api('POST', '/jobs/a/run', body);
  expect(answer.statusCode).toBe(400);
  expect(answer.json<{ errors: { path: string }[] }>().errors.map((each) => each.path)).toContain(path);
  expect((await master.api('POST', '/jobs/none/run', {})).json()).toMatchObject({ status: 404, code: 'noSuchJob' });
});

test('a kill is kept beside the live run, once, and shown', async () => {
  await using master = await startMaster();
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1'));
  await until(
    () => master.api('GET', '/runs/r1'),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await master.api('POST', '/runs/r1/kill')).json()).toStrictEqual({ runId: 'r1' });
  const kill = await master.get(keys.killer('a', 'r1'));
  expect(kill).toMatchObject({ v: 1, by: 'admin', cause: 'killed' });
  expect((await master.api('POST', '/runs/r1/kill')).statusCode).toBe(202);
  expect((await master.api('POST', '/jobs/a/kill')).json()).toStrictEqual({ runIds: ['r1'] });
  expect(await master.get(keys.killer('a', 'r1'))).toStrictEqual(kill);
  expect((await master.api('GET', '/runs/r1')).json()).toMatchObject({
    state: 'running',
    killAskedAt: (kill as { at: string }).at,
  });
});

test('a queued run is killed by taking it out of the queue, and its end is told', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.queued('a', 'q1'), aQueued('a', 'q1'));
  await until(
    () => master.api('GET', '/runs/q1'),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await master.api('POST', '/runs/q1/kill')).statusCode).toBe(202);
  expect(await keysUnder(master, keys.queue)).toStrictEqual([]);
  const told = await until(
    () => master.runLog.event('q1/001/dropped'),
    (event) => event !== undefined,
  );
  expect(told).toMatchObject({ type: 'dropped', outcome: 'killed', reason: 'person', by: 'admin' });
  expect((await master.api('GET', '/runs/q1')).json()).toMatchObject({ state: 'finished', outcome: 'killed' });
});

test('nothing runs or waits: 409; no such run or job: 404', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1', { state: 'ended', outcome: 'succeeded', endedAt: AT }));
  await until(
    () => master.api('GET', '/runs/r1'),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await master.api('POST', '/jobs/a/kill')).json()).toMatchObject({ status: 409, code: 'nothingRuns' });
  expect((await master.api('POST', '/runs/r1/kill')).json()).toMatchObject({ status: 409, code: 'nothingRuns' });
  expect((await master.api('POST', '/jobs/none/kill')).json()).toMatchObject({ status: 404, code: 'noSuchJob' });
  expect((await master.api('POST', '/runs/none/kill')).json()).toMatchObject({ status: 404, code: 'noSuchRun' });
});

const ofAttempt = (attempt: number, seq: number, at = AT) => ({ v: 1, runId: 'r1', job: 'a', attempt, seq, at }) as const;
const letGo = { outcome: 'timedOut', reason: 'abandoned' } as const;

test('P5: the kill of a run that has ended is kept for the command that it left behind, until that has ended', async () => {
  await using master = await startMaster();
  await master.runLog.append([{ ...ofAttempt(1, 0), type: 'finished', ...letGo }]);
  expect((await master.api('POST', '/runs/r1/kill')).json()).toStrictEqual({ runId: 'r1' });
  const kill = await master.get(keys.killer('a', 'r1'));
  expect(kill).toMatchObject({ v: 1, by: 'admin', cause: 'killed', left: true });
  expect((await master.api('POST', '/runs/r1/kill')).statusCode).toBe(202);
  expect(await master.get(keys.killer('a', 'r1'))).toStrictEqual(kill);
  await master.coordination.transact({ then: [{ type: 'delete', key: keys.killer('a', 'r1') }] });
  await master.runLog.append([{ ...ofAttempt(1, 1), type: 'finished', ...letGo, signal: 'SIGTERM' }]);
  expect((await master.api('POST', '/runs/r1/kill')).json()).toMatchObject({ status: 409, code: 'nothingRuns' });
});

test('P5: also where the run log does not have that end yet, and of an attempt that others followed', async () => {
  await using master = await startMaster();
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1', { state: 'ended', ...letGo, endedAt: AT }));
  await until(
    () => master.api('GET', '/runs/r1'),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await master.api('POST', '/runs/r1/kill')).statusCode).toBe(202);
  const both = [keys.killer('a', 'r1'), keys.run('a', 'r1')];
  await master.coordination.transact({ then: both.map((key) => ({ type: 'delete', key })) });
  await master.runLog.append([
    { ...ofAttempt(1, 0), type: 'attemptEnded', ...letGo },
    { ...ofAttempt(2, 0), type: 'finished', outcome: 'succeeded', exitCode: 0 },
  ]);
  expect((await master.api('POST', '/runs/r1/kill')).statusCode).toBe(202);
  expect(await master.get(keys.killer('a', 'r1'))).toMatchObject({ left: true });
});

test('a run between two attempts is taken out, and what its first one left behind is killed', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1', { state: 'ended', ...letGo, endedAt: AT, nextAttemptAt: AT }));
  await master.put(keys.queued('a', 'r1'), { ...aQueued('a', 'r1'), attempt: 2 });
  await master.runLog.append([{ ...ofAttempt(1, 0), type: 'attemptEnded', ...letGo }]);
  await until(
    () => master.api('GET', '/runs/r1'),
    (answer) => answer.json<{ state: string }>().state === 'queued',
  );
  expect((await master.api('POST', '/runs/r1/kill')).statusCode).toBe(202);
  expect(await keysUnder(master, keys.queue)).toStrictEqual([]);
  expect(await master.get(keys.killer('a', 'r1'))).toMatchObject({ left: true });
});

test('a deleted job with kill=true takes its runs with it; without, live runs go on', async () => {
  await using master = await startMaster();
  for (const name of ['a', 'b']) {
    await master.api('PUT', `/jobs/${name}`, aJob(name));
    await master.put(keys.run(name, `r-${name}`), aRun(name, `r-${name}`));
  }
  expect((await master.api('DELETE', '/jobs/a?kill=true')).statusCode).toBe(204);
  expect((await master.api('DELETE', '/jobs/b')).statusCode).toBe(204);
  expect(await keysUnder(master, keys.killers)).toStrictEqual(['a/r-a']);
});

test('a run is freed only where its worker is gone and nobody else may end it', async () => {
  await using master = await startMaster();
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1', { lostAfterMs: 'never' }));
  await master.put(keys.lock('a'), 'r1');
  await master.put(keys.run('b', 'r2'), aRun('b', 'r2'));
  await master.put(keys.worker('w1'), aWorker('w1'));
  await until(
    () => master.api('GET', '/runs/r2'),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await master.api('POST', '/runs/r1/free')).json()).toMatchObject({ status: 409, code: 'workerAlive' });
  await master.coordination.transact({ then: [{ type: 'delete', key: keys.worker('w1') }] });
  expect((await master.api('POST', '/runs/r2/free')).json()).toMatchObject({ status: 409, code: 'leaderFrees' });
  expect((await master.api('POST', '/runs/r1/free')).statusCode).toBe(202);
  expect(await keysUnder(master, keys.locks)).toStrictEqual([]);
  expect(await master.get(keys.run('a', 'r1'))).toMatchObject({ state: 'ended', outcome: 'lost', reason: 'freed' });
  expect((await master.api('POST', '/runs/r1/free')).json()).toMatchObject({ status: 409, code: 'nothingRuns' });
});

test('workers are listed with what they run, drained and resumed', async () => {
  await using master = await startMaster();
  await master.put(keys.worker('w1'), aWorker('w1', 'one'));
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1'));
  const list = async () => (await master.api('GET', '/workers')).json<{ items: { draining: boolean; running: object[] }[] }>();
  expect(await until(list, ({ items }) => items[0]?.running.length === 1)).toMatchObject({
    items: [{ name: 'one', draining: false, running: [{ id: 'r1' }] }],
  });
  expect((await master.api('POST', '/workers/w1/drain')).statusCode).toBe(202);
  expect(await master.get(keys.drain('w1'))).toMatchObject({ v: 1, by: 'admin' });
  expect((await list()).items[0]?.draining).toBe(true);
  expect((await master.api('POST', '/workers/w1/resume')).statusCode).toBe(202);
  expect((await list()).items[0]?.draining).toBe(false);
  expect((await master.api('POST', '/workers/none/drain')).json()).toMatchObject({ status: 404, code: 'noSuchWorker' });
});
