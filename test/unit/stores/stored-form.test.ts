import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/domain/events.ts';
import { saysTheSame, storedForm } from '../../../src/stores/stored-form.ts';

const at = '2026-01-01T00:00:00.000Z';
const saved = (after: unknown): RunEvent => ({ v: 1, type: 'jobSaved', job: 'a', id: '1', at, by: 'ann', after });

test.each([
  ['fields without a value are left out', { a: undefined, b: { c: undefined } }, { b: {} }],
  ['-0 is 0', [-0, 1], [0, 1]],
  ['what JSON does not know is null', [NaN, Infinity, undefined], [null, null, null]],
  ['NUL becomes U+FFFD, in names of fields too', { 'x\0': 'a\0b' }, { 'x\uFFFD': 'a\uFFFDb' }],
  ['half a surrogate pair becomes U+FFFD, a whole one stays', ['a\ud83d', '😀'], ['a\uFFFD', '😀']],
  ['bytes stay', Buffer.from([0, 255]), Uint8Array.of(0, 255)],
])('%s', (_what, before, after) => {
  expect(storedForm(saved(before))).toStrictEqual(saved(after));
  expect(storedForm(saved(after))).toStrictEqual(saved(after));
});

test('a field of any name is kept', () => {
  const odd: unknown = JSON.parse('{"__proto__": 1, "constructor": 2, "$a.b": 3, "": 4}');
  expect(JSON.stringify(storedForm(saved(odd)))).toBe(JSON.stringify(saved(odd)));
});

test('events say the same whatever the order of their fields and the kind of their bytes', () => {
  expect(saysTheSame({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
  expect(saysTheSame({ data: Buffer.from('hi') }, { data: new TextEncoder().encode('hi') })).toBe(true);
});

test.each([
  ['another value', { a: 1 }, { a: 2 }],
  ['another type', { a: 1 }, { a: '1' }],
  ['a field more', { a: 1 }, { a: 1, b: null }],
  ['another byte', { data: Uint8Array.of(1) }, { data: Uint8Array.of(2) }],
  ['bytes and the text of their base64', { data: Buffer.from('hi') }, { data: Buffer.from('hi').toString('base64') }],
  ['another order in a list', [1, 2], [2, 1]],
])('and not the same with %s', (_what, a, b) => {
  expect(saysTheSame(a, b)).toBe(false);
});
