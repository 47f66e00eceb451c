import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FILES, type Exit } from '../launcher/protocol.ts';
import type { RunEvent } from '../domain/events.ts';
import { toMs } from '../domain/instant.ts';
import { openEventFile } from './event-file.ts';
import { cutOf, middleOf, placeOf, readCut, type Line } from './output-cuts.ts';

/** What the small files and the folder itself take on a disk, about. */
export const FOLDER_BYTES = 16_384;
/** Ends of attempts outlive a power cut too: whoever reads the outcome in the coordination store will find it in the run log. */
const SYNCED: readonly RunEvent['type'][] = ['finished', 'attemptEnded'];

/** In place of a process: it was never started and never will be. */
const FORBIDDEN = 'never started';

/** An event of an attempt before it has its number. */
export type Unnumbered = {
  [T in AttemptEvent['type']]: Omit<Extract<AttemptEvent, { type: T }>, 'v' | 'seq' | 'job' | 'runId' | 'attempt'>;
}[AttemptEvent['type']];
type AttemptEvent = Exclude<Extract<RunEvent, { seq: number }>, { type: 'output' }>;

export type FolderOf = { readonly job: string; readonly runId: string; readonly attempt: number };

/** The spool folder of one attempt: what is in it is the truth about the attempt until the run log has confirmed all of it. Whatever writes rejects when the disk does not take
 *  it, and leaves the folder as it was. */
export type RunFolder = ReturnType<typeof openRunFolder>;

/** A line of the file `run`: of each kind the last one counts. `followed`: the coordination store has the end, and a further attempt follows. `over`: it has the end, and nothing will be added. */
type RunLine = { readonly facts: unknown } | { readonly begun: true } | { readonly followed: true } | { readonly over: true };

/** What a folder says of the attempt that it is of; `facts` is undefined where that cannot be read. */
export const readRun = (dir: string): { readonly facts: unknown; readonly isOver: boolean } => {
  let facts: unknown;
  let isOver = false;
  const onLine = (line: RunLine): void => {
    if ('facts' in line) facts = line.facts;
    isOver ||= 'over' in line;
  };
  openEventFile<RunLine>({ path: join(dir, FILES.run), onLine });
  return { facts, isOver };
};

/** What a folder that is not open takes on the disk, in bytes, about, and when its last event was written (ms), which is its end. */
export const sizeOf = (
  dir: string,
): { readonly bytes: number; readonly outputBytes: number; readonly endedAt: number | undefined } => {
  const [events, out] = [FILES.events, FILES.out].map((name) => statSync(join(dir, name), { throwIfNoEntry: false }));
  const outputBytes = (out?.blocks ?? 0) * 512;
  return { bytes: FOLDER_BYTES + (events?.size ?? 0) + outputBytes, outputBytes, endedAt: events?.mtimeMs };
};

/** Throws away the output of a folder that is not open and of which nothing is on its way: its events will say that it is gone. False where that cannot be done. */
export const isOutputGone = (dir: string): Promise<boolean> =>
  truncate(join(dir, FILES.out)).then(
    () => true,
    () => false,
  );

