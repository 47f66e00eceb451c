import { expect, test } from 'vitest';
import { mayTake, placeText } from '../../../web/src/job/job-place.ts';
import { nameOf, summaryOf, valueText } from '../../../web/src/editor/job-words.ts';

test.each([
  [{}, 'Run by /bin/sh as the user that the worker runs as, in the home folder of that user, on any worker.'],
  [{ shell: '/bin/bash', cwd: '/srv', runAs: 'cron' }, 'Run by /bin/bash as cron, in /srv, on any worker.'],
  // The launcher starts it in the HOME of its environment; parameters come after the environment.
  [{ env: { HOME: '/a' } }, 'Run by /bin/sh as the user that the worker runs as, in /a, on any worker.'],
  [{ env: { HOME: '/a' }, params: { HOME: '/b' } }, 'Run by /bin/sh as the user that the worker runs as, in /b, on any worker.'],
  [
    { placement: { mode: 'all', workers: ['w1', 'w2'], labels: ['web'] } },
    'Run by /bin/sh as the user that the worker runs as, in the home folder of that user, on every worker, on w1, w2, on a worker with web.',
  ],
  [
    { shell: 5, cwd: '', placement: 'odd' },
    'Run by /bin/sh as the user that the worker runs as, in the home folder of that user, on any worker.',
  ],
])('%j is said as: %s', (job, said) => {
  expect(placeText(job)).toBe(said);
});

test('who may take a job now: named, with all labels, and not draining', () => {
  const worker = (name: string, labels: string[], draining = false) => ({ id: `id-${name}`, name, labels, draining });
  const workers = [worker('a', ['web', 'eu']), worker('b', ['web']), worker('c', ['web', 'eu'], true)];
  expect(mayTake({}, workers)).toBe(2);
  expect(mayTake({ placement: { labels: ['web', 'eu'] } }, workers)).toBe(1);
  expect(mayTake({ placement: { workers: ['b', 'id-a'] } }, workers)).toBe(2);
  expect(mayTake({ placement: { workers: ['b'], labels: ['eu'] } }, workers)).toBe(0);
});

test.each([
  ['/jitterMs', 90_000, '1 min 30 s'],
  ['/lostAfterMs', 'never', 'Never'],
  ['/outputLimitBytes', 1_500_000, '1.5 MB'],
  ['/enabled', false, 'off'],
  ['/overlap', 'allow', 'Start beside it'],
  ['/overlap', 'ofANewerVersion', 'ofANewerVersion'],
  ['/tags', ['a', 'b'], 'a, b'],
  ['/env', { A: '1', B: '2' }, 'A, B'],
  ['/retry/max', 3, '3'],
  ['/nobodyKnows', { a: [1] }, '{"a":[1]}'],
  ['/command', 'echo hi', 'echo hi'],
])('%s %j reads %s', (path, value, text) => {
  expect(valueText(path, value)).toBe(text);
});

test.each([
  ['/timezone', 'Time zone'],
  ['/env/PATH', 'Environment PATH'],
  ['/overlap/max', 'Wait at most'],
  ['/nobodyKnows/inside', 'nobodyKnows/inside'],
])('%s is called %s', (path, name) => {
  expect(nameOf(path)).toBe(name);
});

test('a group on one line: names and values, long ones cut, line breaks gone', () => {
  expect(
    summaryOf([
      { path: '/jitterMs', value: 1_000 },
      { path: '/description', value: `two\nlines ${'x'.repeat(60)}` },
    ]),
  ).toBe(`Jitter: 1 s · Description: two lines ${'x'.repeat(30)}…`);
});
