/** How a piece of text looks. `color` and `background` are CSS colours, readable on the dark ground of the output. */
export type Look = {
  readonly color?: string;
  readonly background?: string;
  readonly isBold?: true;
  readonly isDim?: true;
  readonly isItalic?: true;
  readonly isUnderlined?: true;
  readonly isStruck?: true;
};

/** What a terminal writes with: a look before "the other way round" is applied to it. */
export type Pen = Look & { readonly isInverted?: true };
export const PLAIN: Pen = {};

/** A pen, the look that it gives (one object for all text of that look), and the pens that are known to come after it, by the codes. */
export type HeldPen = { readonly pen: Pen; readonly look: Look; readonly after: Map<string, HeldPen> };

const MOST_PENS = 1_000;

/** The pens of one output: the same look is the same object, and a change of colour that came before costs one look-up. */
export const createPens = () => {
  const pens = new Map<string, HeldPen>();
  const hold = (pen: Pen): HeldPen => {
    const key = JSON.stringify(pen, Object.keys(pen).sort());
    const known = pens.get(key);
    if (known) return known;
    if (pens.size > MOST_PENS) {
      for (const { after } of pens.values()) after.clear();
      pens.clear();
    }
    const held: HeldPen = { pen, look: lookOf(pen), after: new Map() };
    pens.set(key, held);
    return held;
  };
  return {
    plain: hold(PLAIN),
    after: (before: HeldPen, codes: string): HeldPen => {
      const known = before.after.get(codes);
      if (known) return known;
      const next = hold(penAfter(before.pen, codes));
      if (before.after.size < MOST_PENS) before.after.set(codes, next);
      return next;
    },
  };
};

const NORMAL = ['#6e7681', '#ff7b72', '#7ee787', '#e3b341', '#79b8ff', '#d2a8ff', '#56d4dd', '#d6dde4'] as const;
const BRIGHT = ['#8b949e', '#ffa198', '#a5f3b0', '#f2cc60', '#a5d0ff', '#e2c5ff', '#92e8ee', '#ffffff'] as const;
const GROUND = '#0d1117';
const INK = '#d6dde4';

/** One of the 256: the sixteen, a cube of 6 × 6 × 6, then greys. */
const indexed = (n: number): string | undefined => {
  if (!(n >= 0 && n <= 255)) return undefined;
  if (n < 16) return (n < 8 ? NORMAL : BRIGHT)[n % 8];
  if (n >= 232) return rgb([0, 0, 0].map(() => 8 + (n - 232) * 10));
  return rgb([36, 6, 1].map((place) => [0, 95, 135, 175, 215, 255][Math.floor((n - 16) / place) % 6] ?? 0));
};
const rgb = (parts: readonly number[]): string => `rgb(${parts.map((part) => Math.min(255, part || 0)).join(',')})`;

type Code = { readonly n: number; readonly parts: readonly number[] };

/** `38;5;n` and `38;2;r;g;b`, or the same with colons; answers how many codes were used up. */
const extended = (codes: readonly Code[], at: number): { readonly color: string | undefined; readonly used: number } => {
  const { parts = [] } = codes[at] ?? {};
  if (parts.length > 1) {
    const color = parts[1] === 5 ? indexed(parts[2] ?? -1) : parts[1] === 2 ? rgb(parts.slice(-3)) : undefined;
    return { color, used: 1 };
  }
  const next = (step: number): number => codes[at + step]?.n ?? 0;
  if (next(1) === 5) return { color: indexed(next(2)), used: 3 };
  if (next(1) === 2) return { color: rgb([next(2), next(3), next(4)]), used: 5 };
  return { color: undefined, used: 1 };
};

const ON = { 1: 'isBold', 2: 'isDim', 3: 'isItalic', 4: 'isUnderlined', 7: 'isInverted', 9: 'isStruck' } as const;
const OFF: Readonly<Record<number, readonly (keyof Pen)[]>> = {
  21: ['isBold'],
  22: ['isBold', 'isDim'],
  23: ['isItalic'],
  24: ['isUnderlined'],
  27: ['isInverted'],
  29: ['isStruck'],
  39: ['color'],
  49: ['background'],
};

const without = (pen: Pen, names: readonly (keyof Pen)[]): Pen =>
  Object.fromEntries(Object.entries(pen).filter(([name]) => !(names as readonly string[]).includes(name)));
const withColor = (pen: Pen, name: 'color' | 'background', color: string | undefined): Pen =>
  color === undefined ? pen : { ...pen, [name]: color };

/** The pen after `ESC [ … m`; `codes` is what stands between. What it does not know changes nothing. */
export const penAfter = (pen: Pen, codes: string): Pen => {
  const all: readonly Code[] = codes.split(';').map((code) => {
    const parts = code.split(':').map(Number);
    return { n: parts[0] ?? 0, parts };
  });
  let now = pen;
  for (let at = 0; at < all.length; at += 1) {
    const n = all[at]?.n ?? 0;
    if (n === 0) now = PLAIN;
    else if (n === 38 || n === 48 || n === 58) {
      const { color, used } = extended(all, at);
      // 58 is the colour of the line under the text: passed over as a whole.
      if (n !== 58) now = withColor(now, n === 38 ? 'color' : 'background', color);
      at += used - 1;
    } else if (n in ON) now = { ...now, [ON[n as keyof typeof ON]]: true };
    else if (OFF[n]) now = without(now, OFF[n]);
    else if (n >= 30 && n <= 37) now = withColor(now, 'color', NORMAL[n - 30]);
    else if (n >= 90 && n <= 97) now = withColor(now, 'color', BRIGHT[n - 90]);
    else if (n >= 40 && n <= 47) now = withColor(now, 'background', NORMAL[n - 40]);
    else if (n >= 100 && n <= 107) now = withColor(now, 'background', BRIGHT[n - 100]);
  }
  return now;
};

/** How text looks that is written with a pen. On a coloured ground text without a colour of its own is dark: the palette's grounds are light. */
export const lookOf = ({ isInverted, ...pen }: Pen): Look => {
  if (isInverted) return { ...pen, color: pen.background ?? GROUND, background: pen.color ?? INK };
  return pen.background !== undefined && pen.color === undefined ? { ...pen, color: inkOn(pen.background) } : pen;
};

const inkOn = (background: string): string => {
  const [r = 0, g = 0, b = 0] = background.startsWith('#')
    ? [1, 3, 5].map((at) => Number.parseInt(background.slice(at, at + 2), 16))
    : background.slice(4, -1).split(',').map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b > 110 ? GROUND : INK;
};
