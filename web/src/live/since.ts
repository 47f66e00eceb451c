import type { LiveEvent } from '../../../src/domain/wire.ts';

/** The newest place that was seen in a run's events; `seq` -1 is before the first. */
type Place = { readonly attempt: number; readonly seq: number };
export type Since = string | Place;

/** From where on to ask after an event. */
export const placeAfter = (since: Since | undefined, event: LiveEvent, asOf: string): Since => {
  if (typeof since !== 'object') return asOf;
  return 'attempt' in event && typeof event['seq'] === 'number' ? { attempt: event.attempt, seq: event['seq'] } : since;
};

/** The one further back, so that nobody who asks misses anything. */
export const olderOf = (a: Since | undefined, b: Since | undefined): Since | undefined => {
  if (typeof a === 'string' && typeof b === 'string') return Number(a) <= Number(b) ? a : b;
  if (typeof a === 'object' && typeof b === 'object') return (a.attempt - b.attempt || a.seq - b.seq) > 0 ? b : a;
  return b;
};
