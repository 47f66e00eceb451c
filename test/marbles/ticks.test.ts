import { map, mergeAll, skip, type Observable } from 'rxjs';
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
  const jobs = Array.from({ length: 600 }, (_, index) => plan(`j${String(index)}`));
  const inputs = cold<readonly TickInput<string>[]>('p', { p: jobs });
  const lengths$ = ticks(inputs.pipe(mergeAll()), clock).pipe(map((due) => due.length));
  expectObservable(lengths$, '1500ms !').toBe('1s (abc)', { a: 250, b: 250, c: 100 });
}, START));

test('the loop has its turn after a few milliseconds, however many are due', marbles(({ cold, expectObservable, clock }) => {
  const jobs = Array.from({ length: 600 }, (_, index) => plan(`j${String(index)}`));
  const inputs = cold<readonly TickInput<string>[]>('p', { p: jobs });
  // Each chunk costs its reader 5 ms by the monotonic clock: two of them make a turn.
  let spent = 0;
  const slow: Clock = { ...clock, monotonic: () => clock.monotonic() + spent };
  const lengths$ = ticks(inputs.pipe(mergeAll()), slow).pipe(map((due) => ((spent += 5), due.length)));
  let turns = 0;
  const counted: Clock = { ...slow, scheduler: { now: () => clock.scheduler.now(), schedule: (work, delay, state) => ((turns += 1), clock.scheduler.schedule(work as never, delay, state as never)) } };
  const again$ = ticks(inputs.pipe(mergeAll()), counted).pipe(map((due) => ((spent += 5), [due.length, turns].join(' in turn '))));
  expectObservable(lengths$, '1500ms !').toBe('1s (abc)', { a: 250, b: 250, c: 100 });
  expectObservable(again$, '1500ms !').toBe('1s (abc)', { a: '250 in turn 1', b: '250 in turn 1', c: '100 in turn 2' });
}, START));

test('a schedule that ends while it waits ticks no more; one that begins later waits for its start', marbles(({ cold, expectObservable, clock }) => {
  const bounded = (job: string, bounds: { startAt?: string; endAt?: string }): TickInput<string> => {
    const compiled = compileSchedule({ cronExpr: '* * * * * *', ...bounds });
    if (!compiled.ok) throw new Error('no schedule');
    return { type: 'plan', job, schedule: compiled.value, revision: 1, from: START, lookBackMs: 60_000 };
  };
  const iso = (ms: number): string => new Date(START + ms).toISOString();
  const inputs = cold<TickInput<string>>('(es)', { e: bounded('e', { endAt: iso(2_000) }), s: bounded('s', { startAt: iso(3_000) }) });
  expectObservable(told(inputs, clock), '4500ms !').toBe('1s a 999ms b 999ms c 999ms d', { a: 'e1', b: 'e2', c: 's3', d: 's4' });
}, START));

test('a step of the clock forward is noticed within a minute, though the timer was set for longer', marbles(({ cold, expectObservable, clock }) => {
  // An hour is jumped over 10 s after the start: the tick of the hour is found at the end of the hop.
  const stepped: Clock = { ...clock, now: () => clock.now() + (clock.monotonic() >= 10_000 ? 3_600_000 : 0) };
  const hourly: TickInput<string> = { ...plan('h', '0 0 * * * *'), lookBackMs: 3_600_000 } as TickInput<string>;
  const seen$ = ticks(cold<TickInput<string>>('p', { p: hourly }), stepped).pipe(map((due) => due.length));
  expectObservable(seen$, '90s !').toBe('1m a', { a: 1 });
}, START));

test('a wake is not held up by a wall clock that steps back; the tick of a job waits for the wall clock', marbles(({ cold, expectObservable, clock }) => {
  // An hour is lost 1.5 s after the start.
  const stepped: Clock = { ...clock, now: () => clock.now() - (clock.monotonic() >= 1_500 ? 3_600_000 : 0) };
  const inputs = () => cold<TickInput<string>>('(pvw)', { p: plan('a'), v: { type: 'wake', at: START + 1_600, wake: 'v' }, w: { type: 'wake', at: START + 2_250, wake: 'w' } });
  // The millisecond more is what the wall clock has to say it first, while no clock is set.
  expectObservable(told(inputs(), stepped), '5s !').toBe('1s a 600ms v 649ms w', { a: 'a1', v: 'v', w: 'w' });
  expectObservable(told(inputs(), stepped).pipe(skip(3)), '3603s !').toBe('3602s b', { b: 'a2' });
}, START));

test('a wake comes sooner where the wall clock steps forward', marbles(({ cold, expectObservable, clock }) => {
  const stepped: Clock = { ...clock, now: () => clock.now() + (clock.monotonic() >= 10_000 ? 3_600_000 : 0) };
  const inputs = cold<TickInput<string>>('w', { w: { type: 'wake', at: START + 3_000_000, wake: 'w' } });
  expectObservable(told(inputs, stepped), '120m !').toBe('1m w', { w: 'w' });
}, START));
