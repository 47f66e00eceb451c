import { eventId, parseRunEvent, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';
import type { Appended } from '../../streams/ports.ts';
import { saysTheSame, storedForm } from '../stored-form.ts';
import type { Embedded } from './env.ts';
import { keyOf, MOST_KEY_BYTES, rangeOfPrefix } from './log-keys.ts';

export type LogEvents = {
  /** Stores events, each once by its id; what it answers is on the disk. `within` is called in the same transaction, with those that are there now with this content. */
  readonly store: (batch: readonly RunEvent[], within: (stored: readonly RunEvent[]) => void) => Promise<Appended>;
  /** Those whose ids begin with the prefix, in the order of their ids, after the given id. */
  readonly range: (prefix: string, after: string | undefined, limit: number) => readonly StoredRunEvent[];
  /** The same, newest id first, before the given id. */
  readonly rangeDown: (prefix: string, before: string | undefined, limit: number) => readonly StoredRunEvent[];
  readonly get: (id: string) => StoredRunEvent | undefined;
  /** All of them by their ids, after the given one. */
  readonly page: (after: string | undefined, limit: number) => readonly StoredRunEvent[];
  /** Removes those whose ids begin with the prefix and lie before the bound (none: all), at most so many; answers how many. To be called in a transaction. */
  readonly remove: (prefix: string, before: string | undefined, limit: number) => number;
  /** The first id that begins with the prefix and lies behind the bound. */
  readonly first: (prefix: string, after: string | undefined) => string | undefined;
};

/** UTF-8 has no such byte. */
const LAST_KEY = Buffer.from([0xff]);

/** The events in lmdb: keys are UTF-8 bytes, so that their order is the ids' own on either adapter; values are msgpack, which keeps bytes as they are. */
export const openLogEvents = ({ root }: Embedded): LogEvents => {
  const events = root.openDB<unknown, Buffer>({ name: 'events', keyEncoding: 'binary' });

  const prepared = (batch: readonly RunEvent[]) => {
    const refused: { event: RunEvent; reason: string }[] = [];
    const rows = batch.flatMap((event) => {
      try {
        const row = storedForm(event);
        const id = eventId(row);
        const key = Buffer.from(id);
        if (key.length <= MOST_KEY_BYTES) return [{ id, key, row }];
        throw new Error(`its id has ${String(key.length)} bytes, at most ${String(MOST_KEY_BYTES)} can be stored`);
      } catch (error) {
        refused.push({ event, reason: error instanceof Error ? error.message : String(error) });
        return [];
      }
    });
    return { rows, refused };
  };

  return {
    store: async (batch, within) => {
      const { rows, refused } = prepared(batch);
      // In one transaction, so that of two callers with one id the second finds what the first has put.
      return root.transaction(() => {
        const stored: RunEvent[] = [];
        const conflicts: string[] = [];
        for (const { id, key, row } of rows) {
          const before = events.get(key);
          if (before === undefined) void events.put(key, row);
          if (before === undefined || saysTheSame(before, row)) stored.push(row);
          else conflicts.push(id);
        }
        within(stored);
        return { refused, conflicts };
      });
    },
    range: (prefix, after, limit) => {
      const { start, end = LAST_KEY } = rangeOfPrefix(prefix, after);
      return [...events.getRange({ start, end, limit })].map(({ key, value }) => parseRunEvent(key.toString('utf8'), value));
    },
    rangeDown: (prefix, before, limit) => {
      const { start, end = LAST_KEY } = rangeOfPrefix(prefix, undefined);
      const bound = before === undefined ? end : Buffer.from(before);
      const top = Buffer.compare(bound, end) < 0 ? bound : end;
      // Going down, the bound itself is among what is found.
      const found = events.getRange({ start: top.subarray(0, MOST_KEY_BYTES), end: start, reverse: true, limit: limit + 1 });
      return [...found]
        .filter(({ key }) => Buffer.compare(key, top) < 0)
        .slice(0, limit)
        .map(({ key, value }) => parseRunEvent(key.toString('utf8'), value));
    },
    page: (after, limit) => {
      const start = after === undefined ? Buffer.of(0) : Buffer.concat([Buffer.from(after), Buffer.of(0)]);
      return [...events.getRange({ start, limit })].map(({ key, value }) => parseRunEvent(key.toString('utf8'), value));
    },
    remove: (prefix, before, limit) => {
      const { start, end = LAST_KEY } = rangeOfPrefix(prefix, undefined);
      const keys = [...events.getKeys({ start, end: before === undefined ? end : keyOf(before), limit })];
      for (const key of keys) void events.remove(key);
      return keys.length;
    },
    first: (prefix, after) => {
      const { start, end = LAST_KEY } = rangeOfPrefix(prefix, after);
      const [key] = events.getKeys({ start, end, limit: 1 });
      return key?.toString('utf8');
    },
    get: (id) => {
      const found = events.get(keyOf(id));
      return found === undefined ? undefined : parseRunEvent(id, found);
    },
  };
};
