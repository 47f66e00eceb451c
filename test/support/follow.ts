// What a consumer of a feed holds and has been told.
import { systemClock } from '../../src/streams/clock.ts';
import { feed, type FeedEvent } from '../../src/streams/feed.ts';
import type { Change, Coordination } from '../../src/streams/ports.ts';
import { keyOf, textOf } from './coordination.ts';

export type Following = {
  /** Key to `value@revision`. */
  readonly state: ReadonlyMap<string, string>;
  /** Every change after the snapshot, as `put key=value` or `delete key`. */
  readonly told: readonly string[];
  readonly breaks: readonly string[];
  readonly [Symbol.dispose]: () => void;
};

export function follow(store: Coordination, prefix: string): Following {
  const state = new Map<string, string>();
  const told: string[] = [];
  const breaks: string[] = [];
  const apply = (change: Change): void => {
    if (change.type === 'delete') state.delete(keyOf(change));
    else state.set(change.entry.key, `${change.entry.value}@${change.entry.revision}`);
  };
  const hear = (event: FeedEvent): void => {
    if (event.type === 'outOfSync') breaks.push(String(event.error));
    if (event.type === 'snapshot') event.entries.forEach((entry) => apply({ type: 'put', entry }));
    if (event.type !== 'changes') return;
    event.changes.forEach(apply);
    told.push(...event.changes.map(textOf));
  };
  const subscription = feed(store, prefix, { clock: systemClock }).subscribe({
    next: hear,
    error: (error: unknown) => breaks.push(`the feed ended: ${String(error)}`),
  });
  return { state, told, breaks, [Symbol.dispose]: () => subscription.unsubscribe() };
}
