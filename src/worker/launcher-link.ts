import { open, type FileHandle } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { concat, defer, from, ReplaySubject, Subject, type Observable } from 'rxjs';
import { PROTOCOL, socketName, type Answer, type News, type Request } from '../launcher/protocol.ts';
import { sleep, type Clock } from '../streams/clock.ts';

/** A launcher that is gone or does not answer: what was asked may have been done. */
export class LauncherGone extends Error {
  override readonly name = 'LauncherGone';
}

/** A request without what the connection adds to it. */
export type Ask = Request extends infer R ? (R extends unknown ? Omit<R, 'v' | 'id'> : never) : never;
export type Hello = Extract<Answer, { type: 'hello' }>;

/** One connection to one launcher. */
export type Link = {
  readonly hello: Hello;
  /** Rejects with LauncherGone when the connection breaks, or when there is no answer in time: then it is broken. */
  readonly ask: (what: Ask) => Promise<Answer>;
  /** From the beginning of the connection on, also what came before the first subscriber. */
  readonly news$: Observable<News>;
  /** Emits once, also to who comes later. */
  readonly gone$: Observable<void>;
  readonly hasRuns: () => boolean;
  readonly close: () => void;
};

const ANSWER_MS = 15_000;
const CHECK_MS = 1_000;
/** The kernel's limit is 108, with the end of the text. */
const LONGEST_SOCKET_PATH = 100;

/** Connects to the launcher of that number and says hello. Undefined when nobody answers there. */
export const link = async (dataDir: string, generation: number, clock: Clock): Promise<Link | undefined> => {
  const socket = await connected(dataDir, generation);
  if (!socket) return undefined;
  const waiting = new Map<number, { readonly settle: (answer: Answer | LauncherGone) => void; readonly askedAt: number }>();
  const live = new Set<string>();
  const heard$ = new Subject<News>();
  const unheard: News[] = [];
  const gone$ = new ReplaySubject<void>(1);
  let isHeard = false;
  let isGone = false;
  let isChecking = false;
  let lastId = 0;
  let rest = '';

  const onNews = (news: News): void => {
    if (news.type === 'exited') live.delete(nameOf(news.exit));
    if (isHeard) heard$.next(news);
    else unheard.push(news);
  };
  const onAnswer = (answer: Answer): void => {
    if (answer.type === 'started') live.add(nameOf(answer.entry));
    if (answer.type === 'hello') for (const run of answer.runs) live.add(nameOf(run));
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    asked?.settle(answer);
  };
  const onLine = (line: string): void => {
    const message = parsed(line);
    if (!message) socket.destroy();
    else if ('id' in message) onAnswer(message);
    else onNews(message);
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.filter((line) => line !== '').forEach(onLine);
  });
  socket.on('error', () => undefined); // `close` follows
  socket.on('close', () => {
    isGone = true;
    for (const { settle } of waiting.values()) settle(new LauncherGone('the launcher is gone'));
    waiting.clear();
    heard$.complete();
    gone$.next();
    gone$.complete();
  });

  /** One timer for all that is asked. A launcher that does not answer is as good as gone: the connection is made anew. */
  const check = async (): Promise<void> => {
    if (isChecking) return;
    isChecking = true;
    while (waiting.size > 0) {
      await sleep(CHECK_MS, clock);
      const [oldest] = waiting.values();
      if (oldest && clock.monotonic() - oldest.askedAt > ANSWER_MS) socket.destroy();
    }
    isChecking = false;
  };
  const ask = (what: Ask): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (isGone) {
        reject(new LauncherGone('the launcher is gone'));
        return;
      }
      lastId += 1;
      const settle = (answer: Answer | LauncherGone): void => {
        if (answer instanceof LauncherGone) reject(answer);
        else resolve(answer);
      };
      waiting.set(lastId, { settle, askedAt: clock.monotonic() });
      socket.write(`${JSON.stringify({ v: PROTOCOL, id: lastId, ...what })}\n`);
      void check();
    });

  const hello = await ask({ type: 'hello' }).catch(() => undefined);
  if (hello?.type !== 'hello') {
    socket.destroy();
    return undefined;
  }
  return {
    hello,
    ask,
    news$: defer(() => {
      isHeard = true;
      return concat(from(unheard.splice(0)), heard$);
    }),
    gone$,
    hasRuns: () => live.size > 0,
    close: () => {
      socket.destroy();
    },
  };
};

const nameOf = ({ runId, attempt }: { readonly runId: string; readonly attempt: number }): string =>
  `${runId}/${String(attempt)}`;

const parsed = (line: string): Answer | News | undefined => {
  try {
    return JSON.parse(line) as Answer | News;
  } catch {
    return undefined;
  }
};

/** Undefined when nobody listens. A path that is too long for a Unix socket is reached through the folder's descriptor. */
const connected = async (dataDir: string, generation: number): Promise<Socket | undefined> => {
  const name = socketName(generation);
  const path = join(dataDir, name);
  let folder: FileHandle | undefined;
  try {
    if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) folder = await open(dataDir, 'r');
    return await new Promise((resolve) => {
      const socket = createConnection(folder ? `/proc/self/fd/${String(folder.fd)}/${name}` : path);
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
