import { DAY_S, daysOf } from './civil.ts';
import { zoneOf } from './zone.ts';

/** An instant as people write it, in ms; undefined for what is none. `2027-01-31T03:00[:00]` is in the zone, unless it says `Z` or an offset; `03:00` is the last time that the clock of the zone
 *  said so, at `now` or before. A time that a change of the clock leaves out counts by the offset before it, one that comes twice is its first. */
export const readAsked = (text: string, timezone: string, now: number): number | undefined => {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (clock) {
    const second = secondOf(clock[1], clock[2], clock[3]);
    if (second === undefined) return undefined;
    const today = Math.floor((now / 1_000 + zoneOf(timezone).at(Math.floor(now / 1_000)).offset) / DAY_S);
    const of = (day: number): number => fromLocal(day * DAY_S + second, timezone);
    return of(today) <= now ? of(today) : of(today - 1);
  }
  const local = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$/.exec(text.trim());
  if (!local) {
    const ms = /^\d{4}-\d{2}-\d{2}[T ].*(Z|[+-]\d{2}:?\d{2})$/i.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
    return Number.isNaN(ms) ? undefined : ms;
  }
  const [year = 0, month = 0, day = 0] = local.slice(1, 4).map(Number);
  const second = secondOf(local[4], local[5], local[6]);
  if (second === undefined || month < 1 || month > 12 || day < 1 || day > 31 || year < 1970) return undefined;
  return fromLocal(daysOf(year, month, day) * DAY_S + second, timezone);
};

const secondOf = (hour = '', minute = '', second = '0'): number | undefined => {
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  return h < 24 && m < 60 && s < 60 ? h * 3_600 + m * 60 + s : undefined;
};

const fromLocal = (local: number, timezone: string): number => {
  const zone = zoneOf(timezone);
  // The offsets of a day before and a day after are the two that it can have.
  const [early, late] = [zone.at(local - DAY_S).offset, zone.at(local + DAY_S).offset];
  const found = [early, late].map((offset) => local - offset).find((utc) => utc + zone.at(utc).offset === local);
  return (found ?? local - early) * 1_000;
};

/** An instant (ms) on the clocks of a zone: `2027-01-31 03:00:00 (Europe/Berlin)`. */
export const timeIn = (ms: number, timezone: string): string => {
  const offset = zoneOf(timezone).at(Math.floor(ms / 1_000)).offset;
  const [date = '', time = ''] = new Date(ms + offset * 1_000).toISOString().split('T');
  return `${date} ${time.slice(0, 8)} (${timezone})`;
};
