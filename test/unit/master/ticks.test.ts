import { expect, test } from 'vitest';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import { scheduleHash } from '../../../src/domain/job.ts';
import { formatCursor, type Decision } from '../../../src/domain/tick.ts';
import type { PlacementView, TickView } from '../../../src/domain/wire.ts';
import {
  aJob,
  anEndedRun,
  aQueued,
  aRun,
  aWorker,
  createMemoryRunLog,
  keys,
  startMaster,
  until,
  type TestMaster,
} from './support.ts';

const HOUR = 3_600_000;

/** The beginning of an hour a while ago, and instants counted from it. */
const start = Math.floor(Date.now() / HOUR) * HOUR - 20 * HOUR;
const hour = (n: number): string => new Date(start + n * HOUR).toISOString();

const HOURLY = '0 * * * *';

type Answer = { items: TickView[]; nextCursor?: string; asOf: string };
const ticksOf = async (master: TestMaster, job: string, query: Readonly<Record<string, string | number>> = {}) => {
  const text = new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();
  const answer = await master.api('GET', `/jobs/${job}/ticks?${text}`);
  expect([answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toStrictEqual([200, '']);
  return answer.json<Answer>();
};

/** Moves a job's cursor as a worker would. */
const decide = (master: TestMaster, job: string, at: string, decision: Partial<Decision> = {}, cronExpr = HOURLY) =>
  master.put(keys.tick(job), formatCursor({ at, decision: { v: 1, hash: scheduleHash(aJob(job, { cronExpr })), ...decision } }));

const skipped = (job: string, fireTime: string, more: object = {}): RunEvent => ({
  v: 1,
  type: 'tickSkipped',
  job,
  at: new Date(Date.parse(fireTime) + 1_500).toISOString(),
  fireTime,
  reason: 'overlap',
  ...more,
});
const missed = (job: string, from: string, to: string, count: number): RunEvent => ({
  v: 1,
  type: 'ticksMissed',
  job,
  at: to,
  from,
  to,
  count,
  reason: 'noWorker',
});
const ranAt = (job: string, runId: string, fireTime: string, trigger: 'schedule' | 'catchUp' | 'manual' = 'schedule') =>
  anEndedRun(job, runId).map((event) =>
    event.type === 'claimed' ? { ...event, fireTime, trigger, at: fireTime, nominalAt: fireTime } : { ...event, at: fireTime },
  );

test('the fate of every tick of a job, past and coming, in one list', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: HOURLY }));
  runLog.add(
    ...ranAt('a', '01', hour(0)),
    ...ranAt('a', '09', hour(0), 'manual'),
    skipped('a', hour(1)),
    missed('a', hour(2), hour(5), 4),
    ...ranAt('a', '02', hour(3), 'catchUp'),
    ...ranAt('b', '03', hour(4)),
  );
  const inOutbox = skipped('a', hour(6), { by: 'ann', reason: 'edited' });
  await master.put(keys.outboxItem(encodeURIComponent(eventId(inOutbox))), inOutbox);
  await master.put(keys.run('a', '07'), aRun('a', '07', { fireTime: hour(7) }));
  await master.put(keys.queued('a', '08'), { ...aQueued('a', '08'), trigger: 'schedule', fireTime: hour(8) });
  await master.put(keys.queued('a', '10'), { ...aQueued('a', '10'), fireTime: hour(8) });
  await decide(master, 'a', hour(18), { fate: 'ran', runId: '18', worker: 'w2' });
  const { items, ...rest } = await until(
    () => ticksOf(master, 'a', { from: hour(0), to: hour(23), limit: 500 }),
    (found) => found.items.filter(({ fireTime }) => fireTime >= hour(6)).length === 9,
  );
  expect(rest).toStrictEqual({ asOf: expect.any(String) as unknown });
  const coming = items.filter(({ fate }) => fate === 'coming');
  expect(coming.map(({ fireTime }) => fireTime)).toStrictEqual([23, 22, 21, 20, 19].map(hour));
  // Its time has come, and nobody has decided it.
  expect(coming.at(-1)?.latenessMs).toBeGreaterThanOrEqual(HOUR);
  expect(coming[0]).toStrictEqual({ fireTime: hour(23), fate: 'coming' });
  expect(items.slice(5)).toMatchObject([
    { fireTime: hour(18), fate: 'ran', runId: '18', worker: 'w2' },
    { fireTime: hour(8), fate: 'waiting', runId: '08', trigger: 'schedule' },
    { fireTime: hour(7), fate: 'ran', runId: '07', worker: 'w1', workerName: 'one', latenessMs: 0 },
    { fireTime: hour(6), fate: 'skipped', reason: 'edited', by: 'ann', latenessMs: 1_500 },
    { fireTime: hour(2), fate: 'missed', to: hour(5), count: 4, reason: 'noWorker' },
    { fireTime: hour(3), fate: 'ran', runId: '02', trigger: 'catchUp', outcome: 'succeeded' },
    { fireTime: hour(1), fate: 'skipped', reason: 'overlap' },
    { fireTime: hour(0), fate: 'ran', runId: '01', outcome: 'succeeded', durationMs: 12, latenessMs: 3 },
  ]);
  expect(items).toHaveLength(13);
});

