import { useSyncExternalStore } from 'react';

/** How far the master's clock is ahead of this machine's. */
let aheadMs = 0;
/** The master tells its time by the second, and the way takes some: below that nothing is known. */
const UNSURE_MS = 3_000;

/** The console's only clock: the master's time, so that a phone that goes wrong does not count down to the wrong instant. Ms since the epoch. */
export const now = (): number => Date.now() + aheadMs;

/** Tells the clock the `Date` header of an answer that has just come, `tookMs` after it was asked for. What was long on its way says nothing. */
export const learnMasterTime = (date: string | null, tookMs: number): void => {
  if (tookMs > UNSURE_MS / 2) return;
  const ms = date === null ? Number.NaN : Date.parse(date) + 500 - Date.now();
  if (!Number.isNaN(ms)) aheadMs = Math.abs(ms) > UNSURE_MS ? ms : 0;
};

/** Starts now; answers how many ms have gone by, whatever becomes of the clock. */
export const stopwatch = (): (() => number) => {
  const from = performance.now();
  return () => performance.now() - from;
};

/** Calls after so many ms; answers how to call it off. */
export const later = (ms: number, act: () => void): (() => void) => {
  const timer = setTimeout(act, ms);
  return () => {
    clearTimeout(timer);
  };
};

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let told = now();
let timer: ReturnType<typeof setInterval> | undefined;

const listen = (listener: () => void): (() => void) => {
  listeners.add(listener);
  timer ??= setInterval(() => {
    told = now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
};

const lastTold = (): number => {
  if (timer === undefined && Math.abs(now() - told) > TICK_MS) told = now();
  return told;
};

/** The time, told once a second, at the same instant to all who show it. */
export const useNow = (): number => useSyncExternalStore(listen, lastTold);
