import { randomUUID } from 'node:crypto';
import { added, EMPTY_TALLY, tallyOf, wholeHours, type HourStats, type RunFacts, type Tally } from '../../domain/stats.ts';
import type { LogUpkeep, TouchedHour } from '../../streams/ports.ts';
import type { Embedded } from './env.ts';
import { keyOf } from './log-keys.ts';

type TouchedQuery = Parameters<LogUpkeep['touchedHours']>[0];
type HoursQuery = Parameters<LogUpkeep['hours']>[0];

/** A page of statistics takes some milliseconds: the loop belongs to the scheduler too. */
const AT_ONCE = 100;
const DIGITS = 16;
/** So that keys sort as hours do. */
const digits = (hour: number): string => String(Math.max(0, hour)).padStart(DIGITS, '0');
const keyAt = (hour: number, job = ''): Buffer => keyOf(`${digits(hour)}\0${job}`);

export type LogHours = ReturnType<typeof openLogHours>;

/** Statistics of hours in lmdb, and which of them are to be made anew. What writes is to be called in a transaction. */
export const openLogHours = ({ root }: Embedded) => {
  const hours = root.openDB<HourStats, Buffer>({ name: 'hours', keyEncoding: 'binary' });
  const touched = root.openDB<TouchedHour, Buffer>({ name: 'hours.touched', keyEncoding: 'binary' });
  /** Of the hours of which retention has removed runs: the tally of those. */
  const gone = root.openDB<Tally, Buffer>({ name: 'hours.gone', keyEncoding: 'binary' });
  return {
    goneOf: (hour: number, job: string): Tally | undefined => gone.get(keyAt(hour, job)),
    addGone: (hour: number, facts: RunFacts): void => {
      const key = keyAt(hour, facts.job);
      void gone.put(key, added(gone.get(key) ?? EMPTY_TALLY, tallyOf([facts])));
    },
    touch: (all: Iterable<{ readonly job: string; readonly hour: number }>): void => {
      for (const { job, hour } of all) void touched.put(keyAt(hour, job), { job, hour, mark: randomUUID() });
    },
    touched: ({ from = 0, before, job, isDown = false, limit }: TouchedQuery): readonly TouchedHour[] => {
      const [start, end] = [keyAt(from), keyAt(before)];
      if (job === undefined)
        // Going down, `start` is included where it is there, and `end` is not: no key of a job is that of a bare hour.
        return [...touched.getRange(isDown ? { start: end, end: start, reverse: true, limit } : { start, end, limit })].map(
          ({ value }) => value,
        );
      const found: TouchedHour[] = [];
      const hoursOfIt = wholeHours(from, before);
      for (const hour of isDown ? hoursOfIt.toReversed() : hoursOfIt) {
        const one = touched.get(keyAt(hour, job));
        if (one) found.push(one);
        if (found.length >= limit) break;
      }
      return found;
    },
    put: (all: readonly (HourStats & { readonly mark: string })[]): void => {
      for (const { mark, ...stats } of all) {
        const key = keyAt(stats.hour, stats.job);
        void hours.put(key, stats);
        if (touched.get(key)?.mark === mark) void touched.remove(key);
      }
    },
    /** A page, and from where on the next one is; none: that was the last. Of a job its hours are looked up one by one. */
    page: ({ from, to, job }: HoursQuery, next: Buffer = keyAt(from)) => {
      if (job === undefined) {
        const found = [...hours.getRange({ start: next, end: keyAt(to), limit: AT_ONCE })];
        const last = found.at(-1);
        const after = found.length < AT_ONCE || !last ? undefined : Buffer.concat([last.key, Buffer.of(0)]);
        return { stats: found.map(({ value }) => value), after };
      }
      const all = wholeHours(Number(next.subarray(0, DIGITS).toString('utf8')), to);
      const stats = all.slice(0, AT_ONCE).flatMap((hour) => hours.get(keyAt(hour, job)) ?? []);
      const further = all[AT_ONCE];
      return { stats, after: further === undefined ? undefined : keyAt(further) };
    },
    remove: (before: number, limit: number): number => {
      const end = keyAt(before);
      const [old, oldGone] = [[...hours.getKeys({ end, limit })], [...gone.getKeys({ end, limit })]];
      for (const key of old) void hours.remove(key);
      for (const key of oldGone) void gone.remove(key);
      return Math.max(old.length, oldGone.length);
    },
  };
};
