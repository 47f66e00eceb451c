// The folder of what is made once per machine (test servers), and how two makers stay out of each other's way.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { root } from './steps.mjs';

const STALE_LOCK_MS = 20 * 60_000;

/** `CRONSTREAM_CACHE`, else ~/.cache/cronstream. */
export const cacheFolder = () => process.env['CRONSTREAM_CACHE'] || join(homedir(), '.cache', 'cronstream');

/**
 * Twelve hex digits that change when the content of one of the files does, or its place in the repository, or one of the texts.
 * @param {readonly string[]} files
 * @param {readonly string[]} [texts]
 */
export const hashOf = (files, texts = []) => {
  const hash = createHash('sha256');
  const parts = [...files.flatMap((file) => [relative(root, file), readFileSync(file)]), ...texts];
  for (const part of parts) hash.update(`${part.length}\0`).update(part);
  return hash.digest('hex').slice(0, 12);
};

/**
 * Answers `path`, made by `make` when it is not there. One maker at a time on this machine; who comes second waits and uses the result.
 * `make` must put the path in place by a rename, so that a killed maker leaves nothing that looks complete.
 * @param {string} path
 * @param {() => Promise<void>} make
 * @param {(text: string) => void} note
 */
export async function makeOnce(path, make, note) {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const lock = `${path}.lock`;
  let told = false;
  while (!takeLock(lock)) {
    if (!told) note(`another process is making ${path}: waiting`);
    told = true;
    await wait(500);
  }
  try {
    if (!existsSync(path)) await make();
  } finally {
    rmSync(lock, { force: true });
  }
  return path;
}

function takeLock(/** @type {string} */ lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  if (isStale(lock)) rmSync(lock, { force: true });
  return false;
}

function isStale(/** @type {string} */ lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (Date.now() - statSync(lock).mtimeMs > STALE_LOCK_MS) return true;
    // An empty file is a lock between its making and its writing: its age decides.
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}
