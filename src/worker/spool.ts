import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Subject, type Observable } from 'rxjs';
import type { RunEvent } from '../domain/events.ts';
import { FILES, type Exit } from '../launcher/protocol.ts';
import { isOutputGone, openRunFolder, readJson, readRun, sizeOf, type FolderOf, type RunFolder } from './run-folder.ts';
import { freeBytesAt, roomOf } from './spool-room.ts';

/** An event on its way to the run log, with the folder that waits for its confirmation. */
export type SpoolItem = { readonly event: RunEvent; readonly folder: RunFolder };

/** What a folder tells of an attempt whose worker process is gone. `facts` is what `writeFacts` wrote. */
export type Found = {
  readonly folder: RunFolder;
  readonly facts: unknown;
  readonly isBegun: boolean;
  readonly exit: Exit | undefined;
  readonly process: { readonly pid: number; readonly startTime: string; readonly startedAt: string } | undefined;
};

export type Spool = Awaited<ReturnType<typeof openSpool>>;

/** What a spool may take on the disk where nobody says so. */
export const SPOOL_LIMIT_BYTES = 2_000_000_000;
const BATCH_BYTES = 2_000_000;
/** So many folders are kept open. Others that only wait for the run log are known by name alone: while it is away there may be very many. */
const MOST_OPEN = 500;
const REFUSED = 'refused.ndjson';
const SWEPT_AT_ONCE = 50;
/** Begins the names of folders that wait, empty, for an attempt. */
const SPARE = 'spare-';
const MOST_SPARES = 500;
/** Output of a live command that will never be told is given back in pieces of this size; when the spool is full, of that one. */
const [PUNCH_BYTES, LEAST_PUNCH_BYTES] = [64 * 1024 * 1024, 1024 * 1024];
/** Full, it is brought down to this part of its limit, so that not every second cuts a little. */
const DOWN_TO = 0.9;

/** What a look at the spool's size did: the output that was thrown away, in bytes, and of how many attempts. */
export type Trimmed = { readonly bytes: number; readonly attempts: number };

/** A folder that is not open: what is kept of it in memory, for there may be very many. */
type Resting = { readonly bytes: number; readonly outputBytes: number; readonly endedAt: number | undefined };
/** Attempts that have ended and that the run log does not have all of; when the first of them ended, in ms. */
export type Waiting = { readonly attempts: number; readonly oldestAt: number | undefined };
/** So many folders of an earlier process are looked at before others have their turn. */
const LOOKED_AT_ONCE = 100;
const nameOf = (runId: string, attempt: number): string => `${runId}.${String(attempt).padStart(3, '0')}`;

const jobIn = (facts: unknown): string | undefined => {
  const job = (facts as { readonly live?: { readonly job?: unknown } } | undefined)?.live?.job;
  return typeof job === 'string' ? job : undefined;
};

const isEmpty = async (dir: string): Promise<boolean> =>
  (await readdir(dir)).every((name) => name === FILES.run || statSync(join(dir, name)).size === 0);

/** For a person: bytes as base64. */
const legible = (event: RunEvent): object =>
  event.type === 'output' ? { ...event, data: Buffer.from(event.data).toString('base64') } : event;

