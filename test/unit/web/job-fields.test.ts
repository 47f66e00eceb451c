import { expect, test } from 'vitest';
import { getAt, parseJob, setAt, textOf } from '../../../web/src/editor/job-fields.ts';

test('a value is put in at its path, all other fields stay, of newer versions too', () => {
  const job = { name: 'a', timezone: 'UTC', retry: { max: 1, ofANewerVersion: true }, alsoNew: [1] };
  expect(setAt(job, '/name', '')).toEqual({ ...job, name: '' });
  expect(setAt(job, '/retry/max', 2)).toEqual({ ...job, retry: { max: 2, ofANewerVersion: true } });
  expect(setAt(job, '/timeout/afterMs', 5)).toEqual({ ...job, timeout: { afterMs: 5 } });
  expect(setAt({ overlap: 'skip' }, '/overlap/policy', 'queue')).toEqual({ overlap: { policy: 'queue' } });
});

test('undefined takes a field out, and an object that is left empty with it', () => {
  expect(setAt({ name: 'a', timezone: 'UTC' }, '/timezone', undefined)).toEqual({ name: 'a' });
  expect(setAt({ name: 'a', timeout: { afterMs: 1 } }, '/timeout/afterMs', undefined)).toEqual({ name: 'a' });
  expect(setAt({ retry: { max: 1, delayMs: 1 } }, '/retry/max', undefined)).toEqual({ retry: { delayMs: 1 } });
  expect(setAt({ name: 'a' }, '/timeout/afterMs', undefined)).toEqual({ name: 'a' });
  expect(setAt({ name: 'a' }, '/name', undefined)).toEqual({});
});

test.each([
  ['/name', 'a'],
  ['/misfire/policy', 'skip'],
  ['/misfire/none', undefined],
  ['/none/policy', undefined],
  ['/name/length', undefined],
  ['/toString', undefined],
])('at %s there is %j', (path, value) => {
  expect(getAt({ name: 'a', misfire: { policy: 'skip' } }, path)).toBe(value);
});

test('a field that is no text is shown as empty', () => {
  expect([textOf({ name: 5 }, 'name'), textOf({}, 'name'), textOf({ name: 'a' }, 'name')]).toEqual(['', '', 'a']);
});

test.each(['', '{', '5', 'null', '[{}]', '"a"'])('%j is not a job, and it is said why', (json) => {
  expect(parseJob(json)).toEqual({ ok: false, why: expect.stringMatching(/JSON|object/) as string });
});

test('an object is taken as it is', () => {
  expect(parseJob('{"name": 5}')).toEqual({ ok: true, job: { name: 5 } });
});
