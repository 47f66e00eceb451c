import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { JobsAsked } from '../live/kinds.ts';
import { outcomeTexts } from '../texts.ts';

/** The first is the one without a word in the address. */
export const JOB_SORTS = ['name', 'nextFireTime', '-lastRun', 'lastRun'] as const;

/** What a last run can have come to. */
export const JOB_OUTCOMES = (Object.keys(outcomeTexts) as (keyof typeof outcomeTexts)[]).filter(
  (each) => each !== 'running' && each !== 'queued',
);

/** What the address asks for. What it has that no job list knows is passed over. */
export const readJobsSearch = (search: URLSearchParams): JobsAsked => {
  const of = <T extends string>(name: string, known: readonly T[]): T | undefined =>
    known.find((each) => each === search.get(name));
  const enabled = of('enabled', ['true', 'false']);
  return {
    q: search.get('q')?.trim() || undefined,
    tag: search.get('tag') || undefined,
    enabled: enabled && enabled === 'true',
    outcome: of('outcome', JOB_OUTCOMES),
    sort: of('sort', JOB_SORTS.slice(1)),
  };
};

/** The same as parameters of the API, and of the address. */
export const jobsParams = (asked: JobsAsked): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]])),
  );

/** What is asked for lives in the address: a reload, a bookmark and the way back bring the same list. */
export const useJobsSearch = () => {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const asked = useMemo(() => readJobsSearch(new URLSearchParams(text)), [text]);
  const change = useCallback(
    (some: JobsAsked): void => setSearch((before) => jobsParams({ ...readJobsSearch(before), ...some }), { replace: true }),
    [setSearch],
  );
  return { asked, change };
};
