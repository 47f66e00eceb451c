// The links between the processes of a chaos run, and how each is cut: network namespaces where they can be made, else a proxy a link.
import { spawnSync } from 'node:child_process';
import { startProxy, type Proxy } from '../support/proxy.ts';

export type Network = {
  readonly kind: 'namespaces' | 'proxies';
  /** The address on which a process of that name listens. */
  readonly addressOf: (name: string) => string;
  /** What is put before a program so that it runs there. */
  readonly at: (name: string) => readonly string[];
  /** `host:port` under which `from` reaches a port of `to`. */
  readonly reach: (from: string, to: string, port: number) => Promise<string>;
  /** Whether the link of these two can be cut. */
  readonly canCut: (from: string, to: string) => boolean;
  /** From now on nothing passes between the two, in silence; `oneWay`: what `to` sends does not arrive, what `from` sends does. */
  readonly cut: (from: string, to: string, oneWay: boolean) => void;
  readonly mend: (from: string, to: string) => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export const openNetwork = async (
  names: readonly string[],
  wanted: 'auto' | 'proxies',
  note: (text: string) => void,
): Promise<Network> => {
  if (wanted === 'auto') {
    const made = makeNamespaces(names);
    if (typeof made !== 'string') return made;
    note(`SKIPPED network namespaces (${made}): links are cut by proxies; members of etcd cannot be parted from each other`);
  }
  return openProxies();
};

const ip = (...args: readonly string[]): string => {
  const { status, error, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  return error ? error.message : status === 0 ? '' : stderr.trim() || `ip ${args.join(' ')} failed`;
};

/** A namespace a process, all on one bridge; a link is cut by a wrong hardware address, so that nobody is told. Answers why not, where it cannot be. */
const makeNamespaces = (names: readonly string[]): Network | string => {
  const id = (process.pid % 46_656).toString(36);
  const bridge = `chaos${id}`;
  const net = `10.${String(64 + (process.pid % 128))}.${String(Math.floor(process.pid / 128) % 250)}`;
  const spaceOf = (name: string): string => `chaos${id}-${name}`;
  const addresses = new Map(names.map((name, index) => [name, `${net}.${String(index + 2)}`]));
  const addressOf = (name: string): string => addresses.get(name) ?? '127.0.0.1';
  const remove = (): void => {
    for (const name of names) ip('netns', 'del', spaceOf(name));
    ip('link', 'del', bridge);
  };
  process.once('exit', remove);
  const steps: readonly (readonly string[])[] = [
    ['link', 'add', bridge, 'type', 'bridge'],
    ['addr', 'add', `${net}.1/24`, 'dev', bridge],
    ['link', 'set', bridge, 'up'],
    ...names.flatMap((name, index) => {
      const outer = `ch${id}n${String(index)}`;
      const space = spaceOf(name);
      return [
        ['netns', 'add', space],
        ['link', 'add', outer, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space],
        ['link', 'set', outer, 'master', bridge, 'up'],
        ['-n', space, 'addr', 'add', `${addressOf(name)}/24`, 'dev', 'eth0'],
        ['-n', space, 'link', 'set', 'eth0', 'up'],
        ['-n', space, 'link', 'set', 'lo', 'up'],
      ];
    }),
  ];
  const refuse = (why: string): string => {
    remove();
    process.off('exit', remove);
    return why;
  };
  if (spawnSync('nsenter', ['--version']).status !== 0) return refuse('there is no nsenter');
  for (const step of steps) {
    const why = ip(...step);
    if (why !== '') return refuse(why);
  }
  const must = (...args: readonly string[]): void => {
    const why = ip(...args);
    if (why !== '') throw new Error(why);
  };
  const deafTo = (name: string, other: string): void =>
    must(
      '-n',
      spaceOf(name),
      'neigh',
      'replace',
      addressOf(other),
      'lladdr',
      '02:de:ad:00:00:01',
      'dev',
      'eth0',
      'nud',
      'permanent',
    );
  return {
    kind: 'namespaces',
    addressOf,
    at: (name: string) => ['nsenter', `--net=/run/netns/${spaceOf(name)}`, '--'],
    reach: async (_from, to, port) => `${addressOf(to)}:${String(port)}`,
    canCut: (from, to) => addresses.has(from) && addresses.has(to),
    cut: (from, to, oneWay) => {
      deafTo(to, from);
      if (!oneWay) deafTo(from, to);
    },
    mend: (from, to) => {
      ip('-n', spaceOf(from), 'neigh', 'del', addressOf(to), 'dev', 'eth0');
      ip('-n', spaceOf(to), 'neigh', 'del', addressOf(from), 'dev', 'eth0');
    },
    [Symbol.asyncDispose]: async () => {
      process.off('exit', remove);
      remove();
    },
  };
};

const openProxies = (): Network => {
  const proxies = new Map<string, Proxy>();
  const keyOf = (from: string, to: string): string => `${from} ${to}`;
  return {
    kind: 'proxies',
    addressOf: () => '127.0.0.1',
    at: () => [],
    reach: async (from, to, port) => {
      const key = keyOf(from, to);
      const proxy = proxies.get(key) ?? (await startProxy(port));
      proxies.set(key, proxy);
      return `127.0.0.1:${String(proxy.port)}`;
    },
    canCut: (from, to) => proxies.has(keyOf(from, to)),
    cut: (from, to, oneWay) => {
      const proxy = proxies.get(keyOf(from, to));
      if (oneWay) proxy?.dropAnswers();
      else proxy?.freeze();
    },
    mend: (from, to) => proxies.get(keyOf(from, to))?.mend(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
    },
  };
};
