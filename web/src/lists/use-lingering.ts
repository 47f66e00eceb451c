import { useState } from 'react';
import { now, useNow } from '../clock.ts';

type Gone<T> = { readonly row: T; readonly sinceMs: number };
type State<T> = { readonly rows: readonly T[]; readonly gone: readonly Gone<T>[] };

/** Rows that have just left stay for so long, so that nothing vanishes under a finger; and for as long as `isHeld`. Answers all, in order, each with whether it is gone.
 *  `rows` must be the same array as long as nothing changed. */
export const useLingering = <T>(
  rows: readonly T[],
  idOf: (row: T) => string,
  compare: (a: T, b: T) => number,
  { ms, isHeld }: { readonly ms: number; readonly isHeld: boolean },
): readonly { readonly row: T; readonly isGone: boolean }[] => {
  const at = useNow();
  const [state, setState] = useState<State<T>>({ rows, gone: [] });
  if (state.rows !== rows) setState({ rows, gone: goneNow(state, rows, idOf) });
  const gone = state.gone.filter(({ sinceMs }) => isHeld || at - sinceMs < ms);
  return [...rows.map((row) => ({ row, isGone: false })), ...gone.map(({ row }) => ({ row, isGone: true }))].sort((a, b) =>
    compare(a.row, b.row),
  );
};

const goneNow = <T>({ rows, gone }: State<T>, next: readonly T[], idOf: (row: T) => string): readonly Gone<T>[] => {
  const there = new Set(next.map(idOf));
  const left = rows.filter((row) => !there.has(idOf(row))).map((row) => ({ row, sinceMs: now() }));
  return [...gone.filter(({ row }) => !there.has(idOf(row))), ...left];
};
