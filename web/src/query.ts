import { QueryClient, useInfiniteQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { LiveEvent } from '../../src/domain/wire.ts';
import { ask, type Page } from './api.ts';
import { later } from './clock.ts';
import { live, type LinkState } from './live.ts';

export const queryClient = new QueryClient({
  defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, retry: 2 } },
});

const RESYNC_MS = 500;

/** A list by REST, in pages, and what changes in it by the socket: `apply` puts an event into the rows. */
export const useLiveList = <T>(topic: string, path: string, apply: (rows: readonly T[], event: LiveEvent) => readonly T[]) => {
  const client = useQueryClient();
  const query = useInfiniteQuery({
    queryKey: [topic, path],
    queryFn: ({ pageParam }) =>
      ask<Page<T>>('GET', `${path}${pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`),
    initialPageParam: '',
    getNextPageParam: (last) => last.nextCursor,
  });
  const asOf = query.data?.pages[0]?.asOf;
  useEffect(() => {
    if (asOf === undefined) return undefined;
    let callOff: (() => void) | undefined;
    const end = live.subscribe(topic, asOf, {
      onEvent: (event) => {
        client.setQueryData<InfiniteData<Page<T>>>(
          [topic, path],
          (data) => data && { ...data, pages: spread(data.pages, apply, event) },
        );
      },
      onResync: () => {
        callOff = later(RESYNC_MS, () => void client.invalidateQueries({ queryKey: [topic, path] }));
      },
    });
    return () => {
      end();
      callOff?.();
    };
  }, [client, topic, path, asOf, apply]);
  return { ...query, rows: query.data?.pages.flatMap(({ items }) => items) };
};

/** The rows of all pages are one list: a new row belongs to the first page, a changed one stays where it is. */
const spread = <T>(
  pages: readonly Page<T>[],
  apply: (rows: readonly T[], event: LiveEvent) => readonly T[],
  event: LiveEvent,
): Page<T>[] => {
  const rows = apply(
    pages.flatMap(({ items }) => items),
    event,
  );
  let at = 0;
  const grown = rows.length - pages.reduce((sum, { items }) => sum + items.length, 0);
  return pages.map((page, index) => {
    const length = page.items.length + (index === 0 ? grown : 0);
    const items = rows.slice(at, at + length);
    at += length;
    return { ...page, items };
  });
};

export const useLink = (): LinkState => {
  const [state, setState] = useState(live.state);
  useEffect(() => live.onState(setState), []);
  return state;
};
