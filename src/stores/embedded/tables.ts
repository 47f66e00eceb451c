import type { Database } from 'lmdb';
import type { Change, Compare, Entry, LeaseId, Operation, Transacted, Transaction } from '../../streams/ports.ts';
import { LeaseGone } from '../../streams/ports.ts';
import type { Embedded } from './env.ts';

/** Where the embedded coordination store lies in lmdb, and what a transaction does there. Everything here runs inside one lmdb transaction of the caller, who makes
 *  sure that a throw undoes all of it (`childTransaction` does, `transaction` does not). */

/** Revision, first revision, value, lease. */
type Row = readonly [revision: number, created: number, value: string, lease: LeaseId | null];
type LeaseRow = { readonly ttlMs: number; readonly keys: readonly string[] };

export type Tables = {
  /** Keys are bytes, so that their order is etcd's. */
  readonly rows: Database<Row, Buffer>;
  readonly leases: Database<LeaseRow, string>;
  readonly meta: Database<number, 'revision'>;
};

export const openTables = ({ root }: Embedded): Tables => ({
  rows: root.openDB({ name: 'coordination', keyEncoding: 'binary' }),
  leases: root.openDB({ name: 'coordination.leases' }),
  meta: root.openDB({ name: 'coordination.meta' }),
});

/** As etcd: an empty store is at revision 1. */
export const revisionIn = ({ meta }: Tables, options: Parameters<Tables['meta']['get']>[1] = {}): number =>
  meta.get('revision', options) ?? 1;

export const toEntry = (key: string, [revision, created, value]: Row): Entry => ({ key, value, revision, created });

const find = ({ rows }: Tables, key: string): Row | undefined => rows.get(Buffer.from(key));

function holds(tables: Tables, compare: Compare): boolean {
  const row = find(tables, compare.key);
  switch (compare.type) {
    case 'exists':
      return row !== undefined;
    case 'absent':
      return row === undefined;
    case 'revision':
      return (row?.[0] ?? 0) === compare.is; // as etcd: an absent key has revision 0
    case 'value': {
      if (row === undefined) return false;
      const order = Buffer.compare(Buffer.from(row[2]), Buffer.from(compare.than));
      return compare.op === '<' ? order < 0 : compare.op === '>' ? order > 0 : order === 0;
    }
    default:
      return compare satisfies never;
  }
}

/** Moves a key from one lease to another; null is none. */
function attach({ leases }: Tables, key: string, from: LeaseId | null, to: LeaseId | null): void {
  if (from === to) return;
  const [before, after] = [from === null ? undefined : leases.get(from), to === null ? undefined : leases.get(to)];
  if (from !== null && before) void leases.put(from, { ...before, keys: before.keys.filter((each) => each !== key) });
  if (to !== null && after) void leases.put(to, { ...after, keys: [...after.keys, key] });
}

function put(tables: Tables, revision: number, key: string, value: string, lease: LeaseId | null): Change {
  if (lease !== null && !tables.leases.doesExist(lease)) throw new LeaseGone(`The lease is gone (put ${key}).`);
  const before = find(tables, key);
  const row: Row = [revision, before?.[1] ?? revision, value, lease];
  attach(tables, key, before?.[3] ?? null, lease);
  void tables.rows.put(Buffer.from(key), row);
  return { type: 'put', entry: toEntry(key, row) };
}

function remove(tables: Tables, revision: number, key: string): readonly Change[] {
  const before = find(tables, key);
  if (before === undefined) return [];
  attach(tables, key, before[3], null);
  void tables.rows.remove(Buffer.from(key));
  return [{ type: 'delete', key, revision }];
}

/** What a transaction did. `changes` is empty, and the revision as before, when it wrote nothing. */
export type Done = Transacted & { readonly changes: readonly Change[] };

const settle = (tables: Tables, changes: readonly Change[]): number => {
  const revision = revisionIn(tables) + (changes.length > 0 ? 1 : 0);
  if (changes.length > 0) void tables.meta.put('revision', revision);
  return revision;
};

/** Compares, then does one of the branches. All that it writes has one revision. Throws `LeaseGone`. */
export function apply(tables: Tables, { if: compares = [], then, else: otherwise = [] }: Transaction): Done {
  const succeeded = compares.every((compare) => holds(tables, compare));
  const next = revisionIn(tables) + 1;
  const changes: Change[] = [];
  const reads: (Entry | undefined)[] = [];
  const done = (operation: Operation): unknown => {
    switch (operation.type) {
      case 'put':
        return changes.push(put(tables, next, operation.key, operation.value, operation.lease ?? null));
      case 'delete':
        return changes.push(...remove(tables, next, operation.key));
      case 'get': {
        const row = find(tables, operation.key);
        return reads.push(row && toEntry(operation.key, row));
      }
      default:
        return operation satisfies never;
    }
  };
  (succeeded ? then : otherwise).forEach(done);
  return { succeeded, reads, changes, revision: settle(tables, changes) };
}

/** Makes a lease without keys. */
export function grantLease(tables: Tables, id: LeaseId, ttlMs: number): Done {
  void tables.leases.put(id, { ttlMs, keys: [] });
  return { succeeded: true, reads: [], changes: [], revision: revisionIn(tables) };
}

/** Ends a lease and its keys, in the order of the keys. One that is gone already changes nothing. */
export function endLease(tables: Tables, id: LeaseId): Done {
  const keys = tables.leases.get(id)?.keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))) ?? [];
  const next = revisionIn(tables) + 1;
  const changes = keys.flatMap((key) => remove(tables, next, key));
  void tables.leases.remove(id);
  return { succeeded: true, reads: [], changes, revision: settle(tables, changes) };
}
