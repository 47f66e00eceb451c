// What the leader does for the run log, on the embedded one; and what is asked about the past.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { DAY_MS, forgottenBelow, keptFrom, retentionOf } from '../../../src/domain/retention.ts';
import { hourOf, HOUR_MS, leastIdAt, type HourStats } from '../../../src/domain/stats.ts';
import { createHourSums, settleHours } from '../../../src/master/hour-stats.ts';
import { createUpkeep } from '../../../src/master/upkeep.ts';
import { openEmbedded } from '../../../src/stores/embedded/env.ts';
import { createEmbeddedRunLog } from '../../../src/stores/embedded/run-log.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import type { LogUpkeep } from '../../../src/streams/ports.ts';
import { runOf, savedOf, skippedOf } from '../../support/run-events.ts';
import { aJob, aRun, AT, keys, startMaster, until } from './support.ts';

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
    ['the days of the cluster', {}, 90, undefined, leastIdAt(NOW - 90 * DAY_MS)],
    ['for ever', {}, 0, undefined, undefined],
    ['days of its own, longer', { days: 365 }, 90, undefined, leastIdAt(NOW - 365 * DAY_MS)],
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
