import { map, mergeAll, type Observable } from 'rxjs';
import { test } from 'vitest';
import { compileSchedule, type CompiledSchedule } from '../../src/domain/schedule/compile.ts';
import type { Clock } from '../../src/streams/clock.ts';
import { ticks, type Due, type TickInput } from '../../src/streams/ticks.ts';
import { marbles } from '../support/marbles.ts';

const START = 100_000;
const scheduleOf = (cronExpr: string): CompiledSchedule => {
  const compiled = compileSchedule({ cronExpr });
  if (!compiled.ok) throw new Error('no schedule');
  return compiled.value;
};
const plan = (job: string, cronExpr = '* * * * * *', from = START): TickInput<string> => ({ type: 'plan', job, schedule: scheduleOf(cronExpr), revision: 1, from, lookBackMs: 60_000 });
const words = (due: readonly Due<string>[]): string => due.map((each) => (each.type === 'wake' ? each.wake : `${each.tick.job}${String((each.tick.fireTime - START) / 1_000)}`)).join(' ');
const told = (inputs$: Observable<TickInput<string>>, clock: Clock): Observable<string> => ticks(inputs$, clock).pipe(map(words), map((text) => text.split(' ').toSorted().join(' ')));

test('a job ticks when it is due, each tick with the one before it', marbles(({ cold, expectObservable, clock }) => {
  const due$ = ticks(cold<TickInput<string>>('p', { p: plan('a') }), clock);
  const tick = (at: number) => [{ type: 'tick', tick: { job: 'a', fireTime: START + at, nominalAt: START + at, prev: START + at - 1_000, revision: 1 } }];
  expectObservable(due$, '2500ms !').toBe('1s a 999ms b', { a: tick(1_000), b: tick(2_000) });
}, START));

test('what is due at one instant comes together', marbles(({ cold, expectObservable, clock }) => {
  const inputs = cold<TickInput<string>>('(pqw)', { p: plan('a'), q: plan('b', '*/2 * * * * *'), w: { type: 'wake', at: START + 2_000, wake: 'w' } });
  expectObservable(told(inputs, clock), '2500ms !').toBe('1s a 999ms b', { a: 'a1', b: 'a2 b2 w' });
}, START));

test('edit, drop and plan anew while waiting', marbles(({ cold, expectObservable, clock }) => {
  const inputs = cold<TickInput<string>>('p 1499ms e 2s d 2s n', { p: plan('a'), e: plan('a', '*/3 * * * * *', START + 1_500), d: { type: 'drop', job: 'a' }, n: plan('a', '* * * * * *', START + 5_502) });
  expectObservable(told(inputs, clock), '7200ms !').toBe('1s a 999ms b 3999ms c 999ms d', { a: 'a1', b: 'a2', c: 'a6', d: 'a7' });
}, START));

test('never early, and no tick twice when the clock steps back', marbles(({ cold, expectObservable, clock }) => {
  // The wall clock loses two seconds at 1.5 s.
  const stepped: Clock = { ...clock, now: () => clock.now() - (clock.monotonic() >= 1_500 ? 2_000 : 0) };
  expectObservable(told(cold<TickInput<string>>('p', { p: plan('a') }), stepped), '5200ms !').toBe('1s a 2999ms b 999ms c', { a: 'a1', b: 'a2', c: 'a3' });
}, START));

test('one that woke late tells what is not older than its look-back, in order', marbles(({ cold, expectObservable, clock }) => {
  const late: Clock = { ...clock, now: () => clock.now() + (clock.monotonic() >= 1_000 ? 5_000 : 0) };
  const inputs = cold<TickInput<string>>('p', { p: { ...plan('a'), lookBackMs: 3_000 } as TickInput<string> });
  expectObservable(told(inputs, late), '1900ms !').toBe('1s a', { a: 'a3 a4 a5 a6' });
}, START));

test('a wake in the past comes after its own turn, and nothing comes after the end', marbles(({ cold, expectObservable, clock }) => {
  const inputs = cold<TickInput<string>>('-w-|', { w: { type: 'wake', at: 0, wake: 'w' } });
  expectObservable(told(inputs, clock)).toBe('-w-|');
}, START));

test('thousands at one instant come in chunks', marbles(({ cold, expectObservable, clock }) => {
  const jobs = Array.from({ length: 4_500 }, (_, index) => plan(`j${String(index)}`));
  const inputs = cold<readonly TickInput<string>[]>('p', { p: jobs });
  const lengths$ = ticks(inputs.pipe(mergeAll()), clock).pipe(map((due) => due.length));
  expectObservable(lengths$, '1500ms !').toBe('1s (abc)', { a: 2_000, b: 2_000, c: 500 });
}, START));

