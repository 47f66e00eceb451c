import { map } from 'rxjs';
import { test } from 'vitest';
import { after, every } from '../../src/streams/clock.ts';
import { marbles } from '../support/marbles.ts';

test('after and every', marbles(({ expectObservable, clock }) => {
  expectObservable(after(30, clock).pipe(map(() => 'x'))).toBe('30ms (x|)');
  expectObservable(every(10, clock), '25ms !').toBe('a 9ms b 9ms c', { a: 0, b: 1, c: 2 });
}));
