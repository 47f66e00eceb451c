import {
  catchError,
  concat,
  defer,
  EMPTY,
  endWith,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  mergeMap,
  Observable,
  share,
  shareReplay,
  Subject,
  switchMap,
  take,
  takeUntil,
  takeWhile,
  tap,
  type MonoTypeOperatorFunction,
} from 'rxjs';
import { eventId, type RunEvent } from '../domain/events.ts';
import { retrying } from './backoff.ts';
import { inBatches } from './batches.ts';
import { after, type Clock } from './clock.ts';
import type { Appended } from './ports.ts';

/** Where events wait on disk. `take` hands out the next ones, each once; `confirm` says that the run log has them. */
export type LogSource<I extends { readonly event: RunEvent }> = {
  readonly take: (most: number) => Observable<readonly I[]>;
  readonly confirm: (items: readonly I[]) => Observable<unknown>;
  readonly setAside: (event: RunEvent, reason: string) => Observable<unknown>;
  readonly wakes$: Observable<void>;
};

export type PipelineNews =
  | { readonly type: 'stored'; readonly count: number }
  /** The run log is away: what waits, waits on disk. */
  | { readonly type: 'lagging'; readonly error: unknown }
  /** The run log will never take it; it was set aside. */
  | { readonly type: 'refused'; readonly event: RunEvent; readonly reason: string }
  /** The run log holds another event under this id. */
  | { readonly type: 'conflict'; readonly id: string }
  /** The deadline of the stop has passed: so many events that were taken are not known to be stored. They stay where they wait. */
  | { readonly type: 'unfinished'; readonly count: number };

export type PipelineOptions<I extends { readonly event: RunEvent }> = {
  readonly source: LogSource<I>;
  readonly append: (events: readonly RunEvent[]) => Observable<Appended>;
  readonly clock: Clock;
  readonly spanMs?: number | undefined;
  readonly size?: number | undefined;
  /** Ends the taking; what was taken is still written. */
  readonly stop$: Observable<unknown>;
  /** Events a second at most, on average: a backlog must not take the whole run log for itself. No limit if absent, and none once it is stopped. */
  readonly mostPerSecond?: number | undefined;
  /** So long after the stop it completes, whether or not the run log has answered. */
  readonly deadlineMs?: number;
};

/** Carries events from the spool to the run log: batches by time or size, one write in flight, repeated until it succeeds, then confirmed. At most two batches, and some 4 MB,
 *  are taken and not confirmed, so that what waits, waits on disk. Completes when it was stopped and all that it had taken is stored, or `deadlineMs` after the stop. */
