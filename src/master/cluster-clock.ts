import type { Logger } from 'pino';
import { defer, tap, type Observable } from 'rxjs';
import { CLOCK_LIMIT_MS, offsetInWords, UNKNOWN_CLOCK, type ClockState } from '../domain/clock-offset.ts';
import type { Keys } from '../domain/keys.ts';
import { clockOffset } from '../streams/clock-offset.ts';
import type { Clock } from '../streams/clock.ts';
import { feed } from '../streams/feed.ts';
import type { Coordination } from '../streams/ports.ts';
import { refused } from './problems.ts';

export type ClusterClockDeps = {
  readonly coordination: Pick<Coordination, 'list' | 'watch'>;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of this master. */
  readonly id: string;
  readonly limitMs: number | undefined;
};

export type ClusterClock = {
  /** This master's clock with its offset taken away: what marks and duties go by. Waiting is not changed by it. */
  readonly clock: Clock;
  readonly state: () => ClockState;
  /** Off by more than the limit while a majority agrees: this master neither leads nor saves schedules (design.md §10). */
  readonly isOff: () => boolean;
  readonly limitMs: number;
  /** Measures while subscribed to; emits at once and at each change. Never ends by itself. */
  readonly state$: Observable<ClockState>;
};

/** So much is the noise of a way through a busy store: nothing is moved by it. */
const NOISE_MS = 50;

/** What a master knows of the cluster's time. */
export const createClusterClock = ({
  coordination,
  keys,
  clock,
  log,
  id,
  limitMs = CLOCK_LIMIT_MS,
}: ClusterClockDeps): ClusterClock => {
  let state = UNKNOWN_CLOCK;
  const offsetMs = (): number => (Math.abs(state.offsetMs) < NOISE_MS ? 0 : state.offsetMs);
  return {
    clock: { ...clock, now: () => clock.now() - offsetMs() },
    state: () => state,
    isOff: () => state.standing === 'outside',
    limitMs,
    state$: defer(() => {
      const presences = [keys.workers, keys.masters].map((prefix) => feed(coordination, prefix, { clock }));
      return clockOffset({ me: keys.master(id), clock, limitMs, presences });
    }).pipe(
      tap((now) => {
        if (now.standing !== state.standing) tell(log, state.standing, now);
        state = now;
      }),
    ),
  };
};

/** 503: nothing that begins "now" is saved by a master that does not know when that is. */
export const refuseWhenOff = ({ isOff, state }: ClusterClock): void => {
  if (isOff())
    throw refused(503, 'clockOff', 'The clock of this master is off', {
      detail: `It is ${offsetInWords(state().offsetMs)}, so a schedule that it saved would begin at a wrong instant. Ask another master, or set the clock of this machine right.`,
    });
};

const tell = (log: Logger, before: ClockState['standing'], { standing, offsetMs, clocks }: ClockState): void => {
  const facts = { clockOffsetMs: offsetMs, clocks };
  switch (standing) {
    case 'outside':
      log.error(facts, `the clock of this machine is ${offsetInWords(offsetMs)}: this master neither leads nor saves schedules`);
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
