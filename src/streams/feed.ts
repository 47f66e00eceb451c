import {
  catchError,
  concat,
  defer,
  filter,
  ignoreElements,
  map,
  of,
  repeat,
  switchMap,
  takeUntil,
  timer,
  type Observable,
} from 'rxjs';
import { waitOf } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Change, Changes, Coordination, Entry, Listing } from './ports.ts';

/** What a consumer of a prefix is told: once all of it, then each change once and in order. `outOfSync` says that the link broke; the next `changes`, which may be
 *  empty, say that it is whole again. `revision` is how far the feed has come. */
export type FeedEvent =
  | { readonly type: 'snapshot'; readonly entries: readonly Entry[]; readonly revision: number }
  | { readonly type: 'changes'; readonly changes: readonly Change[]; readonly revision: number }
  | { readonly type: 'outOfSync'; readonly error: unknown };

export type FeedOptions = {
  readonly clock: Clock;
  /** A full list now and then anyway: a store may drop a delete (etcd#18089). */
  readonly relistMs?: number;
  readonly random?: () => number;
};

/** A watch that has lasted for so long was one: the next break is waited out from the beginning. */
const STEADY_MS = 5_000;

/** A snapshot followed by deltas, for ever: lists, watches from the revision after, and after any break lists again and tells the difference, deletes included.
 *  Never completes and never errors. */
export const feed = (
  coordination: Pick<Coordination, 'list' | 'watch'>,
  prefix: string,
  { clock, relistMs = 600_000, random = Math.random }: FeedOptions,
): Observable<FeedEvent> =>
  defer(() => {
    const state = createState();
    let failures = 0;
    let listedAt = Number.POSITIVE_INFINITY;
    const round$ = defer(() => {
      listedAt = Number.POSITIVE_INFINITY;
      return coordination.list(prefix);
    }).pipe(
      switchMap((listing) => {
        listedAt = clock.monotonic();
        const listed$ = of(state.onList(listing));
        const watched$ = defer(() => coordination.watch(prefix, listing.revision + 1)).pipe(
          map(state.onChanges),
          filter(({ changes }) => changes.length > 0),
          takeUntil(timer(relistMs, clock.scheduler)),
        );
        return concat(listed$, watched$);
      }),
      catchError((error: unknown) => {
        // A list alone is no success: a watch that breaks at once would make a list of each moment.
        if (clock.monotonic() - listedAt >= STEADY_MS) failures = 0;
        failures += 1;
        // The break is told at once, the next round waits.
        return concat(
          of({ type: 'outOfSync', error } as const),
          timer(waitOf(failures, { random }), clock.scheduler).pipe(ignoreElements()),
        );
      }),
    );
    return round$.pipe(repeat());
  });

/** What has been told, by key: a change is told once, and none that is older than what was told. */
const createState = () => {
  const known = new Map<string, number>();
  let isFirst = true;

  const onList = ({ entries, revision }: Listing): FeedEvent => {
    if (isFirst) {
      isFirst = false;
      for (const { key, revision: at } of entries) known.set(key, at);
      return { type: 'snapshot', entries, revision };
    }
    const there = new Set(entries.map(({ key }) => key));
    const gone = [...known.keys()].filter((key) => !there.has(key)).map((key): Change => ({ type: 'delete', key, revision }));
    const changed = entries
      .filter(({ key, revision: at }) => known.get(key) !== at)
      .map((entry): Change => ({ type: 'put', entry }));
    const changes = [...gone, ...changed];
    note(changes);
    return { type: 'changes', changes, revision };
  };

  const onChanges = ({ changes, revision }: Changes): Extract<FeedEvent, { type: 'changes' }> => {
    // One after the other: the same batch may put a new key and delete it.
    const fresh = changes.filter((change) => {
      const isNews = change.type === 'put' ? change.entry.revision > (known.get(change.entry.key) ?? 0) : known.has(change.key);
      if (isNews) note([change]);
      return isNews;
    });
    return { type: 'changes', changes: fresh, revision };
  };

  const note = (changes: readonly Change[]): void => {
    for (const change of changes) {
      if (change.type === 'put') known.set(change.entry.key, change.entry.revision);
      else known.delete(change.key);
    }
  };

  return { onList, onChanges };
};
