import { randomUUID } from 'node:crypto';
import { HOUR_MS, type HourStats } from '../../domain/stats.ts';
import type { TouchedHour } from '../../streams/ports.ts';
import type { Embedded } from './env.ts';
import { keyOf } from './log-keys.ts';

/** So that keys sort as hours do. */
const digits = (hour: number): string => String(Math.max(0, hour)).padStart(16, '0');
const keyAt = (hour: number, job = ''): Buffer => keyOf(`${digits(hour)}\0${job}`);

export type LogHours = ReturnType<typeof openLogHours>;

/** Statistics of hours in lmdb, and which of them are to be made anew. What writes is to be called in a transaction. */
export const openLogHours = ({ root }: Embedded) => {
  const hours = root.openDB<HourStats, Buffer>({ name: 'hours', keyEncoding: 'binary' });
  const touched = root.openDB<TouchedHour, Buffer>({ name: 'hours.touched', keyEncoding: 'binary' });
  return {
    touch: (all: Iterable<{ readonly job: string; readonly hour: number }>): void => {
      for (const { job, hour } of all) void touched.put(keyAt(hour, job), { job, hour, mark: randomUUID() });
    },
    touched: ({ from = 0, before, limit }: { from?: number; before: number; limit: number }): readonly TouchedHour[] =>
      [...touched.getRange({ start: keyAt(from), end: keyAt(before), limit })].map(({ value }) => value),
    put: (all: readonly (HourStats & { readonly mark: string })[]): void => {
      for (const { mark, ...stats } of all) {
        const key = keyAt(stats.hour, stats.job);
        void hours.put(key, stats);
        if (touched.get(key)?.mark === mark) void touched.remove(key);
      }
    },
    find: ({ from, to, job }: { from: number; to: number; job?: string }): readonly HourStats[] => {
      if (job === undefined) return [...hours.getRange({ start: keyAt(from), end: keyAt(to) })].map(({ value }) => value);
      const found: HourStats[] = [];
      for (let hour = Math.ceil(from / HOUR_MS) * HOUR_MS; hour < to; hour += HOUR_MS) {
        const stats = hours.get(keyAt(hour, job));
        if (stats) found.push(stats);
      }
      return found;
    },
    remove: (before: number, limit: number): number => {
      const keys = [...hours.getKeys({ end: keyAt(before), limit })];
      for (const key of keys) void hours.remove(key);
      return keys.length;
    },
  };
};
