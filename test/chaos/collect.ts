// Reads what the checker looks at: the commands' file, etcd, the run log, the masters' lists.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { StoredRunEvent } from '../../src/domain/events.ts';
import { fromRow, type EventRow } from '../../src/stores/mongo/rows.ts';
import type { Api } from './api.ts';
import { dumpOf } from './etcd.ts';
import type { TimelineTick, View } from './history.ts';
import { DATABASE, PREFIX, type Nodes } from './nodes.ts';
import { wait } from './time.ts';

/** Keys as the checker knows them: without the prefix. */
export const bare = <T extends { readonly key: string }>(items: readonly T[]): readonly T[] =>
  items.map((item) => ({ ...item, key: item.key.slice(PREFIX.length) }));

export const eventsOf = async (nodes: Nodes): Promise<readonly StoredRunEvent[]> => {
  const client = new MongoClient(nodes.mongoUrl, { serverSelectionTimeoutMS: 30_000 });
  try {
    const rows = await client.db(DATABASE).collection<EventRow>('events').find({}).toArray();
    return rows.map(fromRow);
  } finally {
    await client.close();
  }
};

/** Commands of this chaos run that live, by the file that they write to. */
export const livingCommands = (file: string): readonly string[] =>
  readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes(file) || !command.includes('say()')) return [];
      const run = /CRON_RUN_ID=(\S+?)\0/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      return [`process ${pid}, run ${run ?? '?'}`];
    } catch {
      return []; // gone meanwhile
    }
  });

/** Folders of runs that the workers have not handed over to the run log. */
export const spooled = (nodes: Nodes): readonly string[] =>
  nodes.names.workers.flatMap((name) =>
    readdirSync(join(nodes.dataOf(name), 'spool'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${name}: ${entry.name}`),
  );

const LEFT = /^\/(lock|runs|killer|queue|outbox)\//;
const isIdle = async (nodes: Nodes, file: string): Promise<string> => {
  const dump = bare(await dumpOf(nodes));
  const left = dump.filter(({ key }) => LEFT.test(key)).length;
  const there = dump.filter(({ key }) => key.startsWith('/workers/')).length;
  const [living, folders] = [livingCommands(file).length, spooled(nodes).length];
  return left + living + folders === 0 && there === nodes.names.workers.length
    ? ''
    : `${String(left)} keys, ${String(living)} commands, ${String(folders)} spool folders, ${String(there)} of ${String(nodes.names.workers.length)} workers`;
};

/** Waits until nothing runs, waits or is spooled; answers what is left when that has no end. */
export const untilIdle = async (nodes: Nodes, file: string, limitMs: number, say: (text: string) => void): Promise<string> => {
  const end = performance.now() + limitMs;
  let left = 'not looked yet';
  for (let looks = 0; performance.now() < end; looks += 1) {
    left = await isIdle(nodes, file).catch((error: unknown) => String(error));
    if (left === '') return '';
    if (looks % 10 === 0) say(`waiting for the end of all runs: ${left}`);
    await wait(1_000);
  }
  return left;
};

type JobView = { readonly job: { readonly name: string }; readonly revision: number };
type Page<T> = { readonly items: readonly T[]; readonly nextCursor?: string };
type RunView = { readonly id: string; readonly state: string };

/** What each master shows, when its lists have come as far as etcd. */
export const viewsOf = async (nodes: Nodes, api: Api): Promise<readonly View[]> =>
  Promise.all(
    nodes.names.masters.map(async (master) => {
      const ask = <T>(path: string): Promise<Page<T>> => api.once(master, path);
      const jobs = await api.all((path) => ask<JobView>(path), '/jobs?limit=500');
      const workers = await api.all((path) => ask<{ id: string }>(path), '/workers?');
      const runs = (await ask<RunView>('/runs?limit=500')).items;
      return {
        master,
        jobs: jobs.map(({ job, revision }) => `${job.name}@${String(revision)}`),
        workers: workers.map(({ id }) => id),
        live: runs.filter(({ state }) => state !== 'finished').map(({ id }) => id),
      };
    }),
  );

export const timelineOf = (api: Api, job: string, from: number): Promise<readonly TimelineTick[]> =>
  api.all(
    (path) => api.persistently<{ items: readonly TimelineTick[]; nextCursor?: string }>(path),
    `/jobs/${job}/ticks?limit=500&from=${new Date(from).toISOString()}`,
  );
