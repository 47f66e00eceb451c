import { expect, test } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import type { Kill } from '../../../web/src/live/followed.ts';
import { storyOf } from '../../../web/src/story.ts';

const AT = '2027-01-01T00:00:00.000Z';
const claimed: Run = {
  id: 'r',
  job: 'a',
  trigger: 'schedule',
  fireTime: AT,
  attempt: 1,
  state: 'finished',
  claimedAt: AT,
  startedAt: AT,
  workerName: 'one',
};
const queued: Run = { id: 'r', job: 'a', trigger: 'manual', fireTime: AT, attempt: 1, state: 'finished', by: 'anna' };
const kill: Kill = { at: AT, cause: 'killed', by: 'boris' };

test.each<[string, Run, Kill | undefined]>([
  ['It succeeded after 2.1 s.', { ...claimed, outcome: 'succeeded', durationMs: 2_100 }, undefined],
  ['It succeeded after 3 s.', { ...claimed, outcome: 'succeeded', endedAt: '2027-01-01T00:00:03.000Z' }, undefined],
  ['It failed: exit code 3 after 2.1 s.', { ...claimed, outcome: 'failed', exitCode: 3, durationMs: 2_100 }, undefined],
  [
    'It failed: its command was ended by SIGSEGV after 2.1 s.',
    { ...claimed, outcome: 'failed', signal: 'SIGSEGV', durationMs: 2_100 },
    undefined,
  ],
  [
    'Its command could not be started: no such folder',
    { ...claimed, outcome: 'failed', reason: 'startFailed', error: 'no such folder' },
    undefined,
  ],
  [
    'It took too long: it counts as timed out, and its command was let go on.',
    { ...claimed, outcome: 'timedOut', reason: 'abandoned', durationMs: 500 },
    undefined,
  ],
  [
    'It took too long: it counts as timed out, and its command was let go on. That ended with exit code 4 after 12 s.',
    { ...claimed, outcome: 'timedOut', reason: 'abandoned', exitCode: 4, durationMs: 12_000 },
    undefined,
  ],
  [
    'It was killed by boris before its next attempt.',
    { ...claimed, outcome: 'killed', reason: 'person', exitCode: 3, durationMs: 5 },
    { ...kill, isBetween: true },
  ],
  ['It was killed by boris after 12 s.', { ...claimed, outcome: 'killed', reason: 'person', durationMs: 12_000 }, kill],
  [
    'It was killed by boris after 12 s.',
    { ...claimed, trigger: 'manual', by: 'anna', outcome: 'killed', reason: 'person', durationMs: 12_000 },
    kill,
  ],
  // Who started it did not kill it.
  [
    'It was killed after 12 s.',
    { ...claimed, trigger: 'manual', by: 'anna', outcome: 'killed', reason: 'person', durationMs: 12_000 },
    undefined,
  ],
  // Where nobody signs in, nobody has a name.
  [
    'It was killed after 12 s.',
    { ...claimed, outcome: 'killed', reason: 'person', durationMs: 12_000 },
    { ...kill, by: 'anybody' },
  ],
  ['It was taken out of the queue by anna before it started.', { ...queued, outcome: 'killed', reason: 'person' }, undefined],
  ['It took too long: its timeout ended it after 10 s.', { ...claimed, outcome: 'timedOut', durationMs: 10_000 }, undefined],
  [
    'Its worker one disappeared while it ran: how far it came is not known.',
    { ...claimed, outcome: 'lost', reason: 'workerGone' },
    undefined,
  ],
  ['It did not run: it waited too long for a free worker.', { ...queued, outcome: 'skipped', reason: 'expired' }, undefined],
])('%s', (sentence, run, by) => {
  expect(storyOf({ run, kill: by })).toBe(sentence);
});

test.each<[string, Partial<Run>]>([
  ['no such command', { exitCode: 127 }],
  ['may not be executed', { exitCode: 126 }],
  ['no memory left', { exitCode: 137 }],
  ['no memory left', { signal: 'SIGKILL' }],
])('a hint: %s', (hint, end) => {
  expect(storyOf({ run: { ...claimed, outcome: 'failed', durationMs: 1, ...end } })).toContain(hint);
});

test('there is none while it has not ended', () => {
  expect(storyOf({ run: { ...claimed, state: 'running' } })).toBeUndefined();
});
