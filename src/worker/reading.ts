import type { Logger } from 'pino';
import { combineLatest, defer, distinctUntilChanged, EMPTY, map, switchMap, type Observable } from 'rxjs';
import type { Keys } from '../domain/keys.ts';
import { brokenText, readJob, type KnownJob } from '../domain/known-job.ts';
import { parseCursor, type Cursor } from '../domain/tick.ts';
import { retrying } from '../streams/backoff.ts';
import type { Clock } from '../streams/clock.ts';
import type { FeedEvent } from '../streams/feed.ts';
import type { Coordination } from '../streams/ports.ts';

/** Reads jobs from their keys; a broken one is told once a version and does nothing. The key itself is compared by who asks. */
export const createReader = (scale: number, log: Logger) => {
  const told = new Map<string, number>();
  return (value: string, revision: number): KnownJob | undefined => {
    const name = nameIn(value);
    const read = readJob(name, value, revision, scale);
    if (read.ok) return read.value;
    if (told.get(name) !== revision)
      log.warn({ job: name, problem: brokenText(read.problems) }, 'a job is broken: it does nothing until it is mended');
    told.set(name, revision);
    return undefined;
  };
};

/** The name that a value gives itself; the empty text where it gives none. */
const nameIn = (value: string): string => {
  try {
    const raw: unknown = JSON.parse(value);
    return typeof raw === 'object' && raw !== null && 'name' in raw && typeof raw.name === 'string' ? raw.name : '';
  } catch {
    return '';
  }
};

/** The cursors of all jobs, and this worker's own of those that each worker runs, listed once whenever all of the feeds have come into sync and the own clock may be gone by. */
export const cursorsAfter = (
  feeds: readonly Observable<FeedEvent>[],
  clockKnown$: Observable<boolean>,
  coordination: Pick<Coordination, 'list'>,
  keys: Keys,
  me: string,
  clock: Clock,
): Observable<ReadonlyMap<string, Cursor>> =>
  combineLatest([
    clockKnown$,
    ...feeds.map((feed$) =>
      feed$.pipe(
        map(({ type }) => type !== 'outOfSync'),
        distinctUntilChanged(),
      ),
    ),
  ]).pipe(
    map((inSync) => inSync.every(Boolean)),
    distinctUntilChanged(),
    switchMap((isInSync) => (isInSync ? defer(() => coordination.list(keys.ticks)).pipe(retrying(clock)) : EMPTY)),
    map(({ entries }) => {
      const cursors = new Map<string, Cursor>();
      for (const { key, value } of entries) {
        const cursor = parseCursor(value);
        const { id } = keys.tickOf(key);
        if (cursor && (id === undefined || id === me)) cursors.set(keys.nameOfTick(key), cursor);
      }
      return cursors;
    }),
  );
