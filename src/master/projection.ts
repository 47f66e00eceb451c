import { filter, firstValueFrom, map, merge, of, startWith, Subject, tap, timeout, type Observable } from 'rxjs';
import type { Keys } from '../domain/keys.ts';
import type { Clock } from '../streams/clock.ts';
import { feed, type FeedEvent } from '../streams/feed.ts';
import type { Change, Coordination } from '../streams/ports.ts';
import { createSeen, FEEDS, prefixOf, type FeedName, type Seen } from './seen.ts';
import { beforeOf, seeingsOf, type Seeing } from './seeing.ts';

/** `position` never falls: the newest revision that this master had heard of when it was told. */
export type Told = { readonly position: number; readonly seeing: Seeing };

export type FeedStates = Readonly<Record<FeedName, boolean>>;

export type Projection = {
  /** Runs the feeds while subscribed to; emits which of them are in sync, at each change. Subscribed to once. */
  readonly states$: Observable<FeedStates>;
  /** Each change once it is part of `seen`. Hot. */
  readonly told$: Observable<Told>;
  readonly seen: Seen;
  readonly states: () => FeedStates;
  /** Whether each list has been whole once: before that nothing can be shown. */
  readonly hasAll: () => boolean;
  readonly position: () => number;
  /** Resolves when the feed has come as far as a revision that was just written, or after a second: who has saved a job finds it in the lists. */
  readonly reached: (name: FeedName, revision: number) => Promise<void>;
};

export type ProjectionDeps = {
  readonly coordination: Pick<Coordination, 'list' | 'watch'>;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly scale?: number;
};

const OWN_WRITE_MS = 1_000;

/** This master's picture of jobs, runs and workers, from the feeds. */
export const createProjection = ({ coordination, keys, clock, scale = 1 }: ProjectionDeps): Projection => {
  const { seen, put, remove } = createSeen(keys, scale);
  const isInSync = new Map<FeedName, boolean>();
  const reachedBy = new Map<FeedName, number>();
  const toldSubject$ = new Subject<Told>();
  const heard$ = new Subject<void>();
  let position = 0;

  const states = (): FeedStates =>
    Object.fromEntries(FEEDS.map((name) => [name, isInSync.get(name) === true])) as Record<FeedName, boolean>;

  const hear = (name: FeedName, event: FeedEvent): void => {
    if (event.type === 'outOfSync') {
      isInSync.set(name, false);
      return;
    }
    isInSync.set(name, true);
    reachedBy.set(name, event.revision);
    position = Math.max(position, event.revision);
    if (event.type === 'snapshot') {
      for (const entry of event.entries) put[name](entry);
      toldSubject$.next({ position, seeing: { type: 'gap' } }); // nothing before this list is known
      return;
    }
    for (const change of event.changes) for (const seeing of apply(name, change)) toldSubject$.next({ position, seeing });
  };

  const apply = (name: FeedName, change: Change): readonly Seeing[] => {
    const before = beforeOf(seen, keys, name, change);
    if (change.type === 'put') put[name](change.entry);
    else remove[name](change.key);
    return seeingsOf(seen, keys, name, change, before);
  };

  const feedOf = (name: FeedName): Observable<unknown> =>
    feed(coordination, prefixOf(keys, name), { clock }).pipe(
      tap((event) => {
        hear(name, event);
        heard$.next();
      }),
    );

  let shown = '';
  return {
    states$: merge(...FEEDS.map(feedOf)).pipe(
      map(states),
      startWith(states()),
      filter((now) => {
        const text = JSON.stringify(now);
        const isNew = text !== shown;
        shown = text;
        return isNew;
      }),
    ),
    told$: toldSubject$.asObservable(),
    seen,
    states,
    hasAll: () => isInSync.size === FEEDS.length && FEEDS.every((name) => reachedBy.has(name)),
    position: () => position,
    reached: async (name, revision) => {
      const reached$ = heard$.pipe(
        startWith(undefined),
        filter(() => (reachedBy.get(name) ?? Infinity) >= revision),
        map(() => undefined),
        timeout({ first: OWN_WRITE_MS, scheduler: clock.scheduler, with: () => of(undefined) }),
      );
      await firstValueFrom(reached$, { defaultValue: undefined });
    },
  };
};
