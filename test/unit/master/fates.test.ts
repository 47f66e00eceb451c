// P3 where nobody runs a tick: what an edit or the end of a job passes over, and what belongs to nobody.
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/domain/events.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { formatCursor, parseCursor } from '../../../src/domain/tick.ts';
import { dutiesOf } from '../../../src/master/duties.ts';
import type { Duty, DutyContext } from '../../../src/master/duty.ts';
import { createLeaderView, LEADER_FEEDS, type LeaderFeed } from '../../../src/master/leader-view.ts';
import { NO_SCHEDULE } from '../../../src/master/mark.ts';
import type { Change, Entry } from '../../../src/streams/ports.ts';
import { aJob, aQueued, aRun, aWorker, startMaster } from './support.ts';

const keys = createKeys();
const now = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number): string => toInstant(now + ms);
const context: DutyContext = {
  keys,
  leader: { type: 'revision', key: keys.leader, is: 3 },
  now,
  monotonic: 0,
  scale: 1,
  newId: () => 'new-id',
  settles: true,
  clockLimitMs: 1_000,
};

const minutely = { name: 'a', command: 'true', cronExpr: '* * * * *' };
const hashOf = (job: object): string => {
  const read = readJob('a', JSON.stringify(job), 1);
  if (!read.ok) throw new Error('broken');
  return read.value.hash;
};
const entry = (key: string, value: unknown, revision: number): Entry => ({
  key,
  value: typeof value === 'string' ? value : JSON.stringify(value),
  revision,
  created: revision,
});
const put = (...of: Parameters<typeof entry>): Change => ({ type: 'put', entry: entry(...of) });
const gone = (key: string, revision: number): Change => ({ type: 'delete', key, revision });
const cursor = (ms: number, hash: string): string => formatCursor({ at: at(ms), decision: { v: 1, hash } });

/** A leader's view that hears changes one after the other, as its feeds tell them. */
const leaderView = (entries: Partial<Record<LeaderFeed, readonly Entry[]>>) => {
  let monotonic = 0;
  const view = createLeaderView(
    keys,
    (value, revision) => {
      const read = readJob('a', value, revision);
      return read.ok ? read.value : undefined;
    },
    () => monotonic,
  );
  for (const feed of LEADER_FEEDS) view.hear(feed, { type: 'snapshot', entries: entries[feed] ?? [], revision: 9 });
  return {
    hear: (feed: LeaderFeed, ...changes: readonly Change[]) => view.hear(feed, { type: 'changes', changes, revision: 10 }),
    pass: (ms: number) => (monotonic += ms),
    duties: (more: Partial<DutyContext> = {}): readonly Duty[] => dutiesOf(view.view()!, { ...context, monotonic, ...more }),
  };
};
const settled = {
  jobs: [entry(keys.job('a'), minutely, 5)],
  cursors: [entry(keys.tick('a'), cursor(-150_000, hashOf(minutely)), 6)],
};

const toldBy = (duty: Duty | undefined): readonly RunEvent[] =>
  (duty?.transaction.then ?? []).flatMap((operation) =>
    operation.type === 'put' && operation.key.startsWith(keys.outbox) ? [JSON.parse(operation.value) as RunEvent] : [],
  );
const ticksOf = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'tickSkipped'
      ? [`${event.fireTime} ${event.reason}`]
      : event.type === 'ticksMissed'
        ? [
            `${event.from}..${event.to} ${event.count === undefined ? '?' : String(event.count)} ${event.fate ?? 'missed'} ${event.reason}`,
          ]
        : [],
  );
const markedBy = (duty: Duty | undefined): unknown => {
  const found = duty?.transaction.then.find((operation) => operation.key === keys.tick('a'));
  return found?.type === 'put' ? parseCursor(found.value) : undefined;
};

test('P3: due ticks that a hand-made edit passes over are told as skipped, each once, in the transaction of the mark', () => {
  const view = leaderView(settled);
  const hourly = { ...minutely, cronExpr: '0 * * * *' };
  view.hear('jobs', put(keys.job('a'), hourly, 11));
  const [duty, ...others] = view.duties();
  expect([duty?.name, others]).toStrictEqual(['mark', []]);
  expect(ticksOf(toldBy(duty))).toStrictEqual([`${at(-120_000)} edited`, `${at(-60_000)} edited`, `${at(0)} edited`]);
  expect(markedBy(duty)).toMatchObject({ at: at(0), decision: { hash: hashOf(hourly) } });
  // Once the mark is seen, nothing is left to be told.
  view.hear('cursors', put(keys.tick('a'), cursor(0, hashOf(hourly)), 12));
  expect(view.duties()).toStrictEqual([]);
});

test('P3: of several hand-made edits in a row the version that the cursor knows is the one whose ticks are told', () => {
  const view = leaderView(settled);
  for (const [revision, cronExpr] of ['0 * * * *', '30 2 * * *', '0 0 1 1 *'].entries())
    view.hear('jobs', put(keys.job('a'), { ...minutely, cronExpr }, 11 + revision));
  expect(ticksOf(toldBy(view.duties()[0]))).toHaveLength(3);
});

