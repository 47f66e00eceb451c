import { expect, test } from 'vitest';
import { createKeys } from '../../../src/domain/keys.ts';
import type { LiveRun, QueuedRun } from '../../../src/domain/values.ts';
import { beforeOf, seeingsOf } from '../../../src/master/seeing.ts';
import { createSeen } from '../../../src/master/seen.ts';
import { presentView } from '../../../src/master/views.ts';
import type { Entry } from '../../../src/streams/ports.ts';

const keys = createKeys();
const AT = '2027-01-31T09:00:00.000Z';
const NEXT = '2027-01-31T09:05:00.000Z';
const live = (more: Partial<LiveRun> = {}): LiveRun => ({
  v: 1,
  runId: 'r1',
  job: 'a',
  worker: 'w1',
  workerName: 'one',
  attempt: 1,
  trigger: 'schedule',
  fireTime: AT,
  state: 'running',
  claimedAt: AT,
  jobRevision: 1,
  overlap: 'skip',
  locks: true,
  lostAfterMs: 180_000,
  killGraceMs: 10_000,
  latenessMs: 0,
  command: 'echo',
  ...more,
});
const ended: Partial<LiveRun> = { state: 'ended', outcome: 'failed', exitCode: 3, endedAt: AT, fence: 5 };
const queued: QueuedRun = {
  v: 1,
  runId: 'r1',
  job: 'a',
  trigger: 'schedule',
  fireTime: AT,
  attempt: 2,
  worker: 'w1',
  notBefore: NEXT,
  queuedAt: AT,
};
const entry = (key: string, value: object, revision: number): Entry => ({
  key,
  value: JSON.stringify(value),
  revision,
  created: 5,
});
const runEntry = (more: Partial<LiveRun>, revision: number): Entry => entry(keys.run('a', 'r1'), live(more), revision);
const queueEntry = entry(keys.queued('a', 'r1'), queued, 9);

test('whichever of run key and queue key is told first, a run between its attempts waits', () => {
  for (const order of [
    ['runs', 'queue'],
    ['queue', 'runs'],
  ] as const) {
    const { seen, put } = createSeen(keys, 1);
    put.runs(runEntry({}, 5));
    for (const feed of order) {
      put[feed](feed === 'runs' ? runEntry({ ...ended, nextAttemptAt: NEXT }, 9) : queueEntry);
      expect(presentView(seen, 'r1')).toMatchObject({ state: 'queued', nextAttemptAt: NEXT });
      expect(presentView(seen, 'r1')).not.toHaveProperty('outcome');
    }
    expect(presentView(seen, 'r1')).toMatchObject({ attempt: 2, command: 'echo' });
  }
});

test('a further attempt that was claimed is shown, though its queue key is still told of; its fence is that of its claim', () => {
  const { seen, put, remove } = createSeen(keys, 1);
  put.queue(queueEntry);
  put.runs(runEntry({ attempt: 2 }, 12));
  expect(presentView(seen, 'r1')).toMatchObject({ state: 'running', attempt: 2, fence: 12 });
  put.runs(runEntry({ attempt: 2, overdueAt: AT, fence: 12 }, 14));
  expect(presentView(seen, 'r1')).toMatchObject({ state: 'running', overdueAt: AT, fence: 12 });
  remove.queue(queueEntry.key);
  put.runs(runEntry({ ...ended, attempt: 2, fence: 12 }, 15));
  expect(presentView(seen, 'r1')).toMatchObject({ state: 'finished', outcome: 'failed', fence: 12 });
});

test('each step of a run key is told as what it is', () => {
  const { seen, put } = createSeen(keys, 1);
  const told = (next: Entry): readonly unknown[] => {
    const change = { type: 'put', entry: next } as const;
    const before = beforeOf(seen, keys, 'runs', change);
    put.runs(next);
    return seeingsOf(seen, keys, 'runs', change, before).flatMap((seeing) =>
      seeing.type === 'run' ? [[seeing.event.type, seeing.event.attempt, seeing.event.run?.state]] : [],
    );
  };
  expect(told(runEntry({}, 5))).toStrictEqual([['claimed', 1, 'running']]);
  expect(told(runEntry({ overdueAt: AT, fence: 5 }, 6))).toStrictEqual([['overdue', 1, 'running']]);
  expect(told(runEntry({ overdueAt: AT, fence: 5 }, 7))).toStrictEqual([]);
  expect(told(runEntry({ ...ended, nextAttemptAt: NEXT }, 8))).toStrictEqual([['attemptEnded', 1, 'queued']]);
  expect(told(runEntry({ attempt: 2 }, 12))).toStrictEqual([['claimed', 2, 'running']]);
  expect(told(runEntry({ ...ended, attempt: 2, nextAttemptAt: NEXT }, 13))).toStrictEqual([['attemptEnded', 2, 'queued']]);
  expect(told(runEntry({ ...ended, attempt: 2, outcome: 'killed' }, 14))).toStrictEqual([['finished', 2, 'finished']]);
});
