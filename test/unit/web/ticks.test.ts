import { describe, expect, test } from 'vitest';
import type { TickView } from '../../../src/domain/wire.ts';
import {
  didNotRun,
  readSpan,
  rowsOf,
  windowOf,
  withNewest,
  withOlder,
  withoutFar,
  writeSpan,
} from '../../../web/src/job/ticks.ts';

const DAY = '2027-06-15';
const at = (minute: number): string => `${DAY}T03:${String(minute).padStart(2, '0')}:00.000Z`;
const ran = (minute: number, outcome: NonNullable<TickView['outcome']> = 'succeeded'): TickView => ({
  fireTime: at(minute),
  fate: 'ran',
  runId: `run ${String(minute)}`,
  outcome,
});
const skipped = (minute: number): TickView => ({ fireTime: at(minute), fate: 'skipped', reason: 'overlap' });
const coming = (minute: number): TickView => ({ fireTime: at(minute), fate: 'coming' });
const minutesOf = (ticks: readonly TickView[]): readonly number[] => ticks.map(({ fireTime }) => Number(fireTime.slice(14, 16)));

describe('what of the timeline is shown, in the address', () => {
  test.each<[string | null, ReturnType<typeof readSpan>, string | undefined]>([
    [null, 'day', undefined],
    ['7d', 'week', '7d'],
    ['nonsense', 'day', undefined],
    ['2027-06-15T05:00:00+02:00', { around: at(0) }, at(0)],
  ])('%j', (text, span, written) => {
    expect(readSpan(text)).toEqual(span);
    expect(writeSpan(span)).toBe(written);
  });

  test('up to now what comes belongs to it; around an instant it is an hour before and a little after', () => {
    const now = Date.parse(at(0));
    expect(windowOf('day', now)).toEqual({ from: '2027-06-14T03:00:00.000Z' });
    expect(windowOf('week', now)).toEqual({ from: '2027-06-08T03:00:00.000Z' });
    expect(windowOf({ around: at(30) }, now)).toEqual({ from: `${DAY}T02:30:00.000Z`, to: at(40) });
    expect(windowOf({ around: `${DAY}T02:30:00.000Z` }, now)).toEqual({
      from: `${DAY}T01:30:00.000Z`,
      to: `${DAY}T02:40:00.000Z`,
    });
    // The next hour of a job of every second would hide what just ran.
    expect(windowOf({ around: `${DAY}T02:55:00.000Z` }, now)).toEqual({ from: `${DAY}T01:55:00.000Z` });
  });
});

describe('the newest page over what was known', () => {
  test('says what is true of its own stretch; older ticks and the way to still older ones stay', () => {
    const known = { items: [coming(4), ran(3), ran(2), ran(1)], nextCursor: 'after 1' };
    const next = withNewest(known, { items: [coming(5), ran(4), ran(3)], nextCursor: 'after 3' });
    expect(minutesOf(next.items)).toEqual([5, 4, 3, 2, 1]);
    expect(next.items.map(({ fate }) => fate)).toEqual(['coming', 'ran', 'ran', 'ran', 'ran']);
    expect(next.nextCursor).toBe('after 1');
  });

  test('where it does not reach down to what was known, that is let go: nothing is missing in the middle', () => {
    const page = { items: [ran(9), ran(8)], nextCursor: 'after 8' };
    expect(withNewest({ items: [ran(3), ran(2)] }, page)).toBe(page);
  });

  test('a page that is all there is takes the place of everything', () => {
    const page = { items: [ran(2)] };
    expect(withNewest({ items: [ran(3), ran(2)], nextCursor: 'x' }, page)).toBe(page);
    expect(withNewest(undefined, page)).toBe(page);
  });

  test('a tick at the very edge is there once', () => {
    const known = { items: [ran(3), ran(2), ran(1)] };
    expect(minutesOf(withNewest(known, { items: [ran(4), ran(2)], nextCursor: 'x' }).items)).toEqual([4, 2, 1]);
  });

  test('a range of missed ticks stands where its last one does', () => {
    const missed: TickView = { fireTime: at(1), to: at(5), count: 5, fate: 'missed', reason: 'noWorker' };
    const next = withNewest({ items: [missed, ran(0)] }, { items: [ran(6), missed], nextCursor: 'x' });
    expect(next.items).toEqual([ran(6), missed, ran(0)]);
  });
});

test('an older page is put behind, each tick once', () => {
  const next = withOlder({ items: [ran(3), ran(2)], nextCursor: 'a' }, { items: [ran(2), ran(1)], nextCursor: 'b' });
  expect(minutesOf(next.items)).toEqual([3, 2, 1]);
  expect(next.nextCursor).toBe('b');
  expect(withOlder(next, { items: [] }).nextCursor).toBeUndefined();
});

test('of what is coming only the soonest is shown', () => {
  expect(minutesOf(withoutFar([coming(9), coming(8), coming(7), coming(6), ran(5)]))).toEqual([8, 7, 6, 5]);
  expect(minutesOf(withoutFar([coming(6), ran(5)]))).toEqual([6, 5]);
});

test('skipped, missed and waiting are what somebody asks about', () => {
  const fates = ['coming', 'waiting', 'ran', 'skipped', 'missed'] as const;
  expect(fates.filter((fate) => didNotRun({ fireTime: at(0), fate }))).toEqual(['waiting', 'skipped', 'missed']);
});

describe('what goes on in the same way is folded, so that the rest is seen', () => {
  const shapeOf = (ticks: readonly TickView[]): readonly string[] =>
    rowsOf(ticks).map((row) =>
      row.type === 'fold' ? `${String(row.ticks.length)} folded` : `${row.tick.fate} ${row.tick.fireTime.slice(14, 16)}`,
    );
  const many = (from: number, count: number): readonly TickView[] => Array.from({ length: count }, (_, n) => ran(from - n));

  test('the newest few stay open', () => {
    expect(shapeOf(many(20, 10))).toEqual(['ran 20', 'ran 19', 'ran 18', '7 folded']);
  });
  test('few are not worth it', () => {
    expect(shapeOf(many(20, 6))).toEqual(['ran 20', 'ran 19', 'ran 18', 'ran 17', 'ran 16', 'ran 15']);
  });
  test('what was skipped for one reason is folded too: a job that is busy all day does not hide its run', () => {
    const skips = Array.from({ length: 9 }, (_, n) => skipped(30 - n));
    expect(shapeOf([...skips, { fireTime: at(9), fate: 'ran' }])).toEqual([
      'skipped 30',
      'skipped 29',
      'skipped 28',
      '6 folded',
      'ran 09',
    ]);
    const others: readonly TickView[] = skips.map((tick) => ({ ...tick, reason: 'late' }));
    expect(shapeOf([...many(40, 3), ...skips, ...others])).toEqual(['ran 40', 'ran 39', 'ran 38', '9 folded', '9 folded']);
  });
  test('what failed or still runs is never folded', () => {
    expect(shapeOf([...many(40, 8), skipped(30), ran(29, 'failed'), { fireTime: at(28), fate: 'ran' }, ...many(20, 5)])).toEqual([
      'ran 40',
      'ran 39',
      'ran 38',
      '5 folded',
      'skipped 30',
      'ran 29',
      'ran 28',
      '5 folded',
    ]);
  });
});
