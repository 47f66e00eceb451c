import { applyRunEvent, type Run, type RunEvent, type StoredRunEvent } from '../../src/domain/run.ts';
import type { LiveEvent } from '../../src/domain/wire.ts';
import { format } from './format.ts';
import type { Place } from './live.ts';
import { texts } from './texts.ts';

/** What an attempt printed: the end of it, where it is long. */
export type Printed = { readonly attempt: number; readonly text: string; readonly isCut: boolean };
export type Followed = { readonly run: Run; readonly printed: readonly Printed[] };

/** So many characters of an attempt are kept: no browser enjoys ten megabytes of text. */
export const MOST_CHARS = 200_000;

const OF_A_RUN = {
  claimed: true,
  started: true,
  output: true,
  killAsked: true,
  signalled: true,
  attemptEnded: true,
  finished: true,
  lost: true,
  dropped: true,
} as const satisfies Partial<Record<RunEvent['type'], true>>;

/** An event as the rest of the program knows it: bytes are bytes, and what a newer version tells is unknown. */
const eventOf = (sent: LiveEvent): StoredRunEvent => {
  if (!(sent.type in OF_A_RUN)) return { type: 'unknown', id: '', was: sent.type, raw: sent };
  const { data } = sent as { readonly data?: unknown };
  const bytes = typeof data === 'string' ? { data: Uint8Array.from(atob(data), (char) => char.charCodeAt(0)) } : {};
  return { ...sent, ...bytes } as unknown as StoredRunEvent;
};

const isAfter = (a: Place, b: Place): boolean => a.attempt > b.attempt || (a.attempt === b.attempt && a.seq > b.seq);

/** Follows a run from its first event on, by the same reducer as worker and master. `first` is what REST said of it: a newer state than the events that come
 *  first. An event that comes twice counts once. */
export const createFollowed = (first: Run) => {
  let run = first;
  let place: Place = { attempt: 1, seq: -1 };
  const attempts = new Map<number, Printed>();
  let decoder = new TextDecoder();

  const print = (attempt: number, more: string): void => {
    const before = attempts.get(attempt) ?? { attempt, text: '', isCut: false };
    const text = before.text + more;
    const isLong = text.length > MOST_CHARS * 1.5;
    attempts.set(attempt, { attempt, text: isLong ? text.slice(-MOST_CHARS) : text, isCut: before.isCut || isLong });
  };

  return {
    hear: (sent: LiveEvent): void => {
      const event = eventOf(sent);
      if ('seq' in event) {
        const at = { attempt: event.attempt, seq: event.seq };
        if (!isAfter(at, place)) return;
        // Bytes of a character that the attempt before did not finish are not the next one's.
        if (at.attempt !== place.attempt) decoder = new TextDecoder();
        place = at;
      }
      if (event.type === 'output') {
        if (event.droppedBytes) {
          decoder = new TextDecoder();
          print(event.attempt, `\n${texts.leftOut(format.bytes(event.droppedBytes))}\n`);
        }
        print(event.attempt, decoder.decode(event.data, { stream: true }));
      }
      run = applyRunEvent(run, event) ?? run;
    },
    followed: (): Followed => ({ run, printed: [...attempts.values()].filter(({ text }) => text !== '') }),
  };
};
