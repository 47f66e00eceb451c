import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { concat, defer, from, Subject, type Observable } from 'rxjs';
import {
  PROTOCOL,
  SOCKET_NAME,
  type Answer,
  type Cause,
  type LiveEntry,
  type News,
  type Request,
  type StartOrder,
} from '../launcher/protocol.ts';
import { sleep, type Clock } from '../streams/clock.ts';

export type LauncherDeps = {
  readonly dataDir: string;
  /** The built launcher, dist/launcher/main.js. */
  readonly launcherPath: string;
  readonly clock: Clock;
  readonly log: Logger;
};

type Ask = Request extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** A launcher that says it is gone: what was asked may have been done. */
export class LauncherGone extends Error {
  override readonly name = 'LauncherGone';
}

const ANSWER_MS = 10_000;
const START_TRIES = 200;
const TRY_MS = 50;
const LONGEST_SOCKET_PATH = 100;

export type Launcher = Awaited<ReturnType<typeof connectLauncher>>;

/** Connects to the launcher of this data folder, which may live since an earlier worker process, or starts one. `gone$` emits when the connection breaks; then `connect` again. */
export const connectLauncher = async ({ dataDir, launcherPath, clock, log }: LauncherDeps) => {
  const socket = (await tryConnect(dataDir)) ?? (await startLauncher());
  const waiting = new Map<number, (answer: Answer | LauncherGone) => void>();
  const news = new Subject<News>();
  // What is told before anybody listens is kept: an exit in that moment must not be missed.
  let early: News[] | undefined = [];
  const gone = new Subject<void>();
  let isGone = false;
  let lastId = 0;
  let rest = '';

  async function startLauncher(): Promise<Socket> {
    const logFile = openSync(join(dataDir, 'launcher.log'), 'a', 0o600);
    const child = spawn(process.execPath, ['--max-old-space-size=128', '--max-semi-space-size=2', launcherPath, dataDir], {
      detached: true,
      stdio: ['ignore', logFile, logFile],
      cwd: dataDir,
      env: { PATH: process.env['PATH'] ?? '' },
    });
    let failure: string | undefined;
    child.on('error', (error) => {
      failure = error.message;
    });
    child.on('exit', (code) => {
      if (code !== 3) failure = `it ended with exit code ${String(code)}, see ${join(dataDir, 'launcher.log')}`;
    });
    child.unref();
    log.info({ pid: child.pid }, 'launcher started');
    for (let tries = 0; tries < START_TRIES && failure === undefined; tries += 1) {
      await sleep(TRY_MS, clock);
      const connected = await tryConnect(dataDir);
      if (connected) return connected;
    }
    throw new Error(`the launcher did not start: ${failure ?? 'it does not answer'}`);
  }

  const onLine = (line: string): void => {
    const message = JSON.parse(line) as Answer | News;
    if (!('id' in message)) {
      if (early) early.push(message);
      else news.next(message);
    } else {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  };
  const onGone = (): void => {
    if (isGone) return;
    isGone = true;
    for (const tell of waiting.values()) tell(new LauncherGone('the launcher is gone'));
    waiting.clear();
    news.complete();
    gone.next();
    gone.complete();
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.filter((line) => line !== '').forEach(onLine);
  });
  socket.on('error', () => undefined);
  socket.on('close', onGone);

  const ask = (what: Ask): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (isGone) {
        reject(new LauncherGone('the launcher is gone'));
        return;
      }
      lastId += 1;
      const id = lastId;
      waiting.set(id, (answer) => {
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
      void sleep(ANSWER_MS, clock).then(() => {
        // A launcher that does not answer is as good as gone: the connection is made anew.
        if (waiting.has(id)) socket.destroy();
      });
      socket.write(`${JSON.stringify({ id, ...what })}\n`);
    });

  const hello = await ask({ type: 'hello', v: PROTOCOL });
  if (hello.type !== 'hello') throw new Error('the launcher does not understand this worker');
  return {
    pid: hello.pid,
    /** What lived when the connection was made. */
    live: hello.runs,
    /** Subscribed to once. */
    news$: defer(() => {
      const kept = early ?? [];
      early = undefined;
      return concat(from(kept), news);
    }),
    gone$: gone as Observable<void>,
    /** Answers what was started; rejects with words for a person when nothing was. */
    start: async (order: StartOrder): Promise<LiveEntry> => {
      const answer = await ask({ type: 'start', order });
      if (answer.type === 'started') return answer.entry;
      throw new Error(answer.type === 'failed' ? answer.error : 'the launcher answered something else');
    },
    /** Whether such a run lives there. */
    end: async (runId: string, attempt: number, cause: Cause, by: string | undefined): Promise<boolean> => {
      const answer = await ask({ type: 'end', runId, attempt, cause, ...(by === undefined ? {} : { by }) });
      return answer.type === 'told' && answer.live;
    },
    setDeadlines: (untils: readonly { readonly runId: string; readonly attempt: number; readonly until: number }[]) =>
      ask({ type: 'deadlines', untils }),
    /** It ends itself when its last run has ended. */
    stop: () => ask({ type: 'stop' }),
    close: (): void => {
      socket.destroy();
    },
  };
};

/** Undefined when nobody listens. A path that is too long for a Unix socket is reached through the folder's descriptor. */
const tryConnect = async (dataDir: string): Promise<Socket | undefined> => {
  const path = join(dataDir, SOCKET_NAME);
  const folder = Buffer.byteLength(path) > LONGEST_SOCKET_PATH ? await open(dataDir, 'r') : undefined;
  try {
    return await new Promise((resolve) => {
      const socket = createConnection(folder ? `/proc/self/fd/${String(folder.fd)}/${SOCKET_NAME}` : path);
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(socket);
      });
      socket.once('error', () => {
        resolve(undefined);
      });
    });
  } finally {
    await folder?.close();
  }
};
