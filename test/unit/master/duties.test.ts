import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { formatCursor } from '../../../src/domain/tick.ts';
import type { LiveRun, Presence, QueuedRun } from '../../../src/domain/values.ts';
import { dutiesOf } from '../../../src/master/duties.ts';
import type { Duty, DutyContext } from '../../../src/master/duty.ts';
import { createLeaderView, LEADER_FEEDS, prefixOf, type LeaderFeed, type LeaderView } from '../../../src/master/leader-view.ts';
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

test('nothing is due while all is well', () => {
  expect(
    dutiesOf(
      seen({
        ...settled,
        runs: [entry(keys.run('a', 'r1'), run())],
        locks: [entry(keys.lock('a'), 'r1')],
        queue: [entry(keys.queued('a', 'q1'), queued())],
      }),
      context,
    ),
  ).toStrictEqual([]);
});

test('a view is not used until every feed is in sync', () => {
  const view = createLeaderView(
    keys,
    () => undefined,
    () => 0,
  );
  for (const feed of LEADER_FEEDS.slice(1)) view.hear(feed, { type: 'snapshot', entries: [], revision: 1 });
  expect(view.view()).toBeUndefined();
  view.hear('jobs', { type: 'snapshot', entries: [], revision: 1 });
  expect(view.view()).toBeDefined();
  view.hear('runs', { type: 'outOfSync', error: 'x' });
  expect(view.view()).toBeUndefined();
});

test.each([
  ['has no cursor', { ...settled, cursors: [] }],
  ['has a cursor of another schedule', { ...settled, cursors: [entry(keys.tick('a'), cursor(-90_000, 'old'))] }],
])('a job put by hand that %s gets its mark', (_case, entries) => {
  const duties = dutiesOf(seen(entries), context);
  expect(named(duties)).toStrictEqual(['mark']);
  expect(duties[0]?.transaction.then[0]).toMatchObject({
    type: 'put',
    key: '/cron/ticks/a',
    value: cursor(0).replace('{"v":1', '{"v":1,"reason":"marked"'),
  });
  expect(duties[0]?.transaction.if).toContainEqual(context.leader);
});

test('a mark never goes back before the cursor', () => {
  const [duty] = dutiesOf(seen({ ...settled, cursors: [entry(keys.tick('a'), cursor(45_000, 'old'))] }), context);
  expect(JSON.stringify(duty?.transaction.then)).toContain(at(45_000));
});

test('P3: a cursor that stands still is settled as missed, up to what is late', () => {
  const [duty, ...rest] = dutiesOf(seen({ ...settled, cursors: [entry(keys.tick('a'), cursor(-600_000), 8)] }), context);
  expect(rest).toStrictEqual([]);
  expect(duty?.name).toBe('missed');
  expect(duty?.transaction.if).toContainEqual({ type: 'revision', key: keys.tick('a'), is: 8 });
  // Late after 60 s, and 7 s for who may still claim: the tick of two minutes ago is the last.
  expect(JSON.stringify(duty?.transaction.then)).toContain(
    `\\"from\\":\\"${at(-540_000)}\\",\\"to\\":\\"${at(-120_000)}\\",\\"count\\":8,\\"reason\\":\\"late\\"`,
  );
});

test('with no worker that matches, that is the reason', () => {
  expect(
    JSON.stringify(dutiesOf(seen({ ...settled, workers: [], cursors: [entry(keys.tick('a'), cursor(-600_000))] }), context)),
  ).toContain('noWorker');
});

test('P2: a run is lost when its worker has been gone for its lostAfterMs, not sooner', () => {
  const view = seen(
    { ...settled, workers: [], runs: [entry(keys.run('a', 'r1'), run(), 6)], locks: [entry(keys.lock('a'), 'r1', 6)] },
    1_000,
  );
  expect(named(dutiesOf(view, { ...context, monotonic: 180_999 }))).toStrictEqual([]);
  const [duty] = dutiesOf(view, { ...context, monotonic: 181_000 });
  expect(duty?.name).toBe('lost');
  expect(duty?.transaction.if).toStrictEqual([
    context.leader,
    { type: 'revision', key: keys.run('a', 'r1'), is: 6 },
    { type: 'absent', key: keys.worker('w1') },
    { type: 'value', key: keys.lock('a'), op: '=', than: 'r1' },
  ]);
  expect(duty?.transaction.then).toContainEqual({ type: 'delete', key: keys.lock('a') });
});

