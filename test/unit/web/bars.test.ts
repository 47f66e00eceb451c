import { describe, expect, test } from 'vitest';
import { heightOf, lengthOf, medianOf, scaleOf } from '../../../web/src/job/bars.ts';

describe('the scale of the bars', () => {
  test.each<[string, readonly number[], number]>([
    ['nothing yet', [], 1_000],
    ['all at once', [0, 0], 1_000],
    ['short ones', [3, 5, 8], 10],
    ['a length that is a top itself', [1_000], 1_000],
    ['seconds', [2_100, 3_900, 2_400], 4_000],
    ['one four times as long still fits', [1_000, 1_000, 1_000, 1_000], 1_000],
    ['minutes', [65_000, 200_000], 240_000],
    ['a little above four seconds', [4_020, 300], 6_000],
    ['longer than any', [86_400_000 * 9.5], 86_400_000 * 10],
  ])('%s', (_name, lengths, top) => {
    expect(scaleOf(lengths)).toBe(top);
  });

  test('one that hung for an hour does not make the others flat: it is cut', () => {
    const lengths = [...Array.from({ length: 19 }, () => 2_000), 3_600_000];
    const top = scaleOf(lengths);
    expect(top).toBe(4_000);
    expect(heightOf(2_000, top)).toEqual({ share: 0.5, isCut: false });
    expect(heightOf(3_600_000, top)).toEqual({ share: 1, isCut: true });
  });
});

test('the middle length', () => {
  expect(medianOf([])).toBeUndefined();
  expect(medianOf([5, 1, 3])).toBe(3);
  expect(medianOf([4, 1, 3, 2])).toBe(2);
});

test('a run that goes on has taken as long as it has; one that never began, no time', () => {
  const fireTime = '2027-06-15T12:00:00.000Z';
  const now = Date.parse(fireTime) + 5_000;
  expect(lengthOf({ state: 'running', fireTime, startedAt: '2027-06-15T12:00:01.000Z' }, now)).toBe(4_000);
  expect(lengthOf({ state: 'running', fireTime }, now)).toBe(5_000);
  expect(lengthOf({ state: 'running', fireTime, startedAt: '2027-06-15T12:00:09.000Z' }, now)).toBe(0);
  expect(lengthOf({ state: 'finished', fireTime, durationMs: 7 }, now)).toBe(7);
  expect(lengthOf({ state: 'queued', fireTime }, now)).toBeUndefined();
});
