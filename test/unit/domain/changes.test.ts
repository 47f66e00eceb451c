import { expect, test } from 'vitest';
import { changesBetween, valueAt } from '../../../src/domain/changes.ts';

test.each([
  [{ a: 1 }, { a: 1 }, []],
  [{ a: 1 }, { a: 2 }, [{ path: '/a', before: 1, after: 2 }]],
  [
    { retry: { max: 1 } },
    { retry: { max: 2, on: [1] } },
    [
      { path: '/retry/max', before: 1, after: 2 },
      { path: '/retry/on', after: [1] },
    ],
  ],
  [{ tags: ['a'] }, { tags: ['a', 'b'] }, [{ path: '/tags', before: ['a'], after: ['a', 'b'] }]],
  [{ env: { 'A/B~': '1' } }, { env: {} }, [{ path: '/env/A~1B~0', before: '1' }]],
  [{ overlap: 'skip' }, { overlap: { policy: 'queue' } }, [{ path: '/overlap', before: 'skip', after: { policy: 'queue' } }]],
])('from %j to %j', (before, after, changes) => {
  expect(changesBetween(before, after)).toStrictEqual(changes);
  for (const { path, ...sides } of changesBetween(before, after))
    expect([valueAt(before, path), valueAt(after, path)]).toEqual([sides.before, sides.after]);
});

test('two jobs: objects are taken apart, lists are one field, a field on one side only counts', () => {
  expect(
    changesBetween(
      { name: 'a', tags: ['x'], retry: { max: 1, delayMs: 5 }, cwd: '/' },
      { name: 'a', tags: ['x', 'y'], retry: { delayMs: 5, max: 2 }, timeout: { afterMs: 9 } },
    ),
  ).toEqual([
    { path: '/tags', before: ['x'], after: ['x', 'y'] },
    { path: '/retry/max', before: 1, after: 2 },
    { path: '/cwd', before: '/', after: undefined },
    { path: '/timeout/afterMs', before: undefined, after: 9 },
  ]);
});

test('the order of fields is no difference; an empty object against nothing and another kind of value are', () => {
  expect(changesBetween({ a: 1, b: { c: 1, d: [{ e: 1, f: 2 }] } }, { b: { d: [{ f: 2, e: 1 }], c: 1 }, a: 1 })).toEqual([]);
  expect(changesBetween({ env: {} }, {})).toEqual([{ path: '/env', before: {}, after: undefined }]);
  expect(changesBetween({ overlap: 'skip' }, { overlap: { policy: 'queue' } })).toEqual([
    { path: '/overlap', before: 'skip', after: { policy: 'queue' } },
  ]);
});
