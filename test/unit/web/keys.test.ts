import { expect, test } from 'vitest';
import { createKeys, rowAfter, type Press } from '../../../web/src/keys/keys.ts';

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  isTyping: false,
  hasModifier: false,
  isCovered: false,
  ...more,
});

const heard = () => {
  const acts: string[] = [];
  return { acts, act: (name: string, answer?: false) => () => (acts.push(name), answer) };
};

test.each<[string, Partial<Press>, boolean]>([
  ['plain', {}, true],
  ['while one types', { isTyping: true }, false],
  ['with Ctrl', { hasModifier: true }, false],
  ['under a dialog', { isCovered: true }, false],
])('%s', (_, more, expected) => {
  const { acts, act } = heard();
  const keys = createKeys();
  keys.add([{ key: 'n', act: act('new') }]);
  expect(keys.press(press('n', more))).toBe(expected);
  expect(acts).toEqual(expected ? ['new'] : []);
});

test('a key that nobody has does nothing', () => {
  const keys = createKeys();
  expect(keys.press(press('x'))).toBe(false);
});

test('what came last has the key first, until it goes', () => {
  const { acts, act } = heard();
  const keys = createKeys();
  keys.add([{ key: 'Escape', name: 'back', act: act('frame') }]);
  const end = keys.add([{ key: 'Escape', name: 'close', act: act('page') }]);
  keys.press(press('Escape'));
  expect(keys.list()).toEqual([{ key: 'Escape', name: 'close' }]);
  end();
  keys.press(press('Escape'));
  expect(acts).toEqual(['page', 'frame']);
  expect(keys.list()).toEqual([{ key: 'Escape', name: 'back' }]);
});

test('a key with nothing to do is free for others, and says so', () => {
  const { acts, act } = heard();
  const keys = createKeys();
  keys.add([{ key: 'r', act: act('frame') }]);
  const end = keys.add([{ key: 'r', act: act('page', false) }]);
  expect(keys.press(press('r'))).toBe(true);
  expect(acts).toEqual(['page', 'frame']);
  end();
  const alone = createKeys();
  alone.add([{ key: 'r', act: act('none', false) }]);
  expect(alone.press(press('r'))).toBe(false);
});

test('the list has what has a name', () => {
  const keys = createKeys();
  keys.add([
    { key: '?', name: 'this list', act: () => true },
    { key: 'x', act: () => true },
  ]);
  expect(keys.list()).toEqual([{ key: '?', name: 'this list' }]);
});

test.each<[number, 1 | -1, number, number | undefined]>([
  [-1, 1, 0, undefined],
  [-1, 1, 3, 0],
  [-1, -1, 3, 0],
  [0, 1, 3, 1],
  [2, 1, 3, 2],
  [0, -1, 3, 0],
  [2, -1, 3, 1],
])('from row %d by %d of %d: %s', (at, step, count, expected) => {
  expect(rowAfter(at, step, count)).toBe(expected);
});
