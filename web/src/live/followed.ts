import { applyRunEvent, defined, type Run, type RunEvent, type StoredRunEvent } from '../../../src/domain/run.ts';
import type { LiveEvent } from '../../../src/domain/wire.ts';
import { format } from '../format.ts';
import { createTerminal, type Line } from '../output/terminal.ts';
import { texts } from '../texts.ts';

/** How an attempt ended. */
export type End = Pick<Run, 'outcome' | 'reason' | 'exitCode' | 'signal' | 'error' | 'durationMs'>;

/** One try of a run, and what it printed. */
export type Attempt = {
  readonly attempt: number;
  /** What a terminal would show: the end of it, where it is very long. */
  readonly lines: readonly Line[];
  /** Lines at the front were let go. */
  readonly isCut: boolean;
  readonly workerName?: string | undefined;
  readonly host?: string | undefined;
  readonly pid?: number | undefined;
  readonly startedAt?: string | undefined;
  readonly end?: End | undefined;
  /** Of one that was let go on past its time limit: its command has ended too. */
  readonly isOver?: true | undefined;
};

/** Who or what wants a run to end; `signal` is the last that its command got. */
export type Kill = {
  readonly at: string;
  readonly cause: string;
  readonly by?: string;
  readonly signal?: string;
  /** It waited for a further attempt, and nothing of it ran. */
  readonly isBetween?: true;
};

export type Followed = {
  readonly run: Run;
  /** In order; none while it waits. */
  readonly attempts: readonly Attempt[];
  readonly kill?: Kill | undefined;
  /** Of the job as it was when the last attempt was claimed. */
  readonly jobRevision?: number | undefined;
};

const OF_A_RUN = {
  claimed: true,
  started: true,
  output: true,
  killAsked: true,
  overdue: true,
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

type About = Omit<Attempt, 'attempt' | 'lines' | 'isCut'>;

/** What an attempt prints, as bytes come. */
const createPrinted = () => {
  const terminal = createTerminal();
  let decoder = new TextDecoder();
  return {
    about: {} as About,
    hear: ({ data, droppedBytes, at }: Extract<RunEvent, { type: 'output' }>): void => {
      if (droppedBytes) {
        decoder = new TextDecoder();
        terminal.note(texts.leftOut(format.bytes(droppedBytes)));
      }
      terminal.write(decoder.decode(data, { stream: true }), at);
    },
    terminal,
  };
};
type Printed = ReturnType<typeof createPrinted>;

/** Follows a run from its first event on, by the same reducer as worker and master. `first` is what REST said of it: a newer state than the events that come
 *  first. An event that comes twice counts once. */
export const createFollowed = (first: Run) => {
  let run = first;
  /** How far each attempt has told: a command that was let go on tells of itself while the next attempt runs. */
  const told = new Map<number, number>();
  let kill: Kill | undefined;
  let jobRevision: number | undefined;
  const attempts = new Map<number, Printed>();

  const attemptOf = (attempt: number): Printed => {
    const known = attempts.get(attempt) ?? createPrinted();
    attempts.set(attempt, known);
    return known;
  };
  const learn = (attempt: number, about: About): void => {
    const of = attemptOf(attempt);
    of.about = { ...of.about, ...about };
  };

  const hearOf = (event: Exclude<StoredRunEvent, { type: 'unknown' }>): void => {
    switch (event.type) {
      case 'claimed':
        ({ jobRevision } = event);
        kill = undefined; // of the attempt before
        learn(event.attempt, { workerName: event.workerName });
        return;
      case 'started':
        learn(event.attempt, { startedAt: event.at, host: event.host, pid: event.pid });
        return;
      case 'output':
        attemptOf(event.attempt).hear(event);
        return;
      case 'killAsked':
        kill = { at: event.at, cause: event.cause, ...defined({ by: event.by }) };
        return;
      case 'signalled':
        kill = { ...(kill ?? { at: event.at, cause: event.cause }), signal: event.signal };
        return;
      case 'attemptEnded':
      case 'finished':
        // The second end of one that was let go on is that of its command.
        learn(event.attempt, { end: event, ...(attemptOf(event.attempt).about.end && { isOver: true }) });
        return;
      case 'lost':
        // The attempt's own end, where it is known, is the truth.
        if (!attemptOf(event.attempt).about.end) learn(event.attempt, { end: { outcome: 'lost', reason: event.reason } });
        return;
      case 'dropped':
        if (event.outcome === 'killed' && event.attempt > 1)
          kill = { at: event.at, cause: 'killed', isBetween: true, ...defined({ by: event.by }) };
        return;
      default: // the end of a run without a start, and what is of no run
    }
  };

  return {
    hear: (sent: LiveEvent): void => {
      const event = eventOf(sent);
      if ('seq' in event) {
        if (event.seq <= (told.get(event.attempt) ?? -1)) return;
        told.set(event.attempt, event.seq);
      }
      if (event.type !== 'unknown') hearOf(event);
      run = applyRunEvent(run, event) ?? run;
    },
    followed: (): Followed => ({
      run,
      kill,
      jobRevision,
      attempts: [...attempts]
        .sort(([a], [b]) => a - b)
        .map(([attempt, { about, terminal }]) => ({ ...about, attempt, lines: terminal.lines(), isCut: terminal.isCut() })),
    }),
  };
};
