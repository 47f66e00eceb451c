import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createMaster } from '../../../src/master/app.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { Unavailable, type Coordination } from '../../../src/streams/ports.ts';
import { aJob, anEndedRun, createMemoryRunLog, keys, openStores, startMaster, until } from './support.ts';

test('what is not served is a problem: 404, and 405 where another method is', async () => {
  await using master = await startMaster();
  for (const url of ['/api/v1/nope', '/api/v1/statistics', '/api/v1/jobs/a/nope', '/api/nothing', '/job/nope', '/worker/x'])
    expect([url, (await master.inject({ url })).json()]).toMatchObject([url, { status: 404, code: 'notFound' }]);
  const wrong = await master.inject({ method: 'POST', url: '/api/v1/jobs' });
  expect(wrong.json()).toMatchObject({ status: 405, code: 'methodNotAllowed' });
  expect(wrong.headers.allow).toBe('GET, HEAD');
  expect((await master.inject({ method: 'GET', url: '/job/save' })).statusCode).toBe(405);
  expect(
    (await master.inject({ method: 'PUT', url: '/api/v1/jobs/a', payload: 'x', headers: { 'content-type': 'text/xml' } })).json(),
  ).toMatchObject({
    status: 415,
    code: 'mediaType',
  });
});

test('an explained schedule says what it means, and where it is wrong', async () => {
  await using master = await startMaster();
  const explain = (body: object) => master.api('POST', '/schedules/explain', body);
  const good = await explain({ cronExpr: '0 3 * * *', timezone: 'Europe/Berlin', from: '2027-01-31T09:00:00Z', count: 2 });
  expect(good.json()).toMatchObject({
    description: 'At 03:00 (Europe/Berlin)',
    fires: [{ at: '2027-02-01T02:00:00.000Z' }, { at: '2027-02-02T02:00:00.000Z' }],
  });
  const bad = await explain({ cronExpr: '* * * * *\n* 25 * * *', timezone: 'Mars/Olympus' });
  expect(bad.statusCode).toBe(400);
  expect(bad.json<{ errors: object[] }>().errors).toStrictEqual(
    expect.arrayContaining([
      expect.objectContaining({ path: '/cronExpr', line: 2, column: 3, field: 'hour' }),
      expect.objectContaining({ path: '/timezone', code: 'badTimezone' }),
    ]),
  );
  for (const body of [
    {},
    { cronExpr: 5 },
    { cronExpr: '* * * * *', count: 1_000 },
    { cronExpr: '* * * * *', from: 'x' },
    { cronExpr: '* * * * *', cron: 'x' },
  ])
    expect((await explain(body)).statusCode).toBe(400);
});

const away = async (): Promise<never> => {
  throw new Unavailable('nobody is there');
};

test('a store that is away is a problem that says which, and /readyz too', async () => {
  let isAway = false;
  const runLog = createMemoryRunLog();
  const through = (coordination: Coordination): Coordination => ({
    ...coordination,
    transact: (transaction) => (isAway ? away() : coordination.transact(transaction)),
  });
  await using master = await startMaster({
    through,
    runLog: { ...runLog, runs: (query) => (isAway ? away() : runLog.runs(query)), ping: () => (isAway ? away() : runLog.ping()) },
  });
  const ready = await until(
    () => master.inject({ url: '/readyz' }),
    ({ statusCode }) => statusCode === 200,
  );
  expect(ready.json()).toMatchObject({ ready: true, stores: { coordination: true, runLog: true }, missing: [] });
  isAway = true;
  const save = await master.api('PUT', '/jobs/a', aJob('a'));
  expect(save.json()).toMatchObject({ status: 503, code: 'unavailable', store: 'coordination' });
  expect(save.json<{ detail: string }>().detail).toMatch(/^The coordination store does not answer/);
  expect((await master.api('GET', '/runs')).json()).toMatchObject({ status: 503, code: 'unavailable', store: 'runLog' });
  // What this master has seen it still shows.
  expect((await master.api('GET', '/jobs')).statusCode).toBe(200);
  const missing = await master.inject({ url: '/readyz' });
  expect(missing.statusCode).toBe(503);
  expect(missing.json()).toMatchObject({ ready: false, stores: { coordination: false, runLog: false } });
  expect(missing.json<{ missing: string[] }>().missing.join()).toContain('the run log does not answer');
  expect((await master.inject({ url: '/healthz' })).json()).toStrictEqual({ status: 'alive', version: '1.2.3' });
});

