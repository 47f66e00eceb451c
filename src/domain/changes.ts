/** What became another one between two versions of a job: absent `before` came, absent `after` went. `path` as in problems: `/retry/max`. */
export type FieldChange = { readonly path: string; readonly before?: unknown; readonly after?: unknown };

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The steps of a path as problems have it (RFC 6901): `/env/A~1B` is `env`, then `A/B`. */
export const stepsOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

const asStep = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** A path for people: `retry.max`. */
export const pathText = (path: string): string => stepsOf(path).join('.');

/** The value at a path; undefined where there is none. */
export const valueAt = (value: unknown, path: string): unknown =>
  stepsOf(path).reduce<unknown>((at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined), value);

/** Whether two values are the same but for the order of fields. */
export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : Array.isArray(value)
      ? value.map(sorted)
      : value;

/** The fields in which two versions of a job differ, in the order of the first, then of the second. Objects are taken apart, also where only one has them; lists are one field. */
export const changesBetween = (before: Fields, after: Fields, at = ''): readonly FieldChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [a, b] = [before[key], after[key]];
    const path = `${at}/${asStep(key)}`;
    if (isSame(a, b)) return [];
    if ((isObject(a) || a === undefined) && (isObject(b) || b === undefined)) {
      // Empty where an object that has nothing came or went.
      const inner = changesBetween(a ?? {}, b ?? {}, path);
      if (inner.length > 0) return inner;
    }
    return [{ path, ...(a !== undefined && { before: a }), ...(b !== undefined && { after: b }) }];
  });
