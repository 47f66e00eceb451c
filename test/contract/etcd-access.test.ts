// Users, passwords and certificates of etcd.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { createEtcdCoordination, type EtcdOptions } from '../../src/stores/etcd/coordination.ts';
import { Unavailable, type Coordination } from '../../src/streams/ports.ts';
import { persistently, putOf, read, watching, write } from '../support/coordination.ts';
import { cronUser as cron, withUsers } from '../support/etcd-users.ts';
import { follow } from '../support/follow.ts';
import { freePort, startEtcd, until } from '../support/servers.ts';

type Store = Coordination & { readonly [Symbol.asyncDispose]: () => Promise<void> };
const connect = (url: string, options: Partial<EtcdOptions> = {}): Store => {
  const store = createEtcdCoordination({ hosts: [url], deadlineMs: 20_000, ...options });
  return { ...store, [Symbol.asyncDispose]: store.close };
};
const range = (count: number): readonly number[] => [...Array(count).keys()];
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe.each(inject('etcdBinaries'))('Access to an own $name', ({ binary }) => {
  test('with users: the right password works, and goes on working after a restart that forgets all tokens', async () => {
    await using etcd = await startEtcd({ binary });
    await withUsers(etcd);
    await using store = connect(etcd.url, { auth: cron });
    const lease = await store.grantLease(60_000);
    await write(store, putOf('/cron/a', '1', lease));
    using watch = watching(store, '/cron/', 1);
    await watch.seen(1);
    await etcd.kill9();
    await etcd.restart();
    expect(await watch.failed()).toBeInstanceOf(Unavailable);
    // The first call that gets there is refused its token, asks for another, and goes through. Until then there may be no connection.
    const errors: string[] = [];
    const list = (): ReturnType<Store['list']> =>
      store.list('/cron/').catch((error: unknown) => {
        errors.push(String(error));
        throw error;
      });
    expect((await persistently(list)).entries).toHaveLength(1);
    expect(errors.join()).not.toContain('token');
    using again = watching(store, '/cron/', 1);
    await again.seen(1);
    expect(await store.renewLease(lease)).toBe(true);
  });

  test('with users: a token that has run out is replaced: calls go through, and a feed ends at what etcd holds', async () => {
    await using etcd = await startEtcd({ binary, flags: ['--auth-token-ttl', '1'] });
    await withUsers(etcd);
    await using store = connect(etcd.url, { auth: cron, silenceMs: 3_000 });
    using following = follow(store, '/cron/');
    const lease = await store.grantLease(60_000);
    const errors: string[] = [];
    // A simple token lives for its TTL from its last use: each pause is longer than that.
    for (const n of range(2)) {
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      const written = await failure(write(store, putOf(`/cron/${String(n)}`, String(n), lease)));
      if (written instanceof Error) errors.push(String(written));
      expect(await store.renewLease(lease)).toBe(true);
    }
    expect(errors).toStrictEqual([]);
    const { entries } = await store.list('/cron/');
    await until(
      () => following.state.size === entries.length,
      () => JSON.stringify([...following.state, following.breaks]),
    );
    expect(entries.map(({ key }) => key)).toStrictEqual([...following.state.keys()].toSorted());
  });

  test('with users: a wrong password, none, and a key that is not permitted are told plainly', async () => {
    await using etcd = await startEtcd({ binary });
    await withUsers(etcd);
    await using wrong = connect(etcd.url, { auth: { ...cron, password: 'wrong' } });
    await using nobody = connect(etcd.url);
    await using store = connect(etcd.url, { auth: cron });
    await until(
      async () => String(await failure(store.list('/cron/'))) === 'no failure',
      () => 'users are not on',
    );
    const told = async (promise: Promise<unknown>): Promise<string> => {
      const error = await failure(promise);
      expect(error).toBeInstanceOf(Unavailable);
      return (error as Error).message;
    };
    const at = `etcd at ${etcd.url}`;
    expect(await told(wrong.list('/cron/'))).toBe(`${at} refuses user "cron": unknown user or wrong password (list /cron/).`);
    expect(await told(nobody.list('/cron/'))).toBe(`${at} wants a user and a password (list /cron/).`);
    expect(await told(store.list('/other/'))).toBe(`${at} does not permit this to user "cron" (list /other/).`);
    expect(await told(write(store, putOf('/other/a', '1')))).toBe(`${at} does not permit this to user "cron" (transaction).`);
    using watch = watching(store, '/other/', 1);
    expect(String(await watch.failed())).toContain('does not permit this to user "cron" (watch /other/)');
    expect(await read(store, '/cron/a')).toBeUndefined();
  });

  test('a user where etcd has none is told plainly', async () => {
    await using etcd = await startEtcd({ binary });
    await using store = connect(etcd.url, { auth: cron });
    expect(String(await failure(store.list('/cron/')))).toContain('has no users, but one is configured');
  });

  test('with TLS: the right CA works, a stranger is told', async () => {
    const port = await freePort();
    const urls = (plain: number): string => `http://127.0.0.1:${plain},https://127.0.0.1:${port}`;
    const plain = await freePort();
    const flags = ['--auto-tls', '--listen-client-urls', urls(plain), '--advertise-client-urls', urls(plain)];
    await using etcd = await startEtcd({ binary, port: plain, flags });
    const ca = readFileSync(join(etcd.dataDir, 'fixtures/client/cert.pem'), 'utf8');
    await using store = connect(`https://127.0.0.1:${port}`, { tls: { ca } });
    await write(store, putOf('/cron/a', '1'));
    using watch = watching(store, '/cron/', 1);
    await watch.seen(1);
    await using stranger = connect(`https://127.0.0.1:${port}`);
    const error = await failure(stranger.list('/cron/'));
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toMatch(/certificate/);
  });
});

test.each([
  [{ hosts: [] }, 'no address is given'],
  [{ hosts: ['127.0.0.1:2379'] }, '"127.0.0.1:2379" is not like http://host:2379'],
  [{ hosts: ['http://a:1', 'https://b:1'] }, 'http and https addresses are mixed'],
  [{ hosts: ['http://a:1'], tls: { ca: 'x' } }, 'certificates are given, but the addresses are not https'],
  [{ hosts: ['https://a:1'], tls: { cert: 'x' } }, 'certificate and key belong together'],
] as const)('a configuration that cannot work is refused at once: %j', (options, problem) => {
  expect(() => createEtcdCoordination(options)).toThrow(`Wrong etcd configuration: ${problem}.`);
});
