// The port Coordination: what every adapter promises. Faults that only one kind of store can have are in etcd-*.test.ts and embedded-*.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEmbeddedCoordination } from '../../src/stores/embedded/coordination.ts';
import { openEmbedded } from '../../src/stores/embedded/env.ts';
import { createEtcdCoordination } from '../../src/stores/etcd/coordination.ts';
import { LeaseGone, Unavailable, type Compare, type Coordination } from '../../src/streams/ports.ts';
import { deleteOf, getOf, keyOf, putOf, read, revisionOf, textOf, watching, write } from '../support/coordination.ts';
import { onEveryEtcd } from '../support/needs.ts';
import { uniqueName, until } from '../support/servers.ts';

type Opened = { readonly store: Coordination; readonly prefix: string; readonly [Symbol.asyncDispose]: () => Promise<void> };

const range = (count: number): readonly number[] => [...Array(count).keys()];
const wide = (n: number): string => String(n).padStart(5, '0');

function coordinationContract(name: string, open: () => Opened): void {
  describe(name, () => {
    test('lists everything under a prefix at one revision, in the order of the keys, over several pages', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const keys = range(2_345).map((n) => `${prefix}/many/${wide(n)}`);
      for (let at = 0; at < keys.length; at += 100)
        await write(store, ...keys.slice(at, at + 100).map((key) => putOf(key, `value of ${key}`)));
      const listing = store.list(`${prefix}/many/`);
      const later = write(store, putOf(keys[2_300]!, 'later'), deleteOf(keys[2_301]!));
      const { entries, revision } = await listing;
      expect(entries.map(({ key }) => key).filter((key) => key !== keys[2_301])).toEqual(
        keys.filter((key) => key !== keys[2_301]),
      );
      // The write that came in between is in it wholly or not at all.
      const isIn = revision >= (await later).revision;
      expect([entries.find(({ key }) => key === keys[2_300])?.value, entries.length]).toEqual(
        isIn ? ['later', 2_344] : [`value of ${keys[2_300]}`, 2_345],
      );
      expect(entries.every((entry) => entry.revision <= revision && entry.created <= entry.revision)).toBe(true);
    });

    test('lists by bytes: neighbours of the prefix are not in it, keys of any script are', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const inside = ['', '-', 'a', 'ä', '任務', '😀'].map((tail) => `${prefix}/in/${tail}`);
      const outside = [`${prefix}/in`, `${prefix}/in.`, `${prefix}/in0`, `${prefix}/im/z`, `${prefix}/io`];
      await write(store, ...[...inside, ...outside].map((key) => putOf(key, key)));
      expect((await store.list(`${prefix}/in/`)).entries.map(({ key, value }) => [key, value])).toEqual(
        inside.map((key) => [key, key]),
      );
      expect((await store.list(`${prefix}/nothing/`)).entries).toEqual([]);
    });

    test('does the first branch when all compares hold, else the second, and reads in order', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const [a, b] = [`${prefix}/a`, `${prefix}/b`];
      const first = await store.transact({
        if: [{ type: 'absent', key: a }],
        then: [getOf(a), putOf(a, '1'), getOf(a), getOf(b)],
        else: [getOf(b)],
      });
      const entry = { key: a, value: '1', revision: first.revision, created: first.revision };
      expect(first).toEqual({ succeeded: true, revision: first.revision, reads: [undefined, entry, undefined] });
      const second = await store.transact({
        if: [
          { type: 'exists', key: a },
          { type: 'absent', key: a },
        ],
        then: [putOf(b, 'no')],
        else: [putOf(b, 'yes'), getOf(a), deleteOf(a), getOf(a), getOf(b)],
      });
      expect(second.succeeded).toBe(false);
      expect(second.reads).toEqual([
        entry,
        undefined,
        { key: b, value: 'yes', revision: second.revision, created: second.revision },
      ]);
      expect(second.revision).toBeGreaterThan(first.revision);
    });

    test('a failed transaction without a second branch changes nothing', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const done = await store.transact({ if: [{ type: 'exists', key: `${prefix}/a` }], then: [putOf(`${prefix}/a`, '1')] });
      expect(done).toMatchObject({ succeeded: false, reads: [] });
      expect((await store.list(prefix)).entries).toEqual([]);
    });

    test('each kind of compare, on a key that is there and on one that is not', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const [key, absent] = [`${prefix}/there`, `${prefix}/absent`];
      const { revision } = await write(store, putOf(key, '2026-03-01'));
      const holds = async (compare: Compare): Promise<boolean> => (await store.transact({ if: [compare], then: [] })).succeeded;
      const value = (op: '<' | '=' | '>', than: string, of = key): Compare => ({ type: 'value', key: of, op, than });
      const table: readonly (readonly [Compare, boolean])[] = [
        [{ type: 'exists', key }, true],
        [{ type: 'exists', key: absent }, false],
        [{ type: 'absent', key }, false],
        [{ type: 'absent', key: absent }, true],
        [{ type: 'revision', key, is: revision }, true],
        [{ type: 'revision', key, is: revision - 1 }, false],
        [{ type: 'revision', key, is: revision + 1 }, false],
        [{ type: 'revision', key: absent, is: revision }, false],
        [{ type: 'revision', key: absent, is: 0 }, true],
        [value('<', '2026-03-02'), true],
        [value('<', '2026-03-01'), false],
        [value('<', '2026-03-01 {'), true], // a longer text that begins so is greater
        [value('=', '2026-03-01'), true],
        [value('=', '2026-03'), false],
        [value('>', '2026-02-28'), true],
        [value('>', '2026-03-01'), false],
        [value('>', '2026-03'), true],
        [value('<', '\u{10000}'), true], // by bytes
        ...(['<', '=', '>'] as const).map((op) => [value(op, '', absent), false] as const),
        [value('<', 'z', absent), false],
      ];
      for (const [compare, expected] of table) expect([compare, await holds(compare)]).toEqual([compare, expected]);
      await write(store, putOf(absent, '\u{ffff}'));
      expect(await holds(value('<', '\u{10000}', absent))).toBe(true); // UTF-16 would say no
    });

    test('a key keeps the revision of its making until it is deleted; its revision is that of its last write', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const key = `${prefix}/a`;
      const made = await write(store, putOf(key, '1'));
      const again = await write(store, putOf(key, '1'));
      expect(again.revision).toBeGreaterThan(made.revision);
      expect(await read(store, key)).toEqual({ key, value: '1', revision: again.revision, created: made.revision });
      await write(store, deleteOf(key));
      expect(await read(store, key)).toBeUndefined();
      const anew = await write(store, putOf(key, '2'));
      expect(await read(store, key)).toEqual({ key, value: '2', revision: anew.revision, created: anew.revision });
    });

    test('all writes of a transaction have one revision; deleting what is not there, and reading, have none', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const keys = ['a', 'b', 'c'].map((each) => `${prefix}/${each}`);
      using watch = watching(store, prefix, (await store.list(prefix)).revision + 1);
      const { revision } = await write(store, ...keys.map((key) => putOf(key, 'x')), deleteOf(`${prefix}/no`));
      expect((await store.list(prefix)).entries.map((entry) => entry.revision)).toEqual([revision, revision, revision]);
      await write(store, deleteOf(`${prefix}/no`));
      await write(store, getOf(keys[0]!));
      const last = await write(store, deleteOf(keys[0]!), putOf(keys[1]!, 'y'));
      const seen = await watch.seen(5);
      expect(seen.map(textOf)).toEqual([...keys.map((key) => `put ${key}=x`), `delete ${keys[0]}`, `put ${keys[1]}=y`]);
      expect(seen.map(revisionOf)).toEqual([revision, revision, revision, last.revision, last.revision]);
      // One revision is never told in two parts.
      expect(watch.answers.filter(({ changes }) => changes.some((change) => revisionOf(change) === revision))).toHaveLength(1);
    });

    test('P1: of 200 contenders for a claim one wins, and the others read who', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const [cursor, lock] = [`${prefix}/cursor`, `${prefix}/lock`];
      await write(store, putOf(cursor, '2026-03-01T02:59:00.000Z {}'));
      const claim = (n: number): ReturnType<Coordination['transact']> =>
        store.transact({
          if: [
            { type: 'value', key: cursor, op: '<', than: '2026-03-01T03:00:00.000Z' },
            { type: 'absent', key: lock },
          ],
          then: [
            putOf(cursor, `2026-03-01T03:00:00.000Z {"by":${n}}`),
            putOf(lock, String(n)),
            putOf(`${prefix}/runs/${n}`, 'live'),
          ],
          else: [getOf(lock)],
        });
      const claims = await Promise.all(range(200).map(claim));
      const winners = range(200).filter((n) => claims[n]!.succeeded);
      expect(winners).toHaveLength(1);
      const losers = claims.filter(({ succeeded }) => !succeeded);
      expect(losers.map(({ reads }) => reads[0]?.value)).toEqual(losers.map(() => String(winners[0])));
      expect((await store.list(`${prefix}/runs/`)).entries.map(({ key }) => key)).toEqual([`${prefix}/runs/${winners[0]}`]);
    });

    test('a watch tells every change once and in order while others write, also from an old revision', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const { revision } = await store.list(prefix);
      using early = watching(store, `${prefix}/in/`, revision + 1);
      await early.ready();
      const writer = async (who: number): Promise<void> => {
        for (const n of range(60)) {
          await write(store, putOf(`${prefix}/in/${who}`, String(n)), putOf(`${prefix}/out/${who}`, String(n)));
          if (n % 20 === 19) await write(store, deleteOf(`${prefix}/in/${who}`));
        }
      };
      const writing = Promise.all(range(8).map(writer));
      await early.seen(100);
      using midway = watching(store, `${prefix}/in/`, revision + 1);
      await writing;
      using late = watching(store, `${prefix}/in/`, revision + 1);
      const all = [...(await early.seen(8 * 63))];
      for (const who of range(8)) {
        const at = `${prefix}/in/${who}`;
        const written = range(60).flatMap((n) => [`put ${at}=${n}`, ...(n % 20 === 19 ? [`delete ${at}`] : [])]);
        expect(all.filter((change) => keyOf(change) === at).map(textOf)).toEqual(written);
      }
      expect(all.map(revisionOf)).toEqual(all.map(revisionOf).toSorted((a, b) => a - b));
      expect(await midway.seen(8 * 63)).toEqual(all);
      expect(await late.seen(8 * 63)).toEqual(all);
      // And from the middle on, without the change before it.
      using rest = watching(store, `${prefix}/in/`, revisionOf(all[250]!));
      expect(await rest.seen(8 * 63 - 250)).toEqual(all.slice(250));
    });

    test('an answer names the last revision that it brought: going on after it leaves no gap', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const { revision } = await store.list(prefix);
      for (const n of range(40)) await write(store, putOf(`${prefix}/${n % 3}`, String(n)));
      using whole = watching(store, prefix, revision + 1);
      const changes = await whole.seen(40);
      expect(
        whole.answers.every(({ changes, revision }) => changes.length === 0 || revisionOf(changes.at(-1)!) === revision),
      ).toBe(true);
      const middle = whole.answers.find(({ changes }) => changes.length > 0)!;
      using after = watching(store, prefix, middle.revision + 1);
      const rest = changes.filter((change) => revisionOf(change) > middle.revision);
      await write(store, putOf(`${prefix}/end`, ''));
      expect((await after.seen(rest.length + 1)).slice(0, rest.length)).toEqual(rest);
    });

    test('a watch that is given up sees nothing more', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const from = (await store.list(prefix)).revision + 1;
      using given = watching(store, prefix, from);
      using other = watching(store, prefix, from);
      await write(store, putOf(`${prefix}/a`, '1'));
      await given.seen(1);
      given.stop();
      await write(store, putOf(`${prefix}/a`, '2'));
      await other.seen(2);
      expect(given.changes()).toHaveLength(1);
      expect(given.error()).toBeUndefined();
    });

    test('keeps large values, long keys and any text', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const long = `${prefix}/${'k'.repeat(1_800)}`;
      const values = {
        [long]: '{"a":"\\u0000 \u0000 ä 任務 😀"}',
        [`${prefix}/large`]: 'ä'.repeat(150_000),
        [`${prefix}/none`]: '',
      };
      using watch = watching(store, prefix, (await store.list(prefix)).revision + 1);
      await write(store, ...Object.entries(values).map(([key, value]) => putOf(key, value)));
      const { entries } = await store.list(prefix);
      expect(Object.fromEntries(entries.map(({ key, value }) => [key, value]))).toEqual(values);
      expect(
        (await watch.seen(3)).map((change) => change.type === 'put' && values[change.entry.key] === change.entry.value),
      ).toEqual([true, true, true]);
    });

    test.each([
      [
        'more than 128 operations',
        (at: string) => ({ then: range(129).map((n) => putOf(`${at}/${n}`, '')) }),
        /129 operations, over 128/,
      ],
      [
        'more than 128 compares',
        (at: string) => ({ if: range(129).map((n): Compare => ({ type: 'absent', key: `${at}/${n}` })), then: [] }),
        /129 compares, over 128/,
      ],
      ['a key written twice', (at: string) => ({ then: [putOf(at, '1'), deleteOf(at)] }), /twice/],
      ['an empty key', () => ({ then: [putOf('', '1')] }), /key is empty/],
      ['a key that is too long', (at: string) => ({ then: [putOf(at + 'k'.repeat(1_900), '1')] }), /bytes, over 1900/],
      ['a key that is not text', (at: string) => ({ then: [putOf(`${at}\ud800`, '1')] }), /not well-formed/],
      [
        'more than fits',
        (at: string) => ({ then: range(5).map((n) => putOf(`${at}/${n}`, 'x'.repeat(300_000))) }),
        /bytes, over 1400000/,
      ],
    ])('refuses %s, as a mistake and not as being out of reach', async (_what, transaction, message) => {
      await using opened = open();
      const { store, prefix } = opened;
      const refusal: unknown = await store.transact(transaction(prefix)).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(Error);
      expect(refusal).not.toBeInstanceOf(Unavailable);
      expect((refusal as Error).message).toMatch(message);
      expect((await store.list(prefix)).entries).toEqual([]);
    });

    test('takes 128 compares and 128 operations', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const keys = range(128).map((n) => `${prefix}/${wide(n)}`);
      const done = await store.transact({
        if: keys.map((key) => ({ type: 'absent', key })),
        then: keys.map((key) => putOf(key, key)),
      });
      expect(done.succeeded).toBe(true);
      expect((await store.list(prefix)).entries.map((entry) => entry.revision)).toEqual(keys.map(() => done.revision));
    });

    test('a lease that is not renewed ends: its keys go in one revision, watches see it, and it is gone for good', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const [a, b, free] = [`${prefix}/a`, `${prefix}/b`, `${prefix}/free`];
      const lease = await store.grantLease(3_000);
      const { revision } = await write(store, putOf(b, '', lease), putOf(a, '', lease), putOf(free, '', lease));
      await write(store, putOf(free, 'held by no lease any more'));
      using watch = watching(store, prefix, revision + 2);
      const gone = await watch.seen(2);
      expect(gone.map(textOf)).toEqual([`delete ${a}`, `delete ${b}`]);
      expect(revisionOf(gone[0]!)).toBe(revisionOf(gone[1]!));
      expect((await store.list(prefix)).entries.map(({ key }) => key)).toEqual([free]);
      expect(await store.renewLease(lease)).toBe(false);
      const late: unknown = await write(store, putOf(`${prefix}/other`, ''), putOf(a, '', lease)).catch(
        (error: unknown) => error,
      );
      expect(late).toBeInstanceOf(LeaseGone);
      expect((await store.list(prefix)).entries.map(({ key }) => key)).toEqual([free]);
    });

    test('a lease that is renewed lives longer than its time', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      // Granted before the other, for the same time: when the other has ended, this one has outlived its own.
      const [kept, left] = [await store.grantLease(6_000), await store.grantLease(6_000)];
      await write(store, putOf(`${prefix}/kept`, '', kept), putOf(`${prefix}/left`, '', left));
      using watch = watching(store, `${prefix}/left`, (await store.list(prefix)).revision + 1);
      await until(
        async () => {
          expect(await store.renewLease(kept)).toBe(true);
          return watch.changes().length > 0;
        },
        () => 'the other lease does not end',
      );
      expect(await read(store, `${prefix}/kept`)).toBeDefined();
      await store.revokeLease(kept);
    });

    test('a lease that is revoked frees its keys at once; to revoke it again, or one that never was, is no error', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      const lease = await store.grantLease(60_000);
      await write(store, putOf(`${prefix}/a`, '', lease));
      await store.revokeLease(lease);
      expect(await read(store, `${prefix}/a`)).toBeUndefined();
      await store.revokeLease(lease);
      await store.revokeLease('123456789');
      expect(await store.renewLease(lease)).toBe(false);
      expect(await store.renewLease('123456789')).toBe(false);
    });

    test('close ends the watches and refuses what comes after', async () => {
      await using opened = open();
      const { store, prefix } = opened;
      using watch = watching(store, prefix, (await store.list(prefix)).revision + 1);
      await watch.ready();
      await store.close();
      expect(await watch.failed()).toBeInstanceOf(Unavailable);
      await expect(store.list(prefix)).rejects.toThrow(Unavailable);
      await expect(write(store, putOf(`${prefix}/a`, ''))).rejects.toThrow(/closed/);
      await expect(store.grantLease(1_000)).rejects.toThrow(Unavailable);
      await store.close();
    });
  });
}

coordinationContract('embedded', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-embedded-'));
  const env = openEmbedded(dir);
  const store = createEmbeddedCoordination({ env });
  const dispose = async (): Promise<void> => {
    await store.close();
    await env.close();
    rmSync(dir, { recursive: true });
  };
  return { store, prefix: '/cron', [Symbol.asyncDispose]: dispose };
});

onEveryEtcd('Coordination', (etcd) => {
  coordinationContract('etcd', () => {
    const store = createEtcdCoordination({ hosts: [etcd.url], deadlineMs: 20_000 });
    return { store, prefix: uniqueName('/cron-coordination'), [Symbol.asyncDispose]: store.close };
  });
});
