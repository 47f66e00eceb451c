// The one suite of the LogUpkeep port, on every adapter: projections, statistics, audit, retention. Each test has a store of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventId, type RunEvent } from '../../src/domain/events.ts';
import { HOUR_MS, leastIdAt, tallyOf, type HourStats } from '../../src/domain/stats.ts';
import { checkLog, type LogCount } from '../../src/stores/check-log.ts';
import { openEmbedded, type Embedded } from '../../src/stores/embedded/env.ts';
import { createEmbeddedRunLog } from '../../src/stores/embedded/run-log.ts';
import { openMongoRunLog } from '../../src/stores/mongo/run-log.ts';
import type { LogUpkeep, RunLog } from '../../src/streams/ports.ts';
import { onEveryMongo } from '../support/needs.ts';
import { at, bytes, lostOf, runOf, savedOf, skippedOf } from '../support/run-events.ts';
import { uniqueName } from '../support/servers.ts';

type Log = RunLog & LogUpkeep;
const HOUR = Date.parse('2026-01-01T00:00:00.000Z');

/** A run id that was made at that instant. */
const idAt = (ms: number, n = 0): string => `${leastIdAt(ms)}000-8000-${String(n).padStart(12, '0')}`;

const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

/** Statistics that are stored, all pages of them. */
const hoursOf = async (log: Log, query: Parameters<Log['hours']>[0]): Promise<readonly HourStats[]> =>
  (await all(log.hours(query))).flat();

type Given = {
  readonly log: () => Log;
  /** Takes the document of a run away, or puts another one, behind the log's back. */
  readonly spoil: (runId: string, outcome?: string) => Promise<unknown>;
};

