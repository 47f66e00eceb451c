import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { formatCursor } from '../../../src/domain/tick.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import type { Presence, QueuedRun } from '../../../src/domain/values.ts';
import { dutiesOf } from '../../../src/master/duties.ts';
import type { DutyContext } from '../../../src/master/duty.ts';
import { createLeaderView, LEADER_FEEDS, type LeaderFeed } from '../../../src/master/leader-view.ts';
import type { Entry } from '../../../src/streams/ports.ts';
import { aWorker } from './support.ts';

const keys = createKeys();
const MINUTE = 60_000;
const now = Date.parse('2026-01-01T12:00:05Z');
/** The instant of a minute before now's. */
const at = (minute: number): string => toInstant(now - 5_000 + minute * MINUTE);
const context: DutyContext = {
  keys,
  leader: { type: 'revision', key: keys.leader, is: 3 },
  now,
  monotonic: 1_000_000,
  scale: 1,
  newId: () => 'new',
  settles: true,
  clockLimitMs: 1_000,
};
const minutely = { name: 'a', command: 'true', cronExpr: '* * * * *' };
const entry = (key: string, value: unknown, revision = 5, created = revision): Entry => ({
  key,
  value: typeof value === 'string' ? value : JSON.stringify(value),
  revision,
  created,
});
const hashOf = (job: object): string => {
  const read = readJob('a', JSON.stringify(job), 1);
  if (!read.ok) throw new Error('not a job');
  return read.value.hash;
};
const cursor = (minute: number, job: object): string => formatCursor({ at: at(minute), decision: { v: 1, hash: hashOf(job) } });
const duties = (entries: Partial<Record<LeaderFeed, readonly Entry[]>>, more: Partial<DutyContext> = {}) => {
  const view = createLeaderView(
    keys,
    (value, revision) => {
      const read = readJob('a', value, revision);
      return read.ok ? read.value : undefined;
    },
    () => 0,
  );
  for (const feed of LEADER_FEEDS) view.hear(feed, { type: 'snapshot', entries: entries[feed] ?? [], revision: 9 });
  return dutiesOf(view.view()!, { ...context, ...more });
};
const puts = ({ then }: Transaction, prefix: string): readonly object[] =>
  then.flatMap((each) => (each.type === 'put' && each.key.startsWith(prefix) ? [JSON.parse(each.value) as object] : []));
const worker = (id: string, startedMinute = -600, more: Partial<Presence> = {}): Entry =>
  entry(keys.worker(id), { ...aWorker(id), startedAt: at(startedMinute), ...more });
const queued = (more: Partial<QueuedRun> = {}, revision = 8, created = revision): Entry =>
  entry(
    keys.queued('a', more.runId ?? 'old'),
    {
      v: 1,
      runId: 'old',
      job: 'a',
      trigger: 'catchUp',
      fireTime: at(-20),
      attempt: 1,
      notBefore: at(-20),
      notAfter: at(40),
      queuedAt: at(-20),
      ...more,
    },
    revision,
    created,
  );

/** The whole cluster was down for ten minutes. Late is what is older than a minute, and the leader waits seven seconds more: the newest such tick is that of two minutes ago. */
const down = (misfire: string, more: Partial<Record<LeaderFeed, readonly Entry[]>> = {}) => {
  const job = { ...minutely, misfire: { policy: misfire } };
  return duties({
    jobs: [entry(keys.job('a'), job)],
    cursors: [entry(keys.tick('a'), cursor(-10, job), 6)],
    workers: [worker('w1')],
    ...more,
  });
};

