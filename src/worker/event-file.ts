import { closeSync, fdatasync, openSync, readFileSync, readSync, truncateSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { unlessAbsent } from './absent.ts';

const datasync = promisify(fdatasync);

export type EventFileOptions<L> = {
  readonly path: string;
  /** Where it is written down, now and then, how much the run log has; absent for a file of which nothing is handed out. */
  readonly shippedPath?: string;
  /** Called for each line that is there already. */
  readonly onLine: (line: L) => void;
};

const READ_BYTES = 64 * 1024;
const NEWLINE = 10;
/** So many confirmed events are written down at once: shipping some of them again after a crash does no harm. */
const NOTE_EVERY = 100;

/** A file of events, one JSON text a line: appended, and handed out and confirmed in order. Its lines are not kept in memory: what waits for the run log may be much. Opened, it
 *  is cut back to its last whole line. Its calls must not overlap. Small reads and writes are done at once (docs/performance.md); what waits for the disk itself, the sync, is not. */
export const openEventFile = <L>({ path, shippedPath, onLine }: EventFileOptions<L>) => {
  const shipped = shippedPath === undefined ? NOTHING : readShipped(shippedPath);
  let count = 0;
  let size = 0;
  /** How far it was handed out, and confirmed, in lines and bytes. */
  let given = { count: 0, bytes: 0 };
  let confirmed = given;
  /** Bytes of each line that is read, and then of each that is handed out and not confirmed. */
  let read: readonly number[] = [];
  let waiting: readonly number[] = [];

  const isThere = scan(path, (text) => {
    const line = parsed(text) as L | undefined;
    if (!line) return false;
    onLine(line);
    count += 1;
    size += text.length + 1;
    if (count === shipped.count && size === shipped.bytes) given = confirmed = shipped;
    return true;
  });
  if (isThere) truncateSync(path, size);
  let noted = confirmed.count;

  return {
    /** Lines in all. */
    count: (): number => count,
    /** Bytes in all. */
    bytes: (): number => size,
    /** With `isSynced` what it answers outlives a power cut; without, the end of the process alone. */
    append: async (lines: readonly L[], isSynced = false): Promise<void> => {
      const text = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      try {
        const file = openSync(path, 'a', 0o600);
        try {
          writeFileSync(file, text);
          if (isSynced) await datasync(file);
        } finally {
          closeSync(file);
        }
      } catch (error) {
        // A full disk may have taken half a line, and the next one would be glued to it.
        cutBack(path, size);
        throw error;
      }
      count += lines.length;
      size += text.length;
    },
    /** The next lines, which count as handed out only when `handed` says so. */
    next: (most: number, mostBytes: number, weigh: (line: L) => number): readonly L[] => {
      const lines: L[] = [];
      const lengths: number[] = [];
      let left = mostBytes;
      if (given.bytes < size && most > 0 && left > 0)
        scan(
          path,
          (text) => {
            const line = parsed(text) as L | undefined;
            if (!line) return false;
            lines.push(line);
            lengths.push(text.length + 1);
            left -= weigh(line);
            return lines.length < most && left > 0;
          },
          given.bytes,
        );
      read = lengths;
      return lines;
    },
    handed: (lines: number): void => {
      const lengths = read.slice(0, lines);
      waiting = [...waiting, ...lengths];
      given = { count: given.count + lengths.length, bytes: given.bytes + sum(lengths) };
      read = [];
    },
    /** So many of those that were handed out, in their order. */
    confirm: (handed: number): void => {
      const lines = Math.min(handed, waiting.length);
      confirmed = { count: confirmed.count + lines, bytes: confirmed.bytes + sum(waiting.slice(0, lines)) };
      waiting = waiting.slice(lines);
      if (shippedPath === undefined || confirmed.count - noted < NOTE_EVERY) return;
      noted = confirmed.count;
      try {
        writeFileSync(shippedPath, JSON.stringify({ v: 1, ...confirmed }), { mode: 0o600 });
      } catch {
        // All is shipped again.
      }
    },
    hasMore: (): boolean => given.count < count,
    /** Whether some were handed out and are not confirmed. */
    isUnderway: (): boolean => confirmed.count < given.count,
    isConfirmed: (): boolean => confirmed.count >= count,
  };
};

const sum = (lengths: readonly number[]): number => lengths.reduce((all, each) => all + each, 0);

const cutBack = (path: string, size: number): void => {
  try {
    truncateSync(path, size);
  } catch {
    // It is not there.
  }
};

const NOTHING = { count: 0, bytes: 0 };
const readShipped = (path: string): typeof NOTHING => {
  const text = unlessAbsent(() => readFileSync(path));
  const shipped: { count?: unknown; bytes?: unknown } | undefined = text && parsed(text);
  return typeof shipped?.count === 'number' && typeof shipped.bytes === 'number'
    ? { count: shipped.count, bytes: shipped.bytes }
    : NOTHING;
};

/** Reads whole lines from a place on until `onLine` answers false. False when there is no such file. */
const scan = (path: string, onLine: (text: Buffer) => boolean, from = 0): boolean => {
  const file = unlessAbsent(() => openSync(path, 'r'));
  if (file === undefined) return false;
  try {
    let rest = Buffer.alloc(0);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let at = from; ;) {
      const bytesRead = readSync(file, buffer, 0, READ_BYTES, at);
      if (bytesRead === 0) return true;
      at += bytesRead;
      const chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        if (!onLine(chunk.subarray(start, end))) return true;
        start = end + 1;
      }
      rest = chunk.subarray(start);
    }
  } finally {
    closeSync(file);
  }
};

const parsed = (text: Buffer): object | undefined => {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
};
