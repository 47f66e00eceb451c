import Anser, { type AnserJsonEntry } from 'anser';

/** The library's types leave it out. */
type Entry = AnserJsonEntry & { readonly isInverted?: boolean };

/** Text of one look. `color` and `background` are CSS colours. */
export type Span = {
  readonly text: string;
  readonly color?: string;
  readonly background?: string;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
};

/** The sixteen colours, readable on the dark ground of the output. */
const PALETTE: Readonly<Record<string, string>> = {
  'ansi-black': '#6e7681',
  'ansi-red': '#ff7b72',
  'ansi-green': '#7ee787',
  'ansi-yellow': '#e3b341',
  'ansi-blue': '#79b8ff',
  'ansi-magenta': '#d2a8ff',
  'ansi-cyan': '#56d4dd',
  'ansi-white': '#d6dde4',
  'ansi-bright-black': '#8b949e',
  'ansi-bright-red': '#ffa198',
  'ansi-bright-green': '#a5f3b0',
  'ansi-bright-yellow': '#f2cc60',
  'ansi-bright-blue': '#a5d0ff',
  'ansi-bright-magenta': '#e2c5ff',
  'ansi-bright-cyan': '#92e8ee',
  'ansi-bright-white': '#ffffff',
};
const GROUND = '#0d1117';
const INK = '#d6dde4';

/** One of the 256: a cube of 6 × 6 × 6, then greys. */
const cubeColor = (n: number): string => {
  if (n >= 232) return `rgb(${[0, 0, 0].map(() => 8 + (n - 232) * 10).join(',')})`;
  const level = (place: number): number => [0, 95, 135, 175, 215, 255][Math.floor((n - 16) / place) % 6] ?? 0;
  return `rgb(${String(level(36))},${String(level(6))},${String(level(1))})`;
};

const colorOf = (name: string | null, truecolor: string | null): string | undefined => {
  if (name === null) return undefined;
  if (name === 'ansi-truecolor') return truecolor === null ? undefined : `rgb(${truecolor})`;
  const cube = /^ansi-palette-(\d+)$/.exec(name);
  return cube ? cubeColor(Number(cube[1])) : PALETTE[name];
};

/* eslint-disable no-control-regex -- control characters are what these are about */
/** What moves a terminal's cursor, sets its title or rings its bell: all that is no colour. */
const NO_COLOR = new RegExp(
  [
    /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/, // title and links
    /\x1b[PX^_][^\x1b]*\x1b\\/, // strings for the terminal
    /\x1b\[[0-?]*[ -/]*[@-ln-~]/, // cursor and erasing; "m" is colour
    /\x1b[()#%][0-9A-Za-z]/, // character sets
    /\x1b[0-OQ-WYZ\\`-~]/, // the rest with one character
    /[\0-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
/** A sequence that is not whole yet: its rest is still to come. */
const UNFINISHED = /\x1b(\[[0-?]*[ -/]*|\][^\x07\x1b]{0,300}\x1b?)?$/;
/* eslint-enable no-control-regex */

/** A line that was written over shows what stood there at the end, as on a terminal: shorter text leaves the rest of the longer one. */
const overwritten = (line: string): string => {
  const [first = '', ...rest] = line.split('\r');
  return rest.reduce(
    (shown, over) => (over.length >= shown.length || over.includes('\x1b') ? over || shown : over + shown.slice(over.length)),
    first,
  );
};

/** A command's output as text with looks. Never markup: who shows it puts `text` into a text node. */
export const spansOf = (output: string): readonly Span[] => {
  const lines = output
    .replace(UNFINISHED, '')
    .replaceAll('\r\n', '\n')
    .replaceAll(NO_COLOR, '')
    .split('\n')
    .map(overwritten)
    .join('\n');
  const entries: readonly Entry[] = Anser.ansiToJson(lines, { json: true, remove_empty: true, use_classes: true });
  return entries.map(({ content, fg, bg, fg_truecolor, bg_truecolor, decorations, isInverted }) => {
    const [color, background] = [colorOf(fg, fg_truecolor), colorOf(bg, bg_truecolor)];
    return {
      text: content,
      ...(color !== undefined && !isInverted && { color }),
      ...(background !== undefined && !isInverted && { background }),
      // The library has swapped them already, and put black and white where there was none.
      ...(isInverted && { color: fg === 'ansi-black' ? GROUND : (color ?? GROUND), background: background ?? INK }),
      ...(decorations.includes('bold') && { isBold: true }),
      ...(decorations.includes('dim') && { isDim: true }),
      ...(decorations.includes('italic') && { isItalic: true }),
      ...(decorations.includes('underline') && { isUnderlined: true }),
    };
  });
};
