import { isDeepStrictEqual } from 'node:util';
import { Binary, MongoBulkWriteError, type Collection } from 'mongodb';
import { eventId, parseRunEvent, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';
import type { Appended } from '../../streams/ports.ts';

export type EventRow = { readonly _id: string; readonly [field: string]: unknown };

const DUPLICATE_KEY = 11_000; // https://www.mongodb.com/docs/manual/reference/error-codes/
/** A document of the protocol is at most 16 MiB; ours are far below, so what is above is refused before it can fail a whole batch. */
const MOST_BYTES = 15_000_000;

/** NUL is the one character that FerretDB refuses in strings; it becomes U+FFFD. Bytes of output are kept as they are. */
export const toRow = (event: RunEvent): EventRow => ({
  ...(clean(event) as object),
  _id: eventId(event).replaceAll('\0', '\uFFFD'),
});

const clean = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD');
  if (value instanceof Uint8Array) return new Binary(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.replaceAll('\0', '\uFFFD'), clean(each)]));
};

export const fromRow = ({ _id, ...row }: EventRow): StoredRunEvent => parseRunEvent(_id, bytesOf(row));

const bytesOf = (row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  row['data'] instanceof Binary ? { ...row, data: new Uint8Array(row['data'].buffer.subarray(0, row['data'].length())) } : row;

/** Stores events, each once. One that is there already counts as stored if its content is the same; a difference is a conflict. Rejects unless every event of the batch is
 *  accounted for: a bulk error without write errors is a broken link, not a success. */
export const appendTo =
  (events: Collection<EventRow>) =>
  async (batch: readonly RunEvent[]): Promise<Appended> => {
    const refused: { event: RunEvent; reason: string }[] = [];
    const rows = new Map<string, { readonly row: EventRow; readonly event: RunEvent }>();
    const conflicts: string[] = [];
    for (const event of batch) {
      const row = toRow(event);
      if (sizeOf(event) > MOST_BYTES) {
        refused.push({ event, reason: 'it is larger than a document may be' });
        continue;
      }
      const twin = rows.get(row._id);
      if (!twin) rows.set(row._id, { row, event });
      else if (!isSame(twin.row, row)) conflicts.push(row._id);
    }
    const sent = [...rows.values()];
    if (sent.length === 0) return { refused, conflicts };
    try {
      const { insertedCount } = await events.insertMany(
        sent.map(({ row }) => row),
        { ordered: false },
      );
      if (insertedCount !== sent.length)
        throw new Error(`${String(insertedCount)} of ${String(sent.length)} events were acknowledged`);
      return { refused, conflicts };
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
      const errors = [error.writeErrors].flat();
      if (errors.length === 0 || error.insertedCount + errors.length !== sent.length) throw error;
      const there: (typeof sent)[number][] = [];
      for (const { index, code, errmsg } of errors) {
        const one = sent[index];
        if (!one) throw error;
        if (code === DUPLICATE_KEY) there.push(one);
        else refused.push({ event: one.event, reason: errmsg ?? `code ${String(code)}` });
      }
      return { refused, conflicts: [...conflicts, ...(await different(events, there))] };
    }
  };

/** Those of the rows whose stored content is another one. */
const different = async (
  events: Collection<EventRow>,
  rows: readonly { readonly row: EventRow }[],
): Promise<readonly string[]> => {
  const stored = await events.find({ _id: { $in: rows.map(({ row }) => row._id) } }).toArray();
  const byId = new Map(stored.map((row) => [row._id, row]));
  return rows.flatMap(({ row }) => {
    const before = byId.get(row._id);
    return before && !isSame(before, row) ? [row._id] : [];
  });
};

const isSame = (a: EventRow, b: EventRow): boolean => isDeepStrictEqual(plain(a), plain(b));
const plain = (value: unknown): unknown => {
  if (value instanceof Binary) return Buffer.from(value.buffer.subarray(0, value.length())).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return typeof value === 'object' ? null : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .toSorted(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, each]) => [key, plain(each)]),
  );
};

const sizeOf = (event: RunEvent): number =>
  event.type === 'output' ? event.data.length : event.type === 'jobSaved' ? JSON.stringify(event).length : 0;
