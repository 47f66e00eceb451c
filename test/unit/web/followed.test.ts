import { expect, test } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import type { LiveEvent } from '../../../src/domain/wire.ts';
import { createFollowed } from '../../../web/src/live/followed.ts';
import { leftOf } from '../../../web/src/story.ts';
import { MOST } from '../../../web/src/output/terminal.ts';

const AT = '2027-01-01T00:00:00.000Z';
const queued: Run = { id: 'r', job: 'a', trigger: 'manual', fireTime: AT, attempt: 1, state: 'queued' };

const event = (type: string, attempt: number, seq: number, more: object = {}): LiveEvent => ({
  v: 1,
  type,
  runId: 'r',
  job: 'a',
  attempt,
  seq,
  at: AT,
  ...more,
});
const bytesOf = (text: string): readonly number[] => [...new TextEncoder().encode(text)];
const base64 = (data: readonly number[] | string): string =>
  btoa(String.fromCharCode(...(typeof data === 'string' ? bytesOf(data) : data)));
const output = (attempt: number, seq: number, data: readonly number[] | string, more: object = {}): LiveEvent =>
  event('output', attempt, seq, { offset: 0, data: base64(data), ...more });
const claimed = (attempt: number): LiveEvent =>
  event('claimed', attempt, 0, {
    trigger: 'manual',
    fireTime: AT,
    worker: 'w',
    workerName: 'one',
    fence: 1,
    jobRevision: 1,
    command: 'x',
    latenessMs: 0,
  });

const follow = (first: Run, ...events: readonly LiveEvent[]) => {
  const follower = createFollowed(first);
  for (const each of events) follower.hear(each);
  return follower.followed();
};
const textOf = (...events: readonly LiveEvent[]): string =>
  follow(queued, ...events)
    .attempts.map(({ lines }) => lines.map(({ text }) => text).join('\n'))
    .join('|');

test('a run from waiting to its end, by the reducer that all use', () => {
  const states: string[] = [];
  const follower = createFollowed(queued);
  for (const each of [
    claimed(1),
    event('started', 1, 1, { pid: 7, host: 'h' }),
    output(1, 2, 'hi\n'),
    event('finished', 1, 3, { outcome: 'failed', exitCode: 3 }),
  ]) {
    follower.hear(each);
    const { run } = follower.followed();
    states.push(run.outcome ?? run.state);
  }
  expect(states).toEqual(['running', 'running', 'running', 'failed']);
  expect(follower.followed()).toMatchObject({
    run: { workerName: 'one', exitCode: 3, outputBytes: 3 },
    attempts: [
      { attempt: 1, workerName: 'one', host: 'h', startedAt: AT, end: { exitCode: 3 }, lines: [{ text: 'hi', at: AT }] },
    ],
    jobRevision: 1,
  });
});

test('a run that has ended never looks as if it ran again while its events are read', () => {
  const ended: Run = { ...queued, state: 'finished', outcome: 'succeeded', endedAt: AT };
  expect(follow(ended, claimed(1), event('started', 1, 1, { pid: 7, host: 'h' })).run.state).toBe('finished');
});

test('an event that comes twice, or late, prints nothing twice', () => {
  expect(textOf(output(1, 0, 'a'), output(1, 1, 'b'), output(1, 0, 'a'), output(1, 1, 'b'), output(1, 2, 'c'))).toBe('abc');
});

test('a character cut in two comes whole; bytes that are no text harm nothing', () => {
  const [first, ...rest] = bytesOf('ü');
  expect(textOf(output(1, 0, [first!]), output(1, 1, rest))).toBe('ü');
  expect(textOf(output(1, 0, [0xff, 0x61]), output(1, 1, 'b'))).toBe('\ufffdab');
});

test('attempts are apart, and a half character of the first is not the second’s', () => {
  expect(textOf(output(1, 0, [0xc3]), claimed(2), output(2, 1, 'b'))).toBe('|b');
  expect(textOf(output(1, 0, 'a'), claimed(2), output(2, 1, 'b'))).toBe('a|b');
});

test('what the limit left out is said where it is missing', () => {
  expect(textOf(output(1, 0, 'head'), output(1, 1, 'tail', { droppedBytes: 1_500_000 }))).toMatch(/^head\n.*1.5 MB.*\ntail$/);
});

test('of a very long output the end is kept, and said so', () => {
  const chunks = Array.from({ length: 25 }, (_, seq) => output(1, seq, `${'x'.repeat(20)}\n`.repeat(3_000)));
  const [attempt] = follow(queued, ...chunks, output(1, 25, 'end')).attempts;
  expect(attempt!.isCut).toBe(true);
  expect(attempt!.lines.length).toBeLessThanOrEqual(MOST.lines * 1.2 + 1);
  expect(attempt!.lines.at(-1)).toMatchObject({ text: 'end', number: 75_000 });
});

test('each attempt has its own end and worker; the last line of all is the run’s', () => {
  const { run, attempts } = follow(
    queued,
    claimed(1),
    output(1, 1, 'a'),
    event('attemptEnded', 1, 2, { outcome: 'failed', exitCode: 3 }),
    { ...claimed(2), workerName: 'two' } as LiveEvent,
    event('finished', 2, 1, { outcome: 'succeeded', exitCode: 0 }),
  );
  expect(attempts).toMatchObject([
    { attempt: 1, workerName: 'one', end: { outcome: 'failed', exitCode: 3 } },
    { attempt: 2, workerName: 'two', end: { outcome: 'succeeded' } },
  ]);
  expect(run).toMatchObject({ attempt: 2, outcome: 'succeeded' });
});

test('who asked for the kill, and what the command got, though somebody else had started the run', () => {
  const { run, kill } = follow(
    { ...queued, by: 'anna' },
    claimed(1),
    event('killAsked', 1, 1, { cause: 'killed', by: 'boris' }),
    event('signalled', 1, 2, { cause: 'killed', signal: 'TERM' }),
  );
  expect(run.by).toBe('anna');
  expect(kill).toEqual({ at: AT, cause: 'killed', by: 'boris', signal: 'TERM' });
});

test('an event that this version does not know changes nothing', () => {
  const { run } = follow(queued, claimed(1), event('somethingNew', 1, 1), output(1, 2, 'a'));
  expect(run).toMatchObject({ state: 'running', outputBytes: 1 });
});

test('a command that was let go on tells of itself while the next attempt runs; what comes twice counts once', () => {
  const end = { outcome: 'timedOut', reason: 'abandoned' };
  const begun = [
    claimed(1),
    event('started', 1, 1, { pid: 77, host: 'h' }),
    event('attemptEnded', 1, 2, end),
    claimed(2),
    output(2, 1, 'b'),
    output(1, 3, 'a'),
    output(1, 3, 'a'),
  ];
  const { attempts, run } = follow(queued, ...begun);
  expect(run.attempt).toBe(2);
  expect(attempts.map(({ lines }) => lines.map(({ text }) => text).join('|'))).toEqual(['a', 'b']);
  expect(leftOf(attempts)).toEqual([{ attempt: 1, host: 'h', pid: 77 }]);
  expect(leftOf(follow(queued, ...begun, event('attemptEnded', 1, 4, end)).attempts)).toEqual([]);
});
