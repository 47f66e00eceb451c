import { createPens, PLAIN, type Look } from './ansi.ts';

/** Text of one look. Never markup: who shows it puts `text` into a text node. */
export type Span = Look & { readonly text: string };

/** A line as a terminal would show it now. Another object whenever it has changed, the same one as long as it has not. */
export type Line = {
  /** Counts from 0 over all that was written, also what is no longer kept. */
  readonly number: number;
  readonly text: string;
  readonly spans: readonly Span[];
  /** When its first character came. */
  readonly at: string | undefined;
  /** Not printed by the command: said by us. */
  readonly isNote?: true;
};

export type Limits = { readonly lines: number; readonly chars: number };
/** So much of the end is kept: a phone has to hold it. */
export const MOST: Limits = { lines: 50_000, chars: 4_000_000 };

/** A terminal has an edge; what is longer goes on in the next line. It also bounds what one line costs to draw. */
const WIDTH = 2_000;
/** So many lines back a cursor may go: more than the screens of people have. */
const SCREEN = 100;
/** A sequence that is not over by then is none. */
const LONGEST_SEQUENCE = 4_096;

type Cells = { readonly chars: string[]; readonly looks: Look[] };
/** Open lines are cells, so that writing over them costs what is written; lines that are left are spans. */
type Row = { readonly number: number; at: string | undefined; cells: Cells | undefined; line: Line | undefined; chars: number };

