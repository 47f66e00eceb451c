import { defer, distinctUntilChanged, map, merge, type Observable } from 'rxjs';
import {
  clockStateOf,
  forgetStamps,
  hearStamp,
  NO_STAMPS,
  UNKNOWN_CLOCK,
  type ClockState,
  type Stamps,
} from '../domain/clock-offset.ts';
import { toMs } from '../domain/instant.ts';
import { parseStamped } from '../domain/values.ts';
import { every, type Clock } from './clock.ts';
import type { FeedEvent } from './feed.ts';
import type { Change } from './ports.ts';

export type ClockOffsetDeps = {
  /** The key of one's own presence. */
  readonly me: string;
  readonly clock: Clock;
  readonly limitMs: number;
  /** The feeds of `workers/` and `masters/`. */
  readonly presences: readonly Observable<FeedEvent>[];
};

/** One's own clock is looked at anew so often: it may be set between two stamps of the others. */
const LOOK_MS = 1_000;
/** Less than this is the noise of the way through the store. */
const NOISE_MS = 10;

/** How the own clock stands against those of all workers and masters: at once, and whenever that has changed. Only stamps that come as changes count: one that was listed is of
 *  unknown age. Never ends by itself. */
export const clockOffset = ({ me, clock, limitMs, presences }: ClockOffsetDeps): Observable<ClockState> =>
  defer(() => {
    let stamps: Stamps = NO_STAMPS;
    let state = UNKNOWN_CLOCK;
    const note = (change: Change, isListed: boolean): void => {
      if (change.type === 'delete') stamps = forgetStamps(stamps, change.key);
      else if (!isListed) {
        const parsed = parseStamped(change.entry.value);
        const stampedAt = parsed.ok ? toMs(parsed.value.stampedAt) : Number.NaN;
        if (Number.isNaN(stampedAt)) return;
        const heardAt = { wall: clock.now(), monotonic: clock.monotonic() };
        stamps = hearStamp(stamps, { id: change.entry.key, stampedAt, heardAt });
      }
    };
    const heard = (presence$: Observable<FeedEvent>) =>
      defer(() => {
        // The first changes after a break are what a list found.
        let isListed = true;
        return presence$.pipe(
          map((event) => {
            if (event.type === 'changes') for (const change of event.changes) note(change, isListed);
            isListed = event.type === 'outOfSync';
          }),
        );
      });
    return merge(every(LOOK_MS, clock), ...presences.map(heard)).pipe(
      map(() => {
        const [wall, monotonic] = [clock.now(), clock.monotonic()];
        state = clockStateOf(stamps, { me, wall, monotonic, limitMs, was: state.standing });
        return state;
      }),
      distinctUntilChanged(
        (a, b) => a.standing === b.standing && a.clocks === b.clocks && Math.abs(a.offsetMs - b.offsetMs) < NOISE_MS,
      ),
    );
  });
