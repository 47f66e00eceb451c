import { defer, throwError } from 'rxjs';
import { expect, test } from 'vitest';
import { retrying, waitOf } from '../../src/streams/backoff.ts';
import { marbles } from '../support/marbles.ts';

test('waits double up to the most, each between half of it and all of it', () => {
  const waits = (random: number) => [1, 2, 3, 6, 7, 100].map((count) => waitOf(count, { random: () => random }));
  expect(waits(0)).toStrictEqual([50, 100, 200, 1_600, 2_500, 2_500]);
  expect(waits(1)).toStrictEqual([100, 200, 400, 3_200, 5_000, 5_000]);
});

test('goes on for ever, tells each failure, and starts anew after a success', marbles(({ cold, expectObservable, clock, flush }) => {
  const told: number[] = [];
  const rounds = [cold('#'), cold('#'), cold('a-#'), cold('b')];
  let round = 0;
  const source$ = defer(() => rounds[round++] ?? throwError(() => new Error('no more')));
  expectObservable(source$.pipe(retrying(clock, { random: () => 0, onError: (_error, waitMs) => told.push(waitMs) })), '1s !').toBe('150ms a 51ms b');
  flush();
  expect(told).toStrictEqual([50, 100, 50]);
}));
