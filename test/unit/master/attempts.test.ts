import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { formatCursor } from '../../../src/domain/tick.ts';
import type { LiveRun, Presence, QueuedRun } from '../../../src/domain/values.ts';
import { dutiesOf } from '../../../src/master/duties.ts';
import type { Duty, DutyContext } from '../../../src/master/duty.ts';
import { createLeaderView, LEADER_FEEDS, type LeaderFeed, type LeaderView } from '../../../src/master/leader-view.ts';
import type { Entry } from '../../../src/streams/ports.ts';

const keys = createKeys();
const now = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number): string => toInstant(now + ms);
const context: DutyContext = {
  keys,
  leader: { type: 'revision', key: keys.leader, is: 3 },
  now,
  monotonic: 1_000_000,
  scale: 1,
  newId: () => 'new-id',
  settles: true,
  clockLimitMs: 1_000,
};
const minutely = { name: 'a', command: 'true', cronExpr: '* * * * *' };
const hash = (() => {
  const read = readJob('a', JSON.stringify(minutely), 1);
  return read.ok ? read.value.hash : '';
})();

const entry = (key: string, value: unknown, revision = 5): Entry => ({
  key,
  value: typeof value === 'string' ? value : JSON.stringify(value),
  revision,
  created: revision,
});
const cursor = (ms: number, of = hash): string => formatCursor({ at: at(ms), decision: { v: 1, hash: of } });
const run = (more: Partial<LiveRun> = {}): LiveRun => ({
  v: 1,
  runId: 'r1',
  job: 'a',
  worker: 'w1',
  workerName: 'one',
  attempt: 1,
  trigger: 'schedule',
  fireTime: at(-60_000),
  state: 'running',
  claimedAt: at(-60_000),
  jobRevision: 5,
  overlap: 'skip',
  locks: true,
  lostAfterMs: 180_000,
  killGraceMs: 10_000,
  latenessMs: 0,
  ...more,
});
const queued = (more: Partial<QueuedRun> = {}): QueuedRun => ({
  v: 1,
  runId: 'q1',
  job: 'a',
  trigger: 'manual',
  fireTime: at(0),
  attempt: 1,
  notBefore: at(0),
  notAfter: at(600_000),
  queuedAt: at(0),
  ...more,
});
const next = (more: Partial<QueuedRun> = {}): QueuedRun =>
  queued({ runId: 'r1', trigger: 'schedule', attempt: 2, after: 'failed', notAfter: at(3_600_000), ...more });
const worker: Presence = {
  v: 1,
  id: 'w1',
  name: 'one',
  host: 'h',
  machineId: 'm',
  nonce: 'n',
  pid: 1,
  version: '0',
  labels: [],
  slots: 5,
  running: 0,
  draining: false,
  startedAt: at(0),
  stampedAt: at(0),
  rules: { schedule: 1, tz: '' },
};

/** The view after the feeds have told these entries, at a monotonic instant. */
const seen = (entries: Partial<Record<LeaderFeed, readonly Entry[]>>, monotonic = 0): LeaderView => {
  const view = createLeaderView(
    keys,
    (value, revision) => {
      const read = readJob('a', value, revision);
      return read.ok ? read.value : undefined;
    },
    () => monotonic,
  );
  for (const feed of LEADER_FEEDS) view.hear(feed, { type: 'snapshot', entries: entries[feed] ?? [], revision: 9 });
  const made = view.view();
  if (!made) throw new Error('not in sync');
  return made;
};
const named = (duties: readonly Duty[]): readonly string[] => duties.map(({ name }) => name);
const theJob = entry(keys.job('a'), minutely);
const settled = {
  jobs: [theJob],
  cursors: [entry(keys.tick('a'), cursor(-30_000))],
  workers: [entry(keys.worker('w1'), worker)],
};

const RETRY = {
  max: 2,
  delayMs: 1_000,
  factor: 2,
  maxDelayMs: 5_000,
  elsewhere: false,
  timeouts: true,
  lost: true,
  withinMs: 3_600_000,
};
const transactionOf = (duties: readonly Duty[], name: string) => {
  const found = duties.find((each) => each.name === name);
  if (!found) throw new Error(`no ${name} among ${named(duties).join()}`);
  return found.transaction;
};
const valueAt = (duties: readonly Duty[], name: string, key: string): unknown => {
  for (const each of transactionOf(duties, name).then)
    if (each.type === 'put' && each.key === key) return JSON.parse(each.value) as unknown;
  return undefined;
};
const ended = run({ state: 'ended', outcome: 'failed', exitCode: 3, endedAt: at(-1_000), nextAttemptAt: at(0), retry: RETRY });

test('a lost run goes on elsewhere where its job wants that, in the transaction that finds it lost', () => {
  const view = seen({
    ...settled,
    workers: [],
    runs: [entry(keys.run('a', 'r1'), run({ retry: RETRY }), 8)],
    locks: [entry(keys.lock('a'), 'r1')],
  });
  const duties = dutiesOf(view, context);
  const { if: compares = [], then } = transactionOf(duties, 'lost');
  expect(valueAt(duties, 'lost', keys.queued('a', 'r1'))).toMatchObject({ attempt: 2, exclude: 'w1', after: 'lost' });
  expect(valueAt(duties, 'lost', keys.run('a', 'r1'))).toMatchObject({ state: 'ended', outcome: 'lost', fence: 8 });
  expect(valueAt(duties, 'lost', keys.run('a', 'r1'))).toHaveProperty('nextAttemptAt');
  expect(then).toContainEqual({ type: 'delete', key: keys.lock('a') });
  expect(valueAt(duties, 'lost', keys.last('a'))).toBeUndefined();
  expect(compares).toContainEqual({ type: 'absent', key: keys.killer('a', 'r1') });
  expect(compares).toContainEqual({ type: 'exists', key: keys.job('a') });
});

