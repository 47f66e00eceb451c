import { hash53 } from '../hash.ts';
import type { FieldName, Words } from './words.ts';

/** What only the dialect knows, beside the plain numbers. `last`: so many days before the month's end. */
export type Special =
  | { readonly is: 'last'; readonly before: number }
  | { readonly is: 'lastWorkday' }
  | { readonly is: 'nearest'; readonly day: number }
  | { readonly is: 'lastOf'; readonly weekday: number }
  | { readonly is: 'nth'; readonly weekday: number; readonly n: number };

/** One field, rewritten: `plain` holds items that every cron parser knows (numbers, forward ranges, steps), none where all is special. */
export type Rewritten = {
  readonly plain: readonly string[];
  readonly special: readonly Special[];
  /** Begins with `*` or `?`: it does not restrict the day (Vixie's rule, also for a star with a step). */
  readonly isStar: boolean;
  readonly hasStep: boolean;
  /** The field as text with `H` replaced by what it stands for; the rest as it was written. */
  readonly text: string;
};

/** What is wrong with an item, and where it begins in its field (0 is the first character). */
export type Fault = { readonly offset: number; readonly message: string };

type Range = { readonly from: number; readonly to: number; readonly names: readonly string[] };

const MONTHS = ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** What may stand in a field. Names stand for the number of their place. */
export const RANGES: Readonly<Record<FieldName, Range>> = {
  second: { from: 0, to: 59, names: [] },
  minute: { from: 0, to: 59, names: [] },
  hour: { from: 0, to: 23, names: [] },
  dayOfMonth: { from: 1, to: 31, names: [] },
  month: { from: 1, to: 12, names: MONTHS },
  dayOfWeek: { from: 0, to: 7, names: WEEKDAYS },
  year: { from: 1970, to: 2099, names: [] },
};

/** The last number of its own: Sunday is 0 and 7. */
const lastOwn = (field: FieldName): number => (field === 'dayOfWeek' ? 6 : RANGES[field].to);

type Answer = { readonly plain?: string; readonly special?: Special; readonly text?: string } | { readonly fault: string };

/** Rewrites a field of the dialect: names, wrapped ranges, `H`, `L`, `W` and `#`. `job` is the name that `H` counts from. */
export const rewriteField = (field: FieldName, text: string, job: string, words: Words): Rewritten | Fault => {
  const plain = new Set<string>();
  const special: Special[] = [];
  const texts: string[] = [];
  let offset = 0;
  for (const item of text.split(',')) {
    const answer = rewriteItem(field, item, job, words);
    if ('fault' in answer) return { offset, message: answer.fault };
    if (answer.plain !== undefined) for (const each of answer.plain.split(',')) plain.add(each);
    if (answer.special) special.push(answer.special);
    texts.push(answer.text ?? item);
    offset += item.length + 1;
  }
  return {
    plain: [...plain],
    special,
    isStar: /^[*?]/.test(text),
    hasStep: text.includes('/'),
    text: texts.join(','),
  };
};

const ITEM = /^(?:([*?])|([A-Z]{3}|\d+)(?:-([A-Z]{3}|\d+))?)(?:\/(\d+))?$/;

/** Longer than any field; a number that cron-parser reads. */
const LONGEST_STEP = 1_000;

