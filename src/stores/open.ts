import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Coordination, LogUpkeep, RunLog } from '../streams/ports.ts';
import { createEmbeddedCoordination } from './embedded/coordination.ts';
import { openEmbedded } from './embedded/env.ts';
import { createEmbeddedRunLog } from './embedded/run-log.ts';
import { createEtcdCoordination, type EtcdOptions } from './etcd/coordination.ts';
import { openMongoRunLog } from './mongo/run-log.ts';

export type StoresConfig =
  | { readonly type: 'embedded'; readonly dataDir: string }
  | { readonly type: 'cluster'; readonly etcd: EtcdOptions; readonly mongo: { readonly url: string; readonly database: string } };

/** The pair of stores that a process works on. Closing them is the last thing that it does. */
export type Stores = {
  readonly coordination: Coordination;
  readonly runLog: RunLog & LogUpkeep;
  readonly close: () => Promise<void>;
};

/** Configuration → the pair. The embedded pair throws one clear error when its folder cannot be used or is in use; the cluster's connects when it is first asked. */
export const openStores = (config: StoresConfig, log: Logger): Stores => {
  if (config.type === 'embedded') {
    const env = openEmbedded(config.dataDir);
    const coordination = createEmbeddedCoordination({ env, log });
    const runLog = createEmbeddedRunLog({ env });
    return {
      coordination,
      runLog,
      close: async () => {
        await Promise.allSettled([coordination.close(), runLog.close()]);
        await env.close();
      },
    };
  }
  const coordination = createEtcdCoordination({ log, ...config.etcd });
  const runLog = openMongoRunLog({ ...config.mongo, hasIndexes: true, log });
  return {
    coordination,
    runLog,
    close: async () => {
      await Promise.allSettled([coordination.close(), runLog.close()]);
    },
  };
};

export type RunLogConfig =
  | { readonly type: 'embedded'; readonly dataDir: string }
  | { readonly type: 'mongo'; readonly url: string; readonly database: string };

/** The run log alone, for who keeps it in order. Rejects with one clear error where it is not there, or in use. */
export const openRunLog = async (config: RunLogConfig, log: Logger): Promise<Pick<Stores, 'runLog' | 'close'>> => {
  if (config.type === 'mongo') {
    const runLog = openMongoRunLog({ ...config, log });
    await runLog.ping();
    return { runLog, close: () => runLog.close() };
  }
  if (!existsSync(join(config.dataDir, 'stores', 'data.mdb')))
    throw new Error(`there are no stores in ${config.dataDir}: it is no data folder of \`cronstream up\``);
  const env = openEmbedded(config.dataDir);
  const runLog = createEmbeddedRunLog({ env });
  return {
    runLog,
    close: async () => {
      await runLog.close();
      await env.close();
    },
  };
};
