import { expect, test } from 'vitest';
import { concernsJob, countToSave, importQuery, jobsIn, type ImportAsked } from '../../../web/src/import-asked.ts';

const asked: ImportAsked = {
  text: '0 3 * * * x',
  source: 'web1',
  timezone: 'Europe/Berlin',
  workers: '',
  ignoreUser: false,
  disabled: false,
  prune: false,
};

test.each([
  ['a crontab', asked, 'source=web1&timezone=Europe%2FBerlin'],
  [
    'all that one can ask',
    { ...asked, workers: 'a,b', ignoreUser: true, disabled: true, prune: true },
    'source=web1&prune=true&disabled=true&timezone=Europe%2FBerlin&workers=a%2Cb&ignoreUser=true',
  ],
  ['no zone', { ...asked, timezone: ' ' }, 'source=web1'],
  ['a list of jobs: nothing of a crontab', { ...asked, text: '{"jobs":[]}', ignoreUser: true, workers: 'a' }, ''],
  ['a list of jobs that prunes', { ...asked, text: '[]', prune: true }, 'source=web1&prune=true'],
])('%s', (_, given, query) => {
  expect(importQuery(given, false)).toBe(query);
  expect(importQuery(given, true)).toBe(`dryRun=true${query === '' ? '' : `&${query}`}`);
});

test.each([
  ['* * * * * x', undefined],
  ['', undefined],
  [' {"jobs": [1]}', { jobs: [1] }],
  ['[1]', { jobs: [1] }],
  ['{"jobs": [1', undefined],
  ['{}', { jobs: undefined }],
])('jobs in %j', (text, jobs) => {
  expect(jobsIn(text)).toEqual(jobs);
});

test('what there is to save, and which lines are of jobs', () => {
  const counts = { created: 1, changed: 2, unchanged: 4, removed: 8, refused: 16, dryRun: true };
  expect(countToSave({ ...counts, items: [] })).toBe(11);
  expect((['created', 'unchanged', 'refused', 'noted'] as const).map((action) => concernsJob({ action }))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
