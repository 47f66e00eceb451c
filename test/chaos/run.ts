// One chaos run: a cluster, jobs, faults, healing, the verdict.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEtcds, findMongos } from '../../scripts/lib/find-servers.mjs';
import { uniqueName } from '../support/process.ts';
import { createApi, type Api } from './api.ts';
import type { BreakName } from './breaks.ts';
import { buildProgram } from './build.ts';
import { check, type Verdict } from './check.ts';
import { bare, eventsOf, livingCommands, timelineOf, untilIdle, viewsOf } from './collect.ts';
import { dumpOf, recordChanges } from './etcd.ts';
import { findFaketime } from './faketime.ts';
import { createFaults } from './faults.ts';
import { expectedTicks, readLines, type History } from './history.ts';
import { jobsOf, scriptOf, scriptText, type ChaosJob } from './jobs.ts';
import { openNetwork } from './network.ts';
import { removeDisk, SCALE, smallDisk, startNodes, type Nodes } from './nodes.ts';
import { namesOf, planOf, type Fault, type FaultKind, type Shape } from './plan.ts';
import { clockText, uptime, wait } from './time.ts';

export type ChaosOptions = {
  readonly minutes: number;
  readonly seed: number;
  readonly shape: Shape;
  readonly isSmall: boolean;
  readonly leftOut?: BreakName | undefined;
  readonly kinds?: readonly FaultKind[] | undefined;
  /** Instead of the plan that the seed makes. */
  readonly plan?: readonly Fault[] | undefined;
  readonly network: 'auto' | 'proxies';
  readonly everyMs?: number | undefined;
  /** Whether the folder is kept when something is wrong; true unless said. */
  readonly isKept?: boolean;
  readonly say: (line: string) => void;
};
export type ChaosResult = Verdict & {
  readonly faults: Readonly<Record<string, number>>;
  readonly skipped: Readonly<Record<string, number>>;
  /** Kept when something is wrong. */
  readonly folder: string | undefined;
};

export const FULL: Shape = { etcds: 3, masters: 2, workers: 4 };
export const SMALL: Shape = { etcds: 1, masters: 1, workers: 2 };

/** The lease's own time to live and the silence of a `soon` job after it, with some seconds for the leader's look (ms). */
export const LOST_MS = 15_000 + 48_000 / SCALE + 3_000;
/** So long may nothing get less before a run is said not to come to its end. */
const STILL_MS = 180_000;
const PROGRESS_MS = 15_000;

