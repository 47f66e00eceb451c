// The language by example: what a line names, what it says of itself, and what is refused, with its place.
import { expect, test } from 'vitest';
import { compileSchedule, type ScheduleText } from '../../../../src/domain/schedule/compile.ts';
import { describeSchedule, explainSchedule } from '../../../../src/domain/schedule/explain.ts';

const fires = (text: ScheduleText, from: string, count: number): readonly string[] => {
  const compiled = compileSchedule(text);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const found: string[] = [];
  for (let next = compiled.value.next(Date.parse(from)); next && found.length < count; next = compiled.value.next(next.fireTime))
    found.push(new Date(next.fireTime).toISOString().replace('.000Z', ''));
  return found;
};

test.each([
  [
    '0 22-2 * * *',
    ['2027-01-01T22:00:00', '2027-01-01T23:00:00', '2027-01-02T00:00:00', '2027-01-02T01:00:00', '2027-01-02T02:00:00'],
  ],
  ['0 0 * * FRI-MON', ['2027-01-02T00:00:00', '2027-01-03T00:00:00', '2027-01-04T00:00:00', '2027-01-08T00:00:00']],
  ['0 0 * NOV-FEB 1#1', ['2027-01-04T00:00:00', '2027-02-01T00:00:00', '2027-11-01T00:00:00']],
  ['0,0,0 0 1,1 * *', ['2027-02-01T00:00:00', '2027-03-01T00:00:00']],
  ['0 0 L * ?', ['2027-01-31T00:00:00', '2027-02-28T00:00:00', '2027-03-31T00:00:00']],
  ['0 0 L-3 * *', ['2027-01-28T00:00:00', '2027-02-25T00:00:00', '2027-03-28T00:00:00']],
  ['0 0 LW * *', ['2027-01-29T00:00:00', '2027-02-26T00:00:00', '2027-03-31T00:00:00']],
  ['0 0 1W,15W * *', ['2027-01-15T00:00:00', '2027-02-01T00:00:00', '2027-02-15T00:00:00', '2027-03-01T00:00:00']],
  ['0 0 * * 5L', ['2027-01-29T00:00:00', '2027-02-26T00:00:00']],
  ['0 0 * * FRI#2,TUE#5', ['2027-01-08T00:00:00', '2027-02-12T00:00:00', '2027-03-12T00:00:00', '2027-03-30T00:00:00']],
  ['0 0 13 * FRI', ['2027-01-08T00:00:00', '2027-01-13T00:00:00', '2027-01-15T00:00:00']],
  ['0 0 */2 * 1', ['2027-01-11T00:00:00', '2027-01-25T00:00:00', '2027-02-01T00:00:00']],
  ['0 0 29 2 *', ['2028-02-29T00:00:00', '2032-02-29T00:00:00', '2036-02-29T00:00:00']],
  ['0 0 0 1 1 * 2030-2034/2', ['2030-01-01T00:00:00', '2032-01-01T00:00:00', '2034-01-01T00:00:00']],
  ['*/20 * * * * *', ['2027-01-01T12:00:20', '2027-01-01T12:00:40', '2027-01-01T12:01:00']],
  ['5/25 * * * *', ['2027-01-01T12:05:00', '2027-01-01T12:30:00', '2027-01-01T12:55:00', '2027-01-01T13:05:00']],
  ['0 0 * * 1/2', ['2027-01-04T00:00:00', '2027-01-06T00:00:00', '2027-01-08T00:00:00', '2027-01-11T00:00:00']],
  ['0 0 * * 7', ['2027-01-03T00:00:00', '2027-01-10T00:00:00']],
  ['@weekly', ['2027-01-03T00:00:00', '2027-01-10T00:00:00']],
  ['@every 1h30m', ['2027-01-01T13:30:00', '2027-01-01T15:00:00']],
  ['@at 2027-02-01T09:00:00+01:00', ['2027-02-01T08:00:00']],
  ['0 13 * * *\n\n# and\n0 13,14 * * *', ['2027-01-01T13:00:00', '2027-01-01T14:00:00', '2027-01-02T13:00:00']],
])('%j', (cronExpr, expected) => {
  expect(fires({ cronExpr }, '2027-01-01T12:00:00Z', expected.length)).toEqual(expected);
});

