import { expect, test } from 'vitest';
import { hasWords, textsOfJob } from '../../../src/domain/search.ts';

const job = { name: 'nightly-report', command: 'bin/Report --all', cronExpr: '0 3 * * *', tags: ['Finance', 7], retries: 3 };

test.each([
  [undefined, true],
  ['  ', true],
  ['report', true],
  ['REPORT nightly', true],
  ['finance 3', true],
  ['report weekly', false],
  ['7', false],
])('a search for %j finds the job: %j', (asked, isFound) => {
  expect(hasWords(asked)(textsOfJob(job))).toBe(isFound);
});

test('a word is looked for within each text, never across two', () => {
  expect(hasWords('ab')(['a', 'b', undefined])).toBe(false);
});
