import { useEffect, useRef, useState } from 'react';
import { ask, jobPath } from './api.ts';
import { later, now } from './clock.ts';
import { windowOf, withNewest, withOlder, type Known, type Span, type TicksPage, type Window } from './ticks.ts';

const LIMIT = '200';
/** Asked anew at most so often, however much happens. */
const CALM_MS = 1_500;

type State = {
  /** What was asked: of another job or span nothing is shown. */
  readonly of: string;
  readonly known?: Known;
  readonly error?: unknown;
  readonly isLoadingMore?: boolean;
};

const askTicks = (name: string, window: Window, signal: AbortSignal, cursor?: string): Promise<TicksPage> => {
  const search = new URLSearchParams({ ...window, limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) });
  return ask<TicksPage>('GET', `${jobPath(name)}/ticks?${search.toString()}`, { signal });
};

/** The ticks of a job, newest first. Asked anew whenever `sign` changes, for then something has become of a tick. */
export const useTicks = (name: string, span: Span, sign: string) => {
  const of = JSON.stringify([name, span]);
  const [state, setState] = useState<State>({ of });
  const [round, setRound] = useState(0);
  const askedAt = useRef<{ readonly of: string; readonly ms: number }>(undefined);
  const window = useRef<Window>(undefined);
  const end = useRef<AbortController>(undefined);

  useEffect(() => {
    const abort = new AbortController();
    const waitMs = askedAt.current?.of === of ? Math.max(0, askedAt.current.ms + CALM_MS - now()) : 0;
    const callOff = later(waitMs, () => {
      askedAt.current = { of, ms: now() };
      window.current = windowOf((JSON.parse(of) as [string, Span])[1], now());
      askTicks(name, window.current, abort.signal)
        .then((page) =>
          setState((before) => ({
            ...before,
            of,
            known: withNewest(before.of === of ? before.known : undefined, page),
            error: undefined,
          })),
        )
        .catch((error: unknown) => {
          if (!abort.signal.aborted) setState((before) => (before.of === of ? { ...before, error } : { of, error }));
        });
    });
    return () => {
      callOff();
      abort.abort();
    };
  }, [name, of, sign, round]);
  useEffect(() => () => end.current?.abort(), [of]);

  const isOurs = state.of === of;
  const known = isOurs ? state.known : undefined;
  const cursor = known?.nextCursor;
  const more = (): void => {
    if (cursor === undefined || !window.current) return;
    const abort = new AbortController();
    end.current = abort;
    setState((before) => ({ ...before, isLoadingMore: true }));
    askTicks(name, window.current, abort.signal, cursor)
      .then((page) =>
        setState((before) => (before.of === of && before.known ? { of, known: withOlder(before.known, page) } : before)),
      )
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, error, isLoadingMore: false }));
      });
  };
  return {
    ticks: known?.items,
    error: isOurs ? state.error : undefined,
    more: cursor === undefined ? undefined : more,
    isLoadingMore: isOurs && state.isLoadingMore === true,
    again: () => setRound((n) => n + 1),
  };
};
