// What the leader does for the run log, on the embedded one; and what is asked about the past.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { DAY_MS, forgottenBelow, keptFrom, retentionOf, type Retention } from '../../../src/domain/retention.ts';
import { hourOf, HOUR_MS, leastIdAt, type HourStats } from '../../../src/domain/stats.ts';
import { createHourSums, settleHours } from '../../../src/master/hour-stats.ts';
import { createUpkeep, type UpkeepDeps } from '../../../src/master/upkeep.ts';
import { openEmbedded } from '../../../src/stores/embedded/env.ts';
import { createEmbeddedRunLog } from '../../../src/stores/embedded/run-log.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import type { LogUpkeep } from '../../../src/streams/ports.ts';
import { runOf, savedOf, skippedOf } from '../../support/run-events.ts';
import { aJob, aRun, AT, createMemoryRunLog, keys, startMaster, until } from './support.ts';

const NOW = Date.parse('2027-01-31T09:30:00.000Z');
const idAt = (ms: number, n = 0): string => `${leastIdAt(ms)}000-8000-${String(n).padStart(12, '0')}`;
const daysAgo = (days: number, n = 0): string => idAt(NOW - days * DAY_MS, n);

const openLog = () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-upkeep-'));
  const env = openEmbedded(dir);
  const log = createEmbeddedRunLog({ env });
  return {
    log,
    [Symbol.asyncDispose]: async () => {
      await log.close();
      await env.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const hoursOf = async (log: Pick<LogUpkeep, 'hours'>, query: Parameters<LogUpkeep['hours']>[0]) => {
  const found: HourStats[] = [];
  for await (const page of log.hours(query)) found.push(...page);
  return found;
};

const idsIn = async (log: ReturnType<typeof openLog>['log'], job: string) =>
  (await log.oldestRuns({ job, limit: 100 })).map(({ id }) => id);

describe('what goes and what stays', () => {
  test.each([
    ['the days of the cluster', {}, 90, undefined, leastIdAt(hourOf(NOW - 90 * DAY_MS))],
    ['for ever', {}, 0, undefined, undefined],
    ['days of its own, longer', { days: 365 }, 90, undefined, leastIdAt(hourOf(NOW - 365 * DAY_MS))],
    ['a number of runs', { runs: 3 }, 0, daysAgo(2), daysAgo(2)],
    ['a number that is not reached', { runs: 3 }, 0, undefined, undefined],
    ['days and a number: whichever is less', { runs: 3, days: 9 }, 90, daysAgo(2), daysAgo(2)],
    ['never those of the last two hours', { runs: 1 }, 0, idAt(NOW), keptFrom(NOW)],
  ] as const)('%s', (_what, own, clusterDays, nth, bound) => {
    expect(forgottenBelow(retentionOf(own, clusterDays), nth, NOW)).toBe(bound);
  });
});

test('retention removes what is old, job by job as it says, and nothing that lives', async () => {
  await using stores = openLog();
  const { log } = stores;
  const old = ['usual', 'longer', 'few'].flatMap((job) =>
    [1, 10, 40, 100].map((days) => runOf(job, { runId: daysAgo(days, job.length) })),
  );
  const live = runOf('usual', { runId: daysAgo(200) });
  await log.append([
    ...old.flatMap(({ events }) => events),
    ...live.begin,
    skippedOf('usual', new Date(NOW - 300 * DAY_MS).toISOString()),
  ]);
  await log.append([skippedOf('usual', new Date(NOW - DAY_MS).toISOString()), savedOf('usual', daysAgo(500), {})]);
  const clock = { ...systemClock, now: () => NOW };
  const upkeep = createUpkeep({
    log,
    clock,
    logger: pino({ level: 'silent' }),
    retentionDays: 30,
    retentions: () =>
      new Map([
        ['longer', { days: 60 }],
        ['few', { runs: 1 }],
      ]),
    scale: 100,
  });
  const work = upkeep.work$.subscribe();
  await until(
    () => upkeep.freed(),
    ({ runs, events }) => runs === 6 && events >= 6 * 4 + 1,
  );
  work.unsubscribe();
  expect(await idsIn(log, 'usual')).toStrictEqual([daysAgo(10, 5), daysAgo(1, 5)]);
  expect(await idsIn(log, 'longer')).toStrictEqual([daysAgo(40, 6), daysAgo(10, 6), daysAgo(1, 6)]);
  expect(await idsIn(log, 'few')).toStrictEqual([daysAgo(1, 3)]);
  expect(await log.eventsOf(live.runId, { limit: 9 })).toHaveLength(2);
  expect(await log.eventsOf(daysAgo(100, 5), { limit: 9 })).toHaveLength(0);
  expect(await log.eventsAbout('tick/usual/', { limit: 9 })).toHaveLength(1);
  expect(await log.eventsAbout('job/usual/', { limit: 9 })).toHaveLength(1);
  // What was removed still counts.
  const [stats] = await hoursOf(log, { from: NOW - 200 * DAY_MS, to: NOW, job: 'few' });
  expect(stats).toMatchObject({ job: 'few', outcomes: { succeeded: 1 } });
});

/** An upkeep that looks all the time, on a run log that has nothing but what is given. */
const busy = (given: Partial<LogUpkeep>, more: Partial<UpkeepDeps> = {}) => {
  const { log, clock } = { log: { ...createMemoryRunLog(), ...given }, clock: { ...systemClock, now: () => NOW } };
  const upkeep = createUpkeep({
    ...{ log, clock, logger: pino({ level: 'silent' }), retentionDays: 30, retentions: () => new Map<string, Retention>() },
    ...{ scale: 6_000, ...more },
  });
  const work = upkeep.work$.subscribe();
  return { [Symbol.dispose]: () => work.unsubscribe() };
};
const oldRunOf = (id: string) => ({ id, job: 'a', endTime: NOW - 40 * DAY_MS, facts: { job: 'a', outcome: 'succeeded' } });

test('a run that is told after retention has passed its place goes with the walk of the next day', async () => {
  let runs = [daysAgo(40), daysAgo(35)];
  let days = 0;
  using _ = busy(
    {
      oldestRuns: async ({ after = '', limit }) =>
        runs
          .filter((id) => id > after)
          .slice(0, limit)
          .map(oldRunOf),
      forgetRuns: async (gone) => {
        runs = runs.filter((id) => !gone.some((each) => each.id === id));
        return { events: 1 };
      },
    },
    { clock: { ...systemClock, now: () => NOW, monotonic: () => performance.now() + days * DAY_MS } },
  );
  await until(
    () => runs,
    ({ length }) => length === 0,
  );
  runs = [daysAgo(38)];
  days = 1;
  await until(
    () => runs,
    ({ length }) => length === 0,
  );
  expect(runs).toStrictEqual([]);
});

test('old statistics go until none is left', async () => {
  let left = 3_500;
  const steps: number[] = [];
  using _ = busy(
    {
      forgetHours: async (_before, limit) => {
        const gone = Math.min(limit, left);
        left -= gone;
        steps.push(gone);
        return gone;
      },
    },
    { scale: 1 }, // one pass of retention in ten minutes
  );
  await until(
    () => steps,
    ({ length }) => length >= 4,
  );
  expect(steps.slice(0, 4)).toStrictEqual([1_000, 1_000, 1_000, 500]);
});

test('statistics are made between two steps of a retention that does not end', async () => {
  let [steps, settled] = [0, 0];
  using _ = busy({
    oldestRuns: async ({ limit }) => {
      steps += 1;
      return Array.from({ length: limit }, (_, n) => oldRunOf(daysAgo(40, n)));
    },
    touchedHours: async () => {
      settled += 1;
      return [];
    },
  });
  await until(
    () => settled,
    (times) => times >= 4,
  );
  expect(steps).toBeGreaterThan(1);
});

test('a part that fails ends alone', async () => {
  const asked: string[] = [];
  const away = (what: string) => (): Promise<never> => {
    asked.push(what);
    return Promise.reject(new Error('too slow'));
  };
  using _ = busy(
    {
      touchedHours: away('statistics'),
      nthRun: away('runs of a job'),
      oldestRuns: away('runs'),
      forgetTicks: away('ticks'),
      forgetHours: away('old statistics'),
    },
    { retentions: () => new Map([['a', { runs: 1 }]]) },
  );
  await until(
    () => asked,
    (all) => all.includes('old statistics'),
  );
  expect([...new Set(asked)]).toStrictEqual(['statistics', 'runs of a job', 'runs', 'ticks', 'old statistics']);
});

test('ticks go in bounded steps, job by job', async () => {
  const left = new Map([
    ['a', 2_300],
    ['b', 10],
  ]);
  const steps: string[] = [];
  using _ = busy({
    forgetTicks: async ({ after = '', limit }) => {
      const job = [...left.keys()].find((name) => name > after);
      if (job === undefined) return undefined;
      const events = Math.min(limit, left.get(job) ?? 0);
      left.set(job, (left.get(job) ?? 0) - events);
      steps.push(`${job} ${String(events)}`);
      return { job, events };
    },
  });
  await until(
    () => steps,
    ({ length }) => length >= 4,
  );
  expect(steps.slice(0, 4)).toStrictEqual(['a 1000', 'a 1000', 'a 300', 'b 10']);
});

test('a run whose abandoned command still prints stays, and those after it go', async () => {
  const ids = Array.from({ length: 250 }, (_, n) => daysAgo(2, n));
  const forgotten: string[] = [];
  using _ = busy(
    {
      nthRun: async () => daysAgo(1),
      oldestRuns: async ({ after = '', limit }) =>
        ids
          .filter((id) => id > after && !forgotten.includes(id))
          .slice(0, limit)
          .map((id) => oldRunOf(id)),
      goingOn: async (runIds) => new Set(runIds.filter((id) => Number(id.slice(-3)) < 120)),
      forgetRuns: async (gone) => {
        forgotten.push(...gone.map(({ id }) => id));
        return { events: 1 };
      },
    },
    { retentions: () => new Map([['a', { runs: 1 }]]), retentionDays: 0 },
  );
  await until(
    () => forgotten,
    ({ length }) => length >= 130,
  );
  expect(forgotten).toStrictEqual(ids.slice(120));
});

test('an hour of which retention has removed runs counts them still, when more of it come after the run log was away', async () => {
  await using stores = openLog();
  const { log } = stores;
  const dayAgo = hourOf(NOW - DAY_MS);
  const runs = [1, 2, 3].map((n) => runOf('few', { runId: idAt(dayAgo, n), finished: { durationMs: 100 } }));
  await log.append(runs.flatMap(({ events }) => events));
  using _ = busy(log, { retentions: () => new Map([['few', { runs: 1 }]]) });
  await until(
    () => idsIn(log, 'few'),
    ({ length }) => length === 1,
  );
  await log.append(runOf('few', { runId: idAt(dayAgo, 4), finished: { durationMs: 100 } }).events);
  const found = await until(
    () => hoursOf(log, { from: dayAgo, to: dayAgo + HOUR_MS }),
    ([stats]) => (stats?.duration.count ?? 0) !== 3,
  );
  expect(found).toMatchObject([{ outcomes: { succeeded: 4 }, duration: { count: 4, sum: 400 } }]);
});

test('what comes when the runs of its hour are too old to be kept leaves the statistics of that hour as they are', async () => {
  await using stores = openLog();
  const { log } = stores;
  const runs = [1, 2, 3].map((n) => runOf('a', { runId: daysAgo(10, n) }));
  await log.append(runs.slice(0, 2).flatMap(({ events }) => events));
  const agedAt = () => daysAgo(5);
  expect(await settleHours(log, NOW, agedAt)).toBe(1);
  await log.forgetRuns(runs.map(({ runId }) => ({ id: runId })));
  await log.append(runs[2]?.events ?? []);
  expect(await settleHours(log, NOW, agedAt)).toBe(1);
  expect(await settleHours(log, NOW, agedAt)).toBe(0);
  expect(await hoursOf(log, { from: NOW - 11 * DAY_MS, to: NOW })).toMatchObject([{ outcomes: { succeeded: 2 } }]);
});

test('statistics of an hour that is over are stored; this hour and a corrected one are computed on reading', async () => {
  await using stores = openLog();
  const { log } = stores;
  const hour = hourOf(NOW);
  const past = runOf('a', { runId: idAt(hour - 2 * HOUR_MS), finished: { durationMs: 500 } });
  await log.append([
    ...past.events,
    ...runOf('a', { runId: idAt(hour + 5) }).events,
    ...runOf('b', { runId: idAt(hour + 6) }).events,
  ]);
  const all = { from: hour - 3 * HOUR_MS, to: NOW };
  const sums = createHourSums({ log, clock: { ...systemClock, now: () => NOW } });
  expect((await sums.between(all)).total.outcomes).toStrictEqual({ succeeded: 3 });
  expect(await settleHours(log, NOW)).toBe(1);
  expect(await settleHours(log, NOW)).toBe(0);
  expect(await hoursOf(log, all)).toMatchObject([
    { job: 'a', hour: hour - 2 * HOUR_MS, outcomes: { succeeded: 1 }, duration: { sum: 500 } },
  ]);
  const more = runOf('a', { runId: idAt(hour - 2 * HOUR_MS, 2), finished: { outcome: 'failed', durationMs: 700 } });
  await log.append(more.events);
  for (const query of [all, { ...all, job: 'a' }]) {
    const { hours, jobs, total } = await createHourSums({ log, clock: { ...systemClock, now: () => NOW } }).between(query);
    expect(hours.get(hour - 2 * HOUR_MS)).toMatchObject({ outcomes: { succeeded: 1, failed: 1 }, duration: { sum: 1_200 } });
    expect(jobs.get('a')?.outcomes).toStrictEqual({ succeeded: 2, failed: 1 });
    expect(total.duration.count).toBe('job' in query ? 3 : 4);
  }
  expect(await settleHours(log, NOW)).toBe(1);
  expect((await hoursOf(log, { ...all, job: 'a' }))[0]).toMatchObject({ outcomes: { succeeded: 1, failed: 1 } });
});

test('GET /stats: in all, by hour, by job; the most failing first', async () => {
  await using stores = openLog();
  await using master = await startMaster({ runLog: stores.log });
  const now = Date.now();
  const hour = hourOf(now);
  const failed = { outcome: 'failed', durationMs: 100 } as const;
  await stores.log.append([
    ...[1, 2, 3].flatMap((n) => runOf('good', { runId: idAt(hour - HOUR_MS, n), finished: { durationMs: n * 1_000 } }).events),
    ...runOf('bad', { runId: idAt(hour - HOUR_MS), finished: failed }).events,
    ...runOf('bad', { runId: idAt(hour), finished: failed }).events,
  ]);
  const [from, to] = [new Date(hour - HOUR_MS).toISOString(), new Date(hour + HOUR_MS).toISOString()];
  const stats = (await master.api('GET', `/stats?from=${from}&to=${to}`)).json<Record<string, unknown>>();
  expect(stats).toMatchObject({
    from,
    to,
    total: { runs: 5, failing: 2, outcomes: { succeeded: 3, failed: 2 }, duration: { count: 5, min: 100, max: 3_000 } },
    hours: [
      { at: from, runs: 4, lateness: { count: 4 } },
      { at: new Date(hour).toISOString(), runs: 1, failing: 1 },
    ],
    jobs: [
      { job: 'bad', failing: 2 },
      { job: 'good', runs: 3, failing: 0 },
    ],
  });
  const slowest = (await master.api('GET', `/stats?from=${from}&to=${to}&sort=slowest&limit=1`)).json<{ jobs: unknown[] }>();
  expect(slowest.jobs).toMatchObject([{ job: 'good' }]);
  const mixed = await master.api('GET', `/stats?from=${from}&to=${to}&sort=slowest,failing,late&limit=1`);
  expect(
    mixed
      .json<{ jobs: { job: string }[] }>()
      .jobs.map(({ job }) => job)
      .toSorted(),
  ).toEqual(['bad', 'good']);
  for (const wrong of [`from=${to}&to=${from}`, 'sort=failing,nothing', 'sort='])
    expect((await master.api('GET', `/stats?${wrong}`)).statusCode).toBe(400);
});

test('GET /stats tells what is overdue now: past its time limit and still going on, the longest first', async () => {
  await using master = await startMaster();
  const later = '2027-01-31T09:05:00.000Z';
  const runs = [
    aRun('newer', 'r1', { overdueAt: later, fence: 1 }),
    aRun('older', 'r2', { overdueAt: AT, fence: 1 }),
    // Within its limit; and one that is over, though its key is still there.
    aRun('quick', 'r3'),
    aRun('over', 'r4', { overdueAt: AT, fence: 1, state: 'ended', outcome: 'succeeded', endedAt: later }),
  ];
  for (const run of runs) await master.put(keys.run(run.job, run.runId), run);
  const overdue = async (query = ''): Promise<readonly object[]> =>
    (await master.api('GET', `/stats${query}`)).json<{ overdue: object[] }>().overdue;
  expect(await overdue()).toMatchObject([
    { id: 'r2', job: 'older', overdueAt: AT, state: 'running', workerName: 'one' },
    { id: 'r1', job: 'newer', overdueAt: later },
  ]);
  expect(await overdue('?job=newer')).toMatchObject([{ id: 'r1' }]);
});

test('explain warns of runs of a named job that will meet, by what its own runs took and by its overlap policy', async () => {
  await using stores = openLog();
  await using master = await startMaster({ runLog: stores.log });
  for (const name of ['long', 'short']) await master.api('PUT', `/jobs/${name}`, aJob(name, { overlap: 'replace' }));
  const hour = hourOf(systemClock.now()) - HOUR_MS;
  await stores.log.append(
    [1, 2, 3, 4, 5].flatMap((n) => [
      ...runOf('long', { runId: idAt(hour, n), finished: { durationMs: 90_000 } }).events,
      ...runOf('short', { runId: idAt(hour, n + 10), finished: { durationMs: 5_000 } }).events,
    ]),
  );
  const warnings = async (name?: string, overlap?: unknown): Promise<readonly string[]> => {
    const body = { cronExpr: '* * * * *', ...(name !== undefined && { name }), ...(overlap !== undefined && { overlap }) };
    return (await master.api('POST', '/schedules/explain', body)).json<{ warnings: string[] }>().warnings;
  };
  // As it is saved, unless it is asked about another policy, as the editor does.
  expect(await warnings('long')).toStrictEqual([expect.stringMatching(/to be ended before .* 1 min apart\.$/)]);
  expect(await warnings('long', 'skip')).toStrictEqual([expect.stringMatching(/to be skipped/)]);
  expect(await warnings('long', { policy: 'queue', max: 3 })).toStrictEqual([expect.stringMatching(/to wait for one another/)]);
  expect((await master.api('POST', '/schedules/explain', { cronExpr: '* * * * *', overlap: 'never' })).statusCode).toBe(400);
  for (const name of ['short', 'never', undefined]) expect(await warnings(name)).toStrictEqual([]);
});

test('revisions say who changed what; an old one is put back by PUT; the audit has all jobs', async () => {
  await using stores = openLog();
  await using master = await startMaster({ runLog: stores.log });
  const put = (job: object) => master.api('PUT', '/jobs/a', job);
  await put(aJob('a', { description: 'first' }));
  await put(aJob('a', { description: 'second', retention: { days: 3 } }));
  await master.api('PUT', '/jobs/b', aJob('b'));
  type Page = {
    items: { id: string; type: string; text: string; by: string; name: string; revision?: string; job?: object }[];
    nextCursor?: string;
  };
  const revisions = async (query = ''): Promise<Page> => (await master.api('GET', `/jobs/a/revisions${query}`)).json<Page>();
  // At once, though the leader may not have shipped it yet.
  const { items } = await revisions();
  expect(items.map(({ text }) => text)).toStrictEqual(['description: "first" → "second"; retention.days set to 3', 'created']);
  expect(items.every(({ revision, by }) => revision !== undefined && by !== '')).toBe(true);
  expect((await put(items[1]?.job ?? {})).statusCode).toBe(200);
  await master.api('DELETE', '/jobs/a');
  await until(
    () => stores.log.eventsAbout('job/a/', { limit: 10 }),
    (events) => events.length === 4,
  );
  expect((await revisions()).items.map(({ text }) => text)).toStrictEqual([
    'deleted',
    'description: "second" → "first"; retention.days removed (was 3)',
    'description: "first" → "second"; retention.days set to 3',
    'created',
  ]);
  const first = await revisions('?limit=3');
  expect(first.items).toHaveLength(3);
  expect((await revisions(`?limit=3&cursor=${first.nextCursor ?? ''}`)).items.map(({ text }) => text)).toStrictEqual(['created']);
  const audit = (await master.api('GET', '/audit?limit=3')).json<Page>();
  expect(audit.items.map(({ name }) => name)).toStrictEqual(['a', 'a', 'b']);
  const rest = (await master.api('GET', `/audit?limit=3&cursor=${audit.nextCursor ?? ''}`)).json<Page>();
  expect(rest.items.map(({ name }) => name)).toStrictEqual(['a', 'a']);
  const names = async (query: string) => {
    const { items, nextCursor } = (await master.api('GET', `/audit?${query}`)).json<Page>();
    return [items.map(({ name, type }) => `${name} ${type}`), nextCursor !== undefined];
  };
  const ofA = ['a deleted', 'a saved', 'a saved', 'a saved'];
  expect(await names('job=a')).toStrictEqual([ofA, false]);
  const who = audit.items[0]?.by ?? '';
  expect(await names(`job=a&limit=2&by=${encodeURIComponent(who.toUpperCase())}`)).toStrictEqual([ofA.slice(0, 2), true]);
  expect(await names('by=nobody-of-that-name')).toStrictEqual([[], false]);
  expect((await master.api('GET', '/jobs/never/revisions')).statusCode).toBe(404);
});
