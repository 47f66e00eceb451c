// What an operator may ask of a busy or a late job: overlap, misfire, placement, backfill, run now. The commands' own files say what happened.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { startEtcd, startMongo, until } from '../support/servers.ts';
import { newFolder, removeFolder, startUp } from '../support/up.ts';

type Up = Awaited<ReturnType<typeof startUp>>;
type Run = {
  id: string;
  state: string;
  trigger: string;
  fireTime: string;
  outcome?: string;
  reason?: string;
  latenessMs?: number;
  count?: number;
};
type Tick = {
  fireTime: string;
  to?: string;
  count?: number;
  fate: string;
  reason?: string;
  trigger?: string;
  latenessMs?: number;
};

/** Time itself has to pass in these, on a machine that may be busy. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

let data: string;
beforeEach(() => {
  data = newFolder();
});
afterEach(() => {
  removeFolder(data);
});

const fileOf = (name: string): string => join(data, `${name}.told`);
/** What the commands of a job wrote: `s <fire time>` at a start, `e <fire time>` at an end. */
const toldBy = (name: string): readonly string[] =>
  existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8').trim().split('\n') : [];
const startsOf = (name: string): readonly string[] =>
  toldBy(name).flatMap((line) => (line.startsWith('s ') ? [line.slice(2)] : []));
/** A command that tells its start and its end, also where it is ended by a signal. */
const telling = (name: string, inner: string): string =>
  `f=${fileOf(name)}; trap 'echo "e $CRON_FIRE_TIME" >> $f; exit 3' TERM; echo "s $CRON_FIRE_TIME" >> $f; ${inner}; echo "e $CRON_FIRE_TIME" >> $f`;
const long = (seconds: number): string => `sleep ${String(seconds)} & wait`;
const SECONDLY = '* * * * * * *';
const NEVER = '0 0 0 1 1 * 2099';

const save = (up: Up, name: string, more: object): Promise<unknown> =>
  up.api(`/jobs/${name}`, { method: 'PUT', body: { name, cronExpr: SECONDLY, command: telling(name, 'true'), ...more } });
const runsOf = async (up: Up, name: string): Promise<readonly Run[]> =>
  (await up.api<{ items: Run[] }>(`/runs?job=${name}&limit=200`)).items;
const ticksOf = async (up: Up, name: string): Promise<readonly Tick[]> =>
  (await up.api<{ items: Tick[] }>(`/jobs/${name}/ticks?limit=200`)).items;
const eventually = (holds: () => boolean | Promise<boolean>, name: string): Promise<void> =>
  until(holds, () => `${name} told:\n${toldBy(name).slice(-40).join('\n')}`);
/** Time has to pass here: what is tested is what becomes of it. */
const passed = (instant: number): Promise<void> =>
  until(
    () => Date.now() >= instant,
    () => 'time stands still',
  );
/** Each start is followed by its own end: no two at once. */
const isOneByOne = (name: string): boolean =>
  toldBy(name).every((line, index, all) =>
    line.startsWith('s ') ? index % 2 === 0 : line.slice(2) === all[index - 1]?.slice(2),
  );

test('overlap: runs that take longer than their period', async () => {
  await using up = await startUp({ data });
  await save(up, 'skips', { command: telling('skips', long(3)) });
  await save(up, 'queues', { overlap: { policy: 'queue', max: 2 }, command: telling('queues', long(3)) });
  await save(up, 'replaces', { cronExpr: '*/3 * * * * * *', overlap: 'replace', command: telling('replaces', long(600)) });
  await save(up, 'allows', { overlap: 'allow', command: telling('allows', long(3)) });

  await eventually(() => startsOf('skips').length >= 3, 'skips');
  expect(isOneByOne('skips')).toBe(true);
  await eventually(
    async () => (await ticksOf(up, 'skips')).some(({ fate, reason }) => fate === 'skipped' && reason === 'overlap'),
    'skips',
  );

  await eventually(() => startsOf('queues').length >= 4, 'queues');
  expect(isOneByOne('queues')).toBe(true);
  expect(startsOf('queues')).toStrictEqual(startsOf('queues').toSorted()); // oldest first
  await eventually(
    async () => (await ticksOf(up, 'queues')).some(({ fate, reason }) => fate === 'skipped' && reason === 'overlap'),
    'queues',
  );
  const waiting = (await ticksOf(up, 'queues')).filter(({ fate }) => fate === 'waiting');
  expect(waiting.length).toBeLessThanOrEqual(3); // and one that has just come due
  expect((await runsOf(up, 'queues')).some(({ latenessMs }) => (latenessMs ?? 0) >= 1_000)).toBe(true); // what waited says how long

  await eventually(() => startsOf('replaces').length >= 3, 'replaces');
  expect(isOneByOne('replaces')).toBe(true);
  const replaced = (await runsOf(up, 'replaces')).filter(({ outcome }) => outcome === 'killed');
  expect(replaced.length).toBeGreaterThanOrEqual(2);
  expect(new Set(replaced.map(({ reason }) => reason))).toStrictEqual(new Set(['replaced']));

  await eventually(() => startsOf('allows').length >= 4, 'allows');
  expect(isOneByOne('allows')).toBe(false);
});

