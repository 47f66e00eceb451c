import { expect, test } from 'vitest';
import { spansOf, type Span } from '../../../web/src/ansi.ts';

const textOf = (output: string): string =>
  spansOf(output)
    .map(({ text }) => text)
    .join('');
const lookOf = (output: string): Span => spansOf(output).at(-1)!;

test.each<[string, string, Omit<Span, 'text'>]>([
  ['no colour', 'x', {}],
  ['a colour', '\x1b[31mx', { color: '#ff7b72' }],
  ['a bright one', '\x1b[92mx', { color: '#a5f3b0' }],
  ['bold and a ground', '\x1b[1;44mx', { isBold: true, background: '#79b8ff' }],
  ['dim, italic, underlined', '\x1b[2m\x1b[3m\x1b[4mx', { isDim: true, isItalic: true, isUnderlined: true }],
  ['of 256, in the cube', '\x1b[38;5;208mx', { color: 'rgb(255,135,0)' }],
  ['of 256, a grey', '\x1b[38;5;232mx', { color: 'rgb(8,8,8)' }],
  ['true colour', '\x1b[38;2;1;2;3mx', { color: 'rgb(1, 2, 3)' }],
  ['the colour after a true one', '\x1b[38;2;1;2;3my\x1b[32mx', { color: '#7ee787' }],
  ['the other way round', '\x1b[7mx', { color: '#0d1117', background: '#d6dde4' }],
  ['back to none', '\x1b[31my\x1b[0mx', {}],
])('%s', (_, output, look) => {
  expect(lookOf(output)).toEqual({ text: 'x', ...look });
});

test.each<[string, string, string]>([
  ['markup is text', '<script>alert(1)</script>&lt;', '<script>alert(1)</script>&lt;'],
  ['a progress bar shows where it is', ' 10%\r 50%\r100%\nok', '100%\nok'],
  ['a bar that has just gone back', ' 10%\r', ' 10%'],
  ['a shorter text leaves the rest of the longer', 'abcdef\rxy', 'xycdef'],
  ['line ends of Windows', 'a\r\nb\r\n', 'a\nb\n'],
  ['cursor and erasing', 'a\x1b[2K\x1b[1Ab\x1b[?25lc', 'abc'],
  ['titles and links', '\x1b]0;a title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\', 'xlink'],
  ['bells and other controls', 'a\x07b\x00c\td', 'abc\td'],
  ['a sequence that is not whole yet', 'a\x1b[3', 'a'],
  ['nor is this one', 'a\x1b', 'a'],
  ['nothing', '', ''],
])('%s', (_, output, expected) => {
  expect(textOf(output)).toBe(expected);
});
