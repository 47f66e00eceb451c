import { ignoreElements, map, merge, of, tap, timer, type Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { createLeaseTimes, type LeaseTimes } from '../../../src/stores/embedded/leases.ts';
import type { Clock } from '../../../src/streams/clock.ts';
import { marbles } from '../../support/marbles.ts';

type Act = readonly [atMs: number, act: (times: LeaseTimes) => unknown];

/** The leases as they end, while the acts are done. */
const ending = (clock: Clock, ...acts: readonly Act[]): Observable<string> => {
  const times = createLeaseTimes(clock);
  const acts$ = acts.map(([atMs, act]) =>
    (atMs === 0 ? of(0) : timer(atMs)).pipe(
      tap(() => act(times)),
      ignoreElements(),
    ),
  );
  return merge(times.ended$, ...acts$).pipe(map((id): string => id));
};

test(
  'a lease ends when its time is up, counted from its last renewal',
  marbles(({ clock, expectObservable }) => {
    const ended$ = ending(
      clock,
      [0, (times) => times.start('a', 3_000)],
      [0, (times) => times.start('b', 4_000)],
      [2_000, (times) => expect(times.renew('a')).toBe(true)],
      [4_500, (times) => expect(times.renew('b')).toBe(false)],
    );
    expectObservable(ended$, '10s !').toBe('4s b 999ms a');
  }),
);

test(
  'a lease that is stopped does not end, and one that is made while another is waited for ends in its turn',
  marbles(({ clock, expectObservable }) => {
    const ended$ = ending(
      clock,
      [0, (times) => times.start('a', 5_000)],
      [1_000, (times) => times.start('b', 1_000)],
      [1_500, (times) => times.start('c', 1_000)],
      [1_600, (times) => times.stop('b')],
    );
    expectObservable(ended$, '10s !').toBe('2500ms c 2499ms a');
  }),
);

test(
  'a lease of a month does not end at once, though no timer waits for so long',
  marbles(({ clock, expectObservable }) => {
    const ended$ = ending(clock, [0, (times) => times.start('a', 30 * 86_400_000)]);
    expectObservable(ended$, '2600000000ms !').toBe('2592000000ms a');
  }),
);