test('misfire: what becomes of the ticks of a time in which nothing ran', async () => {
  const names = ['missed', 'newest', 'each'];
  const [periodMs, lateAfterMs, downMs] = [5_000, 10_000, 30_000];
  {
    await using up = await startUp({ data });
    for (const [name, policy] of [
      ['missed', 'skip'],
      ['newest', 'once'],
      ['each', 'all'],
    ] as const)
      await save(up, name, {
        cronExpr: '*/5 * * * * * *',
        misfire: { policy, lateAfterMs },
        ...(name === 'each' && { overlap: { policy: 'queue', max: 50 } }),
      });
    for (const name of names) await eventually(() => toldBy(name).length >= 2, name);
  }
  const last = Object.fromEntries(names.map((name) => [name, startsOf(name).at(-1) ?? '']));
  const downAt = Date.now();
  await passed(downAt + downMs);
  await using up = await startUp({ data });
  const upAt = Date.now();
  for (const name of names) await eventually(() => startsOf(name).some((at) => Date.parse(at) > upAt), name);
  await eventually(() => startsOf('each').includes(new Date(Date.parse(last['each'] ?? '') + periodMs).toISOString()), 'each');

  // skip: told as missed, and none of them run.
  const [gap] = (await ticksOf(up, 'missed')).filter(({ fate }) => fate === 'missed').toReversed();
  expect(gap).toMatchObject({ reason: 'late', fireTime: new Date(Date.parse(last['missed'] ?? '') + periodMs).toISOString() });
  expect(startsOf('missed').filter((at) => at >= (gap?.fireTime ?? '') && at <= (gap?.to ?? ''))).toStrictEqual([]);

  // once: one of them, under its own fire time, and it says that it is late.
  await eventually(
    async () => (await runsOf(up, 'newest')).some(({ trigger, state }) => trigger === 'catchUp' && state === 'finished'),
    'newest',
  );
  const caughtUp = (await runsOf(up, 'newest')).filter(({ trigger }) => trigger === 'catchUp');
  expect(caughtUp).toHaveLength(1);
  expect(Date.parse(caughtUp[0]?.fireTime ?? '')).toBeLessThan(upAt);
  expect(caughtUp[0]?.latenessMs).toBeGreaterThanOrEqual(lateAfterMs);
  expect((await ticksOf(up, 'newest')).find(({ trigger }) => trigger === 'catchUp')).toMatchObject({
    fate: 'ran',
    fireTime: caughtUp[0]?.fireTime,
  });

  // all: each of them, once, oldest first.
  const wanted = Date.now();
  const count = (): number => startsOf('each').filter((at) => Date.parse(at) <= wanted - lateAfterMs).length;
  const first = Date.parse(startsOf('each')[0] ?? '');
  await eventually(() => count() >= Math.floor((wanted - lateAfterMs - first) / periodMs) + 1, 'each');
  const all = startsOf('each');
  expect(new Set(all).size).toBe(all.length);
  const ofCatchUp = new Set(
    (await runsOf(up, 'each')).flatMap(({ trigger, fireTime }) => (trigger === 'catchUp' ? [fireTime] : [])),
  );
  const inOrder = all.filter((at) => ofCatchUp.has(at));
  expect(inOrder.length).toBeGreaterThanOrEqual(2);
  expect(inOrder).toStrictEqual(inOrder.toSorted());
  expect((await ticksOf(up, 'each')).filter(({ fate }) => fate === 'missed')).toStrictEqual([]);
});

