import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another process works in the folder. The message says which, and what to do. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

export type FolderLock = { readonly release: () => void };

/** A process, told apart from a later one with its number: field 22 of /proc/<pid>/stat, ticks since boot. */
type Owner = { readonly pid: number; readonly startedAt: string; readonly bootId: string };

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

function ownerOf(pid: number): Owner | undefined {
  const bootId = (read('/proc/sys/kernel/random/boot_id') ?? '').trim();
  // The command's name comes second, in parentheses, and may hold spaces and parentheses itself.
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  const [state = '', startedAt = ''] = [fields?.[0], fields?.[19]];
  if (fields !== undefined) return /[ZX]/.test(state) ? undefined : { pid, startedAt, bootId };
  if (bootId !== '') return undefined;
  try {
    process.kill(pid, 0); // no /proc here: a later process with its number counts as the same
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  return { pid, startedAt, bootId };
}

function livingOwner(file: string): Owner | undefined {
  const [pid = 0, startedAt, bootId] = (read(file) ?? '').trim().split(' ');
  const now = Number(pid) > 0 ? ownerOf(Number(pid)) : undefined;
  return now?.startedAt === (startedAt ?? '') && now.bootId === (bootId ?? '') ? now : undefined;
}

const OWNER = /^owner\.(\d+)$/;
const generations = (dir: string): readonly number[] => readdirSync(dir).flatMap((name) => Number(OWNER.exec(name)?.[1] ?? []));

/**
 * Takes a folder for this process, until `release` or its end, kill -9 included. Makes the folder. Throws `FolderInUse` when a living process has it.
 *
 * Every owner has a file of the next higher number; the highest is the one that counts, and it is never removed but by an even higher one. `link` makes a
 * number once, so of two starters that find the same dead owner one gets it. (One file that is removed and made anew cannot do this: the slower
 * starter would remove the file of the faster one.) A process in another container is not seen: two of them must not share a folder.
 */
export function lockFolder(dir: string): FolderLock {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const self = ownerOf(process.pid) ?? { pid: process.pid, startedAt: '', bootId: '' };
  const draft = join(dir, `owner-${randomUUID()}`);
  const file = (generation: number): string => join(dir, `owner.${generation}`);
  const highest = (): number => Math.max(0, ...generations(dir));

  writeFileSync(draft, `${self.pid} ${self.startedAt} ${self.bootId}\n`);
  try {
    for (;;) {
      const present = highest();
      const owner = livingOwner(file(present));
      if (owner)
        throw new FolderInUse(
          `The data folder ${dir} is in use by process ${owner.pid}. End that process, or take another folder.`,
        );
      const mine = present + 1;
      if (!linked(draft, file(mine))) continue;
      if (highest() > mine) {
        rmSync(file(mine), { force: true }); // it was free only because somebody is further already
        continue;
      }
      generations(dir)
        .filter((each) => each < mine)
        .forEach((each) => rmSync(file(each), { force: true }));
      return { release: () => release(draft, file(mine)) };
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The file stays, and names nobody: see why in `lockFolder`. */
function release(draft: string, file: string): void {
  writeFileSync(draft, '');
  renameSync(draft, file);
}
