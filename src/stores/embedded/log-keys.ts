import { keyAfter, rangeOf, type KeyRange } from '../key-range.ts';

/** lmdb's own limit. */
export const MOST_KEY_BYTES = 1_978;

/** A key to look for. One that no key can be (longer than any, or empty) becomes another that finds nothing, and is no error. */
export const keyOf = (text: string): Buffer => (text === '' ? Buffer.of(0) : Buffer.from(text).subarray(0, MOST_KEY_BYTES));

/** Where the keys with a prefix lie, behind the given one if that is among them. */
export const rangeOfPrefix = (prefix: string, after: string | undefined): KeyRange => {
  const { start, end } = rangeOf(prefix);
  const next = after === undefined ? start : keyAfter(keyOf(after)).subarray(0, MOST_KEY_BYTES);
  return { start: Buffer.compare(next, start) > 0 ? next : start, end };
};
