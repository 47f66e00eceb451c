import type { Collection } from 'mongodb';
import type { RunEvent } from '../../domain/events.ts';
import type { Appended } from '../../streams/ports.ts';
import { saysTheSame, storedForm } from '../stored-form.ts';
import { byIds } from './by-ids.ts';
import { reasonOf, unfitReason } from './faults.ts';
import { insertEach } from './insert.ts';
import { fromRow, toRow, type EventRow } from './rows.ts';

/** `stored`: the event in the form in which it is kept. */
type Sent = { readonly event: RunEvent; readonly stored: RunEvent; readonly row: EventRow };

export type Stored = Appended & {
  /** Those that are there now with this content, in the form in which they are kept. */
  readonly stored: readonly RunEvent[];
};

/** Stores events, each once by its id. One that is there already counts as stored if its content is the same; a difference is a conflict, and the first stays. Refused is what the server will
 *  never take. Rejects unless every event of the batch is accounted for; then the caller repeats the batch. */
export const appendTo =
  (events: Collection<EventRow>) =>
  async (batch: readonly RunEvent[]): Promise<Stored> => {
    const { sent, ...prepared } = prepare(batch);
    const { there, refused } = await insertEach(
      events,
      [...sent.values()].map(({ row }) => row),
    );
    const changed = await differing(events, there, sent);
    const isOut = new Set([...changed, ...refused.map(({ row }) => row._id)]);
    return {
      refused: [
        ...prepared.refused,
        ...refused.flatMap(({ row, reason }) => {
          const event = sent.get(row._id)?.event;
          return event ? [{ event, reason }] : [];
        }),
      ],
      conflicts: [...prepared.conflicts, ...changed],
      stored: [...sent.values()].filter(({ row }) => !isOut.has(row._id)).map(({ stored }) => stored),
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
  return { sent, refused, conflicts };
};

/** The ids of those whose stored content is another one. */
const differing = async (
  events: Collection<EventRow>,
  there: readonly EventRow[],
  sent: ReadonlyMap<string, Sent>,
): Promise<readonly string[]> => {
  const wanted = new Set(there.map(({ _id }) => _id));
  const conflicts: string[] = [];
  for await (const row of byIds(events, [...wanted])) {
    if (!saysTheSame(fieldsOf(row), sent.get(row._id)?.stored)) conflicts.push(row._id);
    wanted.delete(row._id);
  }
  // Said to be there and not found: it is not known to be stored.
  for (const id of wanted) throw new Error(`the event ${id} is said to be there and is not found`);
  return conflicts;
};

const fieldsOf = (row: EventRow): unknown => {
  const event = fromRow(row);
  return event.type === 'unknown' ? event.raw : event;
};
