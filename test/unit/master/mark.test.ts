import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { markOf } from '../../../src/master/mark.ts';

const START = Date.parse('2027-01-31T09:00:00Z');
const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * * * *' }), 1);
const before = read.ok ? read.value : undefined;

test.each([0, 1, 100, 101, 250])('P3: all of %i due ticks that an edit passes over are told, each once', (due) => {
  const now = START + due * 1_000 + 500;
  const cursor = { at: toInstant(START), decision: { v: 1, hash: before?.hash ?? '' } };
  const { mark, events } = markOf({ name: 'a', hash: 'other', before, cursor, now, by: 'mary' });
  expect(mark).toStrictEqual({ at: now, hash: 'other' });
  const told = events.flatMap((event) =>
    event.type === 'tickSkipped'
      ? [Date.parse(event.fireTime)]
      : event.type === 'ticksMissed'
        ? Array.from({ length: event.count ?? 0 }, (_, index) => Date.parse(event.from) + index * 1_000)
        : [],
  );
  expect(told).toStrictEqual(Array.from({ length: due }, (_, index) => START + (index + 1) * 1_000));
  expect(events.length).toBeLessThanOrEqual(101);
});
