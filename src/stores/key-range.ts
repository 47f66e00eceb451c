const ZERO = Buffer.from([0]);

/** The keys from `start` to before `end`; without `end`, all from `start` on. In the order of their bytes, which is that of both stores. */
export type KeyRange = { readonly start: Buffer; readonly end: Buffer | undefined };

/** The range of all keys that begin with the prefix. */
export const rangeOf = (prefix: string): KeyRange => {
  if (prefix === '') return { start: ZERO, end: undefined };
  const end = Buffer.from(prefix);
  // UTF-8 has no byte 0xff, so the last byte can always be raised.
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return { start: Buffer.from(prefix), end };
};

/** The first key after the given one. */
export const keyAfter = (key: Uint8Array): Buffer => Buffer.concat([key, ZERO]);
