import { locale } from './language.ts';
import { texts } from './texts.ts';

type Unit = keyof typeof texts.units;
const UNITS: readonly (readonly [ms: number, unit: Unit])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];
const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

const DAY_TIME = { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', second: '2-digit' } as const;

const with1 = (count: number, unit: Unit): string => `${String(count)} ${texts.units[unit]}`;

/** Whole units from days to seconds, the largest two: `1 h 5 min`. */
const wholeUnits = (ms: number): string => {
  const first = UNITS.findIndex(([length]) => ms >= length);
  const [big, small] = [UNITS[first], UNITS[first + 1]];
  if (!big) return with1(0, 's');
  const rest = small ? Math.floor((ms % big[0]) / small[0]) : 0;
  const head = with1(Math.floor(ms / big[0]), big[1]);
  return small && rest > 0 ? `${head} ${with1(rest, small[1])}` : head;
};

/** How every instant, length and number is shown. `locale` and `zone` are the viewer's where they are left out. */
export const createFormat = (locale?: string, zone?: string) => {
  const of = (options: Intl.DateTimeFormatOptions, timeZone = zone) =>
    new Intl.DateTimeFormat(locale, { ...options, ...(timeZone === undefined ? {} : { timeZone }) });
  const time = of({ timeStyle: 'medium' });
  // As many digits as the time alone has: a language may write `02:00` for the one and `2:00` for the other.
  const dayTime = of({ ...DAY_TIME, hour: time.resolvedOptions().hourCycle === 'h23' ? '2-digit' : 'numeric' });
  const clock = of({ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' });
  const full = of({ dateStyle: 'medium', timeStyle: 'medium' });
  const day = of({ dateStyle: 'short' });
  const zones = new Map<string, Intl.DateTimeFormat | undefined>();
  /** Made once a zone: making one takes a hundred times as long as using it. A zone that this browser does not know is left out. */
  const fullIn = (timeZone: string): Intl.DateTimeFormat | undefined => {
    if (!zones.has(timeZone)) {
      try {
        zones.set(timeZone, of({ dateStyle: 'medium', timeStyle: 'medium' }, timeZone));
      } catch {
        zones.set(timeZone, undefined);
      }
    }
    return zones.get(timeZone);
  };
  const weekdays = new Map<string, Intl.DateTimeFormat | undefined>();
  const numbers = new Intl.NumberFormat(locale);
  const lists = new Intl.ListFormat(locale);
  const oneDigit = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

  return {
    number: (n: number): string => numbers.format(n),

    /** `a, b and c`. */
    list: (words: readonly string[]): string => lists.format(words),

    /** The day only where it is not today, the year only where it is another. */
    instant: (at: string, now: number): string => {
      const [date, today] = [new Date(at), new Date(now)];
      if (Number.isNaN(date.getTime())) return at;
      if (day.format(date) === day.format(today)) return time.format(date);
      return (Math.abs(date.getTime() - today.getTime()) < 180 * 86_400_000 ? dayTime : full).format(date);
    },

    /** The time of day to the millisecond. */
    clock: (at: string): string => {
      const date = new Date(at);
      return Number.isNaN(date.getTime()) ? at : clock.format(date);
    },

    /** For who wants to be sure: the viewer's zone by name, the job's where it is another, and UTC. */
    exact: (at: string, jobZone?: string): string => {
      const date = new Date(at);
      if (Number.isNaN(date.getTime())) return at;
      const own = full.resolvedOptions().timeZone;
      const utc = `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
      const there = jobZone === undefined || jobZone === own || jobZone === 'UTC' ? undefined : fullIn(jobZone)?.format(date);
      return [`${full.format(date)} (${own})`, ...(there === undefined ? [] : [`${there} (${String(jobZone)})`]), utc].join(
        ' · ',
      );
    },

    /** In the job's zone, with its day; undefined where the viewer's clock shows the same, and where the browser does not know the zone. */
    there: (at: string, jobZone: string): string | undefined => {
      const date = new Date(at);
      if (Number.isNaN(date.getTime())) return undefined;
      const shown = fullIn(jobZone)?.format(date);
      return shown === full.format(date) ? undefined : shown;
    },

    /** The viewer's zone by name. */
    zone: full.resolvedOptions().timeZone,

    /** A fire time with its day of the week, in a zone; undefined where the browser does not know the zone. */
    fire: (at: string, timeZone = full.resolvedOptions().timeZone): string | undefined => {
      if (!weekdays.has(timeZone)) {
        try {
          weekdays.set(timeZone, of({ ...DAY_TIME, hour: '2-digit', weekday: 'short' }, timeZone));
        } catch {
          weekdays.set(timeZone, undefined);
        }
      }
      return weekdays.get(timeZone)?.format(new Date(at));
    },

    /** `340 ms`, `2.4 s`, `1 min 5 s`, `1 h 5 min`: two units at most, never below 0. */
    length: (ms: number): string => {
      if (!(ms > 0)) return with1(0, 's');
      if (ms < 1_000) return with1(Math.round(ms), 'ms');
      return ms < 10_000 ? `${oneDigit.format(Math.floor(ms / 100) / 10)} ${texts.units.s}` : wholeUnits(ms);
    },

    /** A length that grows while one looks: whole seconds. */
    growing: (ms: number): string => wholeUnits(Math.max(0, ms)),

    /** `in 12 s`, `2 min ago`, `now`: seconds below a minute, else the largest unit and its half-way neighbour. */
    distance: (at: string, now: number): string => {
      const ms = Date.parse(at) - now;
      if (Number.isNaN(ms)) return at;
      const size = Math.abs(ms);
      if (size < 1_000) return texts.now;
      const whole = size >= 60_000 ? Math.floor(size / 60_000) * 60_000 : Math.round(size / 1_000) * 1_000;
      const length = ms < 0 && size >= 3_600_000 ? wholeUnits(Math.floor(size / 3_600_000) * 3_600_000) : wholeUnits(whole);
      return ms > 0 ? texts.ahead(length) : texts.ago(length);
    },

    /** Decimal, as disks count: `1.5 MB`. */
    bytes: (n: number): string => {
      const power = n < 1_000 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(n) / 3));
      return `${oneDigit.format(n / 1_000 ** power)} ${BYTES[power] ?? ''}`;
    },
  };
};

/** In the viewer's language and zone. */
export const format = createFormat(locale);
