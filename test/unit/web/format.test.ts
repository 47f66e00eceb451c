import { expect, test } from 'vitest';
import { createFormat } from '../../../web/src/format.ts';

const format = createFormat('en-GB', 'Europe/Berlin');
const NOW = Date.parse('2027-06-15T12:00:00.000Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();

test.each<[number, string]>([
  [-5, '0 s'],
  [0, '0 s'],
  [3.4, '3 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [2_450, '2.4 s'],
  [9_999, '9.9 s'],
  [12_999, '12 s'],
  [60_000, '1 min'],
  [65_000, '1 min 5 s'],
  [3_900_000, '1 h 5 min'],
  [90_000_000, '1 d 1 h'],
  [Number.NaN, '0 s'],
])('a length of %d ms: %s', (ms, expected) => {
  expect(format.length(ms)).toBe(expected);
});

test.each<[number, string]>([
  [0, 'now'],
  [-900, 'now'],
  [11_600, 'in 12 s'],
  [59_999, 'in 1 min'],
  [61_000, 'in 1 min'],
  [3_900_000, 'in 1 h 5 min'],
  [-4_600, '5 s ago'],
  [-125_000, '2 min ago'],
  [-3_900_000, '1 h ago'],
  [-180_000_000, '2 d 2 h ago'],
])('a distance of %d ms: %s', (ms, expected) => {
  expect(format.distance(at(ms), NOW)).toBe(expected);
});

test('a length that grows counts whole seconds', () => {
  expect([400, 1_999, 61_000].map(format.growing)).toEqual(['0 s', '1 s', '1 min 1 s']);
});

test('an instant has its day only where that is not today, and its year only where it is far', () => {
  expect(format.instant(at(0), NOW)).toBe('14:00:00');
  expect(format.instant('2027-06-15T22:30:00.000Z', NOW)).toBe('16 Jun, 00:30:00');
  expect(format.instant('2026-06-15T12:00:00.000Z', NOW)).toBe('15 Jun 2026, 14:00:00');
  expect(format.instant('not an instant', NOW)).toBe('not an instant');
});

test('the exact instant names the zone, and UTC to the millisecond', () => {
  expect(format.exact('2027-06-15T12:00:00.123Z')).toBe('15 Jun 2027, 14:00:00 (Europe/Berlin) · 2027-06-15 12:00:00.123 UTC');
});

test.each<[string, string]>([
  ['America/New_York', ' · 15 Jun 2027, 08:00:00 (America/New_York)'],
  ['Europe/Berlin', ''],
  ['UTC', ''],
  ['Not/AZone', ''],
])("the job's zone %s stands between where it says more", (zone, between) => {
  expect(format.exact('2027-06-15T12:00:00.000Z', zone)).toBe(
    `15 Jun 2027, 14:00:00 (Europe/Berlin)${between} · 2027-06-15 12:00:00.000 UTC`,
  );
});

test('the exact instant has the job’s zone too, where it is another and the browser knows it', () => {
  const at = '2027-06-15T12:00:00.000Z';
  expect(format.exact(at, 'Asia/Tokyo')).toBe(
    '15 Jun 2027, 14:00:00 (Europe/Berlin) · 15 Jun 2027, 21:00:00 (Asia/Tokyo) · 2027-06-15 12:00:00.000 UTC',
  );
  for (const zone of ['Europe/Berlin', 'UTC', 'Mars/Base']) expect(format.exact(at, zone)).toBe(format.exact(at));
});

test('a fire time has its weekday, in the zone that is asked for; none where the browser does not know the zone', () => {
  const at = '2027-06-15T22:00:05.000Z';
  expect(format.zone).toBe('Europe/Berlin');
  expect(format.fire(at)).toBe('Wed 16 Jun, 00:00:05');
  expect(format.fire(at, 'Asia/Tokyo')).toBe('Wed 16 Jun, 07:00:05');
  expect(format.fire(at, 'UTC')).toBe('Tue 15 Jun, 22:00:05');
  expect(format.fire(at, 'Mars/Base')).toBeUndefined();
});

test.each<[number, string]>([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 kB'],
  [1_550_000, '1.6 MB'],
  [2e15, '2,000 TB'],
])('%d bytes: %s', (bytes, expected) => {
  expect(format.bytes(bytes)).toBe(expected);
});
