import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { eventId } from '../../../src/domain/events.ts';
import type { LiveMessage } from '../../../src/domain/wire.ts';
import {
  aJob,
  anEndedRun,
  aQueued,
  aRun,
  aWorker,
  AT,
  createMemoryRunLog,
  keys,
  startMaster,
  TOKEN,
  until,
  type TestMaster,
} from './support.ts';

type Client = {
  readonly socket: WebSocket;
  readonly got: LiveMessage[];
  readonly send: (message: unknown) => void;
  readonly events: (topic: string) => Record<string, unknown>[];
};

const connect = async (
  { app }: TestMaster,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
): Promise<Client> => {
  const socket = (await app.injectWS('/api/v1/live', { headers })) as unknown as WebSocket;
  const got: LiveMessage[] = [];
  socket.on('message', (text: Buffer) => got.push(JSON.parse(text.toString()) as LiveMessage));
  return {
    socket,
    got,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    events: (topic) =>
      got.flatMap((each) => (each.topic === topic && each.type === 'event' ? [each.event as Record<string, unknown>] : [])),
  };
};

const subscribe = async (client: Client, topic: string, since?: unknown): Promise<LiveMessage> => {
  const before = client.got.length;
  client.send({ op: 'subscribe', topic, ...(since !== undefined && { since }) });
  await until(
    () => client.got.slice(before).filter((each) => each.topic === topic && each.type !== 'event'),
    (answers) => answers.length > 0,
  );
  return client.got.slice(before).find((each) => each.topic === topic && each.type !== 'event')!;
};

test('run keys that appear, are asked to end and end are told as run events, with the view', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const client = await connect(master);
  expect(await subscribe(client, 'runs')).toMatchObject({ type: 'subscribed', asOf: expect.stringMatching(/^\d+$/) as string });
  await subscribe(client, 'job/a');
  await subscribe(client, 'job/b');
  await master.put(keys.queued('a', 'r1'), aQueued('a', 'r1'));
  await master.coordination.transact({
    then: [
      { type: 'delete', key: keys.queued('a', 'r1') },
      { type: 'put', key: keys.run('a', 'r1'), value: JSON.stringify(aRun('a', 'r1')) },
    ],
  });
  await until(
    () => client.events('runs'),
    (events) => events.length >= 2,
  );
  await master.api('POST', '/runs/r1/kill');
  await until(
    () => client.events('runs'),
    (events) => events.length >= 3,
  );
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1', { state: 'ended', outcome: 'killed', reason: 'person', endedAt: AT }));
  const events = await until(
    () => client.events('runs'),
    (found) => found.length >= 4,
  );
  expect(events).toMatchObject([
    { type: 'queued', runId: 'r1', job: 'a', attempt: 1, at: AT, run: { state: 'queued' } },
    { type: 'claimed', runId: 'r1', at: AT, run: { state: 'running', worker: 'w1' } },
    { type: 'killAsked', runId: 'r1', by: 'admin', run: { killAskedAt: expect.any(String) as string } },
    { type: 'finished', runId: 'r1', run: { state: 'finished', outcome: 'killed' } },
  ]);
  expect(client.events('job/a')).toStrictEqual(events);
  expect(client.events('job/b')).toStrictEqual([]);
});

test('a dropped queued run is told with its outcome', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const client = await connect(master);
  await subscribe(client, 'runs');
  const { runId } = (await master.api('POST', '/jobs/a/run')).json<{ runId: string }>();
  await master.api('POST', `/runs/${runId}/kill`);
  const events = await until(
    () => client.events('runs'),
    (found) => found.some(({ type }) => type === 'dropped'),
  );
  expect(events.find(({ type }) => type === 'dropped')).toMatchObject({
    runId,
    run: { state: 'finished', outcome: 'killed', reason: 'person' },
  });
});

test('changed jobs are told as views, and the newest wins', async () => {
  await using master = await startMaster();
  const client = await connect(master);
  await subscribe(client, 'jobs');
  for (let n = 0; n < 50; n += 1) await master.api('PUT', '/jobs/a', aJob('a', { description: `version ${n}` }));
  const events = await until(
    () => client.events('jobs'),
    (found) => JSON.stringify(found.at(-1) ?? null).includes('version 49'),
  );
  expect(events.every(({ type }) => type === 'jobChanged')).toBe(true);
  await master.api('DELETE', '/jobs/a');
  await until(
    () => client.events('jobs'),
    (found) => found.at(-1)?.['type'] === 'jobRemoved',
  );
  expect(client.events('jobs').at(-1)).toStrictEqual({ type: 'jobRemoved', name: 'a' });
});

