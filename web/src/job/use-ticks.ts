import { useEffect, useRef, useState } from 'react';
import { ask, jobPath } from '../api.ts';
import { later, now, useNow } from '../clock.ts';
import { hasNotBegun, windowOf, withNewest, withOlder, type Known, type Span, type TicksPage, type Window } from './ticks.ts';

/** Around an instant all of it is wanted. */
const LIMIT = { upToNow: '200', around: '500' };
/** Asked anew at most so often, however much happens. */
const CALM_MS = 1_500;

type State = {
  /** Of which job and span this is: of another nothing is shown. */
  readonly of: string;
  readonly known?: Known;
  readonly error?: unknown;
  readonly isLoadingMore?: boolean;
};

/** What goes on of one job and span: ends with it. */
type Asking = { readonly poke: () => void; readonly more: (cursor: string) => void };

const askTicks = (name: string, window: Window, signal: AbortSignal, cursor?: string): Promise<TicksPage> => {
  const search = new URLSearchParams({
    ...window,
    limit: window.to === undefined ? LIMIT.upToNow : LIMIT.around,
    ...(cursor === undefined ? {} : { cursor }),
  });
  return ask<TicksPage>('GET', `${jobPath(name)}/ticks?${search.toString()}`, { signal });
};

/** While a tick is due or waits, what it waits for is asked for every few seconds. */
const BEAT_MS = 4_000;

/** The ticks of a job, newest first. Asked anew whenever `sign` changes, for then something has become of a tick. */
export const useTicks = (name: string, span: Span, sign: string) => {
  const of = JSON.stringify([name, span]);
  const [state, setState] = useState<State>({ of });
  const asking = useRef<Asking>(undefined);

  useEffect(() => {
    const [job, asked] = JSON.parse(of) as [string, Span];
    const end = new AbortController();
    let window = windowOf(asked, now());
    let readyAt = 0;
    let isWaiting = false;
    let callOff = (): void => undefined;
    const change = (to: (before: State) => State): void => {
      if (!end.signal.aborted) setState((before) => to(before.of === of ? before : { of }));
    };
    const poke = (): void => {
      if (isWaiting) return;
      isWaiting = true;
      callOff = later(Math.max(0, readyAt - now()), () => {
        window = windowOf(asked, now());
        askTicks(job, window, end.signal).then(
          (page) => change(({ known, ...before }) => ({ ...before, known: withNewest(known, page), error: undefined })),
          (error: unknown) => change((before) => ({ ...before, error })),
        );
        // What happens from here on may not be in the answer: asked for once more.
        isWaiting = false;
        readyAt = now() + CALM_MS;
      });
    };
    const more = (cursor: string): void => {
      change((before) => ({ ...before, isLoadingMore: true }));
      askTicks(job, window, end.signal, cursor).then(
        (page) => change(({ known }) => (known ? { of, known: withOlder(known, page) } : { of })),
        (error: unknown) => change((before) => ({ ...before, error, isLoadingMore: false })),
      );
    };
    asking.current = { poke, more };
    return () => {
      end.abort();
      callOff();
    };
  }, [of]);
  const { known, error, isLoadingMore = false } = state.of === of ? state : ({ of } as State);
  const at = useNow();
  const beat = known?.items.some((tick) => hasNotBegun(tick, at)) === true && Math.floor(at / BEAT_MS);
  useEffect(() => asking.current?.poke(), [of, sign, beat]);

  const cursor = known?.nextCursor;
  return {
    ticks: known?.items,
    error,
    more: cursor === undefined ? undefined : () => asking.current?.more(cursor),
    isLoadingMore,
    again: () => asking.current?.poke(),
  };
};