test.each([
  ['0 3 * * *\n0 0 * 13 *', 2, 7, 'month', '"13" is not a month: it goes from 1 to 12'],
  ['0 3 1,32 * *', 1, 7, 'day of month', '"32" is not a day of month: it goes from 1 to 31'],
  ['*/0 * * * *', 1, 1, 'minute', 'the step of "*/0" must be 1 or more'],
  ['0 0 * * FOO', 1, 9, 'day of week', '"FOO" is not understood; expected 0-7 or SUN-SAT'],
  ['0 0 * * L', 1, 9, 'day of week', 'a single L is not clear'],
  ['0 0 * * FRI#6', 1, 9, 'day of week', 'FRI#1 to FRI#5'],
  ['15W * * * *', 1, 1, 'minute', '"15W" is for the days only'],
  ['1,,2 * * * *', 1, 3, 'minute', 'nothing between two commas'],
  ['H(5-5) * * * *', 1, 1, 'minute', 'must go forward'],
  ['0 0 0 1 1 * 2030-2020', 1, 13, 'year', 'goes backward'],
  ['  0 0 31 2 *', 1, 3, undefined, 'never comes: there is no such day'],
  ['0 0 31W FEB *', 1, 1, undefined, 'never comes: there is no such day'],
  ['@every 0s', 1, 8, undefined, 'not a length of time'],
  ['@every', 1, 1, undefined, 'not a length of time'],
  ['@at tomorrow', 1, 5, undefined, 'not an instant'],
  ['@daily 5', 1, 8, undefined, 'stands alone'],
  ['@fortnightly', 1, 1, undefined, 'is not known; known are @yearly'],
  ['@reboot', 1, 1, undefined, '@reboot is not possible here'],
  ['*  *', 1, 1, undefined, '2 fields'],
])('%j is refused with its place', (cronExpr, line, column, field, words) => {
  const answer = compileSchedule({ cronExpr });
  const problems = answer.ok ? [] : answer.problems;
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({
    path: '/cronExpr',
    code: 'badCron',
    line,
    column,
    ...(field === undefined ? {} : { field }),
  });
  expect(problems[0]?.message).toContain(words);
});

test('all lines are checked at once, the zone too', () => {
  const answer = compileSchedule({ cronExpr: '61 * * * *\n* * * * *\n* 25 * * *', timezone: 'Mars/Base' });
  expect(answer.ok ? [] : answer.problems.map(({ path, line }) => [path, line])).toEqual([
    ['/timezone', undefined],
    ['/cronExpr', 1],
    ['/cronExpr', 3],
  ]);
  expect(compileSchedule({ cronExpr: '* * * * *', timezone: '+01:00' }).ok).toBe(false);
});

test.each([
  ['0 9 * * *', '2027-03-01T09:00:00Z', '2027-02-01T00:00:00Z', '/endAt'],
  ['0 9 * * *', 'soon', undefined, '/startAt'],
])('%j from %s to %s is refused at %s', (cronExpr, startAt, endAt, path) => {
  const answer = compileSchedule({ cronExpr, startAt, endAt });
  expect(answer.ok ? [] : answer.problems.map((problem) => problem.path)).toEqual([path]);
});

// Frozen: workers of all versions must agree on them.
test.each([
  ['H * * * *', 'backup', '2027-01-01T12:35:00'],
  ['H H(1-4) * * *', 'backup', '2027-01-02T03:35:00'],
  ['H/15 * * * *', 'backup', '2027-01-01T12:05:00'],
  ['H H H * *', 'report', '2027-01-05T07:43:00'],
])('H in %j of %s is %s for ever', (cronExpr, name, expected) => {
  expect(fires({ cronExpr, name }, '2027-01-01T12:00:00Z', 1)).toEqual([expected]);
});

test.each([
  ['backup', 60_000, '2027-01-01T12:01:51.756Z'],
  ['backup', 1_000, '2027-01-01T12:01:00.086Z'],
])('the jitter of %s up to %d ms is frozen', (name, jitterMs, expected) => {
  const compiled = compileSchedule({ name, cronExpr: '* * * * *', jitterMs });
  const next = compiled.ok ? compiled.value.next(Date.parse('2027-01-01T12:00:59.999Z')) : undefined;
  expect(next && new Date(next.fireTime).toISOString()).toBe(expected);
});

test.each([
  ['*/5 * * * *', 'UTC', 'en', 'Every 5 minutes'],
  ['0 3 * * *', 'Europe/Berlin', 'en', 'At 03:00 (Europe/Berlin)'],
  ['0 3 * * *', 'Asia/Shanghai', 'zh', '在03:00 (Asia/Shanghai)'],
  ['0 0 13 * FRI', 'UTC', 'en', 'At 00:00, on day 13 of the month, or on Friday'],
  ['0 0 */2 * 1', 'UTC', 'en', 'At 00:00, every 2 days in a month, only on Monday'],
  ['0 9 LW * *', 'UTC', 'zh', '在09:00, 限每月的最后一个工作日'],
  ['*/40 * * * * *', 'UTC', 'en', 'At 0 and 40 seconds past the minute'],
  ['*/40 * * * * *', 'UTC', 'zh', '在一分钟后的第 0 和 40 秒'],
  ['*/20 * * * * *', 'UTC', 'en', 'Every 20 seconds'],
  ['?/25 9-17 * * *', 'UTC', 'en', 'At 0, 25, and 50 minutes past the hour, between 09:00 and 17:59'],
  ['5/25 * * * *', 'UTC', 'en', 'At 5, 30, and 55 minutes past the hour'],
  ['0-59/45,10 * * * *', 'UTC', 'en', 'At 0, 10, and 45 minutes past the hour'],
  ['0-50/40 * * * *', 'UTC', 'en', 'Every 40 minutes, minutes 0 through 50 past the hour'],
  ['0 */9 * * *', 'UTC', 'en', 'At 00:00, 09:00 and 18:00'],
  ['0 */9 * * *', 'UTC', 'zh', '在 00:00, 09:00 和 18:00'],
  ['*/30 */8 * * *', 'UTC', 'en', 'Every 30 minutes, every 8 hours'],
  ['@every 1d2h', 'UTC', 'en', 'Every 1 day 2 hours'],
  ['@every 1h', 'UTC', 'en', 'Every hour'],
  ['@every 90s', 'UTC', 'zh', '每 1 分钟 30 秒'],
  ['@at 2027-01-01T09:00:00+01:00', 'UTC', 'en', 'Once, at 2027-01-01 08:00:00 UTC'],
  ['0 3 * * *\n0 12 * * *', 'UTC', 'en', 'At 03:00; and At 12:00'],
] as const)('%j in %s says in %s: %s', (cronExpr, zone, language, expected) => {
  expect(describeSchedule(cronExpr, zone, language)).toBe(expected);
});

