import { expect, test } from 'vitest';
import type { RevisionView } from '../../../src/domain/wire.ts';
import { auditTable, revisionsTable } from '../../../src/cli/commands/job-revisions.ts';

const change: RevisionView = {
  id: '1',
  type: 'saved',
  name: 'a',
  text: '',
  at: '2027-01-31T03:00:00.000Z',
  by: 'ann\x1b[31m',
  changes: [],
};
const split = (text: string) => text.split('\n').map((line) => line.trimEnd().split(/ {2,}/));

test('a line a change: which revision, when, by whom, what', () => {
  expect(
    split(
      revisionsTable([
        { ...change, revision: '12', text: 'created' },
        { ...change, type: 'deleted', text: 'deleted' },
      ]),
    ),
  ).toStrictEqual([
    ['REVISION', 'WHEN', 'BY', 'WHAT'],
    ['12', change.at, 'ann [31m', 'created'],
    ['-', change.at, 'ann [31m', 'deleted'],
  ]);
  expect(split(auditTable([{ ...change, revision: '12', text: 'tags removed' }]))).toStrictEqual([
    ['WHEN', 'BY', 'JOB', 'REVISION', 'WHAT'],
    [change.at, 'ann [31m', 'a', '12', 'tags removed'],
  ]);
});
