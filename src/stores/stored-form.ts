import { isDeepStrictEqual } from 'node:util';
import type { RunEvent } from '../domain/events.ts';

/** An event in the form that both stores keep it in, and give back unchanged: what JSON cannot say is left out as JSON does (undefined fields, -0, NaN), and in texts NUL and halves of surrogate
 *  pairs, which a server may refuse or change, become U+FFFD. Only texts of errors and the like can have those; the bytes of output are kept as they are. */
export const storedForm = (event: RunEvent): RunEvent => plain(event) as RunEvent;

/** Whether two events say the same, whatever the order of their fields and the kind of array that holds their bytes. */
export const saysTheSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));

const plain = (value: unknown): unknown => {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null; // -0 + 0 is 0
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map((each: unknown) => plain(each ?? null));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [textOf(key), plain(each)]),
  );
};

const textOf = (text: string): string =>
  // Most texts have none of them: they are not copied.
  /[\0\ud800-\udfff]/.test(text) ? Buffer.from(text).toString().replaceAll('\0', '\uFFFD') : text;
