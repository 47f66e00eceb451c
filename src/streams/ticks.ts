import { Observable, Subscription } from 'rxjs';
import type { CompiledSchedule, FireTime } from '../domain/schedule/compile.ts';
import type { Tick } from '../domain/tick.ts';
import { LONGEST_HOP_MS, type Clock } from './clock.ts';
import { createHeap } from './heap.ts';

/** `plan`: tick this job from the first fire time after `from` (ms), in place of what was planned; passed ticks younger than `lookBackMs` are told, older ones are a gap.
 *  `wake`: give this back when the wall clock says `at`, or when as long has passed by the monotonic clock as it was to wait for, whichever comes first. */
export type TickInput<W> =
  | {
      readonly type: 'plan';
      readonly job: string;
      readonly schedule: CompiledSchedule;
      readonly revision: number;
      readonly from: number;
      readonly lookBackMs: number;
    }
  | { readonly type: 'drop'; readonly job: string }
  | { readonly type: 'wake'; readonly at: number; readonly wake: W };

export type Due<W> = { readonly type: 'tick'; readonly tick: Tick } | { readonly type: 'wake'; readonly wake: W };

/** What is planned of a job: changed in place, since there may be a hundred thousand. */
type Plan = {
  readonly schedule: CompiledSchedule;
  readonly revision: number;
  readonly lookBackMs: number;
  next: FireTime;
  /** The fire time before `next`, where it has been told. */
  last: number | undefined;
};

/** Each wake is a key of its own. */
type WakeKey<W> = { readonly wake: W };
const NEVER = Number.POSITIVE_INFINITY;

/** So many are told together; their reader does them in one go. */
const CHUNK = 250;
/** After so long the loop has its turn, however many are due. */
const TURN_MS = 8;

/** While no clock is set, it is the wall clock that says when a wake is due. */
const WALL_FIRST_MS = 1;

/** The ticks of all planned jobs and the wakes that were asked for, when they are due: one timer. Ticks are never early by the wall clock, each comes once also when that steps
 *  back, in order. A wake is not held up by such a step: who is woken looks at the clock before it claims. What is due at one instant comes in one go, in chunks;
 *  the loop has its turn every few milliseconds. Never completes before its source. */
export const ticks = <W>(inputs$: Observable<TickInput<W>>, clock: Clock): Observable<readonly Due<W>[]> =>
  new Observable((subscriber) => {
    /** By the wall clock: jobs and wakes. */
    const heap = createHeap<string | WakeKey<W>>();
    /** The same wakes, by the monotonic clock. */
    const waits = createHeap<WakeKey<W>>();
    const plans = new Map<string, Plan>();
    let timer = Subscription.EMPTY;
    let armedFor = { wall: NEVER, monotonic: NEVER };

    const arm = (): void => {
      const [wall, monotonic] = [heap.first()?.at ?? NEVER, waits.first()?.at ?? NEVER];
      if (wall === armedFor.wall && monotonic === armedFor.monotonic) return;
      timer.unsubscribe();
      armedFor = { wall, monotonic };
      if (wall === NEVER) return;
      const waitMs = Math.ceil(Math.min(wall - clock.now(), monotonic - clock.monotonic()));
      // Never synchronously: who asks for a wake in the past gets it after its own turn.
      timer = clock.scheduler.schedule(onTimer, Math.min(Math.max(0, waitMs), LONGEST_HOP_MS));
    };

    const wakeAt = (at: number, wake: W): void => {
      const key = { wake };
      heap.set(key, at);
      waits.set(key, clock.monotonic() + Math.max(0, at - clock.now()) + WALL_FIRST_MS);
    };
    const wake = (key: WakeKey<W>): Due<W> => {
      heap.remove(key);
      waits.remove(key);
      return { type: 'wake', wake: key.wake };
    };

    const onTimer = (): void => {
      armedFor = { wall: NEVER, monotonic: NEVER };
      const turnEnd = clock.monotonic() + TURN_MS;
      do {
        const due = takeDue(clock.now());
        if (due.length === 0) break;
        subscriber.next(due);
      } while (!subscriber.closed && clock.monotonic() < turnEnd);
      if (!subscriber.closed) arm();
    };

    const takeDue = (now: number): readonly Due<W>[] => {
      const due: Due<W>[] = [];
      for (let first = heap.first(); first && first.at <= now && due.length < CHUNK; first = heap.first()) {
        if (typeof first.key === 'string') advance(first.key, now, due);
        else due.push(wake(first.key));
      }
      const passed = clock.monotonic();
      for (let first = waits.first(); first && first.at <= passed && due.length < CHUNK; first = waits.first())
        due.push(wake(first.key));
      return due;
    };

    /** Tells the job's tick that is due and plans the next. One that woke too late leaves what is older than its look-back to the gap rule. */
    const advance = (job: string, now: number, due: Due<W>[]): void => {
      const plan = plans.get(job);
      if (!plan) return;
      const { schedule, revision, lookBackMs, next } = plan;
      if (next.fireTime < now - lookBackMs) {
        plan.last = undefined;
        moveOn(job, plan, now - lookBackMs - 1);
        return;
      }
      const { fireTime, nominalAt } = next;
      const prev = plan.last ?? schedule.prev(fireTime)?.fireTime;
      due.push({ type: 'tick', tick: { job, fireTime, nominalAt, prev, revision } });
      plan.last = fireTime;
      moveOn(job, plan, fireTime);
    };

    const moveOn = (job: string, plan: Plan, from: number): void => {
      const next = plan.schedule.next(from);
      if (!next) {
        drop(job);
        return;
      }
      plan.next = next;
      heap.set(job, next.fireTime);
    };

    const planAnew = (job: string, { schedule, revision, lookBackMs, from }: Extract<TickInput<W>, { type: 'plan' }>): void => {
      const next = schedule.next(from);
      if (!next) {
        drop(job);
        return;
      }
      plans.set(job, { schedule, revision, lookBackMs, next, last: undefined });
      heap.set(job, next.fireTime);
    };

    const drop = (job: string): void => {
      plans.delete(job);
      heap.remove(job);
    };

    const source = inputs$.subscribe({
      next: (input) => {
        if (input.type === 'plan') planAnew(input.job, input);
        else if (input.type === 'drop') drop(input.job);
        else wakeAt(input.at, input.wake);
        arm();
      },
      error: (error: unknown) => {
        subscriber.error(error);
      },
      complete: () => {
        subscriber.complete();
      },
    });
    return () => {
      source.unsubscribe();
      timer.unsubscribe();
    };
  });
