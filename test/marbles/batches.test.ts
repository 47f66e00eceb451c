import { map, NEVER, of, toArray, type Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { inBatches } from '../../src/streams/batches.ts';
import { marbles } from '../support/marbles.ts';

const half = { random: () => 0.5 };
const settle = (_batch: readonly unknown[], answer: unknown) => of(answer);

test('a full batch goes at once, the rest when its time is up', marbles(({ cold, expectObservable, clock }) => {
  const events = ' a-b-c-----------|';
  const written = '---x--------y---|';
  const stored$ = cold(events).pipe(inBatches({ settle, spanMs: 9, size: 2, clock, write: (batch) => cold('-(w|)', { w: batch.join('') }) }));
  expectObservable(stored$).toBe(written, { x: 'ab', y: 'c' });
}));

test('no batch is empty', marbles(({ cold, expectObservable, clock }) => {
  expectObservable(cold('30ms |').pipe(inBatches({ settle, spanMs: 5, size: 2, clock, write: () => cold('(w|)') }))).toBe('30ms |');
}));

test('one write in flight, order kept, though the store is slow', marbles(({ cold, expectObservable, clock }) => {
  const stored$ = cold('(abcdef|)').pipe(inBatches({ settle, spanMs: 9, size: 2, clock, write: (batch) => cold('10ms (w|)', { w: batch.join('') }) }));
  expectObservable(stored$).toBe('10ms x 9ms y 9ms (z|)', { x: 'ab', y: 'cd', z: 'ef' });
}));

test('a write that fails is repeated until it succeeds, and nothing overtakes it', marbles(({ cold, expectObservable, clock, flush }) => {
  const sent: string[] = [];
  const write = (batch: readonly string[]): Observable<string> => {
    sent.push(batch.join(''));
    return sent.length < 3 ? cold('#') : cold('(w|)', { w: batch.join('') });
  };
  expectObservable(cold('(abcd|)').pipe(inBatches({ settle, spanMs: 9, size: 2, clock, write, backoff: half }))).toBe('225ms (xyz|)', { x: 'a', y: 'b', z: 'cd' });
  flush();
  expect(sent).toStrictEqual(['ab', 'a', 'a', 'b', 'cd']);
}));

test('a store that is slower than the time limit takes in parts what it does not take whole', marbles(({ cold, expectObservable, clock, flush }) => {
  const sent: string[] = [];
  // 100 ms for each item, and 250 ms are allowed.
  const write = (batch: readonly string[]): Observable<string> => {
    sent.push(batch.join(''));
    return cold(`${String(batch.length * 100)}ms (w|)`, { w: batch.join('') });
  };
  const stored$ = cold('(abcdefgh|)').pipe(inBatches({ settle, spanMs: 9, size: 8, clock, timeoutMs: 250, write, backoff: half }));
  expectObservable(stored$.pipe(toArray(), map((parts) => parts.join('')))).toBe('1775ms (a|)', { a: 'abcdefgh' });
  flush();
  expect(sent.slice(0, 4)).toStrictEqual(['abcdefgh', 'ab', 'cde', 'c']);
}));

test('a write that is never answered is repeated after its time', marbles(({ cold, expectObservable, clock }) => {
  let tries = 0;
  const write = (): Observable<string> => {
    tries += 1;
    return tries === 1 ? NEVER : cold('(w|)');
  };
  expectObservable(cold('(a|)').pipe(inBatches({ settle, spanMs: 9, size: 1, clock, timeoutMs: 500, write, backoff: half }))).toBe('575ms (w|)');
}));

test('the end flushes what is left', marbles(({ cold, expectObservable, clock }) => {
  expectObservable(cold('-a-|').pipe(inBatches({ settle, spanMs: 900, size: 9, clock, write: (batch) => cold('(w|)', { w: batch.join('') }) }))).toBe('---(a|)');
}));

test('P4: the time limit is that of the write: what its answer leads to is done once for each, however long it takes, and before the next write', marbles(({ cold, expectObservable, clock, flush }) => {
  const done: string[] = [];
  const write = (batch: readonly string[]) => (done.push(`write ${batch.join('')}`), cold('400ms (w|)', { w: 'ok' }));
  const slowly = (batch: readonly string[], answer: string) => (done.push(`settle ${batch.join('')} ${answer}`), cold('900ms (s|)', { s: batch.join('') }));
  expectObservable(cold('(abcd|)').pipe(inBatches({ spanMs: 9, size: 2, clock, timeoutMs: 500, write, settle: slowly, backoff: half }))).toBe('1300ms x 1299ms (y|)', { x: 'ab', y: 'cd' });
  flush();
  expect(done).toStrictEqual(['write ab', 'settle ab ok', 'write cd', 'settle cd ok']);
}));
