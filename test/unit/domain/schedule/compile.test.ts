import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gapOf } from '../../../../src/domain/gap.ts';
import { compileSchedule, type CompiledSchedule, type ScheduleText } from '../../../../src/domain/schedule/compile.ts';
import { explainSchedule } from '../../../../src/domain/schedule/explain.ts';

const compiled = (text: Omit<ScheduleText, 'cronExpr'> & { cronExpr: string }): CompiledSchedule => {
  const answer = compileSchedule(text);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  return answer.value;
};
const iso = (at: { fireTime: number } | undefined): string | undefined => at && new Date(at.fireTime).toISOString();
const after = (cronExpr: string, from: string, more: Partial<ScheduleText> = {}): string | undefined =>
  iso(compiled({ cronExpr, ...more }).next(Date.parse(from)));

test.each([
  ['five fields', '*/5 * * * *', '2026-01-01T00:00:00.000Z', '2026-01-01T00:05:00.000Z'],
  ['six, seconds first', '*/5 * * * * *', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:05.000Z'],
  ['seven, year last', '*/5 * * * * * *', '2026-01-01T00:00:04.999Z', '2026-01-01T00:00:05.000Z'],
  ['a year to come', '0 0 12 1 6 * 2030', '2026-01-01T00:00:00.000Z', '2030-06-01T12:00:00.000Z'],
  ['names', '0 9 * JAN MON-FRI', '2026-01-03T00:00:00.000Z', '2026-01-05T09:00:00.000Z'],
  ['a macro', '@daily', '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
  ['the earliest of two lines', '0 3 * * *\n# at noon too\n0 12 * * *', '2026-01-01T05:00:00.000Z', '2026-01-01T12:00:00.000Z'],
  ['a leap day', '0 0 29 2 *', '2026-01-01T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
])('%s: %j', (_case, cronExpr, from, expected) => {
  expect(after(cronExpr, from)).toBe(expected);
});

test('the zone counts, the year in the zone too', () => {
  expect(after('0 3 * * *', '2026-07-01T00:00:00.000Z', { timezone: 'Europe/Berlin' })).toBe('2026-07-01T01:00:00.000Z');
  expect(after('0 0 0 1 1 * 2028', '2026-01-01T00:00:00.000Z', { timezone: 'Europe/Berlin' })).toBe('2027-12-31T23:00:00.000Z');
  expect(after('0 0 0 1 1 * 2028', '2026-01-01T00:00:00.000Z', { timezone: 'America/New_York' })).toBe(
    '2028-01-01T05:00:00.000Z',
  );
});

test('startAt and endAt bound it, both included', () => {
  const bounds = { startAt: '2026-01-02T00:00:00Z', endAt: '2026-01-03T00:00:00Z' };
  expect(after('0 0 * * *', '2026-01-01T00:00:00.000Z', bounds)).toBe('2026-01-02T00:00:00.000Z');
  expect(after('0 0 * * *', '2026-01-02T00:00:00.000Z', bounds)).toBe('2026-01-03T00:00:00.000Z');
  expect(after('0 0 * * *', '2026-01-03T00:00:00.000Z', bounds)).toBeUndefined();
});

test.each([
  ['', 1, 1, undefined, 'there is no cron text'],
  ['* * * *', 1, 1, undefined, '4 fields'],
  ['61 * * * *', 1, 1, 'minute', '"61"'],
  ['* 25 * * *', 1, 3, 'hour', '"25"'],
  ['0 3 * * *\n0 0 * 13 *', 2, 7, 'month', '"13"'],
  ['0 0 31 2 *', 1, 1, undefined, 'never comes'],
  ['0 0 0 1 1 * 2200', 1, 13, 'year', 'it goes from 1970 to 2099'],
  ['0 0 0 1 1 * 1999', 1, 13, undefined, undefined],
  ['@reboot', 1, 1, undefined, '@reboot is not possible'],
  ['@often', 1, 1, undefined, 'is not known'],
])('%j is refused with its place', (cronExpr, line, column, field, words) => {
  const answer = compileSchedule({ cronExpr });
  if (words === undefined) {
    expect(answer.ok && answer.value.next(Date.parse('2026-01-01T00:00:00Z'))).toBeFalsy();
    return;
  }
  const problem = answer.ok ? undefined : answer.problems[0];
  expect(problem).toMatchObject({ path: '/cronExpr', code: 'badCron', line, column, ...(field === undefined ? {} : { field }) });
  expect(problem?.message).toContain(words);
});

const texts = [
  '* * * * *',
  '*/7 * * * * *',
  '0 3 * * *',
  '30 2 * * SUN',
  '0 0 1 */2 *',
  '15 10 L * *',
  '0 0 0 1 1 * 2026-2040/3',
  '5 4 * * *\n0 12 * * MON',
];
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'];
const instants = fc.integer({ min: Date.parse('2025-01-01T00:00:00Z'), max: Date.parse('2030-01-01T00:00:00Z') });

test('next is strictly later and nothing lies between; prev is its inverse', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.constantFrom(...zones),
      instants,
      fc.constantFrom(0, 30_000),
      (cronExpr, timezone, at, jitterMs) => {
        const schedule = compiled({ name: 'x', cronExpr, timezone, jitterMs });
        const next = schedule.next(at);
        if (!next) return;
        expect(next.fireTime).toBeGreaterThan(at);
        expect(next.fireTime - next.nominalAt).toBeGreaterThanOrEqual(0);
        expect(next.fireTime - next.nominalAt).toBeLessThanOrEqual(jitterMs);
        expect(schedule.next(next.fireTime - 1)?.fireTime).toBe(next.fireTime);
        expect(schedule.prev(next.fireTime + 1)?.fireTime).toBe(next.fireTime);
        const before = schedule.prev(next.fireTime);
        if (before) {
          expect(before.fireTime).toBeLessThanOrEqual(at);
          expect(schedule.next(before.fireTime)?.fireTime).toBe(next.fireTime);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('jitter keeps the order of fire times', () => {
  const schedule = compiled({ name: 'x', cronExpr: '*/2 * * * * *', jitterMs: 60_000 });
  let at = 0;
  for (let each = 0; each < 500; each += 1) {
    const next = schedule.next(at);
    expect(next && next.fireTime - next.nominalAt).toBeLessThan(2_000);
    expect(next?.fireTime).toBeGreaterThan(at);
    at = next?.fireTime ?? Number.NaN;
  }
});

test('explain gives a sentence, the next fire times and what may surprise', () => {
  const answer = explainSchedule({ cronExpr: '0 0 1 * MON', timezone: 'UTC' }, Date.parse('2026-01-02T00:00:00Z'), 2);
  expect(answer).toMatchObject({
    ok: true,
    value: { fires: [{ at: '2026-01-05T00:00:00.000Z' }, { at: '2026-01-12T00:00:00.000Z' }] },
  });
  expect(answer.ok && answer.value.warnings.join()).toContain('either');
  expect(answer.ok && answer.value.description).toContain('Monday');
});

test('a gap tells what is too old as missed, once, and leaves the young', () => {
  const schedule = compiled({ cronExpr: '* * * * * *' });
  const now = Date.parse('2026-01-01T00:01:00Z');
  const gap = gapOf(schedule, now - 30_000, now, now, 10_000);
  expect(gap.missed).toStrictEqual({ from: now - 29_000, to: now - 10_000, count: 20 });
  expect(gap.young.map(({ fireTime }) => fireTime - now)).toStrictEqual([
    -9_000, -8_000, -7_000, -6_000, -5_000, -4_000, -3_000, -2_000, -1_000,
  ]);
});

test('a gap of a year of seconds is told without walking it', () => {
  const schedule = compiled({ cronExpr: '* * * * * *' });
  const now = Date.parse('2026-01-01T00:00:00Z');
  const { missed, young } = gapOf(schedule, now - 365 * 86_400_000, now, now, 0);
  expect(missed?.to).toBe(now - 1_000);
  expect(missed?.count).toBe(10_000);
  expect(young).toStrictEqual([]);
});
