// Three members of etcd: losing one costs a failed call, not the service; and a member without the others is noticed.
import { describe, expect, inject, test } from 'vitest';
import { createEtcdCoordination } from '../../src/stores/etcd/coordination.ts';
import { Unavailable } from '../../src/streams/ports.ts';
import { deleteOf, persistently, putOf, read, watching, write } from '../support/coordination.ts';
import { follow } from '../support/follow.ts';
import { freePort, startEtcd, until, type EtcdServer } from '../support/servers.ts';

async function startThree(binary: string): Promise<readonly EtcdServer[]> {
  const names = ['a', 'b', 'c'];
  const peers = await Promise.all(names.map(async () => `http://127.0.0.1:${await freePort()}`));
  const cluster = names.map((name, n) => `${name}=${peers[n]}`).join(',');
  const start = (name: string, n: number): Promise<EtcdServer> => {
    const peer = ['--listen-peer-urls', peers[n]!, '--initial-advertise-peer-urls', peers[n]!];
    // Long election times: a loaded machine must not look like a lost leader.
    const times = ['--heartbeat-interval', '200', '--election-timeout', '2000'];
    return startEtcd({ binary, flags: ['--name', name, '--initial-cluster', cluster, ...peer, ...times] });
  };
  return Promise.all(names.map(start));
}

// One version is enough: this is about our side.
describe.each(inject('etcdBinaries').slice(0, 1))('three members of $name', ({ binary }) => {
  test('any one of them may go: calls and feeds go on with the others', async () => {
    await using members = disposing(await startThree(binary));
    const store = createEtcdCoordination({ hosts: members.all.map(({ url }) => url), deadlineMs: 5_000, silenceMs: 5_000 });
    using following = follow(store, '/cron/');
    for (const [n, member] of members.all.entries()) {
      await member.kill9();
      await persistently(() => write(store, putOf('/cron/a', String(n))));
      await until(
        () => following.state.get('/cron/a')?.startsWith(`${n}@`) === true,
        () => JSON.stringify([...following.state, following.breaks]),
      );
      await member.restart();
    }
    expect(await persistently(() => read(store, '/cron/a'))).toMatchObject({ value: '2' });
    await store.close();
  });

  test('a member that is alone ends the watches on it, though it answers their heartbeats', async () => {
    await using members = disposing(await startThree(binary));
    const [alone, ...others] = members.all;
    // The silence is longer than the test may last: what ends the watch is the lost leader.
    const store = createEtcdCoordination({ hosts: [alone!.url], silenceMs: 300_000 });
    await persistently(() => write(store, putOf('/cron/a', '1')));
    using watch = watching(store, '/cron/', 1);
    await watch.seen(1);
    others.forEach((member) => member.freeze());
    const error = await watch.failed();
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toContain('no leader');
    others.forEach((member) => member.thaw());
    expect(await persistently(() => read(store, '/cron/a'))).toMatchObject({ value: '1' });
    await store.close();
  });

  test('P6: a member that hangs, and a member without the others: the feed says so, moves on, and ends at what the cluster holds', async () => {
    await using members = disposing(await startThree(binary));
    const hosts = members.all.map(({ url }) => url);
    const store = createEtcdCoordination({ hosts, deadlineMs: 3_000, silenceMs: 3_000 });
    using following = follow(store, '/cron/');
    const isExact = async (): Promise<boolean> => {
      const { entries } = await persistently(() => store.list('/cron/'));
      return (
        following.state.size === entries.length &&
        entries.every(({ key, value, revision }) => following.state.get(key) === `${value}@${String(revision)}`)
      );
    };
    const why = (): string => JSON.stringify([...following.state, following.breaks]);
    for (const [n, member] of members.all.entries()) {
      // One after the other hangs: whichever the feed is on is among them.
      member.freeze();
      await persistently(() => write(store, putOf(`/cron/${String(n)}`, 'x'), deleteOf(`/cron/${String(n - 1)}`)));
      await until(isExact, why);
      member.thaw();
    }
    const breaks = following.breaks.length;
    expect(breaks).toBeGreaterThan(0);
    const [, ...others] = members.all;
    others.forEach((member) => member.freeze());
    await until(() => following.breaks.length > breaks, why);
    others.forEach((member) => member.thaw());
    await persistently(() => write(store, putOf('/cron/end', 'x')));
    await until(isExact, why);
    await store.close();
  });
});

type Members = { readonly all: readonly EtcdServer[]; readonly [Symbol.asyncDispose]: () => Promise<void> };
const disposing = (all: readonly EtcdServer[]): Members => ({
  all,
  [Symbol.asyncDispose]: async () => {
    await Promise.all(all.map((member) => member.stop()));
  },
});
