import { expect, test } from 'vitest';
import { decide, type Here, type JobState, type Waiting } from '../../../src/domain/decide.ts';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import { rankOf, type Peer } from '../../../src/domain/placement.ts';
import { applyRunEvent, toLogDocument, type Run } from '../../../src/domain/run.ts';
import { runOfLive, runOfQueued, type LiveRun, type QueuedRun } from '../../../src/domain/values.ts';

const at = (second: number): string => `2027-01-31T09:00:${String(second).padStart(2, '0')}.000Z`;
const of = (attempt: number) => ({ v: 1, job: 'a', runId: 'r1', attempt }) as const;
const claimed = (attempt: number, second: number): RunEvent => ({
  ...of(attempt),
  type: 'claimed',
  seq: 0,
  at: at(second),
  trigger: 'schedule',
  fireTime: at(0),
  worker: 'w1',
  workerName: 'one',
  fence: 10 * attempt,
  jobRevision: 7,
  command: 'echo',
  latenessMs: 0,
});
const output = (attempt: number, text: string): RunEvent => ({
  ...of(attempt),
  type: 'output',
  seq: 1,
  at: at(2),
  offset: 0,
  data: new TextEncoder().encode(text),
});
const ended = (attempt: number, second: number, more: object = {}): RunEvent => ({
  ...of(attempt),
  type: 'attemptEnded',
  seq: 2,
  at: at(second),
  outcome: 'failed',
  exitCode: 3,
  durationMs: 1_000,
  nextAttemptAt: at(second + 5),
  ...more,
});
const finished = (attempt: number, second: number, more: object = {}): RunEvent => ({
  ...of(attempt),
  type: 'finished',
  seq: 3,
  at: at(second),
  outcome: 'succeeded',
  exitCode: 0,
  ...more,
});
const dropped = (attempt: number, more: object = {}): RunEvent => ({
  ...of(attempt),
  type: 'dropped',
  at: at(30),
  outcome: 'failed',
  reason: 'expired',
  trigger: 'schedule',
  fireTime: at(0),
  ...more,
});
const runOf = (...events: readonly RunEvent[]): Run | undefined => events.reduce<Run | undefined>(applyRunEvent, undefined);

test('between attempts a run waits, and tells from when on', () => {
  expect(runOf(claimed(1, 1), output(1, 'x'), ended(1, 3))).toMatchObject({
    state: 'queued',
    attempt: 1,
    nextAttemptAt: at(8),
    exitCode: 3,
  });
  expect(runOf(claimed(1, 1), ended(1, 3))).not.toHaveProperty('outcome');
});

test('the next attempt begins anew, and its end is that of the run', () => {
  const second = runOf(claimed(1, 1), ended(1, 3), claimed(2, 8));
  expect(second).toStrictEqual({
    id: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 2,
    worker: 'w1',
    workerName: 'one',
    fence: 20,
    command: 'echo',
    latenessMs: 0,
    claimedAt: at(8),
    state: 'running',
  });
  expect(runOf(claimed(1, 1), ended(1, 3), claimed(2, 8), finished(2, 9))).toMatchObject({ outcome: 'succeeded', attempt: 2 });
});

test('what comes of an earlier attempt after that changes nothing', () => {
  const whole = [claimed(1, 1), ended(1, 3), claimed(2, 8)];
  expect(runOf(...whole, finished(1, 12), ended(1, 13), output(1, 'late'))).toStrictEqual(runOf(...whole));
});

test('an attempt that was to be followed and is not (a kill stood, the job is gone) ends the run', () => {
  const run = runOf(claimed(1, 1), ended(1, 3), finished(1, 3, { outcome: 'failed', exitCode: 3 }));
  expect(run).toMatchObject({ state: 'finished', outcome: 'failed', endedAt: at(3) });
  expect(run).not.toHaveProperty('nextAttemptAt');
});

