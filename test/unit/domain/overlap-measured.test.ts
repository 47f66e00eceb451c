import { expect, test } from 'vitest';
import { overlapOf } from '../../../src/domain/overlap.ts';
import { explainSchedule } from '../../../src/domain/schedule/explain.ts';
import { WORDS } from '../../../src/domain/schedule/words.ts';

const MIN = 60_000;

test('warns where one run in twenty takes longer than the nearest two fire times are apart', () => {
  expect(overlapOf({ count: 20, p95: 61_000 }, [0, 5 * MIN, 6 * MIN])).toEqual({ tookMs: 61_000, apartMs: MIN });
  expect(overlapOf({ count: 20, p95: MIN }, [0, 5 * MIN, 6 * MIN])).toBeUndefined();
});

test('says nothing of what too few runs, or no second fire time, tell', () => {
  expect(overlapOf({ count: 4, p95: 61_000 }, [0, MIN])).toBeUndefined();
  expect(overlapOf({ count: 20, p95: 61_000 }, [0])).toBeUndefined();
  expect(overlapOf(undefined, [0, MIN])).toBeUndefined();
});

test.each([
  ['skip', 'Some of its times are likely to be skipped'],
  ['allow', 'Its runs are likely to go on beside each other'],
  ['queue', 'Its runs are likely to wait for one another'],
  ['replace', 'Its runs are likely to be ended before they are done'],
] as const)('what is said of runs that will meet goes by the policy: %s', (overlap, begins) => {
  const own = { measured: { count: 20, p95: 90_000 }, overlap };
  const explained = explainSchedule({ cronExpr: '* * * * *', timezone: 'UTC' }, 0, 2, 'en', own);
  if (!explained.ok) throw new Error('it is right');
  const { warnings, mayOverlap = '' } = explained.value;
  expect(warnings).toEqual([mayOverlap]);
  expect(mayOverlap).toContain(begins);
  expect(mayOverlap).toContain('took 1 min 30 s or more, and its fire times are as little as 1 min apart');
});

test('every policy has words of its own in every language', () => {
  for (const { overlaps } of Object.values(WORDS)) expect(new Set(Object.values(overlaps)).size).toBe(4);
});

test('a job that ends after its next time has nothing to meet', () => {
  const own = { measured: { count: 20, p95: 90_000 }, overlap: 'allow' } as const;
  const bounded = explainSchedule({ cronExpr: '* * * * *', endAt: '1970-01-01T00:01:30Z' }, 0, 5, 'en', own);
  expect(bounded.ok && bounded.value.mayOverlap).toBeUndefined();
});
