// What a cron line means, by the definition: look at every minute of the wall clock. Slow, and shares nothing with the walk but the text of the rules.

type Wall = {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
  readonly lastDay: number;
  readonly year: number;
};

const QUARTER = 15 * 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** Local time minus UTC in ms, as Intl tells it. All clocks of our days change at a quarter of an hour: it is asked once for each. */
const offsetAt = (at: number, timeZone: string): number => {
  const quarter = Math.floor(at / QUARTER) * QUARTER;
  const key = `${timeZone} ${String(quarter)}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(timeZone, format);
  const offset = Date.parse(`${format.format(quarter).replace(' ', 'T')}Z`) - quarter;
  offsets.set(key, offset);
  return offset;
};

/** What the wall clock of a zone says, to the minute. */
const wallAt = (at: number, timeZone: string): Wall => {
  const local = new Date(at + (timeZone === 'UTC' ? 0 : offsetAt(at, timeZone)));
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth() + 1];
  return {
    minute: local.getUTCMinutes(),
    hour: local.getUTCHours(),
    day: local.getUTCDate(),
    month,
    weekday: local.getUTCDay(),
    lastDay: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    year,
  };
};

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const NAMES = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const numeric = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll(/SUN|MON|TUE|WED|THU|FRI|SAT/g, (name) => String(WEEKDAYS.map((each) => each.toUpperCase()).indexOf(name)))
    .replaceAll(/[A-Z]{3}/g, (name) => String(NAMES.indexOf(name) + 1));

const answers = new Map<string, boolean>();

const isIn = (value: number, text: string, low: number, high: number): boolean => {
  const key = [value, text, low, high].join(' ');
  const answer = answers.get(key) ?? looksIn(value, text, low, high);
  answers.set(key, answer);
  return answer;
};

const looksIn = (value: number, text: string, low: number, high: number): boolean =>
  numeric(text)
    .split(',')
    .some((item) => {
      const [, star, a, b, step] = /^(?:([*?])|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item) ?? [];
      if (star === undefined && a === undefined) return false;
      const first = star === undefined ? Number(a) : low;
      const last = star !== undefined || (b === undefined && step !== undefined) ? high : Number(b ?? a);
      const size = high - low + 1;
      // A range that goes backward goes over the end.
      const end = last < first ? last + size : last;
      for (let each = first; each <= end; each += Number(step ?? 1))
        if (((each - low) % size) + low === value || each === value) return true;
      return false;
    });

const isDayOfMonth = (wall: Wall, text: string): boolean =>
  isIn(wall.day, text, 1, 31) ||
  text.split(',').some((item) => {
    if (item === 'L') return wall.day === wall.lastDay;
    if (/^L-\d+$/.test(item)) return wall.day === wall.lastDay - Number(item.slice(2));
    const wanted = item === 'LW' ? wall.lastDay : /^\d+W$/.test(item) ? Number(item.slice(0, -1)) : undefined;
    if (wanted === undefined || wanted > wall.lastDay || wall.weekday === 0 || wall.weekday === 6) return false;
    // The workday with the smallest distance within the month.
    const distances = [0, -1, 1, -2, 2].filter((off) => {
      const weekday = (((wall.weekday + wanted + off - wall.day) % 7) + 7) % 7;
      return wanted + off >= 1 && wanted + off <= wall.lastDay && weekday !== 0 && weekday !== 6;
    });
    return wall.day === wanted + (distances[0] ?? 0);
  });

const isDayOfWeek = (wall: Wall, text: string): boolean =>
  isIn(wall.weekday, text, 0, 6) ||
  (wall.weekday === 0 && isIn(7, text, 0, 7) && /7/.test(text)) ||
  numeric(text)
    .split(',')
    .some((item) => {
      const last = /^(\d)L$/.exec(item)?.[1];
      const [, weekday, n] = /^(\d)#(\d)$/.exec(item) ?? [];
      if (last !== undefined) return wall.weekday === Number(last) % 7 && wall.day + 7 > wall.lastDay;
      return weekday !== undefined && wall.weekday === Number(weekday) % 7 && Math.ceil(wall.day / 7) === Number(n);
    });

/** The minutes of a quarter of an hour that a line of five fields names; `wall` is its first minute. */
const minutesNamed = (expression: string, wall: Wall): readonly number[] => {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.split(' ');
  if (!isIn(wall.hour, hour, 0, 23) || !isIn(wall.month, month, 1, 12)) return [];
  const [byMonth, byWeek] = [isDayOfMonth(wall, day), isDayOfWeek(wall, weekday)];
  if (!(/^[*?]/.test(day) || /^[*?]/.test(weekday) ? byMonth && byWeek : byMonth || byWeek)) return [];
  return Array.from({ length: 15 }, (_, index) => wall.minute + index).filter((each) => isIn(each, minute, 0, 59));
};

const MINUTE = 60_000;
const TWO_DAYS = 2 * 86_400_000;

/** All instants from `from` to `to` at which a line of five fields fires, by looking at every minute, changes of the clock included. */
export const firesByLooking = (
  expression: string,
  timeZone: string,
  dst: 'auto' | 'skip' | 'both',
  from: number,
  to: number,
): readonly number[] => {
  const [minute = '', hour = ''] = expression.split(' ');
  const follows = [minute, hour].some((text) => /^[*?]|\//.test(text));
  const fires = new Set<number>();
  const local = (wall: Wall): number => Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
  /** The quarters that the wall clock has shown: one that comes again is the second of two. */
  const seen = new Set<number>();
  const start = Math.floor(from / QUARTER) * QUARTER - TWO_DAYS;
  let previous = local(wallAt(start - QUARTER, timeZone));
  for (let at = start; at <= to; at += QUARTER) {
    const wall = wallAt(at, timeZone);
    const here = local(wall);
    // What the clock jumped over is looked at as well: it runs right after.
    if (!follows && dst !== 'skip')
      for (let missing = previous + QUARTER; missing < here; missing += QUARTER)
        if (minutesNamed(expression, wallAt(missing, 'UTC')).length > 0) fires.add(at);
    if (follows || dst === 'both' || !seen.has(here))
      for (const each of minutesNamed(expression, wall)) fires.add(at + (each - wall.minute) * MINUTE);
    seen.add(here);
    previous = here;
  }
  return [...fires].filter((at) => at >= from && at <= to).sort((a, b) => a - b);
};
