import { attemptPrefix, eventId, type StoredRunEvent } from '../domain/events.ts';
import { sleep, type Clock } from '../streams/clock.ts';
import type { RunLog } from '../streams/ports.ts';

/** A place in a run's events: the newest that was seen. `seq` -1 is before the first. */
export type Place = { readonly attempt: number; readonly seq: number };
export const START: Place = { attempt: 1, seq: -1 };

export type RunTailDeps = {
  readonly runLog: Pick<RunLog, 'eventsOf' | 'event'>;
  readonly clock: Clock;
  /** Ends the tail at its next look. */
  readonly signal: AbortSignal;
  /** Asked before each look: while it is false nothing is read, so that a slow reader costs no memory. */
  readonly mayRead: () => boolean;
  /** A log that is away is asked again. */
  readonly onError: (error: unknown) => void;
  /** Between two looks while nothing comes. */
  readonly lookMs?: number;
};

const LOOK_MS = 150;
/** Once a run has ended little may come, a correction or a further attempt: looks are so many times rarer. */
const RARER = 13;
const PAGE = 100;
/** So many lookups at once while events come, one while none do. */
const MOST_AHEAD = 16;
/** After so many looks in vain whatever comes next in the log is taken: a number that the log refused is missing for ever. */
const PATIENCE = 100;
const PATIENCE_AT_END = 3;

const idAt = (runId: string, { attempt, seq }: Place): string =>
  seq < 0 ? attemptPrefix(runId, attempt) : `${attemptPrefix(runId, attempt)}${String(seq).padStart(8, '0')}`;

/** The place of a numbered event; what a newer version wrote has its number in its id. */
const placeOf = (event: StoredRunEvent): Place | undefined => {
  const found = /\/(\d{3,})\/(\d{8})$/.exec(eventId(event));
  return found ? { attempt: Number(found[1]), seq: Number(found[2]) } : undefined;
};

const endsAttempt = ({ type }: StoredRunEvent): boolean =>
  type === 'finished' || type === 'lost' || type === 'dropped' || type === 'attemptEnded';
/** A run that was lost and is tried again has not ended: its next attempt is told as quickly as any. */
const endsRun = (event: StoredRunEvent): boolean =>
  event.type === 'finished' || event.type === 'dropped' || (event.type === 'lost' && event.nextAttemptAt === undefined);

type State = {
  place: Place;
  /** The log may have more than one page that is not told. */
  isPast: boolean;
  ahead: number;
  inVain: number;
  hasEnded: boolean;
  isAttemptOver: boolean;
};

/**
 * All events of a run after a place, each once and in order: first what the log has, in pages, then by looking up the ids that may come next (a point lookup is what
 * every log does fast). The log takes a batch in any order inside, so events are believed only as far as their numbers follow each other.
 */
export async function* runTail(runId: string, start: Place, deps: RunTailDeps): AsyncGenerator<StoredRunEvent> {
  const { runLog, clock, signal, mayRead, onError, lookMs = LOOK_MS } = deps;
  const told = new Set<string>();
  const now: State = { place: start, isPast: true, ahead: 1, inVain: 0, hasEnded: false, isAttemptOver: false };

  /** The next attempt is another worker's: its events may be in the log before the last of this one. */
  const follows = (next: Place): boolean =>
    next.attempt === now.place.attempt
      ? next.seq === now.place.seq + 1
      : now.isAttemptOver && next.attempt > now.place.attempt && next.seq === 0;

  const accepted = (events: readonly (StoredRunEvent | undefined)[], mayJump: boolean): StoredRunEvent[] => {
    const taken: StoredRunEvent[] = [];
    let jumps = mayJump;
    for (const event of events) {
      if (!event) continue;
      const at = placeOf(event);
      if (at ? !jumps && !follows(at) : told.has(eventId(event))) continue;
      if (at && at.attempt !== now.place.attempt) now.isAttemptOver = now.hasEnded = false;
      if (at) now.place = at;
      else told.add(eventId(event));
      jumps = false;
      now.isAttemptOver ||= endsAttempt(event);
      now.hasEnded ||= endsRun(event);
      taken.push(event);
    }
    return taken;
  };

  const page = async (mayJump: boolean): Promise<StoredRunEvent[]> => {
    const events = await runLog.eventsOf(runId, { after: idAt(runId, now.place), limit: PAGE });
    const taken = accepted(events, mayJump);
    now.isPast = events.length === PAGE && taken.length > 0;
    return taken;
  };

  const lookUp = async (): Promise<StoredRunEvent[]> => {
    const { attempt, seq } = now.place;
    const numbers = Array.from({ length: now.ahead }, (_, index) => idAt(runId, { attempt, seq: seq + 1 + index }));
    const others = [
      idAt(runId, { attempt: attempt + 1, seq: 0 }),
      ...['lost', 'dropped'].map((end) => attemptPrefix(runId, attempt) + end),
      `${attemptPrefix(runId, attempt + 1)}dropped`, // a further attempt that never started
    ];
    const taken = accepted(await Promise.all([...numbers, ...others].map((id) => runLog.event(id))), false);
    now.ahead = taken.length > 0 ? Math.min(MOST_AHEAD, now.ahead * 2) : 1;
    return taken;
  };

  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    if (!mayRead()) {
      await sleep(lookMs, clock);
      continue;
    }
    let found: StoredRunEvent[] = [];
    const wasPast = now.isPast;
    try {
      const isPatient = now.inVain < (now.hasEnded ? PATIENCE_AT_END : PATIENCE);
      if (!isPatient) now.inVain = 0;
      found = now.isPast || !isPatient ? await page(!isPatient) : await lookUp();
    } catch (error) {
      onError(error);
    }
    for (const event of found) {
      if (isOver()) return;
      yield event;
    }
    if (found.length > 0) {
      now.inVain = 0;
      continue;
    }
    now.inVain += 1;
    if (!wasPast || now.isPast) await sleep(now.hasEnded ? lookMs * RARER : lookMs, clock);
  }
}
