import { readFileSync } from 'node:fs';

/** Milliseconds since the machine started, suspended time included: deadlines count by it, since a suspended host goes on holding its locks. */
export const uptimeMs = (): number => Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000);

/** The instant, ISO 8601 in UTC. */
export const instant = (): string => new Date().toISOString();

/** The launcher's one ticking: everything that has a deadline is looked at this often while anything lives. */
export const everyMs = (ms: number, look: () => void): (() => void) => {
  const timer = setInterval(look, ms);
  return () => {
    clearInterval(timer);
  };
};