const upkeepContract = ({ log, spoil }: Given): void => {
  test('everything is read in the order of the ids, each once', async () => {
    const runs = Array.from({ length: 30 }, (_, n) =>
      runOf('a', { runId: idAt(HOUR + n, n), chunks: [bytes('x'), bytes('y'), bytes('z')] }),
    );
    const others = [skippedOf('a', at(1)), savedOf('a', 'c1', { name: 'a' })];
    await log().append([...others, ...runs.toReversed().flatMap(({ events }) => events)]);
    const ids = [...runs.flatMap(({ events }) => events), ...others].map(eventId).toSorted();
    expect((await all(log().everyEvent())).map(eventId)).toStrictEqual(ids);
    expect((await all(log().everyDocument())).map(({ _id }) => _id)).toStrictEqual(runs.map(({ runId }) => runId));
  });

  test('a document that is missing, another one or without events is made anew', async () => {
    const [a, b] = [runOf('a'), runOf('a')];
    await log().append([...a.events, ...b.events]);
    const [before, other] = [await log().run(a.runId), await log().run(b.runId)];
    await spoil(a.runId);
    expect(await log().run(a.runId)).toBeUndefined();
    await spoil(b.runId, 'failed');
    expect(await log().run(b.runId)).toMatchObject({ outcome: 'failed' });
    for (const { runId } of [a, b]) {
      expect((await log().projected(runId)).document).toMatchObject({ _id: runId, outcome: 'succeeded' });
      await log().renew(runId);
    }
    expect(await log().run(a.runId)).toStrictEqual(before);
    expect(await log().run(b.runId)).toStrictEqual(other);
    expect((await log().runs({ job: 'a', limit: 9 })).items).toHaveLength(2);
    await log().forgetRuns([{ id: a.runId }]);
    await spoil(a.runId, 'failed');
    await log().renew(a.runId);
    expect(await log().run(a.runId)).toBeUndefined();
  });

  test('a check tells what is missing, different or without events, and a rebuild makes it anew, with statistics', async () => {
    const runs = Array.from({ length: 6 }, (_, n) => runOf('a', { runId: idAt(HOUR + n * HOUR_MS, n) }));
    const live = runOf('a', { runId: idAt(HOUR, 9) });
    await log().append([
      ...runs.flatMap(({ events }) => events),
      ...live.begin,
      savedOf('a', idAt(HOUR), {}),
      skippedOf('a', at(1)),
    ]);
    const check = async (repairs: boolean) => {
      const found: Record<string, string> = {};
      const told: LogCount[] = [];
      const count = await checkLog(log(), {
        repairs,
        onFault: ({ runId, fault }) => (found[runId] = fault),
        onProgress: (now) => told.push(now),
      });
      expect(told.at(-1)).toStrictEqual(count);
      return { found, count };
    };
    expect(await check(false)).toStrictEqual({ found: {}, count: { events: 28, runs: 7, documents: 6, faults: 0, hours: 0 } });
    await spoil(runs[0]!.runId);
    await spoil(runs[2]!.runId, 'failed');
    await spoil(idAt(HOUR + HOUR_MS, 5), 'failed');
    const found = { [runs[0]!.runId]: 'missing', [runs[2]!.runId]: 'different', [idAt(HOUR + HOUR_MS, 5)]: 'extra' };
    expect((await check(false)).found).toStrictEqual(found);
    expect(await check(true)).toMatchObject({ found, count: { faults: 3, hours: 6 } });
    expect(await check(false)).toMatchObject({ found: {}, count: { documents: 6 } });
    expect(await hoursOf(log(), { from: HOUR, to: HOUR * 2 })).toHaveLength(6);
    expect(await log().audit({ limit: 5 })).toHaveLength(1);
  });

  test('a run that is forgotten is gone with all of its events, and no other one is', async () => {
    const big = runOf('a', { chunks: Array.from({ length: 700 }, (_, n) => bytes(String(n))) });
    const longer = runOf('a', { runId: `${big.runId}0` });
    await log().append([...big.events, ...longer.events]);
    expect(await log().forgetRuns([{ id: big.runId }])).toStrictEqual({ events: big.events.length });
    expect(await log().run(big.runId)).toBeUndefined();
    expect(await log().eventsOf(big.runId, { limit: 1 })).toStrictEqual([]);
    expect((await log().runs({ job: 'a', limit: 9 })).items.map(({ _id }) => _id)).toStrictEqual([longer.runId]);
    expect(await log().runsOfTicks('a', { before: { fireTime: at(59), id: '' }, limit: 9 })).toHaveLength(1);
    expect(await log().forgetRuns([{ id: big.runId }])).toStrictEqual({ events: 0 });
  });

  test('the oldest runs, of a job or of all, in pages; and the n-th newest', async () => {
    const runs = Array.from({ length: 7 }, (_, n) => runOf(n % 2 === 0 ? 'even' : 'odd', { runId: idAt(HOUR + n, n) }));
    await log().append(runs.flatMap(({ events }) => events));
    const ids = runs.map(({ runId }) => runId);
    const pages: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await log().oldestRuns({ limit: 3, ...(after !== undefined && { after }) });
      if (page.length === 0) break;
      pages.push(...page.map(({ id }) => id));
      after = pages.at(-1);
    }
    expect(pages).toStrictEqual(ids);
    const facts = { job: 'odd', outcome: 'succeeded', durationMs: 3000, latenessMs: 1000 };
    expect((await log().oldestRuns({ limit: 2 }))[1]).toStrictEqual({
      id: ids[1],
      job: 'odd',
      endTime: Date.parse(at(5)),
      facts,
    });
    expect(await log().oldestRuns({ job: 'odd', after: ids[1]!, limit: 9 })).toStrictEqual([
      { id: ids[3], job: 'odd', endTime: Date.parse(at(5)), facts },
      { id: ids[5], job: 'odd', endTime: Date.parse(at(5)), facts },
    ]);
    expect(await log().oldestRuns({ job: 'od', limit: 9 })).toStrictEqual([]);
    expect(await log().nthRun('even', 1)).toBe(ids[6]);
    expect(await log().nthRun('even', 4)).toBe(ids[0]);
    expect(await log().nthRun('even', 5)).toBeUndefined();
  });

  test('what was told of ticks before an instant is forgotten, one job a step', async () => {
    await log().append([
      ...['a', 'a.b', 'b'].flatMap((job) => [1, 5, 9].map((second) => skippedOf(job, at(second)))),
      savedOf('a', '1', {}),
    ]);
    const steps = [];
    for (let after: string | undefined; ;) {
      const step = await log().forgetTicks({ before: at(5), limit: 9, ...(after !== undefined && { after }) });
      if (!step) break;
      steps.push(step);
      after = step.job;
    }
    expect(steps).toStrictEqual(
      ['a', 'a.b', 'b'].toSorted((x, y) => (`${x}/` < `${y}/` ? -1 : 1)).map((job) => ({ job, events: 1 })),
    );
    expect((await log().eventsAbout('tick/a/', { limit: 9 })).map(eventId)).toStrictEqual([`tick/a/${at(5)}`, `tick/a/${at(9)}`]);
    expect(await log().eventsAbout('job/a/', { limit: 9 })).toHaveLength(1);
  });

  test('of the ticks of a job at most so many are forgotten in a step, and the next step goes on', async () => {
    await log().append(Array.from({ length: 7 }, (_, second) => skippedOf('a', at(second))));
    const steps: number[] = [];
    for (let step = await log().forgetTicks({ before: at(5), limit: 2 }); step && step.events > 0;) {
      steps.push(step.events);
      step = await log().forgetTicks({ before: at(5), limit: 2 });
    }
    expect(steps).toStrictEqual([2, 2, 1]);
    expect((await log().eventsAbout('tick/a/', { limit: 9 })).map(eventId)).toStrictEqual([`tick/a/${at(5)}`, `tick/a/${at(6)}`]);
  });

  test('a run goes on while a command of it that was abandoned has not ended, also where a later attempt has', async () => {
    const overdue = (runId: string, attempt = 1): RunEvent => ({
      ...{ v: 1, type: 'overdue', job: 'a', runId, attempt, seq: 8, at: at(4), afterMs: 9, action: 'abandon' },
    });
    const ended = { outcome: 'timedOut', reason: 'abandoned' } as const;
    const [prints, ended2, usual, failed] = [
      runOf('a', { finished: ended }),
      runOf('a', { finished: ended }),
      runOf('a'),
      runOf('a'),
    ];
    const retried = runOf('a', { attempt: 2 });
    const told = { v: 1, job: 'a', runId: retried.runId, attempt: 1, at: at(1) } as const;
    await log().append([
      ...prints.events,
      overdue(prints.runId),
      ...ended2.events,
      overdue(ended2.runId),
      { ...ended2.end, seq: 9, exitCode: 3 } as RunEvent,
      ...usual.events,
      ...failed.begin,
      lostOf('a', failed.runId),
      ...runOf('a', { runId: failed.runId, attempt: 2 }).events,
      { ...told, type: 'overdue', seq: 1, afterMs: 9, action: 'abandon' },
      { ...told, type: 'attemptEnded', seq: 2, ...ended, nextAttemptAt: at(2) },
      ...retried.events,
    ]);
    const ids = [prints, ended2, usual, failed, retried].map(({ runId }) => runId);
    expect(await log().goingOn(ids)).toStrictEqual(new Set([prints.runId, retried.runId]));
    await log().append([{ ...told, type: 'attemptEnded', seq: 3, ...ended, exitCode: 0 }]);
    expect(await log().goingOn(ids)).toStrictEqual(new Set([prints.runId]));
    expect(await log().goingOn([])).toStrictEqual(new Set());
  });

  test('changes of all jobs are one list by time, in pages, each once', async () => {
    const changes: RunEvent[] = Array.from({ length: 5 }, (_, n) => savedOf(n % 2 === 0 ? 'z' : 'a', idAt(HOUR + n, n), { n }));
    await log().append([...changes.toReversed(), ...runOf('a').events]);
    await log().append(changes);
    await log().renewAudit(changes);
    const first = await log().audit({ limit: 3 });
    expect(first).toStrictEqual(changes.slice(2).toReversed());
    expect(await log().audit({ limit: 3, before: idAt(HOUR + 2, 2) })).toStrictEqual(changes.slice(0, 2).toReversed());
  });

  describe('statistics', () => {
    const touched = async () =>
      (await log().touchedHours({ before: HOUR * 2, limit: 100 })).map(({ job, hour, mark }) => ({
        job,
        hour: (hour - HOUR) / HOUR_MS,
        mark,
      }));

    test('an ended run touches the hour in which it was decided; one that goes on touches none', async () => {
      const [a, b] = [runOf('a', { runId: idAt(HOUR + 5) }), runOf('b', { runId: idAt(HOUR + HOUR_MS) })];
      await log().append([...a.begin, ...b.events]);
      expect(await touched()).toMatchObject([{ job: 'b', hour: 1 }]);
      await log().append([...a.outputs, a.end]);
      const marks = await touched();
      expect(marks).toMatchObject([
        { job: 'a', hour: 0 },
        { job: 'b', hour: 1 },
      ]);
      await log().append([lostOf('a', a.runId)]); // comes late, and changes nothing that anybody knows of beforehand
      const again = await touched();
      expect(again[0]?.mark).not.toBe(marks[0]?.mark);
      expect(again[1]).toStrictEqual(marks[1]);
      expect(await log().touchedHours({ from: HOUR + 1, before: HOUR * 2, limit: 1 })).toMatchObject([{ job: 'b' }]);
      expect(await log().touchedHours({ before: HOUR + HOUR_MS, limit: 9 })).toMatchObject([{ job: 'a' }]);
    });

    test('the statistics of an hour are made of its runs, corrections included, of each job that is asked for', async () => {
      const edge = runOf('a', { runId: idAt(HOUR + HOUR_MS) });
      const [one, two] = [
        runOf('a', { runId: idAt(HOUR) }),
        runOf('a', { runId: idAt(HOUR + HOUR_MS - 1), claimed: { trigger: 'manual' } }),
      ];
      await log().append([
        ...edge.events,
        ...one.begin,
        lostOf('a', one.runId),
        ...two.events,
        ...runOf('b', { runId: idAt(HOUR) }).events.slice(0, 2),
      ]);
      const succeeded = { outcome: 'succeeded', durationMs: 3000 };
      const ofB = { job: 'b', hour: HOUR, ...tallyOf([]) };
      expect(await log().statsOf(HOUR, ['a', 'b'])).toStrictEqual([
        { job: 'a', hour: HOUR, ...tallyOf([{ outcome: 'lost', latenessMs: 1000 }, succeeded]) },
        ofB,
      ]);
      await log().append(one.events);
      expect(await log().statsOf(HOUR, ['a'])).toStrictEqual([
        { job: 'a', hour: HOUR, ...tallyOf([{ ...succeeded, latenessMs: 1000 }, succeeded]) },
      ]);
      expect(await log().statsOf(HOUR, ['b'])).toStrictEqual([ofB]);
    });

    test('runs that retention has removed still count when their hour is made anew, each once', async () => {
      const runs = Array.from({ length: 5 }, (_, n) => runOf('a', { runId: idAt(HOUR + n, n), finished: { durationMs: n } }));
      const [late, later] = [runOf('a', { runId: idAt(HOUR, 9) }), runOf('a', { runId: idAt(HOUR + HOUR_MS) })];
      await log().append([...runs, later].flatMap(({ events }) => events));
      const counted = async (limit: number) =>
        (await log().oldestRuns({ job: 'a', limit })).map(({ id, facts }) => ({ id, counted: facts }));
      const before = await log().statsOf(HOUR, ['a', 'b']);
      const two = await counted(2);
      await log().forgetRuns(two);
      await log().forgetRuns(two); // a step that is repeated
      expect(await log().statsOf(HOUR, ['a', 'b'])).toStrictEqual(before);
      await log().forgetRuns(await counted(2));
      await log().forgetRuns([{ id: later.runId }]);
      await log().append(late.events);
      expect(await log().statsOf(HOUR, ['a'])).toMatchObject([
        { outcomes: { succeeded: 6 }, duration: { count: 6, sum: 3_010 }, lateness: { count: 6 } },
      ]);
      expect(await log().statsOf(HOUR + HOUR_MS, ['a'])).toMatchObject([{ outcomes: {} }]);
      await checkLog(log(), { repairs: true, onFault: () => undefined, onProgress: () => undefined });
      expect(await hoursOf(log(), { from: HOUR, to: HOUR + HOUR_MS })).toMatchObject([{ outcomes: { succeeded: 6 } }]);
      expect(await log().forgetHours(HOUR + HOUR_MS, 10)).toBe(1);
      expect(await log().statsOf(HOUR, ['a'])).toMatchObject([{ outcomes: { succeeded: 2 } }]);
    });

    test('the runs of an hour are counted also where they are more than one page', async () => {
      const runs = Array.from({ length: 1_100 }, (_, n) => runOf('a', { runId: idAt(HOUR + n, n), chunks: [] }));
      for (const part of [runs.slice(0, 600), runs.slice(600)]) await log().append(part.flatMap(({ events }) => events));
      expect(await log().statsOf(HOUR, ['a'])).toMatchObject([{ outcomes: { succeeded: 1_100 } }]);
    });

    test('statistics are read page by page, in the order of the hours, of one job or all', async () => {
      const [jobs, hours] = [50, 6];
      const names = Array.from({ length: jobs }, (_, n) => `job${String(n).padStart(3, '0')}`);
      const stats = Array.from({ length: hours }, (_, n) =>
        names.map((job) => ({ job, hour: HOUR + n * 100 * HOUR_MS, ...tallyOf([{ outcome: 'succeeded', durationMs: n }]) })),
      );
      for (const each of stats) await log().putHours(each.map((one) => ({ ...one, mark: '' })));
      const window = { from: HOUR, to: HOUR + hours * 100 * HOUR_MS };
      const sizes: number[] = [];
      const found: HourStats[] = [];
      for await (const page of log().hours(window)) {
        sizes.push(page.length);
        found.push(...page);
      }
      expect(found).toStrictEqual(stats.flat());
      expect(sizes.length).toBeGreaterThan(1);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
      expect(await hoursOf(log(), { ...window, job: 'job007' })).toStrictEqual(stats.map((each) => each[7]));
    });

    test('hours that are touched are found from either end, and those of one job by themselves', async () => {
      const runs = ['a', 'b'].flatMap((job, n) =>
        [0, 3, 700].map((hour) => runOf(job, { runId: idAt(HOUR + hour * HOUR_MS, n) })),
      );
      await log().append(runs.flatMap(({ events }) => events));
      const names = async (query: { job?: string; isDown?: boolean; limit: number; from?: number }) =>
        (await log().touchedHours({ before: HOUR + 701 * HOUR_MS, ...query })).map(
          ({ job, hour }) => `${job}${String((hour - HOUR) / HOUR_MS)}`,
        );
      expect(await names({ limit: 9 })).toStrictEqual(['a0', 'b0', 'a3', 'b3', 'a700', 'b700']);
      expect(await names({ isDown: true, limit: 3 })).toStrictEqual(['b700', 'a700', 'b3']);
      expect(await names({ isDown: true, limit: 9, from: HOUR + 3 * HOUR_MS })).toStrictEqual(['b700', 'a700', 'b3', 'a3']);
      expect(await names({ job: 'b', limit: 9, from: HOUR })).toStrictEqual(['b0', 'b3', 'b700']);
      expect(await names({ job: 'b', isDown: true, limit: 2, from: HOUR })).toStrictEqual(['b700', 'b3']);
    });

    test('hours are stored and found; a mark goes with the statistics that it was made for, not with older ones', async () => {
      const [a, b] = [runOf('a', { runId: idAt(HOUR) }), runOf('b', { runId: idAt(HOUR + HOUR_MS) })];
      await log().append([...a.events, ...b.events]);
      const marks = await log().touchedHours({ before: HOUR * 2, limit: 9 });
      const stats = marks.map(({ job, hour, mark }) => ({
        job,
        hour,
        mark,
        ...tallyOf([{ outcome: 'succeeded', durationMs: 5 }]),
      }));
      await log().append([lostOf('a', a.runId)]);
      await log().putHours(stats);
      expect(await touched()).toMatchObject([{ job: 'a' }]);
      const stored = stats.map(({ mark: _mark, ...each }) => each);
      expect(await hoursOf(log(), { from: HOUR, to: HOUR + 2 * HOUR_MS })).toStrictEqual(stored);
      expect(await hoursOf(log(), { from: HOUR, to: HOUR + 1 })).toStrictEqual(stored.slice(0, 1));
      expect(await hoursOf(log(), { from: HOUR + 1, to: HOUR + 2 * HOUR_MS, job: 'b' })).toStrictEqual(stored.slice(1));
      expect(await hoursOf(log(), { from: HOUR, to: HOUR + 2 * HOUR_MS, job: 'c' })).toStrictEqual([]);
      expect(await log().forgetHours(HOUR + HOUR_MS, 10)).toBe(1);
      expect(await log().forgetHours(HOUR + HOUR_MS, 10)).toBe(0);
      expect(await hoursOf(log(), { from: 0, to: HOUR * 2 })).toStrictEqual(stored.slice(1));
    });
  });
};

