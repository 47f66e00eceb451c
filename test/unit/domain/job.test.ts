import { expect, test } from 'vitest';
import { checkJob, isJobName, scheduleHash, withDefaults, type Job } from '../../../src/domain/job.ts';
import { brokenText, checkWholeJob, readJob } from '../../../src/domain/known-job.ts';

const job: Job = { name: 'a', command: 'true', cronExpr: '*/5 * * * *' };
const problemsOf = (value: unknown): readonly string[] => {
  const checked = checkWholeJob(value);
  return checked.ok ? [] : checked.problems.map(({ path, code }) => `${path} ${code}`);
};

test('three fields are enough', () => {
  expect(checkWholeJob(job)).toStrictEqual({ ok: true, value: job });
});

test.each([
  ['an unknown field, by its name', { ...job, cronexpr: 'x' }, ['/cronexpr unknownField']],
  ['an unknown field inside', { ...job, retry: { maximum: 3 } }, ['/retry/maximum unknownField']],
  ['a number for a name', { ...job, name: 5 }, ['/name wrongType']],
  ['nothing at all', {}, ['/name required', '/command required', '/cronExpr required']],
  ['no object', 'job', [' wrongType']],
  ['a name with a slash', { ...job, name: 'a/b' }, ['/name badName']],
  ['a name that is a folder', { ...job, name: '..' }, ['/name badName']],
  ['an empty command', { ...job, command: '  ' }, ['/command invalid']],
  ['a NUL in the command', { ...job, command: 'a\0b' }, ['/command invalid']],
  ['bad cron text', { ...job, cronExpr: '61 * * * *' }, ['/cronExpr badCron']],
  ['a bad zone', { ...job, timezone: 'Mars/Olympus' }, ['/timezone badTimezone']],
  [
    'all of them at once',
    { ...job, name: 'a/b', cronExpr: 'x', nope: 1 },
    ['/nope unknownField', '/name badName', '/cronExpr badCron'],
  ],
  ['a lock that ends before the kill', { ...job, lostAfterMs: 1_000 }, ['/lostAfterMs tooSmall']],
  ['a further attempt after success', { ...job, retry: { max: 1, on: [75, 0] } }, ['/retry/on/1 invalid']],
  ['a bad variable', { ...job, env: { 'A-B': '1' } }, ['/env/A-B badName']],
  ['what is not there yet, by name', { ...job, alerts: [{}] }, ['/alerts notYet']],
])('refuses %s', (_case, value, problems) => {
  expect(problemsOf(value)).toStrictEqual(problems);
});

test.each([
  ['backup.daily-1_x', true],
  ['备份', true],
  ['नमस्ते', true],
  ['a b', false],
  ['', false],
  ['.', false],
  ['é'.normalize('NFD'), false],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
])('%j is a name: %s', (name, expected) => {
  expect(isJobName(name)).toBe(expected);
});

test('the hash names the schedule and nothing else', () => {
  const hash = scheduleHash(job);
  expect(hash).toBe('fac8a85ec4777cce4a6cf49e97'.length === hash.length ? hash : '');
  expect(
    scheduleHash({ ...job, name: 'b', command: 'false', description: 'x', timezone: 'UTC', enabled: true, jitterMs: 0 }),
  ).toBe(hash);
  for (const change of [
    { cronExpr: '* * * * *' },
    { timezone: 'Europe/Berlin' },
    { enabled: false },
    { jitterMs: 5 },
    { startAt: '2027-01-01T00:00:00Z' },
  ])
    expect(scheduleHash({ ...job, ...change })).not.toBe(hash);
  expect(scheduleHash({ name: 'a', command: 'b', cronExpr: '* * * * *' })).toBe('fac8a85ec4777cce4a6cf49e97');
});

test('what tests make shorter is divided, what people asked for is not', () => {
  const full = withDefaults({ ...job, timeout: { afterMs: 5_000 } }, 10);
  expect(full).toMatchObject({
    lateAfterMs: 6_000,
    lostAfterMs: 18_000,
    killGraceMs: 1_000,
    timeoutMs: 5_000,
    withinMs: 3_600_000,
  });
});

test('a job that was stored with a further attempt after success is not broken', () => {
  expect(readJob('a', JSON.stringify({ ...job, retry: { max: 1, on: [0, 3] } }), 12)).toMatchObject({ ok: true });
});

test('a job of a newer version is read by what is known of it', () => {
  const read = readJob('a', JSON.stringify({ ...job, v: 7, colour: 'red', retry: { max: 0, budget: 5 } }), 12);
  expect(read.ok && read.value.job.command).toBe('true');
  expect(read.ok && read.value.revision).toBe(12);
});

test.each([
  ['no JSON', '{', 'not JSON'],
  ['a list', '[1]', 'must be object'],
  ['another name', JSON.stringify({ ...job, name: 'b' }), 'its key says "a"'],
  ['bad cron text', JSON.stringify({ ...job, cronExpr: 'x' }), 'line 1'],
  ['far too much', JSON.stringify({ ...job, description: 'x'.repeat(300_000) }), 'at most 262144'],
  ['a prototype', '{"__proto__": {"name": "a"}, "constructor": 5}', 'is missing'],
])('a key that holds %s is broken, in words', (_case, text, words) => {
  const read = readJob('a', text, 1);
  expect(read.ok ? '' : brokenText(read.problems)).toContain(words);
});

test('a check tells that something is not yet there by its own code', () => {
  expect(checkJob({ ...job, alerts: [{}] })).toMatchObject({
    ok: false,
    problems: [{ path: '/alerts', code: 'notYet' }],
  });
});
