import { CronExpressionParser, type CronExpression } from 'cron-parser';

/** The only import of cron-parser: it checks six fields and walks forward. Its own walk backward is wrong at changes of the clock and is never used. */
export type Walk = (after: number) => number | undefined;

const cache = new Map<string, Walk>();
const CACHED = 20_000;

/** The walk of six fields in a zone, shared by all who have the same text. Throws what cron-parser says of a bad text. The walk answers the
 *  first instant (ms) later than `after`, or undefined where there is none. */
export const walkOf = (fields: string, timezone: string): Walk => {
  const key = `${timezone} ${fields}`;
  const known = cache.get(key);
  if (known) return known;
  const walk = memoized(walker(CronExpressionParser.parse(fields, { tz: timezone, currentDate: new Date(0) })));
  if (cache.size >= CACHED) cache.clear();
  cache.set(key, walk);
  return walk;
};

const walker =
  (expression: CronExpression): Walk =>
  (after) => {
    try {
      expression.reset(new Date(after));
      // Around a change of the clock the first answer may lie at or before the start: what is not later is no answer.
      for (let tries = 0; tries < 8; tries += 1) {
        const next = expression.next().getTime();
        if (next > after) return next;
      }
      return undefined;
    } catch {
      return undefined; // nothing within the years that it looks at
    }
  };

/** One answer holds for every question between the one that was asked and itself: a hundred jobs with one text ask once. */
const memoized = (walk: Walk): Walk => {
  let asked = Number.POSITIVE_INFINITY;
  let answer: number | undefined;
  return (after) => {
    if (after >= asked && answer !== undefined && after < answer) return answer;
    asked = after;
    answer = walk(after);
    return answer;
  };
};

/** Why cron-parser does not take one field, undefined when it does. The other fields are `*`, so that the field is what the words are about. */
export const fieldFault = (index: number, text: string): string | undefined => {
  const fields = ['0', '*', '*', '*', '*', '*'].map((each, at) => (at === index ? text : each)).join(' ');
  try {
    CronExpressionParser.parse(fields, { tz: 'UTC', currentDate: new Date(0) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

export const isTimezone = (timezone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
};

const yearFormats = new Map<string, Intl.DateTimeFormat>();

/** The year of an instant in a zone. Only within a day of New Year can it differ from the UTC one. */
export const yearOf = (at: number, timezone: string): number => {
  const date = new Date(Math.max(0, at));
  const year = date.getUTCFullYear();
  const fromNewYear = Math.min(at - Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1) - at);
  if (fromNewYear > 86_400_000) return year;
  const format =
    yearFormats.get(timezone) ?? new Intl.DateTimeFormat('en', { timeZone: timezone, year: 'numeric', calendar: 'gregory' });
  yearFormats.set(timezone, format);
  return Number(format.format(date));
};
