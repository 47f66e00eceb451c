import { NEVER, Subject, type Observable } from 'rxjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createKeys } from '../../../src/domain/keys.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import type { Presence } from '../../../src/domain/values.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import type { LeaseState } from '../../../src/streams/lease.ts';
import { Unavailable, type Coordination, type Entry, type Transacted } from '../../../src/streams/ports.ts';
import { presence } from '../../../src/worker/presence.ts';

const keys = createKeys();
const key = keys.worker('w1');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A store of one key, with compares as etcd has them. */
const createStore = () => {
  let revision = 0;
  let entry: (Entry & { readonly lease?: string }) | undefined;
  let leases = 0;
  const writes: string[] = [];
  const write = (value: string, lease?: string): void => {
    revision += 1;
    entry = { key, value, revision, created: entry?.created ?? revision, ...(lease === undefined ? {} : { lease }) };
    writes.push((JSON.parse(value) as Presence).nonce);
  };
  const transact = async ({ if: compares = [], then, else: otherwise = [] }: Transaction): Promise<Transacted> => {
    const succeeded = compares.every((compare) =>
      compare.type === 'absent' ? entry === undefined : compare.type === 'revision' && entry?.revision === compare.is,
    );
    const reads: (Entry | undefined)[] = [];
    for (const operation of succeeded ? then : otherwise) {
      if (operation.type === 'get') reads.push(entry);
      if (operation.type === 'put') write(operation.value, operation.lease);
    }
    return { succeeded, revision, reads };
  };
  const coordination = {
    grantLease: async () => `lease ${String((leases += 1))}`,
    renewLease: async () => true,
    transact,
  } as unknown as Coordination;
  return {
    coordination,
    writes,
    nonce: () => entry && (JSON.parse(entry.value) as Presence).nonce,
    lease: () => entry?.lease,
    remove: () => {
      revision += 1;
      entry = undefined;
    },
  };
};
type Store = ReturnType<typeof createStore>;

const presenceOf = (nonce: string, more: Partial<Presence> = {}): Presence => ({
  v: 1,
  id: 'w1',
  name: 'one',
  host: 'h',
  machineId: 'm',
  nonce,
  pid: 7,
  version: '0',
  labels: [],
  slots: 5,
  running: 0,
  draining: false,
  startedAt: '2027-01-31T09:00:00.000Z',
  stampedAt: '2027-01-31T09:00:00.000Z',
  rules: { schedule: 1, tz: '' },
  ...more,
});

type Started = {
  readonly states: readonly LeaseState['type'][];
  readonly error: () => string | undefined;
  readonly stop: () => void;
};
const start = (
  { coordination }: Pick<Store, 'coordination'>,
  nonce: string,
  {
    isAlive = true,
    more = {},
    again$ = NEVER,
  }: { isAlive?: boolean; more?: Partial<Presence>; again$?: Observable<unknown> } = {},
): Started => {
  const states: LeaseState['type'][] = [];
  let error: string | undefined;
  const subscription = presence({
    coordination,
    keys,
    clock: systemClock,
    id: 'w1',
    describe: () => presenceOf(nonce, more),
    again$,
    isAlive: () => isAlive,
  }).subscribe({ next: ({ type }) => states.push(type), error: (thrown: unknown) => (error = String(thrown)) });
  return { states, error: () => error, stop: () => subscription.unsubscribe() };
};

test('P2: a lease is told as held only when the presence was put under it', async () => {
  const puts: ((answer: Transacted) => void)[] = [];
  const coordination = {
    grantLease: async () => 'lease',
    renewLease: async () => true,
    transact: () => new Promise<Transacted>((resolve) => puts.push(resolve)),
  } as unknown as Coordination;
  const told = start({ coordination }, 'a');
  await vi.advanceTimersByTimeAsync(100);
  expect([puts.length, told.states]).toStrictEqual([1, []]); // granted, and no more: the leader goes on counting
  puts[0]?.({ succeeded: true, revision: 5, reads: [] });
  await vi.advanceTimersByTimeAsync(1);
  expect(told.states).toStrictEqual(['held']);
  told.stop();
});

