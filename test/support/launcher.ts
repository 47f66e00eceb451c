// A launcher of a test: bundled from the sources into a folder of its own, so that no test depends on dist/.
import { buildSync } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { uuidv7 } from 'uuidv7';
import { afterAll } from 'vitest';
import { groupLives, signalGroup } from '../../src/launcher/proc.ts';
import { FILES, type Exit, type LiveEntry, type News, type StartOrder } from '../../src/launcher/protocol.ts';
import { systemClock } from '../../src/streams/clock.ts';
import { connectLauncher, type Launcher } from '../../src/worker/launcher.ts';
import { until } from './process.ts';

const root = join(import.meta.dirname, '../..');
const bundled = new Map<string, string>();
const folders: string[] = [];
// Of the test file that uses it: a vitest worker runs no exit handlers.
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** The path of a launcher made from src/launcher/, once a test process. With another `banner` it is another build of it. */
export const bundleLauncher = (banner = ''): string => {
  const known = bundled.get(banner);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-bundle-'));
  folders.push(folder);
  const outfile = join(folder, 'main.mjs');
  buildSync({
    absWorkingDir: root,
    entryPoints: ['src/launcher/main.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: banner },
  });
  bundled.set(banner, outfile);
  return outfile;
};

/** What a test does with one data folder. */
export type LauncherFolder = {
  readonly dataDir: string;
  /** A further connection, as of a new worker process. */
  readonly connect: (launcherPath?: string) => Promise<Connected>;
  /** A connection whose news nobody has subscribed to yet. */
  readonly unheard: () => Promise<Launcher>;
  /** A complete order: its spool folder is made, the rest has defaults. */
  readonly order: (order: Partial<StartOrder> & Pick<StartOrder, 'command'>) => StartOrder;
  readonly exitOnDisk: (order: StartOrder) => Exit | undefined;
  readonly output: (order: StartOrder) => string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type Connected = Launcher & {
  readonly news: readonly News[];
  readonly exits: () => readonly Exit[];
  /** The exit of a run, when it is told. */
  readonly exitOf: (order: StartOrder) => Promise<Exit>;
  /** Starts, and resolves with what was told of the exit. */
  readonly run: (order: StartOrder) => Promise<Exit>;
};

/** A new data folder. In the end every launcher of it and every process that it started is gone. `under` makes the path longer. */
export const launcherFolder = (under = ''): LauncherFolder => {
  const base = mkdtempSync(join(tmpdir(), 'cronstream-launcher-'));
  const dataDir = join(base, under);
  mkdirSync(dataDir, { recursive: true });
  const open: Launcher[] = [];
  const launchers = new Set<number>();
  const entries: LiveEntry[] = [];
  const log = pino({ level: 'silent' });

  const unheard = async (launcherPath = bundleLauncher()): Promise<Launcher> => {
    const launcher = await connectLauncher({ dataDir, launcherPath, clock: systemClock, log });
    open.push(launcher);
    launchers.add(launcher.pid);
    entries.push(...launcher.live);
    return launcher;
  };
  const connect = async (launcherPath?: string): Promise<Connected> => {
    const launcher = await unheard(launcherPath);
    const news: News[] = [];
    const failed = (error: unknown): void => {
      throw error;
    };
    launcher.news$.subscribe({ next: (each) => news.push(each), error: failed });
    const exits = (): readonly Exit[] => news.flatMap((each) => (each.type === 'exited' ? [each.exit] : []));
    const start = async (order: StartOrder): Promise<LiveEntry> => {
      const entry = await launcher.start(order);
      entries.push(entry);
      return entry;
    };
    const exitOf = async ({ runId, attempt }: StartOrder): Promise<Exit> => {
      const find = (): Exit | undefined => exits().find((exit) => exit.runId === runId && exit.attempt === attempt);
      await until(
        () => find() !== undefined,
        () => `exit of ${runId}: ${JSON.stringify(news)}`,
      );
      return find()!;
    };
    return {
      ...launcher,
      start,
      news,
      exits,
      exitOf,
      run: async (order) => {
        await start(order);
        return exitOf(order);
      },
    };
  };
  const dispose = async (): Promise<void> => {
    for (const each of open) each.close();
    launchers.forEach((pid) => endProcess(pid));
    // Also of what was started by another process: its folder says which.
    for (const name of foldersIn(join(dataDir, 'spool'))) {
      const noted = contentOf(join(dataDir, 'spool', name, FILES.pid));
      if (noted !== undefined) entries.push(JSON.parse(noted) as LiveEntry);
    }
    for (const { pid } of entries) signalGroup(pid, 'SIGKILL');
    await until(
      () => entries.every(({ pid }) => !groupLives(pid)),
      () => 'a process of the test still lives',
    );
    rmSync(base, { recursive: true, force: true });
  };

  return {
    dataDir,
    connect,
    unheard,
    order: (given) => {
      const runId = given.runId ?? uuidv7();
      const attempt = given.attempt ?? 1;
      const dir = join(dataDir, 'spool', `${runId}.${attempt}`);
      mkdirSync(dir, { recursive: true });
      return { runId, attempt, dir, shell: '/bin/sh', env: { PATH: '/usr/bin:/bin' }, killGraceMs: 10_000, ...given };
    },
    exitOnDisk: ({ dir }) => {
      const text = contentOf(join(dir, FILES.exit));
      return text === undefined ? undefined : (JSON.parse(text) as Exit);
    },
    output: ({ dir }) => contentOf(join(dir, FILES.out)) ?? '',
    [Symbol.asyncDispose]: dispose,
  };
};

const foldersIn = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** Of a file; of nothing else, since a device may never end. */
export const contentOf = (path: string): string | undefined => {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
};

/** KILL, of one process that the test knows by its number; one that is gone is no error. */
export const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
};
