import { expect, test } from 'vitest';
import { fits, forbiddenTo } from '../../../src/domain/allowed.ts';

test.each([
  ['report', 'report', true],
  ['report', 'reports', false],
  ['backup-*', 'backup-', true],
  ['backup-*', 'backup-db', true],
  ['backup-*', 'a-backup-db', false],
  ['*', 'anything', true],
  ['*-db', 'backup-db', true],
  ['*-db', 'backup-db2', false],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'a-bb-c', true],
  ['a*b*c', 'acb', false],
  ['a*a', 'a', false],
  ['ab*bc', 'abc', false],
  ['a*b*b', 'ab', false],
  ['a.c', 'abc', false],
  ['**', '', true],
  [`${'a*'.repeat(50)}b`, 'a'.repeat(10_000), false],
])('%s and the name %s: %s', (pattern, name, is) => {
  expect(fits(pattern, name)).toBe(is);
});

test('a worker without lists runs every job, as its own user', () => {
  expect(forbiddenTo({ name: 'a' }, {})).toBeUndefined();
  expect(forbiddenTo({ name: 'a', runAs: 'root' }, {})).toBe('user');
});

test('lists are kept to', () => {
  const worker = { allow: ['backup-*', 'report'], users: ['mail'] };
  expect(forbiddenTo({ name: 'report', runAs: 'mail' }, worker)).toBeUndefined();
  expect(forbiddenTo({ name: 'report', runAs: 'root' }, worker)).toBe('user');
  expect(forbiddenTo({ name: 'reports', runAs: 'mail' }, worker)).toBe('jobs');
  expect(forbiddenTo({ name: 'a' }, { allow: [] })).toBe('jobs');
});
