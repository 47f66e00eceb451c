import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDebouncedValue } from '@mantine/hooks';
import type { Problem } from '../../src/domain/wire.ts';
import { ApiError, ask } from './api.ts';

export type Explained = {
  readonly description: string;
  readonly fires: readonly { readonly at: string; readonly note?: string }[];
  readonly warnings: readonly string[];
};

const TYPING_MS = 250;
const FIRES = 3;
const NONE: ReadonlyMap<string, string> = new Map();

/** What the master says to a schedule while it is typed: what it means, or what is wrong with it by the path of the field. `isFresh`: that answer is of the
 *  text as it stands. */
export const useExplained = (cronExpr: string, timezone: string) => {
  const [asked] = useDebouncedValue(JSON.stringify([cronExpr, timezone]), TYPING_MS);
  const [cron, zone] = JSON.parse(asked) as [string, string];
  const query = useQuery({
    queryKey: ['explain', cron, zone],
    queryFn: ({ signal }) =>
      ask<Explained>('POST', '/schedules/explain', {
        body: { cronExpr: cron, count: FIRES, ...(zone === '' ? {} : { timezone: zone }) },
        signal,
      }),
    enabled: cron.trim() !== '',
    placeholderData: keepPreviousData,
    // The next fires are of the moment.
    gcTime: 0,
    retry: false,
  });
  const isFresh = cron === cronExpr && zone === timezone && !query.isPlaceholderData && !query.isPending;
  const problem = query.error instanceof ApiError ? query.error.problem : undefined;
  return {
    answer: problem || cron.trim() === '' ? undefined : query.data,
    problems: problem ? problemsOf(problem) : NONE,
    isFresh,
  };
};

const problemsOf = ({ errors = [] }: Problem): ReadonlyMap<string, string> => {
  const byPath = new Map<string, string>();
  for (const { path, message } of errors) if (!byPath.has(path)) byPath.set(path, message);
  return byPath;
};
