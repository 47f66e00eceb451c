// What a newcomer does, done by CI: a fresh clone, `npm start`, wait until it is ready, see a demo job run, Ctrl-C, nothing left running.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { descendantsOf, stillAlive } from './lib/processes.mjs';
import { failure, main, mustRun, root, secondsSince, step } from './lib/steps.mjs';

const MINUTE = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'cronstream-first-start-'));
const clone = join(folder, 'clone');
const token = randomBytes(24).toString('hex');

/**
 * A free port below the range of outgoing connections, so that none takes it before we listen.
 * @returns {Promise<number>}
 */
const freePort = () =>
  new Promise((resolve) => {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    const server = createServer();
    server.once('error', () => resolve(freePort()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });

/**
 * Asks every quarter second until the answer is not undefined.
 * @template T
 * @param {() => T | undefined | Promise<T | undefined>} ask
 * @param {number} limitMs
 * @param {string} what for the message when it took longer
 * @returns {Promise<T>}
 */
async function until(ask, limitMs, what) {
  const since = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() - since > limitMs) throw failure(`${what}: not within ${limitMs / 1000} s`);
    await wait(250);
  }
}

/**
 * The JSON of a GET, or undefined while there is none.
 * @param {string} url
 * @returns {Promise<unknown>}
 */
async function get(url) {
  try {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(10_000) });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

/** `npm start` as a group of its own: a terminal's Ctrl-C is a signal to the whole group. */
function startIn(/** @type {NodeJS.ProcessEnv} */ env) {
  const npm = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  /** @type {number | undefined} */ let ended;
  npm.once('error', () => (ended = 127));
  npm.once('exit', (code, signal) => (ended = code ?? (signal === null ? 1 : 128)));
  const pid = npm.pid ?? 0;
  return { pid, code: () => ended, toGroup: (/** @type {NodeJS.Signals} */ signal) => process.kill(-pid, signal) };
}

/** @type {import('./lib/processes.mjs').Process[]} */ let known = [];
function endAll() {
  for (const { pid } of stillAlive(known, folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  rmSync(folder, { recursive: true, force: true });
}
process.on('exit', endAll);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(1));

await main(async () => {
  const port = await freePort();
  // Whoever checked this out may be another user than who runs this.
  const git = { ...process.env, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
  await step('Fresh clone', () => mustRun('git', ['clone', '--quiet', root, clone], { env: git }));

  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const options = { CRONSTREAM_PORT: String(port), CRONSTREAM_DATA: join(folder, 'data'), CRONSTREAM_ADMIN_TOKEN: token };
  const since = performance.now();
  const started = startIn({ ...env, ...options });
  const whileRunning = (/** @type {() => Promise<unknown>} */ ask) => () => {
    const code = started.code();
    if (code !== undefined) throw failure(`npm start ended with code ${code}`);
    return ask();
  };
  const base = `http://127.0.0.1:${port}`;
  await until(
    whileRunning(() => get(`${base}/readyz`)),
    5 * MINUTE,
    'npm start is ready',
  );
  console.log(`CI: ready ${secondsSince(since)} after npm start`);
  const runOf = whileRunning(async () => {
    const runs = /** @type {{ items: { outcome?: string }[] } | undefined} */ (await get(`${base}/api/v1/runs`));
    return runs?.items.find((run) => run.outcome === 'succeeded');
  });
  const run = /** @type {{ id: string, job: string }} */ (await until(runOf, 2 * MINUTE, 'a demo job has run'));
  console.log(`CI: run ${run.id} of ${run.job} succeeded ${secondsSince(since)} after npm start`);

  known = descendantsOf(started.pid);
  const asked = performance.now();
  started.toGroup('SIGINT');
  const code = await until(started.code, 2 * MINUTE, 'it ends after one Ctrl-C');
  if (code !== 0 && code !== 130) throw failure(`npm start ended with code ${code} after Ctrl-C`);
  const left = stillAlive(known, folder);
  if (left.length > 0)
    throw failure(`Left running after Ctrl-C:\n${left.map((one) => `  ${one.pid} ${one.command}`).join('\n')}`);
  console.log(`CI: ended with code ${code} and nothing left running ${secondsSince(asked)} after Ctrl-C`);
  return 0;
});