test('a presence that somebody deleted is put again at once, under the lease that goes on', async () => {
  const store = createStore();
  const gone$ = new Subject<void>();
  const worker = start(store, 'a', { again$: gone$ });
  await vi.advanceTimersByTimeAsync(1);
  const lease = store.lease();
  store.remove();
  gone$.next();
  await vi.advanceTimersByTimeAsync(1);
  expect([store.nonce(), store.lease(), worker.error()]).toStrictEqual(['a', lease, undefined]);
  worker.stop();
});

test('a put whose answer was lost is known as our own', async () => {
  const store = createStore();
  let losing = true;
  const coordination: Coordination = {
    ...store.coordination,
    transact: async (transaction) => {
      const answer = await store.coordination.transact(transaction);
      if (losing) throw new Unavailable('lost');
      return answer;
    },
  };
  const worker = start({ coordination }, 'a');
  await vi.advanceTimersByTimeAsync(100);
  expect([store.nonce(), worker.states]).toStrictEqual(['a', []]);
  losing = false;
  await vi.advanceTimersByTimeAsync(6_000);
  expect([worker.states.includes('held'), worker.error()]).toStrictEqual([true, undefined]);
  worker.stop();
});

test('of two processes with copies of one data folder the second refuses, touches nothing, and says what to do', async () => {
  const store = createStore();
  const first = start(store, 'a');
  await vi.advanceTimersByTimeAsync(1);
  const second = start(store, 'b', { more: { pid: 8 } });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(second.error()).toMatch(/another process runs as worker w1 \(pid 7 on h.*remove the file worker-id/);
  expect([second.states, first.error(), new Set(store.writes)]).toStrictEqual([[], undefined, new Set(['a'])]);
  first.stop();
});

test('on another machine too', async () => {
  const store = createStore();
  const first = start(store, 'a');
  await vi.advanceTimersByTimeAsync(1);
  const second = start(store, 'b', { isAlive: false, more: { machineId: 'other', host: 'elsewhere' } });
  await vi.advanceTimersByTimeAsync(30_000);
  expect([second.error()?.includes('LivesTwice'), second.states, first.error()]).toStrictEqual([true, [], undefined]);
  first.stop();
});

test('P7: after kill -9 the next process of the folder takes the place of the dead one at once', async () => {
  const store = createStore();
  start(store, 'a').stop();
  await vi.advanceTimersByTimeAsync(1);
  await store.coordination.transact({ then: [{ type: 'put', key, value: JSON.stringify(presenceOf('a')) }] });
  const next = start(store, 'b', { isAlive: false });
  await vi.advanceTimersByTimeAsync(1);
  expect([store.nonce(), next.states]).toStrictEqual(['b', ['held']]);
  next.stop();
});

test('where nobody can tell whether the other lives, its key is waited for until its lease ends', async () => {
  const store = createStore();
  await store.coordination.transact({ then: [{ type: 'put', key, value: JSON.stringify(presenceOf('a')) }] });
  const next = start(store, 'b', { more: { host: 'elsewhere', machineId: 'other' } });
  await vi.advanceTimersByTimeAsync(14_000);
  expect([store.nonce(), next.states, next.error()]).toStrictEqual(['a', [], undefined]);
  store.remove();
  await vi.advanceTimersByTimeAsync(6_000);
  expect([store.nonce(), next.states.includes('held')]).toStrictEqual(['b', true]);
  next.stop();
});

test('P1: a worker that finds another process where its own presence was stops taking part', async () => {
  const store = createStore();
  const frozen = start(store, 'a');
  await vi.advanceTimersByTimeAsync(1);
  store.remove(); // its lease ended while it was frozen, and its folder was started anew
  await store.coordination.transact({ then: [{ type: 'put', key, value: JSON.stringify(presenceOf('b')) }] });
  await vi.advanceTimersByTimeAsync(6_000);
  expect([frozen.error()?.includes('LivesTwice'), store.nonce()]).toStrictEqual([true, 'b']);
});
