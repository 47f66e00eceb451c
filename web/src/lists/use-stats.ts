import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { StatsView } from '../../../src/domain/wire.ts';
import { ask } from '../api.ts';
import { later, now } from '../clock.ts';
import { live } from '../live/live.ts';
import { SINCE, type Since } from './runs-search.ts';

/** Runs that end are counted together: not more often than this. */
const AT_MOST_EVERY_MS = 5_000;

/** Statistics back from now, with the jobs that failed most, took longest and were late most: so many of each, mixed. Made anew when runs end. What was shown stays until the new numbers are here. */
export const useStats = (since: Since, limit: number) => {
  const query = useQuery({
    queryKey: ['stats', since, limit],
    queryFn: ({ signal }) => {
      const from = new Date(now() - SINCE[since]).toISOString();
      return ask<StatsView>('GET', `/stats?from=${from}&sort=failing,slowest,late&limit=${String(limit)}`, { signal });
    },
    placeholderData: keepPreviousData,
    staleTime: AT_MOST_EVERY_MS,
  });
  const { refetch, isSuccess } = query;
  useEffect(() => {
    if (!isSuccess) return undefined;
    let callOff: (() => void) | undefined;
    const soon = (): void => {
      callOff ??= later(AT_MOST_EVERY_MS, () => {
        callOff = undefined;
        void refetch();
      });
    };
    // Without a position to start from: what is missed between is counted at the next refetch.
    const end = live.subscribe('runs', undefined, {
      onEvent: ({ type }) => {
        if (type === 'finished' || type === 'overdue' || type === 'lost') soon();
      },
      onResync: soon,
    });
    return () => {
      end();
      callOff?.();
    };
  }, [refetch, isSuccess]);
  return query;
};
