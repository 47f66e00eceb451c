import { expect, test } from 'vitest';
import { lookOf, penAfter, PLAIN, type Look } from '../../../web/src/output/ansi.ts';

const lookAfter = (...codes: readonly string[]): Look => lookOf(codes.reduce(penAfter, PLAIN));

test.each<[string, readonly string[], Look]>([
  ['no colour', [], {}],
  ['a colour', ['31'], { color: '#ff7b72' }],
  ['a bright one', ['92'], { color: '#a5f3b0' }],
  ['bold, and a ground with an ink that is read on it', ['1;44'], { isBold: true, background: '#79b8ff', color: '#0d1117' }],
  ['a dark ground keeps light ink', ['48;2;10;10;10'], { background: 'rgb(10,10,10)', color: '#d6dde4' }],
  ['dim, italic, underlined, struck', ['2', '3;4', '9'], { isDim: true, isItalic: true, isUnderlined: true, isStruck: true }],
  ['of 256, one of the sixteen', ['38;5;9'], { color: '#ffa198' }],
  ['of 256, in the cube', ['38;5;208'], { color: 'rgb(255,135,0)' }],
  ['of 256, a grey', ['38;5;232'], { color: 'rgb(8,8,8)' }],
  ['true colour', ['38;2;1;2;3'], { color: 'rgb(1,2,3)' }],
  ['the same with colons', ['38:2::1:2:3'], { color: 'rgb(1,2,3)' }],
  ['a colour beyond all colours', ['38;2;999;2;3'], { color: 'rgb(255,2,3)' }],
  ['codes after a true colour count', ['38;2;1;2;3;1'], { color: 'rgb(1,2,3)', isBold: true }],
  ['a colour replaces the one before', ['38;2;1;2;3', '32'], { color: '#7ee787' }],
  ['the other way round', ['7'], { color: '#0d1117', background: '#d6dde4' }],
  ['a colour, the other way round', ['31;7'], { color: '#0d1117', background: '#ff7b72' }],
  ['and back', ['31;7', '27'], { color: '#ff7b72' }],
  ['back to none', ['31;1', '0'], {}],
  ['nothing is back to none', ['31;1', ''], {}],
  ['each is switched off by its own code', ['31;44;1;3', '39;22;23', '49'], {}],
  ['codes that it does not know', ['31', '58;5;1;77'], { color: '#ff7b72' }],
])('%s', (_, codes, look) => {
  expect(lookAfter(...codes)).toEqual(look);
});
