import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { concatMap, from, mergeMap, merge, skip, tap } from 'rxjs';
import type { WebSocket } from 'ws';
import { every } from '../streams/clock.ts';
import type { Language } from '../domain/words.ts';
import { languageOf } from './language.ts';
import { createConnection, type Connection } from './live-connection.ts';
import { createLiveHub } from './live-hub.ts';
import type { Parts } from './parts.ts';

export type LiveParts = Parts & {
  /** Whether who opened a socket may still look: false once the session or the token is gone. */
  readonly isStillIn: (request: FastifyRequest) => Promise<boolean>;
};

const TEND_MS = 250;
const CHECK_MS = 10_000;
const ASKED_AT_ONCE = 8;
/** Close codes of our own start at 4000. */
const SIGNED_OUT = 4401;

/** The live socket. The one place of a master that subscribes: it lives as long as the app. */
export const liveSocket: FastifyPluginAsync<LiveParts> = async (app, { projection, stores, clock, log, isStillIn }) => {
  const hub = createLiveHub({ projection, clock });
  const open = new Map<WebSocket, { readonly connection: Connection; readonly request: FastifyRequest; isAlive: boolean }>();

  const tend$ = every(TEND_MS, clock).pipe(
    tap(() => {
      for (const { connection } of open.values()) connection.tend();
    }),
  );
  const check$ = every(CHECK_MS, clock).pipe(
    skip(1),
    concatMap(() => from([...open])),
    mergeMap(async ([socket, client]) => {
      // No answer to the ping of the last round: nobody is there any more.
      if (!client.isAlive) socket.terminate();
      else if (!(await isStillIn(client.request))) socket.close(SIGNED_OUT, 'signed out');
      else {
        client.isAlive = false;
        socket.ping();
      }
    }, ASKED_AT_ONCE),
  );
  const work = merge(hub.work$, tend$, check$).subscribe();
  app.addHook('onClose', async () => {
    work.unsubscribe();
  });

  /** A browser cannot set the headers of a socket: `?lang=zh` speaks for it. */
  const languageFor = ({ query, headers }: FastifyRequest): Language => {
    const { lang } = query as { readonly lang?: unknown };
    return languageOf(typeof lang === 'string' ? lang : headers['accept-language']);
  };

  app.get('/live', { websocket: true, config: { role: 'viewer' }, schema: { hide: true } }, (socket, request) => {
    const connection = createConnection(socket, {
      hub,
      projection,
      runLog: stores.runLog,
      clock,
      log,
      language: languageFor(request),
    });
    const client = { connection, request, isAlive: true };
    open.set(socket, client);
    socket.on('message', (bytes: Buffer) => {
      connection.onMessage(bytes);
    });
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('close', () => {
      open.delete(socket);
      connection.close();
    });
    socket.on('error', (error) => {
      log.debug({ err: error }, 'a live socket broke');
    });
  });
};
