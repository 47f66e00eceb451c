import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

export { wait };

/** Seconds since the machine was started: the one clock that commands, processes and the harness share, and that nobody skews. */
export const uptime = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

export const clockText = (seconds: number): string =>
  `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
