import { expect, test } from 'vitest';
import { steady } from '../../../web/src/lists/steady.ts';

test.each<[string, string, string, string]>([
  ['nothing changed', 'a b c', 'a b c', 'a b c'],
  ['rows that changed places stay where they were', 'c a b', 'a b c', 'a b c'],
  ['a row that is gone goes', 'a c', 'a b c', 'a c'],
  ['a new row between others waits', 'a x b c', 'a b c', 'a b c'],
  ['the next page comes after all others', 'a b c d e', 'a b c', 'a b c d e'],
  ['also when the others moved', 'c a b d', 'a b c', 'a b c d'],
  ['a list that was empty shows what comes', 'a b', '', 'a b'],
  ['all rows are others', 'x y', 'a b', 'x y'],
])('%s', (_, rows, seen, expected) => {
  const split = (text: string): readonly string[] => text.split(' ').filter((id) => id !== '');
  const shown = steady(
    split(rows).map((id) => ({ id })),
    ({ id }) => id,
    split(seen),
  );
  expect(shown.map(({ id }) => id).join(' ')).toBe(expected);
});
