// P4: what a log database and the way to it can do to the run log, without an event lost or doubled. Each test has a server of its own.
import { setTimeout as wait } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { describe, expect, inject, test } from 'vitest';
import { eventId, type RunEvent } from '../../src/domain/events.ts';
import { INDEXES } from '../../src/stores/mongo/indexes.ts';
import { openMongoRunLog } from '../../src/stores/mongo/run-log.ts';
import { Unavailable, type Appended, type RunLog } from '../../src/streams/ports.ts';
import { programOf } from '../support/child.ts';
import { startProxy } from '../support/proxy.ts';
import { runOf } from '../support/run-events.ts';
import { freePort, startMongo, until } from '../support/servers.ts';

/** As the log pipeline does: again until it is answered. */
const untilStored = async (log: RunLog, events: readonly RunEvent[]): Promise<Appended> => {
  for (;;) {
    try {
      return await log.append(events);
    } catch (error) {
      expect(error).toBeInstanceOf(Unavailable);
      await wait(50); // a refusal may need no turn of the loop, and the link needs some
    }
  }
};

const errorOf = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A run whose events are several megabytes. */
const bigRun = () => runOf('big', { chunks: Array.from({ length: 64 }, (_, index) => new Uint8Array(65_536).fill(index)) });

const isWhole = async (log: RunLog, { runId, events }: ReturnType<typeof runOf>): Promise<void> => {
  expect((await log.eventsOf(runId, { limit: 5_000 })).map(eventId)).toStrictEqual(events.map(eventId));
  expect(await log.run(runId)).toMatchObject({ outcome: 'succeeded' });
};

const ALL_GOOD = { refused: [], conflicts: [] };
const binaries = inject('mongoBinaries');
const servers = binaries.length === 0 ? [{ name: 'none [needs mongo]', binary: '' }] : binaries;

