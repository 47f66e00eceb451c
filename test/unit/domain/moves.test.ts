import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { claimTick, finishRun, loseRun, saveJob, skipTick } from '../../../src/domain/moves.ts';
import { whyRefused, type Asked, type Reads } from '../../../src/domain/refusal.ts';
import { formatCursor, parseCursor, type Tick } from '../../../src/domain/tick.ts';
import type { LiveRun } from '../../../src/domain/values.ts';

const keys = createKeys('/cron/');
const at = Date.parse('2026-01-01T00:00:00Z');
const tick: Tick = { job: 'a', fireTime: at, nominalAt: at, prev: at - 60_000, revision: 7 };
const live: LiveRun = {
  v: 1,
  runId: 'r1',
  job: 'a',
  worker: 'w1',
  workerName: 'one',
  attempt: 1,
  trigger: 'schedule',
  fireTime: toInstant(at),
  state: 'running',
  claimedAt: toInstant(at + 3),
  jobRevision: 7,
  overlap: 'skip',
  locks: true,
  lostAfterMs: 180_000,
  killGraceMs: 10_000,
  latenessMs: 3,
};
const hash = 'h1';
const base = { keys, tick, hash, jobRevision: 7, worker: 'w1' };

test('P1: a claim moves the cursor from exactly the tick before, or does nothing', () => {
  const claim = claimTick({ ...base, form: { type: 'after', prev: tick.prev }, live });
  expect(claim.if).toStrictEqual([
    { type: 'value', key: '/cron/ticks/a', op: '>', than: '2025-12-31T23:59:00.000Z' },
    { type: 'value', key: '/cron/ticks/a', op: '<', than: '2026-01-01T00:00:00.000Z' },
    { type: 'absent', key: '/cron/lock/a' },
    { type: 'revision', key: '/cron/jobs/a', is: 7 },
    { type: 'exists', key: '/cron/workers/w1' },
  ]);
  expect(claim.then.map((each) => `${each.type} ${each.key}`)).toStrictEqual([
    'get /cron/ticks/a',
    'put /cron/ticks/a',
    'put /cron/lock/a',
    'put /cron/runs/a/r1',
  ]);
});

test('P1: cursors compare as text, whatever follows the instant', () => {
  const cursor = formatCursor({ at: toInstant(at), decision: { v: 1, fate: 'ran', hash } });
  expect(cursor > toInstant(at)).toBe(true);
  expect(cursor < toInstant(at + 1)).toBe(true);
  expect(parseCursor(cursor)).toStrictEqual({ at: toInstant(at), decision: { v: 1, fate: 'ran', hash } });
});

