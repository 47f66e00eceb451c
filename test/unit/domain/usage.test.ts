import { expect, test } from 'vitest';
import { parseRunEvent, type RunEvent } from '../../../src/domain/events.ts';
import { applyRunEvent, toLogDocument, type Run } from '../../../src/domain/run.ts';
import { endingOf } from '../../../src/worker/finish.ts';
import { runOf } from '../../support/run-events.ts';

const usage = { cpuUserMs: 120, cpuSystemMs: 30, peakMemoryBytes: 7_000_000, shared: true };
const documentOf = (events: readonly RunEvent[]) => toLogDocument(events);
const seen = (events: readonly RunEvent[]): Run | undefined => events.reduce<Run | undefined>(applyRunEvent, undefined);

test('what a run used goes from the exit of its launcher into its end, its view and its document', () => {
  const at = '2026-01-01T00:00:05.000Z';
  expect(endingOf({ v: 1, runId: 'r', attempt: 1, pid: 1, at, startedAt: at, exitCode: 0, usage }).usage).toStrictEqual(usage);
  const { events } = runOf('a', { finished: { usage } });
  expect(seen(events)?.usage).toStrictEqual(usage);
  expect(documentOf(events)?.usage).toStrictEqual(usage);
});

test('a run of which nobody could tell says so', () => {
  const { events } = runOf('a');
  expect(seen(events)).not.toHaveProperty('usage');
  expect(documentOf(events)?.usage).toBeNull();
});

test('what a further attempt has used is not what the one before has', () => {
  const first = runOf('a', { finished: { usage } });
  const { begin } = runOf('a', { runId: first.runId, attempt: 2 });
  expect(seen([...first.events, ...begin])).not.toHaveProperty('usage');
});

test('usage of a newer launcher is read, with what this version does not know', () => {
  const { events } = runOf('a', { finished: { usage } });
  const newer = { ...events.at(-1), usage: { ...usage, ioBytes: 5 } };
  expect(parseRunEvent('id', newer)).toMatchObject({ type: 'finished', usage });
});
