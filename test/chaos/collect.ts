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
      if (!command.includes(file) || !command.includes('.sh')) return [];
      const run = /CRON_RUN_ID=(\S+?)\0/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      return [`process ${pid}, run ${run ?? '?'}`];
    } catch {
      return []; // gone meanwhile
    }
  });

/** An intent alone, whose claim did not come about, tells of no run. */
const tellsOfARun = (folder: string): boolean => {
  try {
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
    return readdirSync(folder).some((name) => (name === 'run' ? text(name).includes('"begun"') : text(name) !== ''));
  } catch {
    return false; // handed over meanwhile
  }
};

/** Folders of runs that the workers have not handed over to the run log. */
export const spooled = (nodes: Nodes): readonly string[] =>
  nodes.names.workers.flatMap((name) =>
    readdirSync(join(nodes.dataOf(name), 'spool'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && tellsOfARun(join(nodes.dataOf(name), 'spool', entry.name)))
      .map((entry) => `${name}: ${entry.name}`),
  );

const LEFT = /^\/(lock|runs|killer|queue|outbox)\//;
/** What is left: nothing of it is to be. */
const leftOver = async (nodes: Nodes, file: string) => {
  const dump = bare(await dumpOf(nodes));
  const keys = dump.filter(({ key }) => LEFT.test(key)).length;
  const workers = nodes.names.workers.length - dump.filter(({ key }) => key.startsWith('/workers/')).length;
  return { keys, commands: livingCommands(file).length, 'runs in the spool': spooled(nodes).length, 'workers missing': workers };
};

/** Waits until nothing runs, waits or is spooled; answers what is left when it has not become less for `stillMs`. */
export const untilIdle = async (nodes: Nodes, file: string, stillMs: number, say: (text: string) => void): Promise<string> => {
  let left = 'not looked yet';
  let [least, since] = [Infinity, performance.now()];
  for (let looks = 0; performance.now() - since < stillMs; looks += 1) {
    try {
      const found = await leftOver(nodes, file);
      left = Object.entries(found)
        .map(([what, count]) => `${what} ${String(count)}`)
        .join(', ');
      const all = Object.values(found).reduce((sum, each) => sum + each, 0);
      if (all === 0) return '';
      if (all < least) [least, since] = [all, performance.now()];
    } catch (error) {
      left = String(error);
    }
    if (looks % 15 === 0) say(`waiting for the end of all runs: ${left}`);
    await wait(1_000);
  }
  return left;
};

type JobView = { readonly job: { readonly name: string }; readonly revision: number };
type Page<T> = { readonly items: readonly T[]; readonly nextCursor?: string };
type RunView = { readonly id: string; readonly state: string };

/** A log database that has much to catch up with answers late. */
const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1)
    try {
      return await ask();
    } catch (error) {
      if (tries === 10) throw error;
      await wait(2_000);
    }
};

/** What each master shows, when its lists have come as far as etcd. */
export const viewsOf = async (nodes: Nodes, api: Api): Promise<readonly View[]> =>
  Promise.all(
    nodes.names.masters.map(async (master) => {
      const ask = <T>(path: string): Promise<Page<T>> => patiently(() => api.once(master, path));
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