const warnings = (text: ScheduleText, from = '2027-01-01T00:00:00Z'): string => {
  const explained = explainSchedule(text, Date.parse(from), 3);
  return explained.ok ? explained.value.warnings.join('\n') : 'refused';
};

test.each([
  [{ cronExpr: '0 0 31W * *' }, 'never fires in February, April, June, September and November'],
  [{ cronExpr: '0 0 L-30 * *' }, 'never fires in February, April, June, September and November'],
  [{ cronExpr: '0 0 31 * *' }, 'never fires in February, April, June, September and November'],
  [{ cronExpr: '0 0 29 2 *' }, 'fires in leap years only'],
  [{ cronExpr: '0 0 13 * 5' }, 'days that match either'],
  [{ cronExpr: '0 0 */2 * 1' }, 'days that match both'],
  [{ cronExpr: '0 0 0 1 1 *' }, 'some tools read the sixth as a year'],
  [{ cronExpr: '*/7 * * * *' }, 'the last step is shorter'],
  [{ cronExpr: '*/5 * * * * * *' }, 'as often as every 5 seconds'],
  [{ cronExpr: '* * * * * * *' }, 'as often as every second:'],
  [{ cronExpr: 'H * * * *' }, 'depend on the name of the job'],
  [{ cronExpr: '@at 2026-01-01T00:00:00Z' }, 'It does not fire any more'],
  [
    { cronExpr: '30 2 * * *', timezone: 'Europe/Berlin' },
    'On 2027-03-28 the clock goes from 02:00 to 03:00: what falls between runs once, right after the gap',
  ],
  [
    { cronExpr: '30 2 * * *', timezone: 'Europe/Berlin' },
    'On 2027-10-31 the clock goes back from 03:00 to 02:00: what falls into the repeated time runs once',
  ],
  [{ cronExpr: '30 2 * * *', timezone: 'Europe/Berlin', dst: 'skip' }, 'what falls between does not run'],
  [{ cronExpr: '30 2 * * *', timezone: 'Europe/Berlin', dst: 'both' }, 'runs twice'],
  [{ cronExpr: '*/10 2 * * *', timezone: 'Europe/Berlin' }, 'follows the clock'],
] as const)('%j warns: %s', (text, expected) => {
  expect(warnings(text)).toContain(expected);
});

test.each([
  { cronExpr: '*/5 * * * *', timezone: 'Europe/Berlin' },
  { cronExpr: '0 12 * * *', timezone: 'Europe/Berlin' },
  { cronExpr: '0 3 * * MON-FRI' },
  { cronExpr: '@every 10s' },
])('%j has nothing that surprises', (text) => {
  expect(warnings(text)).toBe('');
});

test('a fire time that a change of the clock touched says so, in both languages', () => {
  const gap = explainSchedule({ cronExpr: '30 2 * * *', timezone: 'Europe/Berlin' }, Date.parse('2027-03-27T12:00:00Z'), 2);
  expect(gap.ok && gap.value.fires).toEqual([
    { at: '2027-03-28T01:00:00.000Z', note: '02:30 does not exist on this day: right after the gap' },
    { at: '2027-03-29T00:30:00.000Z' },
  ]);
  const fold = explainSchedule(
    { cronExpr: '30 2 * * *', timezone: 'Europe/Berlin', dst: 'both' },
    Date.parse('2027-10-30T12:00:00Z'),
    2,
    'zh',
  );
  expect(fold.ok && fold.value.fires).toEqual([
    { at: '2027-10-31T00:30:00.000Z', note: '这个时间当天出现两次：第一次' },
    { at: '2027-10-31T01:30:00.000Z', note: '这个时间当天出现两次：第二次' },
  ]);
});
