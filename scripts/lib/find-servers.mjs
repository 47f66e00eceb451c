// Where the tests get their servers and their browser from. Each finder answers what it found, or why there is nothing.
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { cacheFolder, hashOf, makeOnce } from './cache.mjs';
import { failure, mustRun, root, run } from './steps.mjs';

/**
 * @typedef {import('./steps.mjs').Note} Note
 * @typedef {'external' | 'path' | 'built' | 'debian'} Kind where it comes from: an address in the environment, PATH, our Go module, Debian's package
 * @typedef {{ name: string, kind: Kind, binary?: string, url?: string }} Found `binary` can be started; `url` runs already (kind external)
 * @typedef {{ name: string, reason: string }} Absent
 */

/** The path of a program on PATH, if it is there. */
export function onPath(/** @type {string} */ program) {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (folder !== '' && isExecutable(path)) return path;
  }
  return undefined;
}

function isExecutable(/** @type {string} */ path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const reasonOf = (/** @type {unknown} */ error) => (error instanceof Error ? error.message.trim() : String(error));

/**
 * Builds one of our Go modules into the cache, once for each content of the module.
 * @param {'etcd' | 'mongo'} name
 * @param {Note} note
 */
async function goBuilt(name, note) {
  const module = join(root, 'test/servers', name);
  const hash = hashOf(
    ['go.mod', 'go.sum', 'main.go'].map((file) => join(module, file)),
    [process.platform, process.arch],
  );
  return makeOnce(
    join(cacheFolder(), `${name}-${hash}`),
    async () => {
      const go = onPath('go') ?? ['/usr/local/go/bin/go'].find(isExecutable);
      if (go === undefined) throw failure('Go is not installed (https://go.dev/dl), and nothing of it is in the cache');
      const target = join(cacheFolder(), `${name}-${hash}`);
      const partial = `${target}.${process.pid}`;
      note(`building test/servers/${name} with ${go} (a minute or two, once)`);
      const env = { ...process.env, CGO_ENABLED: '0' };
      let fetched = 0;
      const onLine = (/** @type {string} */ line) => {
        if (line.startsWith('go: downloading') && ++fetched % 25 === 0) note(`${fetched} Go modules fetched`);
      };
      await mustRun(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', partial, '.'], { cwd: module, env, onLine });
      renameSync(partial, target);
    },
    note,
  );
}

/** The etcd of this Debian's package, taken out of it without installing, so that no service starts and nothing is disturbed. */
async function debianEtcd(/** @type {Note} */ note) {
  const dpkg = await run('dpkg', ['--print-architecture']);
  const release = existsSync('/etc/os-release') ? /VERSION_CODENAME=(\w+)/.exec(readFileSync('/etc/os-release', 'utf8')) : null;
  if (dpkg.code !== 0 || release === null) throw failure('this machine is not a Debian');
  const target = join(cacheFolder(), `etcd-debian-${release[1]}-${dpkg.output.trim()}`);
  return makeOnce(
    target,
    async () => {
      const folder = mkdtempSync(join(cacheFolder(), 'deb-'));
      try {
        await aptUpdated(note);
        note("fetching Debian's etcd-server into the cache (not installed)");
        await mustRun('apt-get', ['download', 'etcd-server'], { cwd: folder });
        const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
        if (deb === undefined) throw failure('apt-get download etcd-server left no file');
        await mustRun('dpkg', ['-x', deb, 'tree'], { cwd: folder });
        copyFileSync(join(folder, 'tree/usr/bin/etcd'), join(folder, 'etcd'));
        chmodSync(join(folder, 'etcd'), 0o755);
        renameSync(join(folder, 'etcd'), target);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    note,
  );
}

let isUpdated = false;

async function aptUpdated(/** @type {Note} */ note) {
  if (isUpdated || process.getuid?.() !== 0) return; // without root the lists are taken as they are
  note('apt-get update');
  await mustRun('apt-get', ['update', '-qq']);
  isUpdated = true;
}

async function etcdVersion(/** @type {string} */ binary) {
  const { output } = await run(binary, ['--version']);
  return /etcd Version: (\S+)/i.exec(output)?.[1] ?? 'of unknown version';
}

/**
 * Every etcd that can be had, newest first. Contract tests run on each.
 * @param {Note} note
 * @returns {Promise<{ found: Found[], absent: Absent[] }>}
 */
export async function findEtcds(note) {
  /** @type {Found[]} */ const found = [];
  /** @type {Absent[]} */ const absent = [];
  const url = process.env['CRONSTREAM_TEST_ETCD'];
  if (url) found.push({ name: `etcd at ${url}`, kind: 'external', url });
  /** @type {readonly [Kind, string, () => string | undefined | Promise<string>][]} */
  const places = [
    ['built', 'etcd 3.7 (built from test/servers/etcd)', () => goBuilt('etcd', note)],
    ['path', 'etcd on PATH', () => onPath('etcd')],
    ['debian', "etcd 3.4 (Debian's package)", () => debianEtcd(note)],
  ];
  for (const [kind, name, find] of places) {
    try {
      const binary = await find();
      if (binary === undefined) continue; // an etcd on PATH is welcome, not missed
      const version = await etcdVersion(binary);
      if (found.some((other) => other.name.startsWith(`etcd ${version} `))) continue;
      found.push({ name: `etcd ${version} (${kind})`, kind, binary });
    } catch (error) {
      absent.push({ name, reason: reasonOf(error) });
    }
  }
  return { found, absent };
}

/**
 * Every server of the MongoDB protocol that can be had: a given address, a real mongod, else FerretDB built by us.
 * @param {Note} note
 * @returns {Promise<{ found: Found[], absent: Absent[] }>}
 */
export async function findMongos(note) {
  /** @type {Found[]} */ const found = [];
  /** @type {Absent[]} */ const absent = [];
  const url = process.env['CRONSTREAM_TEST_MONGO'];
  if (url) found.push({ name: 'MongoDB at CRONSTREAM_TEST_MONGO', kind: 'external', url });
  const mongod = onPath('mongod');
  if (mongod !== undefined) found.push({ name: 'mongod (path)', kind: 'path', binary: mongod });
  if (found.length === 0) absent.push({ name: 'mongod', reason: 'neither CRONSTREAM_TEST_MONGO nor a mongod on PATH' });
  try {
    found.push({ name: 'FerretDB 1.24 (built)', kind: 'built', binary: await goBuilt('mongo', note) });
  } catch (error) {
    absent.push({ name: 'FerretDB (built from test/servers/mongo)', reason: reasonOf(error) });
  }
  return { found, absent };
}

/**
 * A Chromium: `CRONSTREAM_TEST_CHROMIUM`, PATH, else Debian's package, installed where we are root.
 * @param {Note} note
 * @returns {Promise<{ found: Found[], absent: Absent[] }>}
 */
export async function findChromium(note) {
  const name = 'chromium';
  const given = process.env['CRONSTREAM_TEST_CHROMIUM'];
  if (given) {
    if (isExecutable(given)) return { found: [{ name, kind: 'external', binary: given }], absent: [] };
    return { found: [], absent: [{ name, reason: `CRONSTREAM_TEST_CHROMIUM=${given} cannot be executed` }] };
  }
  const programs = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const there = programs.map(onPath).find((path) => path !== undefined);
  if (there !== undefined) return { found: [{ name, kind: 'path', binary: there }], absent: [] };
  try {
    if (onPath('apt-get') === undefined) throw failure('not on PATH, and this machine is not a Debian');
    if (process.getuid?.() !== 0)
      throw failure('not on PATH; as root it would be installed by apt-get (or set CRONSTREAM_TEST_CHROMIUM)');
    await aptUpdated(note);
    note("installing Debian's chromium (apt-get install, about 100 MB, once)");
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await mustRun('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env });
    const binary = onPath('chromium');
    if (binary === undefined) throw failure('apt-get installed chromium, but it is not on PATH');
    return { found: [{ name, kind: 'debian', binary }], absent: [] };
  } catch (error) {
    return { found: [], absent: [{ name, reason: reasonOf(error) }] };
  }
}
