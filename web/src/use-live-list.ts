import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { LiveEvent } from '../../src/domain/wire.ts';
import { ask, type Page } from './api.ts';
import { later } from './clock.ts';
import { live } from './live.ts';
import { hear, merged, pruned, type Changes, type ListKind } from './live-list.ts';

/** Changes that come within one blink are shown together. */
const BLINK_MS = 40;
const RESYNC_MS = 500;
/** With more changes than this the pages are asked for anew: memory stays bounded, however long the page is open. */
const MOST_CHANGES = 500;

const NONE: ReadonlyMap<string, never> = new Map<string, never>();

type Heard<T> = { readonly kind: ListKind<T>; readonly changes: Changes<T> };

/** A list by REST, in pages, and what changes in it by the socket. `kind` must be the same object as long as it is the same list. */
export const useLiveList = <T>(kind: ListKind<T>, path: string, params: Readonly<Record<string, string>>) => {
  const search = new URLSearchParams(params).toString();
  const query = useInfiniteQuery({
    queryKey: ['list', path, search],
    queryFn: ({ pageParam, signal }) =>
      ask<Page<T>>('GET', `${path}?${search}${pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
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
  useEffect(() => {
    if (!changes || !pages || changes.size <= MOST_CHANGES || isFetching || isPlaceholderData) return;
    const needed = pruned(kind, pages, changes);
    setHeard({ kind, changes: needed });
    if (needed.size > MOST_CHANGES) void refetch();
  }, [kind, changes, pages, isFetching, isPlaceholderData, refetch]);

  const rows = useMemo(
    () => pages && merged(kind, pages, (isPlaceholderData ? undefined : changes) ?? NONE),
    [kind, pages, changes, isPlaceholderData],
  );
  return {
    /** Undefined until the first page is here. */
    rows,
    /** Of the whole list, as the master counted when it was asked. */
    total: pages?.[0]?.total,
    /** Set only while there is nothing to show: over old rows the link's state says enough. */
    error: rows === undefined ? query.error : null,
    again: () => void refetch(),
    more: query.hasNextPage ? () => void query.fetchNextPage() : undefined,
    isLoadingMore: query.isFetchingNextPage,
    refetch,
  };
};
