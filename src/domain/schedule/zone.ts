import { DAY_S, daysOf } from './civil.ts';

/** A stretch of time with one offset. `from` and `to` are seconds since the epoch in UTC, the end excluded; `offset` is local time minus UTC, `before` the offset just before
 *  `from` (the same, where the stretch begins with a year and not with a change of the clock). Seconds all. */
export type Stretch = { readonly from: number; readonly to: number; readonly offset: number; readonly before: number };

/** A time zone as stretches of one offset each. */
export type Zone = { readonly name: string; readonly at: (utc: number) => Stretch };

const ALWAYS = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
/** Some changes of the clock last three weeks only (Ramadan in Morocco): who looks once a week sees them all. */
const PROBE_S = 7 * DAY_S;

const zones = new Map<string, Zone>();
/** Names that Intl has taken, and how it spells them: `EUROPE/berlin` is Europe/Berlin. There are a few hundred names, but any number of spellings. */
const spelled = new Map<string, string>();
const SPELLINGS = 5_000;

/** True for an IANA name that this machine's tz data knows. Bare offsets (`+01:00`) are no zones. */
export const isZone = (name: string): boolean => {
  if (spelled.has(name)) return true;
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    // Making one costs a fifth of a millisecond: once a name.
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    if (spelled.size >= SPELLINGS) spelled.clear();
    spelled.set(name, timeZone);
    return true;
  } catch {
    return false;
  }
};

/** The zone of a name for which `isZone` holds. Offsets are asked of Intl once a zone and year, and kept. */
export const zoneOf = (name: string): Zone => {
  const spelling = isZone(name) ? (spelled.get(name) ?? name) : name;
  const known = zones.get(spelling);
  if (known) return known;
  const zone = createZone(spelling);
  zones.set(spelling, zone);
  return zone;
};

const createZone = (name: string): Zone => {
  if (name === 'UTC' || name === 'Etc/UTC') {
    const only = { ...ALWAYS, offset: 0, before: 0 };
    return { name, at: () => only };
  }
  const offsetAt = offsetsOf(name);
  const years = new Map<number, readonly Stretch[]>();
  let last: Stretch = { from: 0, to: 0, offset: 0, before: 0 };

  const ofYear = (year: number): readonly Stretch[] => {
    const known = years.get(year);
    if (known) return known;
    const stretches = readYear(offsetAt, daysOf(year, 1, 1) * DAY_S, daysOf(year + 1, 1, 1) * DAY_S);
    years.set(year, stretches);
    return stretches;
  };

  return {
    name,
    at: (utc) => {
      if (utc >= last.from && utc < last.to) return last;
      for (const stretch of ofYear(new Date(utc * 1_000).getUTCFullYear()))
        if (utc < stretch.to) {
          last = stretch;
          return stretch;
        }
      throw new RangeError(`no offset of ${name} at ${String(utc)} s`);
    },
  };
};

const readYear = (offsetAt: (utc: number) => number, start: number, end: number): readonly Stretch[] => {
  const stretches: Stretch[] = [];
  let from = start;
  let before = offsetAt(start - 1);
  let offset = offsetAt(start);
  for (let probe = start; probe < end;) {
    const next = Math.min(probe + PROBE_S, end - 1);
    if (offsetAt(next) !== offset) {
      let [low, high] = [probe, next]; // the offset at `low` is still the old one
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (offsetAt(middle) === offset) low = middle;
        else high = middle;
      }
      stretches.push({ from, to: high, offset, before });
      [before, from, offset] = [offset, high, offsetAt(high)];
      probe = high;
    } else if (next === end - 1) break;
    else probe = next;
  }
  stretches.push({ from, to: end, offset, before });
  return stretches;
};

/** Local time minus UTC in seconds, as Intl knows it. */
const offsetsOf = (name: string): ((utc: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (utc) => {
    const [, month, day, year, hour, minute, second] =
      /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(format.format(utc * 1_000)) ?? [];
    const local =
      daysOf(Number(year), Number(month), Number(day)) * DAY_S + Number(hour) * 3_600 + Number(minute) * 60 + Number(second);
    if (Number.isNaN(local)) throw new RangeError(`no local time of ${name} at ${String(utc)} s`);
    return local - utc;
  };
};
