import { chmodSync, closeSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { startChild, type Child } from './child.ts';
import { everyMs, instant } from './clock.ts';
import { PROTOCOL, SOCKET_NAME, type Answer, type News, type Request } from './protocol.ts';

/*
 * The launcher: parent of every run of one worker, and outlives it. Small, and of node: alone, since starting a process costs by the memory of who starts it.
 * It works in the worker's data folder (its one argument), listens on a socket that only its owner can open, and ends when nobody needs it any more.
 */

const LOOK_MS = 50;
const IDLE_MS = 60_000;
const LONGEST_LINE = 4_000_000;

const say = (text: string): void => {
  process.stdout.write(`${instant()} ${text}\n`);
};

const CLOSE_ON_EXEC = 0o2000000;

/** The process that started this one may have files open that were not meant for commands (a store's): what is open here and would be open in a command is closed. */
const closeInherited = (): void => {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(fd);
    } catch {
      // the descriptor of the listing itself
    }
  }
};

const children = new Map<string, Child>();
const clients = new Set<Socket>();
let isStopping = false;
let idleLooks = 0;

const nameOf = (runId: string, attempt: number): string => `${runId}/${String(attempt)}`;

const tellAll = (news: News): void => {
  for (const client of clients) client.write(`${JSON.stringify(news)}\n`);
};

const answer = (request: Request): Answer => {
  const { id } = request;
  switch (request.type) {
    case 'hello':
      return { id, type: 'hello', v: PROTOCOL, pid: process.pid, runs: [...children.values()].map((child) => child.entry()) };
    case 'start': {
      const { runId, attempt } = request.order;
      const name = nameOf(runId, attempt);
      const live = children.get(name);
      if (live) return { id, type: 'started', entry: live.entry() };
      try {
        const child = startChild(request.order, tellAll, () => children.delete(name));
        children.set(name, child);
        return { id, type: 'started', entry: child.entry() };
      } catch (error) {
        return { id, type: 'failed', error: error instanceof Error ? error.message : String(error) };
      }
    }
    case 'end': {
      const child = children.get(nameOf(request.runId, request.attempt));
      child?.end(request.cause, request.by);
      return { id, type: 'told', live: child !== undefined };
    }
    case 'deadlines':
      for (const { runId, attempt, until } of request.untils) children.get(nameOf(runId, attempt))?.setUntil(until);
      return { id, type: 'told', live: true };
    case 'stop':
      isStopping = true;
      return { id, type: 'told', live: children.size > 0 };
    default:
      request satisfies never; // of a newer worker
      return { id, type: 'failed', error: 'this launcher does not know such a message' };
  }
};

const onLine = (client: Socket, line: string): void => {
  let request: Request;
  try {
    request = JSON.parse(line) as Request;
    if (typeof request !== 'object' || typeof request.id !== 'number') throw new Error('no id');
  } catch {
    client.write(`${JSON.stringify({ id: -1, type: 'failed', error: 'not a message' } satisfies Answer)}\n`);
    return;
  }
  try {
    client.write(`${JSON.stringify(answer(request))}\n`);
  } catch (error) {
    client.write(`${JSON.stringify({ id: request.id, type: 'failed', error: String(error) } satisfies Answer)}\n`);
  }
};

const onClient = (client: Socket): void => {
  clients.add(client);
  client.setEncoding('utf8');
  let rest = '';
  client.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) client.destroy();
    for (const line of lines) if (line !== '') onLine(client, line);
  });
  client.on('error', () => undefined); // a worker that died in mid-message: its runs go on
  client.on('close', () => clients.delete(client));
};

const look = (): void => {
  for (const child of children.values()) child.look();
  const isIdle = children.size === 0 && (isStopping || clients.size === 0);
  idleLooks = isIdle ? idleLooks + 1 : 0;
  if (isIdle && (isStopping || idleLooks * LOOK_MS >= IDLE_MS)) leave();
};

const leave = (): void => {
  try {
    unlinkSync(SOCKET_NAME);
  } catch {
    // somebody removed it
  }
  process.exit(0);
};

const listen = (): void => {
  const server = createServer(onClient);
  server.on('error', (error) => {
    say(`cannot listen: ${error.message}`);
    process.exit(1);
  });
  process.umask(0o077);
  server.listen(SOCKET_NAME, () => {
    chmodSync(SOCKET_NAME, 0o600);
    process.umask(0o022);
    say(`listens, process ${String(process.pid)}`);
    everyMs(LOOK_MS, look);
  });
};

closeInherited();
process.chdir(process.argv[2] ?? '.');
// Ended by the worker, or by having nothing to do: never by a Ctrl-C that is meant for the worker's terminal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('uncaughtException', (error) => {
  say(`unforeseen: ${error.stack ?? error.message}`);
});
const other = createConnection(SOCKET_NAME);
other.on('connect', () => {
  say('another launcher listens here');
  process.exit(3);
});
other.on('error', () => {
  try {
    unlinkSync(SOCKET_NAME);
  } catch {
    // there was none
  }
  listen();
});
