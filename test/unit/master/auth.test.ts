import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createMaster } from '../../../src/master/app.ts';
import { isLoopbackName, isSameOrigin } from '../../../src/master/origin.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { aJob, createMemoryRunLog, keys, openStores, startMaster, TOKEN, until } from './support.ts';

const hashes = async (coordination: Awaited<ReturnType<typeof openStores>>['coordination'], prefix: string) =>
  (await coordination.list(prefix)).entries.map(({ key, value }) => [key.slice(prefix.length), value] as const);

const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  String(answer.headers['set-cookie']).split(';')[0] ?? '';

test('two masters that start at once on an empty store make one admin token, and one of them tells it', async () => {
  await using stores = openStores();
  const told: string[] = [];
  const config = { adminToken: undefined };
  const start = () =>
    startMaster({ coordination: stores.coordination, config, token: '', onFirstToken: (token) => told.push(token) });
  const [one, two] = await Promise.all([start(), start()]);
  await using _one = one;
  await using _two = two;
  const tokens = await until(
    () => hashes(stores.coordination, keys.tokens),
    (found) => found.length > 0 && told.length > 0,
  );
  expect(tokens.map(([id]) => id)).toStrictEqual(['first-admin']);
  expect(told).toHaveLength(1);
  expect(tokens[0]![1]).not.toContain(told[0]); // only its hash lies there
  for (const master of [one, two])
    expect((await master.api('GET', '/me', undefined, { authorization: `Bearer ${told[0]}` })).json()).toMatchObject({
      name: 'admin',
      role: 'admin',
    });
});

test('the token of the environment replaces the one that was made, and ends its sessions', async () => {
  await using stores = openStores();
  let made = '';
  await using first = await startMaster({
    coordination: stores.coordination,
    config: { adminToken: undefined },
    token: '',
    onFirstToken: (token) => (made = token),
  });
  await until(
    () => made,
    (token) => token !== '',
  );
  const cookie = cookieOf(await first.api('POST', '/login', { token: made }));
  expect((await first.api('GET', '/me', undefined, { cookie })).statusCode).toBe(200);
  await using second = await startMaster({ coordination: stores.coordination, token: '' });
  await until(
    () => second.api('GET', '/me', undefined, { authorization: `Bearer ${TOKEN}` }),
    ({ statusCode }) => statusCode === 200,
  );
  await until(
    () => first.api('GET', '/me', undefined, { cookie }),
    ({ statusCode }) => statusCode === 401,
  );
  expect((await first.api('GET', '/me', undefined, { authorization: `Bearer ${made}` })).json()).toMatchObject({
    code: 'badToken',
  });
});

