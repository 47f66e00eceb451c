import { concat, defer, EMPTY, map, NEVER, of, takeUntil, tap, throwError, timer, toArray, type Observable } from 'rxjs';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/events.ts';
import { logPipeline, type LogSource, type PipelineNews } from '../../src/streams/log-pipeline.ts';
import type { Appended } from '../../src/streams/ports.ts';
import { marbles } from '../support/marbles.ts';

type Item = { readonly event: RunEvent };
const item = (seq: number): Item => ({ event: { v: 1, type: 'started', job: 'a', runId: 'r', attempt: 1, seq, at: '', pid: 1, host: '' } });
const seqOf = ({ event }: Item): number => ('seq' in event ? event.seq : -1);
const fine: Appended = { refused: [], conflicts: [] };

/** A spool with so many items; what was done is noted in words. */
const spoolOf = (count: number, wakes$: Observable<void>, notes: string[]): LogSource<Item> => {
  let next = 0;
  return {
    wakes$,
    take: (most) =>
      defer(() => {
        const items = Array.from({ length: Math.min(most, count - next) }, (_, index) => item(next + index));
        next += items.length;
        if (items.length > 0) notes.push(`take ${items.map(seqOf).join()}`);
        return of(items);
      }),
    confirm: (items) =>
      defer(() => {
        notes.push(`confirm ${items.map(seqOf).join()}`);
        return EMPTY;
      }),
    setAside: (_event, reason) =>
      defer(() => {
        notes.push(`aside ${reason}`);
        return EMPTY;
      }),
  };
};
const stored = (count: number): PipelineNews => ({ type: 'stored', count });
const sizes = { spanMs: 10, size: 2 };

test('takes at once, writes in batches, and confirms only what is stored', marbles(({ cold, expectObservable, clock, flush }) => {
  const notes: string[] = [];
  const append = (events: readonly RunEvent[]): Observable<Appended> => {
    notes.push(`append ${String(events.length)}`);
    return cold('5ms (a|)', { a: fine });
  };
  expectObservable(logPipeline({ source: spoolOf(3, NEVER, notes), append, clock, ...sizes, stop$: NEVER }), '100ms !').toBe('5ms x 9ms y', { x: stored(2), y: stored(1) });
  flush();
  expect(notes).toStrictEqual(['take 0,1', 'append 2', 'take 2', 'confirm 0,1', 'append 1', 'confirm 2']);
}));

test('hands out two batches that are not confirmed, and no more', marbles(({ expectObservable, clock, flush }) => {
  const notes: string[] = [];
  expectObservable(logPipeline({ source: spoolOf(100, NEVER, notes), append: () => NEVER, clock, ...sizes, stop$: NEVER }), '100ms !').toBe('');
  flush();
  expect(notes).toStrictEqual(['take 0,1', 'take 2,3']);
}));

test('of large outputs no more is taken than some megabytes, however few they are', marbles(({ expectObservable, clock, flush }) => {
  const output = (seq: number): Item => ({ event: { v: 1, type: 'output', job: 'a', runId: 'r', attempt: 1, seq, at: '', offset: 0, data: new Uint8Array(1_500_000) } });
  let taken = 0;
  const source: LogSource<Item> = { ...spoolOf(0, NEVER, []), take: () => defer(() => of([output(taken++)])) };
  expectObservable(logPipeline({ source, append: () => NEVER, clock, spanMs: 10, size: 1_000, stop$: NEVER }), '100ms !').toBe('');
  flush();
  expect(taken).toBe(3);
}));

test('P4: what was stored is confirmed once, though that takes longer than a write may; where the disk does not take it, it is tried again', marbles(({ cold, expectObservable, clock, flush }) => {
  const notes: string[] = [];
  const source = spoolOf(2, NEVER, notes);
  let tries = 0;
  const confirm: LogSource<Item>['confirm'] = (items) =>
    defer(() => (tries++ < 1 ? throwError(() => new Error('disk')) : cold('100s |').pipe((end$) => concat(end$, source.confirm(items)))));
  const told$ = logPipeline({ source: { ...source, confirm }, append: (events) => (notes.push(`append ${String(events.length)}`), of(fine)), clock, ...sizes, stop$: NEVER });
  expectObservable(told$.pipe(map(({ type }) => type), takeUntil(timer(150_000, clock.scheduler)), toArray())).toBe('150s (a|)', { a: ['lagging', 'stored'] });
  flush();
  expect(notes).toStrictEqual(['take 0,1', 'append 2', 'confirm 0,1']);
}));

test('P4: while the run log is away it says so, and what waits is stored when it is back', marbles(({ expectObservable, clock, flush }) => {
  const notes: string[] = [];
  let tries = 0;
  const append = () => defer(() => (tries++ < 1 ? throwError(() => new Error('away')) : of(fine)));
  // The wait has its jitter: what counts is the order.
    const types$ = logPipeline({ source: spoolOf(2, NEVER, notes), append, clock, ...sizes, stop$: NEVER }).pipe(
      map(({ type }) => type),
      takeUntil(timer(900, clock.scheduler)),
      toArray(),
    );
    expectObservable(types$).toBe('900ms (a|)', { a: ['lagging', 'stored', 'stored'] });
    flush();
    expect(notes).toStrictEqual(['take 0,1', 'confirm 0', 'confirm 1']);
}));

