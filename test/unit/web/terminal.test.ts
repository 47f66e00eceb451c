import { expect, test } from 'vitest';
import { createTerminal, type Limits } from '../../../web/src/output/terminal.ts';

const write = (pieces: readonly string[], limits?: Limits) => {
  const terminal = createTerminal(limits);
  for (const piece of pieces) terminal.write(piece);
  return terminal;
};
const textsOf = (...pieces: readonly string[]): readonly string[] =>
  write(pieces)
    .lines()
    .map(({ text }) => text);

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ['nothing', '', []],
  ['a line', 'a\n', ['a']],
  ['a line without end', 'a\nb', ['a', 'b']],
  ['empty lines between', 'a\n\n\nb\n', ['a', '', '', 'b']],
  ['markup is text', '<script>alert(1)</script>&lt;', ['<script>alert(1)</script>&lt;']],
  ['a progress bar shows where it is', ' 10%\r 50%\r100%\nok', ['100%', 'ok']],
  ['a bar that has just gone back', ' 10%\r', [' 10%']],
  ['a shorter text leaves the rest of the longer', 'abcdef\rxy', ['xycdef']],
  ['unless the rest is erased', 'abcdef\rxy\x1b[K', ['xy']],
  ['or the whole line', 'abcdef\r\x1b[2Kxy', ['xy']],
  ['erasing up to the cursor', 'abcdef\x1b[3G\x1b[1K', ['   def']],
  ['line ends of Windows', 'a\r\nb\r\n', ['a', 'b']],
  ['backspace', 'loading |\b/\b-', ['loading -']],
  ['not before the line', '\b\b\ba', ['a']],
  ['left, right, to a column', 'abc\x1b[2Dx\x1b[2Cy\x1b[1Gz', ['zxc y']],
  ['several bars, by going up', 'one 1%\ntwo 1%\n\x1b[2Aone 9%\n\x1b[Ktwo 9%\n', ['one 9%', 'two 9%']],
  ['what is below is erased', 'a\nb\nc\n\x1b[2A\x1b[Jd', ['a', 'd']],
  ['not above the first line', '\x1b[9Aa', ['a']],
  ['clearing the screen keeps what was printed', 'a\n\x1b[2J\x1b[Hb', ['a', 'b']],
  ['titles and links', '\x1b]0;a title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\', ['xlink']],
  ['hidden cursors and character sets', '\x1b[?25la\x1b(Bb\x1b=c', ['abc']],
  ['bells and other controls', 'a\x07b\x00c\td\x85', ['abc\td']],
  ['a sequence that is not whole yet', 'a\x1b[3', ['a']],
  ['nor is this one', 'a\x1b', ['a']],
  ['characters beyond the first plane are one each', '🙂🙂\rx', ['x🙂']],
];

test.each(CASES)('%s', (_, output, expected) => {
  expect(textsOf(output)).toEqual(expected);
});

test.each(CASES)('%s: the same in pieces of one character', (_, output, expected) => {
  expect(textsOf(...Array.from(output))).toEqual(expected);
});

test('colours hold over lines and pieces, and what is written over has its own', () => {
  const [first, second] = write(['\x1b[31mab', 'c\nde\x1b[3', '2mf\x1b[0mg\rX']).lines();
  expect(first!.spans).toEqual([{ text: 'abc', color: '#ff7b72' }]);
  expect(second!.spans).toEqual([{ text: 'X' }, { text: 'e', color: '#ff7b72' }, { text: 'f', color: '#7ee787' }, { text: 'g' }]);
});

test('a line is the same object until it changes', () => {
  const terminal = write(['a\nb']);
  const [a, b] = terminal.lines();
  expect(terminal.lines()).toBe(terminal.lines());
  terminal.write('c\n');
  const after = terminal.lines();
  expect(after[0]).toBe(a);
  expect(after[1]).not.toBe(b);
  expect(after[1]!.text).toBe('bc');
});

test('a line knows when its first character came', () => {
  const terminal = createTerminal();
  terminal.write('a\nb', 'one');
  terminal.write('c\nd', 'two');
  expect(terminal.lines().map(({ at }) => at)).toEqual(['one', 'one', 'two']);
});

test('a note stands in a line of its own, and colours do not reach over it', () => {
  const terminal = write(['\x1b[31ma']);
  terminal.note('left out');
  terminal.write('b');
  expect(terminal.lines()).toMatchObject([
    { text: 'a' },
    { text: 'left out', isNote: true },
    { text: 'b', spans: [{ text: 'b' }] },
  ]);
  expect(terminal.lines()[2]!.spans[0]).not.toHaveProperty('color');
});

test('a very long line goes on in the next', () => {
  const texts = textsOf('x'.repeat(4_500));
  expect(texts.map(({ length }) => length)).toEqual([2_000, 2_000, 500]);
});

test('of many lines the end is kept, numbered as they were, and said so', () => {
  const terminal = write(
    Array.from({ length: 100 }, (_, n) => `line ${String(n)}\n`),
    { lines: 10, chars: 10_000 },
  );
  const lines = terminal.lines();
  expect(terminal.isCut()).toBe(true);
  expect(lines.length).toBeLessThanOrEqual(12);
  expect(lines.at(-1)).toMatchObject({ text: 'line 99', number: 99 });
  expect(lines.map(({ number }) => `line ${String(number)}`)).toEqual(lines.map(({ text }) => text));
});

test('of much text too', () => {
  const terminal = write(
    Array.from({ length: 100 }, () => `${'x'.repeat(99)}\n`),
    { lines: 1_000, chars: 1_000 },
  );
  expect(terminal.isCut()).toBe(true);
  expect(terminal.lines().length).toBeLessThanOrEqual(13);
});

test('a bar that is drawn a hundred thousand times is one line', () => {
  const terminal = createTerminal();
  for (let n = 0; n < 100_000; n += 1) terminal.write(`\r\x1b[32m${String(n)}\x1b[0m of 100000`);
  expect(terminal.lines().map(({ text }) => text)).toEqual(['99999 of 100000']);
  expect(terminal.isCut()).toBe(false);
});