export const logPipeline = <I extends { readonly event: RunEvent }>({
  source,
  append,
  clock,
  spanMs = 100,
  size = 1_000,
  stop$,
  mostPerSecond = Infinity,
  deadlineMs = 10_000,
}: PipelineOptions<I>): Observable<PipelineNews> =>
  defer(() => {
    const news$ = new Subject<PipelineNews>();
    const stopped$ = stop$.pipe(take(1), shareReplay({ bufferSize: 1, refCount: true }));
    const room$ = new Subject<void>();
    const onError = (error: unknown): void => {
      news$.next({ type: 'lagging', error });
    };
    /** What was taken and is not confirmed. */
    let [outstanding, outstandingBytes] = [0, 0];
    const take$ = defer(() =>
      outstanding >= 2 * size || outstandingBytes >= MOST_BYTES ? EMPTY : source.take(Math.min(size, 2 * size - outstanding)),
    ).pipe(
      tap((items) => {
        outstanding += items.length;
        outstandingBytes += bytesOf(items);
        if (items.length > 0) room$.next(); // there may be more behind them
      }),
    );
    let startedAt = clock.monotonic();
    const write = (items: readonly I[]): Observable<Appended> => {
      startedAt = clock.monotonic();
      return append(items.map(({ event }) => event));
    };
    const settle = (items: readonly I[], { refused, conflicts }: Appended): Observable<PipelineNews> => {
      const cut = cutOutputs(items);
      const persistently = (act: () => Observable<unknown>): Observable<never> =>
        defer(act).pipe(retrying(clock, { onError }), ignoreElements());
      const kept$ = concat(
        ...refused.map(({ event, reason }) => persistently(() => source.setAside(event, reason))),
        persistently(() => source.confirm(items)),
      );
      const told: readonly PipelineNews[] = [
        { type: 'stored', count: items.length - refused.length },
        ...refused.map((each) => ({ type: 'refused', ...each }) as const),
        ...conflicts.filter((id) => !cut.has(id)).map((id) => ({ type: 'conflict', id }) as const),
      ];
      /** The next write begins no sooner than these events may take. */
      const paced$ = defer(() => {
        outstanding -= items.length;
        outstandingBytes -= bytesOf(items);
        room$.next();
        const waitMs = startedAt + (items.length * 1_000) / mostPerSecond - clock.monotonic();
        return waitMs > 0 ? after(waitMs, clock).pipe(ignoreElements(), takeUntil(stopped$)) : EMPTY;
      });
      return concat(kept$, from(told), paced$);
    };
    const stored$ = pulling(
      merge(source.wakes$, room$),
      take$.pipe(catchError((error: unknown) => (onError(error), EMPTY))),
      stopped$,
    ).pipe(
      mergeMap((items) => items),
      inBatches({ spanMs, size, write, settle, clock, backoff: { onError } }),
    );
    const late$ = stopped$.pipe(
      switchMap(() => after(deadlineMs, clock)),
      share(),
    );
    const unfinished$ = late$.pipe(map((): PipelineNews => ({ type: 'unfinished', count: outstanding })));
    // In this order: what is told at once must be heard.
    const works$ = merge(news$, stored$.pipe(completing(news$)));
    return merge(works$.pipe(endWith(END)), unfinished$).pipe(
      takeWhile((each) => each !== END && each.type !== 'unfinished', true),
      filter((each): each is PipelineNews => each !== END),
    );
  });

const END = 'end' as const;
/** Output is much larger than other events: of it less is taken at once. */
const MOST_BYTES = 4_000_000;
const bytesOf = (items: readonly { readonly event: RunEvent }[]): number =>
  items.reduce((sum, { event }) => sum + (event.type === 'output' ? event.data.length : 0), 0);

/** Ids of outputs that the spool has cut away. Where the run log has such an event whole, from before a crash, nothing is lost: that is no conflict. */
const cutOutputs = (items: readonly { readonly event: RunEvent }[]): ReadonlySet<string> =>
  new Set(
    items.flatMap(({ event }) =>
      event.type === 'output' && event.data.length === 0 && event.droppedBytes !== undefined ? [eventId(event)] : [],
    ),
  );

const completing =
  <T>(other$: Subject<T>): MonoTypeOperatorFunction<T> =>
  (source$) =>
    source$.pipe(
      tap({
        complete: () => {
          other$.complete();
        },
      }),
    );

/** Pulls at once and at each wake, one pull at a time; a wake during a pull leads to another one after it. */
const pulling = <T>(wakes$: Observable<unknown>, pull$: Observable<T>, stop$: Observable<unknown>): Observable<T> =>
  new Observable<T>((subscriber) => {
    let isPulling = false;
    let isAsked = false;
    let isStopped = false;
    const error = (why: unknown): void => {
      subscriber.error(why);
    };
    const pull = (): void => {
      isAsked = true;
      if (isPulling || isStopped) return;
      isPulling = true;
      isAsked = false;
      subscriber.add(
        pull$.subscribe({
          next: (value) => {
            subscriber.next(value);
          },
          error,
          complete: () => {
            isPulling = false;
            if (isStopped) subscriber.complete();
            else if (isAsked) pull();
          },
        }),
      );
    };
    subscriber.add(wakes$.pipe(takeUntil(stop$)).subscribe({ next: pull, error }));
    subscriber.add(
      stop$.subscribe({
        next: () => {
          isStopped = true;
          if (!isPulling) subscriber.complete();
        },
        error,
      }),
    );
    pull();
  });
