// The run log: events a second end to end (spool, pipeline, store) beside the store's own bare insert rate, and reading with many stored. npm run bench -- log [millions]
// CRONSTREAM_BENCH_MONGO=mongodb://… measures that server too. Prints; fails nothing.
import { rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { uuidv7 } from 'uuidv7';
import { openEmbedded } from '../src/stores/embedded/env.ts';
import { createEmbeddedRunLog } from '../src/stores/embedded/run-log.ts';
import { openMongoRunLog } from '../src/stores/mongo/run-log.ts';
import type { RunLog } from '../src/streams/ports.ts';
import { openSpool } from '../src/worker/spool.ts';
import { folder, say, timed } from './support/measure.ts';
import { eventsOf, fill, shipAll } from './support/spooled.ts';

const millions = Number(process.argv[2] ?? 1);
const RUNS = 2_000;
const PER_RUN = 4;

const endToEnd = async (name: string, log: RunLog, bare: (events: readonly object[]) => Promise<unknown>): Promise<void> => {
  const dir = folder();
  const spool = await openSpool(join(dir, 'spool'));
  const [fillS] = await timed(() => fill(spool, RUNS));
  say(`${name}: runs a second into the spool, one after the other, end fsynced`, RUNS / fillS, '/s');
  const rows = Array.from({ length: RUNS }, (_, n) => eventsOf(`bare-${String(n % 50)}`))
    .flat()
    .map((event, n) => ({ ...event, _id: `bare/${String(n).padStart(9, '0')}` }));
  const [bareS] = await timed(async () => {
    for (let n = 0; n < rows.length; n += 1_000) await bare(rows.slice(n, n + 1_000));
  });
  const [shipS] = await timed(() => shipAll(spool, log.append));
  const [endS, bareRate] = [(RUNS * PER_RUN) / shipS, rows.length / bareS];
  say(`${name}: bare inserts of events, 1,000 at once`, bareRate, 'events/s');
  say(`${name}: spool → pipeline → store, document and statistics mark of each run`, endS, 'events/s');
  say(`${name}: part of the bare rate`, (100 * endS) / bareRate, '%');
  rmSync(dir, { recursive: true, force: true });
};

const fsyncCost = async (): Promise<void> => {
  const dir = folder();
  const file = await open(join(dir, 'events'), 'a');
  const rounds = 200;
  const write = async (isSynced: boolean) => {
    for (let n = 0; n < rounds; n += 1) {
      await file.appendFile('{"v":1}\n');
      if (isSynced) await file.datasync();
    }
  };
  const [plain] = await timed(() => write(false));
  const [synced] = await timed(() => write(true));
  say('fdatasync of one appended event (what the end of an attempt costs)', ((synced - plain) * 1_000) / rounds, 'ms');
  await file.close();
  rmSync(dir, { recursive: true, force: true });
};

const reading = async (): Promise<void> => {
  const dir = folder();
  const env = openEmbedded(dir);
  const log = createEmbeddedRunLog({ env });
  const target = millions * 1_000_000;
  let stored = 0;
  for (const step of [10_000, 100_000, 1_000_000, target].filter((each, at, all) => each <= target && all.indexOf(each) === at)) {
    let last = '';
    const [seconds] = await timed(async () => {
      while (stored < step) {
        const runs = Array.from({ length: 500 }, (_, n) => ({ job: `job-${String(n % 100)}`, runId: uuidv7() }));
        const at = new Date().toISOString();
        await log.append(runs.flatMap(({ job, runId }, n) => eventsOf(job, runId, n % 100 === 0 ? 'rare' : 'w', at)));
        stored += runs.length * PER_RUN;
        last = runs.at(-1)?.runId ?? '';
      }
    });
    console.log(
      `— ${String(stored)} events stored (${seconds.toFixed(0)} s for the last part, file ${(statSync(join(dir, 'stores/data.mdb')).size / 1e6).toFixed(0)} MB)`,
    );
    const now = Date.now();
    const median = async (act: () => Promise<unknown>): Promise<number> => {
      const all: number[] = [];
      for (let n = 0; n < 21; n += 1) all.push((await timed(act))[0] * 1_000);
      return all.toSorted((a, b) => a - b)[10] ?? 0;
    };
    say('the latest 50 runs of all', await median(() => log.runs({ limit: 50 })), 'ms');
    say('the latest 50 runs of one job', await median(() => log.runs({ job: 'job-7', limit: 50 })), 'ms');
    say('the latest 50 runs of one worker of a hundred', await median(() => log.runs({ worker: 'rare', limit: 50 })), 'ms');
    say(
      'runs of a time that has none',
      await median(() => log.runs({ from: now - 7_200_000, to: now - 3_600_000, limit: 50 })),
      'ms',
    );
    say('runs before a time that has none', await median(() => log.runs({ to: now - 3_600_000, limit: 50 })), 'ms');
    say('one run: its document', await median(() => log.run(last)), 'ms');
    say('one run: its output, from its events', await median(() => log.eventsOf(last, { limit: 200 })), 'ms');
    say(
      'the latest 50 failed runs, where there is none',
      (await timed(() => log.runs({ outcome: 'failed', limit: 50 }).catch(() => 0)))[0] * 1_000,
      'ms',
    );
  }
  await log.close();
  await env.close();
  rmSync(dir, { recursive: true, force: true });
};

console.log(
  `load ${loadavg()
    .map((each) => each.toFixed(1))
    .join(' ')}`,
);
await fsyncCost();
{
  const dir = folder();
  const env = openEmbedded(dir);
  const log = createEmbeddedRunLog({ env });
  const bare = env.root.openDB<object, string>({ name: 'bare' });
  await endToEnd('embedded', log, (rows) =>
    bare.transaction(() => {
      for (const row of rows) void bare.put((row as { _id: string })._id, row);
    }),
  );
  await log.close();
  await env.close();
  rmSync(dir, { recursive: true, force: true });
}
const url = process.env['CRONSTREAM_BENCH_MONGO'];
if (url === undefined) console.log('mongo: not measured (CRONSTREAM_BENCH_MONGO)');
else {
  const client = new MongoClient(url);
  const database = `bench_${String(process.pid)}`;
  const log = openMongoRunLog({ url, database, timeoutMs: 60_000 });
  await endToEnd('mongo', log, (rows) =>
    client
      .db(database)
      .collection('bare')
      .insertMany([...rows], { ordered: false }),
  );
  await log.close();
  await client.db(database).dropDatabase();
  await client.close();
}
await reading();
