// Servers that a test starts for itself, to kill, freeze or compact them. Shared ones: inject('etcds'), inject('mongos').
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { findEtcds, findMongos, type Found } from '../../scripts/lib/find-servers.mjs';
import { freePort, startProcess, type ServerProcess } from './process.ts';

export { freePort, uniqueName, until } from './process.ts';

type Start = {
  /** The program; else the first that can be had, of `version` if given. */
  readonly binary?: string;
  readonly version?: 'built' | 'debian' | 'path';
  readonly dataDir?: string;
  readonly port?: number;
  readonly flags?: readonly string[];
};

/** An etcd of one member that belongs to this test. */
export type EtcdServer = ServerProcess & {
  readonly url: string;
  readonly port: number;
  /** The store's present revision. */
  readonly revision: () => Promise<number>;
  /** Compacts up to a revision (the present one by default) and waits until it is done. */
  readonly compact: (revision?: number) => Promise<void>;
};

/** A server of the MongoDB protocol that belongs to this test. */
export type MongoServer = ServerProcess & { readonly url: string; readonly port: number };

async function binaryOf(
  { binary, version }: Start,
  find: (note: (text: string) => void) => Promise<{ found: Found[]; absent: { name: string; reason: string }[] }>,
): Promise<string> {
  if (binary !== undefined) return binary;
  const { found, absent } = await find((text) => process.stderr.write(`  ${text}\n`));
  const first = found.find((one) => one.binary !== undefined && (version === undefined || one.kind === version));
  if (first?.binary === undefined) throw new Error(`No server to start: ${JSON.stringify(absent)}`);
  return first.binary;
}

/** Tries again with other ports when one was taken between looking and listening. */
async function onFreePort<T>(given: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (given !== undefined) return start(given);
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === 3 || !/address already in use/.test(String(error))) throw error;
    }
  }
}

async function post(url: string, body: unknown): Promise<{ readonly header?: { readonly revision: string } }> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as { header?: { revision: string } };
}

// Tests kill processes, not machines: an etcd that can do without fsync (3.5 and later) does.
const flagsOf = (binary: string): readonly string[] =>
  /unsafe-no-fsync/.test(String(spawnSync(binary, ['--help']).output)) ? ['--unsafe-no-fsync'] : [];

/** Starts an etcd on 127.0.0.1 and resolves when it answers. */
export async function startEtcd(options: Start = {}): Promise<EtcdServer> {
  const binary = await binaryOf(options, findEtcds);
  const flags = [...flagsOf(binary), ...(options.flags ?? [])];
  return onFreePort(options.port, async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    const server = await startProcess({
      name: 'etcd',
      dataDir: options.dataDir,
      command: (data) => [
        ...([binary, '--name', 'test', '--data-dir', data, '--listen-client-urls', url, '--advertise-client-urls', url] as const),
        ...[
          '--listen-peer-urls',
          peer,
          '--initial-advertise-peer-urls',
          peer,
          '--initial-cluster',
          `test=${peer}`,
          '--logger',
          'zap',
        ],
        ...flags,
      ],
      isReady: async () => {
        try {
          const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
          return ((await answer.json()) as { health?: string }).health === 'true';
        } catch {
          return false;
        }
      },
    });
    const revision = async (): Promise<number> =>
      Number(
        (await post(`${url}/v3/kv/range`, { key: Buffer.from('\0').toString('base64'), count_only: true })).header?.revision,
      );
    const compact = async (to?: number): Promise<void> => {
      await post(`${url}/v3/kv/compaction`, { revision: String(to ?? (await revision())), physical: true });
    };
    return { ...server, url, port, revision, compact };
  });
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (is: boolean) => (): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });

/** Starts a server of the MongoDB protocol (a mongod, else FerretDB) on 127.0.0.1 and resolves when it accepts connections. */
export async function startMongo(options: Start = {}): Promise<MongoServer> {
  const binary = await binaryOf(options, findMongos);
  const isReal = binary.endsWith('/mongod');
  return onFreePort(options.port, async (port) => {
    const server = await startProcess({
      name: 'mongo',
      dataDir: options.dataDir,
      command: (data) =>
        isReal
          ? ['sh', '-c', 'mkdir -p "$2" && exec "$0" --bind_ip 127.0.0.1 --port "$1" --dbpath "$2"', binary, String(port), data]
          : [binary, '-address', `127.0.0.1:${port}`, '-data', data, ...(options.flags ?? [])],
      isReady: () => accepts(port),
    });
    return { ...server, url: `mongodb://127.0.0.1:${port}`, port };
  });
}
