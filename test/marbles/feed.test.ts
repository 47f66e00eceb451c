import { NEVER, of, throwError, type Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { feed, type FeedEvent } from '../../src/streams/feed.ts';
import type { Changes, Coordination, Entry, Listing } from '../../src/streams/ports.ts';
import { marbles } from '../support/marbles.ts';

const entry = (key: string, revision: number): Entry => ({ key, value: `${key}${String(revision)}`, revision, created: revision });
const listing = (revision: number, ...entries: readonly Entry[]): Listing => ({ entries, revision });
const put = (revision: number, key: string): Changes => ({ changes: [{ type: 'put', entry: entry(key, revision) }], revision });
const half = () => 0.5;

type Fake = { readonly lists: readonly Observable<Listing>[]; readonly watches: readonly Observable<Changes>[] };
/** Answers each list and each watch with the next of the given streams; notes from where it was watched. */
const storeOf = ({ lists, watches }: Fake, watchedFrom: number[] = []): Pick<Coordination, 'list' | 'watch'> => {
  let [listed, watched] = [0, 0];
  return {
    // A promise never settles in virtual time: the feed takes whatever rxjs takes.
    list: () => (lists[listed++] ?? NEVER) as unknown as Promise<Listing>,
    watch: (_prefix, from) => {
      watchedFrom.push(from);
      return watches[watched++] ?? NEVER;
    },
  };
};
const told = (...changes: Changes['changes']): FeedEvent => ({ type: 'changes', changes, revision: 0 });
test('a snapshot, then each change, from the revision after it', marbles(({ cold, expectObservable, clock, flush }) => {
  const from: number[] = [];
  const store = storeOf({ lists: [cold('-(l|)', { l: listing(5, entry('a', 3)) })], watches: [cold('--x-y', { x: put(6, 'b'), y: put(7, 'a') })] }, from);
  expectObservable(feed(store, '/', { clock, random: half }), '20ms !').toBe('-s-x-y', { s: { type: 'snapshot', entries: [entry('a', 3)], revision: 5 }, x: { type: 'changes', ...put(6, 'b') }, y: { type: 'changes', ...put(7, 'a') } });
  flush();
  expect(from).toStrictEqual([6]);
}));

test('P6: after a break it lists again and tells the difference, deletes included, then goes on', marbles(({ cold, expectObservable, clock, flush }) => {
  const from: number[] = [];
  const store = storeOf({ lists: [of(listing(5, entry('a', 3), entry('b', 4))), of(listing(9, entry('b', 4), entry('c', 8)))], watches: [cold('--#'), cold('--x', { x: put(10, 'c') })] }, from);
  // Out at 2, listed again after 75 ms (half of the jitter), then two frames to the change.
  expectObservable(feed(store, '/', { clock, random: half }), '200ms !').toBe('s-o 74ms d-x', { s: { type: 'snapshot', entries: [entry('a', 3), entry('b', 4)], revision: 5 }, o: { type: 'outOfSync', error: 'error' }, d: { type: 'changes', changes: [{ type: 'delete', key: 'a', revision: 9 }, { type: 'put', entry: entry('c', 8) }], revision: 9 }, x: { type: 'changes', ...put(10, 'c') } });
  flush();
  expect(from).toStrictEqual([6, 10]);
}));

test('an empty difference still says that it is whole again', marbles(({ cold, expectObservable, clock }) => {
  const store = storeOf({ lists: [of(listing(5)), of(listing(5))], watches: [cold('--#'), NEVER] });
  expectObservable(feed(store, '/', { clock, random: half }), '200ms !').toBe('s-o 74ms d', { s: { type: 'snapshot', entries: [], revision: 5 }, o: { type: 'outOfSync', error: 'error' }, d: { ...told(), revision: 5 } });
}));

test('a change that is not newer than what was told is not told', marbles(({ cold, expectObservable, clock }) => {
  const store = storeOf({ lists: [of(listing(5, entry('a', 5)))], watches: [cold('-x-y', { x: put(5, 'a'), y: put(6, 'a') })] });
  expectObservable(feed(store, '/', { clock, random: half }), '20ms !').toBe('s--y', { s: { type: 'snapshot', entries: [entry('a', 5)], revision: 5 }, y: { type: 'changes', ...put(6, 'a') } });
}));

test('P6: a key that comes and goes in one batch is gone', marbles(({ cold, expectObservable, clock }) => {
  const both: Changes = { changes: [...put(6, 'b').changes, { type: 'delete', key: 'b', revision: 7 }], revision: 7 };
  const store = storeOf({ lists: [of(listing(5))], watches: [cold('-x', { x: both })] });
  expectObservable(feed(store, '/', { clock, random: half }), '20ms !').toBe('sx', { s: { type: 'snapshot', entries: [], revision: 5 }, x: { type: 'changes', ...both } });
}));

test('a list that fails is tried again with growing waits', marbles(({ expectObservable, clock }) => {
  const fails$ = throwError(() => new Error('away'));
  const store = storeOf({ lists: [fails$, fails$, of(listing(2))], watches: [NEVER] });
  expectObservable(feed(store, '/', { clock, random: half }), '400ms !').toBe('o 74ms o 149ms s', { o: { type: 'outOfSync', error: new Error('away') }, s: { type: 'snapshot', entries: [], revision: 2 } });
}));

test('it lists now and then anyway, and tells only what a dropped event hid', marbles(({ expectObservable, clock }) => {
  const store = storeOf({ lists: [of(listing(5, entry('a', 3))), of(listing(7))], watches: [NEVER, NEVER] });
  expectObservable(feed(store, '/', { clock, relistMs: 600_000, random: half }), '600100ms !').toBe('s 599999ms d', { s: { type: 'snapshot', entries: [entry('a', 3)], revision: 5 }, d: { type: 'changes', changes: [{ type: 'delete', key: 'a', revision: 7 }], revision: 7 } });
}));

test('a watch that breaks at once after each list is waited for longer and longer, and no longer after one that has lasted', marbles(({ cold, expectObservable, clock }) => {
  const breaks$ = throwError(() => new Error('x'));
  const store = storeOf({ lists: [of(listing(5)), of(listing(5)), of(listing(5)), of(listing(5))], watches: [breaks$, breaks$, cold('6s #'), NEVER] });
  const [o, d] = [{ type: 'outOfSync', error: new Error('x') }, { ...told(), revision: 5 }];
  expectObservable(feed(store, '/', { clock, random: half }), '9000ms !').toBe('(so) 71ms (do) 146ms d 5999ms e 74ms d', { s: { type: 'snapshot', entries: [], revision: 5 }, o, d, e: { type: 'outOfSync', error: 'error' } });
}));
