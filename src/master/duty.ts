import type { Keys } from '../domain/keys.ts';
import type { Compare, Transaction } from '../domain/transaction.ts';
import type { LeaderView } from './leader-view.ts';

/** One write of the leader. `name` is for the log; a refused transaction means that the world moved on, and the next look sees it. */
export type Duty = { readonly name: string; readonly job?: string; readonly transaction: Transaction };

export type DutyContext = {
  readonly keys: Keys;
  /** Compares the leadership key's revision: who is no longer the leader writes nothing. */
  readonly leader: Compare;
  /** Wall clock, ms. */
  readonly now: number;
  /** Never steps: what is counted is counted by it. */
  readonly monotonic: number;
  /** Whether this leader's rules are as new as any worker's: who knows less judges no fire times (design.md §5.5). */
  readonly settles: boolean;
  /** Whether this leader has only just begun to see: workers that begin with it find their gaps by themselves, and one gap is to be settled once. */
  readonly isFresh?: boolean;
  /** Off by so much, a worker still takes part. */
  readonly clockLimitMs: number;
  /** Divides lengths, for tests. */
  readonly scale: number;
  readonly newId: () => string;
};

export type Look = (view: LeaderView, context: DutyContext) => readonly Duty[];

/** Of each duty, so that one look stays short; the rest is seen by the next one. */
export const MOST_AT_ONCE = 200;

/** No more is made than will be done: the view may hold 100,000 jobs that all want something. */
export const upTo = <T, D>(items: Iterable<T>, dutiesFor: (item: T) => readonly D[]): readonly D[] => {
  const made: D[] = [];
  for (const item of items) {
    made.push(...dutiesFor(item));
    if (made.length >= MOST_AT_ONCE) break;
  }
  return made;
};
