// The processes of a chaos run, each with its links, its clock and its folder.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, startProcess, type ServerProcess } from '../support/process.ts';
import type { Network } from './network.ts';
import { namesOf, type Shape } from './plan.ts';
import { endUsersOf, launchersOf } from './processes.ts';

export const SCALE = 8;
const TOKEN = 'a-token-of-the-chaos-0123456789abcdef';

export type Node = {
  readonly name: string;
  readonly process: ServerProcess;
  /** Where the harness reaches it; it is never cut off from anybody. */
  readonly url: string;
};
export type NodesOptions = {
  readonly shape: Shape;
  readonly folder: string;
  readonly program: string;
  readonly network: Network;
  readonly etcdBinary: string;
  readonly mongoBinary: string;
  /** Path of libfaketime, where there is one. */
  readonly faketime: string | undefined;
};

/** Whether somebody listens there. */
const listens = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const answer = (is: boolean) => (): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });

export type Nodes = Awaited<ReturnType<typeof startNodes>>;

/** Starts every process and resolves when all listen. What fails on the way ends what was started. */
export const startNodes = async (options: NodesOptions) => {
  const { shape, folder, program, network, etcdBinary, mongoBinary, faketime } = options;
  const names = namesOf(shape);
  const nodes = new Map<string, Node>();
  const stop = async (): Promise<void> => {
    const all = [...nodes.values()];
    await Promise.all(all.map(({ process: each }) => each.stop()));
    // Only now: a worker that lives starts its launcher anew. And their commands with them, which write into the folder.
    await endUsersOf(folder);
  };
  const dataOf = (name: string): string => join(folder, 'data', name);
  const start = async (
    name: string,
    port: number,
    command: readonly string[],
    isReady: () => Promise<boolean>,
  ): Promise<Node> => {
    const process = await startProcess({
      name: `chaos-${name}`,
      dataDir: dataOf(name),
      command: () => [...network.at(name), ...command] as [string, ...string[]],
      isReady,
    });
    const node: Node = { name, process, url: `http://${network.addressOf(name)}:${String(port)}` };
    nodes.set(name, node);
    return node;
  };

  const flags = /unsafe-no-fsync/.test(String(spawnSync(etcdBinary, ['--help']).output)) ? ['--unsafe-no-fsync'] : [];
  const ports = await Promise.all(names.etcds.map(async (name) => ({ name, client: await freePort(), peer: await freePort() })));
  const peerUrl = ({ name, peer }: { readonly name: string; readonly peer: number }): string =>
    `http://${network.addressOf(name)}:${String(peer)}`;
  const members = ports.map((each) => `${each.name}=${peerUrl(each)}`).join(',');
  const startMember = (each: (typeof ports)[number]): Promise<Node> => {
    const client = `http://${network.addressOf(each.name)}:${String(each.client)}`;
    return start(
      each.name,
      each.client,
      [
        ...[etcdBinary, '--name', each.name, '--data-dir', dataOf(each.name), '--logger', 'zap', '--log-level', 'warn'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peerUrl(each), '--initial-advertise-peer-urls', peerUrl(each)],
        ...['--initial-cluster', members, '--heartbeat-interval', '200', '--election-timeout', '2000', ...flags],
      ],
      () => listens(network.addressOf(each.name), each.client),
    );
  };

  const mongoPort = await freePort();
  const startMongo = (): Promise<Node> => {
    const host = network.addressOf('mongo');
    const data = dataOf('mongo');
    mkdirSync(data, { recursive: true });
    const command = mongoBinary.endsWith('/mongod')
      ? [mongoBinary, '--bind_ip', host, '--port', String(mongoPort), '--dbpath', data]
      : [mongoBinary, '-address', `${host}:${String(mongoPort)}`, '-data', data];
    return start('mongo', mongoPort, command, () => listens(host, mongoPort));
  };

  const stores = async (name: string): Promise<readonly string[]> => {
    const etcds = await Promise.all(ports.map((each) => network.reach(name, each.name, each.client)));
    const mongo = await network.reach(name, 'mongo', mongoPort);
    return [
      '--etcd',
      etcds.map((at) => `http://${at}`).join(','),
      '--mongo',
      `mongodb://${mongo}`,
      '--prefix',
      PREFIX,
      '--database',
      DATABASE,
    ];
  };
  const clockOf = (name: string): string => join(folder, `clock-${name}`);
  const env = (name: string): readonly string[] => [
    'env',
    `CRONSTREAM_ADMIN_TOKEN=${TOKEN}`,
    `CRONSTREAM_TIME_SCALE=${String(SCALE)}`,
    ...(faketime === undefined
      ? []
      : [
          `LD_PRELOAD=${faketime}`,
          `FAKETIME_TIMESTAMP_FILE=${clockOf(name)}`,
          'FAKETIME_CACHE_DURATION=1',
          'FAKETIME_DONT_FAKE_MONOTONIC=1',
        ]),
    process.execPath,
    program,
  ];
  const setClock = (name: string, seconds: number): void =>
    writeFileSync(clockOf(name), `${seconds < 0 ? '' : '+'}${String(seconds)}s\n`);

  const startMaster = async (name: string): Promise<Node> => {
    setClock(name, 0);
    const port = await freePort();
    const host = network.addressOf(name);
    const args = ['master', ...(await stores(name)), '--host', host, '--port', String(port)];
    return start(name, port, [...env(name), ...args], () => listens(host, port));
  };
  const startWorker = async (name: string): Promise<Node> => {
    setClock(name, 0);
    const args = ['worker', ...(await stores(name)), '--data', dataOf(name), '--name', name, '--slots', '20'];
    return start(name, 0, [...env(name), ...args], async () => true);
  };

  try {
    await Promise.all([...ports.map(startMember), startMongo()]);
    await Promise.all([...names.masters.map(startMaster), ...names.workers.map(startWorker)]);
  } catch (error) {
    await stop();
    throw error;
  }
  const get = (name: string): Node => {
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    return node;
  };
  return {
    names,
    get,
    all: (): readonly Node[] => [...nodes.values()],
    dataOf,
    setClock,
    mongoUrl: `mongodb://${network.addressOf('mongo')}:${String(mongoPort)}`,
    launchersOf: (name: string): readonly number[] => launchersOf(dataOf(name)),
    stop,
  };
};

export const PREFIX = '/chaos';
export const DATABASE = 'chaos';
export const AUTHORIZATION = `Bearer ${TOKEN}`;

/** A small disk of its own for the data folder of a worker; answers why not. */
export const smallDisk = (folder: string): string | undefined => {
  mkdirSync(folder, { recursive: true });
  const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder], { encoding: 'utf8' });
  return error ? error.message : status === 0 ? undefined : stderr.trim() || 'mount failed';
};
/** Unmounts it; while somebody still uses it, as soon as nobody does. */
export const removeDisk = (folder: string): void => {
  if (spawnSync('umount', [folder]).status !== 0) spawnSync('umount', ['--lazy', folder]);
};
export const fillFile = (folder: string): string => join(folder, 'filled-by-chaos');