test.each(['', 'x', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z {', '2026-13-01T00:00:00.000Z {"v":1,"hash":"h"}'])(
  'a cursor written by hand as %j is no cursor',
  (text) => {
    expect(parseCursor(text)).toBeUndefined();
  },
);

test('P2: without overlap there is a lock, with allow there is none', () => {
  const claim = claimTick({ ...base, form: { type: 'none' }, live: { ...live, locks: false, overlap: 'allow' } });
  expect(JSON.stringify(claim.then)).not.toContain('/cron/lock/');
  expect(claim.if).toContainEqual({ type: 'absent', key: '/cron/ticks/a' });
});

test('P6: a late skip cannot put an old hash back', () => {
  const event = { v: 1, type: 'tickSkipped', job: 'a', at: toInstant(at), fireTime: toInstant(at), reason: 'overlap' } as const;
  expect(skipTick({ ...base, form: { type: 'exact', revision: 3 }, event }).if).toContainEqual({
    type: 'revision',
    key: '/cron/jobs/a',
    is: 7,
  });
});

test('P5: the finish takes the kill away, and the lock only when it is its own', () => {
  const ended: LiveRun = { ...live, state: 'ended', outcome: 'succeeded' };
  const last = { v: 1, runId: 'r1', fireTime: live.fireTime, outcome: 'succeeded', endedAt: toInstant(at) } as const;
  const own = finishRun({ keys, ended, last, runRevision: 9, lockRevision: 9 });
  expect(own.then).toContainEqual({ type: 'delete', key: '/cron/killer/a/r1' });
  expect(own.then).toContainEqual({ type: 'delete', key: '/cron/lock/a' });
  expect(JSON.stringify(finishRun({ keys, ended, last, runRevision: 9, lockRevision: undefined }))).not.toContain(
    '"delete","key":"/cron/lock/a"',
  );
  const event = {
    v: 1,
    type: 'lost',
    job: 'a',
    runId: 'r1',
    attempt: 1,
    at: toInstant(at),
    reason: 'workerGone',
    worker: 'w1',
  } as const;
  expect(loseRun({ keys, ended, last, runRevision: 9, owner: 'w1', holdsLock: true, event }).if).toContainEqual({
    type: 'absent',
    key: '/cron/workers/w1',
  });
});

test('a save of an unchanged schedule leaves the cursor alone', () => {
  const save = { keys, name: 'a', value: '{}', read: { jobRevision: 7, cursorRevision: 5 }, events: [] };
  expect(JSON.stringify(saveJob(save).then)).not.toContain('/cron/ticks/a');
  expect(saveJob({ ...save, mark: { at, hash } }).if).toContainEqual({ type: 'revision', key: '/cron/ticks/a', is: 5 });
});

const asked: Asked = { tick, form: { type: 'after', prev: tick.prev }, jobRevision: 7, hash, locks: true, worker: 'w1' };
const cursorAt = (ms: number, of = hash): Reads['cursor'] => ({
  value: formatCursor({ at: toInstant(ms), decision: { v: 1, hash: of } }),
  revision: 5,
  created: 1,
});
const job: Reads['job'] = { value: '{}', revision: 7, created: 2 };
const lock: Reads['lock'] = { value: 'r0', revision: 6, created: 6 };
const none = undefined;

test.each([
  [
    'my run key is there: the answer was lost',
    { cursor: cursorAt(at), lock: none, job, run: { value: JSON.stringify(live), revision: 9, created: 9 } },
    asked,
    { type: 'answerLost', fence: 9, live },
  ],
  [
    'it is there and has ended',
    {
      cursor: cursorAt(at),
      lock: none,
      job,
      run: { value: JSON.stringify({ ...live, state: 'ended' }), revision: 9, created: 8 },
    },
    asked,
    { type: 'decided' },
  ],
  ['the cursor is at the tick', { cursor: cursorAt(at), lock, job, run: none }, asked, { type: 'decided' }],
  [
    'the cursor is past it, by a mark of another schedule',
    { cursor: cursorAt(at + 5, 'h2'), lock: none, job: none, run: none },
    asked,
    { type: 'decided' },
  ],
  ['the job is gone', { cursor: cursorAt(at - 60_000), lock: none, job: none, run: none }, asked, { type: 'jobGone' }],
  [
    'the job was edited',
    { cursor: cursorAt(at - 60_000), lock, job: { value: '{"a":1}', revision: 8, created: 2 }, run: none },
    asked,
    { type: 'edited', jobValue: '{"a":1}', jobRevision: 8 },
  ],
  ['there is no cursor yet', { cursor: none, lock: none, job, run: none }, asked, { type: 'otherForm', form: { type: 'none' } }],
  [
    'there is none, and the job is busy',
    { cursor: none, lock, job, run: none },
    { ...asked, form: { type: 'none' } },
    { type: 'busy', holder: 'r0' },
  ],
  [
    'the cursor is of another schedule: no gap',
    { cursor: cursorAt(at - 9e6, 'h2'), lock: none, job, run: none },
    asked,
    { type: 'otherForm', form: { type: 'exact', revision: 5 } },
  ],
  [
    'the cursor was written by hand',
    { cursor: { value: 'x', revision: 5, created: 1 }, lock: none, job, run: none },
    asked,
    { type: 'otherForm', form: { type: 'exact', revision: 5 } },
  ],
  [
    'ticks lie between',
    { cursor: cursorAt(at - 120_000), lock, job, run: none },
    asked,
    { type: 'gap', cursorAt: at - 120_000, form: { type: 'exact', revision: 5 }, waits: undefined },
  ],
  ['the job is busy', { cursor: cursorAt(at - 60_000), lock, job, run: none }, asked, { type: 'busy', holder: 'r0' }],
  [
    'busy does not count where runs may overlap',
    { cursor: cursorAt(at - 60_000), lock, job, run: none },
    { ...asked, locks: false },
    { type: 'unexplained' },
  ],
  ['the worker is not registered', { cursor: cursorAt(at - 60_000), lock: none, job, run: none }, asked, { type: 'unexplained' }],
] as readonly (readonly [string, Reads, Asked, object])[])('why not: %s', (_case, reads, what, expected) => {
  expect(whyRefused(reads, what)).toStrictEqual(expected);
});
