import { map, startWith, type Observable } from 'rxjs';
import { test } from 'vitest';
import { UNKNOWN_CLOCK, type ClockState } from '../../src/domain/clock-offset.ts';
import { toInstant } from '../../src/domain/instant.ts';
import { createKeys } from '../../src/domain/keys.ts';
import { clockKnown } from '../../src/streams/clock-known.ts';
import type { Clock } from '../../src/streams/clock.ts';
import type { FeedEvent } from '../../src/streams/feed.ts';
import type { Entry } from '../../src/streams/ports.ts';
import { marbles } from '../support/marbles.ts';

const keys = createKeys();
const presence = (id: string, more: object = {}): Entry => ({
  key: keys.worker(id),
  value: JSON.stringify({ v: 1, id, name: id, host: 'h', machineId: 'm', nonce: 'n', pid: 1, version: '0', labels: [], slots: 10, running: 0, draining: false, startedAt: toInstant(0), stampedAt: toInstant(0), rules: { schedule: 1, tz: '' }, ...more }),
  revision: 1,
  created: 1,
});
const of = (...entries: readonly Entry[]): FeedEvent => ({ type: 'snapshot', entries, revision: 1 });
const put = (...entries: readonly Entry[]): FeedEvent => ({ type: 'changes', changes: entries.map((entry) => ({ type: 'put', entry })), revision: 2 });
const broken: FeedEvent = { type: 'outOfSync', error: 'x' };
const me = presence('me', { unsynced: true });
const three = of(me, presence('w1'), presence('w2'));
const known = (clock: Clock, peers$: Observable<FeedEvent>, heard$: Observable<number>): Observable<string> =>
  clockKnown({ me: 'me', keys, clock, peers$, clocks$: heard$.pipe(map((clocks): ClockState => ({ standing: 'within', offsetMs: 0, clocks })), startWith(UNKNOWN_CLOCK)) }).pipe(map((isKnown) => (isKnown ? 'k' : 'n')));

test('who comes to others that take the ticks waits until it has heard two of them', marbles(({ cold, expectObservable, clock }) => {
  const peers = ' -s';
  const clocks = '----2---3';
  const out = '   n-------k';
  expectObservable(known(clock, cold(peers, { s: three }), cold(clocks, { 2: 2, 3: 3 })), '1s !').toBe(out);
}));

test('and not for longer than 6 s', marbles(({ cold, expectObservable, clock }) => {
  expectObservable(known(clock, cold('-s', { s: three }), cold('')), '10s !').toBe('n 6s k');
}));

test('alone, with one other, or among such as take none, it goes on at once', marbles(({ cold, expectObservable, clock }) => {
  const passing = [presence('w2', { draining: true }), presence('w3', { skewed: true }), presence('w4', { unsynced: true })];
  for (const others of [[], [presence('w1')], [presence('w1'), ...passing]])
    expectObservable(known(clock, cold('-s', { s: of(me, ...others) }), cold('')), '10s !').toBe('nk');
}));

test('who goes on is not stopped by those who come; a break of the feed begins anew', marbles(({ cold, expectObservable, clock }) => {
  const peers = '-s-j---x-b';
  const out = '  nk-----n 6001ms k';
  expectObservable(known(clock, cold(peers, { s: of(me), j: put(presence('w1'), presence('w2')), x: broken, b: put() }), cold('')), '10s !').toBe(out);
}));
