import type { LiveEvent } from '../../src/domain/wire.ts';
import type { Page } from './api.ts';

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

const lastOf = <T>(rows: readonly T[]): T | undefined => rows.at(-1);

/** The rows to show: the pages as they were read, and on them what changed since each. No row twice, none that belongs to a page not loaded yet. A row that
 *  did not change is the same object as before. */
export const merged = <T>(kind: ListKind<T>, pages: readonly Page<T>[], changes: Changes<T>): readonly T[] => {
  const rows: T[] = [];
  const seen = new Set<string>();
  for (const { items, asOf } of pages)
    for (const row of items) {
      const id = kind.idOf(row);
      if (seen.has(id)) continue;
      seen.add(id);
      const change = changes.get(id);
      const is = change && change.asOf >= Number(asOf) ? change.row : row;
      if (is !== undefined && (is === row || kind.isAsked(is))) rows.push(is);
    }
  const before = rows.length;
  for (const [id, { row, asOf }] of changes) {
    if (row === undefined || seen.has(id) || !kind.isAsked(row)) continue;
    const page = pages.find(({ items }) => isBefore(kind, row, lastOf(items))) ?? endOf(pages);
    if (page && asOf >= Number(page.asOf)) rows.push(row);
  }
  return rows.length === before ? rows : rows.sort(kind.compare);
};

const isBefore = <T>({ compare }: ListKind<T>, row: T, last: T | undefined): boolean =>
  last !== undefined && compare(row, last) < 0;

/** The last page takes what comes after all others, unless more pages are to come. */
const endOf = <T>(pages: readonly Page<T>[]): Page<T> | undefined => {
  const last = pages.at(-1);
  return last?.nextCursor === undefined ? last : undefined;
};

/** Only what the pages and the shown rows still need: what they have read themselves is let go, and what belongs to no row here. */
export const pruned = <T>(kind: ListKind<T>, pages: readonly Page<T>[], changes: Changes<T>): Changes<T> => {
  const needed = new Set([...pages.flatMap(({ items }) => items), ...merged(kind, pages, changes)].map(kind.idOf));
  const oldest = Math.min(...pages.map(({ asOf }) => Number(asOf)));
  return new Map([...changes].filter(([id, { asOf }]) => needed.has(id) && asOf >= oldest));
};
