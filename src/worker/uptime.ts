import { readFileSync } from 'node:fs';

/** Milliseconds since the machine started, suspended time included: the launcher's deadlines count by it. */
export const uptimeMs = (): number => Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000);
