import { open, type RootDatabase } from 'lmdb';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder } from './folder-lock.ts';

/** The one lmdb environment of a data folder. Coordination and run log open databases of their own in it. */
export type Embedded = {
  readonly root: RootDatabase;
  readonly dir: string;
  /** Waits for what is being written, closes the environment and frees the folder. Close what uses it before. */
  readonly close: () => Promise<void>;
};

/** Opens the stores of a data folder, and makes it if need be. Throws `FolderInUse` when another process has it, and one clear error when it cannot be used. */
export function openEmbedded(dir: string): Embedded {
  const lock = lockOf(dir);
  try {
    const path = join(dir, 'stores');
    checkFile(join(path, 'data.mdb'));
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o700); // jobs hold secrets, and the folder around it may have been made by hand
    // A commit is on the disk before it is answered. With overlapping sync it would be visible before, and slower for one at a time.
    const root = open({ path, maxDbs: 32, overlappingSync: false });
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await root.close();
      lock.release();
    };
    return { root, dir, close: () => (closing ??= close()) };
  } catch (error) {
    lock.release();
    throw new Error(`The stores in the data folder ${dir} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

const MAGIC = 0xbe_ef_c0_de;
const MAGIC_AT = 24;

/** lmdb ends the whole process by a fault when its file is something else. An empty file is a new one. */
function checkFile(file: string): void {
  if (!existsSync(file)) return;
  const bytes = readHead(file);
  if (bytes.length > 0 && (bytes.length < MAGIC_AT + 4 || bytes.readUInt32LE(MAGIC_AT) !== MAGIC))
    throw new Error(`${file} is not a database, or is damaged`);
}

function readHead(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(MAGIC_AT + 4);
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

function lockOf(dir: string): ReturnType<typeof lockFolder> {
  try {
    return lockFolder(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(`The data folder ${dir} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