test('what the run log never takes is set aside and told, a conflict is told', marbles(({ expectObservable, clock, flush }) => {
  const notes: string[] = [];
  const refused = { event: item(1).event, reason: 'poison' };
  const append = () => of({ refused: [refused], conflicts: ['x'] });
  expectObservable(logPipeline({ source: spoolOf(2, NEVER, notes), append, clock, ...sizes, stop$: NEVER }), '50ms !').toBe('(abc)', { a: stored(1), b: { type: 'refused', ...refused }, c: { type: 'conflict', id: 'x' } });
  flush();
  expect(notes).toStrictEqual(['take 0,1', 'aside poison', 'confirm 0,1']);
}));

test('a wake takes what is new; the end writes what was taken and completes', marbles(({ cold, expectObservable, clock }) => {
  let there = 0;
  const spool = spoolOf(0, cold('--w', { w: undefined }), []);
  const source: LogSource<Item> = { ...spool, take: () => defer(() => of(there++ === 1 ? [item(0)] : [])) };
  const append = () => cold<Appended>('3ms (a|)', { a: fine });
  expectObservable(logPipeline({ source, append, clock, spanMs: 100, size: 5, stop$: cold('----s') })).toBe('7ms (a|)', { a: stored(1) });
}));

test('stopped while the run log does not answer: it completes at its deadline and says what is not stored', marbles(({ cold, expectObservable, clock, flush }) => {
  const notes: string[] = [];
  const source = spoolOf(3, NEVER, notes);
  const pipeline$ = logPipeline({ source, append: () => NEVER, clock, ...sizes, stop$: cold('---s'), deadlineMs: 20 });
  expectObservable(pipeline$).toBe('23ms (a|)', { a: { type: 'unfinished', count: 3 } });
  flush();
  expect(notes).toStrictEqual(['take 0,1', 'take 2']); // nothing is confirmed: it stays on disk
}));

test('stopped while the run log is slow: it completes once all is stored, before its deadline', marbles(({ cold, expectObservable, clock }) => {
  const append = () => cold<Appended>('7ms (a|)', { a: fine });
  const pipeline$ = logPipeline({ source: spoolOf(4, NEVER, []), append, clock, ...sizes, stop$: cold('---s'), deadlineMs: 20 });
  expectObservable(pipeline$).toBe('7ms a 6ms (b|)', { a: stored(2), b: stored(2) });
}));

test('a batch goes after its time, though it is not full; nothing to take writes nothing', marbles(({ cold, expectObservable, clock, flush }) => {
  const notes: string[] = [];
  const sent: number[] = [];
  const append = (events: readonly RunEvent[]) => (sent.push(events.length), cold<Appended>('(a|)', { a: fine }));
  expectObservable(logPipeline({ source: spoolOf(3, NEVER, notes), append, clock, spanMs: 10, size: 9, stop$: NEVER }), '100ms !').toBe('10ms a', { a: stored(3) });
  expectObservable(logPipeline({ source: spoolOf(0, cold('-w-w', { w: undefined }), []), append, clock, spanMs: 10, size: 9, stop$: NEVER }), '100ms !').toBe('');
  flush();
  expect(sent).toStrictEqual([3]);
}));

test('output that the spool cut away and the run log has whole is no conflict', marbles(({ expectObservable, clock }) => {
  const event: RunEvent = { v: 1, type: 'output', job: 'a', runId: 'r', attempt: 1, seq: 2, at: '', offset: 0, data: new Uint8Array(0), droppedBytes: 5 };
  const source: LogSource<Item> = { ...spoolOf(0, NEVER, []), take: (() => { let isFirst = true; return () => defer(() => of(isFirst ? ((isFirst = false), [{ event }]) : [])); })() };
  const append = () => of({ refused: [], conflicts: ['r/001/00000002', 'other'] });
  expectObservable(logPipeline({ source, append, clock, spanMs: 10, size: 1, stop$: NEVER }), '50ms !').toBe('(ab)', { a: stored(1), b: { type: 'conflict', id: 'other' } });
}));

test('P4: a backlog goes at the rate that it may, one write after the other; a stop does not wait for it', marbles(({ cold, expectObservable, clock }) => {
  const append = () => cold<Appended>('5ms (a|)', { a: fine });
  const of = (stop$: Observable<unknown>) => logPipeline({ source: spoolOf(8, NEVER, []), append, clock, ...sizes, mostPerSecond: 100, stop$ });
  const [x, next] = [stored(2), '19ms'];
  expectObservable(of(NEVER), '100ms !').toBe(`5ms x ${next} x ${next} x ${next} x`, { x });
  // Two batches are out at the stop, the first of them waiting for its turn.
  expectObservable(of(cold('8ms s'))).toBe('5ms x 7ms x 4ms (x|)', { x });
}));

test('what comes slower than the rate waits for nothing', marbles(({ cold, expectObservable, clock }) => {
  let ready = 0;
  const wakes$ = cold('-w 49ms w 49ms w', { w: undefined }).pipe(tap(() => ready++));
  const source: LogSource<Item> = { ...spoolOf(0, wakes$, []), take: () => defer(() => of(ready > 0 ? [item(--ready)] : [])) };
  const append = () => cold<Appended>('(a|)', { a: fine });
  expectObservable(logPipeline({ source, append, clock, spanMs: 1, size: 1, mostPerSecond: 25, stop$: NEVER }), '200ms !').toBe('-a 49ms a 49ms a', { a: stored(1) });
}));
