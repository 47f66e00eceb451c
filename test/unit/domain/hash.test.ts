import { expect, test } from 'vitest';
import { hash53, hashText, hashUnit } from '../../../src/domain/hash.ts';

// Frozen: workers of two versions must compute the same ranks, jitter and schedule hashes.
test.each([
  ['', 0, 3338908027751811],
  ['a', 0, 7929297801672961],
  ['rank job 0 w', 0, 1828310727428573],
  ['任务', 0, 1617892638662517],
])('the hash of %j with seed %i does not change', (text, seed, golden) => {
  expect(hash53(text, seed)).toBe(golden);
});

test('the text form has 26 digits and tells small differences apart', () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => hashText(`job-${String(index)}`));
  expect(new Set(texts).size).toBe(20_000);
  expect(texts.every((text) => /^[0-9a-f]{26}$/.test(text))).toBe(true);
});

test('the unit form lies within (0, 1) and is spread evenly', () => {
  const units = Array.from({ length: 10_000 }, (_, index) => hashUnit(`x ${String(index)}`));
  const below = units.filter((unit) => unit < 0.5).length;
  expect(Math.min(...units)).toBeGreaterThan(0);
  expect(Math.max(...units)).toBeLessThan(1);
  expect(Math.abs(below - 5_000)).toBeLessThan(300);
});
