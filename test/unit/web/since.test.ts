import { expect, test } from 'vitest';
import { olderOf, placeAfter, type Since } from '../../../web/src/live/since.ts';

const place = (attempt: number, seq: number): Since => ({ attempt, seq });

test.each<[Since, Since, Since]>([
  ['9', '10', '9'],
  ['10', '9', '9'],
  [place(1, 9), place(2, 0), place(1, 9)],
  [place(2, 0), place(1, 9), place(1, 9)],
  [place(1, 3), place(1, 2), place(1, 2)],
  [place(1, -1), place(1, 0), place(1, -1)],
])('of %j and %j the older is %j', (a, b, older) => {
  expect(olderOf(a, b)).toEqual(older);
});

test('a list goes on from the position, a run from its newest numbered event', () => {
  const numbered = { type: 'output', runId: 'r', job: 'a', attempt: 2, seq: 5, at: '' };
  const { seq: _, ...unnumbered } = numbered;
  expect(placeAfter('7', numbered, '8')).toBe('8');
  expect(placeAfter(place(1, 4), numbered, '8')).toEqual(place(2, 5));
  expect(placeAfter(place(1, 4), unnumbered, '8')).toEqual(place(1, 4));
});
