import type { LightMyRequestResponse } from 'fastify';
import { expect, test } from 'vitest';
import { parseCursor } from '../../../src/domain/tick.ts';
import { aJob, aQueued, aRun, keys, startMaster, until, type TestMaster } from './support.ts';

const problemsOf = (answer: LightMyRequestResponse) =>
  answer
    .json<{ errors: { path: string; code: string }[] }>()
    .errors.map(({ path, code }) => `${path} ${code}`)
    .sort();

const cursorOf = async ({ coordination }: TestMaster, job: string) => {
  const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.tick(job) }] });
  return reads[0] && parseCursor(reads[0].value);
};

test('a job is saved, shown, changed and deleted', async () => {
  await using master = await startMaster();
  const saved = await master.api('PUT', '/jobs/nightly', aJob('nightly', { timezone: 'Europe/Berlin' }));
  expect(saved.statusCode).toBe(201);
  expect(saved.json()).toMatchObject({ job: { name: 'nightly' }, schedule: 'At 03:00 (Europe/Berlin)', running: [], queued: 0 });
  expect(saved.headers.etag).toBe(`"${saved.json<{ revision: string }>().revision}"`);
  expect((await master.api('PUT', '/jobs/nightly', aJob('nightly'))).statusCode).toBe(200);
  const changed = await master.api('PATCH', '/jobs/nightly', { description: 'the books', enabled: false });
  expect(changed.json()).toMatchObject({ job: { description: 'the books', enabled: false, command: 'echo hi' } });
  expect(changed.json()).not.toHaveProperty('nextFireTime');
  const listed = (await master.api('GET', '/jobs')).json<{ items: unknown[]; total: number; asOf: string }>();
  expect(listed).toMatchObject({ total: 1, items: [{ job: { description: 'the books' } }] });
  expect(Number(listed.asOf)).toBeGreaterThan(0);
  expect((await master.api('DELETE', '/jobs/nightly')).statusCode).toBe(204);
  expect((await master.api('GET', '/jobs/nightly')).json()).toMatchObject({ status: 404, code: 'noSuchJob' });
  expect((await master.api('DELETE', '/jobs/nightly')).statusCode).toBe(404);
});

test('every problem of a job is told at once, those of its cron text with their place', async () => {
  await using master = await startMaster();
  const answer = await master.api('PUT', '/jobs/a', {
    name: 5,
    cronexpr: '* * * * *',
    cronExpr: '99 * * * *',
    command: '',
    tags: 'x',
  });
  expect(answer.statusCode).toBe(400);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(problemsOf(answer)).toStrictEqual([
    '/command invalid',
    '/cronExpr badCron',
    '/cronexpr unknownField',
    '/name wrongType',
    '/tags wrongType',
  ]);
  expect(answer.json<{ errors: object[] }>().errors).toContainEqual(
    expect.objectContaining({ path: '/cronExpr', line: 1, column: 1, field: 'minute' }),
  );
});

test.each([
  ['a name with a slash', 'a%2Fb', 'a/b', '/name badName'],
  ['another name than the address', 'a', 'b', '/name otherName'],
])('%s is refused', async (_what, path, name, problem) => {
  await using master = await startMaster();
  const answer = await master.api('PUT', `/jobs/${path}`, aJob(name));
  expect(answer.statusCode).toBe(400);
  expect(problemsOf(answer)).toStrictEqual([problem]);
});

