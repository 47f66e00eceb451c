// What `npm start` and `npm test` do first on a fresh clone: install what is missing, build what is older than its sources.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { hashOf } from './cache.mjs';
import { handOver } from './hand-over.mjs';
import { failure, mustRun, root, step } from './steps.mjs';

const lockFile = join(root, 'package-lock.json');
const installStamp = join(root, 'node_modules/.cronstream-installed');
const buildStamp = join(root, 'dist/.built-from');

const contentOf = (/** @type {string} */ path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** Whether node_modules holds what package-lock.json asks for: by our stamp, else by npm's own list of what it installed. */
function isInstalled() {
  const stamp = hashOf([lockFile]);
  if (contentOf(installStamp) === stamp) return true;
  const installed = contentOf(join(root, 'node_modules/.package-lock.json'));
  if (installed === undefined) return false;
  /** @typedef {{ packages: Record<string, { version?: string, integrity?: string, optional?: boolean }> }} Lock */
  const has = /** @type {Lock} */ (JSON.parse(installed)).packages;
  const wants = Object.entries(/** @type {Lock} */ (JSON.parse(readFileSync(lockFile, 'utf8'))).packages);
  const isSame = wants.every(([path, want]) => {
    const there = has[path];
    if (path === '' || (there === undefined && want.optional)) return true; // optional ones: binaries for other platforms
    return there?.version === want.version && there?.integrity === want.integrity;
  });
  if (isSame) writeFileSync(installStamp, stamp);
  return isSame;
}

/** `npm ci`, when node_modules is absent or package-lock.json has changed since; npm's output is shown when it fails. */
export async function install() {
  if (isInstalled()) return;
  await step('Installing packages (npm ci)', async () => {
    // The npm that runs us, else the one on PATH. Development packages build the program, whatever NODE_ENV says.
    const npm = process.env['npm_execpath'];
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    await (npm?.endsWith('.js') ? mustRun(process.execPath, [npm, ...args]) : mustRun('npm', args));
    writeFileSync(installStamp, hashOf([lockFile]));
  });
}

/** Every file that the build reads, in a stable order. */
function sources() {
  const folders = ['src', 'web'].filter((folder) => existsSync(join(root, folder)));
  const listed = folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }));
  const files = listed.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return [...files, lockFile, join(root, 'package.json'), join(root, 'scripts/build.mjs')].sort();
}

/** Changes when something does that the build reads. */
export const sourcesHash = () => hashOf(sources());

/**
 * Notes what dist/ was built from.
 * @param {string} hash `sourcesHash()` from before the build
 */
export const stampBuild = (hash) => writeFileSync(buildStamp, hash);

/** Builds dist/, when something that the build reads has changed since. In a process of its own: the builders are large, and we stay. */
export async function build() {
  if (contentOf(buildStamp) === sourcesHash()) return;
  const code = await handOver(process.execPath, [join(root, 'scripts/build.mjs')], { stdin: 'ignore' });
  if (code !== 0) throw failure('The build failed.');
}
