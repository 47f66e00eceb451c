import type { Socket } from 'node:net';
import { wait } from './clock.ts';
import { PROTOCOL, type Answer, type News, type Request } from './protocol.ts';

/** A job is at most 256 kB: what is longer than this is no message. */
const LONGEST_LINE = 4_000_000;
/** A worker that is frozen for so long that this much waits for it reads it from the spool when it is back. */
const MOST_WAITING = 8_000_000;

const FAREWELL_MS = 10_000;

/** The connected workers: usually one. They come and go, in mid-message too, and no message of theirs can end the launcher. */
export const createClients = () => {
  const clients = new Set<Socket>();

  const send = (client: Socket, message: Answer | News): void => {
    if (client.destroyed) return;
    client.write(`${JSON.stringify(message)}\n`);
    if (client.writableLength > MOST_WAITING) client.destroy();
  };
  const onLine = (client: Socket, line: string, answer: (request: Request) => Promise<Answer>): void => {
    const request = parsed(line);
    if (request) void answer(request).then((text) => send(client, text));
    else send(client, { v: PROTOCOL, id: -1, type: 'failed', error: 'not a message' });
  };

  return {
    isEmpty: (): boolean => clients.size === 0,
    tell: (news: News): void => {
      for (const client of clients) send(client, news);
    },
    /** Resolves when all have got what was told to them, or after a while: one may be frozen, and reads it from the spool. */
    farewell: async (): Promise<void> => {
      const closed = [...clients].map(
        (client) =>
          new Promise<void>((resolve) => {
            client.once('close', resolve);
            client.end();
          }),
      );
      await Promise.race([Promise.all(closed), wait(FAREWELL_MS)]);
    },
    welcome: (client: Socket, answer: (request: Request) => Promise<Answer>): void => {
      clients.add(client);
      client.setEncoding('utf8');
      let rest = '';
      client.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') onLine(client, line, answer);
        if (rest.length > LONGEST_LINE) client.destroy();
      });
      client.on('error', () => undefined); // a worker that died: its runs go on
      client.on('close', () => clients.delete(client));
    },
  };
};

const parsed = (line: string): Request | undefined => {
  try {
    const message: unknown = JSON.parse(line);
    const isRequest = typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number';
    return isRequest ? (message as Request) : undefined;
  } catch {
    return undefined;
  }
};
