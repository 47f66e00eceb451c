// Starting commands: npm run bench -- run [runs]. Recorded runs a second of one worker beside the launcher's own rate, Node's spawn and C's posix_spawn, all in the same minute;
// 200 and 1,000 jobs due at one instant; memory. Prints; fails nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { pino } from 'pino';
import { Subject } from 'rxjs';
import { uuidv7 } from 'uuidv7';
import { createKeys } from '../src/domain/keys.ts';
import type { StartOrder } from '../src/launcher/protocol.ts';
import { openStores } from '../src/stores/open.ts';
import { systemClock } from '../src/streams/clock.ts';
import { connectLauncher } from '../src/worker/launcher.ts';
import { createWorker, type StopMode } from '../src/worker/worker.ts';

const [RUNS = 1_000, JOBS = 100_000] = process.argv.slice(2).map(Number);
/** Commands that live at one time, in every loop. */
const WINDOW = 32;
const log = pino({ level: 'error' });
const base = mkdtempSync(join(tmpdir(), 'cronstream-bench-'));
const launcherPath = join(base, 'launcher.mjs');

const say = (what: string, value: number, unit: string, more = ''): void =>
  console.log(`${what.padEnd(64)} ${value.toFixed(value < 10 ? 2 : 0).padStart(8)} ${unit}${more === '' ? '' : `   (${more})`}`);
