import { closeSync, openSync, readSync } from 'node:fs';
import type { EventOf, RunEvent } from '../domain/events.ts';
import { unlessAbsent } from './absent.ts';

/** A line of the `events` file. Output lies in `out` and only its place stands here: cut once, before it is shipped, so that shipping again gives the same event.
 *  `place` is where it stands in `out`, if that is not its offset: a command that opens `/dev/stderr` anew empties the file. */
export type Line =
  | Exclude<RunEvent, { type: 'output' }>
  | (Omit<EventOf<'output'>, 'data'> & { readonly length: number; readonly place?: number });
type OutputLine = Extract<Line, { type: 'output' }>;
/** A piece of the output that becomes one event. */
export type Span = Pick<OutputLine, 'offset' | 'length' | 'droppedBytes'>;

const CHUNK_BYTES = 64 * 1024;

/** What of an output of `size` bytes becomes events now, where the first `cutTo` bytes have become so already. While the command runs that is the head, half of the limit; at its
 *  end the rest, or of one above the limit the tail, and what is left out between is said. Pure. `end` is the next `cutTo`. */
export const cutOf = ({
  size,
  cutTo,
  limitBytes,
  isEnd,
}: {
  readonly size: number;
  readonly cutTo: number;
  readonly limitBytes: number;
  readonly isEnd: boolean;
}): { readonly spans: readonly Span[]; readonly end: number } => {
  const headBytes = Math.floor(limitBytes / 2);
  const headTo = Math.max(cutTo, Math.min(size, isEnd && size <= limitBytes ? size : headBytes));
  const head = chunks(cutTo, headTo);
  if (!isEnd) return { spans: head, end: headTo };
  const tailFrom = Math.max(headTo, size - (limitBytes - headBytes));
  const [first, ...others] = chunks(tailFrom, size);
  const droppedBytes = tailFrom - headTo;
  const tail = first ? [droppedBytes > 0 ? { ...first, droppedBytes } : first, ...others] : [];
  return { spans: [...head, ...tail], end: Math.max(size, headTo) };
};

const chunks = (from: number, to: number): readonly Span[] => {
  const spans: Span[] = [];
  for (let offset = from; offset < to; offset += CHUNK_BYTES) spans.push({ offset, length: Math.min(CHUNK_BYTES, to - offset) });
  return spans;
};

export const placeOf = ({ offset, place = offset }: OutputLine): number => place;

/** The event of a cut, with its bytes as they were printed. Of a file that was shortened (the spool's limit), removed or emptied since (`emptiedAt`) it says how much is gone. */
export const readCut = (out: string, cut: OutputLine, emptiedAt = 0): RunEvent => {
  const { length, place: _place, ...line } = cut;
  const data = new Uint8Array(length);
  const bytesRead = line.offset < emptiedAt ? 0 : readAt(out, data, placeOf(cut));
  const isGone = bytesRead === 0 && length > 0;
  return { ...line, data: data.subarray(0, bytesRead), ...(isGone && { droppedBytes: (line.droppedBytes ?? 0) + length }) };
};

const readAt = (path: string, data: Uint8Array, offset: number): number => {
  const file = unlessAbsent(() => openSync(path, 'r'));
  if (file === undefined) return 0;
  try {
    return readSync(file, data, 0, data.length, offset);
  } finally {
    closeSync(file);
  }
};

/** What lies between the head and what may become the tail of an output that is still being printed: it will never be told. Undefined where that is less than `leastBytes`. Pure. */
export const middleOf = ({
  size,
  cutTo,
  limitBytes,
  leastBytes,
}: {
  readonly size: number;
  readonly cutTo: number;
  readonly limitBytes: number;
  readonly leastBytes: number;
}): { readonly offset: number; readonly length: number } | undefined => {
  const headBytes = Math.floor(limitBytes / 2);
  if (cutTo < headBytes) return undefined; // the head is not told yet
  const offset = Math.ceil(cutTo / PAGE_BYTES) * PAGE_BYTES;
  const length = Math.floor((size - (limitBytes - headBytes) - offset) / PAGE_BYTES) * PAGE_BYTES;
  return length >= Math.max(leastBytes, PAGE_BYTES) ? { offset, length } : undefined;
};

const PAGE_BYTES = 4_096;