test('a further attempt that never started ends the run as the one before did, with what that printed', () => {
  const events = [claimed(1, 1), output(1, 'tried\n'), ended(1, 3), dropped(2)];
  expect(runOf(...events)).toMatchObject({ state: 'finished', outcome: 'failed', reason: 'expired', attempt: 1, exitCode: 3 });
  expect(runOf(...events)).not.toHaveProperty('nextAttemptAt');
  expect(toLogDocument(events)).toMatchObject({ outcome: 'failed', exitCode: 3, output: 'tried\n', command: 'echo' });
  expect(runOf(claimed(1, 1), ended(1, 3), dropped(2, { outcome: 'killed', reason: 'person' }))).toMatchObject({
    outcome: 'killed',
  });
});

test('who has seen only that a further attempt waits counts the attempts that were made', () => {
  const queued = runOfQueued({
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 3,
    notBefore: at(8),
    queuedAt: at(3),
  });
  expect(applyRunEvent(queued, dropped(3))).toMatchObject({ state: 'finished', attempt: 2, outcome: 'failed' });
  expect(applyRunEvent({ ...queued, attempt: 1 }, dropped(1, { outcome: 'skipped' }))).toMatchObject({
    attempt: 1,
    outcome: 'skipped',
  });
});

test('a lost attempt that is followed does not end the run', () => {
  const lost: RunEvent = { ...of(1), type: 'lost', at: at(4), reason: 'workerGone', worker: 'w1', nextAttemptAt: at(5) };
  expect(runOf(claimed(1, 1), lost)).toMatchObject({ state: 'queued', nextAttemptAt: at(5), reason: 'workerGone' });
  expect(toLogDocument([claimed(1, 1), lost])).toBeUndefined();
  expect(runOf(claimed(1, 1), lost, claimed(2, 6), finished(2, 7))).toMatchObject({ outcome: 'succeeded' });
});

test('overdue is a fact of the attempt, and no end', () => {
  const overdue: RunEvent = { ...of(1), type: 'overdue', seq: 1, at: at(9), afterMs: 8_000, action: 'alert' };
  expect(eventId(overdue)).toBe('r1/001/00000001');
  expect(runOf(claimed(1, 1), overdue)).toMatchObject({ state: 'running', overdueAt: at(9) });
  expect(runOf(claimed(1, 1), overdue, finished(1, 12))).toMatchObject({ outcome: 'succeeded', overdueAt: at(9) });
  expect(runOf(claimed(1, 1), overdue, ended(1, 12), claimed(2, 13))).not.toHaveProperty('overdueAt');
});

test('what was abandoned stays so, and takes over what only the end of its command could tell', () => {
  const left = { outcome: 'timedOut', reason: 'abandoned', exitCode: undefined };
  const run = runOf(claimed(1, 1), finished(1, 9, left), finished(1, 50, { ...left, exitCode: 4, durationMs: 49_000 }));
  expect(run).toMatchObject({ outcome: 'timedOut', reason: 'abandoned', exitCode: 4, durationMs: 49_000, endedAt: at(50) });
  // Where another attempt follows, it is not ended by the one that went on.
  const waits = runOf(claimed(1, 1), ended(1, 9, left), ended(1, 20, { ...left, nextAttemptAt: undefined, exitCode: 4 }));
  expect(waits).toMatchObject({ state: 'queued', nextAttemptAt: at(14), exitCode: 4 });
});

test('views of the keys', () => {
  const live: LiveRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    worker: 'w1',
    workerName: 'one',
    attempt: 1,
    trigger: 'schedule',
    fireTime: at(0),
    state: 'ended',
    claimedAt: at(1),
    jobRevision: 1,
    overlap: 'skip',
    locks: true,
    lostAfterMs: 1,
    killGraceMs: 1,
    latenessMs: 0,
    outcome: 'failed',
  };
  expect(runOfLive(live)).toMatchObject({ state: 'finished', outcome: 'failed' });
  expect(runOfLive({ ...live, nextAttemptAt: at(8) })).toMatchObject({ state: 'queued', nextAttemptAt: at(8) });
  expect(runOfLive({ ...live, nextAttemptAt: at(8) })).not.toHaveProperty('outcome');
  const queued: QueuedRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 2,
    notBefore: at(8),
    queuedAt: at(3),
  };
  expect(runOfQueued(queued)).toMatchObject({ attempt: 2, nextAttemptAt: at(8) });
  expect(runOfQueued({ ...queued, attempt: 1 })).not.toHaveProperty('nextAttemptAt');
});