test.each([
  ['a body of 2 MB', JSON.stringify(aJob('a', { description: 'x'.repeat(2_000_000) })), 413, 'tooBig'],
  ['a job of more than 256 kB', JSON.stringify(aJob('a', { env: { A: 'x'.repeat(300_000) } })), 400, 'invalid'],
  ['a body that is not JSON', '{"name":', 400, 'notJson'],
  ['an empty body', '', 400, 'notJson'],
  ['a body with __proto__', '{"__proto__": {"a": 1}, "name": "a"}', 400, 'notJson'],
  ['a list', '[]', 400, 'invalid'],
  ['null', 'null', 400, 'invalid'],
  ['nesting without end', `{"alerts":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400, 'invalid'],
])('%s is answered with one clear problem', async (_what, payload, status, code) => {
  await using master = await startMaster();
  for (const method of ['PUT', 'PATCH'] as const) {
    if (method === 'PATCH') await master.api('PUT', '/jobs/a', aJob('a'));
    const answer = await master.inject({
      method,
      url: '/api/v1/jobs/a',
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect([method, answer.statusCode, answer.json<{ code: string }>().code]).toStrictEqual([method, status, code]);
  }
});

test('an edit of an old revision is refused, with the current one', async () => {
  await using master = await startMaster();
  const { revision } = (await master.api('PUT', '/jobs/a', aJob('a'), { 'if-none-match': '*' })).json<{ revision: string }>();
  const old = await master.api('PUT', '/jobs/a', aJob('a'), { 'if-match': '"1"' });
  expect(old.json()).toMatchObject({ status: 412, code: 'revisionConflict', revision, detail: `It is at revision ${revision}.` });
  expect((await master.api('PUT', '/jobs/a', aJob('a'), { 'if-none-match': '*' })).statusCode).toBe(412);
  expect((await master.api('PUT', '/jobs/b', aJob('b'), { 'if-match': '"1"' })).statusCode).toBe(412);
  expect((await master.api('PUT', '/jobs/a', aJob('a'), { 'if-match': 'W/"1", "2"' })).statusCode).toBe(400);
  expect((await master.api('DELETE', '/jobs/a', undefined, { 'if-match': '"1"' })).statusCode).toBe(412);
  expect((await master.api('PATCH', '/jobs/a', { tags: ['x'] }, { 'if-match': `"${revision}"` })).statusCode).toBe(200);
});

test('of two who create one job at once, one creates it', async () => {
  await using master = await startMaster();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => master.api('PUT', '/jobs/a', aJob('a'), { 'if-none-match': '*' })),
  );
  expect(answers.map(({ statusCode }) => statusCode).sort()).toStrictEqual([201, ...Array.from({ length: 7 }, () => 412)]);
});

test('a changed schedule is marked, so that nothing before the save is run or missed; another change is not', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const first = await cursorOf(master, 'a');
  expect(first?.decision).toMatchObject({ reason: 'marked' });
  await master.api('PATCH', '/jobs/a', { description: 'x' });
  expect(await cursorOf(master, 'a')).toStrictEqual(first);
  await master.api('PATCH', '/jobs/a', { cronExpr: '0 4 * * *' });
  const second = await cursorOf(master, 'a');
  expect(second?.decision.hash).not.toBe(first?.decision.hash);
  expect(second!.at >= first!.at).toBe(true);
});

test('due ticks that a changed schedule passes are told as skipped, reason edited', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: '* * * * * *' }));
  const first = (await cursorOf(master, 'a'))!;
  const ago = new Date(Date.parse(first.at) - 5_000).toISOString();
  await master.put(keys.tick('a'), `${ago} ${JSON.stringify(first.decision)}`);
  const answer = await master.api('PATCH', '/jobs/a', { cronExpr: '0 4 * * *' });
  expect(answer.statusCode).toBe(200);
  const told = await until(
    async () => [
      ...(await master.coordination.list(keys.outbox)).entries.map(({ value }) => value),
      ...(
        await Promise.all(
          [1, 2, 3, 4, 5].map((n) =>
            master.runLog.event(`tick/a/${new Date(Math.floor(Date.parse(ago) / 1000 + n) * 1000).toISOString()}`),
          ),
        )
      ).map((event) => JSON.stringify(event ?? null)),
    ],
    (all) => all.filter((text) => text.includes('"edited"')).length >= 4,
  );
  expect(told.filter((text) => text.includes('"tickSkipped"')).length).toBeGreaterThanOrEqual(4);
});

test('a patch leaves the fields of a newer version as they are, and adds none', async () => {
  await using master = await startMaster();
  await master.put(keys.job('a'), { ...aJob('a'), v: 2, colour: 'red', retry: { max: 0, moods: ['good'] } });
  await until(
    () => master.api('GET', '/jobs/a'),
    ({ statusCode }) => statusCode === 200,
  );
  const patched = await master.api('PATCH', '/jobs/a', { command: 'echo new' });
  expect(patched.statusCode).toBe(200);
  expect(await master.get(keys.job('a'))).toMatchObject({
    v: 2,
    colour: 'red',
    retry: { max: 0, moods: ['good'] },
    command: 'echo new',
  });
  expect(problemsOf(await master.api('PATCH', '/jobs/a', { colour: 'blue', shape: 'round' }))).toStrictEqual([
    '/colour unknownField',
    '/shape unknownField',
  ]);
  expect(problemsOf(await master.api('PATCH', '/jobs/a', { name: 'b' }))).toContain('/name otherName');
  expect(problemsOf(await master.api('PATCH', '/jobs/a', { command: null }))).toStrictEqual(['/command required']);
});

const HOSTILE: readonly (readonly [name: string, value: string])[] = [
  ['notjson', 'hello'],
  ['empty', ''],
  ['list', '[1]'],
  ['other', JSON.stringify(aJob('somebody-else'))],
  ['a/b', JSON.stringify(aJob('a/b'))],
  ['..', JSON.stringify(aJob('..'))],
  ['__proto__', JSON.stringify(aJob('__proto__'))],
  ['constructor', `{"__proto__":{"polluted":true},"name":"constructor","command":"x","cronExpr":"* * * * *"}`],
  ['\u202e\u0000name', '{}'],
  ['deep', `{"name":"deep","command":"x","cronExpr":"* * * * *","alerts":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  ['badcron', JSON.stringify(aJob('badcron', { cronExpr: '61 * * * *' }))],
  ['types', JSON.stringify({ name: 'types', command: {}, cronExpr: 7, tags: { length: 9 }, env: null })],
  ['huge', JSON.stringify(aJob('huge', { description: 'x'.repeat(400_000) }))],
];

test('hostile keys are shown as broken and harm nothing else; each can be replaced or deleted', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/good', aJob('good'));
  for (const [name, value] of HOSTILE) await master.put(keys.job(name), value);
  for (const key of [
    keys.run('a', 'r'),
    keys.queued('a', 'q'),
    keys.killer('a', 'r'),
    keys.last('a'),
    keys.worker('w'),
    keys.outboxItem('o'),
  ])
    await master.put(key, '{"v":1,"__proto__":{"polluted":1},"job":[[[[');
  const list = () => master.api('GET', '/jobs?limit=100');
  const listed = await until(list, (answer) => answer.json<{ total: number }>().total === HOSTILE.length + 1);
  const items = listed.json<{ items: { job: { name: string }; broken?: string }[] }>().items;
  const broken = new Map(items.map((item) => [item.job.name, item.broken]));
  expect(broken.get('good')).toBeUndefined();
  const isFine = ['constructor', '__proto__'];
  expect(
    HOSTILE.filter(([name]) => !isFine.includes(name) && broken.get(name) === undefined).map(([name]) => name),
  ).toStrictEqual([]);
  expect({}).not.toHaveProperty('polluted');
  expect((await master.api('PATCH', '/jobs/badcron', { description: 'x' })).json()).toMatchObject({
    status: 409,
    code: 'broken',
  });
  expect((await master.api('POST', '/jobs/badcron/run', {})).json()).toMatchObject({ status: 409, code: 'broken' });
  const mended = await master.api('PUT', '/jobs/badcron', aJob('badcron'));
  expect(mended.statusCode).toBe(200);
  expect(mended.json()).not.toHaveProperty('broken');
  // An address cannot end in "..": the classic route takes the name in its body.
  expect((await master.inject({ method: 'POST', url: '/job/delete', payload: { name: '..' } })).json()).toMatchObject({
    errno: 0,
  });
  for (const [name] of HOSTILE.filter(([each]) => each !== '..'))
    expect([name, (await master.api('DELETE', `/jobs/${encodeURIComponent(name)}`)).statusCode]).toStrictEqual([name, 204]);
  expect((await list()).json()).toMatchObject({ total: 1 });
});

test('the list is searched, filtered, sorted and paged', async () => {
  await using master = await startMaster();
  for (const [name, more] of [
    ['backup', { tags: ['db', 'night'], cronExpr: '0 2 * * *' }],
    ['report', { command: 'make report', cronExpr: '0 1 * * *' }],
    ['renew', { description: 'certificates of the WEB', tags: ['night'], enabled: false }],
  ] as const)
    await master.api('PUT', `/jobs/${name}`, aJob(name, more));
  const names = async (query: string) => {
    const answer = (await master.api('GET', `/jobs?${query}`)).json<{
      items: { job: { name: string } }[];
      nextCursor?: string;
    }>();
    return [answer.items.map(({ job }) => job.name).join(' '), answer.nextCursor] as const;
  };
  expect(await names('')).toStrictEqual(['backup renew report', undefined]);
  expect(await names('q=web%20certificates')).toStrictEqual(['renew', undefined]);
  expect(await names('tag=night')).toStrictEqual(['backup renew', undefined]);
  expect(await names('tag=night&enabled=true')).toStrictEqual(['backup', undefined]);
  expect(await names('outcome=failed')).toStrictEqual(['', undefined]);
  expect(await names('sort=-name')).toStrictEqual(['report renew backup', undefined]);
  const paged: string[] = [];
  let cursor = '';
  do {
    const [page, next] = await names(`sort=nextFireTime&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
    paged.push(page);
    cursor = next ?? '';
  } while (cursor !== '');
  expect(paged).toHaveLength(3);
  expect(paged.at(-1)).toBe('renew'); // disabled: no next fire time
  const wrong = [
    'limit=0',
    'limit=ten',
    'limit=1e3',
    'enabled=yes',
    'outcome=good',
    'sort=colour',
    'cursor=%00',
    'colour=red',
    'q=a&q=b',
  ];
  const answers = await Promise.all(wrong.map((query) => master.api('GET', `/jobs?${query}`)));
  expect(answers.map(({ statusCode }) => statusCode)).toStrictEqual(wrong.map(() => 400));
});

test('a job view tells what runs, what waits and how it went last', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1'));
  await master.put(keys.queued('a', 'q1'), aQueued('a', 'q1'));
  await master.put(keys.last('a'), {
    v: 1,
    runId: 'r0',
    fireTime: aRun('a', 'r0').fireTime,
    outcome: 'failed',
    endedAt: aRun('a', 'r0').fireTime,
    durationMs: 5,
  });
  const view = await until(
    async () => (await master.api('GET', '/jobs/a')).json<Record<string, unknown>>(),
    (found) => 'lastRun' in found && found['queued'] === 1,
  );
  expect(view).toMatchObject({
    running: [{ id: 'r1', state: 'running', worker: 'w1' }],
    queued: 1,
    lastRun: { id: 'r0', outcome: 'failed', durationMs: 5 },
  });
  expect((await master.api('GET', '/jobs?outcome=failed')).json()).toMatchObject({ total: 1 });
});

test('a job without a time zone gets the cluster’s, for everybody to see; one with a zone keeps its own', async () => {
  await using master = await startMaster({ config: { timezone: 'Asia/Shanghai' } });
  const saved = await master.api('PUT', '/jobs/a', aJob('a'));
  expect(saved.json()).toMatchObject({ job: { timezone: 'Asia/Shanghai' }, schedule: 'At 03:00 (Asia/Shanghai)' });
  expect((await master.api('PUT', '/jobs/b', aJob('b', { timezone: 'UTC' }))).json()).toMatchObject({ job: { timezone: 'UTC' } });
  const explained = await master.api('POST', '/schedules/explain', { cronExpr: '0 3 * * *' });
  expect(explained.json()).toMatchObject({ description: 'At 03:00 (Asia/Shanghai)' });
});

test('exit code 0 to be tried again after is refused where it is sent, and goes where it was stored before', async () => {
  await using master = await startMaster();
  const refused = await master.api('PUT', '/jobs/a', aJob('a', { retry: { max: 1, on: [0] } }));
  expect(refused.statusCode).toBe(400);
  expect(refused.json<{ errors: unknown[] }>().errors).toMatchObject([{ path: '/retry/on/0', code: 'invalid' }]);
  await master.put(keys.job('a'), aJob('a', { retry: { max: 1, on: [0, 3] } }));
  expect((await master.api('PATCH', '/jobs/a', { retry: { on: [0, 3] } })).statusCode).toBe(400);
  expect((await master.api('PATCH', '/jobs/a', { enabled: false })).json()).toMatchObject({
    job: { enabled: false, retry: { max: 1, on: [3] } },
  });
});

test('cron text whose times are all over is refused where it is new; a job that has run its one time can still be changed', async () => {
  await using master = await startMaster();
  for (const cronExpr of ['0 0 0 1 1 * 2020', '@at 2026-01-01T00:00:00Z'])
    expect(problemsOf(await master.api('PUT', '/jobs/a', aJob('a', { cronExpr })))).toStrictEqual(['/cronExpr badCron']);
  await master.coordination.transact({
    then: [{ type: 'put', key: keys.job('once'), value: JSON.stringify(aJob('once', { cronExpr: '@at 2026-01-01T00:00:00Z' })) }],
  });
  await until(
    async () => (await master.api('GET', '/jobs/once')).statusCode === 200,
    (isThere) => isThere,
  );
  expect((await master.api('PATCH', '/jobs/once', { description: 'done' })).statusCode).toBe(200);
  expect((await master.api('PATCH', '/jobs/once', { cronExpr: '@at 2026-02-01T00:00:00Z' })).statusCode).toBe(400);
});
