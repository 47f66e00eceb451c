// The global setup of the projects contract and system: every server that can be had, started once a run, its address provided.
import type { ProvidedContext } from 'vitest';
import type { TestProject } from 'vitest/node';
import { findChromium, findEtcds, findMongos, type Found } from '../../scripts/lib/find-servers.mjs';
import { startEtcd, startMongo, type EtcdServer, type MongoServer } from './servers.ts';

/** A server that runs for the whole test run: never kill it, and keep to a prefix or database of your own (`uniqueName`). */
export type SharedServer = { readonly name: string; readonly kind: Found['kind']; readonly url: string };
/** A program that a test can start for itself, to kill it: `startEtcd({ binary })`. */
export type ServerBinary = { readonly name: string; readonly kind: Found['kind']; readonly binary: string };

declare module 'vitest' {
  interface ProvidedContext {
    etcds: readonly SharedServer[];
    mongos: readonly SharedServer[];
    etcdBinaries: readonly ServerBinary[];
    mongoBinaries: readonly ServerBinary[];
    /** Path of a Chromium, or '' where there is none. */
    chromium: string;
  }
}

type Servers = Pick<ProvidedContext, 'etcds' | 'mongos' | 'etcdBinaries' | 'mongoBinaries'>;
type Running = { readonly servers: Servers; readonly stop: () => Promise<void> };

const note = (text: string): void => {
  process.stderr.write(`  ${text}\n`);
};
const binariesOf = (found: readonly Found[]): ServerBinary[] =>
  found.flatMap(({ name, kind, binary }) => (binary === undefined ? [] : [{ name, kind, binary }]));

async function startAll(): Promise<Running> {
  const [etcds, mongos] = [await findEtcds(note), await findMongos(note)];
  const own: (EtcdServer | MongoServer)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(own.map((server) => server.stop()));
  };
  const urlOf = async (found: Found, start: typeof startEtcd | typeof startMongo): Promise<SharedServer> => {
    const { name, kind, binary, url = '' } = found;
    if (binary === undefined) return { name, kind, url };
    const server = await start({ binary });
    own.push(server);
    return { name, kind, url: server.url };
  };
  try {
    const servers = {
      etcds: await Promise.all(etcds.found.map((found) => urlOf(found, startEtcd))),
      mongos: await Promise.all(mongos.found.map((found) => urlOf(found, startMongo))),
      etcdBinaries: binariesOf(etcds.found),
      mongoBinaries: binariesOf(mongos.found),
    };
    return { servers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// vitest loads this file once for each project, in one process: the projects share one set of servers, the last one ends it.
const shared = globalThis as { cronstreamTestServers?: { users: number; readonly running: Promise<Running> } };

/** vitest's global setup; answers the teardown. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const set = (shared.cronstreamTestServers ??= { users: 0, running: startAll() });
  set.users++;
  const { servers, stop } = await set.running;
  project.provide('etcds', servers.etcds);
  project.provide('mongos', servers.mongos);
  project.provide('etcdBinaries', servers.etcdBinaries);
  project.provide('mongoBinaries', servers.mongoBinaries);
  project.provide('chromium', project.name === 'system' ? ((await findChromium(note)).found[0]?.binary ?? '') : '');
  return async () => {
    if (--set.users > 0) return;
    delete shared.cronstreamTestServers;
    await stop();
  };
}
