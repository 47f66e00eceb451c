import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { parseRunEvent, type EventOf, type StoredRunEvent } from '../domain/events.ts';

/** What skipping, missing and dropping ticks leaves behind: the events that come by the thousand while the run log is away. */
export type TickEvent = EventOf<'tickSkipped' | 'ticksMissed' | 'dropped'>;

/** Many events of one job in one item of the outbox, each as it was told: some 40 bytes an event instead of 500. They have their own ids, so to ship an event from its own item and
 *  from a pack is to ship it once. */
export type Pack = { readonly job: string; readonly count: number; readonly data: string };

/** A damaged pack must not take the memory of a master: what it holds is at most so large. */
const MOST_BYTES = 10_000_000;

export const isTickEvent = (event: StoredRunEvent): event is TickEvent =>
  event.type === 'tickSkipped' || event.type === 'ticksMissed' || event.type === 'dropped';

/** The value of the item. */
export const packed = (job: string, events: readonly TickEvent[]): string =>
  JSON.stringify({
    v: 1,
    type: 'packed',
    job,
    count: events.length,
    data: deflateRawSync(JSON.stringify(events)).toString('base64'),
  });

/** The pack that a parsed item is, if it is one. */
export const packOf = (raw: unknown): Pack | undefined => {
  if (typeof raw !== 'object' || raw === null || !('type' in raw) || raw.type !== 'packed') return undefined;
  const { v, job, count, data } = raw as Readonly<Record<string, unknown>>;
  return v === 1 && typeof job === 'string' && typeof count === 'number' && typeof data === 'string'
    ? { job, count, data }
    : undefined;
};

/** The events of a pack, in their order; undefined where one of them, or the pack, cannot be read. */
export const unpacked = ({ data, count }: Pack): readonly TickEvent[] | undefined => {
  try {
    const list: unknown = JSON.parse(inflateRawSync(Buffer.from(data, 'base64'), { maxOutputLength: MOST_BYTES }).toString());
    if (!Array.isArray(list) || list.length !== count) return undefined;
    const events = list.map((each) => parseRunEvent('', each));
    return events.every(isTickEvent) ? events : undefined;
  } catch {
    return undefined;
  }
};
