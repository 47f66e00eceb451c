import { Binary } from 'mongodb';
import { eventId, parseRunEvent, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';

/** A document of `events`: the event as it is, instants as text, bytes as Binary. */
export type EventRow = { readonly _id: string; readonly [field: string]: unknown };

/** Of an event in its stored form. */
export const toRow = (stored: RunEvent): EventRow => ({ ...(converted(stored, toBinary) as RunEvent), _id: eventId(stored) });

export const fromRow = ({ _id, ...fields }: EventRow): StoredRunEvent => parseRunEvent(_id, converted(fields, fromBinary));

const toBinary = (value: object): unknown => (value instanceof Uint8Array ? new Binary(value) : undefined);
const fromBinary = (value: object): unknown =>
  value instanceof Binary ? new Uint8Array(value.buffer.subarray(0, value.length())) : undefined;

/** A copy in which `convert` has had its say about every object; what it does not know stays as it is. */
const converted = (value: unknown, convert: (value: object) => unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  const other = convert(value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return value.map((each) => converted(each, convert));
  // Dates, ObjectIds and the like, which another program may have put here.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, converted(each, convert)]));
};
