// What only a store on the other side of a network can do to its clients.
import { defer, retry, tap } from 'rxjs';
import { describe, expect, inject, test } from 'vitest';
import { createEtcdCoordination, type EtcdOptions } from '../../src/stores/etcd/coordination.ts';
import { Compacted, Unavailable, type Change, type Coordination } from '../../src/streams/ports.ts';
import { deleteOf, persistently, putOf, read, textOf, watching, write } from '../support/coordination.ts';
import { follow } from '../support/follow.ts';
import { startProxy } from '../support/proxy.ts';
import { freePort, startEtcd, until } from '../support/servers.ts';

type Store = Coordination & { readonly [Symbol.asyncDispose]: () => Promise<void> };
const connect = (url: string | readonly string[], options: Partial<EtcdOptions> = {}): Store => {
  const store = createEtcdCoordination({ hosts: [url].flat(), deadlineMs: 20_000, ...options });
  return { ...store, [Symbol.asyncDispose]: store.close };
};
const range = (count: number): readonly number[] => [...Array(count).keys()];
const NONE = 'no failure';
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => NONE,
    (error: unknown) => error,
  );

type Resuming = { readonly seen: readonly Change[]; readonly breaks: () => number; readonly [Symbol.dispose]: () => void };

/** Watches from the beginning, and after each break from the revision after the last that it saw, without listing. */
function resuming(store: Coordination, prefix: string, onChanges: () => void = () => undefined): Resuming {
  const seen: Change[] = [];
  let [next, breaks] = [1, 0];
  const subscription = defer(() => store.watch(prefix, next))
    .pipe(
      tap({ error: () => breaks++ }),
      retry({ delay: 50 }),
      tap(({ changes, revision }) => {
        seen.push(...changes);
        next = revision + 1;
        if (changes.length > 0) onChanges();
      }),
    )
    .subscribe({ error: (error: unknown) => seen.push(error as never) });
  return { seen, breaks: () => breaks, [Symbol.dispose]: () => subscription.unsubscribe() };
}