test('P3: a version that only changes other things passes over nothing', () => {
  const view = leaderView({ ...settled, cursors: [entry(keys.tick('a'), cursor(-30_000, hashOf(minutely)), 6)] });
  view.hear('jobs', put(keys.job('a'), { ...minutely, command: 'false' }, 11));
  expect(view.duties()).toStrictEqual([]);
});

test('P3: a save by a master, whose mark is told by another feed than the job, leaves nothing to the leader', () => {
  const view = leaderView(settled);
  const hourly = { ...minutely, cronExpr: '0 * * * *' };
  view.hear('cursors', put(keys.tick('a'), cursor(0, hashOf(hourly)), 11));
  view.hear('jobs', put(keys.job('a'), hourly, 11));
  expect(view.duties()).toStrictEqual([]);
});

test('P3: where nobody knows the old version, a hand-made edit is told as a range of unknown length', () => {
  const duties = leaderView({ ...settled, cursors: [entry(keys.tick('a'), cursor(-150_000, 'of yesterday'), 6)] }).duties();
  expect(ticksOf(toldBy(duties[0]))).toStrictEqual([`${at(-149_999)}..${at(0)} ? skipped edited`]);
});

test('a job that is saved anew after its end has no such range: there was no schedule', () => {
  const duties = leaderView({ ...settled, cursors: [entry(keys.tick('a'), cursor(-150_000, NO_SCHEDULE), 6)] }).duties();
  expect([duties[0]?.name, toldBy(duties[0])]).toStrictEqual(['mark', []]);
});

test('P3: nothing before a job is enabled by hand is run, missed or caught up, and a disabled one has no ticks', () => {
  const disabled = { ...minutely, enabled: false };
  const view = leaderView({
    jobs: [entry(keys.job('a'), disabled, 5)],
    cursors: [entry(keys.tick('a'), cursor(-3_600_000, hashOf(disabled)), 6)],
  });
  expect(view.duties()).toStrictEqual([]);
  view.hear('jobs', put(keys.job('a'), minutely, 11));
  const [duty] = view.duties();
  expect(ticksOf(toldBy(duty))).toStrictEqual([]);
  expect(markedBy(duty)).toMatchObject({ at: at(0), decision: { hash: hashOf(minutely) } });
});

test('P3: due ticks of a job whose key is deleted by hand are told, and its cursor knows no schedule any more', () => {
  const view = leaderView(settled);
  view.hear('jobs', gone(keys.job('a'), 11));
  const [duty, ...others] = view.duties();
  expect([duty?.name, others]).toStrictEqual(['markGone', []]);
  expect(duty?.transaction.if).toStrictEqual([
    context.leader,
    { type: 'absent', key: keys.job('a') },
    { type: 'revision', key: keys.tick('a'), is: 6 },
  ]);
  expect(ticksOf(toldBy(duty))).toStrictEqual([`${at(-120_000)} jobDeleted`, `${at(-60_000)} jobDeleted`, `${at(0)} jobDeleted`]);
  view.hear('cursors', put(keys.tick('a'), cursor(0, NO_SCHEDULE), 12));
  expect(view.duties()).toStrictEqual([]);
});

test('P3: where each worker has ticks of its own, an edit tells what each of those that are there had not decided', () => {
  const everywhere = { ...minutely, placement: { mode: 'all' } };
  const hash = hashOf(everywhere);
  const there = ['w1', 'w2'].map((id, index) => entry(keys.worker(id), { ...aWorker(id), startedAt: at(-9e8) }, 20 + index));
  const view = leaderView({
    jobs: [entry(keys.job('a'), everywhere, 5)],
    cursors: [
      entry(keys.tick('a'), cursor(-3_600_000, hash), 6),
      entry(keys.tick('a', 'w1'), cursor(-150_000, hash), 7),
      entry(keys.tick('a', 'w2'), cursor(-30_000, hash), 8),
      entry(keys.tick('a', 'gone'), cursor(-3_000_000, hash), 9),
    ],
    workers: there,
  });
  view.hear('jobs', put(keys.job('a'), { ...everywhere, cronExpr: '0 * * * *' }, 11));
  const [duty] = view.duties();
  expect(toldBy(duty).map((event) => ('of' in event ? event.of : undefined))).toStrictEqual(['w1', 'w2']);
  expect(ticksOf(toldBy(duty))).toStrictEqual([
    `${at(-120_000)}..${at(0)} 3 skipped edited`,
    `${at(0)}..${at(0)} 1 skipped edited`,
  ]);
  expect(duty?.transaction.if).toContainEqual({ type: 'revision', key: keys.tick('a', 'w1'), is: 7 });
});

