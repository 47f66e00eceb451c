import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withDefaults, type Job } from '../../../src/domain/job.ts';
import { delayOf, nextAttempt, retryOfClaim, type Ended } from '../../../src/domain/retry.ts';
import type { LiveRun, QueuedRun } from '../../../src/domain/values.ts';

const AT = '2027-01-31T09:00:00.000Z';
const fullOf = (retry: Job['retry'], more: Partial<Job> = {}) =>
  withDefaults({ name: 'a', command: 'x', cronExpr: '* * * * *', ...more, ...(retry && { retry }) });
const liveOf = (retry: Job['retry'], more: Partial<LiveRun> = {}, queued?: QueuedRun): LiveRun => ({
  v: 1,
  runId: 'r1',
  job: 'a',
  worker: 'w1',
  workerName: 'one',
  attempt: 1,
  trigger: 'schedule',
  fireTime: '2027-01-31T08:59:00.000Z',
  nominalAt: '2027-01-31T08:58:59.000Z',
  state: 'running',
  claimedAt: AT,
  jobRevision: 1,
  overlap: 'skip',
  locks: true,
  lostAfterMs: 180_000,
  killGraceMs: 10_000,
  latenessMs: 7,
  ...(retryOfClaim(fullOf(retry), queued) && { retry: retryOfClaim(fullOf(retry), queued)! }),
  ...more,
});
const failed: Ended = { at: AT, outcome: 'failed', exitCode: 3 };

test.each<[string, Job['retry'], Ended, boolean]>([
  ['no retry', undefined, failed, false],
  ['none further, whatever else is set', { lost: true, delayMs: 5 }, failed, false],
  ['failed', { max: 1 }, failed, true],
  ['succeeded', { max: 1 }, { at: AT, outcome: 'succeeded', exitCode: 0 }, false],
  ['an exit code that counts', { max: 1, on: [3, 4] }, failed, true],
  ['an exit code that does not', { max: 1, on: [4] }, failed, false],
  ['no code counts', { max: 1, on: [] }, failed, false],
  ['by a signal, which a shell would tell as 137', { max: 1, on: [137] }, { at: AT, outcome: 'failed', signal: 'SIGKILL' }, true],
  ['by another signal', { max: 1, on: [137] }, { at: AT, outcome: 'failed', signal: 'SIGSEGV' }, false],
  ['by a signal that has no number here', { max: 1, on: [0] }, { at: AT, outcome: 'failed', signal: 'SIGODD' }, false],
  ['could not be started', { max: 1 }, { at: AT, outcome: 'failed', reason: 'startFailed' }, true],
  ['could not be started, and codes are named', { max: 1, on: [1] }, { at: AT, outcome: 'failed', reason: 'startFailed' }, false],
  ['timed out', { max: 1 }, { at: AT, outcome: 'timedOut' }, true],
  ['timed out, and codes are named', { max: 1, on: [1] }, { at: AT, outcome: 'timedOut' }, true],
  ['abandoned', { max: 1 }, { at: AT, outcome: 'timedOut', reason: 'abandoned' }, true],
  ['timed out, which does not count', { max: 1, timeouts: false }, { at: AT, outcome: 'timedOut' }, false],
  ['lost', { max: 1 }, { at: AT, outcome: 'lost', reason: 'workerGone' }, false],
  ['lost, which counts', { max: 1, lost: true }, { at: AT, outcome: 'lost', reason: 'workerGone' }, true],
  ['killed by a person', { max: 1, lost: true }, { at: AT, outcome: 'killed', reason: 'person' }, false],
  ['replaced by a newer tick', { max: 1, lost: true }, { at: AT, outcome: 'killed', reason: 'replaced' }, false],
  ['ended by its own host at the deadline', { max: 1, lost: true }, { at: AT, outcome: 'killed', reason: 'leaseLost' }, true],
  ['ended by its own host, and lost does not count', { max: 1 }, { at: AT, outcome: 'killed', reason: 'leaseLost' }, false],
])('%s: whether it is tried again', (_name, retry, ended, isTriedAgain) => {
  expect(nextAttempt(liveOf(retry), ended) !== undefined).toBe(isTriedAgain);
});

test('the run goes on under its id, with the next number, on the same worker', () => {
  const next = nextAttempt(liveOf({ max: 3, delayMs: 0 }, { by: 'ann' }), failed);
  expect(next).toStrictEqual({
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: '2027-01-31T08:59:00.000Z',
    nominalAt: '2027-01-31T08:58:59.000Z',
    attempt: 2,
    worker: 'w1',
    movesAfterMs: 180_000,
    notBefore: AT,
    notAfter: '2027-01-31T10:00:00.000Z',
    queuedAt: AT,
    after: 'failed',
    latenessMs: 7,
    by: 'ann',
  });
});

