import { MongoBulkWriteError, type Collection } from 'mongodb';
import type { RunEvent } from '../../domain/events.ts';
import type { Appended } from '../../streams/ports.ts';
import { saysTheSame, storedForm } from '../stored-form.ts';
import { byIds } from './by-ids.ts';
import { DUPLICATE_KEY, hidesADocument, isOfADocument, reasonOf, unfitReason } from './faults.ts';
import { fromRow, toRow, type EventRow } from './rows.ts';

/** `stored`: the event in the form in which it is kept. */
type Sent = { readonly event: RunEvent; readonly stored: RunEvent; readonly row: EventRow };
type Answer = { readonly there: readonly Sent[]; readonly refused: readonly { readonly one: Sent; readonly reason: string }[] };

export type Stored = Appended & {
  /** Those that are there now with this content, in the form in which they are kept. */
  readonly stored: readonly RunEvent[];
};

/** Stores events, each once by its id. One that is there already counts as stored if its content is the same; a difference is a conflict, and the first stays. Refused is what the server will
 *  never take. Rejects unless every event of the batch is accounted for; then the caller repeats the batch. */
export const appendTo =
  (events: Collection<EventRow>) =>
  async (batch: readonly RunEvent[]): Promise<Stored> => {
    const prepared = prepare(batch);
    const answer = await insert(events, prepared.sent);
    const changed = await differing(events, answer.there);
    const isOut = new Set([...changed, ...answer.refused.map(({ one }) => one.row._id)]);
    return {
      refused: [...prepared.refused, ...answer.refused.map(({ one, reason }) => ({ event: one.event, reason }))],
      conflicts: [...prepared.conflicts, ...changed],
      stored: prepared.sent.filter(({ row }) => !isOut.has(row._id)).map(({ stored }) => stored),
    };
  };

/** What is to be sent: each id once. What cannot be sent is found here, since the driver throws for the whole batch and names no culprit. */
const prepare = (batch: readonly RunEvent[]) => {
  const sent = new Map<string, Sent>();
  const refused: { event: RunEvent; reason: string }[] = [];
  const conflicts: string[] = [];
  for (const event of batch) {
    try {
      const stored = storedForm(event);
      const row = toRow(stored);
      const reason = unfitReason(row);
      const twin = sent.get(row._id);
      if (reason !== undefined) refused.push({ event, reason });
      else if (!twin) sent.set(row._id, { event, stored, row });
      else if (!saysTheSame(twin.stored, stored)) conflicts.push(row._id);
    } catch (error) {
      refused.push({ event, reason: reasonOf(error) });
    }
  }
  return { sent: [...sent.values()], refused, conflicts };
};

const insert = async (events: Collection<EventRow>, sent: readonly Sent[]): Promise<Answer> => {
  if (sent.length === 0) return { there: [], refused: [] };
  try {
    const { insertedCount } = await events.insertMany(
      sent.map(({ row }) => row),
      { ordered: false },
    );
    if (insertedCount !== sent.length)
      throw new Error(`${String(insertedCount)} of ${String(sent.length)} events were acknowledged`);
    return { there: [], refused: [] };
  } catch (error) {
    if (hidesADocument(error)) return findCulprit(events, sent, error);
    if (error instanceof MongoBulkWriteError) return accountFor(error, sent);
    throw error;
  }
};

/** Halves, until the one is alone that spoils the others. What was stored by the first try comes as duplicates. */
const findCulprit = async (events: Collection<EventRow>, sent: readonly Sent[], error: unknown): Promise<Answer> => {
  const [one] = sent;
  if (one && sent.length === 1) return { there: [], refused: [{ one, reason: reasonOf(error) }] };
  const half = Math.ceil(sent.length / 2);
  const [left, right] = [await insert(events, sent.slice(0, half)), await insert(events, sent.slice(half))];
  return { there: [...left.there, ...right.there], refused: [...left.refused, ...right.refused] };
};

/** A bulk error is an answer only if inserted and failed together are the whole batch. The driver wraps a link that broke in mid-batch into one as well, without any write error. */
const accountFor = (error: MongoBulkWriteError, sent: readonly Sent[]): Answer => {
  const failures = new Map([error.writeErrors].flat().map((each) => [each.index, each]));
  if (error.result.getWriteConcernError() || failures.size === 0 || error.insertedCount + failures.size !== sent.length)
    throw error;
  const there: Sent[] = [];
  const refused: { one: Sent; reason: string }[] = [];
  for (const [index, { code, errmsg }] of failures) {
    const one = sent[index];
    if (one && code === DUPLICATE_KEY) there.push(one);
    else if (one && isOfADocument(code)) refused.push({ one, reason: errmsg ?? `code ${String(code)}` });
    else throw error;
  }
  return { there, refused };
};

/** The ids of those whose stored content is another one. */
const differing = async (events: Collection<EventRow>, there: readonly Sent[]): Promise<readonly string[]> => {
  const wanted = new Map(there.map(({ stored, row }) => [row._id, stored]));
  const conflicts: string[] = [];
  for await (const row of byIds(events, [...wanted.keys()])) {
    if (!saysTheSame(fieldsOf(row), wanted.get(row._id))) conflicts.push(row._id);
    wanted.delete(row._id);
  }
  // Said to be there and not found: it is not known to be stored.
  for (const id of wanted.keys()) throw new Error(`the event ${id} is said to be there and is not found`);
  return conflicts;
};

const fieldsOf = (row: EventRow): unknown => {
  const event = fromRow(row);
  return event.type === 'unknown' ? event.raw : event;
};
