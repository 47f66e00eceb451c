import type { Logger } from 'pino';
import { tap, type Observable } from 'rxjs';
import { offsetInWords, type ClockState } from '../domain/clock-offset.ts';
import { clockOffset, type ClockOffsetDeps } from '../streams/clock-offset.ts';
import type { Parts } from './worker.ts';

/** Keeps what the worker knows of its own clock, and tells when that changes: one that is outside a majority takes nothing until it is right (design.md §10). */
export const watchClock = (
  deps: ClockOffsetDeps,
  { here, changes$ }: Pick<Parts, 'here' | 'changes$'>,
  log: Logger,
): Observable<ClockState> =>
  clockOffset(deps).pipe(
    tap((state) => {
      const before = here.clockState.standing;
      here.clockState = state;
      if (before === state.standing) return;
      tell(log, before, state);
      changes$.next();
    }),
  );

const tell = (log: Logger, before: ClockState['standing'], { standing, offsetMs, clocks }: ClockState): void => {
  const facts = { clockOffsetMs: offsetMs, clocks };
  switch (standing) {
    case 'outside':
      log.error(facts, `the clock of this machine is ${offsetInWords(offsetMs)}: this worker takes nothing until it is right`);
      return;
    case 'unsure':
      log.warn(facts, `the clock of this machine is ${offsetInWords(offsetMs)}, and too few agree to say which is right`);
      return;
    case 'within':
    case 'unknown':
      if (before === 'outside' || before === 'unsure') log.info(facts, 'the clock of this machine is right again');
      return;
    default:
      standing satisfies never;
  }
};
