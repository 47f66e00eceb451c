import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventId } from '../../src/domain/events.ts';
import { createKeys, type Keys } from '../../src/domain/keys.ts';
import type { LiveMessage } from '../../src/domain/wire.ts';
import { createMaster, type MasterStatus } from '../../src/master/app.ts';
import { openStores, type Stores, type StoresConfig } from '../../src/stores/open.ts';
import { systemClock } from '../../src/streams/clock.ts';
import { onEveryEtcd, onEveryMongo } from '../support/needs.ts';
import { uniqueName, until as untilTrue } from '../support/process.ts';
import { aJob, anEndedRun, aRun, AT } from '../unit/master/support.ts';

const until = (isTrue: () => boolean): Promise<void> => untilTrue(isTrue, () => String(isTrue));
const log = pino({ level: 'silent' });
const TOKEN = 'a-token-of-the-tests';

/** A master of its own stores, as its own process would be, listening. */
const startMaster = async (stores: Stores, keys: Keys) => {
  const config = { version: '1', host: 'test', noAuth: false, adminToken: TOKEN };
  const { app, life$ } = await createMaster({ ...stores, keys, clock: systemClock, log, config });
  const status$ = new ReplaySubject<MasterStatus>(1);
  const life = life$.subscribe(status$);
  await firstValueFrom(status$.pipe(filter(({ inSync, isPresent }) => inSync && isPresent)));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const stop = async (): Promise<void> => {
    life.unsubscribe();
    await app.close();
  };
  return { url, stop, [Symbol.asyncDispose]: stop };
};

const openSocket = async (url: string, cookie: string) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers: { cookie, origin: url } });
  const got: LiveMessage[] = [];
  socket.on('message', (text: Buffer) => got.push(JSON.parse(text.toString()) as LiveMessage));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    closed: new Promise((resolve) => socket.once('close', resolve)),
    subscribe: async (topic: string, since?: unknown) => {
      socket.send(JSON.stringify({ op: 'subscribe', topic, ...(since !== undefined && { since }) }));
      await until(() => got.some((each) => each.topic === topic && each.type !== 'event'));
    },
    told: (topic: string) => got.filter((each) => each.topic === topic),
    events: (topic: string) =>
      got.flatMap((each) => (each.topic === topic && each.type === 'event' ? [each.event as Record<string, unknown>] : [])),
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
    },
  };
};

const promises = (
  open: () => {
    readonly config: () => StoresConfig;
    readonly prefix: string;
    readonly isShared: boolean;
    readonly clean: () => void;
  },
): void => {
  test('a page on one master sees what happens at the other, and goes on at the other when its own is gone', async () => {
    const { config, prefix, isShared, clean } = open();
    const keys = createKeys(prefix);
    const [one, two] = [openStores(config(), log), isShared ? openStores(config(), log) : undefined];
    try {
      await using first = await startMaster(one, keys);
      await using second = await startMaster(two ?? one, keys);
      const login = await fetch(`${first.url}/api/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: first.url },
        body: JSON.stringify({ token: TOKEN }),
      });
      expect(login.status).toBe(200);
      const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0]!;
      const ask = async (url: string, method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
        const answer = await fetch(`${url}/api/v1${path}`, {
          method,
          headers: { cookie, origin: url, ...(body && { 'content-type': 'application/json' }) },
          ...(body && { body: JSON.stringify(body) }),
        });
        return { status: answer.status, ...((await answer.json().catch(() => ({}))) as object) };
      };

      await using page = await openSocket(first.url, cookie);
      await page.subscribe('jobs');
      await page.subscribe('runs');
      await page.subscribe('run/r1');
      // Saved at the other master, run by a worker that knows neither.
      expect(await ask(second.url, 'PUT', '/jobs/a', aJob('a'))).toMatchObject({ status: 201 });
      await until(() => page.events('jobs').some(({ type }) => type === 'jobChanged'));
      const put = (more: object) =>
        one.coordination.transact({
          then: [{ type: 'put', key: keys.run('a', 'r1'), value: JSON.stringify(aRun('a', 'r1', more)) }],
        });
      await put({});
      await until(() => page.events('runs').some(({ type }) => type === 'claimed'));
      const run = anEndedRun('a', 'r1', ['one\n', 'two\n']);
      await one.runLog.append(run.slice(0, 3));
      await until(() => page.events('run/r1').length === 3);

      const { asOf } = await ask(first.url, 'GET', '/runs');
      await first.stop();
      await page.closed;
      await one.runLog.append(run.slice(3));
      await put({ state: 'ended', outcome: 'succeeded', endedAt: AT });

      await using again = await openSocket(second.url, cookie); // signed in as before
      await again.subscribe('run/r1', { attempt: 1, seq: 2 });
      await again.subscribe('runs', asOf);
      await until(() => again.events('run/r1').length === run.length - 3);
      expect([...page.events('run/r1'), ...again.events('run/r1')].map(({ id }) => id)).toStrictEqual(run.map(eventId));
      // Either all since the list, or the word that it must be read again: never a silent gap.
      await until(
        () =>
          again.told('runs').some(({ type }) => type === 'resync') ||
          again.events('runs').some(({ type }) => type === 'finished'),
      );
      expect(await ask(second.url, 'GET', '/runs/r1')).toMatchObject({ status: 200, state: 'finished', outcome: 'succeeded' });
      const output = await fetch(`${second.url}/api/v1/runs/r1/output`, { headers: { cookie } });
      expect(await output.text()).toBe('one\ntwo\n');
      expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
    } finally {
      await one.close();
      await two?.close();
      clean();
    }
  });
};

describe('on the embedded pair', () => {
  promises(() => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cronstream-live-'));
    return {
      config: () => ({ type: 'embedded', dataDir }),
      prefix: '/cron',
      isShared: false,
      clean: () => rmSync(dataDir, { recursive: true, force: true }),
    };
  });
});

onEveryEtcd('on a cluster', (etcd) => {
  onEveryMongo('with', (mongo) => {
    promises(() => {
      const [prefix, database] = [`/${uniqueName('live')}`, uniqueName('live')];
      return {
        config: () => ({ type: 'cluster', etcd: { hosts: [etcd.url], log }, mongo: { url: mongo.url, database } }),
        prefix,
        isShared: true,
        clean: () => undefined,
      };
    });
  });
});