test('a master whose stores are absent at its start says so, and is ready once they are there', async () => {
  await using stores = openStores();
  let isAway = true;
  const { coordination } = stores;
  const orAway =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isAway ? away() : call(...args);
  const { app, life$ } = await createMaster({
    coordination: {
      ...coordination,
      list: orAway(coordination.list),
      transact: orAway(coordination.transact),
      grantLease: orAway(coordination.grantLease),
    },
    runLog: createMemoryRunLog(),
    keys,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    config: { version: '1', host: 'test', noAuth: true },
  });
  const life = life$.subscribe();
  try {
    const ready = await app.inject({ url: '/readyz' });
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toMatchObject({ stores: { coordination: false, runLog: true }, feeds: { jobs: false } });
    expect((await app.inject({ url: '/api/v1/jobs' })).json()).toMatchObject({
      status: 503,
      code: 'unavailable',
      store: 'coordination',
    });
    isAway = false;
    await until(
      () => app.inject({ url: '/readyz' }),
      ({ statusCode }) => statusCode === 200,
    );
    expect((await app.inject({ url: '/api/v1/jobs' })).statusCode).toBe(200);
  } finally {
    life.unsubscribe();
    await app.close();
  }
});

test('numbers for Prometheus', async () => {
  await using master = await startMaster({ token: '' });
  await master.put(keys.job('a'), aJob('a'));
  await master.put(keys.job('b'), 'broken');
  const metrics = await until(
    async () => (await master.inject({ url: '/metrics' })).body,
    (body) => body.includes('cronstream_jobs 2\n'),
  );
  expect(metrics).toContain('cronstream_jobs_broken 1\n');
  for (const line of metrics.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) cronstream_\w+ .+|cronstream_\w+ [\d.]+)$/);
});

test('the OpenAPI document names every route and each shape once; /docs needs nothing from elsewhere', async () => {
  await using master = await startMaster({ token: '' });
  const document = (await master.inject({ url: '/api/openapi.json' })).json<{
    paths: object;
    components: { schemas: object };
  }>();
  const shapes = Object.keys(document.components.schemas);
  expect(shapes).toEqual(
    expect.arrayContaining(['Job', 'JobView', 'PlacementView', 'Problem', 'RunView', 'TickView', 'WorkerView']),
  );
  expect(shapes.filter((name) => !/^[A-Z][A-Za-z]+$/.test(name))).toStrictEqual([]); // none without a name of its own
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/api/v1/jobs/{name}', '/api/v1/jobs/{name}/ticks', '/api/v1/runs/{id}/output', '/readyz']),
  );
  const page = await master.inject({ url: '/docs/' });
  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(page.body).not.toMatch(/<script>|<script [^>]*>\s*[^<\s]/);
  const specification = await master.inject({ url: '/docs/json' });
  expect(specification.json()).toStrictEqual(document);
});