export const runChaos = async (options: ChaosOptions): Promise<ChaosResult> => {
  const { minutes, seed, shape, isSmall, leftOut, kinds, network: wanted, everyMs } = options;
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-chaos-'));
  const build = join('.cache', uniqueName('chaos'));
  const file = join(folder, 'commands');
  const lines: string[] = [];
  let since = uptime();
  const say = (text: string): void => {
    const line = `${clockText(uptime() - since)}  ${text}`;
    lines.push(line);
    options.say(line);
  };
  let keep = true;
  const closers: (() => unknown)[] = [() => rmSync(build, { recursive: true, force: true })];
  try {
    const cannot = new Map<string, string>();
    const faketime = findFaketime();
    if ('why' in faketime) cannot.set('skew', faketime.why);
    const last = namesOf(shape).workers.at(-1) ?? '';
    const disk = join(folder, 'data', last);
    const noDisk = smallDisk(disk);
    if (noDisk === undefined) closers.push(() => removeDisk(disk));
    else cannot.set('fullDisk', noDisk);
    for (const [kind, why] of cannot) say(`SKIPPED ${kind}: ${why}`);
    const names = namesOf(shape);
    const network = await openNetwork([...names.etcds, 'mongo', ...names.masters, ...names.workers], wanted, say);
    closers.push(() => network[Symbol.asyncDispose]());
    const [etcd, mongo] = [binaryOf(await findEtcds(say)), binaryOf(await findMongos(say))];
    const program = await buildProgram(build, leftOut);
    const nodes = await startNodes({
      shape,
      folder,
      program,
      network,
      etcdBinary: etcd,
      mongoBinary: mongo,
      faketime: 'path' in faketime ? faketime.path : undefined,
    });
    closers.push(
      () => nodes.stop(),
      () => keepLogs(nodes, folder),
    );
    const incidents: string[] = [];
    const recorder = recordChanges(nodes, (why) => incidents.push(why));
    closers.push(() => recorder.stop());
    const api = createApi(nodes);
    writeFileSync(scriptOf(file), scriptText(file));
    const { jobs, refused } = jobsOf(file, isSmall);
    for (const each of refused) say(`not in this version: ${each}`);
    await Promise.all(jobs.map(({ job }) => api.persistently(`/jobs/${job.name}`, { method: 'PUT', body: job })));

    since = uptime();
    const startedAt = Date.now();
    const plan =
      options.plan ??
      planOf({
        seed,
        durationMs: minutes * 60_000,
        shape,
        lostMs: LOST_MS,
        ...(kinds && { kinds }),
        ...(everyMs !== undefined && { everyMs }),
      });
    say(
      `seed ${String(seed)}: ${String(plan.length)} faults planned in ${String(minutes)} minutes, ${String(jobs.length)} jobs, links by ${network.kind}${leftOut === undefined ? '' : `, LEFT OUT: ${leftOut}`}`,
    );
    const faults = createFaults({ nodes, network, recorder, api, jobs, cannot, say });
    await underFire(plan, minutes * 60_000, faults, () =>
      say(`… ${String(count(file))} commands started, ${String(recorder.changes.length)} changes of etcd`),
    );

    say('all healed; the jobs are disabled');
    const orders = await settle(api, nodes, jobs, faults);
    const left = await untilIdle(nodes, file, STILL_MS, say);
    if (left !== '') say(`NOT IDLE: ${left}`);
    // What the last transaction wrote is recorded a moment later.
    const dump = await dumpOf(nodes);
    const newest = Math.max(...dump.map(({ revision }) => revision), 0);
    for (let tries = 0; recorder.revision() < newest && tries < 300; tries += 1) await wait(100);
    const changes = bare(recorder.changes);
    const seen: string[] = [...incidents, ...faults.incidents, ...(left === '' ? [] : [`not idle: ${left}`])];
    /** What cannot be read is told, and the rest is still judged. */
    const readOr = async <T>(what: string, read: () => Promise<T>, instead: T): Promise<T> => {
      try {
        return await read();
      } catch (error) {
        seen.push(`${what} could not be read: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`);
        return instead;
      }
    };
    // One after the other: FerretDB goes through its whole collection for each.
    const timelines: (readonly [string, Awaited<ReturnType<typeof timelineOf>>])[] = [];
    for (const { job } of jobs)
      timelines.push([
        job.name,
        await readOr(`the timeline of ${job.name}`, () => timelineOf(api, job.name, startedAt - 60_000), []),
      ]);
    const history: History = {
      jobs,
      lines: readLines(existsSync(file) ? readFileSync(file, 'utf8') : ''),
      events: await readOr('the events', () => eventsOf(nodes), []),
      changes,
      dump: bare(await dumpOf(nodes)),
      kills: orders,
      afflictions: faults.afflictions,
      views: await readOr('the lists of the masters', () => viewsOf(nodes, api), []),
      timelines: new Map(timelines),
      alive: livingCommands(file),
      incidents: seen,
    };
    const verdict = check(history);
    keep = verdict.violations.length > 0 && options.isKept !== false;
    if (keep) writeFileSync(join(folder, 'history.json'), JSON.stringify(history, undefined, 1));
    for (const job of jobs) say(`${job.job.name}: ${String(expectedTicks(job.job.name, changes).length)} ticks`);
    return {
      ...verdict,
      faults: Object.fromEntries(faults.counts),
      skipped: Object.fromEntries(faults.skipped),
      folder: keep ? folder : undefined,
    };
  } finally {
    for (const close of closers.toReversed()) await close();
    writeFileSync(join(folder, 'timeline'), `${lines.join('\n')}\n`);
    if (!keep) remove(folder, say);
  }
};

/** What cannot be removed is said: it is no part of the verdict. */
const remove = (folder: string, say: (text: string) => void): void => {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  } catch (error) {
    say(`${folder} could not be removed: ${String(error)}`);
  }
};

type Faults = ReturnType<typeof createFaults>;

/** Carries the plan out, with a word every now and then; resolves when the time is over and the last fault is healed. */
const underFire = async (plan: readonly Fault[], durationMs: number, faults: Faults, progress: () => void): Promise<void> => {
  const began = performance.now();
  const left = (at: number): number => Math.max(0, began + at - performance.now());
  const all = Promise.all(
    plan.map(async (fault) => {
      await wait(left(fault.at));
      await faults.carryOut(fault);
    }),
  );
  let isOver = false;
  const watching = (async () => {
    for (let told = began; !isOver;) {
      await wait(500);
      await faults.supervise();
      if (performance.now() - told < PROGRESS_MS) continue;
      told = performance.now();
      progress();
    }
  })();
  await wait(left(durationMs));
  await all;
  isOver = true;
  await watching;
};

/** Disables every job, and kills what runs only to be killed. Answers every kill that was accepted. */
const settle = async (api: Api, nodes: Nodes, jobs: readonly ChaosJob[], faults: Faults): Promise<History['kills']> => {
  await Promise.all(jobs.map(({ job }) => api.persistently(`/jobs/${job.name}`, { method: 'PATCH', body: { enabled: false } })));
  for (let tries = 1; ; tries += 1)
    try {
      await faults.killAll(nodes.names.masters[tries % nodes.names.masters.length] ?? '');
      return faults.kills;
    } catch (error) {
      if (tries === 100) throw error;
      await wait(500);
    }
};

const binaryOf = ({ found, absent }: Awaited<ReturnType<typeof findEtcds>>): string => {
  const binary = found.find((one) => one.binary !== undefined)?.binary;
  if (binary === undefined) throw new Error(`no server to start: ${JSON.stringify(absent)}`);
  return binary;
};

const count = (file: string): number => (existsSync(file) ? readFileSync(file, 'utf8').split('\nS ').length : 0);

/** Beside the history: what every process said. */
const keepLogs = (nodes: Nodes, folder: string): void => {
  for (const { name, process: each } of nodes.all()) cpSync(each.logFile, join(folder, `${name}.log`), { force: true });
};