const peer = (id: string, more: Partial<Peer> = {}): Peer => ({
  id,
  name: id,
  labels: [],
  slots: 5,
  draining: false,
  rules: { schedule: 1, tz: '' },
  ...more,
});
const placed = { name: 'a', workers: [], labels: [], runAs: undefined };

test('who is excluded gives way to the others, and tries where there is no other', () => {
  const three = [peer('w1'), peer('w2'), peer('w3')];
  expect(rankOf('w1', placed, 0, three, 'queued', 'w1')).toBeUndefined();
  expect(
    [rankOf('w2', placed, 0, three, 'queued', 'w1'), rankOf('w3', placed, 0, three, 'queued', 'w1')].toSorted(),
  ).toStrictEqual([0, 1]);
  expect(rankOf('w1', placed, 0, [peer('w1'), peer('w2', { draining: true })], 'queued', 'w1')).toBe(0);
  expect(rankOf('w1', { ...placed, labels: ['x'] }, 0, [peer('w1', { labels: ['x'] }), peer('w2')], 'queued', 'w1')).toBe(0);
});

test.each([
  ['another takes it', 'w2', 0, ['take']],
  ['who is excluded leaves it to them', 'w1', undefined, []],
  ['who is excluded and alone takes it', 'w1', 0, ['take']],
] as const)('a further attempt elsewhere: %s', (_name, me, rank, commands) => {
  const now = Date.parse(at(10));
  const asked: (string | undefined)[] = [];
  const here: Here = {
    now,
    inSync: true,
    inSyncSince: 0,
    draining: false,
    skewed: false,
    freeSlots: 1,
    me,
    rankWaitMs: 250,
    rankOf: (_job, _fireTime, _ranked, exclude) => {
      asked.push(exclude);
      return rank;
    },
    killOf: () => undefined,
  };
  const queued: QueuedRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 2,
    exclude: 'w1',
    notBefore: at(8),
    queuedAt: at(3),
  };
  const waiting: Waiting = { queued, revision: 4, created: 4 };
  const state: JobState = {
    name: 'a',
    overlap: 'skip',
    queueMax: 1,
    lateAfterMs: 60_000,
    queued: new Map([['r1', waiting]]),
    lastTick: undefined,
  };
  const types = decide(here, state, { type: 'queued', waiting }).map(({ type }) => type);
  expect(types).toStrictEqual(commands);
  expect(new Set(asked)).toStrictEqual(new Set(['w1']));
});

test('a run that waits for a further attempt takes no place among the ticks that wait for their turn', () => {
  const here: Here = {
    now: Date.parse(at(10)),
    inSync: true,
    inSyncSince: 0,
    draining: false,
    skewed: false,
    freeSlots: 1,
    me: 'w1',
    rankWaitMs: 250,
    rankOf: () => 0,
    killOf: () => undefined,
  };
  const queued: QueuedRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 2,
    notBefore: at(50),
    queuedAt: at(3),
  };
  const state: JobState = {
    name: 'a',
    overlap: 'queue',
    queueMax: 1,
    lateAfterMs: 60_000,
    queued: new Map([['r1', { queued, revision: 4, created: 4 }]]),
    lastTick: undefined,
  };
  const tick = { job: 'a', fireTime: here.now, nominalAt: here.now, prev: undefined, revision: 1 };
  expect(decide(here, state, { type: 'busy', tick, holder: 'r0' })).toStrictEqual([{ type: 'enqueue', tick, isBusy: true }]);
  const full = { ...state, queued: new Map([['r1', { queued: { ...queued, attempt: 1 }, revision: 4, created: 4 }]]) };
  expect(decide(here, full, { type: 'busy', tick, holder: 'r0' })).toStrictEqual([{ type: 'skip', tick, reason: 'overlap' }]);
  // Replaced is what has not begun.
  const replacing = decide(here, { ...state, overlap: 'replace' }, { type: 'busy', tick, holder: 'r0' });
  expect(replacing).toMatchObject([{ type: 'replace', away: [] }]);
});
