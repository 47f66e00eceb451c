import { expect, test } from 'vitest';
import { NO_CLAIMS, noteClaim, rankWaitOf, waitOfRank, type ClaimTimes } from '../../../src/domain/rank-wait.ts';

const times = (...took: readonly number[]): ClaimTimes =>
  took.reduce((all, tookMs, index) => noteClaim(all, index, tookMs), NO_CLAIMS);

test.each([
  ['nothing claimed yet', times(), 250],
  ['claims are fast', times(...Array.from({ length: 100 }, () => 10)), 250],
  ['claims are slow', times(...Array.from({ length: 100 }, () => 200)), 800],
  ['one in a hundred is slow', times(...Array.from({ length: 99 }, () => 100), 2_000), 400],
  ['two in a hundred are slow', times(...Array.from({ length: 98 }, () => 100), 2_000, 2_000), 8_000],
])('what a rank waits: %s', (_case, claims, expected) => {
  expect(rankWaitOf(claims, 100)).toBe(expected);
});

test('a claim that has no answer yet takes at least as long as it has waited', () => {
  expect(rankWaitOf(times(10), 500, 100)).toBe(1_600);
  expect(rankWaitOf(times(10), 500, 490)).toBe(250);
});

test('what is older than a minute, and than the last 200, is forgotten', () => {
  expect(rankWaitOf(times(1_000), 60_001)).toBe(250);
  expect(times(...Array.from({ length: 500 }, () => 1)).length).toBe(200);
});

test.each([
  [0, 250, 60_000, 0],
  [1, 250, 60_000, 250],
  [3, 250, 60_000, 750],
  [2, 900, 60_000, 1_800],
  [3, 4_000, 60_000, 5_000],
  [3, 4_000, 6_000, 3_000], // not so late that the tick is missed
  [3, 250, 1_000, 750],
])('rank %i, of %i ms, late after %i ms, looks after %i ms', (rank, waitMs, lateAfterMs, expected) => {
  expect(waitOfRank(rank, waitMs, lateAfterMs)).toBe(expected);
});