test.each([
  ['skip: they are missed', 'skip', [{ from: at(-9), to: at(-2), count: 8, reason: 'late' }], []],
  [
    'once: the newest is caught up',
    'once',
    [{ from: at(-9), to: at(-3), count: 7 }],
    [{ runId: 'new', trigger: 'catchUp', fireTime: at(-2) }],
  ],
  ['all: each is', 'all', [], [{ runId: 'new', trigger: 'catchUp', fireTime: at(-9), to: at(-2), count: 8 }]],
] as const)('after the whole cluster was down, misfire %s', (_what, misfire, missed, caughtUp) => {
  const [duty, ...others] = down(misfire);
  expect(others).toStrictEqual([]);
  const { transaction } = duty!;
  expect(transaction.if).toStrictEqual([
    context.leader,
    { type: 'revision', key: keys.tick('a'), is: 6 },
    { type: 'revision', key: keys.job('a'), is: 5 },
  ]);
  expect(puts(transaction, keys.outbox)).toMatchObject(missed);
  expect(puts(transaction, keys.queue)).toMatchObject(caughtUp);
});

test('a leader that has only just begun to see leaves gaps to the workers that begin with it', () => {
  const job = { ...minutely, misfire: { policy: 'once' } };
  const entries = {
    jobs: [entry(keys.job('a'), job)],
    cursors: [entry(keys.tick('a'), cursor(-10, job), 6)],
    workers: [worker('w1')],
  };
  expect(duties(entries, { isFresh: true })).toStrictEqual([]);
  expect(duties(entries, { isFresh: false })).toHaveLength(1);
});

test('nobody can run the job: the ticks say so', () => {
  const [duty] = down('skip', { workers: [] });
  expect(puts(duty!.transaction, keys.outbox)).toMatchObject([{ reason: 'noWorker' }]);
});

test('a catch-up key that stands is extended under its id, and compared by its revision: a worker may be taking from it', () => {
  const job = { ...minutely, misfire: { policy: 'all' } };
  const [duty] = down('all', { queue: [queued({ fireTime: at(-20), to: at(-10), count: 11, hash: hashOf(job) })] });
  expect(duty?.transaction.if).toContainEqual({ type: 'revision', key: keys.queued('a', 'old'), is: 8 });
  expect(puts(duty!.transaction, keys.queue)).toMatchObject([{ runId: 'old', fireTime: at(-20), to: at(-2), count: 19 }]);
  expect(duty?.transaction.then.filter(({ type }) => type === 'delete')).toStrictEqual([]);
});

test('once: one that stands gives way, and its end is told', () => {
  const job = { ...minutely, misfire: { policy: 'once' } };
  const [duty] = down('once', { queue: [queued({ hash: hashOf(job) })] });
  expect(duty?.transaction.then).toContainEqual({ type: 'delete', key: keys.queued('a', 'old') });
  expect(puts(duty!.transaction, keys.outbox)).toMatchObject([
    { type: 'ticksMissed', to: at(-3) },
    { type: 'dropped', runId: 'old', outcome: 'skipped', reason: 'replaced' },
  ]);
});

test('once: what the cursor names as waiting and no feed has told yet keeps the leader from putting another beside it', () => {
  const job = { ...minutely, misfire: { policy: 'once' } };
  const decision = { v: 1, fate: 'waiting' as const, runId: 'old', hash: hashOf(job) };
  const cursors = [entry(keys.tick('a'), formatCursor({ at: at(-10), decision }), 6)];
  const isAbsent = { type: 'absent', key: keys.queued('a', 'old') };
  expect(down('once', { cursors })[0]?.transaction.if).toContainEqual(isAbsent);
  const [duty] = down('once', { cursors, queue: [queued({ hash: hashOf(job) })] });
  expect(duty?.transaction.if).not.toContainEqual(isAbsent);
  expect(duty?.transaction.then).toContainEqual({ type: 'delete', key: keys.queued('a', 'old') });
});

const everywhere = { ...minutely, placement: { mode: 'all' }, misfire: { policy: 'once' } };
const everyone = (
  cursors: readonly Entry[],
  workers: readonly Entry[],
  more: Partial<Record<LeaderFeed, readonly Entry[]>> = {},
) =>
  duties({
    jobs: [entry(keys.job('a'), everywhere)],
    cursors: [entry(keys.tick('a'), cursor(-30, everywhere), 6), ...cursors],
    workers,
    ...more,
  });