describe('embedded', () => {
  let dir: string;
  let env: Embedded;
  let log: Log;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cronstream-upkeep-'));
    env = openEmbedded(dir);
    log = createEmbeddedRunLog({ env });
  });
  afterEach(async () => {
    await log.close();
    await env.close();
    rmSync(dir, { recursive: true, force: true });
  });
  upkeepContract({
    log: () => log,
    spoil: async (runId, outcome) => {
      const documents = env.root.openDB<object, Buffer>({ name: 'log', keyEncoding: 'binary' });
      const key = Buffer.from(runId);
      if (outcome === undefined) await documents.remove(key);
      else
        await documents.put(key, {
          ...(documents.get(key) ?? { _id: runId, jobName: 'a', run: { id: runId, job: 'a' } }),
          outcome,
        });
    },
  });

  test('everybody else has a turn between two pages of statistics, and of the runs that they are made of', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    const rows = Array.from({ length: 1_000 }, (_, n) => ({ job: `job${String(n)}`, hour: HOUR, mark: '', ...tallyOf([]) }));
    await log.putHours(rows);
    const runs = Array.from({ length: 2_600 }, (_, n) => runOf('a', { runId: idAt(HOUR + n, n), chunks: [] }));
    await log.append(runs.flatMap(({ events }) => events));
    setImmediate(count);
    expect(await hoursOf(log, { from: HOUR, to: HOUR + HOUR_MS })).toHaveLength(1_000);
    expect(turns).toBeGreaterThanOrEqual(9);
    turns = 0;
    expect(await log.statsOf(HOUR, ['a'])).toMatchObject([{ outcomes: { succeeded: 2_600 } }]);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test('the file does not grow where as much is forgotten as comes', async () => {
    const fill = async () => {
      const runs = Array.from({ length: 60 }, () => runOf('a', { chunks: [new Uint8Array(20_000)] }));
      await log.append(runs.flatMap(({ events }) => events));
      return runs.map(({ runId }) => ({ id: runId }));
    };
    const size = () => (env.root.getStats() as { mapSize?: number; lastPageNumber: number; pageSize: number }).lastPageNumber;
    for (let round = 0; round < 3; round += 1) await log.forgetRuns(await fill());
    const before = size();
    for (let round = 0; round < 6; round += 1) await log.forgetRuns(await fill());
    expect(size()).toBeLessThan(before * 1.5);
  });
});

