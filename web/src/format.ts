/** Every instant, length and number that is shown goes through here: the viewer's zone and language, UTC where one hovers. */
const instant = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

export const formatInstant = (at: string, now: number): string => {
  const date = new Date(at);
  return new Date(now).toDateString() === date.toDateString() ? clockTime.format(date) : instant.format(date);
};

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** `1 h 5 min`, `12 s`, `340 ms`: two units at most. */
export const formatLength = (ms: number): string => {
  if (ms < 1_000) return `${String(Math.max(0, Math.round(ms)))} ms`;
  const first = UNITS.findIndex(([length]) => ms >= length);
  const [big, small] = [UNITS[first], UNITS[first + 1]];
  if (!big) return '';
  const rest = small ? Math.floor((ms % big[0]) / small[0]) : 0;
  return `${String(Math.floor(ms / big[0]))} ${big[1]}${small && rest > 0 ? ` ${String(rest)} ${small[1]}` : ''}`;
};

/** `in 12 s`, `2 min ago`, `now`. */
export const formatDistance = (at: string, now: number): string => {
  const ms = Date.parse(at) - now;
  if (Math.abs(ms) < 1_000) return 'now';
  const length = formatLength(
    Math.abs(ms) >= 60_000 ? Math.floor(Math.abs(ms) / 60_000) * 60_000 : Math.floor(Math.abs(ms) / 1_000) * 1_000,
  );
  return ms > 0 ? `in ${length}` : `${length} ago`;
};