/** Opens the folder, which need not be there yet. Lines that a crash left half-written are cut off. `onMore` is called when there is something to take. */
export const openRunFolder = (dir: string, of: FolderOf, onMore: () => void = () => undefined) => {
  const path = (name: keyof typeof FILES): string => join(dir, FILES[name]);
  let isBegun = false;
  let isFollowed = false;
  let meant = 0;
  const noteRun = (line: RunLine): void => {
    isBegun ||= 'begun' in line;
    isFollowed ||= 'followed' in line;
  };
  const run = openEventFile<RunLine>({ path: path('run'), onLine: noteRun });
  const told = new Set<RunEvent['type']>();
  let cutTo = 0;
  /** So much had been told when the command emptied its own output (`> /dev/stderr`): its file began anew there. */
  let emptiedAt = 0;
  let ends = 0;
  let endedAt: number | undefined;
  const note = (line: Line): void => {
    told.add(line.type);
    if (line.type === 'finished' || line.type === 'attemptEnded') {
      ends += 1;
      endedAt = toMs(line.at);
    }
    if (line.type !== 'output') return;
    cutTo = Math.max(cutTo, line.offset + line.length);
    emptiedAt = line.offset - placeOf(line);
  };
  const events = openEventFile<Line>({ path: path('events'), shippedPath: path('shipped'), onLine: note });
  let isReleased = false;
  /** Of `out`: what it takes on the disk, how long it is, its limit, and how far its events were handed out. */
  let outBytes = 0;
  let outSize = 0;
  let outLimit = Number.MAX_SAFE_INTEGER;
  let handedTo = 0;
  let punchedTo = 0;
  let fullLimit = Number.MAX_SAFE_INTEGER;
  // Everything that reads or writes the folder goes one after the other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => T | Promise<T>): Promise<T> => {
    const done = turn.then(act, act);
    turn = done.catch(() => undefined);
    return done;
  };
  const sizeOfOut = (): number => {
    const found = statSync(path('out'), { throwIfNoEntry: false });
    outBytes = (found?.blocks ?? 0) * 512;
    outSize = found?.size ?? 0;
    return outSize;
  };
  sizeOfOut();
  const make = (): void => void mkdirSync(dir, { recursive: true, mode: 0o700 });
  const addLines = async (added: readonly Line[]): Promise<void> => {
    if (added.length === 0) return;
    await events.append(
      added,
      added.some(({ type }) => SYNCED.includes(type)),
    );
    added.forEach(note);
    onMore();
  };

  const punch = async (offset: number, length: number): Promise<void> => {
    await promisify(execFile)('fallocate', ['-p', '-o', String(offset), '-l', String(length), path('out')]);
    punchedTo = offset + length;
    sizeOfOut();
  };
  /** The disk is full, perhaps of this very output, and the command has ended: half of what was to be kept goes, each time anew, so that the end can be told. */
  const giveWay = async (size: number): Promise<void> => {
    const limitBytes = Math.floor(Math.min(outLimit, size) / 2);
    const middle = middleOf({ size, cutTo: Math.max(cutTo, Math.floor(limitBytes / 2)), limitBytes, leastBytes: 0 });
    if (!middle) return;
    await punch(middle.offset - emptiedAt, middle.length);
    fullLimit = limitBytes;
  };

  return {
    dir,
    of,
    /** What the run was meant as, and then what it was claimed as. */
    writeFacts: (facts: unknown) => {
      meant += 1;
      return inTurn(() => {
        make();
        return run.append([{ facts }]);
      });
    },
    /** True once for an attempt, whatever crashes lie between (design.md §5.1). */
    begin: () =>
      inTurn(async () => {
        if (isBegun) return false;
        make();
        await run.append([{ begun: true }]);
        return (isBegun = true);
      }),
    isBegun: (): boolean => isBegun,
    /** How often it was meant by this process, where it tells of no run yet: the claim is not known to hold. Else 0. */
    timesMeant: (): number => (isBegun || isReleased || told.has('claimed') ? 0 : meant),
    /** Takes the file that a launcher makes before it starts the command. True where no launcher had made it: then none will start it, also not by an order that it reads later. */
    forbidStart: () =>
      inTurn(() => {
        make();
        return isMade(path('pid'), FORBIDDEN) || readFileSync(path('pid'), 'utf8') === FORBIDDEN;
      }),
    /** Of this very attempt: a launcher that the disk kept waiting may have written into the folder when it served another one. */
    exit: () =>
      inTurn(() => {
        const exit = readJson(path('exit')) as Exit | null | undefined;
        return exit?.runId === of.runId && exit.attempt === of.attempt ? exit : undefined;
      }),
    tell: (event: Unnumbered) => inTurn(() => addLines([{ v: 1, ...of, seq: events.count(), ...event }])),
    /** Makes output events of what the command has printed since: its head while it runs, and at the end the rest or, above the limit, the tail. Answers what there is in all. */
    cut: (at: string, limitBytes: number, isEnd: boolean) =>
      inTurn(async () => {
        const sizeOfFile = sizeOfOut();
        // An output that ended may have been shortened by the spool's limit.
        if (sizeOfFile < cutTo - emptiedAt && ends === 0) [emptiedAt, punchedTo] = [cutTo, 0];
        const size = emptiedAt + sizeOfFile;
        outLimit = Math.min(limitBytes, fullLimit);
        const { spans, end } = cutOf({ size, cutTo, limitBytes: outLimit, isEnd });
        const lines = spans.map((span, index): Line => {
          const place = emptiedAt > 0 ? { place: span.offset - emptiedAt } : undefined;
          return { v: 1, type: 'output', ...of, seq: events.count() + index, at, ...span, ...place };
        });
        await addLines(lines).catch(async (error: unknown) => {
          if (isEnd && isFull(error)) await giveWay(size);
          throw error;
        });
        cutTo = end;
        return { outputBytes: size, truncated: size > outLimit || emptiedAt > 0 };
      }),
    /** The next events that were not handed out yet, at most so many and about so many bytes. Where it rejects, none is handed out. */
    take: (most: number, mostBytes: number) =>
      inTurn(() => {
        const lines = events.next(most, mostBytes, (line) => (line.type === 'output' ? line.length : 200));
        const taken = lines.map((line): RunEvent => (line.type === 'output' ? readCut(path('out'), line, emptiedAt) : line));
        events.handed(lines.length);
        for (const line of lines) if (line.type === 'output') handedTo = placeOf(line) + line.length;
        return taken;
      }),
    /** The run log has so many more of those that were handed out, in their order. */
    confirm: (count: number) => inTurn(() => events.confirm(count)),
    /** Whether an event of this type stands in the folder: a worker that was killed in mid-end must not tell the end twice. */
    hasTold: (type: RunEvent['type']): boolean => told.has(type),
    /** How many ends of the attempt are told: of one that was abandoned there are two, that of the run and that of its command. */
    ends: (): number => ends,
    hasMore: (): boolean => events.hasMore(),
    /** Nothing will be added any more, and nobody but the run log needs it. */
    release: (): void => {
      isReleased = true;
    },
    /** Writes down that a further attempt follows: whoever looks at it anew, its run key gone meanwhile, must not tell the end of the run. */
    noteFollowed: () =>
      inTurn(async () => {
        isFollowed = true;
        await run.append([{ followed: true }]).catch(() => undefined);
      }),
    isFollowed: (): boolean => isFollowed,
    /** Writes down that it was released: whoever opens the spool anew need not look into it. Where the disk does not take it, it will be looked into. */
    noteOver: async (): Promise<void> => {
      await run.append([{ over: true }]).catch(() => undefined);
    },
    isDone: (): boolean => isReleased && events.isConfirmed(),
    /** When the attempt ended (ms), where it has and the run log does not have all of it yet. */
    waitsSince: (): number | undefined => (isReleased && !events.isConfirmed() ? endedAt : undefined),
    endedAt: (): number | undefined => endedAt,
    /** Nothing of it is on its way and nothing will be added: the folder may be closed and opened again. */
    isAtRest: (): boolean => isReleased && !events.isUnderway(),
    /** What it takes on the disk, as far as it was looked at. */
    bytes: (): number => FOLDER_BYTES + events.bytes() + outBytes,
    outputBytes: (): number => outBytes,
    /** Throws away the output of a command that has ended, from what was not handed out yet on; its events say how much is gone. Answers what that freed. */
    dropOutput: () =>
      inTurn(() => {
        sizeOfOut();
        const before = outBytes;
        if (!isReleased || outSize <= handedTo) return 0;
        truncateSync(path('out'), handedTo);
        sizeOfOut();
        return before - outBytes;
      }),
    /** Gives back the disk below the middle of an output that is still being printed and is above its limit: what would never be told. Rejects where the file system cannot. */
    punchOutput: (leastBytes: number) =>
      inTurn(async () => {
        const middle = middleOf({
          size: outSize,
          cutTo: Math.max(cutTo - emptiedAt, punchedTo),
          limitBytes: outLimit,
          leastBytes,
        });
        if (!middle || isReleased) return;
        const { offset, length } = middle;
        await punch(offset, length);
      }),
    // The launcher may still lay a file down while this goes through the folder: then it is not empty at the end, and is gone through again.
    remove: () => inTurn(() => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })),
    /** Empties it and leaves it under another name, for another attempt. False where it is to be removed: to give back a large file takes the disk a while. */
    emptyInto: (spare: string): boolean => sizeOfOut() <= SMALL_BYTES && isEmptied(dir, spare),
  };
};

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

const SMALL_BYTES = 1024 * 1024;

/** What nobody but the worker and the launcher ever has open, and nobody counts on not to be there. */
const REUSED: readonly string[] = [FILES.run, FILES.events, FILES.exit];

/** False where something was in the way; what is left is to be removed under either name. `out` goes: what a command left behind may still write to it. */
const isEmptied = (dir: string, spare: string): boolean => {
  try {
    renameSync(dir, spare); // first: half emptied, it must not pass for the attempt
    for (const name of readdirSync(spare))
      if (REUSED.includes(name)) truncateSync(join(spare, name));
      else unlinkSync(join(spare, name));
    return true;
  } catch {
    return false;
  }
};

/** Makes a file that is not there yet; false where it is. */
const isMade = (path: string, text: string): boolean => {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** Undefined where the file is not there, or not whole. */
export const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};