test('workers that join, drain and leave are told', async () => {
  await using master = await startMaster();
  const client = await connect(master);
  await subscribe(client, 'workers');
  await subscribe(client, 'alerts');
  await master.put(keys.worker('w1'), aWorker('w1', 'one'));
  await until(
    () => client.events('workers'),
    (found) => found.length >= 1,
  );
  await master.api('POST', '/workers/w1/drain');
  await until(
    () => client.events('workers'),
    (found) => found.length >= 2,
  );
  await master.coordination.transact({ then: [{ type: 'delete', key: keys.worker('w1') }] });
  expect(
    await until(
      () => client.events('workers'),
      (found) => found.length >= 3,
    ),
  ).toMatchObject([
    { type: 'workerJoined', worker: { id: 'w1', name: 'one', draining: false } },
    { type: 'workerChanged', worker: { draining: true } },
    { type: 'workerLeft', id: 'w1' },
  ]);
  client.send({ op: 'unsubscribe', topic: 'workers' });
  await subscribe(client, 'runs'); // in order behind it
  await master.put(keys.worker('w2'), aWorker('w2'));
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1'));
  await until(
    () => client.events('runs'),
    (found) => found.length === 1,
  );
  expect(client.events('workers')).toHaveLength(3);
});

test('who comes back with the position of a list is told what it has missed; an unknown position is a resync', async () => {
  await using master = await startMaster();
  await using other = await startMaster({ coordination: master.coordination });
  await master.api('PUT', '/jobs/z', aJob('z')); // both have seen something since they started
  await until(
    () => other.api('GET', '/jobs/z'),
    ({ statusCode }) => statusCode === 200,
  );
  const { asOf } = (await master.api('GET', '/runs')).json<{ asOf: string }>();
  for (const n of [1, 2, 3]) await master.put(keys.run('a', `r${n}`), aRun('a', `r${n}`));
  await master.api('PUT', '/jobs/a', aJob('a'));
  for (const each of [master, other]) {
    const client = await connect(each);
    await until(
      () => each.api('GET', '/jobs/a'),
      ({ statusCode }) => statusCode === 200,
    );
    expect(await subscribe(client, 'runs', asOf)).toMatchObject({ type: 'subscribed' });
    const events = await until(
      () => client.events('runs'),
      (found) => found.length >= 3,
    );
    expect(events.map(({ runId }) => runId)).toStrictEqual(['r1', 'r2', 'r3']);
    await subscribe(client, 'jobs', asOf);
    await until(
      () => client.events('jobs'),
      (found) => found.some(({ type }) => type === 'jobChanged'),
    );
    for (const since of ['0', '999999999', 'yesterday', ''])
      expect(await subscribe(client, 'runs', since)).toStrictEqual({ topic: 'runs', type: 'resync' });
  }
});

test('a run is followed from its first event or from a place, output and all, without a gap or a double', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const run = anEndedRun(
    'a',
    'r1',
    Array.from({ length: 40 }, (_, n) => `line ${n}\n`),
  );
  runLog.add(...run.slice(0, 20));
  const [client, late] = [await connect(master), await connect(master)];
  await subscribe(client, 'run/r1');
  await until(
    () => client.events('run/r1'),
    (found) => found.length === 20,
  );
  await subscribe(late, 'run/r1', { attempt: 1, seq: 9 });
  for (let n = 20; n < run.length; n += 5) runLog.add(...run.slice(n, n + 5));
  const all = await until(
    () => client.events('run/r1'),
    (found) => found.length >= run.length,
  );
  expect(all.map(({ id }) => id)).toStrictEqual(run.map(eventId));
  expect(all.map(({ type }) => type).slice(0, 3)).toStrictEqual(['claimed', 'started', 'output']);
  expect(Buffer.from(String(all[2]!['data']), 'base64').toString()).toBe('line 0\n');
  const rest = await until(
    () => late.events('run/r1'),
    (found) => found.length >= run.length - 10,
  );
  expect(rest.map(({ id }) => id)).toStrictEqual(run.slice(10).map(eventId));
});

