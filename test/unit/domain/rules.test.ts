import { expect, test } from 'vitest';
import { isOlder, knowsLess, newestRules } from '../../../src/domain/rules.ts';

const rules = (schedule: number, tz: string) => ({ schedule, tz });

test.each([
  [rules(1, '2026a'), rules(2, '2025b'), true],
  [rules(2, '2025b'), rules(2, '2026a'), true],
  [rules(2, '2025a'), rules(2, '2025b'), true],
  [rules(2, ''), rules(2, '2025b'), true],
  [rules(2, '2025b'), rules(2, '2025b'), false],
  [rules(2, '2025b'), rules(1, '2026a'), false],
])('%j is older than %j: %s', (a, b, expected) => {
  expect(isOlder(a, b)).toBe(expected);
});

test('of many versions some are the newest', () => {
  expect(newestRules([rules(1, '2026a'), rules(2, '2025b'), rules(2, '2025a')])).toStrictEqual(rules(2, '2025b'));
  expect(newestRules([])).toBeUndefined();
});

test('who is older than one of the others knows less', () => {
  expect(knowsLess(rules(2, '2025b'), [{ rules: rules(2, '2025b') }, { rules: rules(2, '2026a') }])).toBe(true);
  expect(knowsLess(rules(2, '2025b'), [{ rules: rules(1, '2026a') }])).toBe(false);
});
