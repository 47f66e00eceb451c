import { expect, test } from 'vitest';
import { revisionOf } from '../../../src/domain/revision.ts';

const saved = (before: unknown, after: unknown) =>
  revisionOf({ v: 1, type: 'jobSaved', job: 'a', at: 'then', id: 'x', by: 'ann', revision: 7, before, after });

test.each([
  [undefined, { name: 'a' }, 'created'],
  [{ cronExpr: '0 3 * * *' }, { cronExpr: '0 4 * * *' }, 'cronExpr: "0 3 * * *" → "0 4 * * *"'],
  [{ name: 'a' }, { name: 'a', retry: { max: 2 } }, 'retry.max set to 2'],
  [{ name: 'a', cwd: '/x' }, { name: 'a' }, 'cwd removed (was "/x")'],
  [{ name: 'a' }, { name: 'a' }, 'saved as it was'],
])('in words: %j to %j', (before, after, text) => {
  expect(saved(before, after)).toMatchObject({ type: 'saved', name: 'a', by: 'ann', revision: '7', text, job: after });
});

test('a deleted job and a cursor that was set', () => {
  expect(revisionOf({ v: 1, type: 'jobDeleted', job: 'a', at: 't', id: 'x', by: 'ann', before: {} })).toMatchObject({
    type: 'deleted',
    text: 'deleted',
  });
  expect(revisionOf({ v: 1, type: 'cursorSet', job: 'a', at: 't', id: 'x', by: 'ann', to: 'T' }).text).toBe(
    'cursor set from none to T',
  );
});
