import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { JobView, RevisionView } from '../../../src/domain/wire.ts';
import { ask, type Page } from '../../src/api.ts';
import { later } from '../../src/clock.ts';
import { live } from '../../src/live/live.ts';

/** What narrows the changes, by the names of the API. */
export type AuditAsked = { readonly job?: string | undefined; readonly by?: string | undefined };

const FIRST = '50';
/** Many jobs may be saved at once, as by an import: they are asked for together. */
const TOGETHER_MS = 300;

/** Changes of jobs, newest first, in pages; read again when a job is saved or deleted anywhere. */
export const useAudit = ({ job = '', by = '' }: AuditAsked, isOn: boolean) => {
  const query = useInfiniteQuery({
    queryKey: ['audit', job, by],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({ limit: FIRST });
      for (const [name, value] of Object.entries({ job, by, cursor: pageParam })) if (value !== '') asked.set(name, value);
      return ask<Page<RevisionView>>('GET', `/audit?${asked.toString()}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    enabled: isOn,
    gcTime: 0,
  });
  const { data, refetch, isPlaceholderData } = query;
  const asOf = isPlaceholderData ? undefined : data?.pages[0]?.asOf;
  useEffect(() => {
    if (asOf === undefined) return undefined;
    let callOff: (() => void) | undefined;
    const again = (): void => {
      callOff ??= later(TOGETHER_MS, () => {
        callOff = undefined; // the answer may be of the same position: then nothing is subscribed to anew
        void refetch();
      });
    };
    const end = live.subscribe('jobs', asOf, {
      onEvent: (event) => {
        const isChange =
          event.type === 'jobRemoved' ||
          // A job's view changes with each of its runs; the job itself only with a newer revision.
          (event.type === 'jobChanged' && Number((event['job'] as JobView).revision) > Number(asOf));
        if (isChange) again();
      },
      onResync: again,
    });
    return () => {
      end();
      callOff?.();
    };
  }, [asOf, refetch]);
  return query;
};
