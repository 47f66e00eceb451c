// A link that a test can break: a TCP proxy before a server.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type Proxy = {
  readonly url: string;
  readonly port: number;
  /** From now on what the client sends arrives, and what the server answers is thrown away. */
  readonly dropAnswers: () => void;
  /** From now on nothing passes, in either direction; connections stay open. */
  readonly freeze: () => void;
  /** Ends every connection as soon as clients have sent so many bytes more, in the middle of what they send; then resolves. New connections end at once until `mend`. */
  readonly cutAfter: (bytes: number) => Promise<void>;
  /** Ends every connection and works again for new ones. */
  readonly mend: () => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Starts a proxy on 127.0.0.1 before a server there. */
export async function startProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let mode: 'open' | 'dropAnswers' | 'frozen' | 'cut' = 'open';
  let left = Infinity;
  let onCut: () => void = () => undefined;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    if (mode === 'cut') {
      client.on('error', () => client.destroy()).destroy();
      return;
    }
    const target = keep(connect(targetPort, '127.0.0.1'));
    keep(client);
    client.on('data', (chunk) => {
      if (mode === 'frozen' || mode === 'cut') return;
      left -= chunk.length;
      if (left > 0) target.write(chunk);
      else {
        mode = 'cut';
        // What has come so far still reaches the server, so that it ends in the middle there as well.
        target.write(chunk.subarray(0, chunk.length + left), () => {
          cut();
          onCut();
        });
      }
    });
    target.on('data', (chunk) => {
      if (mode === 'open') client.write(chunk);
    });
    client.once('close', () => target.destroy());
    target.once('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    dropAnswers: () => void (mode = 'dropAnswers'),
    freeze: () => void (mode = 'frozen'),
    cutAfter: (bytes) => {
      left = bytes;
      return new Promise((resolve) => (onCut = resolve));
    },
    mend: () => {
      mode = 'open';
      left = Infinity;
      cut();
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