test('P2: a worker that was there between two looks is not counted as gone since the first', () => {
  let monotonic = 0;
  const view = createLeaderView(
    keys,
    () => undefined,
    () => monotonic,
  );
  for (const feed of LEADER_FEEDS)
    view.hear(feed, { type: 'snapshot', entries: feed === 'runs' ? [entry(keys.run('a', 'r1'), run(), 6)] : [], revision: 9 });
  expect(view.view()?.absentSince.get('w1')).toBe(0);
  monotonic = 170_000;
  const presence = entry(keys.worker('w1'), worker, 10);
  view.hear('workers', { type: 'changes', changes: [{ type: 'put', entry: presence }], revision: 10 });
  view.hear('workers', { type: 'changes', changes: [{ type: 'delete', key: presence.key, revision: 11 }], revision: 11 });
  expect(view.view()?.absentSince.get('w1')).toBe(170_000);
});

test('a run that is never lost is left to a person', () => {
  const view = seen(
    {
      ...settled,
      workers: [],
      runs: [entry(keys.run('a', 'r1'), run({ lostAfterMs: 'never' }))],
      locks: [entry(keys.lock('a'), 'r1')],
    },
    0,
  );
  expect(dutiesOf(view, { ...context, monotonic: 1e9 })).toStrictEqual([]);
});

test('a lock without a run is freed after a minute', () => {
  const view = seen({ ...settled, locks: [entry(keys.lock('a'), 'r0', 6)] }, 0);
  expect(named(dutiesOf(view, { ...context, monotonic: 59_999 }))).toStrictEqual([]);
  const [duty] = dutiesOf(view, { ...context, monotonic: 60_000 });
  expect(duty?.transaction.if).toContainEqual({ type: 'absent', key: keys.run('a', 'r0') });
});

test('queued runs end when they expire, and with their job', () => {
  const expired = seen({ ...settled, queue: [entry(keys.queued('a', 'q1'), queued({ notAfter: at(0) }))] });
  expect(named(dutiesOf(expired, context))).toStrictEqual(['expired']);
  expect(named(dutiesOf(seen({ queue: [entry(keys.queued('a', 'q1'), queued())] }), context))).toStrictEqual(['jobDeleted']);
});

test('a share of a backfill ends when its worker has been gone for a day; one that any worker may take waits', () => {
  const { notAfter: _never, ...share } = queued({ trigger: 'backfill', to: at(60_000), count: 2 });
  const view = seen({
    ...settled,
    queue: [entry(keys.queued('a', 'q1'), { ...share, worker: 'w9' }), entry(keys.queued('a', 'q2'), { ...share, runId: 'q2' })],
  });
  const since = view.absentSince.get('w9') ?? NaN;
  expect(dutiesOf(view, { ...context, monotonic: since + 86_400_000 })).toStrictEqual([]);
  const duties = dutiesOf(view, { ...context, monotonic: since + 86_400_001 });
  expect(named(duties)).toStrictEqual(['workerGone']);
  expect(duties[0]?.transaction.then[0]).toMatchObject({ type: 'delete', key: keys.queued('a', 'q1') });
});

test('P5: a bare kill is spread to every run with an older fence, then goes', () => {
  const old = entry(keys.run('a', 'r1'), run(), 6);
  const young = entry(keys.run('a', 'r2'), run({ runId: 'r2' }), 20);
  const bare = entry(keys.killer('a'), 'x', 10);
  const view = seen({ ...settled, runs: [old, young], kills: [bare], queue: [entry(keys.queued('a', 'q1'), queued(), 7)] });
  const duties = dutiesOf(view, context);
  expect(named(duties)).toStrictEqual(['spreadKill', 'killQueued']);
  expect(duties[0]?.transaction.then[0]).toMatchObject({ type: 'put', key: keys.killer('a', 'r1') });
  const spread = seen({ ...settled, runs: [old, young], kills: [bare, entry(keys.killer('a', 'r1'), '{}', 11)] });
  expect(named(dutiesOf(spread, context))).toStrictEqual(['bareKillDone']);
});

