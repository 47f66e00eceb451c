import { NEVER, of, throwError, timer, map, type Observable } from 'rxjs';
import { test } from 'vitest';
import { holdLease } from '../../src/streams/lease.ts';
import type { Coordination } from '../../src/streams/ports.ts';
import { marbles } from '../support/marbles.ts';

type Store = Pick<Coordination, 'grantLease' | 'renewLease'>;
/** Grants at once; the renewals are answered one after the other as given, then never. */
const storeOf = (renewals: readonly Observable<boolean>[], grants: readonly Observable<string>[] = [of('l1'), of('l2'), of('l3')]): Store => {
  let [granted, renewed] = [0, 0];
  return {
    grantLease: () => (grants[granted++] ?? NEVER) as unknown as Promise<string>,
    renewLease: () => (renewals[renewed++] ?? NEVER) as unknown as Promise<boolean>,
  };
};
const times = { ttlMs: 15_000, renewMs: 4_000, marginMs: 1_000, random: () => 0.5 };
const held = (id: string, renewedAt: number) => ({ type: 'held', id, renewedAt }) as const;
const lost = { type: 'lost' } as const;

test('held at the grant and after each answer, by the instant at which it was asked for', marbles(({ expectObservable, clock }) => {
  const slow$ = timer(300, clock.scheduler).pipe(map(() => true));
  expectObservable(holdLease({ coordination: storeOf([of(true), slow$]), clock, ...times }), '9s !').toBe('a 3999ms b 4299ms c', { a: held('l1', 0), b: held('l1', 4_000), c: held('l1', 8_000) });
}));

test('one that is gone is lost at once, and a new one is granted', marbles(({ expectObservable, clock }) => {
  expectObservable(holdLease({ coordination: storeOf([of(false)]), clock, ...times }), '5s !').toBe('a 3999ms (lb)', { a: held('l1', 0), l: lost, b: held('l2', 4_000) });
}));

test('renewals that nobody answers: lost by its own deadline, before the store would end it', marbles(({ expectObservable, clock }) => {
  expectObservable(holdLease({ coordination: storeOf([of(true)], [of('l1'), NEVER]), clock, ...times }), '30s !').toBe('a 3999ms b 13999ms l', { a: held('l1', 0), b: held('l1', 4_000), l: lost });
}));

test('a renewal that fails is tried again and ends nothing', marbles(({ expectObservable, clock }) => {
  expectObservable(holdLease({ coordination: storeOf([throwError(() => new Error('away')), throwError(() => new Error('away')), of(true)]), clock, ...times }), '13s !').toBe('a 11999ms b', { a: held('l1', 0), b: held('l1', 12_000) });
}));

test('a grant that fails is tried again', marbles(({ expectObservable, clock }) => {
  expectObservable(holdLease({ coordination: storeOf([], [throwError(() => new Error('away')), of('l1')]), clock, ...times }), '1s !').toBe('75ms a', { a: held('l1', 75) });
}));