test('why did it not run at that very instant: a window of one instant tells the range that it lay in', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: HOURLY }));
  runLog.add(missed('a', hour(2), hour(5), 4), ...ranAt('a', '01', hour(4), 'catchUp'), ...ranAt('a', '02', hour(6)));
  const at = (n: number) => ticksOf(master, 'a', { from: hour(n), to: hour(n) });
  expect((await at(3)).items).toMatchObject([{ fate: 'missed', fireTime: hour(2), to: hour(5), count: 4 }]);
  expect((await at(4)).items).toMatchObject([
    { fate: 'missed', to: hour(5) },
    { fate: 'ran', runId: '01' },
  ]);
  expect((await at(5)).items).toMatchObject([{ fate: 'missed', to: hour(5) }]);
  expect((await at(6)).items).toMatchObject([{ fate: 'ran', runId: '02' }]);
  expect((await at(1)).items).toStrictEqual([]);
  const first = await ticksOf(master, 'a', { from: hour(4), to: hour(4), limit: 1 });
  expect(first.items).toMatchObject([{ fate: 'missed' }]);
  const second = await ticksOf(master, 'a', { from: hour(4), to: hour(4), limit: 1, cursor: first.nextCursor! });
  expect(second.items).toMatchObject([{ fate: 'ran', runId: '01' }]);
  expect(second).not.toHaveProperty('nextCursor');
});

test('of a job that fires every second the first page has those that come next; pages of any size neither skip nor repeat while ticks come due and are decided', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const cronExpr = '* * * * * *';
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr }));
  const now = Math.floor(Date.now() / 1_000) * 1_000;
  const second = (n: number): string => new Date(now + n * 1_000).toISOString();
  for (let n = 1; n <= 30; n += 1) runLog.add(...(n % 3 === 0 ? [skipped('a', second(-n))] : ranAt('a', `r${n}`, second(-n))));
  await decide(master, 'a', second(-1), {}, cronExpr);
  expect((await ticksOf(master, 'a', { limit: 3 })).items.map(({ fate }) => fate)).toStrictEqual(Array(3).fill('coming'));
  const found: TickView[] = [];
  let cursor: string | undefined;
  let decided = -1;
  do {
    const page = await ticksOf(master, 'a', { limit: 7, from: second(-30), ...(cursor !== undefined && { cursor }) });
    found.push(...page.items);
    cursor = page.nextCursor;
    decided += 2;
    runLog.add(...ranAt('a', `n${decided - 1}`, second(decided - 1)), ...ranAt('a', `n${decided}`, second(decided)));
    await decide(master, 'a', second(decided), {}, cronExpr);
  } while (cursor !== undefined);
  const at = found.map(({ fireTime }) => fireTime);
  const newest = (Date.parse(at[0]!) - now) / 1_000;
  expect(newest).toBeGreaterThanOrEqual(7); // the page has no room for more
  expect(at).toStrictEqual(Array.from({ length: newest + 31 }, (_, n) => second(newest - n)));
});

test('a job that is disabled, broken or gone has no ticks to come; what became of the others is told all the same', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  runLog.add(...['off', 'broken', 'gone'].flatMap((job) => ranAt(job, `r-${job}`, hour(1))));
  await master.api('PUT', '/jobs/off', aJob('off', { enabled: false }));
  await master.put(keys.job('broken'), { name: 'broken' });
  for (const job of ['off', 'broken', 'gone'])
    expect((await ticksOf(master, job)).items).toMatchObject([{ fate: 'ran', runId: `r-${job}` }]);
  expect((await master.api('GET', '/jobs/never/ticks')).json()).toMatchObject({ status: 404, code: 'noSuchJob' });
});