test('a session opened at one master is good at every other, and ends everywhere', async () => {
  await using stores = openStores();
  await using one = await startMaster({ coordination: stores.coordination, token: '' });
  await using two = await startMaster({ coordination: stores.coordination, token: '' });
  const login = await one.api('POST', '/login', { token: TOKEN });
  expect(login.json()).toStrictEqual({ name: 'admin', role: 'admin', noAuth: false });
  expect(String(login.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
  const cookie = cookieOf(login);
  expect((await two.api('GET', '/me', undefined, { cookie })).statusCode).toBe(200);
  const sessions = await hashes(stores.coordination, keys.sessions);
  expect(JSON.stringify(sessions)).not.toContain(cookie.split('=')[1]);
  expect((await two.api('POST', '/logout', undefined, { cookie })).statusCode).toBe(204);
  await until(
    () => one.api('GET', '/me', undefined, { cookie }),
    ({ statusCode }) => statusCode === 401,
  );
  expect(await hashes(stores.coordination, keys.sessions)).toStrictEqual([]);
});

test('behind TLS the cookie is for TLS only', async () => {
  await using master = await startMaster({ token: '' });
  const login = await master.api('POST', '/login', { token: TOKEN }, { 'x-forwarded-proto': 'https' });
  expect(String(login.headers['set-cookie'])).toContain('Secure');
});

test('a session ends with its token', async () => {
  await using master = await startMaster({ token: '' });
  const cookie = cookieOf(await master.api('POST', '/login', { token: TOKEN }));
  await master.coordination.transact({ then: [{ type: 'delete', key: keys.token('first-admin') }] });
  await until(
    () => master.api('GET', '/me', undefined, { cookie }),
    ({ statusCode }) => statusCode === 401,
  );
  expect((await master.api('GET', '/me', undefined, { cookie })).json()).toMatchObject({ code: 'sessionEnded' });
});

test('a sign-in link signs in once', async () => {
  await using master = await startMaster({ token: '' });
  const url = master.signInPath();
  const first = await master.inject({ url });
  expect([first.statusCode, first.headers.location]).toStrictEqual([303, '/']);
  expect((await master.api('GET', '/me', undefined, { cookie: cookieOf(first) })).json()).toMatchObject({ role: 'admin' });
  const second = await master.inject({ url });
  expect([second.statusCode, second.headers.location, second.headers['set-cookie']]).toStrictEqual([303, '/login', undefined]);
});

test('tokens and sessions that nobody can read let nobody in and end no master', async () => {
  await using master = await startMaster({ token: '' });
  for (const value of [
    '',
    '{}',
    '{"v":1,"hash":5}',
    '{"v":1,"hash":"' + 'é'.repeat(64) + '","role":"admin","name":"x","createdAt":""}',
    '{"v":1,"hash":"","role":"god","name":"x","createdAt":""}',
  ])
    await master.put(keys.token(`t${value.length}`), value);
  await master.put(keys.session('s'), '[]');
  expect((await master.api('POST', '/login', { token: 'x' })).statusCode).toBe(401);
  expect((await master.api('GET', '/me', undefined, { authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200);
  expect(
    (await master.api('GET', '/me', undefined, { cookie: 'cronstream_session=%00%ff; cronstream_session=a' })).statusCode,
  ).toBe(401);
});

test('failed logins are answered 401, then for a minute 429; who is known goes on', async () => {
  await using master = await startMaster({ token: '' });
  const codes: number[] = [];
  for (let n = 0; n < 12; n += 1) codes.push((await master.api('POST', '/login', { token: `guess ${n}` })).statusCode);
  expect(codes).toStrictEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  expect((await master.api('GET', '/me', undefined, { authorization: 'Bearer wrong' })).statusCode).toBe(429);
  expect((await master.api('GET', '/me', undefined, { authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200);
});

const role = async (master: Awaited<ReturnType<typeof startMaster>>, name: string) => {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256').update(`${name}-token`).digest('hex');
  await master.put(keys.token(name), { v: 1, hash, role: name, name, createdAt: '2027-01-31T09:00:00.000Z' });
};

test.each([
  ['viewer', [200, 403, 403, 200]],
  ['operator', [200, 202, 403, 200]],
  ['editor', [200, 202, 200, 200]],
] as const)('what a %s may', async (name, expected) => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await role(master, name);
  const headers = { authorization: `Bearer ${name}-token` };
  const statuses = [
    await master.api('GET', '/jobs', undefined, headers),
    await master.api('POST', '/jobs/a/run', {}, headers),
    await master.api('PUT', '/jobs/a', aJob('a'), headers),
    await master.inject({ url: '/job/list', headers }),
  ].map(({ statusCode }) => statusCode);
  expect(statuses).toStrictEqual(expected);
});

test('every route of the API and of the classic forms asks who is there', async () => {
  await using master = await startMaster({ token: '' });
  const { paths } = (await master.inject({ url: '/api/openapi.json' })).json<{
    paths: Record<string, Record<string, object>>;
  }>();
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method, path] as const),
  );
  const guarded = [
    ...routes.filter(([, path]) => path.startsWith('/api/') && !path.endsWith('/login')),
    ...(['post /job/save', 'post /job/delete', 'post /job/kill', 'get /job/list', 'get /job/log', 'get /worker/list'].map(
      (each) => each.split(' '),
    ) as [string, string][]),
  ];
  expect(guarded.length).toBeGreaterThan(20);
  for (const [method, path] of guarded) {
    const answer = await master.inject({ method: method.toUpperCase(), url: path.replace(/\{\w+\}/g, 'x') });
    expect([method, path, answer.statusCode]).toStrictEqual([method, path, 401]);
  }
});

test('a page elsewhere cannot change anything with the cookie', async () => {
  await using master = await startMaster({ token: '' });
  const cookie = cookieOf(await master.api('POST', '/login', { token: TOKEN }));
  const save = (headers: Record<string, string>) =>
    master.api('PUT', '/jobs/a', aJob('a'), { cookie, host: 'cron.example:8070', ...headers });
  const elsewhere = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://cron.example:8071' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://cron.example:8070' },
  ];
  for (const headers of elsewhere)
    expect((await save(headers as never)).json()).toMatchObject({ status: 403, code: 'otherOrigin' });
  expect((await save({ origin: 'http://cron.example:8070', 'sec-fetch-site': 'same-origin' })).statusCode).toBe(201);
  expect((await save({ authorization: `Bearer ${TOKEN}`, origin: 'https://evil.example' })).statusCode).toBe(200);
});

test('without authentication everybody is admin, but only by a name of this machine and from its own pages', async () => {
  await using master = await startMaster({ config: { noAuth: true }, token: '' });
  expect((await master.api('GET', '/me', undefined, { host: '127.0.0.1:8070' })).json()).toMatchObject({
    role: 'admin',
    noAuth: true,
  });
  for (const url of ['/api/v1/jobs', '/', '/docs/', '/job/list'])
    expect((await master.inject({ url, headers: { host: 'rebound.example:8070' } })).statusCode).toBe(403);
  const elsewhere = { host: 'localhost:8070', origin: 'http://evil.example' };
  expect((await master.api('PUT', '/jobs/a', aJob('a'), elsewhere)).json()).toMatchObject({ code: 'otherOrigin' });
  const form = {
    method: 'POST',
    url: '/job/save',
    payload: 'job={}',
    headers: { ...elsewhere, 'content-type': 'application/x-www-form-urlencoded' },
  } as const;
  expect((await master.inject(form)).statusCode).toBe(403);
});

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['cron.localhost', true],
  ['localhost.example', false],
  ['127.0.0.1.example', false],
  ['10.0.0.1', false],
  ['', false],
])('%s is a name of this machine: %s', (name, is) => {
  expect(isLoopbackName(name)).toBe(is);
});

test('no page at all is no page elsewhere', () => {
  expect(isSameOrigin({ host: 'a' })).toBe(true);
  expect(isSameOrigin({ host: 'a', origin: 'not a url' })).toBe(false);
  expect(isSameOrigin({ host: 'inner:1', 'x-forwarded-host': 'a.example', origin: 'https://a.example' })).toBe(true);
});

test('what is logged carries no sign-in code and no token', async () => {
  const lines: string[] = [];
  await using stores = openStores();
  const { app, signInPath } = await createMaster({
    coordination: stores.coordination,
    runLog: createMemoryRunLog(),
    keys,
    clock: systemClock,
    log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    config: { version: '1', host: 'test', noAuth: false, adminToken: TOKEN },
  });
  const url = signInPath();
  await app.inject({ url });
  await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${TOKEN}` } });
  await app.close();
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.includes(url.split('=')[1]!) || line.includes(TOKEN))).toStrictEqual([]);
});