describe.skipIf(binaries.length === 0).each(servers)('a log database that fails: $name', ({ binary }) => {
  const open = (url: string, timeoutMs = 60_000) => openMongoRunLog({ url, timeoutMs });

  test('an absent one is Unavailable within the limit, by its address and without its password; it works once it is there', async () => {
    const port = await freePort();
    const url = `mongodb://127.0.0.1:${port}/`;
    const log = open(url, 1_500);
    const secret = open(url.replace('//', '//ann:topsecret@'), 500);
    const calls = [log.append(runOf('a').events), log.runs({ limit: 1 }), log.event('a'), log.ping(), secret.ping()];
    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toBeInstanceOf(Unavailable);
      expect(String(error)).toContain(`The log database at 127.0.0.1:${port} did not do it (`);
      expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('topsecret');
    }
    await using _server = await startMongo({ binary, port });
    const run = runOf('a');
    expect(await untilStored(log, run.events)).toStrictEqual(ALL_GOOD);
    expect(await log.run(run.runId)).toMatchObject({ outcome: 'succeeded' });
    await Promise.all([log.close(), secret.close()]);
  });

  test('a log database that is away at the start gets its indexes when it is there; nobody waits for that', async () => {
    const port = await freePort();
    const log = openMongoRunLog({ url: `mongodb://127.0.0.1:${port}/`, timeoutMs: 1_000, hasIndexes: true });
    expect(await errorOf(log.ping())).toBeInstanceOf(Unavailable);
    await using server = await startMongo({ binary, port });
    const client = new MongoClient(server.url);
    let made = 0;
    await until(
      async () => {
        const found = await client
          .db('cron')
          .collection('log')
          .indexes()
          .catch(() => []);
        return (made = found.length) > INDEXES.length;
      },
      () => `only ${String(made)} indexes`,
    );
    expect(made).toBe(INDEXES.length + 1);
    await Promise.all([log.close(), client.close()]);
  });

  test('a link that is cut in the middle of a batch is an error, not a success; sent again, all is there once', async () => {
    await using server = await startMongo({ binary });
    await using proxy = await startProxy(server.port);
    const log = open(`mongodb://127.0.0.1:${proxy.port}/`);
    const direct = open(server.url);
    await log.append(runOf('first').events);
    for (const bytes of [1_000, 300_000, 3_000_000]) {
      const run = bigRun();
      const cut = proxy.cutAfter(bytes);
      const error = await errorOf(log.append(run.events));
      await cut;
      expect(error).toBeInstanceOf(Unavailable);
      expect(await direct.run(run.runId)).toBeUndefined();
      proxy.mend();
      expect(await untilStored(log, run.events)).toStrictEqual(ALL_GOOD);
      await isWhole(direct, run);
    }
    await Promise.all([log.close(), direct.close()]);
  });

  test('an answer that is lost is an error within the limit, though everything was stored; sent again, all is there once', async () => {
    await using server = await startMongo({ binary });
    await using proxy = await startProxy(server.port);
    const log = open(`mongodb://127.0.0.1:${proxy.port}/`, 2_000);
    const direct = open(server.url);
    await untilStored(log, runOf('first').events);
    const run = runOf('a');
    proxy.dropAnswers();
    expect(await errorOf(log.append(run.events))).toBeInstanceOf(Unavailable);
    proxy.mend();
    expect(await untilStored(log, run.events)).toStrictEqual(ALL_GOOD);
    await isWhole(direct, run);
    await Promise.all([log.close(), direct.close()]);
  });

  test('a server that hangs is Unavailable within the limit, for every call; it works when it goes on', async () => {
    await using server = await startMongo({ binary });
    const log = open(server.url, 2_000);
    await untilStored(log, runOf('first').events);
    server.freeze();
    const run = runOf('a');
    const calls = [
      log.append(run.events),
      log.eventsOf('a', { limit: 1 }),
      log.eventsAbout('tick/a/', { limit: 1 }),
      log.eventsAbout('tick/a/', { limit: 1, isDown: true }),
      log.runsOfTicks('a', { before: { fireTime: '', id: '' }, limit: 1 }),
      log.event('a'),
      log.runs({ limit: 1 }),
      log.run('a'),
      log.ping(),
    ];
    for (const error of await Promise.all(calls.map(errorOf))) expect(error).toBeInstanceOf(Unavailable);
    server.thaw();
    expect(await untilStored(log, run.events)).toStrictEqual(ALL_GOOD);
    await log.close();
  });

  test('a server that is killed in the middle of an append takes the batch when it is back, nothing lost or doubled', async () => {
    await using server = await startMongo({ binary });
    await using proxy = await startProxy(server.port);
    const log = open(`mongodb://127.0.0.1:${proxy.port}/`);
    const direct = open(server.url);
    const stored = [];
    for (const bytes of [100_000, 2_000_000, 4_100_000]) {
      const [before, run] = [runOf('before'), bigRun()];
      expect(await untilStored(log, before.events)).toStrictEqual(ALL_GOOD);
      const killed = proxy.cutAfter(bytes).then(server.kill9);
      expect(await errorOf(log.append(run.events))).toBeInstanceOf(Unavailable);
      await killed;
      await server.restart();
      proxy.mend();
      expect(await untilStored(log, run.events)).toStrictEqual(ALL_GOOD);
      stored.push(before, run);
      for (const each of stored) await isWhole(direct, each);
    }
    await Promise.all([log.close(), direct.close()]);
  });

  test('a process that closed it has nothing left that keeps it alive', async () => {
    await using server = await startMongo({ binary });
    using program = await programOf('asks-run-log');
    const child = program.start(server.url, 'cron');
    expect(await child.said('closed')).toBe('closed after 1');
    expect(await child.said('never')).toContain('ended with 0 after');
  });

  test('close ends the calls that wait, also for a server that is away', async () => {
    const log = open(`mongodb://127.0.0.1:${await freePort()}/`);
    const error = errorOf(log.append(runOf('a').events));
    await log.close();
    expect(await error).toBeInstanceOf(Unavailable);
  });
});