test('placement all: each worker that is there has its own gap, from its own cursor', () => {
  const made = everyone(
    [entry(keys.tick('a', 'w1'), cursor(-10, everywhere), 7), entry(keys.tick('a', 'w2'), cursor(0, everywhere), 7)],
    [worker('w1'), worker('w2')],
  );
  expect(made).toHaveLength(1);
  const { transaction } = made[0]!;
  expect(transaction.if).toContainEqual({ type: 'revision', key: keys.tick('a', 'w1'), is: 7 });
  expect(puts(transaction, keys.outbox)).toMatchObject([{ from: at(-9), to: at(-3), of: 'w1' }]);
  expect(puts(transaction, keys.queue)).toMatchObject([{ worker: 'w1', fireTime: at(-2) }]);
});

test.each([
  ['from the mark, where it has none yet', [], worker('w1'), at(-29)],
  [
    'from its registration, where it came later',
    [entry(keys.tick('a', 'w1'), cursor(-20, everywhere), 7)],
    worker('w1', -5),
    at(-4),
  ],
  [
    'from the mark, where its cursor is of another schedule',
    [entry(keys.tick('a', 'w1'), cursor(-20, minutely), 7)],
    worker('w1'),
    at(-29),
  ],
])('placement all: a gap begins %s', (_what, cursors, present, from) => {
  const made = everyone(cursors, [present]);
  expect(made).toHaveLength(1);
  expect(puts(made[0]!.transaction, keys.outbox)).toMatchObject([{ from }]);
});

test('placement all: not for workers that are gone or do not match, and not before the mark of this schedule is there', () => {
  expect(everyone([entry(keys.tick('a', 'gone'), cursor(-10, everywhere), 7)], [])).toStrictEqual([]);
  const picky = { ...everywhere, placement: { mode: 'all', labels: ['gpu'] } };
  const at30 = entry(keys.tick('a'), cursor(-30, picky), 6);
  expect(duties({ jobs: [entry(keys.job('a'), picky)], cursors: [at30], workers: [worker('w1')] })).toStrictEqual([]);
  const unmarked = duties({ jobs: [entry(keys.job('a'), everywhere)], cursors: [], workers: [worker('w1')] });
  expect(unmarked.map(({ name }) => name)).toStrictEqual(['mark']);
});

const fresh = (job: object, minute = 0): Partial<Record<LeaderFeed, readonly Entry[]>> => ({
  jobs: [entry(keys.job('a'), job)],
  cursors: [entry(keys.tick('a'), cursor(minute, job), 6)],
  workers: [worker('w1')],
});
const range = { to: at(-10), count: 11 };

test.each([
  ['of a schedule that is another now', queued({ ...range, hash: 'other' }), 'edited'],
  ['that nobody could take in time', queued({ ...range, hash: hashOf(minutely), notAfter: at(0) }), 'expired'],
  ['of a job that was deleted and made again', queued({ ...range, hash: hashOf(minutely) }, 8, 4), 'jobDeleted'],
])('the end of a range %s tells the ticks that it still had', (_what, waits, reason) => {
  const [duty, ...others] = duties({ ...fresh(minutely), queue: [waits] });
  expect(others).toStrictEqual([]);
  expect(duty?.name).toBe(reason);
  expect(duty?.transaction.if).toContainEqual({ type: 'revision', key: keys.queued('a', 'old'), is: 8 });
  expect(puts(duty!.transaction, keys.outbox)).toMatchObject([
    { type: 'ticksMissed', from: at(-20), to: at(-10), count: 11, fate: 'skipped', reason },
  ]);
});

test('a backfill neither expires nor ends with an edit: a person asked for it', () => {
  const { notAfter: _, ...backfill } = JSON.parse(queued({ ...range, trigger: 'backfill', by: 'ann' }).value) as QueuedRun;
  expect(duties({ ...fresh(minutely), queue: [entry(keys.queued('a', 'old'), backfill, 8)] })).toStrictEqual([]);
});
