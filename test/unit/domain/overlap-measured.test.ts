import { expect, test } from 'vitest';
import { overlapOf } from '../../../src/domain/overlap.ts';

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