const rewriteItem = (field: FieldName, item: string, job: string, words: Words): Answer => {
  const upper = item.toUpperCase();
  if (upper === '') return { fault: words.emptyItem };
  if (/^H(?:$|[(/])/.test(upper)) return hashed(field, upper, item, job, words);
  const special = specialItem(field, upper, item, words);
  if (special) return special;
  const match = ITEM.exec(upper);
  if (!match) return { fault: words.notItem(item, words.expected[field]) };
  const [, star, first, second, step] = match;
  if (step !== undefined && Number(step) === 0) return { fault: words.noStep(item) };
  const stepText = step === undefined ? '' : `/${String(Math.min(Number(step), LONGEST_STEP))}`;
  if (star !== undefined)
    return {
      plain: `${String(RANGES[field].from)}-${String(lastOwn(field))}${stepText}`,
      // "Every 90 minutes" is what it does not do.
      ...(Number(step ?? 1) > lastOwn(field) - RANGES[field].from ? { text: String(RANGES[field].from) } : {}),
    };
  const from = numberOf(field, first ?? '', words);
  const to = second === undefined ? undefined : numberOf(field, second, words);
  if (typeof from === 'string') return { fault: from };
  if (typeof to === 'string') return { fault: to };
  if (to === undefined)
    return step === undefined
      ? { plain: String(from) }
      : {
          plain: `${String(from)}-${String(Math.max(from, lastOwn(field)))}${stepText}`,
          ...(Number(step) > lastOwn(field) - from
            ? { text: String(from) }
            : field === 'year'
              ? { text: `${String(from)}-${String(lastOwn(field))}${stepText}` }
              : {}),
        };
  if (from <= to)
    return {
      plain: `${String(from)}-${String(to)}${stepText}`,
      ...(Number(step ?? 1) > to - from ? { text: String(from) } : {}),
    };
  if (field === 'year') return { fault: words.backward(item) };
  return { plain: wrapped(field, from, to, Number(step ?? 1)) };
};

/** `22-2` goes over midnight, `FRI-MON` over the week's end: as a list. */
const wrapped = (field: FieldName, from: number, to: number, step: number): string => {
  const base = RANGES[field].from;
  const size = lastOwn(field) - base + 1;
  const numbers: number[] = [];
  for (let each = from; each <= to + size; each += step) numbers.push(((each - base) % size) + base);
  return numbers.join(',');
};

const numberOf = (field: FieldName, text: string, words: Words): number | string => {
  const { from, to, names } = RANGES[field];
  if (/^\d/.test(text)) {
    const number = Number(text);
    return number >= from && number <= to ? number : words.outOfRange(text, words.fields[field], from, to);
  }
  const named = names.indexOf(text);
  return named >= 0 ? named : words.notItem(text, words.expected[field]);
};

const specialItem = (field: FieldName, upper: string, item: string, words: Words): Answer | undefined => {
  const isDay = field === 'dayOfMonth' || field === 'dayOfWeek';
  if (/^(?:L|LW|L-\d+|\d+W|(?:\d|[A-Z]{3})L|\w+#\d*)$/.test(upper) && !isDay)
    return { fault: words.onlyDays(item, words.fields[field]) };
  if (field === 'dayOfMonth') {
    if (upper === 'L') return { special: { is: 'last', before: 0 } };
    if (upper === 'LW') return { special: { is: 'lastWorkday' } };
    const before = /^L-(\d+)$/.exec(upper)?.[1];
    if (before !== undefined)
      return Number(before) <= 30
        ? { special: { is: 'last', before: Number(before) } }
        : { fault: words.outOfRange(before, words.fields[field], 0, 30) };
    const nearest = /^(\d+)W$/.exec(upper)?.[1];
    if (nearest === undefined) return undefined;
    const day = numberOf(field, nearest, words);
    return typeof day === 'string' ? { fault: day } : { special: { is: 'nearest', day } };
  }
  if (field !== 'dayOfWeek') return undefined;
  if (upper === 'L') return { fault: words.lastWeekday };
  const last = /^(\d|[A-Z]{3})L$/.exec(upper)?.[1];
  const [, day, n] = /^(\d+|[A-Z]{3})#(\d*)$/.exec(upper) ?? [];
  const weekday = last ?? day;
  if (weekday === undefined) return undefined;
  const number = numberOf(field, weekday, words);
  if (typeof number === 'string') return { fault: number };
  if (last !== undefined) return { special: { is: 'lastOf', weekday: number % 7 } };
  return Number(n) >= 1 && Number(n) <= 5
    ? { special: { is: 'nth', weekday: number % 7, n: Number(n) } }
    : { fault: words.nth(item) };
};

/** `H`, `H/15`, `H(0-29)`, `H(0-29)/10`: a number, or a step's first number, that the job's name decides. In the day of month up to 28, so that every month has it. */
const hashed = (field: FieldName, upper: string, item: string, job: string, words: Words): Answer => {
  const match = /^H(?:\((\d+)-(\d+)\))?(?:\/(\d+))?$/.exec(upper);
  if (!match) return { fault: words.notItem(item, words.expected[field]) };
  const [, first, second, step] = match;
  const from = first === undefined ? RANGES[field].from : numberOf(field, first, words);
  const to = second === undefined ? (field === 'dayOfMonth' ? 28 : lastOwn(field)) : numberOf(field, second, words);
  if (typeof from === 'string') return { fault: from };
  if (typeof to === 'string') return { fault: to };
  if (from >= to) return { fault: words.noHash(item) };
  if (step !== undefined && Number(step) === 0) return { fault: words.noStep(item) };
  const size = step === undefined ? to - from + 1 : Math.min(Number(step), to - from + 1);
  const start = from + (hash53(`H ${field} ${job}`) % size);
  const plain =
    step === undefined ? String(start) : `${String(start)}-${String(to)}/${String(Math.min(Number(step), LONGEST_STEP))}`;
  return { plain, text: plain };
};