test('P5: a bare kill stands until no feed can be behind it: a run that is told later is killed too', () => {
  const bare = entry(keys.killer('a'), 'x', 10);
  const [young, old] = [9_999, 10_000].map((monotonic) => ({ ...context, monotonic }));
  expect(named(dutiesOf(seen({ ...settled, kills: [bare] }), young!))).toStrictEqual([]);
  expect(named(dutiesOf(seen({ ...settled, kills: [bare] }), old!))).toStrictEqual(['bareKillDone']);
  const told = seen({ ...settled, kills: [bare], runs: [entry(keys.run('a', 'r1'), run(), 6)] });
  expect(named(dutiesOf(told, young!))).toStrictEqual(['spreadKill']);
});

test('P5: a bare kill also ends a run whose attempt failed before the kill was spread: its further attempt was queued later', () => {
  const ended = entry(keys.run('a', 'r1'), run({ state: 'ended', outcome: 'failed', fence: 6, nextAttemptAt: at(0) }), 11);
  const next = entry(keys.queued('a', 'r1'), queued({ runId: 'r1', attempt: 2 }), 11);
  const later = entry(keys.queued('a', 'q1'), queued(), 12);
  const view = seen({ ...settled, runs: [ended], queue: [next, later], kills: [entry(keys.killer('a'), 'x', 10)] });
  const duties = dutiesOf(view, context);
  expect(named(duties)).toStrictEqual(['killQueued']);
  expect(duties[0]?.transaction.then[0]).toMatchObject({ type: 'delete', key: keys.queued('a', 'r1') });
});

test('P5: a bare kill also ends a run whose further attempt, or whose first one after a wait, was claimed before the kill was looked at', () => {
  const again = { ...entry(keys.run('a', 'r1'), run({ attempt: 2 }), 12), created: 6 };
  const third = {
    ...entry(keys.run('a', 'r2'), run({ runId: 'r2', attempt: 2, state: 'ended', fence: 12, nextAttemptAt: at(0) }), 14),
    created: 6,
  };
  const next = entry(keys.queued('a', 'r2'), queued({ runId: 'r2', attempt: 3 }), 14);
  const waited = entry(keys.run('a', 'r3'), run({ runId: 'r3', waitedSince: 9 }), 12);
  // Neither begun nor asked for by then.
  const later = entry(keys.run('a', 'r4'), run({ runId: 'r4', waitedSince: 11 }), 12);
  const view = seen({
    ...settled,
    runs: [again, third, waited, later],
    queue: [next],
    kills: [entry(keys.killer('a'), 'x', 10)],
  });
  const duties = dutiesOf(view, context);
  expect(duties.map(({ name, transaction }) => [name, transaction.then[0]?.key])).toStrictEqual([
    ['spreadKill', keys.killer('a', 'r1')],
    ['spreadKill', keys.killer('a', 'r3')],
    ['killQueued', keys.queued('a', 'r2')],
  ]);
});

test('keys of ended runs go after a minute, in bunches', () => {
  const runs = Array.from({ length: 120 }, (_, index) =>
    entry(keys.run('a', `r${String(index)}`), run({ runId: `r${String(index)}`, state: 'ended', outcome: 'succeeded' })),
  );
  const view = seen({ ...settled, runs }, 0);
  expect(dutiesOf(view, { ...context, monotonic: 59_999 })).toStrictEqual([]);
  expect(dutiesOf(view, { ...context, monotonic: 60_000 }).map(({ transaction }) => transaction.then.length)).toStrictEqual([
    50, 50, 20,
  ]);
});

test('a broken job is left alone, and so is all that belongs to it', () => {
  expect(
    dutiesOf(seen({ jobs: [entry(keys.job('a'), '{')], cursors: [entry(keys.tick('a'), cursor(-9e8))] }), context),
  ).toStrictEqual([]);
});

test('keys of jobs that are gone for a day go', () => {
  expect(named(dutiesOf(seen({ cursors: [entry(keys.tick('gone'), cursor(-90_000_000))] }), context))).toStrictEqual([
    'removeAbsent',
  ]);
  expect(dutiesOf(seen({ cursors: [entry(keys.tick('gone'), cursor(-80_000_000))] }), context)).toStrictEqual([]);
  expect(prefixOf(keys, 'cursors')).toBe('/cron/ticks/');
});