/* eslint-disable no-control-regex -- control characters are what these are about */
const TEXT = /[^\0-\x08\n-\x1f\x7f-\x9f]+/y;
const CSI = /\x1b\[([0-?]*)[ -/]*([@-~])/y;
/** Titles, links, strings for the terminal, character sets and the rest: nothing of it is seen. */
const SILENT = /\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ #%()*+\-./][0-~]|[0-OQ-WYZ\\`-~])/y;
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ #%()*+\-./])?$/y;
/* eslint-enable no-control-regex */

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

/** A terminal without a screen: what is written to it, in pieces of any size, becomes lines. `\r`, backspace, erasing and going up write over what is there; titles,
 *  links, bells and clearing the screen do nothing. Costs what is written, however long the output is. */
export const createTerminal = ({ lines: mostLines, chars: mostChars }: Limits = MOST) => {
  let rows: Row[] = [];
  let [x, y] = [0, 0];
  let nextNumber = 0;
  const pens = createPens();
  let held = pens.plain;
  let rest = '';
  let kept = 0;
  let isCut = false;
  let at: string | undefined;
  let drawn: readonly Line[] | undefined;

  const newRow = (): Row => ({ number: nextNumber++, at: undefined, cells: undefined, line: undefined, chars: 0 });
  rows.push(newRow());
  const rowAt = (index: number): Row => {
    while (rows.length <= index) rows.push(newRow());
    return rows[index] as Row;
  };

  /** The cells to write into; the line as it was drawn no longer holds. */
  const open = (row: Row): Cells => {
    const cells = row.cells ?? cellsOf(row.line);
    row.cells = cells;
    row.line = undefined;
    return cells;
  };
  const seal = (row: Row): Line => {
    row.line ??= lineOf(row);
    return row.line;
  };
  const count = (row: Row, chars: number): void => {
    kept += chars - row.chars;
    row.chars = chars;
  };

  /** Lets lines at the front go, many at once, so that each is moved only a few times. */
  const trim = (): void => {
    if (rows.length <= mostLines * 1.2 && kept <= mostChars * 1.2) return;
    let gone = 0;
    while (gone < y && (rows.length - gone > mostLines || kept > mostChars)) {
      kept -= rows[gone]?.chars ?? 0;
      gone += 1;
    }
    if (gone === 0) return;
    rows = rows.slice(gone);
    y -= gone;
    isCut = true;
  };

  const goDown = (): void => {
    const row = rowAt(y);
    seal(row);
    row.cells = undefined;
    [x, y] = [0, y + 1];
    rowAt(y);
    trim();
  };
  const goTo = (toX: number, toY: number): void => {
    if (toY !== y) {
      const row = rowAt(y);
      seal(row);
      row.cells = undefined;
      y = Math.max(0, rows.length - SCREEN, Math.min(toY, rows.length - 1 + SCREEN));
      rowAt(y);
    }
    x = Math.max(0, Math.min(WIDTH, toX));
  };

  const put = (text: string): void => {
    let row = rowAt(y);
    let cells = open(row);
    row.at ??= at;
    const pad = x - cells.chars.length;
    for (let i = 0; i < pad; i += 1) {
      cells.chars.push(' ');
      cells.looks.push(PLAIN);
    }
    for (const char of text) {
      if (x >= WIDTH) {
        count(row, cells.chars.length);
        goDown();
        row = rowAt(y);
        cells = open(row);
        row.at ??= at;
      }
      cells.chars[x] = char;
      cells.looks[x] = held.look;
      x += 1;
    }
    count(row, cells.chars.length);
  };
  /** A whole line that nothing was written to yet, as nearly all are: no cells are made. */
  const putWhole = (text: string): boolean => {
    const row = rowAt(y);
    if (x > 0 || row.cells !== undefined || row.line !== undefined || text.length > WIDTH) return false;
    row.at ??= at;
    row.line = { number: row.number, text, spans: [{ ...held.look, text }], at: row.at };
    count(row, text.length);
    return true;
  };

  const erase = (from: number, to: number): void => {
    const row = rowAt(y);
    const { chars, looks } = open(row);
    if (to >= chars.length) chars.length = looks.length = Math.min(from, chars.length);
    else {
      chars.fill(' ', from, to);
      looks.fill(PLAIN, from, to);
    }
    count(row, chars.length);
  };
  const eraseBelow = (): void => {
    erase(x, WIDTH);
    for (const { chars } of rows.slice(y + 1)) kept -= chars;
    nextNumber -= rows.length - (y + 1);
    rows.length = y + 1;
  };

  const obey = (codes: string, final: string): void => {
    const n = Number.parseInt(codes, 10) || 0;
    const steps = Math.max(1, n);
    if (final === 'm' && /^[\d;:]*$/.test(codes)) held = pens.after(held, codes);
    else if (final === 'K') erase(n === 0 ? x : 0, n === 1 ? x + 1 : WIDTH);
    else if (final === 'J' && n === 0) eraseBelow();
    else if (final === 'G') goTo(steps - 1, y);
    else if (final === 'C') goTo(x + steps, y);
    else if (final === 'D') goTo(x - steps, y);
    else if (final === 'A') goTo(x, y - steps);
    else if (final === 'B') goTo(x, y + steps);
    else if (final === 'E') goTo(0, y + steps);
    else if (final === 'F') goTo(0, y - steps);
  };

  const control = (text: string, index: number): number => {
    const char = text[index];
    if (char === '\n') goDown();
    else if (char === '\r') x = 0;
    else if (char === '\b') x = Math.max(0, x - 1);
    else if (char === '\x1b') {
      const csi = matchAt(CSI, text, index);
      if (csi) {
        obey(csi[1] ?? '', csi[2] ?? '');
        return index + csi[0].length;
      }
      return index + (matchAt(SILENT, text, index)?.[0].length ?? 1);
    }
    return index + 1;
  };

  return {
    /** `when`: the instant at which it was printed. */
    write: (more: string, when?: string): void => {
      at = when;
      drawn = undefined;
      const text = rest + more;
      rest = '';
      for (let index = 0; index < text.length;) {
        const run = matchAt(TEXT, text, index)?.[0];
        if (run !== undefined) {
          index += run.length;
          if (text[index] !== '\n' || !putWhole(run)) put(run);
          continue;
        }
        if (text[index] === '\x1b' && text.length - index < LONGEST_SEQUENCE && matchAt(UNFINISHED, text, index)) {
          rest = text.slice(index);
          return;
        }
        index = control(text, index);
      }
    },
    /** A line that the command did not print. */
    note: (text: string): void => {
      drawn = undefined;
      [rest, held] = ['', pens.plain];
      y = rows.length - 1;
      if (seal(rowAt(y)).text !== '') goDown();
      const row = rowAt(y);
      row.line = { number: row.number, text, spans: [{ text }], at: undefined, isNote: true };
      count(row, text.length);
      goDown();
    },
    /** All lines that are kept, without an empty one at the end. The same array as before where nothing was written. */
    lines: (): readonly Line[] => {
      if (!drawn) {
        const all = rows.map(seal);
        if (all.at(-1)?.text === '') all.pop();
        drawn = all;
      }
      return drawn;
    },
    /** Lines at the front were let go. */
    isCut: (): boolean => isCut,
  };
};

const cellsOf = (line: Line | undefined): Cells => {
  const cells: Cells = { chars: [], looks: [] };
  for (const { text, ...look } of line?.spans ?? [])
    for (const char of text) {
      cells.chars.push(char);
      cells.looks.push(look);
    }
  return cells;
};

const lineOf = ({ number, cells, at }: Row): Line => {
  const spans: Span[] = [];
  const { chars, looks } = cells ?? { chars: [], looks: [] };
  for (let from = 0; from < chars.length;) {
    const look = looks[from];
    let to = from + 1;
    while (to < chars.length && looks[to] === look) to += 1;
    spans.push({ ...look, text: chars.slice(from, to).join('') });
    from = to;
  }
  return { number, text: spans.map(({ text }) => text).join(''), spans, at };
};
