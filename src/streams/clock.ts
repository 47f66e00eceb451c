import { asyncScheduler, firstValueFrom, map, timer, type Observable, type SchedulerLike } from 'rxjs';

/** The one home of time. `now` is the wall clock in ms since the epoch and may step; `monotonic` is in ms and never does. All waiting goes through `scheduler`, so
 *  that marble tests drive it. */
export type Clock = { readonly now: () => number; readonly monotonic: () => number; readonly scheduler: SchedulerLike };

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), scheduler: asyncScheduler };

/** A clock that a TestScheduler drives; `startAt` is the wall clock at frame 0. */
export const virtualClock = (scheduler: SchedulerLike, startAt = 0): Clock => ({
  now: () => startAt + scheduler.now(),
  monotonic: () => scheduler.now(),
  scheduler,
});

/** Timers hop: one of more than 24.8 days would fire at once, and a step of the wall clock is noticed at the end of a hop. */
export const LONGEST_HOP_MS = 60_000;

/** Emits once after `ms`, at most 24 days. */
export const after = (ms: number, clock: Clock): Observable<void> => timer(ms, clock.scheduler).pipe(map(() => undefined));

/** Emits at once and then every `ms`. Use `exhaustMap` behind it: it does not wait for anybody. */
export const every = (ms: number, clock: Clock): Observable<number> => timer(0, ms, clock.scheduler);

/** For adapters that await. */
export const sleep = (ms: number, clock: Clock): Promise<void> => firstValueFrom(after(ms, clock));
