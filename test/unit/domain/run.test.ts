import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventId, parseRunEvent, type RunEvent } from '../../../src/domain/events.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { applyRunEvent, toLogDocument, type Run } from '../../../src/domain/run.ts';
import { parseLiveRun, parsePresence } from '../../../src/domain/values.ts';

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`;
const of = { v: 1, job: 'a', runId: 'r1', attempt: 1 } as const;
const claimed: RunEvent = {
  ...of,
  type: 'claimed',
  seq: 0,
  at: at(1),
  trigger: 'schedule',
  fireTime: at(0),
  nominalAt: at(0),
  worker: 'w1',
  workerName: 'one',
  fence: 12,
  jobRevision: 7,
  command: 'echo',
  latenessMs: 1000,
};
const started: RunEvent = { ...of, type: 'started', seq: 1, at: at(2), pid: 42, host: 'h' };
const output = (seq: number, text: string, offset: number): RunEvent => ({
  ...of,
  type: 'output',
  seq,
  at: at(3),
  offset,
  data: new TextEncoder().encode(text),
});
const finished: RunEvent = {
  ...of,
  type: 'finished',
  seq: 9,
  at: at(5),
  outcome: 'failed',
  exitCode: 3,
  durationMs: 3000,
  outputBytes: 4,
};
const lost: RunEvent = {
  ...of,
  type: 'lost',
  at: at(4),
  reason: 'workerGone',
  worker: 'w1',
  trigger: 'schedule',
  fireTime: at(0),
};
const runOf = (events: readonly RunEvent[]): Run | undefined => events.reduce<Run | undefined>(applyRunEvent, undefined);

test('a run from its events', () => {
  expect(runOf([claimed, started, output(2, 'ab', 0), output(3, 'cd', 2), finished])).toStrictEqual({
    id: 'r1',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    nominalAt: at(0),
    attempt: 1,
    worker: 'w1',
    workerName: 'one',
    fence: 12,
    command: 'echo',
    latenessMs: 1000,
    claimedAt: at(1),
    startedAt: at(2),
    pid: 42,
    outputBytes: 4,
    state: 'finished',
    outcome: 'failed',
    exitCode: 3,
    durationMs: 3000,
    endedAt: at(5),
  });
});

test('an event told twice leaves the run as it is', () => {
  const events = [claimed, started, output(2, 'ab', 0), finished];
  expect(runOf(events.flatMap((event) => [event, event]))).toStrictEqual(runOf(events));
});

test('a finished that comes after lost corrects it, a lost after finished does not', () => {
  expect(runOf([claimed, lost])).toMatchObject({ outcome: 'lost', reason: 'workerGone' });
  expect(runOf([claimed, lost, finished])).toMatchObject({ outcome: 'failed', exitCode: 3 });
  expect(runOf([claimed, lost, finished])).not.toHaveProperty('reason');
  expect(runOf([claimed, finished, lost])).toMatchObject({ outcome: 'failed' });
});

test('a lost run is told in full though its own events are lost with its host (P3)', () => {
  expect(runOf([lost])).toMatchObject({ id: 'r1', fireTime: at(0), state: 'finished', outcome: 'lost', worker: 'w1' });
});

test('the log document has the field names of this family, in milliseconds', () => {
  const document = toLogDocument([claimed, started, output(2, 'ab', 0), output(3, 'c\0', 2), finished]);
  expect(document).toMatchObject({
    _id: 'r1',
    jobName: 'a',
    command: 'echo',
    err: '',
    output: 'abc\uFFFD',
    planTime: Date.parse(at(0)),
    scheduleTime: Date.parse(at(1)),
    startTime: Date.parse(at(2)),
    endTime: Date.parse(at(5)),
    outcome: 'failed',
    exitCode: 3,
  });
  expect(toLogDocument([claimed, started])).toBeUndefined();
});

test('the log document keeps the last 64 kB of the output', () => {
  const big = output(2, `${'x'.repeat(100_000)}end`, 0);
  expect(toLogDocument([claimed, big, finished])?.output).toHaveLength(65_536);
  expect(toLogDocument([claimed, big, finished])?.output.endsWith('end')).toBe(true);
});

test('ids of a run sort as its events happened', () => {
  const ids = [claimed, started, output(2, '', 0), output(10, '', 0), finished].map(eventId);
  expect(ids[0]).toBe('r1/001/00000000');
  expect([...ids.slice(0, 3), ids[4], ids[3]].toSorted()).toStrictEqual([...ids.slice(0, 3), ids[4], ids[3]]);
  expect(eventId(lost)).toBe('r1/001/lost');
});

test('an event of a newer version or an unknown type is kept, and harms nothing', () => {
  const newer = parseRunEvent('r1/001/00000003', { ...of, v: 9, type: 'paused', seq: 3, at: at(3), why: { deep: true } });
  expect(newer).toMatchObject({ type: 'unknown', was: 'paused', id: 'r1/001/00000003' });
  expect(runOf([claimed, newer as RunEvent, finished])).toStrictEqual(runOf([claimed, finished]));
  const unparsed = { ...of, type: 'paused', seq: 3, at: at(3) } as unknown as RunEvent;
  expect(runOf([claimed, unparsed, finished])).toStrictEqual(runOf([claimed, finished]));
  expect(runOf([unparsed])).toBeUndefined();
  expect(eventId(newer)).toBe('r1/001/00000003');
  for (const raw of [null, 5, [], 'x', { type: 5 }]) expect(parseRunEvent('x', raw)).toMatchObject({ type: 'unknown' });
  expect(parseRunEvent('x', { ...claimed, v: 9, colour: 'red' })).toMatchObject({ type: 'claimed', colour: 'red' });
});

test('stored values of a newer version are read by what is known of them', () => {
  const live = {
    v: 9,
    runId: 'r1',
    job: 'a',
    worker: 'w',
    workerName: 'w',
    attempt: 1,
    trigger: 'schedule',
    fireTime: at(0),
    state: 'running',
    claimedAt: at(0),
    jobRevision: 1,
    overlap: 'somethingNew',
    locks: true,
    lostAfterMs: 'never',
    killGraceMs: 1,
    latenessMs: 0,
    quota: {},
  };
  expect(parseLiveRun(JSON.stringify(live)).ok).toBe(true);
  expect(parsePresence('{"v":9}').ok).toBe(false);
  expect(parsePresence('nonsense')).toMatchObject({ ok: false, problems: [{ code: 'notJson' }] });
});

test('keys are parsed as they are built, whatever the prefix and the name', () => {
  fc.assert(
    fc.property(fc.constantFrom('/cron', '/a/b', 'x'), fc.stringMatching(/^[a-z.备-]{1,20}$/), fc.uuid(), (prefix, job, id) => {
      const keys = createKeys(prefix);
      expect(keys.runOf(keys.run(job, id))).toStrictEqual({ job, id });
      expect(keys.killOf(keys.killer(job))).toStrictEqual({ job, id: undefined });
      expect(keys.jobOf(keys.job(job))).toBe(job);
    }),
  );
});
