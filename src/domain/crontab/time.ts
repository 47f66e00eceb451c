const RANGES = ['0-59', '0-23', '1-31', '1-12', '0-6'] as const;
const NAMES: readonly (readonly string[])[] = [
  [],
  [],
  [],
  ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
];

export type Time = { readonly cronExpr: string; readonly notes: readonly string[] };

/** Names of cron dialects that say the same as a schedule of ours. */
const SAME: Readonly<Record<string, string>> = { '@every_minute': '* * * * *', '@every_second': '* * * * * *' };

/** A job takes no more; what is longer is refused, and not worth reading. */
const LONGEST = 10_000;

/** The time fields of a crontab as cron text of ours: `~` (a range of which cron draws a number by chance) becomes `H`, which draws it from the job's name. */
export const timeOf = (words: readonly string[]): Time => {
  const [first = ''] = words;
  if (words.length === 1) return { cronExpr: SAME[first.toLowerCase()] ?? first, notes: [] };
  const cronExpr = words.join(' ');
  if (words.length !== 5 || !cronExpr.includes('~') || cronExpr.length > LONGEST) return { cronExpr, notes: [] };
  const fields = words.map((word, index) =>
    word
      .split(',')
      .map((item) => drawn(item, index))
      .join(','),
  );
  return {
    cronExpr: fields.join(' '),
    notes: ['"~" lets cron draw a number by chance at each start; "H" draws it from the name of the job, and it stays the same'],
  };
};

const drawn = (item: string, field: number): string => {
  const parts = /^([a-z]{3}|\d*)~([a-z]{3}|\d*)(\/\d+)?$/i.exec(item);
  if (!parts) return item;
  const [lowest = '', highest = ''] = (RANGES[field] ?? '').split('-');
  const number = (text: string, otherwise: string): string => {
    if (text === '') return otherwise;
    const at = NAMES[field]?.indexOf(text.toLowerCase()) ?? -1;
    return at < 0 ? text : String(at);
  };
  return `H(${number(parts[1] ?? '', lowest)}-${number(parts[2] ?? '', highest)})${parts[3] ?? ''}`;
};