const wait = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Processor time of a process itself, ms; what it started is not in it. */
const cpuMs = (pid: number): number => {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

const C = `
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
extern char **environ;
int main(int argc, char **argv) {
  int runs = atoi(argv[1]), window = atoi(argv[2]), live = 0;
  char *args[] = {"/bin/sh", "-c", "true", NULL};
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (int n = 0; n < runs; n++) {
    pid_t pid;
    if (live == window) { waitpid(-1, NULL, 0); live--; }
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, args, environ)) return 1;
    live++;
  }
  while (live-- > 0) waitpid(-1, NULL, 0);
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%f\\n", runs / (b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9));
}`;
const NODE = `
  const { spawn } = require('node:child_process');
  const [runs, window] = process.argv.slice(1).map(Number);
  let [begun, ended] = [0, 0];
  const from = performance.now();
  const next = () => {
    begun += 1;
    spawn('/bin/sh', ['-c', 'true'], { stdio: 'ignore', detached: true }).once('exit', () => {
      ended += 1;
      if (begun < runs) next();
      else if (ended === runs) console.log((runs * 1000) / (performance.now() - from));
    });
  };
  for (let n = 0; n < window; n += 1) next();
`;

const cRate = (): number | undefined => {
  const [source, program] = [join(base, 'spawn.c'), join(base, 'spawn')];
  writeFileSync(source, C);
  if (spawnSync('cc', ['-O2', '-o', program, source]).status !== 0) return undefined;
  return Number(execFileSync(program, [String(RUNS), String(WINDOW)], { encoding: 'utf8' }));
};
const nodeRate = (): number =>
  Number(execFileSync(process.execPath, ['-e', NODE, String(RUNS), String(WINDOW)], { encoding: 'utf8' }));

const orderIn = (dataDir: string, command: string): StartOrder => {
  const runId = uuidv7();
  const dir = join(dataDir, 'spool', `${runId}.001`);
  mkdirSync(dir, { recursive: true });
  return { runId, attempt: 1, dir, command, shell: '/bin/sh', env: { PATH: '/usr/bin:/bin' }, killGraceMs: 1_000 };
};

/** The launcher alone: ordered, started, its exit on disk and told. */
const launcherRate = async (): Promise<{ readonly rate: number; readonly cpu: number }> => {
  const dataDir = mkdtempSync(join(base, 'launcher-'));
  const launcher = await connectLauncher({ dataDir, launcherPath, clock: systemClock, log });
  const orders = Array.from({ length: RUNS }, () => orderIn(dataDir, 'true'));
  const from = performance.now();
  const cpu = cpuMs(launcher.pid);
  let ended = 0;
  const all = new Promise<void>((resolve) => {
    const next = (): void => {
      const order = orders.pop();
      if (order) void launcher.start(order);
    };
    launcher.news$.subscribe((news) => {
      if (news.type !== 'exited') return;
      ended += 1;
      next();
      if (ended === RUNS) resolve();
    });
    for (let n = 0; n < WINDOW; n += 1) next();
  });
  await all;
  const rate = (RUNS * 1_000) / (performance.now() - from);
  const used = (cpuMs(launcher.pid) - cpu) / RUNS;
  await launcher.stop();
  launcher.close();
  return { rate, cpu: used };
};

const launcherMemory = async (live: number): Promise<void> => {
  const dataDir = mkdtempSync(join(base, 'memory-'));
  const launcher = await connectLauncher({ dataDir, launcherPath, clock: systemClock, log });
  const before = rssMb(launcher.pid);
  for (let n = 0; n < live; n += WINDOW)
    await Promise.all(
      Array.from({ length: Math.min(WINDOW, live - n) }, () => launcher.start(orderIn(dataDir, 'exec sleep 1000'))),
    );
  await wait(3_000);
  say(`memory of the launcher at ${String(live)} live runs`, rssMb(launcher.pid), 'MB', `aim < 60; ${before.toFixed(0)} at none`);
  const from = cpuMs(launcher.pid);
  await wait(10_000);
  say('processor time of the launcher meanwhile', (cpuMs(launcher.pid) - from) / 100, '% of a core');
  const ended = new Promise<void>((resolve) => {
    let count = 0;
    launcher.news$.subscribe((news) => {
      if (news.type === 'exited' && (count += 1) === live) resolve();
    });
  });
  const asked = performance.now();
  await launcher.stop({ cause: 'drained' });
  await ended;
  say('all of them ended, and that on disk, within', performance.now() - asked, 'ms');
  launcher.close();
};

/** A worker on embedded stores in this process, as `up` has it, and what its run log was told. */
const startWorker = async () => {
  const dataDir = mkdtempSync(join(base, 'worker-'));
  const stores = openStores({ type: 'embedded', dataDir }, log);
  const keys = createKeys();
  /** By run id: a batch may be stored again. */
  const started = new Map<string, number>();
  const finished = new Set<string>();
  const stop$ = new Subject<StopMode>();
  let inSync = false;
  const worker = createWorker({
    coordination: stores.coordination,
    runLog: {
      append: async (events) => {
        const appended = await stores.runLog.append(events);
        for (const event of events) {
          if (event.type === 'started') started.set(event.runId, Date.parse(event.at));
          if (event.type === 'finished') finished.add(event.runId);
        }
        return appended;
      },
    },
    keys,
    clock: systemClock,
    log,
    stop$,
    config: {
      id: uuidv7(),
      name: 'bench',
      dataDir,
      slots: 10_000,
      labels: [],
      allow: undefined,
      allowUsers: [],
      version: '0',
      launcherPath,
      scale: 1,
      endWithMe: true,
      drainTimeoutMs: Infinity,
    },
  });
  const done = new Promise<void>((resolve, reject) => {
    worker.life$.subscribe({ next: (status) => (inSync = status.inSync), error: reject, complete: resolve });
  });
  while (!inSync) await wait(20);
  let name = 0;
  const put = async (count: number, cronExpr: string): Promise<void> => {
    for (let n = 0; n < count; n += 100)
      await stores.coordination.transact({
        then: Array.from({ length: Math.min(100, count - n) }, () => {
          name += 1;
          const job = { name: `job-${String(name)}`, command: 'true', cronExpr };
          return { type: 'put' as const, key: keys.job(job.name), value: JSON.stringify(job) };
        }),
      });
  };
  /** So many jobs, all due at one instant: when each started after it, and how many were recorded a second. */
  const dueAtOnce = async (count: number): Promise<{ readonly late: readonly number[]; readonly rate: number }> => {
    const at = Math.ceil((Date.now() + 2_000 + count) / 1_000) * 1_000;
    started.clear();
    finished.clear();
    await put(count, `@at ${new Date(at).toISOString()}`);
    while (finished.size < count) await wait(5);
    const rate = (count * 1_000) / (Date.now() - at);
    return { late: [...started.values()].map((each) => each - at).sort((a, b) => a - b), rate };
  };
  const stop = async (): Promise<void> => {
    stop$.next('end');
    await done;
    await stores.close();
  };
  return { put, dueAtOnce, stop };
};

const sayLate = (count: number, late: readonly number[], aim = ''): void => {
  const [first, p50, p99, last] = [late[0] ?? 0, quantile(late, 0.5), quantile(late, 0.99), late.at(-1) ?? 0];
  console.log(
    `${`${String(count)} jobs due at one instant, started after`.padEnd(64)} first ${String(first)}, p50 ${String(p50)}, p99 ${String(p99)}, last ${String(last)} ms${aim}`,
  );
};

try {
  await build({
    entryPoints: ['src/launcher/main.ts'],
    outfile: launcherPath,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  console.log(
    `${String(RUNS)} runs of /bin/sh -c true, ${String(WINDOW)} at a time where nothing else is said; load of the machine ${loadavg()[0]?.toFixed(1) ?? ''}`,
  );
  const bare = async (): Promise<number> => {
    const c = cRate();
    if (c === undefined) console.log('no C compiler (cc): posix_spawn was not measured');
    else say('C, posix_spawn', c, '/s');
    say('Node, spawn', nodeRate(), '/s');
    const { rate, cpu } = await launcherRate();
    say('the launcher alone, exits on disk', rate, '/s', `${cpu.toFixed(2)} ms of its own processor time a run`);
    return rate;
  };
  const before = await bare();
  const worker = await startWorker();
  await worker.dueAtOnce(50); // warm
  sayLate(200, (await worker.dueAtOnce(200)).late, '   (aim: last <= 250)');
  sayLate(1_000, (await worker.dueAtOnce(1_000)).late);
  const from = process.cpuUsage();
  const { rate } = await worker.dueAtOnce(RUNS);
  const used = process.cpuUsage(from);
  const cpu = (used.user + used.system) / 1_000 / RUNS;
  say('one worker, recorded runs', rate, '/s', `${cpu.toFixed(2)} ms of its own processor time a run, stores included`);
  const after = await bare();
  say('of the launcher’s own rate', (rate / ((before + after) / 2)) * 100, '%', 'aim >= 60');
  await worker.put(JOBS, '0 0 1 1 *');
  await wait(2_000);
  globalThis.gc?.();
  say(`memory of worker and embedded stores at ${String(JOBS)} jobs`, rssMb(process.pid), 'MB');
  say('and its recorded runs', (await worker.dueAtOnce(RUNS)).rate, '/s');
  sayLate(200, (await worker.dueAtOnce(200)).late);
  await worker.stop();
  await launcherMemory(1_000);
} finally {
  rmSync(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
process.exit(0);