test('P3: a key that is deleted and put again as it was goes on from its cursor', () => {
  const view = leaderView({ ...settled, cursors: [entry(keys.tick('a'), cursor(-30_000, hashOf(minutely)), 6)] });
  view.hear('jobs', gone(keys.job('a'), 11), put(keys.job('a'), minutely, 12));
  expect(view.duties()).toStrictEqual([]);
});

test('P3: deleting a job by the API tells its due ticks, who did it, and that the job is gone, in one transaction', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: '* * * * * * *' }));
  const read = async (key: string) => (await master.coordination.transact({ then: [{ type: 'get', key }] })).reads[0]?.value;
  const first = parseCursor((await read(keys.tick('a'))) ?? '');
  const past = new Date(Date.now() - 5_000).toISOString();
  await master.put(keys.tick('a'), formatCursor({ at: past, decision: first!.decision }));
  expect((await master.api('DELETE', '/jobs/a')).statusCode).toBe(204);
  const told: RunEvent[] = [];
  const look = async (): Promise<readonly RunEvent[]> => {
    told.length = 0;
    for (const { value } of (await master.coordination.list(keys.outbox)).entries) told.push(JSON.parse(value) as RunEvent);
    told.push(...((await master.runLog.eventsAbout('tick/a/', { limit: 100 })) as RunEvent[]));
    return told;
  };
  const skipped = (await look()).filter((event) => event.type === 'tickSkipped');
  expect(new Set(skipped.map(({ fireTime }) => fireTime)).size).toBeGreaterThanOrEqual(5);
  expect(skipped.every(({ reason, by }) => reason === 'jobDeleted' && by !== undefined)).toBe(true);
  const left = parseCursor((await read(keys.tick('a'))) ?? '');
  expect(left?.decision.hash).toBe(NO_SCHEDULE);
  expect(skipped.every(({ fireTime }) => fireTime <= left!.at)).toBe(true);
});

test('P3: disabling and enabling by the API: nothing between is told or run', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a', { cronExpr: '* * * * * * *', enabled: false }));
  const read = async () =>
    parseCursor((await master.coordination.transact({ then: [{ type: 'get', key: keys.tick('a') }] })).reads[0]?.value ?? '');
  const first = await read();
  const past = new Date(Date.now() - 60_000).toISOString();
  await master.put(keys.tick('a'), formatCursor({ at: past, decision: first!.decision }));
  const before = Date.now();
  await master.api('PATCH', '/jobs/a', { enabled: true });
  expect(Date.parse((await read())!.at)).toBeGreaterThanOrEqual(before);
  const waiting = (await master.coordination.list(keys.outbox)).entries.map(({ value }) => (JSON.parse(value) as RunEvent).type);
  expect(waiting.filter((type) => type !== 'jobSaved')).toStrictEqual([]);
  expect(await master.runLog.eventsAbout('tick/a/', { limit: 10 })).toStrictEqual([]);
});

test('P5: a kill key for a run that is not there, or has ended, goes after a minute; one for a run that lives or waits stays', () => {
  const kill = { v: 1, at: at(0), by: 'etcdctl', cause: 'killed' };
  const view = leaderView({
    runs: [
      entry(keys.run('a', 'live'), aRun('a', 'live'), 5),
      entry(keys.run('a', 'ended'), aRun('a', 'ended', { state: 'ended', outcome: 'succeeded' }), 6),
    ],
    queue: [entry(keys.queued('a', 'waits'), aQueued('a', 'waits'), 7)],
    jobs: [entry(keys.job('a'), { ...minutely, enabled: false }, 5)],
    cursors: [entry(keys.tick('a'), cursor(0, hashOf({ ...minutely, enabled: false })), 6)],
    workers: [entry(keys.worker('w1'), aWorker('w1'), 8)],
    kills: [
      ...['live', 'ended', 'absent', 'waits'].map((id, index) => entry(keys.killer('a', id), kill, 20 + index)),
      entry(keys.killer('a', 'left'), { ...kill, left: true }, 30),
    ],
  });
  const ofKills = (): readonly Duty[] => view.duties().filter(({ name }) => name === 'staleKill');
  view.pass(59_999);
  expect(ofKills()).toStrictEqual([]);
  view.pass(1);
  const removed = ofKills().map(({ transaction }) => transaction);
  expect(removed.flatMap(({ then }) => then.map(({ key }) => key))).toStrictEqual([
    keys.killer('a', 'ended'),
    keys.killer('a', 'absent'),
  ]);
  expect(removed[0]?.if).toStrictEqual([
    context.leader,
    { type: 'revision', key: keys.killer('a', 'ended'), is: 21 },
    { type: 'absent', key: keys.queued('a', 'ended') },
    { type: 'revision', key: keys.run('a', 'ended'), is: 6 },
  ]);
  expect(removed[1]?.if).toContainEqual({ type: 'absent', key: keys.run('a', 'absent') });
  // Of a command that its run has left behind: the worker that has it may be away.
  view.pass(86_400_000 - 60_001);
  expect(ofKills()).toHaveLength(2);
  view.pass(1);
  expect(ofKills()).toHaveLength(3);
});
