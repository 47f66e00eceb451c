import { texts } from '../texts.ts';

type Unit = 'd' | 'h' | 'min' | 's' | 'ms';
const MS: Readonly<Record<Unit, number>> = { d: 86_400_000, h: 3_600_000, min: 60_000, s: 1_000, ms: 1 };
const UNITS = Object.keys(MS) as readonly Unit[];

/** How people write the units, English and Chinese whatever the page's language is: what was copied from one page is read on the other. */
const NAMES: Readonly<Record<Unit, readonly string[]>> = {
  d: ['d', 'day', 'days', '天', '日'],
  h: ['h', 'hr', 'hrs', 'hour', 'hours', '小时', '时'],
  min: ['m', 'min', 'mins', 'minute', 'minutes', '分', '分钟'],
  s: ['s', 'sec', 'secs', 'second', 'seconds', '秒'],
  ms: ['ms', 'msec', 'millisecond', 'milliseconds', '毫秒'],
};
const BY_NAME = new Map(UNITS.flatMap((unit) => NAMES[unit].map((name) => [name, MS[unit]] as const)));
const PART = /(\d+(?:[.,]\d+)?)\s*([a-z\u4e00-\u9fff]+)/g;

/** Reads a length as people write it: `90s`, `5 min`, `1h30m`, `1.5 h`; a bare number is milliseconds. Whole milliseconds; undefined where it cannot be read. */
export const parseLength = (text: string): number | undefined => {
  const asked = text.trim().toLowerCase();
  if (/^\d+$/.test(asked)) return Number(asked);
  if (asked === '' || asked.replace(PART, '').trim() !== '') return undefined;
  let sum = 0;
  for (const [, count = '', unit = ''] of asked.matchAll(PART)) {
    const size = BY_NAME.get(unit);
    if (size === undefined) return undefined;
    sum += Number(count.replace(',', '.')) * size;
  }
  return Math.round(sum);
};

/** A length to read and to edit, exact to the millisecond: `1 min 30 s`. `parseLength` reads it back. */
export const lengthText = (ms: number): string => {
  let rest = ms;
  const parts = UNITS.flatMap((unit) => {
    const count = Math.floor(rest / MS[unit]);
    rest -= count * MS[unit];
    return count > 0 ? [`${String(count)} ${texts.units[unit]}`] : [];
  });
  return parts.length === 0 ? `0 ${texts.units.s}` : parts.join(' ');
};

const BYTES = { b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 } as const;

/** Reads a number of bytes: `10 MB`, `64k`, `1 MiB`, `2000000`. Whole bytes; undefined where it cannot be read. */
export const parseBytes = (text: string): number | undefined => {
  const [, count, unit = 'b'] = /^(\d+(?:[.,]\d+)?)\s*([kmg]i?b?|b)?$/.exec(text.trim().toLowerCase()) ?? [];
  if (count === undefined || !(unit in BYTES)) return undefined;
  return Math.round(Number(count.replace(',', '.')) * BYTES[unit as keyof typeof BYTES]);
};

/** Bytes to read and to edit, exact: in the largest unit that leaves at most one decimal. `parseBytes` reads it back. */
export const bytesText = (bytes: number): string => {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (bytes >= size && Number.isInteger((bytes / size) * 10)) return `${String(bytes / size)} ${unit}`;
  return `${String(bytes)} B`;
};
