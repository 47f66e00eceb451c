import { appendFile, mkdir, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILES, type Exit } from '../launcher/protocol.ts';
import type { EventOf, RunEvent } from '../domain/events.ts';

/** A line of the `events` file. Output lies in `out` and only its place stands here: cut once, before it is shipped, so that shipping again gives the same event. */
type Line = Exclude<RunEvent, { type: 'output' }> | (Omit<EventOf<'output'>, 'data'> & { readonly length: number });
/** An event of an attempt before it has its number. */
export type Unnumbered = {
  [T in AttemptEvent['type']]: Omit<Extract<AttemptEvent, { type: T }>, 'v' | 'seq' | 'job' | 'runId' | 'attempt'>;
}[AttemptEvent['type']];
type AttemptEvent = Exclude<Extract<RunEvent, { seq: number }>, { type: 'output' }>;

export type FolderOf = { readonly job: string; readonly runId: string; readonly attempt: number };

/** The spool folder of one attempt: what is in it is the truth about the attempt until the run log has confirmed all of it. */
export type RunFolder = Awaited<ReturnType<typeof openRunFolder>>;

const CHUNK_BYTES = 64 * 1024;

/** Opens or makes the folder. Lines that a crash left half-written are cut off. */
export const openRunFolder = async (dir: string, of: FolderOf) => {
  const path = (name: keyof typeof FILES): string => join(dir, FILES[name]);
  const kept = await readLines(path('events'));
  let lines: readonly string[] = kept;
  let seq = kept.length;
  let handed = 0;
  let confirmed = 0;
  let cutTo = endOfCuts(kept);
  let isReleased = false;
  let bytes = 0;
  // Everything that reads or writes the folder goes one after the other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const done = turn.then(act, act);
    turn = done.catch(() => undefined);
    return done;
  };

  const addLines = async (added: readonly Line[]): Promise<void> => {
    const texts = added.map((line) => JSON.stringify(line));
    await appendFile(path('events'), texts.map((text) => `${text}\n`).join(''), { mode: 0o600 });
    lines = [...lines, ...texts];
    seq += added.length;
  };
  const cutLines = (from: number, to: number, at: string, droppedBytes = 0): readonly Line[] => {
    const cuts: Line[] = [];
    for (let offset = from; offset < to; offset += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, to - offset);
      cuts.push({
        v: 1,
        type: 'output',
        ...of,
        seq: seq + cuts.length,
        at,
        offset,
        length,
        ...(offset === from && droppedBytes > 0 ? { droppedBytes } : {}),
      });
    }
    return cuts;
  };
  const sizeOfOut = async (): Promise<number> => {
    const found = await stat(path('out')).catch(() => undefined);
    bytes = found?.size ?? 0;
    return bytes;
  };
  const write = async (name: keyof typeof FILES, value: unknown): Promise<void> => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(`${path(name)}.new`, JSON.stringify(value), { mode: 0o600 });
    await rename(`${path(name)}.new`, path(name));
  };

  return {
    dir,
    of,
    /** What the run was meant as, and then what it was claimed as. */
    writeFacts: (facts: unknown) => inTurn(() => write('run', facts)),
    /** True once for an attempt, whatever crashes lie between (design.md §5.1). */
    begin: () =>
      inTurn(async () => {
        try {
          await writeFile(path('begun'), '', { flag: 'wx', mode: 0o600 });
          return true;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
          throw error;
        }
      }),
    exit: () => inTurn(() => readJson<Exit>(path('exit'))),
    tell: (event: Unnumbered) => inTurn(() => addLines([{ v: 1, ...of, seq, ...event } as Line])),
    /** Makes output events of what the command has printed since: its head while it runs, and at the end the rest or, above the limit, the tail. Answers what there is in all. */
    cut: (at: string, limitBytes: number, isEnd: boolean) =>
      inTurn(async () => {
        const size = await sizeOfOut();
        const head = Math.floor(limitBytes / 2);
        const isOver = size > limitBytes;
        const added = [...cutLines(cutTo, Math.min(size, isEnd && !isOver ? size : head), at)];
        const afterHead = Math.max(cutTo, Math.min(size, isEnd && !isOver ? size : head));
        if (isEnd && isOver) {
          const tail = Math.max(afterHead, size - (limitBytes - head));
          const first = seq + added.length;
          added.push(...cutLines(tail, size, at, tail - afterHead).map((line, index) => ({ ...line, seq: first + index })));
        }
        if (added.length > 0) await addLines(added);
        cutTo = isEnd ? Math.max(size, afterHead) : afterHead;
        return { outputBytes: size, truncated: isOver };
      }),
    /** The next events that were not handed out yet, at most so many and so many bytes of output. */
    take: (most: number, mostBytes: number) =>
      inTurn(async () => {
        const events: RunEvent[] = [];
        let left = mostBytes;
        while (handed < lines.length && events.length < most && left > 0) {
          const line = JSON.parse(lines[handed] ?? '') as Line;
          const event = line.type === 'output' ? await withData(path('out'), line) : line;
          left -= event.type === 'output' ? event.data.length : 200;
          events.push(event);
          handed += 1;
        }
        return events;
      }),
    confirm: (count: number): void => {
      confirmed += count;
    },
    /** Whether an event of this type stands in the folder: a worker that was killed in mid-end must not tell the end twice. */
    hasTold: (type: RunEvent['type']): boolean => lines.some((line) => (JSON.parse(line) as Line).type === type),
    hasMore: (): boolean => handed < lines.length,
    /** Nothing will be added any more, and nobody but the run log needs it. */
    release: (): void => {
      isReleased = true;
    },
    isDone: (): boolean => isReleased && confirmed >= lines.length,
    isAllHanded: (): boolean => handed >= lines.length,
    bytes: (): number => bytes,
    remove: () => inTurn(() => rm(dir, { recursive: true, force: true })),
  };
};

const withData = async (out: string, { length, ...line }: Extract<Line, { type: 'output' }>): Promise<RunEvent> => {
  const file = await open(out, 'r');
  try {
    const data = new Uint8Array(length);
    const { bytesRead } = await file.read(data, 0, length, line.offset);
    return { ...line, data: data.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
};

export const readJson = async <T>(path: string): Promise<T | undefined> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
};

const readLines = async (path: string): Promise<readonly string[]> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines: string[] = [];
  let good = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    if (!isJson(line)) break;
    lines.push(line);
    good += Buffer.byteLength(line) + 1;
  }
  if (good < Buffer.byteLength(text)) await truncate(path, good);
  return lines;
};

const isJson = (line: string): boolean => {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
};

const endOfCuts = (lines: readonly string[]): number =>
  lines.reduce((end, text) => {
    const line = JSON.parse(text) as Line;
    return line.type === 'output' ? Math.max(end, line.offset + line.length) : end;
  }, 0);
