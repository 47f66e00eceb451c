import type { LiveEvent } from '../../../src/domain/wire.ts';
import type { Page } from '../api.ts';

/** What a live list has to know of its rows. */
export type ListKind<T> = {
  readonly topic: string;
  readonly idOf: (row: T) => string;
  /** The order of the list, the master's own. */
  readonly compare: (a: T, b: T) => number;
  /** Whether the list asks for this row: the master's own filter. */
  readonly isAsked: (row: T) => boolean;
  /** The row that an event tells of, as it is now; without `row` it is gone. */
  readonly read: (event: LiveEvent) => { readonly id: string; readonly row?: T | undefined } | undefined;
};

type Change<T> = { readonly row: T | undefined; readonly asOf: number };
/** The newest that was heard of each row, by id. */
export type Changes<T> = ReadonlyMap<string, Change<T>>;

/** What was heard, kept beside the pages: pages and changes come in any order, and each carries its position. Of one row the newest counts. */
export const hear = <T>(
  { read }: Pick<ListKind<T>, 'read'>,
  changes: Changes<T>,
  heard: readonly { readonly event: LiveEvent; readonly asOf: string }[],
): Changes<T> => {
  const next = new Map(changes);
  for (const { event, asOf } of heard) {
    const change = read(event);
    if (!change || (next.get(change.id)?.asOf ?? -1) > Number(asOf)) continue;
    next.set(change.id, { row: change.row, asOf: Number(asOf) });
  }
  return next;
};

type Newest<T> = { readonly row: T; readonly asOf: number };

/** Of each row that the pages have the newest: a row may have moved from one page to the next between the readings of the two. */
const inPages = <T>({ idOf }: ListKind<T>, pages: readonly Page<T>[]): ReadonlyMap<string, Newest<T>> => {
  const found = new Map<string, Newest<T>>();
  for (const { items, asOf } of pages)
    for (const row of items) {
      const [id, at] = [idOf(row), Number(asOf)];
      if ((found.get(id)?.asOf ?? -1) < at) found.set(id, { row, asOf: at });
    }
  return found;
};

/** The page that a row belongs to by the order of the list; undefined where that is one not loaded yet. The last page takes what comes after all others,
 *  unless more are to come. */
const pageOf = <T>({ compare }: ListKind<T>, pages: readonly Page<T>[], row: T): Page<T> | undefined => {
  const last = pages.at(-1);
  return (
    pages.find(({ items }) => {
      const end = items.at(-1);
      return end !== undefined && compare(row, end) <= 0;
    }) ?? (last?.nextCursor === undefined ? last : undefined)
  );
};

/** The rows to show: the pages as they were read, and on them what changed since each; in order, no row twice, none that belongs to a page not loaded yet. A
 *  row that did not change is the same object as before. */
export const merged = <T>(kind: ListKind<T>, pages: readonly Page<T>[], changes: Changes<T>): readonly T[] => {
  const read = inPages(kind, pages);
  const rows: T[] = [];
  let hasMoved = false;
  for (const [id, { row, asOf }] of read) {
    const change = changes.get(id);
    if (!change || change.asOf < asOf) rows.push(row);
    else if (change.row !== undefined && kind.isAsked(change.row)) {
      const stays = kind.compare(row, change.row) === 0;
      hasMoved ||= !stays;
      if (stays || pageOf(kind, pages, change.row)) rows.push(change.row);
    }
  }
  for (const [id, { row, asOf }] of changes) {
    if (row === undefined || read.has(id) || !kind.isAsked(row)) continue;
    const page = pageOf(kind, pages, row);
    // A page that was read later knows better.
    if (!page || asOf < Number(page.asOf)) continue;
    hasMoved = true;
    rows.push(row);
  }
  return hasMoved || pages.length > 1 ? rows.sort(kind.compare) : rows;
};

/** Only what the pages and the shown rows still need: what they have read themselves is let go, and what belongs to no row here. */
export const pruned = <T>(kind: ListKind<T>, pages: readonly Page<T>[], changes: Changes<T>): Changes<T> => {
  const needed = new Set([...pages.flatMap(({ items }) => items), ...merged(kind, pages, changes)].map(kind.idOf));
  const oldest = Math.min(...pages.map(({ asOf }) => Number(asOf)));
  return new Map([...changes].filter(([id, { asOf }]) => needed.has(id) && asOf >= oldest));
};