test('nothing before a job, a change of its schedule, or its being switched on is ever run, missed or caught up', async () => {
  await using up = await startUp({ data });
  const eager = { misfire: { policy: 'all' } };
  const savedAt = Date.now();
  await save(up, 'begun', { ...eager, startAt: new Date(savedAt - 3_600_000).toISOString() });
  await eventually(() => startsOf('begun').length >= 2, 'begun');
  expect(startsOf('begun').filter((at) => Date.parse(at) <= savedAt)).toStrictEqual([]);

  await save(up, 'begun', { ...eager, enabled: false });
  const offAt = Date.now();
  await passed(offAt + 3_000);
  const onAt = Date.now();
  await save(up, 'begun', eager);
  await eventually(() => startsOf('begun').some((at) => Date.parse(at) > onAt), 'begun');
  expect(startsOf('begun').filter((at) => Date.parse(at) > offAt && Date.parse(at) <= onAt)).toStrictEqual([]);

  await save(up, 'begun', { ...eager, cronExpr: '*/2 * * * * * *' });
  const changedAt = Date.now();
  await eventually(() => startsOf('begun').filter((at) => Date.parse(at) > changedAt).length >= 2, 'begun');
  expect(startsOf('begun').filter((at) => Date.parse(at) > changedAt && new Date(at).getUTCSeconds() % 2 === 1)).toStrictEqual(
    [],
  );
  expect(new Set(startsOf('begun')).size).toBe(startsOf('begun').length);
  expect((await runsOf(up, 'begun')).filter(({ trigger }) => trigger === 'catchUp')).toStrictEqual([]);
  expect(
    (await ticksOf(up, 'begun')).filter(
      ({ fate, reason }) => fate === 'missed' || (fate === 'skipped' && reason !== 'edited' && reason !== 'overlap'),
    ),
  ).toStrictEqual([]);
});

test('a backfill runs the ticks of a time that is over one by one, and what is left of it can be ended', async () => {
  await using up = await startUp({ data });
  await save(up, 'report', { cronExpr: '0 3 * * *' });
  const three = { from: '2026-01-01T00:00:00Z', to: '2026-01-03T23:59:59Z' };
  expect(await up.api('/jobs/report/backfill', { body: { ...three, dryRun: true } })).toMatchObject({ count: 3 });
  expect(await up.api('/jobs/report/backfill', { body: three })).toMatchObject({ count: 3 });
  await eventually(() => toldBy('report').length >= 6, 'report');
  expect(startsOf('report')).toStrictEqual(['2026-01-01T03:00:00.000Z', '2026-01-02T03:00:00.000Z', '2026-01-03T03:00:00.000Z']);
  expect(isOneByOne('report')).toBe(true);
  await eventually(
    async () =>
      (await runsOf(up, 'report')).filter(({ trigger, outcome }) => trigger === 'backfill' && outcome === 'succeeded').length ===
      3,
    'report',
  );

  await save(up, 'slow', { cronExpr: '0 3 * * *', command: telling('slow', long(600)) });
  const { runId } = await up.api<{ runId: string }>('/jobs/slow/backfill', { body: three });
  await eventually(() => startsOf('slow').length === 1, 'slow');
  const left = await up.api<Run>(`/runs/${runId}`);
  expect(left).toMatchObject({ state: 'queued', trigger: 'backfill', fireTime: '2026-01-02T03:00:00.000Z', count: 2 });
  await up.api(`/runs/${runId}/kill`, { body: {} });
  const [running] = (await runsOf(up, 'slow')).filter(({ state }) => state === 'running');
  await up.api(`/runs/${running?.id ?? ''}/kill`, { body: {} });
  await eventually(async () => (await runsOf(up, 'slow')).every(({ state }) => state === 'finished'), 'slow');
  expect(startsOf('slow')).toHaveLength(1);
  // Its end is told by the leader, a moment after it is gone from the queue.
  await eventually(
    async () => (await runsOf(up, 'slow')).some(({ id, outcome }) => id === runId && outcome === 'killed'),
    'slow',
  );
});

