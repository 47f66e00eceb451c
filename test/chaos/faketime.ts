// Debian's libfaketime, unpacked into the cache and not installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../scripts/lib/cache.mjs';

/** The path of the library, or why there is none. */
export const findFaketime = (): { readonly path: string } | { readonly why: string } => {
  const target = join(cacheFolder(), `libfaketime-${process.arch}.so`);
  if (existsSync(target)) return { path: target };
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), 'faketime-'));
  const run = (program: string, ...args: readonly string[]): string | undefined => {
    const { status, error, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: 120_000 });
    return error ? error.message : status === 0 ? undefined : stderr.trim() || `${program} failed`;
  };
  try {
    const first = run('apt-get', 'download', 'libfaketime');
    // The lists of packages may be old, or not there yet.
    const why =
      first !== undefined && process.getuid?.() === 0
        ? (run('apt-get', 'update', '-qq') ?? run('apt-get', 'download', 'libfaketime'))
        : first;
    if (why !== undefined) return { why };
    const deb = readdirSync(folder).find((name) => name.endsWith('.deb'));
    const unpacked = deb === undefined ? 'apt-get left no file' : run('dpkg', '-x', deb, 'tree');
    if (unpacked !== undefined) return { why: unpacked };
    const libraries = join(folder, 'tree/usr/lib');
    const [lib] = readdirSync(libraries, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('libfaketimeMT.so.1'),
    );
    if (lib === undefined) return { why: 'the package has no libfaketimeMT.so.1' };
    renameSync(join(libraries, lib), target); // on one disk: nobody sees half of it
    return { path: target };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
