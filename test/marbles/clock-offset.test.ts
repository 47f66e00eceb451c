import { map, startWith, type Observable } from 'rxjs';
import { test } from 'vitest';
import type { ClockState } from '../../src/domain/clock-offset.ts';
import { toInstant } from '../../src/domain/instant.ts';
import { clockOffset } from '../../src/streams/clock-offset.ts';
import type { FeedEvent } from '../../src/streams/feed.ts';
import { marbles } from '../support/marbles.ts';

const START = 1_000_000;
/** A stamp of another clock, `ahead` of the true time, that comes at `frame`. */
const stamp = (id: string, frame: number, ahead = 0): FeedEvent => ({
  type: 'changes',
  changes: [{ type: 'put', entry: { key: id, value: JSON.stringify({ stampedAt: toInstant(START + frame + ahead) }), revision: 1, created: 1 } }],
  revision: 1,
});
const gone = (id: string): FeedEvent => ({ type: 'changes', changes: [{ type: 'delete', key: id, revision: 2 }], revision: 2 });
const listed = (frame: number, ahead: number): FeedEvent => ({ type: 'snapshot', entries: ['a', 'b'].map((key) => ({ key, value: JSON.stringify({ stampedAt: toInstant(START + frame + ahead) }), revision: 1, created: 1 })), revision: 1 });
const broken: FeedEvent = { type: 'outOfSync', error: 'x' };
const nothing: FeedEvent = { type: 'snapshot', entries: [], revision: 0 };
const feedOf = (events$: Observable<FeedEvent>) => events$.pipe(startWith(nothing));
const words = (state$: Observable<ClockState>) => state$.pipe(map(({ standing, offsetMs, clocks }) => `${standing} ${String(offsetMs)} of ${String(clocks)}`));

test('an offset is known from the first stamps on, and told when it changes', marbles(({ cold, expectObservable, clock }) => {
  const workers = '--a-b';
  const masters = '------c';
  const out = '    u-w-b-c';
  const presences = [feedOf(cold(workers, { a: stamp('a', 2), b: stamp('b', 4, 900) })), feedOf(cold(masters, { c: stamp('c', 6) }))];
  const state$ = clockOffset({ me: 'me', clock, limitMs: 1_000, presences });
  expectObservable(words(state$), '3s !').toBe(out, { u: 'unknown 0 of 1', w: 'within 0 of 2', b: 'within 0 of 3', c: 'within 0 of 4' });
}, START));

test('what was listed is of unknown age: only changes count, also after a break', marbles(({ cold, expectObservable, clock }) => {
  const workers = '-l-x-y-a';
  const presences = [cold(workers, { l: listed(1, -4_000), x: broken, y: stamp('a', 5, -4_000), a: stamp('a', 7) })];
  expectObservable(words(clockOffset({ me: 'me', clock, limitMs: 1_000, presences })), '900ms !').toBe('u------w', { u: 'unknown 0 of 1', w: 'within 0 of 2' });
}, START));

test('who is outside a majority is told so, and again when the one that was off has gone', marbles(({ cold, expectObservable, clock }) => {
  const workers = '-a-b-x';
  const out = '    ua-b-x';
  const presences = [feedOf(cold(workers, { a: stamp('a', 1, 5_000), b: stamp('b', 3, 5_000), x: gone('b') }))];
  expectObservable(words(clockOffset({ me: 'me', clock, limitMs: 1_000, presences })), '900ms !').toBe(out, { u: 'unknown 0 of 1', a: 'unsure -2500 of 2', b: 'outside -5000 of 3', x: 'unsure -2500 of 2' });
}, START));

test('one’s own clock that is set between two stamps is noticed within a second', marbles(({ cold, expectObservable, clock }) => {
  const set = { ...clock, now: () => clock.now() + (clock.monotonic() >= 500 ? 5_000 : 0) };
  const presences = [feedOf(cold('-a-b', { a: stamp('a', 1), b: stamp('b', 3) }))];
  expectObservable(words(clockOffset({ me: 'me', clock: set, limitMs: 1_000, presences })), '1100ms !').toBe('ua-b 996ms o', { u: 'unknown 0 of 1', a: 'within 0 of 2', b: 'within 0 of 3', o: 'outside 5000 of 3' });
}, START));
