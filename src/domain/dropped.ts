import type { EventOf } from './events.ts';

type Piece = Pick<EventOf<'output'>, 'data' | 'droppedBytes'>;
const LINE_END = 10;

/** A line of its own in what a run printed, where bytes of it were dropped. */
const markOf = (bytes: number, isLineStart: boolean): Uint8Array =>
  new TextEncoder().encode(`${isLineStart ? '' : '\n'}[cronstream: ${String(bytes)} bytes were dropped here]\n`);

/** What a run printed, piece after piece, with a mark where bytes were dropped: the same bytes whoever puts them together. `end` gives what is left to be said after the last piece. */
export const createMarked = () => {
  let dropped = 0;
  let isLineStart = true;
  const mark = (): readonly Uint8Array[] => {
    const marks = dropped > 0 ? [markOf(dropped, isLineStart)] : [];
    dropped = 0;
    return marks;
  };
  return {
    of: ({ data, droppedBytes = 0 }: Piece): readonly Uint8Array[] => {
      // Pieces that are gone one after the other have one mark.
      dropped += droppedBytes;
      if (data.length === 0) return [];
      const bytes = [...mark(), data];
      isLineStart = data.at(-1) === LINE_END;
      return bytes;
    },
    end: mark,
  };
};