test('a run that nobody ever claimed did not run: the tick was skipped, for the reason why it was dropped', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: HOURLY }));
  const dropped: RunEvent = {
    v: 1,
    type: 'dropped',
    job: 'a',
    runId: 'r1',
    attempt: 1,
    at: hour(2),
    outcome: 'skipped',
    reason: 'expired',
    trigger: 'schedule',
    fireTime: hour(1),
  };
  await master.put(keys.queued('a', 'r1'), { ...aQueued('a', 'r1'), trigger: 'schedule', fireTime: hour(1) });
  await master.put(keys.outboxItem('x'), dropped);
  const past = async () => (await ticksOf(master, 'a', { to: hour(3) })).items;
  await until(past, ([tick]) => tick?.fate === 'skipped');
  runLog.add(dropped);
  await master.coordination.transact({
    then: [
      { type: 'delete', key: keys.outboxItem('x') },
      { type: 'delete', key: keys.queued('a', 'r1') },
    ],
  });
  expect(await past()).toMatchObject([{ fireTime: hour(1), fate: 'skipped', reason: 'expired', runId: 'r1' }]);
});

test('a bad window, cursor or limit is refused with its place', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const problem = async (query: string) =>
    (await master.api('GET', `/jobs/a/ticks?${query}`)).json<{ errors: object[] }>().errors;
  expect(await problem('from=yesterday')).toMatchObject([{ path: '/from' }]);
  expect(await problem(`from=${hour(2)}&to=${hour(1)}`)).toMatchObject([{ path: '/to' }]);
  expect(await problem('cursor=abc')).toMatchObject([{ path: '/cursor' }]);
  expect(await problem('limit=501')).toMatchObject([{ path: '/limit' }]);
  const widest = await ticksOf(master, 'a', { from: '-271821-04-20T00:00:00Z', to: '+275760-09-13T00:00:00Z', limit: 2 });
  expect(widest.items).toMatchObject([{ fireTime: '2099-12-31T03:00:00.000Z', fate: 'coming' }, { fate: 'coming' }]);
});

test('which workers would take a tick, and why the others would not', async () => {
  await using master = await startMaster();
  await master.api(
    'PUT',
    '/jobs/a',
    aJob('a', { placement: { labels: ['web', 'eu'], workers: ['w1', 'two', 'w3', 'w4', 'w5'] } }),
  );
  const labels = ['web', 'eu'];
  for (const worker of [
    { ...aWorker('w1', 'one'), labels: ['eu', 'x', 'web'] },
    { ...aWorker('w2', 'two'), labels: ['eu'] },
    { ...aWorker('w3', 'three'), labels, slots: 1 },
    { ...aWorker('w4', 'four'), labels, draining: true },
    { ...aWorker('w5', 'five'), labels },
    { ...aWorker('w6', 'six'), labels },
  ])
    await master.put(keys.worker(worker.id), worker);
  await master.put(keys.run('b', 'r1'), aRun('b', 'r1', { worker: 'w3' }));
  await master.put(keys.drain('w5'), {});
  const look = async () => (await master.api('GET', '/jobs/a/placement')).json<{ items: PlacementView[]; total: number }>();
  const { items } = await until(look, (found) => found.total === 6 && found.items.some(({ reason }) => reason === 'full'));
  expect(items).toStrictEqual([
    { id: 'w1', name: 'one', matches: true, slots: 10, running: 0 },
    { id: 'w5', name: 'five', matches: false, reason: 'draining', slots: 10, running: 0 },
    { id: 'w4', name: 'four', matches: false, reason: 'draining', slots: 10, running: 0 },
    { id: 'w6', name: 'six', matches: false, reason: 'name', slots: 10, running: 0 },
    { id: 'w3', name: 'three', matches: false, reason: 'full', slots: 1, running: 1 },
    { id: 'w2', name: 'two', matches: false, reason: 'labels', missing: ['web'], slots: 10, running: 0 },
  ]);
  expect((await master.api('GET', '/jobs/none/placement')).json()).toMatchObject({ code: 'noSuchJob' });
  await master.put(keys.job('broken'), { name: 'broken' });
  await until(
    async () => (await master.api('GET', '/jobs/broken/placement')).json<{ code?: string }>().code,
    (code) => code === 'broken',
  );
});

