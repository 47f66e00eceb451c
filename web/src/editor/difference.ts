import { changesBetween, isSame, valueAt } from '../../../src/domain/changes.ts';
import type { Fields } from './job-fields.ts';

/** A field that was changed by one of two people, or by both differently, since they had the same. */
export type Clash = {
  readonly path: string;
  readonly base: unknown;
  readonly mine: unknown;
  readonly theirs: unknown;
  readonly by: 'mine' | 'theirs' | 'both';
};

/** What two people made of the same job: the fields in which theirs and mine differ now, and who changed each. */
export const clashes = (base: Fields, mine: Fields, theirs: Fields): readonly Clash[] => {
  return changesBetween(theirs, mine).map(({ path, before, after }) => {
    const had = valueAt(base, path);
    const by = isSame(had, before) ? 'mine' : isSame(had, after) ? 'theirs' : 'both';
    return { path, base: had, mine: after, theirs: before, by };
  });
};

/** A piece of a text that both have, or one of them. */
export type Piece = { readonly is: 'same' | 'gone' | 'new'; readonly text: string };

/** Above this many steps the texts are told as wholly different: the page stays quick. */
const MOST_STEPS = 400_000;

const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const wordsOf = (text: string): readonly string[] => text.match(/\s+|[^\s\w]|\w+/g) ?? [];

/** What turned one text into the other, in order, `gone` before `new`: by lines, and by words inside lines that still have something in common. */
export const differenceOfTexts = (before: string, after: string): readonly Piece[] => {
  const byLines = differenceOf(linesOf(before), linesOf(after));
  return joined(
    byLines.flatMap((piece, index) => {
      const [last, next] = [byLines[index - 1], byLines[index + 1]];
      if (piece.is === 'new' && last?.is === 'gone') return [];
      if (piece.is !== 'gone' || next?.is !== 'new') return [piece];
      const byWords = differenceOf(wordsOf(piece.text), wordsOf(next.text));
      return byWords.some(({ is, text }) => is === 'same' && text.trim() !== '') ? byWords : [piece, next];
    }),
  );
};

const differenceOf = (a: readonly string[], b: readonly string[]): readonly Piece[] => {
  const [before, after] = [a.join(''), b.join('')];
  if (before === after) return joined([{ is: 'same', text: before }]);
  if (a.length * b.length > MOST_STEPS)
    return joined([
      { is: 'gone', text: before },
      { is: 'new', text: after },
    ]);
  const left = commonLengths(a, b);
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push({ is: 'same', text: a[i] ?? '' });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || (left[i + 1]?.[j] ?? 0) >= (left[i]?.[j + 1] ?? 0))) {
      pieces.push({ is: 'gone', text: a[i] ?? '' });
      i++;
    } else {
      pieces.push({ is: 'new', text: b[j] ?? '' });
      j++;
    }
  }
  return joined(pieces);
};

/** The length of the longest common part of the rests from each pair of places on. */
const commonLengths = (a: readonly string[], b: readonly string[]): readonly Uint32Array[] => {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const [row, next] = [rows[i], rows[i + 1]];
      if (row && next) row[j] = a[i] === b[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  return rows;
};

const joined = (pieces: readonly Piece[]): readonly Piece[] => {
  const out: Piece[] = [];
  for (const piece of pieces.filter(({ text }) => text !== '')) {
    const last = out.at(-1);
    if (last?.is === piece.is) out[out.length - 1] = { is: piece.is, text: last.text + piece.text };
    else out.push(piece);
  }
  return out;
};