describe.each(inject('etcdBinaries'))('Coordination on an own $name', ({ binary }) => {
  test('a watch that goes on after its last revision has no gap and no duplicate over kill -9 in the middle of writing', async () => {
    await using etcd = await startEtcd({ binary });
    await using store = connect(etcd.url, { deadlineMs: 5_000 });
    using looking = resuming(store, '/cron/');
    let written = 0;
    const writer = async (who: number): Promise<void> => {
      for (const n of range(150)) {
        const key = `/cron/${who}/${n}`;
        // Asked again after a lost answer, these change nothing if they were done.
        await persistently(() => store.transact({ if: [{ type: 'absent', key }], then: [putOf(key, 'x'.repeat(500))] }));
        if (n % 3 === 0) await persistently(() => write(store, deleteOf(key)));
        written += 1;
      }
    };
    const writing = Promise.all(range(4).map(writer));
    for (const enough of [150, 300, 450]) {
      await until(
        () => written >= enough,
        () => `${written} written`,
      );
      await etcd.kill9();
      await etcd.restart();
    }
    await writing;
    await persistently(() => write(store, putOf('/cron/end', '')));
    using whole = watching(store, '/cron/', 1);
    const all = await whole.seen(4 * 200 + 1);
    expect(all.at(-1)).toMatchObject({ type: 'put', entry: { key: '/cron/end' } });
    await until(
      () => looking.seen.length >= all.length,
      () => `${looking.seen.length} of ${all.length}`,
    );
    expect(looking.seen).toEqual(all);
    expect(looking.breaks()).toBeGreaterThanOrEqual(3);
  });

  test('a link that breaks while a watch is catching up loses nothing', async () => {
    await using etcd = await startEtcd({ binary });
    await using proxy = await startProxy(etcd.port);
    await using direct = connect(etcd.url);
    await using store = connect(proxy.url);
    const lane = async (who: number): Promise<void> => {
      for (const n of range(150))
        await write(direct, putOf(`/cron/${who}/${n}`, 'x'.repeat(300)), putOf(`/cron/${who}/now`, String(n)));
    };
    await Promise.all(range(16).map(lane));
    // etcd catches up by a thousand revisions at a time: cut after each part.
    let cuts = 0;
    using looking = resuming(store, '/cron/', () => {
      if (cuts++ < 4) proxy.mend();
    });
    await until(
      () => looking.seen.length >= 16 * 300,
      () => `${looking.seen.length} of ${16 * 300}`,
    );
    using whole = watching(direct, '/cron/', 1);
    expect(looking.seen).toEqual(await whole.seen(16 * 300));
    expect(looking.breaks()).toBeGreaterThan(0);
  });

  test('a feed ends at the same state and tells nothing twice, over kill -9, frozen links and compactions', async () => {
    await using etcd = await startEtcd({ binary });
    await using proxy = await startProxy(etcd.port);
    await using direct = connect(etcd.url);
    await using store = connect(proxy.url, { deadlineMs: 2_000, silenceMs: 3_000 });
    using following = follow(store, '/cron/');
    const churn = async (from: number): Promise<void> => {
      for (const n of range(150)) {
        await persistently(() => write(direct, putOf(`/cron/${(from + n) % 90}`, String(from + n))));
        if (n % 7 === 0) await persistently(() => write(direct, deleteOf(`/cron/${(from + n + 45) % 90}`)));
      }
    };
    await churn(0);
    await etcd.kill9();
    await etcd.restart();
    await churn(1_000);
    proxy.freeze();
    await churn(2_000);
    await etcd.compact();
    proxy.mend();
    await churn(3_000);
    await etcd.compact();
    await churn(4_000);
    const { entries } = await direct.list('/cron/');
    const states = new Map(entries.map(({ key, value, revision }) => [key, `${value}@${revision}`]));
    await until(
      () => following.state.size === states.size && [...states].every(([key, state]) => following.state.get(key) === state),
      () => JSON.stringify({ breaks: following.breaks, has: following.state.size, of: states.size }),
    );
    expect(following.breaks.length).toBeGreaterThan(0);
    for (const key of range(90).map((n) => `/cron/${n}`)) {
      // Each put brings a higher number, so an order that turns back, or a change told twice, would show.
      const values = following.told.flatMap((text) => (text.startsWith(`put ${key}=`) ? [Number(text.split('=')[1])] : []));
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
    }
  });

  test('a revision that was compacted is told as such, and a watch that is in sync goes on', async () => {
    await using etcd = await startEtcd({ binary });
    await using store = connect(etcd.url);
    const first = await write(store, putOf('/cron/a', '1'));
    await write(store, putOf('/cron/a', '2'));
    const last = await write(store, putOf('/cron/a', '3'));
    using inSync = watching(store, '/cron/', last.revision);
    await inSync.seen(1);
    await etcd.compact();
    using old = watching(store, '/cron/', first.revision);
    expect(await old.failed()).toBeInstanceOf(Compacted);
    await write(store, putOf('/cron/a', '4'));
    expect((await inSync.seen(2)).map(textOf)).toEqual(['put /cron/a=3', 'put /cron/a=4']);
  });

  test('P1: a lost answer does not lose a claim: the call is rejected, is not repeated, and looking shows that it was done', async () => {
    await using etcd = await startEtcd({ binary });
    await using proxy = await startProxy(etcd.port);
    await using direct = connect(etcd.url);
    await using store = connect(proxy.url);
    const claim = { if: [{ type: 'absent', key: '/cron/lock/a' }], then: [putOf('/cron/lock/a', 'run 1')], else: [] } as const;
    await store.list('/cron/');
    proxy.dropAnswers();
    const claiming = failure(store.transact(claim));
    await until(
      async () => (await read(direct, '/cron/lock/a')) !== undefined,
      () => 'the claim did not arrive',
    );
    proxy.mend();
    expect(await claiming).toBeInstanceOf(Unavailable);
    const entry = await persistently(() => read(store, '/cron/lock/a'));
    expect(entry).toMatchObject({ value: 'run 1', revision: entry!.created });
  });

  test('a frozen link: calls end at their deadline, a watch when it has been silent too long, and both work again after', async () => {
    await using etcd = await startEtcd({ binary });
    await using proxy = await startProxy(etcd.port);
    await using store = connect(proxy.url, { deadlineMs: 1_000, silenceMs: 2_000 });
    await persistently(() => write(store, putOf('/cron/a', '1')));
    using watch = watching(store, '/cron/', 1);
    await watch.seen(1);
    proxy.freeze();
    const [listed, written, granted, renewed] = await Promise.all([
      failure(store.list('/cron/')),
      failure(write(store, putOf('/cron/a', '2'))),
      failure(store.grantLease(5_000)),
      failure(store.renewLease('7')),
    ]);
    for (const error of [listed, written, granted, renewed, await watch.failed()]) expect(error).toBeInstanceOf(Unavailable);
    expect(String(listed)).toContain(`etcd at ${proxy.url} did not answer within 1000 ms (list /cron/)`);
    proxy.mend();
    expect(await persistently(() => read(store, '/cron/a'))).toMatchObject({ value: '1' });
    using anew = watching(store, '/cron/', 1);
    await anew.seen(1);
  });

  test('a watch of keys that do not change lives on: the heartbeat is answered', async () => {
    await using etcd = await startEtcd({ binary });
    await using store = connect(etcd.url, { silenceMs: 10_000 });
    using watch = watching(store, '/cron/', 1);
    await until(
      () => watch.answers.length >= 3,
      () => `answers: ${JSON.stringify(watch.answers)}, error: ${String(watch.error())}`,
    );
    expect(watch.answers).toEqual(watch.answers.map(() => ({ changes: [], revision: 0 })));
    expect(watch.error()).toBeUndefined();
  });

  test('an etcd that is away is told with its address, and used as soon as it is there', async () => {
    const port = await freePort();
    await using store = connect(`http://127.0.0.1:${port}`);
    const error = await failure(store.list('/cron/'));
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toContain(`etcd at http://127.0.0.1:${port} cannot be reached: connect ECONNREFUSED`);
    using watch = watching(store, '/cron/', 1);
    expect(await watch.failed()).toBeInstanceOf(Unavailable);
    await using _etcd = await startEtcd({ binary, port });
    expect((await persistently(() => store.list('/cron/'))).entries).toEqual([]);
  });

  test.each(['dead', 'frozen'])('a %s member is left at the first failure, and the others answer', async (how) => {
    await using etcd = await startEtcd({ binary });
    await using good = await startProxy(etcd.port);
    await using bad = await startProxy(how === 'dead' ? await freePort() : etcd.port);
    if (how === 'frozen') bad.freeze();
    await using fellow = connect(etcd.url);
    await write(fellow, putOf('/cron/a', '1'));
    // Each client begins with a member at random.
    for (const _client of range(how === 'dead' ? 6 : 3)) {
      await using store = connect([bad.url, good.url], { deadlineMs: 4_000 });
      const first = await failure(read(store, '/cron/a'));
      if (first !== NONE) expect(first).toBeInstanceOf(Unavailable);
      for (const _again of range(5)) expect(await read(store, '/cron/a')).toMatchObject({ value: '1' });
      using watch = watching(store, '/cron/', 1);
      await watch.seen(1);
    }
  });

  test('lists more than the 4 MB that grpc takes by default', async () => {
    await using etcd = await startEtcd({ binary });
    await using store = connect(etcd.url);
    for (const n of range(20)) await write(store, putOf(`/cron/jobs/${n}`, String(n % 10).repeat(300_000)));
    using watch = watching(store, '/cron/', 1);
    expect((await store.list('/cron/jobs/')).entries.map(({ value }) => value.length)).toEqual(range(20).map(() => 300_000));
    await watch.seen(20);
  });
});
