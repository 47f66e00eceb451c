// The directions of imports (design.md §4), as one pure function. The lint rule `cronstream/imports` asks it about every import.
import { posix } from 'node:path';

/** What each folder may import of src/. The order is the direction: domain ← streams ← {stores, worker, master} ← cli. */
const FOLDERS = {
  'src/domain/': ['src/domain/'],
  'src/streams/': ['src/domain/', 'src/streams/'],
  'src/stores/': ['src/domain/', 'src/streams/', 'src/stores/'],
  'src/worker/': ['src/domain/', 'src/streams/', 'src/worker/', 'src/launcher/protocol.ts', 'src/launcher/proc.ts'],
  'src/master/': ['src/domain/', 'src/streams/', 'src/master/'],
  'src/launcher/': ['src/launcher/'],
  'src/cli/': ['src/domain/', 'src/streams/', 'src/stores/', 'src/worker/', 'src/master/', 'src/cli/'],
  'web/': ['src/domain/', 'web/'],
};

/** The packages that a folder may import, by name, so that a new one is a decision; of a folder that is not here any. */
const PACKAGES = {
  'src/domain/': /^(typebox(\/.*)?|cronstrue(\/.*)?|cron-parser)$/,
  'src/streams/': /^rxjs$/,
  'src/launcher/': /^node:/,
  'src/worker/': /^(node:.*|rxjs|pino|uuidv7|typebox(\/.*)?)$/,
  'src/master/': /^(node:(?!child_process).*|rxjs|pino|uuidv7|typebox(\/.*)?|fastify|@fastify\/.*|ws)$/,
  'src/stores/': /^(node:.*|rxjs|pino|uuidv7|typebox(\/.*)?|etcd3.*|@grpc\/.*|cockatiel|mongodb|lmdb)$/,
};

/** Packages that one place knows. */
const HOMES = {
  'cron-parser': 'src/domain/schedule/fields.ts',
  etcd3: 'src/stores/etcd/',
  mongodb: 'src/stores/mongo/',
  lmdb: 'src/stores/embedded/',
};

/** The homes of time. */
export const CLOCKS = ['src/streams/clock.ts', 'src/launcher/clock.ts', 'web/src/clock.ts'];
const TIMERS = /^(node:)?(timers|timers\/promises|perf_hooks)$/;

const isIn = (/** @type {string} */ file, /** @type {string} */ place) =>
  place.endsWith('/') ? file.startsWith(place) : file === place;

/**
 * Why `file` must not import `specifier`, or undefined where it may.
 * @param {string} file path from the root of the repository, with slashes
 * @param {string} specifier as it stands in the import
 * @returns {string | undefined}
 */
export function refusedImport(file, specifier) {
  return specifier.startsWith('.')
    ? refusedFile(file, posix.join(posix.dirname(file), specifier))
    : refusedPackage(file, specifier);
}

function refusedFile(/** @type {string} */ file, /** @type {string} */ target) {
  if (file.startsWith('web/') && target.startsWith('src/domain/schedule/'))
    return 'web leaves out the schedules: the master explains them.';
  const folder = Object.entries(FOLDERS).find(([place]) => isIn(file, place));
  if (folder === undefined || folder[1].some((place) => isIn(target, place))) return undefined;
  return `${folder[0]} may import ${folder[1].join(', ')}, and not ${target}.`;
}

function refusedPackage(/** @type {string} */ file, /** @type {string} */ name) {
  if (!/^(src|web)\//.test(file)) return undefined;
  if (TIMERS.test(name) && !CLOCKS.includes(file)) return `Time has one home, ${CLOCKS[0]}: pass it in.`;
  const home = Object.entries(HOMES).find(([one]) => one === name)?.[1];
  if (home !== undefined && !isIn(file, home)) return `${name} is imported in ${home} only.`;
  const folder = Object.entries(PACKAGES).find(([place]) => isIn(file, place));
  if (folder === undefined || folder[1].test(name)) return undefined;
  return `${folder[0]} does not import ${name} (allowed: ${folder[1].source}).`;
}