test('what is no request is refused and says why', async () => {
  await using master = await startMaster();
  const client = await connect(master);
  const cases: readonly (readonly [unknown, string])[] = [
    ['not json', 'notJson'],
    ['[]', 'invalid'],
    [{ op: 'shout', topic: 'jobs' }, 'invalid'],
    [{ op: 'subscribe', topic: 5 }, 'invalid'],
    [{ op: 'subscribe', topic: 'jobs', colour: 'red' }, 'invalid'],
    [{ op: 'subscribe', topic: 'nothing' }, 'noSuchTopic'],
    [{ op: 'subscribe', topic: 'job/' }, 'noSuchTopic'],
    [{ op: 'subscribe', topic: `job/${'x'.repeat(1_000)}` }, 'noSuchTopic'],
    [{ op: 'subscribe', topic: 'jobs', since: { attempt: 1, seq: 0 } }, 'invalid'],
    [{ op: 'subscribe', topic: 'run/r1', since: '17' }, 'invalid'],
    ['x'.repeat(100_000), 'tooBig'],
    [`{"a":${'['.repeat(8_000)}${']'.repeat(8_000)}}`, 'invalid'],
  ];
  for (const [message] of cases) client.send(message);
  const got = await until(
    () => client.got,
    (found) => found.length >= cases.length,
  );
  expect(got.map((each) => (each.type === 'refused' ? each.code : each.type))).toStrictEqual(cases.map(([, code]) => code));
  expect(got.every((each) => each.type === 'refused' && each.detail.length > 10)).toBe(true);
  expect(await subscribe(client, 'jobs')).toMatchObject({ type: 'subscribed' });
});

test('ten thousand subscriptions and a hundred followed runs are refused beyond a bound', async () => {
  await using master = await startMaster();
  const client = await connect(master);
  for (let n = 0; n < 10_000; n += 1) client.send({ op: 'subscribe', topic: `job/${n}` });
  for (let n = 0; n < 100; n += 1) client.send({ op: 'unsubscribe', topic: `job/${n}` });
  for (let n = 0; n < 100; n += 1) client.send({ op: 'subscribe', topic: `run/${n}` });
  const got = await until(
    () => client.got,
    (found) => found.length >= 10_100,
  );
  const count = (type: string, code?: string) =>
    got.filter((each) => each.type === type && (code === undefined || ('code' in each && each.code === code))).length;
  expect([count('subscribed'), count('refused', 'tooManyTopics'), count('refused', 'tooManyRuns')]).toStrictEqual([
    1_010, 9_000, 90,
  ]);
});

test('a client that does not read costs a bounded buffer, and is told to look again when it does', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const client = await connect(master);
  await subscribe(client, 'runs');
  const server = [...(master.app as unknown as { websocketServer: { clients: Set<WebSocket> } }).websocketServer.clients][0]!;
  client.socket.pause();
  const long = 'x'.repeat(20_000);
  let most = 0;
  for (let n = 0; n < 400; n += 1) {
    await master.put(keys.run('a', `r${n}`), aRun('a', `r${n}`, { command: long }));
    most = Math.max(most, server.bufferedAmount);
  }
  expect(most).toBeGreaterThan(500_000);
  expect(most).toBeLessThan(2_000_000);
  client.socket.resume();
  await until(
    () => client.got,
    (found) => found.at(-1)?.type === 'resync',
  );
  expect(client.got.at(-1)).toStrictEqual({ topic: 'runs', type: 'resync' });
  expect(await subscribe(client, 'runs')).toMatchObject({ type: 'subscribed' });
});

test('nobody opens a socket who is not signed in, or from a page elsewhere', async () => {
  await using master = await startMaster({ token: '' });
  const login = await master.api('POST', '/login', { token: TOKEN });
  const cookie = String(login.headers['set-cookie']).split(';')[0]!;
  const refusedBy = (headers: Record<string, string>) =>
    connect(master, headers).then(
      () => 'open',
      (error: unknown) => /\d{3}/.exec(String(error))?.[0],
    );
  expect(await refusedBy({})).toBe('401');
  expect(await refusedBy({ authorization: 'Bearer wrong' })).toBe('401');
  expect(await refusedBy({ cookie, host: 'cron.example', origin: 'https://evil.example' })).toBe('403');
  expect(await refusedBy({ cookie, host: 'cron.example', origin: 'https://cron.example' })).toBe('open');
  expect((await master.api('GET', '/live', undefined, { cookie })).statusCode).toBe(404);
});

test('the socket of an ended session is closed within a while', async () => {
  await using master = await startMaster({ token: '' });
  const login = await master.api('POST', '/login', { token: TOKEN });
  const cookie = String(login.headers['set-cookie']).split(';')[0]!;
  const { socket } = await connect(master, { cookie });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await master.api('POST', '/logout', undefined, { cookie });
  expect(await closed).toBe(4401);
});