/** The spool of a worker: a folder an attempt. Events go to disk before they go anywhere (P4). */
export const openSpool = async (root: string, mostOpen = MOST_OPEN) => {
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (const name of await readdir(root))
    if (name.startsWith(SPARE)) await rm(join(root, name), { recursive: true, force: true });
  const folders = new Map<string, RunFolder>();
  /** Of those, which have something to take, whoever has waited longest first. */
  const ready = new Map<string, RunFolder>();
  /** Of which the run log has all. They are removed a little later: while much is due, that is not what is to be done first. */
  const handedOver = new Map<string, RunFolder>();
  /** Those that wait for the run log and are not open. */
  const resting = new Map<string, Resting>();
  let restingBytes = 0;
  let setAside = (await readFile(join(root, REFUSED), 'utf8').catch(() => '')).split('\n').length - 1;
  let intents: ReadonlyMap<RunFolder, number> = new Map();
  let cutBytes = 0;
  let roomBytes = Infinity;
  let canPunch = true;
  const wakes$ = new Subject<void>();

  /** Folders that were emptied, by name. Making and removing files costs the more the more of it was done in the last minutes (ext4 goes through all that were removed). */
  const spares: string[] = [];
  let sparesMade = 0;
  const reuse = (dir: string): void => {
    const spare = existsSync(dir) ? undefined : spares.pop();
    try {
      if (spare !== undefined) renameSync(join(root, spare), dir);
    } catch {
      // Somebody has tidied up: a folder is made.
    }
  };
  /** To be called when it is closed. */
  const clear = async (folder: RunFolder): Promise<void> => {
    const spare = `${SPARE}${String((sparesMade += 1))}`;
    if (spares.length < MOST_SPARES && folder.emptyInto(join(root, spare))) spares.push(spare);
    else {
      await folder.remove();
      await rm(join(root, spare), { recursive: true, force: true });
    }
  };

  const wakeUp = (name: string): Resting | undefined => {
    const rested = resting.get(name);
    if (rested && resting.delete(name)) restingBytes -= rested.bytes;
    return rested;
  };
  /** One object a folder, however many ask for it at one time: it counts the events. Throws where the disk cannot be read. */
  const open = (of: FolderOf): RunFolder => {
    const name = nameOf(of.runId, of.attempt);
    const known = folders.get(name);
    if (known) return known;
    const dir = join(root, name);
    if (handedOver.delete(name)) rmSync(dir, { recursive: true, force: true });
    reuse(dir);
    const onMore = (): void => {
      const opened = folders.get(name);
      if (opened && !ready.has(name)) ready.set(name, opened);
    };
    const folder = openRunFolder(dir, of, onMore);
    if (wakeUp(name)) folder.release();
    folders.set(name, folder);
    if (folder.hasMore()) onMore();
    return folder;
  };
  const close = (name: string): boolean => {
    ready.delete(name);
    return folders.delete(name);
  };
  const forget = async (folder: RunFolder): Promise<void> => {
    close(nameOf(folder.of.runId, folder.of.attempt));
    await clear(folder);
  };
  const handOver = (folder: RunFolder): void => {
    const name = nameOf(folder.of.runId, folder.of.attempt);
    close(name);
    handedOver.set(name, folder);
  };

  const rest = (folder: RunFolder): void => {
    const name = nameOf(folder.of.runId, folder.of.attempt);
    if (folders.size <= mostOpen || !folder.isAtRest() || !close(name)) return;
    void folder.noteOver();
    keepAtRest(name, { bytes: folder.bytes(), outputBytes: folder.outputBytes(), endedAt: folder.endedAt() });
  };
  const keepAtRest = (name: string, size: Resting): void => {
    resting.set(name, size);
    restingBytes += size.bytes;
  };
  /** Throws where it cannot be read now: it is put at the end of the line. */
  const openResting = (name: string): RunFolder => {
    const [runId = '', attempt = ''] = name.split('.');
    try {
      const job = jobIn(readRun(join(root, name)).facts);
      if (job === undefined) throw new Error(`the folder ${name} of the spool cannot be read`);
      return open({ job, runId, attempt: Number(attempt) });
    } catch (error) {
      const rested = wakeUp(name);
      // Where somebody has removed it, nothing is left to wait for.
      if (rested && existsSync(join(root, name))) keepAtRest(name, rested);
      throw error;
    }
  };

  const bytes = (): number =>
    [...folders.values(), ...handedOver.values()].reduce((sum, folder) => sum + folder.bytes(), restingBytes);

  const waitingAttempts = (): Waiting => {
    let [attempts, oldestAt] = [0, Infinity];
    const add = (since: number | undefined): void => {
      attempts += 1;
      if (since !== undefined && since < oldestAt) oldestAt = since;
    };
    for (const folder of folders.values()) {
      const since = folder.waitsSince();
      if (since !== undefined) add(since);
    }
    for (const { endedAt } of resting.values()) add(endedAt);
    return { attempts, oldestAt: oldestAt === Infinity ? undefined : oldestAt };
  };

  /** Takes away the output of attempts that have ended until so much is gone: first of those that are not open, which are the oldest. One that cannot be cut keeps no other from it. */
  const dropOldest = async (wanted: number): Promise<Trimmed> => {
    let [freed, attempts] = [0, 0];
    const count = (gone: number): void => {
      freed += gone;
      attempts += gone > 0 ? 1 : 0;
    };
    for (const [name, rested] of resting) {
      if (freed >= wanted) break;
      if (rested.outputBytes === 0 || !(await isOutputGone(join(root, name)))) continue;
      count(rested.outputBytes);
      if (resting.get(name) !== rested) continue; // opened meanwhile: it counts by itself
      resting.set(name, { ...rested, bytes: rested.bytes - rested.outputBytes, outputBytes: 0 });
      restingBytes -= rested.outputBytes;
    }
    // Their names begin with ids that rise with time.
    for (const name of [...folders.keys()].toSorted()) {
      if (freed >= wanted) break;
      count(
        (await folders
          .get(name)
          ?.dropOutput()
          .catch(() => 0)) ?? 0,
      );
    }
    cutBytes += freed;
    return { bytes: freed, attempts };
  };

  const openOldest = (): RunFolder => {
    const [name] = resting.keys();
    if (name === undefined) throw new Error('nothing rests');
    return openResting(name);
  };

  /** Whoever was served goes to the end of the line: a command that prints without end must not keep the others waiting. */
  const turnOver = (folder: RunFolder): void => {
    const name = nameOf(folder.of.runId, folder.of.attempt);
    ready.delete(name);
    if (folder.hasMore() && folders.get(name) === folder) ready.set(name, folder);
  };

  const sweep = async (most = Math.max(SWEPT_AT_ONCE, handedOver.size / 4)): Promise<void> => {
    for (const [name, folder] of [...handedOver].slice(0, most)) if (handedOver.delete(name)) await clear(folder);
  };

  /** Everything that an earlier process left and that is not over, `first` what is known to live: of what is over the run log is all that is missing, and it waits for it. What cannot be read is
   *  set aside under a name that says so, never removed and never in the way. */
  async function* found(
    onBroken: (name: string) => void,
    first: readonly Pick<FolderOf, 'runId' | 'attempt'>[] = [],
  ): AsyncGenerator<Found, void, undefined> {
    const live = new Set(first.map(({ runId, attempt }) => nameOf(runId, attempt)));
    const names = (await readdir(root, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    // The oldest first: their names begin with ids that rise with time.
    const [living, others] = [names.filter((name) => live.has(name)), names.filter((name) => !live.has(name)).toSorted()];
    for (const [at, name] of [...living, ...others].entries()) {
      if (at % LOOKED_AT_ONCE === 0) await stat(root); // others have their turn
      if (name.startsWith('broken-') || name.startsWith(SPARE) || resting.has(name)) continue;
      const dir = join(root, name);
      const { facts, isOver } = readRun(dir);
      if (facts === undefined && (await isEmpty(dir))) {
        if (!folders.has(name)) await rm(dir, { recursive: true, force: true }); // an intent that was not even written: nothing was claimed by it
        continue;
      }
      const [runId = '', attempt = ''] = name.split('.');
      const job = jobIn(facts);
      if (job === undefined || !/^\d{3,}$/.test(attempt)) {
        onBroken(name);
        await rename(dir, join(root, `broken-${name}`));
      } else if (isOver && !folders.has(name)) keepAtRest(name, sizeOf(dir));
      else {
        const folder = open({ job, runId, attempt: Number(attempt) });
        const process = readJson(join(dir, FILES.pid)) as Found['process'];
        yield { folder, facts, isBegun: folder.isBegun(), exit: await folder.exit(), process };
      }
    }
    if (resting.size > 0) wakes$.next();
  }

  return {
    open,
    forget,
    get: (runId: string, attempt: number): RunFolder | undefined => folders.get(nameOf(runId, attempt)),
    found,
    /** What a folder that is open here tells now. */
    look: async (folder: RunFolder): Promise<Omit<Found, 'facts'>> => ({
      folder,
      isBegun: folder.isBegun(),
      exit: await folder.exit(),
      process: readJson(join(folder.dir, FILES.pid)) as Found['process'],
    }),
    /** Intents that stand as they stood at the last call: claims whose answer was lost, and that nobody has asked for again since. */
    staleIntents: (): readonly RunFolder[] => {
      const before = intents;
      intents = new Map([...folders.values()].map((folder) => [folder, folder.timesMeant()]));
      return [...intents].flatMap(([folder, times]) => (times > 0 && before.get(folder) === times ? [folder] : []));
    },
    /** Says that there may be more to take. */
    wake: (): void => {
      wakes$.next();
    },
    wakes$: wakes$ as Observable<void>,
    take: async (most: number): Promise<readonly SpoolItem[]> => {
      const items: SpoolItem[] = [];
      let bytes = 0;
      let unread: { readonly error: unknown } | undefined;
      const line = [...ready.values()];
      const all = line.length + resting.size;
      for (let at = 0; at < all && (at < line.length || resting.size > 0); at += 1) {
        if (items.length >= most || bytes >= BATCH_BYTES) break;
        const next = line[at];
        // It rests, or has gone, since this began.
        if (next && folders.get(nameOf(next.of.runId, next.of.attempt)) !== next) continue;
        let folder = next;
        try {
          folder ??= openOldest();
          for (const event of await folder.take(most - items.length, BATCH_BYTES - bytes)) {
            items.push({ event, folder });
            bytes += event.type === 'output' ? event.data.length : 0;
          }
        } catch (error) {
          // What cannot be read must not keep the others waiting: it comes again at the end of the line.
          unread ??= { error };
        }
        if (folder?.isDone()) handOver(folder);
        else if (folder) turnOver(folder);
      }
      // What was taken already must go its way: it is not handed out again.
      if (items.length === 0 && unread) throw unread.error;
      return items;
    },
    /** The run log has these: a folder that is released and confirmed is removed. */
    confirm: async (items: readonly SpoolItem[]): Promise<void> => {
      const counts = new Map<RunFolder, number>();
      for (const { folder } of items) counts.set(folder, (counts.get(folder) ?? 0) + 1);
      for (const [folder, count] of counts) {
        await folder.confirm(count);
        if (folder.isDone()) handOver(folder);
        else rest(folder);
      }
    },
    /** Removes folders of which the run log has all, some at a time; what a crash leaves of them is shipped again, and known there. */
    sweep,
    /** Called when nothing will be added to a folder: it may be confirmed already. */
    release: (folder: RunFolder): void => {
      folder.release();
      if (folder.isDone()) handOver(folder);
      else rest(folder);
    },
    /** Keeps the spool within its limit, in bytes on the disk, and where the disk is smaller within what leaves a share of it free: gives back what will never be told anyway, then throws away output of
     *  attempts that have ended, the oldest first. Events stay, whatever the limit says: an outcome is never lost (P4). */
    trim: async (limitBytes: number): Promise<Trimmed> => {
      roomBytes = roomOf({ allowedBytes: limitBytes, usedBytes: bytes(), freeBytes: await freeBytesAt(root) });
      if (bytes() > roomBytes) await sweep(Infinity);
      const isFull = bytes() > roomBytes;
      for (const folder of folders.values())
        if (canPunch)
          await folder.punchOutput(isFull ? LEAST_PUNCH_BYTES : PUNCH_BYTES).catch(() => {
            canPunch = false; // this file system, or this machine without `fallocate`, cannot
          });
      const now = bytes();
      return now > roomBytes ? dropOldest(now - roomBytes * DOWN_TO) : { bytes: 0, attempts: 0 };
    },
    /** The limit that counted at the last look: that of the disk, where it is the smaller one. Infinity before the first. */
    roomBytes: (): number => roomBytes,
    /** An event that the run log will never take is kept for a person to look at. */
    setAside: async (event: RunEvent, reason: string): Promise<void> => {
      await appendFile(join(root, REFUSED), `${JSON.stringify({ reason, event: legible(event) })}\n`, { mode: 0o600 });
      setAside += 1;
    },
    /** How many were set aside, by this process and those before it. */
    countOfSetAside: (): number => setAside,
    /** What it takes on the disk. */
    bytes,
    /** Output that this process has thrown away to stay within the limit. */
    cutBytes: (): number => cutBytes,
    /** Folders that are held open: what memory goes by. */
    countOfOpen: (): number => folders.size,
    waitingAttempts,
    waiting: (): boolean => resting.size > 0 || [...ready.values()].some((folder) => folder.hasMore()),
  };
};
