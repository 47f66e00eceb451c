import { expect, test } from 'vitest';
import { kindOfComment } from '../../../../src/domain/crontab/comments.ts';
import { checkWholeJob } from '../../../../src/domain/known-job.ts';
import { compileSchedule, type CompiledSchedule, type ScheduleText } from '../../../../src/domain/schedule/compile.ts';
import { describeSchedule } from '../../../../src/domain/schedule/describe.ts';
import { zoneOf } from '../../../../src/domain/schedule/zone.ts';

const compiled = (text: ScheduleText): CompiledSchedule => {
  const answer = compileSchedule(text);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  return answer.value;
};
const refusal = (cronExpr: string): string => {
  const answer = compileSchedule({ cronExpr });
  return answer.ok ? 'taken' : (answer.problems[0]?.message ?? '');
};
const iso = (at: { fireTime: number } | undefined): string | undefined => at && new Date(at.fireTime).toISOString();
const NOW = Date.UTC(2026, 10, 28);

/** Milliseconds that something takes. */
const took = (what: () => unknown): number => {
  const start = performance.now();
  what();
  return performance.now() - start;
};

test('a zone is one, however it is spelled', () => {
  compiled({ cronExpr: '0 0 * * *', timezone: 'EUROPE/berlin' });
  expect(zoneOf('EUROPE/berlin')).toBe(zoneOf('Europe/Berlin'));
});

test('a startAt long before the calendar begins is not walked from there', () => {
  const schedule = compiled({ cronExpr: '0 0 * * *', timezone: 'Europe/Madrid', startAt: '-271000-01-01T00:00:00Z' });
  expect(took(() => schedule.next(Date.parse('-270000-01-01T00:00:00Z')))).toBeLessThan(1_000);
  expect(iso(schedule.next(NOW))).toBe('2026-11-28T23:00:00.000Z');
});

test('many lines that come once in a long time do not slow the one that comes each minute', () => {
  const rare = Array.from({ length: 580 }, (_, index) => `${String(index % 60)} ${String(index % 59)} 0 1 1 * 2099`);
  const schedule = compiled({ cronExpr: ['* * * * *', ...rare].join('\n'), timezone: 'America/Santiago' });
  let at = NOW;
  expect(
    took(() => {
      for (let n = 0; n < 200; n += 1) at = schedule.next(at)?.fireTime ?? 0;
    }),
  ).toBeLessThan(3_000); // it was more than ten seconds
  expect(at).toBe(NOW + 200 * 60_000);
});

test('a text that is too long is refused without being read', () => {
  const cronExpr = Array.from({ length: 90_000 }, (_, index) => `${String(index % 60)} 1 * * *`).join('\n');
  let checked: ReturnType<typeof checkWholeJob> | undefined;
  expect(took(() => (checked = checkWholeJob({ name: 'long', command: 'true', cronExpr })))).toBeLessThan(1_000);
  expect(checked?.ok).toBe(false);
});

test('a bar of a million pipes is read at once', () => {
  expect(took(() => kindOfComment(`${'|'.repeat(1_000_000)}x`))).toBeLessThan(1_000);
  expect(kindOfComment(' |  |  | |')).toBe('heading');
});

test('jitter does not put a tick off past endAt', () => {
  const endAt = '2026-11-29T00:00:00.000Z';
  for (const name of ['a', 'b', 'c', 'd'])
    expect(iso(compiled({ name, cronExpr: '0 0 * * *', endAt, jitterMs: 3_600_000 }).next(NOW + 7_200_000))).toBe(endAt);
});

test.each([
  ['@at 2027-02-30T00:00:00Z', 'is not an instant'],
  ['@at 2200-01-01T00:00:00Z', 'years go to 2099'],
  ['*/99999999999999999999999 * * * *', 'taken'],
  ['H/99999999999999999999999 * * * *', 'taken'],
  ['0 0 0 1 1 * 2027/99999999999999999999999', 'taken'],
])('%s: %s', (cronExpr, words) => {
  expect(refusal(cronExpr)).toContain(words);
});

test.each([
  ['0 0 1,15 * MON-FRI', 'At 00:00, on day 1 and 15 of the month; or at 00:00, Monday through Friday'],
  ['0 0 13 * FRI', 'At 00:00, on day 13 of the month, or on Friday'],
  ['0 0 l * *', 'At 00:00, on the last day of the month'],
  ['0 0 L-1,L * *', '0 0 L-1,L * *'],
  ['*/90 * * * *', 'Every hour'],
  ['0 0 1-31/40 * *', 'At 00:00, on day 1 of the month'],
  ['0 0 * * FRI#2,MON', '0 0 * * FRI#2,MON'],
  ['0 0 * * FRI#2,MON#1', 'At 00:00, on the second Friday and first Monday of the month'],
  ['30 5/25 * * *', 'At 05:30'],
  ['0 0 0 1 1 * 2030/5', 'At 00:00, on day 1 of the month, only in January, every 5 years, 2030 through 2099'],
])('%s says %s', (cronExpr, sentence) => {
  expect(describeSchedule(cronExpr)).toBe(sentence);
});

test('either day in Chinese is "or" too, and a long text is told in part', () => {
  expect(describeSchedule('0 0 1 * MON-FRI', 'UTC', 'zh')).toContain('或者');
  const lines = Array.from({ length: 50 }, (_, minute) => `${String(minute)} 3 * * *`);
  expect(describeSchedule([...lines, ...lines].join('\n'))).toMatch(/03:19; and 30 more lines$/);
});
