import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { expect } from 'vitest';
import { virtualClock, type Clock } from '../../src/streams/clock.ts';

/** A marble test in virtual time: a frame is a millisecond. `clock` starts at `startAt` (ms since the epoch). */
export const marbles =
  (test: (helpers: RunHelpers & { readonly clock: Clock }) => void, startAt = 0) =>
  (): void => {
    const scheduler = new TestScheduler((actual, expected) => {
      expect(actual).toStrictEqual(expected);
    });
    scheduler.run((helpers) => {
      test({ ...helpers, clock: virtualClock(scheduler, startAt) });
    });
  };
