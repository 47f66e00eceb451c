// "It is due: why does it not begin?", as somebody on call asks it.
import { expect, test } from 'vitest';
import type { LiveRun, Presence, QueuedRun } from '../../../src/domain/values.ts';
import type { TickView, WhyView } from '../../../src/domain/wire.ts';
import { createSeen } from '../../../src/master/seen.ts';
import { whyWaits } from '../../../src/master/waits.ts';
import { aJob, aQueued, aRun, AT, aWorker, keys, startMaster, until } from './support.ts';

const LATER = '2027-01-31T09:01:00.000Z';
const put = (key: string, value: object) => ({ key, value: JSON.stringify(value), revision: 5, created: 5 });

type World = {
  readonly job?: object;
  readonly workers?: readonly Presence[];
  readonly drains?: readonly string[];
  readonly runs?: readonly LiveRun[];
  readonly killed?: string;
  readonly queue?: readonly QueuedRun[];
  /** What is asked about; the tick that nobody has decided, if absent. */
  readonly queued?: QueuedRun;
};

const why = (world: World, language: 'en' | 'zh' = 'en'): string | undefined => {
  const seen = createSeen(keys, 1);
  const { job, workers = [aWorker('w1', 'one')], drains = [], runs = [], killed, queue = [], queued } = world;
  seen.put.jobs(put(keys.job('a'), aJob('a', { overlap: 'queue', ...job })));
  for (const worker of workers) seen.put.workers(put(keys.worker(worker.id), worker));
  for (const id of drains) seen.put.drains(put(keys.drain(id), {}));
  for (const run of runs) seen.put.runs(put(keys.run(run.job, run.runId), run));
  if (killed !== undefined) seen.put.kills(put(keys.killer('a', killed), { v: 1, at: AT, by: 'ann', cause: 'killed' }));
  for (const each of queued ? [...queue, queued] : queue) seen.put.queue(put(keys.queued('a', each.runId), each));
  return whyWaits(seen.seen, 'a', { fireTime: LATER, queued }, language);
};

const waiting: QueuedRun = { ...aQueued('a', 'q'), trigger: 'schedule', fireTime: LATER };
const full = { ...aWorker('w1', 'one'), slots: 1 };
const elsewhere = aRun('other', 'r9');

test.each<readonly [string, World, string]>([
  ['nobody is here', { workers: [] }, 'no live worker may run this job: none is here'],
  ['nobody fits', { job: { placement: { labels: ['gpu'] } } }, 'no live worker may run this job: one lacks gpu'],
  ['all drain', { drains: ['w1'] }, 'no live worker may run this job: one drains'],
  ['its worker is gone', { queued: { ...waiting, worker: 'w7' } }, 'it is for worker w7 alone, which is not here'],
  ['the run before goes on', { runs: [aRun('a', 'r1')] }, 'the run of 2027-01-31 09:00:00 (UTC) on one has not ended'],
  [
    'the run before is being ended',
    { runs: [aRun('a', 'r1')], killed: 'r1' },
    'the run of 2027-01-31 09:00:00 (UTC) on one is being ended, and has not ended yet',
  ],
  [
    'another waits before it',
    { queue: [{ ...waiting, runId: 'p', fireTime: AT }], queued: waiting },
    'the one of 2027-01-31 09:00:00 (UTC) waits before it, and they run one at a time',
  ],
  ['all are full', { workers: [full], runs: [elsewhere] }, 'all workers that may run it are full: one 1/1'],
  ['no link is whole', { workers: [{ ...aWorker('w1'), unsynced: true }] }, 'no worker that may run it has a whole link to etcd'],
  ['it is switched off', { job: { enabled: false } }, 'the job is switched off'],
  ['it cannot be read', { job: { cronExpr: 5 } }, 'the job cannot be read, so no worker takes it'],
  // Under `allow` the runs go on beside each other: only slots count.
  ['nothing is in its way', { job: { overlap: 'allow' }, runs: [aRun('a', 'r1')] }, 'a worker takes it at any moment'],
  [
    'of a run that was let go on the job is free',
    { runs: [aRun('a', 'r1', { locks: false })], queued: waiting },
    'a worker takes it at any moment',
  ],
])('%s', (_promise, world, told) => {
  expect(why(world)).toBe(told);
  expect(why(world, 'zh')).toMatch(/\p{Script=Han}/u);
});

test('a worker that has room is no reason to wait, though another is full', () => {
  expect(why({ workers: [full, aWorker('w2', 'two')], runs: [elsewhere] })).toBe('a worker takes it at any moment');
});

test('the timeline and the sentence about an instant say what a tick waits for', async () => {
  await using master = await startMaster();
  await master.put(keys.worker('w1'), aWorker('w1', 'one'));
  await master.put(keys.job('a'), aJob('a', { overlap: 'queue', timezone: 'Europe/Berlin' }));
  await master.put(keys.run('a', 'r1'), aRun('a', 'r1'));
  await master.put(keys.queued('a', 'q'), waiting);
  const waitsFor = 'the run of 2027-01-31 10:00:00 (Europe/Berlin) on one has not ended';
  const ticks = async (): Promise<readonly TickView[]> =>
    (await master.api('GET', `/jobs/a/ticks?from=${AT}&to=${LATER}`)).json<{ items: readonly TickView[] }>().items;
  const items = await until(ticks, (found) => found.some(({ fate }) => fate === 'waiting'));
  expect(items.find(({ fate }) => fate === 'waiting')).toMatchObject({ fireTime: LATER, waitsFor });
  // What has begun, and what has not come, waits for nothing.
  expect(items.filter(({ fate }) => fate !== 'waiting').every((tick) => tick.waitsFor === undefined)).toBe(true);
  const { sentence } = (await master.api('GET', `/jobs/a/why?at=${LATER}`)).json<WhyView>();
  expect(sentence).toBe(`The tick of 2027-01-31 10:01:00 (Europe/Berlin) waits: ${waitsFor}.`);
});
