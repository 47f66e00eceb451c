import { expect, test } from 'vitest';
import {
  clockStateOf,
  forgetStamps,
  hearStamp,
  NO_STAMPS,
  offsetInWords,
  type ClockStanding,
  type Stamps,
} from '../../../src/domain/clock-offset.ts';

const WALL = Date.parse('2026-01-01T00:00:00Z');
/** What each clock is ahead of the true time, ms; "me" is the listener. Every stamp takes `delayMs` to come. */
const heard = (
  clocks: Readonly<Record<string, number>>,
  { delayMs = 20, at = 1_000, stamps = NO_STAMPS as Stamps } = {},
): Stamps =>
  Object.entries(clocks).reduce(
    (all, [id, ahead]) =>
      hearStamp(all, {
        id,
        stampedAt: WALL + at - delayMs + ahead,
        heardAt: { wall: WALL + at + (clocks['me'] ?? 0), monotonic: at },
      }),
    stamps,
  );
const state = (stamps: Stamps, ahead: number, { at = 1_000, was = 'within' as ClockStanding, limitMs = 1_000 } = {}) =>
  clockStateOf(stamps, { me: 'me', wall: WALL + at + ahead, monotonic: at, limitMs, was });

test.each([
  ['alone nobody knows', { me: 5_000 }, { standing: 'unknown', offsetMs: 0, clocks: 1 }],
  ['three that agree', { me: 0, a: 30, b: -30 }, { standing: 'within', offsetMs: 0, clocks: 3 }],
  ['ahead of two that agree', { me: 5_000, a: 0, b: 10 }, { standing: 'outside', offsetMs: 4_990, clocks: 3 }],
  ['behind two that agree', { me: -5_000, a: 0, b: 10 }, { standing: 'outside', offsetMs: -5_000, clocks: 3 }],
  ['one of the two that agree', { me: 0, a: 0, b: 5_000 }, { standing: 'within', offsetMs: 0, clocks: 3 }],
  ['of two nobody knows who is right', { me: 5_000, a: 0 }, { standing: 'unsure', offsetMs: 2_500, clocks: 2 }],
  ['two against two', { me: 5_000, a: 5_000, b: 0, c: 0 }, { standing: 'unsure', offsetMs: 2_500, clocks: 4 }],
  ['three that all differ', { me: 0, a: 5_000, b: 10_000 }, { standing: 'unsure', offsetMs: -5_000, clocks: 3 }],
  ['one against three of four', { me: 1_500, a: 0, b: 0, c: 0 }, { standing: 'outside', offsetMs: 1_500, clocks: 4 }],
  ['off by just the limit', { me: 1_000, a: 0, b: 0 }, { standing: 'within', offsetMs: 1_000, clocks: 3 }],
] as const)('%s', (_case, clocks, expected) => {
  expect(state(heard(clocks), clocks.me)).toStrictEqual(expected);
});

test('the way of the stamps is no offset, though it takes long', () => {
  expect(state(heard({ me: 0, a: 0, b: 0 }, { delayMs: 1_800 }), 0)).toMatchObject({ standing: 'within', offsetMs: 0 });
});

test('one stamp that was held up does not count: the last few are compared', () => {
  const before = heard({ me: 0, a: 0, b: 0 });
  const late = heard({ a: 0, b: 0 }, { delayMs: 4_000, at: 6_000, stamps: before });
  expect(state(late, 0, { at: 6_000 })).toMatchObject({ standing: 'within', offsetMs: 0 });
});

test('a clock that is set while nobody stamps is noticed at once', () => {
  const stamps = heard({ me: 0, a: 0, b: 0 });
  expect(state(stamps, 5_000, { at: 2_000 })).toMatchObject({ standing: 'outside', offsetMs: 5_000 });
  expect(state(stamps, -5_000, { at: 2_000 })).toMatchObject({ standing: 'outside', offsetMs: -5_000 });
});

test('who is silent or gone is not compared', () => {
  const stamps = heard({ me: 0, a: 0, b: 0 });
  expect(state(stamps, 5_000, { at: 32_000 })).toMatchObject({ standing: 'unknown' });
  expect(state(forgetStamps(stamps, 'b'), 5_000)).toMatchObject({ standing: 'unsure', clocks: 2 });
});

test('who was off is right again only well inside the limit', () => {
  const stamps = heard({ me: 0, a: 0, b: 0 });
  expect(state(stamps, 900, { was: 'within' }).standing).toBe('within');
  expect(state(stamps, 900, { was: 'outside' }).standing).toBe('outside');
  expect(state(stamps, 700, { was: 'outside' }).standing).toBe('within');
});

test('the limit can be set', () => {
  expect(state(heard({ me: 400, a: 0, b: 0 }), 400, { limitMs: 300 }).standing).toBe('outside');
});

test('an offset in words', () => {
  expect([offsetInWords(5_230), offsetInWords(-1_500)]).toStrictEqual(['5.2 s ahead of the others', '1.5 s behind the others']);
});