test.each([
  ['it is to be killed', { kills: [entry(keys.killer('a', 'r1'), { v: 1, at: at(0), by: 'ann', cause: 'killed' })] }],
  ['its job is gone', { jobs: [] }],
  ['nobody wants that', { runs: [entry(keys.run('a', 'r1'), run({ retry: { ...RETRY, lost: false } }), 8)] }],
])('a lost run ends where %s', (_name, more) => {
  const view = seen({ ...settled, workers: [], runs: [entry(keys.run('a', 'r1'), run({ retry: RETRY }), 8)], ...more });
  const duties = dutiesOf(view, context);
  expect(valueAt(duties, 'lost', keys.queued('a', 'r1'))).toBeUndefined();
  expect(valueAt(duties, 'lost', keys.last('a'))).toMatchObject({ outcome: 'lost' });
});

test('a further attempt that nobody took in time ends the run as the attempt before it did', () => {
  const view = seen({
    ...settled,
    runs: [entry(keys.run('a', 'r1'), ended, 8)],
    queue: [entry(keys.queued('a', 'r1'), next({ notAfter: at(-1) }), 9)],
  });
  const duties = dutiesOf(view, context);
  expect(named(duties)).toStrictEqual(['expired']);
  expect(valueAt(duties, 'expired', keys.run('a', 'r1'))).toMatchObject({ state: 'ended', outcome: 'failed', reason: 'expired' });
  expect(valueAt(duties, 'expired', keys.run('a', 'r1'))).not.toHaveProperty('nextAttemptAt');
  expect(valueAt(duties, 'expired', keys.last('a'))).toMatchObject({ runId: 'r1', outcome: 'failed', reason: 'expired' });
  const told = transactionOf(duties, 'expired').then.find((each) => each.type === 'put' && each.key.startsWith(keys.outbox));
  expect(told).toMatchObject({ value: expect.stringContaining('"outcome":"failed"') as unknown });
  expect(transactionOf(duties, 'expired').if).toContainEqual({ type: 'revision', key: keys.run('a', 'r1'), is: 8 });
});

test('one whose run key is gone is told all the same', () => {
  const view = seen({ ...settled, queue: [entry(keys.queued('a', 'r1'), next({ notAfter: at(-1) }), 9)] });
  const { then } = transactionOf(dutiesOf(view, context), 'expired');
  expect(then).toHaveLength(2);
  expect(JSON.stringify(then)).toContain('\\"outcome\\":\\"failed\\"');
});

test('the run key stays while a further attempt waits', () => {
  const entries = { ...settled, runs: [entry(keys.run('a', 'r1'), ended, 8)] };
  const waits = seen({ ...entries, queue: [entry(keys.queued('a', 'r1'), next(), 9)] });
  expect(named(dutiesOf(waits, context))).toStrictEqual([]);
  expect(named(dutiesOf(seen(entries), context))).toStrictEqual(['removeEnded']);
});

test.each([{ draining: true }, { skewed: true }])(
  'an attempt that is pinned to a worker that takes nothing (%j) may go elsewhere after as long: the job would be busy until it expires',
  (state) => {
    const pinned = next({ worker: 'w1', movesAfterMs: 180_000 });
    const [there] = settled.workers.map(({ value }) => entry(keys.worker('w1'), { ...(JSON.parse(value) as object), ...state }));
    const view = seen({
      ...settled,
      workers: [there!],
      runs: [entry(keys.run('a', 'r1'), ended, 8)],
      queue: [entry(keys.queued('a', 'r1'), pinned, 9)],
    });
    const readyAt = Date.parse(pinned.notBefore);
    expect(named(dutiesOf(view, { ...context, now: readyAt + 179_999 }))).not.toContain('unpin');
    const duties = dutiesOf(view, { ...context, now: readyAt + 180_000 });
    expect(transactionOf(duties, 'unpin').if).not.toContainEqual({ type: 'absent', key: keys.worker('w1') });
  },
);

test('an attempt that is pinned to a worker that has been gone for lostAfterMs may go elsewhere; what a person pinned stays', () => {
  const pinned = next({ worker: 'w1', movesAfterMs: 180_000 });
  const viewAt = (each: QueuedRun, workers = settled.workers) =>
    seen({ ...settled, workers, runs: [entry(keys.run('a', 'r1'), ended, 8)], queue: [entry(keys.queued('a', 'r1'), each, 9)] });
  expect(named(dutiesOf(viewAt(pinned), context))).toStrictEqual([]);
  expect(named(dutiesOf(viewAt(pinned, []), { ...context, monotonic: 179_999 }))).toStrictEqual([]);
  const duties = dutiesOf(viewAt(pinned, []), { ...context, monotonic: 180_000 });
  expect(named(duties)).toStrictEqual(['unpin']);
  const { worker: _worker, movesAfterMs: _moves, ...free } = pinned;
  expect(valueAt(duties, 'unpin', keys.queued('a', 'r1'))).toStrictEqual(free);
  expect(transactionOf(duties, 'unpin').if).toContainEqual({ type: 'absent', key: keys.worker('w1') });
  expect(named(dutiesOf(viewAt(next({ worker: 'w1' }), []), context))).toStrictEqual([]);
});
