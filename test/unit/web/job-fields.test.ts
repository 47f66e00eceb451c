import { expect, test } from 'vitest';
import { parseJob, textOf, withText } from '../../../web/src/job-fields.ts';

test('a text is put in, an optional one that was emptied goes, all other fields stay', () => {
  const job = { name: 'a', timezone: 'UTC', retry: { max: 1 }, ofANewerVersion: true };
  expect(withText(job, 'name', '')).toEqual({ ...job, name: '' });
  expect(withText(job, 'timezone', '', true)).toEqual({ name: 'a', retry: { max: 1 }, ofANewerVersion: true });
  expect(withText(job, 'timezone', 'Asia/Tokyo', true)).toEqual({ ...job, timezone: 'Asia/Tokyo' });
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
