import type { Line, Span } from './terminal.ts';

/** A hit: in which line, and from where to where in its text. */
export type Hit = { readonly number: number; readonly from: number; readonly to: number };
type Range = Pick<Hit, 'from' | 'to'>;

/** More than these nobody goes through one by one. */
export const MOST_HITS = 10_000;

export type Find = ReturnType<typeof createFind>;

/** Looks for a text, whatever its case. What was found in a line is kept as long as the line stays as it is: while output grows only what is new is looked at. */
export const createFind = (query: string) => {
  const pattern = query === '' ? undefined : new RegExp(query.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'giu');
  const known = new WeakMap<Line, readonly Range[]>();
  const none: readonly Range[] = [];
  const inLine = (line: Line): readonly Range[] => {
    if (!pattern || line.isNote) return none;
    const before = known.get(line);
    if (before) return before;
    const found = [...line.text.matchAll(pattern)].map(({ index, 0: { length } }) => ({ from: index, to: index + length }));
    const kept = found.length === 0 ? none : found;
    known.set(line, kept);
    return kept;
  };
  return {
    inLine,
    /** In the order of the lines, at most `MOST_HITS`. */
    all: (lines: readonly Line[]): readonly Hit[] => {
      const hits: Hit[] = [];
      if (!pattern) return hits;
      for (const line of lines) {
        for (const range of inLine(line)) hits.push({ number: line.number, ...range });
        if (hits.length >= MOST_HITS) return hits.slice(0, MOST_HITS);
      }
      return hits;
    },
  };
};

/** A piece of a line; `hit` is the place of the hit that it belongs to. */
export type Piece = Span & { readonly hit?: number };

/** The spans of a line, cut where hits begin and end. */
export const piecesOf = (spans: readonly Span[], ranges: readonly Range[]): readonly Piece[] => {
  if (ranges.length === 0) return spans;
  const pieces: Piece[] = [];
  let start = 0;
  let next = 0;
  for (const { text, ...look } of spans) {
    const end = start + text.length;
    for (let at = start; at < end;) {
      while ((ranges[next]?.to ?? Number.POSITIVE_INFINITY) <= at) next += 1;
      const range = ranges[next];
      const isHit = range !== undefined && range.from <= at;
      const to = Math.min(end, range === undefined ? end : isHit ? range.to : range.from);
      pieces.push({ ...look, text: text.slice(at - start, to - start), ...(isHit && { hit: range.from }) });
      at = to;
    }
    start = end;
  }
  return pieces;
};

/** The hit to go to from the current one, around the ends. */
export const hitAfter = (hits: readonly Hit[], current: Hit | undefined, step: 1 | -1): Hit | undefined => {
  if (hits.length === 0) return undefined;
  if (!current) return hits.at(step === 1 ? 0 : -1);
  const isBehind = (hit: Hit): boolean =>
    hit.number > current.number || (hit.number === current.number && hit.from > current.from);
  const isBefore = (hit: Hit): boolean =>
    hit.number < current.number || (hit.number === current.number && hit.from < current.from);
  return step === 1 ? (hits.find(isBehind) ?? hits[0]) : (hits.findLast(isBefore) ?? hits.at(-1));
};
