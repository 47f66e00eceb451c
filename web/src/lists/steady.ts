/** Rows in the order in which they were seen, as they are now: while somebody points at a list nothing moves away under the pointer. A row that is gone goes. Of
 *  the rows that are new only those after all others come (the next page of a list that one scrolls); the rest wait. */
export const steady = <T>(rows: readonly T[], idOf: (row: T) => string, seen: readonly string[]): readonly T[] => {
  const at = new Map(rows.map((row, index) => [idOf(row), index]));
  const known = new Set(seen);
  const kept = seen.flatMap((id) => at.get(id) ?? []);
  const end = kept.at(-1);
  const fresh = end === undefined ? rows : rows.slice(end + 1).filter((row) => !known.has(idOf(row)));
  return [...kept.flatMap((index) => rows[index] ?? []), ...fresh];
};
