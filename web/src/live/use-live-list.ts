import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { LiveEvent } from '../../../src/domain/wire.ts';
import { ask, type Page } from '../api.ts';
import { later } from '../clock.ts';
import { live } from './live.ts';
import { hear, merged, pruned, type Changes, type ListKind } from './live-list.ts';

/** Changes that come within one blink are shown together. */
const BLINK_MS = 40;
const RESYNC_MS = 500;
/** So many changes more than rows are kept; above that those that no row needs are let go. Memory stays bounded, however long the page is open. */
const MOST_CHANGES = 500;

const NONE: ReadonlyMap<string, never> = new Map<string, never>();

type Heard<T> = { readonly kind: ListKind<T>; readonly changes: Changes<T> };

export type LiveListOptions = {
  /** How many rows each page after the first has, where that is to be more than `params.limit`. */
  readonly moreLimit?: number;
};

/** A list by REST, in pages, and what changes in it by the socket. `kind` must be the same object as long as it is the same list. */
export const useLiveList = <T>(
  kind: ListKind<T>,
  path: string,
  params: Readonly<Record<string, string>>,
  { moreLimit }: LiveListOptions = {},
) => {
  const search = new URLSearchParams(params).toString();
  const query = useInfiniteQuery({
    queryKey: ['list', path, search],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams(search);
      if (pageParam !== '') asked.set('cursor', pageParam);
      if (pageParam !== '' && moreLimit !== undefined) asked.set('limit', String(moreLimit));
      return ask<Page<T>>('GET', `${path}?${asked.toString()}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
  });
  const { data, refetch, isFetching, isPlaceholderData } = query;
  const [heard, setHeard] = useState<Heard<T>>({ kind, changes: NONE });
  const [round, setRound] = useState(0);
  const pages = data?.pages;
  // Of the pages of another search nothing is known here: they are shown as they are until ours come.
  const asOf = isPlaceholderData ? undefined : pages?.[0]?.asOf;
  const isThere = asOf !== undefined;

  useEffect(() => {
    if (!isThere) return undefined;
    let waiting: { event: LiveEvent; asOf: string }[] = [];
    let callOff = (): void => undefined;
    const flush = (): void => {
      const all = waiting;
      waiting = [];
      setHeard((before) => ({ kind, changes: hear(kind, before.kind === kind ? before.changes : NONE, all) }));
    };
    const startAnew = (): void => {
      setHeard({ kind, changes: NONE });
      setRound((n) => n + 1);
    };
    const end = live.subscribe(kind.topic, asOf, {
      onEvent: (event, at) => {
        if (waiting.push({ event, asOf: at }) === 1) callOff = later(BLINK_MS, flush);
      },
      onResync: () => {
        callOff();
        callOff = later(RESYNC_MS, () => void refetch().finally(startAnew));
      },
    });
    return () => {
      end();
      callOff();
    };
    // `asOf` is where it starts; later pages do not start it again, for the changes since the first are here.
    // A refetch that follows a resync does: it counts a round.
  }, [kind, path, search, isThere, round]);

  const changes = heard.kind === kind ? heard.changes : undefined;
  const readCount = useMemo(() => pages?.reduce((sum, { items }) => sum + items.length, 0) ?? 0, [pages]);
  useEffect(() => {
    if (!changes || !pages || changes.size <= readCount + MOST_CHANGES || isFetching || isPlaceholderData) return;
    const needed = pruned(kind, pages, changes);
    setHeard({ kind, changes: needed });
    if (needed.size > readCount + MOST_CHANGES) void refetch();
  }, [kind, changes, pages, readCount, isFetching, isPlaceholderData, refetch]);

  const rows = useMemo(
    () => pages && merged(kind, pages, (isPlaceholderData ? undefined : changes) ?? NONE),
    [kind, pages, changes, isPlaceholderData],
  );
  // In an order of time the rows that were read first move on, to pages that are not here: then it is time to read again what comes first now.
  const hasRunDry = rows !== undefined && query.hasNextPage && rows.length * 2 < readCount;
  useEffect(() => {
    if (hasRunDry && !isFetching && !isPlaceholderData) void refetch();
  }, [hasRunDry, isFetching, isPlaceholderData, refetch]);

  /** A row as it was just asked for on its own. If it has changed since it was asked for, what was heard counts. */
  const put = useCallback(
    (before: T, row: T): void => {
      setHeard((was) => {
        const known = was.kind === kind ? was.changes : NONE;
        if (!pages || !merged(kind, pages, known).includes(before)) return was;
        const asOf = Math.max(known.get(kind.idOf(row))?.asOf ?? 0, ...pages.map((page) => Number(page.asOf)));
        return { kind, changes: new Map(known).set(kind.idOf(row), { row, asOf }) };
      });
    },
    [kind, pages],
  );

  const total = pages?.[0]?.total;
  return {
    /** Undefined until the first page is here. */
    rows,
    /** Of the whole list: as the master counted when it was asked, and what is known to have come and gone since. */
    total:
      total === undefined || rows === undefined
        ? total
        : query.hasNextPage
          ? Math.max(rows.length, total + rows.length - readCount)
          : rows.length,
    /** Set only while there is nothing to show: over old rows the link's state says enough. */
    error: rows === undefined ? query.error : null,
    /** Why the next page could not be read. */
    moreError: query.isFetchNextPageError ? query.error : null,
    again: () => void refetch(),
    more: query.hasNextPage ? () => void query.fetchNextPage() : undefined,
    isLoadingMore: query.isFetchingNextPage,
    /** The live position of the first page. */
    asOf,
    /** The rows are of the search before: those of this one are on their way. */
    isOld: isPlaceholderData,
    refetch,
    put,
  };
};
