import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { now } from '../clock.ts';
import type { RunsAsked } from '../live/kinds.ts';
import { outcomeTexts } from '../texts.ts';

const [HOUR, DAY] = [3_600_000, 86_400_000];

/** How far back, counted from the moment at which the list is made: a bookmark stays good. */
export const SINCE = { '1h': HOUR, '24h': DAY, '7d': 7 * DAY } as const;
export type Since = keyof typeof SINCE;
export const isSince = (text: string | null): text is Since => text !== null && text in SINCE;

/** What a run can have come to. */
export const RUN_OUTCOMES = (Object.keys(outcomeTexts) as (keyof typeof outcomeTexts)[]).filter(
  (each) => each !== 'running' && each !== 'queued',
);

/** Anything that went wrong, as the API is asked for several; what statistics count as failing. */
export const WRONG = 'failed,timedOut,lost';

/** What the address asks for: the names of the API, and `since` in place of `from`. */
export type RunsSearch = RunsAsked & { readonly since?: Since | undefined };

const instantOf = (text: string | null): string | undefined => {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
};

/** What of the address a list of runs knows; the rest is passed over. */
export const readRunsSearch = (search: URLSearchParams): RunsSearch => {
  const outcome = [WRONG, ...RUN_OUTCOMES].find((each) => each === search.get('outcome'));
  const since = search.get('since');
  return {
    q: search.get('q')?.trim().slice(0, 200) || undefined,
    job: search.get('job') || undefined,
    outcome,
    worker: search.get('worker') || undefined,
    ...(isSince(since) ? { since } : { from: instantOf(search.get('from')), to: instantOf(search.get('to')) }),
  };
};

/** As parameters, of the API or of the address. */
export const runsParams = (asked: RunsSearch): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** What the master is asked for at an instant. */
export const askedAt = ({ since, ...asked }: RunsSearch, at: number): RunsAsked =>
  since === undefined ? asked : { ...asked, from: new Date(at - SINCE[since]).toISOString() };

/** What is asked for lives in the address: a reload, a bookmark and the way back bring the same list. */
export const useRunsSearch = () => {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const wanted = useMemo(() => readRunsSearch(new URLSearchParams(text)), [text]);
  const asked = useMemo(() => askedAt(wanted, now()), [wanted]);
  const change = useCallback(
    (some: RunsSearch): void => setSearch((before) => runsParams({ ...readRunsSearch(before), ...some }), { replace: true }),
    [setSearch],
  );
  const clear = useCallback((): void => setSearch({}, { replace: true }), [setSearch]);
  return { wanted, asked, change, clear, isFiltered: Object.keys(runsParams(wanted)).length > 0 };
};
