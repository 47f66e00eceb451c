import { concat, defer, distinctUntilChanged, map, merge, of, scan, switchMap, type Observable } from 'rxjs';
import type { ClockState } from '../domain/clock-offset.ts';
import type { Keys } from '../domain/keys.ts';
import { takesTicks } from '../domain/placement.ts';
import { parsePresence } from '../domain/values.ts';
import { after, type Clock } from './clock.ts';
import type { FeedEvent } from './feed.ts';
import type { Change } from './ports.ts';

export type ClockKnownDeps = {
  /** The worker's own id. */
  readonly me: string;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly peers$: Observable<FeedEvent>;
  readonly clocks$: Observable<ClockState>;
};

/** Who is one of so many clocks can be told to be wrong. */
const ENOUGH = 3;
/** Longer than from one stamp of a worker to the next. Who has heard of nobody by then goes on: it must not wait for what may never come. */
const LONGEST_MS = 6_000;

/** Whether a worker may go by its own clock: not yet, at its start and after a break of its feed, while it has not heard enough other clocks to know that it is wrong, and at least two others take the
 *  ticks meanwhile. At once where fewer do. At the latest after 6 s. From then on it stays so, until the feed breaks. Never ends before its sources. */
export const clockKnown = ({ me, keys, clock, peers$, clocks$ }: ClockKnownDeps): Observable<boolean> =>
  defer(() => {
    const takers = new Set<string>();
    let clocks = 1;
    let isWhole = false;
    const note = (change: Change): void => {
      const id = keys.workerOf(change.type === 'put' ? change.entry.key : change.key);
      const parsed = change.type === 'put' ? parsePresence(change.entry.value) : undefined;
      if (id !== me && parsed?.ok && takesTicks(parsed.value)) takers.add(id);
      else takers.delete(id);
    };
    const noteAll = (event: FeedEvent): void => {
      isWhole = event.type !== 'outOfSync';
      if (event.type === 'snapshot') for (const entry of event.entries) note({ type: 'put', entry });
      if (event.type === 'changes') event.changes.forEach(note);
    };
    const standing = (before: Standing): Standing => {
      if (!isWhole) return 'away';
      return before === 'known' || takers.size < ENOUGH - 1 || clocks >= ENOUGH ? 'known' : 'awaited';
    };
    return merge(
      peers$.pipe(map(noteAll)),
      clocks$.pipe(
        map((state) => {
          clocks = state.clocks;
        }),
      ),
    ).pipe(
      scan(standing, 'away'),
      distinctUntilChanged(),
      // The newest standing counts: what was awaited may be known, or the feed away, before the time is up.
      switchMap((now) =>
        now === 'awaited' ? concat(of(false), after(LONGEST_MS, clock).pipe(map(() => true))) : of(now === 'known'),
      ),
      distinctUntilChanged(),
    );
  });

type Standing = 'away' | 'awaited' | 'known';
