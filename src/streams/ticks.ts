import { Observable, Subscription } from 'rxjs';
import type { CompiledSchedule } from '../domain/schedule/compile.ts';
import type { Tick } from '../domain/tick.ts';
import { LONGEST_HOP_MS, type Clock } from './clock.ts';
import { createHeap } from './heap.ts';

/** `plan`: tick this job from the first fire time after `from` (ms), in place of what was planned; passed ticks younger than `lookBackMs` are told, older ones are a gap.
 *  `wake`: give this back at its time. */
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

type Plan = {
  readonly schedule: CompiledSchedule;
  readonly revision: number;
  readonly lookBackMs: number;
  readonly next: Next;
  readonly last: number | undefined;
};
type Next = { readonly fireTime: number; readonly nominalAt: number };

/** Told in one go, then the loop has its turn: 2,000 cost a few milliseconds. */
const CHUNK = 2_000;

/** The ticks of all planned jobs and the wakes that were asked for, when they are due: one timer over one heap. Never early, each tick once also when the wall clock steps
 *  back, in order. What is due at one instant comes together, in chunks. Never completes before its source. */
export const ticks = <W>(inputs$: Observable<TickInput<W>>, clock: Clock): Observable<readonly Due<W>[]> =>
  new Observable((subscriber) => {
    const heap = createHeap<string | { readonly wake: W }>();
    const plans = new Map<string, Plan>();
    let timer = Subscription.EMPTY;
    let timerAt = Number.POSITIVE_INFINITY;

    const arm = (): void => {
      const first = heap.first();
      const at = first?.at ?? Number.POSITIVE_INFINITY;
      if (at === timerAt) return;
      timer.unsubscribe();
      timerAt = at;
      if (!first) return;
      // Never synchronously: who asks for a wake in the past gets it after its own turn.
      timer = clock.scheduler.schedule(onTimer, Math.min(Math.max(0, Math.ceil(at - clock.now())), LONGEST_HOP_MS));
    };

    const onTimer = (): void => {
      timerAt = Number.POSITIVE_INFINITY;
      const now = clock.now();
      const due: Due<W>[] = [];
      for (let first = heap.first(); first && first.at <= now && due.length < CHUNK; first = heap.first()) {
        if (typeof first.key === 'string') advance(first.key, now, due);
        else {
          heap.remove(first.key);
          due.push({ type: 'wake', wake: first.key.wake });
        }
      }
      if (due.length > 0) subscriber.next(due);
      if (!subscriber.closed) arm();
    };

    /** Tells the job's tick that is due and plans the next. One that woke too late leaves what is older than its look-back to the gap rule. */
    const advance = (job: string, now: number, due: Due<W>[]): void => {
      const plan = plans.get(job);
      if (!plan) return;
      const { schedule, revision, lookBackMs, next, last } = plan;
      if (next.fireTime < now - lookBackMs) {
        replan(job, { ...plan, last: undefined }, now - lookBackMs - 1);
        return;
      }
      const prev = last ?? schedule.prev(next.fireTime)?.fireTime;
      due.push({ type: 'tick', tick: { job, fireTime: next.fireTime, nominalAt: next.nominalAt, prev, revision } });
      replan(job, { ...plan, last: next.fireTime }, next.fireTime);
    };

    const replan = (job: string, plan: Omit<Plan, 'next'>, from: number): void => {
      const next = plan.schedule.next(from);
      if (next) {
        plans.set(job, { schedule: plan.schedule, revision: plan.revision, lookBackMs: plan.lookBackMs, last: plan.last, next });
        heap.set(job, next.fireTime);
      } else drop(job);
    };

    const drop = (job: string): void => {
      plans.delete(job);
      heap.remove(job);
    };

    const source = inputs$.subscribe({
      next: (input) => {
        if (input.type === 'plan') replan(input.job, { ...input, last: undefined }, input.from);
        else if (input.type === 'drop') drop(input.job);
        else heap.set({ wake: input.wake }, input.at);
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
