import { MongoBulkWriteError, type Collection, type Document, type OptionalUnlessRequiredId } from 'mongodb';
import { DUPLICATE_KEY, hidesADocument, isOfADocument, reasonOf } from './faults.ts';

/** `there`: another document has this id already. `refused`: the server never takes it. All others are inserted. */
export type Inserted<T> = {
  readonly there: readonly T[];
  readonly refused: readonly { readonly row: T; readonly reason: string }[];
};

/** Inserts each document that can be, whatever is wrong with others. Rejects unless every one is accounted for. */
export const insertEach = async <T extends Document>(collection: Collection<T>, rows: readonly T[]): Promise<Inserted<T>> => {
  if (rows.length === 0) return { there: [], refused: [] };
  try {
    const { insertedCount } = await collection.insertMany(rows as readonly OptionalUnlessRequiredId<T>[], { ordered: false });
    if (insertedCount !== rows.length)
      throw new Error(`${String(insertedCount)} of ${String(rows.length)} documents were acknowledged`);
    return { there: [], refused: [] };
  } catch (error) {
    if (hidesADocument(error)) return findCulprit(collection, rows, error);
    if (error instanceof MongoBulkWriteError) return accountFor(error, rows);
    throw error;
  }
};

/** Halves, until the one is alone that spoils the others. What was stored by the first try is `there`. */
const findCulprit = async <T extends Document>(
  collection: Collection<T>,
  rows: readonly T[],
  error: unknown,
): Promise<Inserted<T>> => {
  const [row] = rows;
  if (row && rows.length === 1) return { there: [], refused: [{ row, reason: reasonOf(error) }] };
  const half = Math.ceil(rows.length / 2);
  const [left, right] = [await insertEach(collection, rows.slice(0, half)), await insertEach(collection, rows.slice(half))];
  return { there: [...left.there, ...right.there], refused: [...left.refused, ...right.refused] };
};

/** A bulk error is an answer only if inserted and failed together are the whole batch. The driver wraps a link that broke in mid-batch into one as well, without any write error. */
const accountFor = <T>(error: MongoBulkWriteError, rows: readonly T[]): Inserted<T> => {
  const failures = new Map([error.writeErrors].flat().map((each) => [each.index, each]));
  if (error.result.getWriteConcernError() || failures.size === 0 || error.insertedCount + failures.size !== rows.length)
    throw error;
  const there: T[] = [];
  const refused: { row: T; reason: string }[] = [];
  for (const [index, { code, errmsg }] of failures) {
    const row = rows[index];
    if (row && code === DUPLICATE_KEY) there.push(row);
    else if (row && isOfADocument(code)) refused.push({ row, reason: errmsg ?? `code ${String(code)}` });
    else throw error;
  }
  return { there, refused };
};