test('run now on a busy job waits under queue, as many as may, and takes the place of the run under replace', async () => {
  await using up = await startUp({ data });
  const untilFile = (name: string) => telling(name, `until [ -e ${join(data, `${name}.go`)} ]; do sleep 0.1; done`);
  const run = (name: string) => up.api<{ runId: string }>(`/jobs/${name}/run`, { body: {} });
  await save(up, 'queues', { cronExpr: NEVER, overlap: 'queue', command: untilFile('queues') });
  await run('queues');
  await eventually(() => startsOf('queues').length === 1, 'queues');
  await run('queues');
  await expect(run('queues')).rejects.toThrow('1 of 1 wait');
  writeFileSync(join(data, 'queues.go'), '');
  await eventually(() => toldBy('queues').length === 4, 'queues');
  expect(isOneByOne('queues')).toBe(true);

  await save(up, 'replaces', { cronExpr: NEVER, overlap: 'replace', command: untilFile('replaces') });
  const first = await run('replaces');
  await eventually(() => startsOf('replaces').length === 1, 'replaces');
  const second = await run('replaces');
  await eventually(() => startsOf('replaces').length === 2, 'replaces');
  expect(isOneByOne('replaces')).toBe(true);
  expect(await up.api<Run>(`/runs/${first.runId}`)).toMatchObject({ outcome: 'killed', reason: 'replaced' });
  expect(await up.api<Run>(`/runs/${second.runId}`)).toMatchObject({ state: 'running', trigger: 'manual' });
  writeFileSync(join(data, 'replaces.go'), '');
  await eventually(async () => (await up.api<Run>(`/runs/${second.runId}`)).outcome === 'succeeded', 'replaces');
});

const grouped = <T>(all: readonly T[], keyOf: (each: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const each of all) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return groups;
};

const canCluster = inject('etcdBinaries').length > 0 && inject('mongoBinaries').length > 0;

test.skipIf(!canCluster)('placement all: each of two workers runs every tick once [needs etcd, mongo]', async () => {
  const [etcd, mongo] = await Promise.all([startEtcd(), startMongo()]);
  try {
    await using cluster = await startCluster({ etcd: etcd.url, mongo: mongo.url, masters: 1, workers: 2 });
    const file = fileOf('everywhere');
    await cluster.saveJob({
      name: 'everywhere',
      cronExpr: SECONDLY,
      placement: { mode: 'all' },
      command: `echo "$CRON_FIRE_TIME $CRON_RUN_ID" >> ${file}`,
    });
    const lines = (): readonly string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
    const perTick = () => grouped(lines(), (line) => line.split(' ')[0] ?? '');
    await until(
      () => [...perTick().values()].filter((runs) => runs.length === 2).length >= 5,
      () => lines().slice(-20).join('\n'),
    );
    expect([...perTick().values()].filter((runs) => runs.length > 2)).toStrictEqual([]);
    // Two runs of one tick are on two workers.
    await until(
      async () => (await cluster.runsOf('everywhere')).length >= 10,
      () => 'the run log is behind',
    );
    const workers = grouped(await cluster.runsOf('everywhere'), ({ fireTime }) => String(fireTime));
    for (const runs of workers.values()) expect(new Set(runs.map(({ worker }) => worker)).size).toBe(runs.length);
    // Run now, too, is one run a worker.
    await cluster.saveJob({
      name: 'everywhere',
      cronExpr: NEVER,
      placement: { mode: 'all' },
      command: `echo "now $CRON_RUN_ID" >> ${file}`,
    });
    // One that is still on its way would keep its worker busy.
    await until(
      async () => (await cluster.runsOf('everywhere')).every(({ state }) => state === 'finished'),
      () => 'the runs of the schedule do not end',
    );
    const isNow = (line: string): boolean => line.startsWith('now ');
    const before = lines().length;
    const { runIds } = await cluster.api<{ runIds: string[] }>('/jobs/everywhere/run', { method: 'POST', body: {} });
    await until(
      () => lines().filter(isNow).length === 2,
      () => lines().slice(before).join('\n'),
    );
    expect(
      lines()
        .filter(isNow)
        .map((line) => line.slice(4))
        .toSorted(),
    ).toStrictEqual([...runIds].toSorted());
  } finally {
    await Promise.all([etcd.stop(), mongo.stop()]);
  }
});