test('max counts the further attempts', () => {
  const attempts = [1, 2, 3].map((attempt) => nextAttempt(liveOf({ max: 2 }, { attempt }), failed)?.attempt);
  expect(attempts).toStrictEqual([2, 3, undefined]);
});

test('where the next attempt goes', () => {
  const placeOf = (live: LiveRun, ended: Ended = failed) => {
    const { worker, exclude, movesAfterMs } = nextAttempt(live, ended) ?? {};
    return { worker, exclude, movesAfterMs };
  };
  expect(placeOf(liveOf({ max: 1 }))).toStrictEqual({ worker: 'w1', exclude: undefined, movesAfterMs: 180_000 });
  expect(placeOf(liveOf({ max: 1, elsewhere: true }))).toStrictEqual({
    worker: undefined,
    exclude: 'w1',
    movesAfterMs: undefined,
  });
  expect(placeOf(liveOf({ max: 1, lost: true }), { at: AT, outcome: 'lost', reason: 'workerGone' })).toMatchObject({
    exclude: 'w1',
  });
  // What its own worker found out of after a restart stays there.
  expect(placeOf(liveOf({ max: 1, lost: true }), { at: AT, outcome: 'lost', reason: 'exitUnknown' })).toMatchObject({
    worker: 'w1',
  });
  expect(placeOf(liveOf({ max: 1 }, { lostAfterMs: 'never' }))).toMatchObject({ worker: 'w1', movesAfterMs: undefined });
  // What its worker's own configuration refused goes to another one, or is over where there can be none.
  const refused: Ended = { at: AT, outcome: 'failed', reason: 'notAllowed' };
  expect(placeOf(liveOf({ max: 1 }), refused)).toMatchObject({ worker: undefined, exclude: 'w1' });
  expect(nextAttempt(liveOf({ max: 1 }, { of: 'w1' }), refused)).toBeUndefined();
  // A run that each worker has of its own (placement all).
  expect(placeOf(liveOf({ max: 1, elsewhere: true }, { of: 'w1' }))).toMatchObject({ worker: 'w1', movesAfterMs: undefined });
});

test('what a person asked for goes with every attempt: the very worker, parameters, environment', () => {
  const asked: QueuedRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'manual',
    fireTime: AT,
    attempt: 1,
    worker: 'w1',
    params: { day: 'monday' },
    env: { A: 'b' },
    notBefore: AT,
    queuedAt: AT,
  };
  const second = nextAttempt(liveOf({ max: 2, elsewhere: true }, {}, asked), failed)!;
  expect(second).toMatchObject({ worker: 'w1', params: { day: 'monday' }, env: { A: 'b' } });
  expect(second).not.toHaveProperty('exclude');
  expect(second).not.toHaveProperty('movesAfterMs');
  const third = nextAttempt(liveOf({ max: 2, elsewhere: true }, { attempt: 2 }, second), failed);
  expect(third).toMatchObject({ worker: 'w1', params: { day: 'monday' }, env: { A: 'b' }, attempt: 3 });
  // One that the first attempt's worker is only tried first for stays free to move.
  const free = nextAttempt(liveOf({ max: 2 }), failed);
  expect(nextAttempt(liveOf({ max: 2 }, { attempt: 2 }, free), failed)).toMatchObject({ movesAfterMs: 180_000 });
});

test('delays grow by the factor up to the longest, and are never longer than asked for', () => {
  const rule = { delayMs: 1_000, factor: 3, maxDelayMs: 10_000 };
  const wholes = [1_000, 3_000, 9_000, 10_000, 10_000];
  fc.assert(
    fc.property(fc.uuid(), (runId) => {
      wholes.forEach((whole, index) => {
        const delay = delayOf(rule, runId, index + 1);
        expect(delay).toBeLessThanOrEqual(whole);
        expect(delay).toBeGreaterThanOrEqual(whole * 0.8 - 1);
        expect(delayOf(rule, runId, index + 1)).toBe(delay);
      });
    }),
  );
  const spread = new Set(Array.from({ length: 50 }, (_, index) => delayOf(rule, `run ${String(index)}`, 1)));
  expect(spread.size).toBeGreaterThan(30);
});

test('the shortening of times for tests does not touch delays', () => {
  expect(
    withDefaults({ name: 'a', command: 'x', cronExpr: '* * * * *', retry: { max: 1, delayMs: 500 } }, 60).retry,
  ).toMatchObject({
    delayMs: 500,
    maxDelayMs: 300_000,
  });
});
