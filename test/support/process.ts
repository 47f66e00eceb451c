// A server process of a test: on a port of its own, in a folder of its own, gone with the test whatever happens.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A name that no other test and no other run uses: for prefixes, databases, folders. */
export const uniqueName = (stem: string): string => `${stem}-${randomUUID().slice(0, 13)}`;

/** A free port of 127.0.0.1 below the range of outgoing connections, so that it is still free after a kill and a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

/** Waits until `isTrue` answers true, asking every 20 ms; throws, with `why` telling what was seen, after `limitMs`. */
export async function until(isTrue: () => boolean | Promise<boolean>, why: () => string, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`Not within ${limitMs} ms: ${why()}`);
    await wait(20);
  }
}

type ProcessOptions = {
  readonly name: string;
  readonly command: (dataDir: string) => readonly [string, ...string[]];
  readonly isReady: () => Promise<boolean>;
  /** Kept when given; else a new folder that `stop` removes. */
  readonly dataDir?: string | undefined;
};

/** What a test can do to a server. */
export type ServerProcess = {
  /** Of the present process; another one after `restart`. */
  readonly pid: () => number;
  readonly dataDir: string;
  readonly logFile: string;
  /** SIGKILL; resolves when the process is gone. */
  readonly kill9: () => Promise<void>;
  /** SIGTERM; resolves when the process has ended, and ends it by SIGKILL where it has not in that time. Answers whether it ended by itself. */
  readonly terminate: (limitMs: number) => Promise<boolean>;
  /** SIGSTOP and SIGCONT: a hung server whose connections stay open. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Ends it if it runs (SIGKILL, unless it has ended already), starts it on the same port and data, resolves when it answers. */
  readonly restart: () => Promise<void>;
  /** Ends it and removes its folder if it was made here. */
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

const alive = new Set<ChildProcess>();
const folders = new Set<string>();
process.on('exit', () => {
  alive.forEach((child) => child.kill('SIGKILL'));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});
// A test worker that is itself killed -9 runs no exit handler: there the kernel ends the server, where util-linux can ask for it.
const dying: readonly string[] =
  spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : [];

/** Starts a server process and resolves when it is ready. Throws, with the end of its log, when it ends before that. */
export async function startProcess({ name, command, isReady, dataDir }: ProcessOptions): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), `cronstream-${name}-`));
  folders.add(folder);
  const data = dataDir ?? join(folder, 'data');
  const logFile = join(folder, `${name}.log`);
  const logTail = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-2000) : '');
  let child: ChildProcess | undefined;

  const isRunning = (one: ChildProcess | undefined): one is ChildProcess => one?.exitCode === null && one.signalCode === null;
  const start = async (): Promise<void> => {
    const [program, ...args] = [...dying, ...command(data)];
    const log = openSync(logFile, 'a');
    const started = spawn(program ?? '', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    child = started;
    alive.add(started);
    started.once('exit', () => alive.delete(started));
    let failure: Error | undefined;
    started.once('error', (error) => (failure = error));
    await until(
      async () => {
        if (failure) throw failure;
        if (!isRunning(started)) throw new Error(`${name} ended before it was ready:\n${logTail()}`);
        return isReady();
      },
      () => `${name} is not ready:\n${logTail()}`,
    );
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!isRunning(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  const terminate = async (limitMs: number): Promise<boolean> => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      void end('SIGKILL');
    }, limitMs);
    await end('SIGTERM');
    clearTimeout(timer);
    return !isLate;
  };
  const stop = async (): Promise<void> => {
    await end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: () => child?.pid ?? 0,
    dataDir: data,
    logFile,
    kill9: () => end('SIGKILL'),
    terminate,
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    restart: async () => {
      await end('SIGKILL');
      await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
