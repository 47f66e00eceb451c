import { expect, test } from 'vitest';
import { clashes, differenceOfTexts, type Piece } from '../../../web/src/editor/difference.ts';

test('who changed a field: one of two, or both differently; what both changed alike is no difference', () => {
  const base = { command: 'a', cronExpr: '1', timezone: 'UTC', tags: ['x'] };
  const mine = { command: 'mine', cronExpr: '1', timezone: 'Asia/Tokyo', tags: ['same'], cwd: '/mine' };
  const theirs = { command: 'theirs', cronExpr: '2', timezone: 'UTC', tags: ['same'] };
  expect(clashes(base, mine, theirs).map(({ path, by }) => [path, by])).toEqual([
    ['/command', 'both'],
    ['/cronExpr', 'theirs'],
    ['/timezone', 'mine'],
    ['/cwd', 'mine'],
  ]);
  expect(clashes(base, mine, theirs)[0]).toEqual({ path: '/command', base: 'a', mine: 'mine', theirs: 'theirs', by: 'both' });
});

const written = (pieces: readonly Piece[]): string =>
  pieces.map(({ is, text }) => ({ same: text, gone: `[-${text}-]`, new: `{+${text}+}` })[is]).join('');

test.each([
  ['', '', ''],
  ['same', 'same', 'same'],
  ['', 'new', '{+new+}'],
  ['0 3 * * *', '0 4 * * *', '0 [-3-]{+4+} * * *'],
  ['echo a b', 'echo b', 'echo [-a -]b'],
  ['a\nb\nc\n', 'a\nx\nc\n', 'a\n[-b\n-]{+x\n+}c\n'],
  ['a\nb one\nc\n', 'a\nb two\nc\n', 'a\nb [-one-]{+two+}\nc\n'],
  ['a', 'a\nb', 'a{+\nb+}'],
  ['1\n2\n3', '1\n3', '1\n[-2\n-]3'],
  ['a b', 'c d', '[-a b-]{+c d+}'],
  ['运行 报告', '运行 备份', '运行 [-报告-]{+备份+}'],
])('%j to %j', (before, after, expected) => {
  expect(written(differenceOfTexts(before, after))).toBe(expected);
});

test('either text comes back whole out of the pieces, of long ones too', () => {
  const long = Array.from({ length: 1_500 }, (_, index) => `line ${String(index)}`).join('\n');
  const pairs = [
    ['set -e\necho one\necho two', 'set -eu\necho two\necho three\n'],
    [long, long.replaceAll('7', 'x')],
  ] as const;
  for (const [before, after] of pairs) {
    const pieces = differenceOfTexts(before, after);
    const without = (is: Piece['is']): string =>
      pieces
        .filter((piece) => piece.is !== is)
        .map(({ text }) => text)
        .join('');
    expect([without('new'), without('gone')]).toEqual([before, after]);
  }
});
