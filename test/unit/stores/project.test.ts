import { expect, test } from 'vitest';
import { eventId, type RunEvent } from '../../../src/domain/events.ts';
import type { LogDocument } from '../../../src/domain/run.ts';
import { createKept, earlierOf, projectionOf, runsOf, settle, wholeRuns, type Projected } from '../../../src/stores/project.ts';

const at = '2026-01-01T00:00:00.000Z';
const of = (attempt = 1) => ({ v: 1, job: 'a', runId: 'r', attempt, at }) as const;
const claimed = (attempt = 1): RunEvent => ({
  ...of(attempt),
  type: 'claimed',
  seq: 0,
  trigger: 'schedule',
  fireTime: at,
  worker: 'w',
  workerName: 'w',
  fence: 1,
  jobRevision: 1,
  command: 'x',
  latenessMs: 0,
});
const output = (seq: number, bytes: number): RunEvent => ({
  ...of(),
  type: 'output',
  seq,
  offset: 0,
  data: new Uint8Array(bytes).fill(97 + (seq % 26)),
});
const finished = (seq: number, attempt = 1): RunEvent => ({ ...of(attempt), type: 'finished', seq, outcome: 'succeeded' });
const lost: RunEvent = { ...of(), type: 'lost', reason: 'workerGone', worker: 'w' };

const idsOf = (events: readonly RunEvent[]): readonly string[] => events.map(eventId);

test('of a big output only the end is kept, and the document is the same as from all of it', () => {
  const all = [claimed(), ...Array.from({ length: 3_000 }, (_, index) => output(1 + index, 100)), finished(3_001)];
  const kept = createKept();
  for (const event of all) kept.add(event);
  expect(kept.events().length).toBeLessThan(700);
  expect(projectionOf(kept.events())).toStrictEqual(projectionOf(all));
});

test('the order in which events are read does not matter', () => {
  const all = [claimed(), output(1, 3), finished(2), lost];
  expect(projectionOf(all.toReversed())).toStrictEqual(projectionOf(all));
});

test.each([
  ['claimed to finished, in any order', [finished(2), output(1, 3), claimed()], true],
  ['sent twice', [claimed(), finished(1), claimed(), finished(1)], true],
  ['one is missing', [claimed(), finished(2)], false],
  ['the claim is missing', [output(0, 1), finished(1)], false],
  ['not ended', [claimed(), output(1, 3)], false],
  ['declared lost', [claimed(), finished(1), lost], false],
  ['a later attempt', [claimed(2), finished(1, 2)], false],
])('a run is whole in a batch: %s', (_what, events, isWhole) => {
  expect(wholeRuns(events).has('r')).toBe(isWhole);
});

test.each([
  ['it began before', [output(2, 1), finished(3)], ['r/001/00000000', 'r/001/00000001']],
  ['it is whole', [claimed(), finished(1)], []],
  ['it has not ended', [output(2, 1)], []],
  ['a further attempt', [finished(3, 2)], []],
  ['too much of it is missing', [finished(9)], []],
])('what came before the batch of a run that ends in it: %s', (_what, events, ids) => {
  expect(earlierOf(events, { mostEvents: 8, mostBytes: 1_000 }).flat()).toStrictEqual(ids);
});

test('runs of a batch: ended or not, with the highest number that is told', () => {
  const other: RunEvent = { ...of(), runId: 's', type: 'started', seq: 7, pid: 1, host: 'h' };
  expect(runsOf([output(5, 1), lost, output(9, 1), other])).toStrictEqual({
    ended: new Map([['r', 9]]),
    others: new Map([['s', 7]]),
  });
});

test('writers that race end with the document of all events, whoever writes last', async () => {
  // Two writers of one run, their steps interleaved in every way that is possible.
  for (let order = 0; order < 2 ** 10; order += 1) {
    const stored: RunEvent[] = [];
    let document: LogDocument | undefined;
    const turns: (() => void)[][] = [[], []];
    const turn = (who: number): Promise<void> => new Promise((resolve) => void turns[who]?.push(resolve));
    const writer = async (who: number, events: readonly RunEvent[]): Promise<void> => {
      await turn(who);
      stored.push(...events);
      await settle(
        async () => {
          await turn(who);
          return projectionOf([...stored]);
        },
        async (projected: Projected) => {
          await turn(who);
          document = projected.document;
        },
      );
    };
    let left = 2;
    const end = (): void => void (left -= 1);
    const both = Promise.all([writer(0, [claimed(), finished(1)]).then(end), writer(1, [lost]).then(end)]);
    for (let step = 0; left > 0; step += 1) {
      const who = (order >> (step % 10)) & 1;
      (turns[who]?.shift() ?? turns[1 - who]?.shift())?.();
      for (let tick = 0; tick < 6; tick += 1) await Promise.resolve();
    }
    await both;
    expect({ order, outcome: document?.outcome, ids: idsOf(stored).length }).toStrictEqual({
      order,
      outcome: 'succeeded',
      ids: 3,
    });
  }
});

test('what many runs that end together have printed before is read some at a time, and not at all where it is much', () => {
  const end = (runId: string, seq: number, outputBytes?: number): RunEvent =>
    ({ ...finished(seq), runId, ...(outputBytes !== undefined && { outputBytes }) }) as RunEvent;
  const limits = { mostEvents: 32, mostBytes: 4_000_000 };
  const some = Array.from({ length: 500 }, (_, n) => end(`r${String(n)}`, 3, 60_000));
  const groups = earlierOf(some, limits);
  expect(groups.flat()).toHaveLength(1_500);
  for (const group of groups) expect(group.length / 3).toBeLessThanOrEqual(limits.mostBytes / 60_000);
  expect(earlierOf([end('r', 30, 1_900_000)], limits)).toStrictEqual([[]]);
  expect(earlierOf([end('r', 30)], limits)).toStrictEqual([[]]); // nobody knows how much
  expect(earlierOf([end('r', 2)], limits).flat()).toHaveLength(2);
});
