import { expect, test } from 'vitest';
import { eventId } from '../../../src/domain/events.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import { endOfAttempted, endOfQueued } from '../../../src/domain/queued.ts';
import type { LiveRun, QueuedRun } from '../../../src/domain/values.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const at = (ms: number): string => toInstant(now + ms);
const queued = (more: Partial<QueuedRun> = {}): QueuedRun => ({
  v: 1,
  runId: 'q1',
  job: 'a',
  trigger: 'schedule',
  fireTime: at(0),
  attempt: 1,
  notBefore: at(0),
  queuedAt: at(0),
  ...more,
});
const expired = { at: now + 5_000, outcome: 'skipped', reason: 'expired' } as const;

test('the end of a tick that waited is told of its run', () => {
  const event = endOfQueued(queued(), expired);
  expect(event).toStrictEqual({
    v: 1,
    type: 'dropped',
    job: 'a',
    runId: 'q1',
    attempt: 1,
    at: at(5_000),
    outcome: 'skipped',
    reason: 'expired',
    trigger: 'schedule',
    fireTime: at(0),
  });
  expect(eventId(event)).toBe('q1/001/dropped');
});

test('the end of a range to be caught up is told of the ticks that it still had, as skipped: somebody decided it', () => {
  const range = queued({ trigger: 'catchUp', to: at(9_000), count: 10, worker: 'w1' });
  expect(endOfQueued(range, expired)).toStrictEqual({
    v: 1,
    type: 'ticksMissed',
    job: 'a',
    at: at(5_000),
    from: at(0),
    to: at(9_000),
    count: 10,
    fate: 'skipped',
    reason: 'expired',
    of: 'w1',
  });
});

test('two workers that end what is the same range for each tell two facts', () => {
  const idOf = (worker: string) => eventId(endOfQueued(queued({ trigger: 'catchUp', to: at(9_000), worker }), expired));
  expect(idOf('w1')).not.toBe(idOf('w2'));
});

test('the end of a backfill is told of the backfill: its ticks had their fate before', () => {
  const event = endOfQueued(queued({ trigger: 'backfill', to: at(9_000), count: 10, by: 'ann' }), {
    at: now,
    outcome: 'killed',
    reason: 'person',
    by: 'bob',
  });
  expect(event).toMatchObject({ type: 'dropped', runId: 'q1', outcome: 'killed', trigger: 'backfill', by: 'bob' });
});

test('a further attempt that never starts ends the run as the attempt before it ended, unless somebody killed it', () => {
  const second = queued({ attempt: 2, after: 'timedOut' });
  expect(endOfQueued(second, expired)).toMatchObject({ outcome: 'timedOut', reason: 'expired' });
  expect(endOfQueued(second, { ...expired, outcome: 'killed' })).toMatchObject({ outcome: 'killed' });
});

test('the run key and `last` are told only where an attempt has ended and this one is a later one', () => {
  const live: LiveRun = {
    v: 1,
    runId: 'q1',
    job: 'a',
    worker: 'w1',
    workerName: 'one',
    attempt: 1,
    trigger: 'schedule',
    fireTime: at(0),
    state: 'ended',
    outcome: 'failed',
    claimedAt: at(0),
    jobRevision: 7,
    overlap: 'skip',
    locks: true,
    lostAfterMs: 1,
    killGraceMs: 1,
    latenessMs: 0,
    nextAttemptAt: at(3_000),
  };
  const event = endOfQueued(queued({ attempt: 2, after: 'failed' }), expired);
  const ended = endOfAttempted(event, { live, revision: 9 });
  expect(ended).toMatchObject({
    runRevision: 9,
    ended: { outcome: 'failed', reason: 'expired', endedAt: at(5_000) },
    last: { runId: 'q1', outcome: 'failed' },
  });
  expect(ended?.ended).not.toHaveProperty('nextAttemptAt');
  expect(endOfAttempted(event, undefined)).toBeUndefined();
  expect(endOfAttempted(event, { live: { ...live, state: 'running' }, revision: 9 })).toBeUndefined();
  expect(endOfAttempted(event, { live: { ...live, attempt: 2 }, revision: 9 })).toBeUndefined();
  expect(endOfAttempted(endOfQueued(queued({ trigger: 'catchUp', to: at(1) }), expired), { live, revision: 9 })).toBeUndefined();
});
