// The walk against looking at every minute of a whole year, changes of the clock included.
import { expect, test } from 'vitest';
import { compileSchedule } from '../../../../src/domain/schedule/compile.ts';
import { firesByLooking } from './brute-force.ts';

const YEAR = { from: Date.parse('2026-01-01T00:00:00Z'), to: Date.parse('2027-01-01T00:00:00Z') };

type Case = [expression: string, zone: string, dst?: 'auto' | 'skip' | 'both'];
const CASES: Case[] = [
  ['30 2 * * *', 'Europe/Berlin'],
  ['30 2 * * *', 'Europe/Berlin', 'skip'],
  ['30 2 * * *', 'Europe/Berlin', 'both'],
  ['*/20 1-3 * * *', 'America/New_York'],
  ['15,45 1,2 * * SUN', 'America/New_York', 'both'],
  ['10 2 * * *', 'Australia/Lord_Howe'],
  ['0 0 * * *', 'America/Santiago'],
  ['59 23 L * *', 'Africa/Cairo'],
  ['0 12 LW * *', 'Asia/Kolkata'],
  ['0 9 15W,1W * *', 'Pacific/Kiritimati'],
  ['0 9 L-3 * *', 'Pacific/Pago_Pago'],
  ['0 0 */2 * 1', 'UTC'],
  ['0 0 13 * FRI', 'Europe/Berlin'],
  ['0 22-2/2 * * FRI-MON', 'Europe/Berlin'],
  ['5 4 * NOV-FEB FRI#2,MON#5', 'Europe/London'],
  ['0 17 * * 5L', 'Africa/Casablanca'],
  ['30 3 25-5 * ?', 'Africa/Casablanca'],
  ['0 3 * * *', 'Pacific/Apia'],
];

test.each<Case>(CASES)('%s in %s (%s)', (expression, zone, dst = 'auto') => {
  const compiled = compileSchedule({ cronExpr: expression, timezone: zone, dst });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const expected = firesByLooking(expression, zone, dst, YEAR.from, YEAR.to);
  expect(expected.length).toBeGreaterThan(2);
  const forward: number[] = [];
  for (let next = compiled.value.next(YEAR.from - 1); next && next.fireTime <= YEAR.to; next = compiled.value.next(next.fireTime))
    forward.push(next.fireTime);
  expect(forward).toEqual(expected);
  const backward: number[] = [];
  for (let prev = compiled.value.prev(YEAR.to + 1); prev && prev.fireTime >= YEAR.from; prev = compiled.value.prev(prev.fireTime))
    backward.unshift(prev.fireTime);
  expect(backward).toEqual(expected);
});

test('the day that Samoa left out: what fell on it runs right after it', () => {
  const from = Date.parse('2011-12-28T00:00:00Z');
  const to = Date.parse('2012-01-02T00:00:00Z');
  const compiled = compileSchedule({ cronExpr: '0 3 * * *', timezone: 'Pacific/Apia' });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const fires: number[] = [];
  for (let next = compiled.value.next(from); next && next.fireTime < to; next = compiled.value.next(next.fireTime))
    fires.push(next.fireTime);
  expect(fires.map((at) => new Date(at).toISOString())).toEqual([
    '2011-12-28T13:00:00.000Z', // the 28th, UTC-10
    '2011-12-29T13:00:00.000Z',
    '2011-12-30T10:00:00.000Z', // midnight that begins the 31st: the 30th's run
    '2011-12-30T13:00:00.000Z', // the 31st, UTC+14
    '2011-12-31T13:00:00.000Z',
    '2012-01-01T13:00:00.000Z',
  ]);
  expect(fires).toEqual(firesByLooking('0 3 * * *', 'Pacific/Apia', 'auto', from, to));
});
