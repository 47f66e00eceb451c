import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { OverlapPolicy } from '../../../src/domain/job.ts';
import { ask } from '../api.ts';
import { useNow } from '../clock.ts';
import type { Explained } from '../editor/use-explained.ts';

/** What of a saved job says when it runs, and whether its runs will meet. */
export type Schedule = {
  readonly name: string;
  readonly cronExpr: string;
  readonly timezone: string | undefined;
  readonly startAt: string | undefined;
  readonly endAt: string | undefined;
  readonly dst: string | undefined;
  readonly jitterMs?: number;
  readonly overlap: OverlapPolicy;
};

/** How many are shown, and how many are asked for: a job of every second is not asked about every second. */
const SHOWN = 5;
const ASKED = 12;

const isPast = (at: string | undefined, now: number): boolean => at !== undefined && Date.parse(at) <= now;

/** What a saved schedule means and when it fires next, as time goes on. */
export const useFires = (schedule: Schedule) => {
  const now = useNow();
  const query = useQuery({
    queryKey: ['fires', schedule],
    queryFn: ({ signal }) => ask<Explained>('POST', '/schedules/explain', { body: { ...schedule, count: ASKED }, signal }),
    enabled: schedule.cronExpr !== '',
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const { data, refetch, isFetching } = query;
  const fires = (data?.fires ?? []).filter(({ at }) => !isPast(at, now));
  // Fewer than are shown, though the master knew more: some have passed.
  const isUsedUp = data !== undefined && data.fires.length === ASKED && fires.length < SHOWN && isPast(data.fires[0]?.at, now);
  useEffect(() => {
    if (isUsedUp && !isFetching) void refetch();
  }, [isUsedUp, isFetching, refetch]);
  return { explained: data, fires: fires.slice(0, SHOWN), error: query.error };
};
