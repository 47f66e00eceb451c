// The lead changes hands, in virtual time.
import { pino } from 'pino';
import { BehaviorSubject, map, of, type Observable } from 'rxjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readJob } from '../../../src/domain/known-job.ts';
import { createLeader, type LeaderDeps } from '../../../src/master/leader.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { holdLease } from '../../../src/streams/lease.ts';
import type { Coordination, LeaseId, Transacted, Transaction } from '../../../src/streams/ports.ts';
import { createMemoryStore } from '../../support/memory-coordination.ts';
import { goOn, useVirtualTime } from '../../support/virtual-time.ts';
import { aJob, aWorker, createMemoryRunLog, keys } from './support.ts';

const TTL_MS = 15_000;
const RULES = { schedule: 2, tz: '2025b' };

beforeEach(() => useVirtualTime(Date.parse('2027-01-01T00:00:00Z')));
afterEach(() => vi.useRealTimers());

const leaseOf = (coordination: Coordination): Observable<LeaseId | undefined> =>
  holdLease({ coordination, clock: systemClock, ttlMs: TTL_MS }).pipe(
    map((state) => (state.type === 'held' ? state.id : undefined)),
  );

/** A master that stands for leader. */
const stand = (id: string, coordination: Coordination, more: Partial<LeaderDeps> = {}) => {
  let leads = false;
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) });
  const life = createLeader({
    coordination,
    runLog: createMemoryRunLog(),
    keys,
    clock: systemClock,
    log,
    id,
    lease$: leaseOf(coordination),
    read: (value, revision) => {
      const known = readJob((JSON.parse(value) as { name: string }).name, value, revision);
      return known.ok ? known.value : undefined;
    },
    scale: 1,
    isOff$: of(false),
    rules: RULES,
    clockLimitMs: 1_000,
    ...more,
  }).subscribe((now) => (leads = now));
  return { leads: () => leads, warnings, end: () => life.unsubscribe() };
};
const put = (coordination: Coordination, key: string, value: object) =>
  coordination.transact({ then: [{ type: 'put', key, value: JSON.stringify(value) }] });

test('a failover takes at most the TTL and 2 s, from whatever instant on', async () => {
  for (const afterMs of [0, 1_300, 3_999]) {
    const store = createMemoryStore();
    const [one, two] = [store.client(), store.client()];
    const first = stand('m1', one.coordination);
    expect(await goOn(5_000, { stepMs: 10, isDone: first.leads })).toBe(true);
    const second = stand('m2', two.coordination);
    await goOn(8_000 + afterMs, { stepMs: 100 });
    expect(second.leads()).toBe(false);
    one.cutOff();
    const goneAt = Date.now();
    expect(await goOn(60_000, { stepMs: 10, isDone: second.leads })).toBe(true);
    expect(Date.now() - goneAt).toBeLessThanOrEqual(TTL_MS + 2_000);
    // By its own deadline the first one knew before that.
    expect(first.leads()).toBe(false);
    first.end();
    second.end();
  }
});

test('no duty is done twice: what a leader sent late is refused once another leads', async () => {
  const store = createMemoryStore();
  const [one, two] = [store.client().coordination, store.client().coordination];
  const held: (() => Promise<Transacted>)[] = [];
  let isHeld = false;
  const late: Coordination = {
    ...one,
    transact: (transaction: Transaction) =>
      isHeld
        ? new Promise((resolve, reject) => {
            held.push(() => {
              const sent = one.transact(transaction);
              sent.then(resolve, reject);
              return sent;
            });
          })
        : one.transact(transaction),
  };
  const lease = await Promise.all([one.grantLease(600_000), goOn(10)]).then(([id]) => id);
  const first = stand('m1', late, { lease$: of(lease) });
  expect(await goOn(5_000, { stepMs: 10, isDone: first.leads })).toBe(true);
  await goOn(2_000, { stepMs: 10 });
  isHeld = true;
  // A job that was put by hand wants its mark: the first leader sends it, and it is on its way for long.
  const saved = put(two, keys.job('a'), aJob('a'));
  expect(await goOn(5_000, { stepMs: 10, isDone: () => held.length > 0 })).toBe(true);
  await saved;
  const revoked = two.revokeLease(lease);
  const second = stand('m2', two);
  expect(await goOn(5_000, { stepMs: 10, isDone: () => second.leads() && store.entry(keys.tick('a')) !== undefined })).toBe(true);
  await revoked;
  const mark = store.entry(keys.tick('a'));
  const answers = held.map((send) => send());
  await goOn(1_000, { stepMs: 10 });
  const done = await Promise.all(answers);
  expect(done.length).toBeGreaterThan(0);
  expect(done.filter(({ succeeded }) => succeeded)).toStrictEqual([]);
  expect(store.entry(keys.tick('a'))).toStrictEqual(mark);
  first.end();
  second.end();
});

test('whose clock is off gives the lead up at once, and stands for it again when it is right', async () => {
  const store = createMemoryStore();
  const isOff$ = new BehaviorSubject(false);
  const first = stand('m1', store.client().coordination, { isOff$ });
  expect(await goOn(5_000, { stepMs: 10, isDone: first.leads })).toBe(true);
  const second = stand('m2', store.client().coordination);
  await goOn(3_000, { stepMs: 10 });
  isOff$.next(true);
  expect(first.leads()).toBe(false);
  expect(await goOn(2_000, { stepMs: 10, isDone: second.leads })).toBe(true);
  isOff$.next(false);
  await goOn(3_000, { stepMs: 10 });
  expect([first.leads(), second.leads()]).toStrictEqual([false, true]);
  second.end();
  expect(await goOn(TTL_MS + 2_000, { stepMs: 10, isDone: first.leads })).toBe(true);
  first.end();
});

test('a leader that knows older rules than a worker settles nothing, and says so', async () => {
  const store = createMemoryStore();
  const { coordination } = store.client();
  const newer = { ...aWorker('w1'), rules: { schedule: 2, tz: '2026a' } };
  const puts = Promise.all([put(coordination, keys.worker('w1'), newer), put(coordination, keys.job('a'), aJob('a'))]);
  await goOn(10);
  await puts;
  const leader = stand('m1', coordination);
  await goOn(5_000, { stepMs: 10 });
  expect(leader.leads()).toBe(true);
  expect(store.entry(keys.tick('a'))).toBeUndefined();
  expect(leader.warnings.join()).toContain('newer schedule rules or time zone data');
  const same = put(coordination, keys.worker('w1'), { ...newer, rules: RULES });
  expect(await goOn(5_000, { stepMs: 10, isDone: () => store.entry(keys.tick('a')) !== undefined })).toBe(true);
  await same;
  leader.end();
});
