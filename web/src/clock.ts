import { useEffect, useState } from 'react';

/** The console's only clock. */
export const now = (): number => Date.now();

/** The time, told once a second to whoever shows it. */
export const useNow = (everyMs = 1_000): number => {
  const [at, setAt] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => {
      setAt(now());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return at;
};

/** Calls after so many ms; answers how to call it off. */
export const later = (ms: number, act: () => void): (() => void) => {
  const timer = setTimeout(act, ms);
  return () => {
    clearTimeout(timer);
  };
};
