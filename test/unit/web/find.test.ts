import { expect, test } from 'vitest';
import { createFind, hitAfter, MOST_HITS, piecesOf } from '../../../web/src/output/find.ts';
import { createTerminal } from '../../../web/src/output/terminal.ts';

const linesOf = (text: string) => {
  const terminal = createTerminal();
  terminal.write(text);
  return terminal.lines();
};

test.each<[string, string, string, readonly string[]]>([
  ['every place, line by line', 'a', 'a ba\nb\na', ['0:0-1', '0:3-4', '2:0-1']],
  ['whatever the case', 'ERROR', 'an Error\n', ['0:3-8']],
  ['signs are no pattern', '.*[a](', 'x .*[a](\nxa', ['0:2-8']],
  ['not over the end of a line', 'ab', 'a\nb', []],
  ['in other languages', '错误', '一个错误\n', ['0:2-4']],
  ['letters that grow in lower case keep their place', 'x', 'İİx', ['0:2-3']],
  ['nothing asked, nothing found', '', 'abc', []],
])('%s', (_, query, text, expected) => {
  const hits = createFind(query).all(linesOf(text));
  expect(hits.map(({ number, from, to }) => `${String(number)}:${String(from)}-${String(to)}`)).toEqual(expected);
});

test('what we say ourselves is not found', () => {
  const terminal = createTerminal();
  terminal.note('left out');
  expect(createFind('left').all(terminal.lines())).toEqual([]);
});

test('no more hits than anybody goes through', () => {
  expect(createFind('a').all(linesOf('aaaaaaaaaaaaaaaaaaa\n'.repeat(1_000)))).toHaveLength(MOST_HITS);
});

test('a hit that begins in one colour and ends in another keeps both', () => {
  const [line] = linesOf('a\x1b[31mbc\x1b[0md bc');
  const ranges = createFind('bcd').inLine(line!);
  expect(piecesOf(line!.spans, ranges)).toEqual([
    { text: 'a' },
    { text: 'bc', color: '#ff7b72', hit: 1 },
    { text: 'd', hit: 1 },
    { text: ' bc' },
  ]);
});

test('hits side by side are two', () => {
  const [line] = linesOf('aab');
  expect(piecesOf(line!.spans, createFind('a').inLine(line!))).toEqual([
    { text: 'a', hit: 0 },
    { text: 'a', hit: 1 },
    { text: 'b' },
  ]);
});

test('from hit to hit, around both ends, also when the current one is gone', () => {
  const hits = createFind('a').all(linesOf('a\nb\naa'));
  const at = (index: number) => hits[index]!;
  expect(hitAfter(hits, undefined, 1)).toBe(at(0));
  expect(hitAfter(hits, undefined, -1)).toBe(at(2));
  expect(hitAfter(hits, at(0), 1)).toBe(at(1));
  expect(hitAfter(hits, at(2), 1)).toBe(at(0));
  expect(hitAfter(hits, at(0), -1)).toBe(at(2));
  expect(hitAfter(hits, { number: 1, from: 0, to: 1 }, 1)).toBe(at(1));
  expect(hitAfter(hits, { number: 1, from: 0, to: 1 }, -1)).toBe(at(0));
  expect(hitAfter([], undefined, 1)).toBeUndefined();
});