test('what a change of the clock does to a tick is noted, in the language that is asked for', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: '30 2 * * *', timezone: 'Europe/Berlin' }));
  const window = '/jobs/a/ticks?from=2030-03-30T00:00:00Z&to=2030-04-01T12:00:00Z';
  const english = await master.api('GET', window);
  expect(english.headers).toMatchObject({ 'content-language': 'en', vary: 'accept-language' });
  const { items } = english.json<Answer>();
  expect(items.map(({ note }) => note !== undefined)).toStrictEqual([false, true, false]);
  const chinese = await master.api('GET', window, undefined, { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' });
  expect(chinese.headers['content-language']).toBe('zh');
  expect(chinese.json<Answer>().items[1]?.note).toMatch(/\p{Script=Han}/u);
  expect(items[1]?.note).not.toMatch(/\p{Script=Han}/u);
});

test('where each worker has ticks of its own, each is told with its worker, and what one of them has passed is not coming', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const job = aJob('a', { cronExpr: HOURLY, placement: { mode: 'all' } });
  await master.api('PUT', '/jobs/a', job);
  const hash = scheduleHash(job as Parameters<typeof scheduleHash>[0]);
  await master.put(keys.worker('w1'), aWorker('w1', 'one'));
  await master.put(keys.tick('a'), formatCursor({ at: hour(0), decision: { v: 1, hash, reason: 'marked' } }));
  await master.put(keys.tick('a', 'w1'), formatCursor({ at: hour(3), decision: { v: 1, hash, fate: 'skipped', worker: 'w1' } }));
  runLog.add(
    skipped('a', hour(3), { of: 'w1', worker: 'w1' }),
    skipped('a', hour(3), { of: 'w2', worker: 'w2' }),
    ...ranAt('a', '01', hour(2)),
  );
  const { items } = await until(
    () => ticksOf(master, 'a', { from: hour(1), to: hour(5) }),
    (found) => found.items.some(({ workerName }) => workerName === 'one' && found.items.length === 5),
  );
  expect(items.map(({ fireTime, fate, worker }) => [fireTime, fate, worker])).toStrictEqual([
    [hour(5), 'coming', undefined],
    [hour(4), 'coming', undefined],
    [hour(3), 'skipped', 'w2'],
    [hour(3), 'skipped', 'w1'],
    [hour(2), 'ran', 'w1'],
  ]);
});

test('a catch-up range that was taken to its end leaves no tick behind that seems to wait', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: HOURLY }));
  await master.put(keys.queued('a', 'batch'), {
    ...aQueued('a', 'batch'),
    trigger: 'catchUp',
    fireTime: hour(2),
    to: hour(3),
    count: 2,
  });
  await decide(master, 'a', hour(3), { fate: 'waiting', runId: 'batch' });
  const window = { from: hour(1), to: hour(3) };
  const waiting = await until(
    () => ticksOf(master, 'a', window),
    (found) => found.items.some(({ to }) => to !== undefined),
  );
  expect(waiting.items).toMatchObject([{ fate: 'waiting', fireTime: hour(2), to: hour(3), count: 2 }]);
  runLog.add(...ranAt('a', '02', hour(2), 'catchUp'), ...ranAt('a', '03', hour(3), 'catchUp'));
  await master.coordination.transact({ then: [{ type: 'delete', key: keys.queued('a', 'batch') }] });
  const { items } = await until(
    () => ticksOf(master, 'a', window),
    (found) => found.items.every(({ to }) => to === undefined),
  );
  expect(items.map(({ fireTime, fate, runId }) => [fireTime, fate, runId])).toStrictEqual([
    [hour(3), 'ran', '03'],
    [hour(2), 'ran', '02'],
  ]);
});

test('placement all: a tick that a worker has decided is coming for nobody, also where its record is gone', async () => {
  await using master = await startMaster();
  const job = aJob('a', { cronExpr: HOURLY, placement: { mode: 'all' } });
  await master.api('PUT', '/jobs/a', job);
  const cursorOf = (at: string) => formatCursor({ at, decision: { v: 1, hash: scheduleHash(job) } });
  await master.put(keys.tick('a'), cursorOf(hour(1)));
  await master.put(keys.tick('a', 'w1'), cursorOf(hour(3)));
  await master.put(keys.tick('a', 'w2'), cursorOf(hour(2)));
  const { items } = await ticksOf(master, 'a', { from: hour(0), to: hour(5) });
  expect(items.map(({ fireTime, fate }) => [fireTime, fate])).toStrictEqual([
    [hour(5), 'coming'],
    [hour(4), 'coming'],
  ]);
});
