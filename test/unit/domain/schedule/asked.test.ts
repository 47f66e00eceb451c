import { expect, test } from 'vitest';
import { readAsked, timeIn } from '../../../../src/domain/schedule/asked.ts';

const now = Date.parse('2027-06-15T01:30:00Z'); // 03:30 in Berlin
const iso = (text: string, zone = 'Europe/Berlin'): string | undefined => {
  const ms = readAsked(text, zone, now);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

test.each([
  ['03:00', '2027-06-15T01:00:00.000Z'],
  ['3:00', '2027-06-15T01:00:00.000Z'],
  ['03:30', '2027-06-15T01:30:00.000Z'],
  ['03:30:01', '2027-06-14T01:30:01.000Z'],
  ['23:59', '2027-06-14T21:59:00.000Z'],
  ['2027-01-31T03:00', '2027-01-31T02:00:00.000Z'],
  ['2027-01-31 03:00:05', '2027-01-31T02:00:05.000Z'],
  ['2027-01-31T03:00:00Z', '2027-01-31T03:00:00.000Z'],
  ['2027-01-31T03:00:00.000+08:00', '2027-01-30T19:00:00.000Z'],
  // The clock goes from 02:00 to 03:00, and back from 03:00 to 02:00.
  ['2027-03-28T02:30', '2027-03-28T01:30:00.000Z'],
  ['2027-03-28T03:00', '2027-03-28T01:00:00.000Z'],
  ['2027-10-31T02:30', '2027-10-31T00:30:00.000Z'],
  ['2027-10-31T03:00', '2027-10-31T02:00:00.000Z'],
])('%s is %s', (text, expected) => {
  expect(iso(text)).toBe(expected);
});

test.each(['', 'noon', '24:00', '12:60', '2027-02', '2027-00-10T03:00', '2027-01-31', '1e3', '03:00Z'])(
  '%j is no time',
  (text) => {
    expect(iso(text)).toBeUndefined();
  },
);

test('an instant on the clocks of a zone', () => {
  expect(timeIn(now, 'Europe/Berlin')).toBe('2027-06-15 03:30:00 (Europe/Berlin)');
  expect(timeIn(now, 'UTC')).toBe('2027-06-15 01:30:00 (UTC)');
});
