import { readFileSync } from 'node:fs';

/** Milliseconds since the machine started, suspended time included: deadlines count by it, since a suspended host goes on holding its locks. Exact to 10 ms. */
export const uptimeMs = (): number => Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]) * 1_000);

/** Milliseconds that only rise: for how long something took. */
export const monotonicMs = (): number => performance.now();

/** The instant, ISO 8601 in UTC. */
export const instant = (): string => new Date().toISOString();

/** Looks again and again: each look answers in how many ms the next one is due. `soon` asks for one at once. */
export const looking = (look: () => number): { readonly soon: () => void } => {
  let timer = setTimeout(run, 0);
  function run(): void {
    timer = setTimeout(run, look());
  }
  return {
    soon: () => {
      clearTimeout(timer);
      timer = setTimeout(run, 0);
    },
  };
};

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