test('every answer carries the headers that keep it safe', async () => {
  await using master = await startMaster({ token: '' });
  for (const url of ['/', '/api/v1/jobs', '/nothing', '/docs/', '/healthz']) {
    const { headers } = await master.inject({ url });
    expect(headers['content-security-policy']).toMatch(/default-src 'self'; script-src 'self';.*frame-ancestors 'none'/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  }
});

test('the console is served with its page under every address of a page', async () => {
  const webDir = mkdtempSync(join(tmpdir(), 'cronstream-web-'));
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html>the page');
  writeFileSync(join(webDir, 'assets', 'main-abc.js'), 'run()');
  writeFileSync(join(webDir, '..', 'cronstream-secret.txt'), 'secret');
  try {
    await using master = await startMaster({ config: { webDir }, token: '' });
    for (const url of ['/', '/jobs/nightly', '/runs?outcome=failed', '/login', '/jobs/a.b']) {
      const page = await master.inject({ url, headers: { accept: 'text/html' } });
      expect([url, page.statusCode, page.body]).toStrictEqual([url, 200, '<!doctype html>the page']);
      expect(page.headers['cache-control']).toBe('no-cache');
    }
    expect((await master.inject({ url: '/api/v1/nope' })).json()).toMatchObject({ status: 404, code: 'notFound' });
    const script = await master.inject({ url: '/assets/main-abc.js' });
    expect([script.statusCode, script.body]).toStrictEqual([200, 'run()']);
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await master.inject({ url: '/assets/gone.js' })).statusCode).toBe(404);
    for (const url of ['/..%2fcronstream-secret.txt', '/assets/..%2f..%2fcronstream-secret.txt', '/%2e%2e/cronstream-secret.txt'])
      expect((await master.inject({ url })).body).not.toContain('secret');
  } finally {
    rmSync(webDir, { recursive: true, force: true });
    rmSync(join(tmpdir(), 'cronstream-secret.txt'), { force: true });
  }
});

test('without a built console the page says so', async () => {
  await using master = await startMaster({ config: { webDir: '/nowhere' }, token: '' });
  expect((await master.inject({ url: '/jobs' })).body).toContain('npm run build');
});

test('the classic routes take forms and JSON, and answer errno, msg and data', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const form = (url: string, fields: Record<string, string>) =>
    master.inject({
      method: 'POST',
      url,
      payload: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  const text = '{"name":"job1","command":"echo hello","cronExpr":"*/5 * * * * * *"}';
  expect((await form('/job/save', { job: text })).json()).toStrictEqual({ errno: 0, msg: 'success', data: null });
  const again = await master.inject({
    method: 'POST',
    url: '/job/save',
    payload: { job: { ...(JSON.parse(text) as object), command: 'echo two' } },
  });
  expect(again.json()).toMatchObject({ errno: 0, data: { command: 'echo hello' } });
  expect((await master.inject({ url: '/job/list' })).json()).toMatchObject({
    errno: 0,
    data: [{ name: 'job1', command: 'echo two' }],
  });
  for (const n of [1, 2, 3]) runLog.add(...anEndedRun('job1', `r${n}`, ['hello\n']));
  const log = await master.inject({ url: '/job/log?name=job1&skip=1&limit=1' });
  expect(log.json()).toMatchObject({
    errno: 0,
    data: [
      {
        runId: 'r2',
        jobName: 'job1',
        command: 'echo hi',
        output: 'hello\n',
        err: '',
        planTime: expect.any(Number) as number,
        outcome: 'succeeded',
      },
    ],
  });
  expect((await master.inject({ url: '/worker/list' })).json()).toStrictEqual({ errno: 0, msg: 'success', data: [] });
  const bad = [
    await form('/job/save', { job: '{' }),
    await form('/job/save', {}),
    await form('/job/save', { job: '{"name":"a/b","command":"x","cronExpr":"* * * * *"}' }),
    await form('/job/save', { job: '{"name":"a","command":"x","cronExpr":"99 * * * *"}' }),
    await form('/job/delete', { name: 'none' }),
    await form('/job/kill', { name: 'job1' }),
    await master.inject({ url: '/job/log?name=job1&limit=many' }),
  ];
  for (const answer of bad)
    expect(answer.json()).toMatchObject({ errno: -1, msg: expect.stringMatching(/.{5}/) as string, data: null });
  expect((await form('/job/delete', { name: 'job1' })).json()).toMatchObject({ errno: 0 });
  expect((await master.inject({ url: '/job/list' })).json()).toMatchObject({ data: [] });
});