onEveryMongo('mongo', ({ url }) => {
  let database: string;
  let log: Log;
  let client: MongoClient;
  beforeAll(() => {
    client = new MongoClient(url);
  });
  afterAll(() => client.close());
  beforeEach(() => {
    database = uniqueName('cron');
    log = openMongoRunLog({ url, database, timeoutMs: 60_000 });
  });
  afterEach(async () => {
    await log.close();
    await client.db(database).dropDatabase();
  });
  upkeepContract({
    log: () => log,
    spoil: async (runId, outcome) => {
      const documents = client.db(database).collection<{ _id: string }>('log');
      if (outcome === undefined) await documents.deleteOne({ _id: runId });
      else
        await documents.updateOne(
          { _id: runId },
          { $set: { outcome, jobName: 'a', run: { id: runId, job: 'a' } } },
          { upsert: true },
        );
    },
  });

  test('runs whose removal was interrupted after they were noted as removed count once, and so when they are removed again', async () => {
    const runs = [1, 2, 3].map((n) => runOf('a', { runId: idAt(HOUR + n, n) }));
    const events = runs.flatMap((run) => run.events);
    await log.append(events);
    const before = await log.statsOf(HOUR, ['a']);
    const going = (await log.oldestRuns({ job: 'a', limit: 2 })).map(({ id, facts }) => ({ id, counted: facts }));
    await log.forgetRuns(going);
    await log.append(events); // as though none of them had gone yet
    expect(await log.statsOf(HOUR, ['a'])).toStrictEqual(before);
    const other = openMongoRunLog({ url, database, timeoutMs: 60_000 }); // the next leader
    await other.forgetRuns(going.slice(0, 1));
    expect(await other.statsOf(HOUR, ['a'])).toStrictEqual(before);
    await other.forgetRuns((await log.oldestRuns({ job: 'a', limit: 9 })).map(({ id, facts }) => ({ id, counted: facts })));
    await other.close();
    expect(await log.statsOf(HOUR, ['a'])).toStrictEqual(before);
    expect(await log.oldestRuns({ job: 'a', limit: 9 })).toStrictEqual([]);
  });
});
