import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RunEvent } from '../../../src/domain/events.ts';
import { withDefaults } from '../../../src/domain/job.ts';
import { finishRun, loseRun } from '../../../src/domain/moves.ts';
import { nextAttempt } from '../../../src/domain/retry.ts';
import type { LiveRun, QueuedRun } from '../../../src/domain/values.ts';
import { processOf } from '../../../src/launcher/proc.ts';
import type { LiveEntry } from '../../../src/launcher/protocol.ts';
import { lossOf } from '../../../src/master/duties.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import type { ClaimedRun } from '../../../src/worker/claims.ts';
import { adopt, compare, resettle } from '../../../src/worker/recover.ts';
import type { Spool } from '../../../src/worker/spool.ts';
import { until } from '../../support/process.ts';
import { AT, exitOf, keys, live, runsOf } from './runs-support.ts';

const RETRY = { retry: { max: 2, delayMs: 0 } };
const told = async (spool: Spool): Promise<readonly RunEvent[]> => {
  const items = await spool.take(100);
  await spool.confirm(items);
  return items.map(({ event }) => event);
};
const typesOf = (events: readonly RunEvent[]): readonly string[] => events.map(({ type }) => type);

const failing = async (retry = RETRY) => {
  const at = await runsOf();
  await at.put(keys.job('a'), { name: 'a' });
  const claimed = await at.claim(live(), retry);
  await at.runs.claimed(claimed);
  await at.runs.start(claimed.live.runId);
  return { ...at, claimed, run: claimed.live };
};

test('the end of an attempt that is followed gives the lock back and queues the next, in one transaction', async () => {
  const { runs, spool, run, stored, read, has, ended } = await failing();
  await runs.exited(exitOf(run, { exitCode: 3 }));
  expect(await stored(run)).toMatchObject({ state: 'ended', outcome: 'failed', exitCode: 3, nextAttemptAt: AT });
  expect(await read<QueuedRun>(keys.queued('a', run.runId))).toMatchObject({ attempt: 2, worker: 'w1', after: 'failed' });
  expect(await has(keys.lock('a'))).toBe(false);
  expect(await has(keys.last('a'))).toBe(false); // the run has not ended
  const events = await told(spool);
  expect(typesOf(events)).toStrictEqual(['claimed', 'started', 'attemptEnded']);
  expect(events.at(-1)).toMatchObject({ outcome: 'failed', exitCode: 3, nextAttemptAt: AT });
  expect(ended).toStrictEqual([run.runId]);
});

test.each([{ exitCode: 3 }, undefined])(
  'P4: an attempt that is followed is not told as the end of its run after a restart, its run key gone meanwhile (exit on disk: %j)',
  async (exit) => {
    const { runs, start, run, coordination, root } = await failing();
    await runs.exited(exitOf(run, { exitCode: 3 }));
    if (exit) writeFileSync(join(root, `${run.runId}.001`, 'exit'), JSON.stringify(exitOf(run, exit)));
    await coordination.transact({
      then: [keys.run('a', run.runId), keys.queued('a', run.runId)].map((key) => ({ type: 'delete', key })),
    });
    const later = await start();
    await adopt(later.recovery, []);
    await until(
      () => later.runs.count() === 0,
      () => 'it is held still',
    );
    expect(typesOf(await told(later.spool))).toStrictEqual(['claimed', 'started', 'attemptEnded']);
  },
);

test('P1: the next attempt is begun once too, and is another one though the end of the first is not quite through', async () => {
  const { runs, claimed, orders, run } = await failing();
  const second: ClaimedRun = { ...claimed, fence: claimed.fence + 5, live: { ...run, attempt: 2 } };
  const end = runs.exited(exitOf(run, { exitCode: 3 }));
  await runs.claimed(second); // the queue key is seen before the answer to the transaction that put it
  await runs.start(run.runId, 2);
  await end;
  await runs.claimed(second);
  await runs.start(run.runId, 2);
  expect(orders.map(({ attempt }) => attempt)).toStrictEqual([1, 2]);
  expect(orders[1]?.env).toMatchObject({ CRON_ATTEMPT: '2', CRON_FENCE: String(second.fence) });
  expect(runs.count()).toBe(1);
});

test('P5: a kill that stands when the attempt ends is its last word', async () => {
  const { runs, spool, run, stored, has, put } = await failing();
  await put(keys.killer('a', run.runId), { v: 1, at: AT, by: 'ann', cause: 'killed' });
  await runs.exited(exitOf(run, { exitCode: 3 }));
  expect(await stored(run)).toMatchObject({ state: 'ended', outcome: 'failed' });
  expect(await stored(run)).not.toHaveProperty('nextAttemptAt');
  expect(await has(keys.queued('a', run.runId))).toBe(false);
  expect(await has(keys.killer('a', run.runId))).toBe(false);
  expect(await has(keys.last('a'))).toBe(true);
  expect(typesOf(await told(spool)).slice(-2)).toStrictEqual(['attemptEnded', 'finished']);
});

test('a run whose job is gone is not tried again', async () => {
  const { runs, run, stored, has, coordination } = await failing();
  await coordination.transact({ then: [{ type: 'delete', key: keys.job('a') }] });
  await runs.exited(exitOf(run, { exitCode: 3 }));
  expect(await stored(run)).not.toHaveProperty('nextAttemptAt');
  expect(await has(keys.queued('a', run.runId))).toBe(false);
  expect(await has(keys.lock('a'))).toBe(false);
});

test('the last attempt ends the run', async () => {
  const { runs, spool, run, stored, has } = await failing({ retry: { max: 1, delayMs: 0 } });
  await runs.exited(exitOf(run, { exitCode: 3 }));
  await told(spool);
  const { nextAttemptAt: _next, ...first } = await stored(run);
  const at = await runsOf();
  await at.put(keys.job('a'), { name: 'a' });
  const second = await at.claim({ ...(first as LiveRun), state: 'running', attempt: 2 }, { retry: { max: 1, delayMs: 0 } });
  await at.runs.claimed(second);
  await at.runs.start(run.runId, 2);
  await at.runs.exited(exitOf(second.live, { exitCode: 4 }));
  expect(typesOf(await told(at.spool))).toStrictEqual(['claimed', 'started', 'finished']);
  expect(await at.has(keys.queued('a', run.runId))).toBe(false);
  expect(await has(keys.queued('a', run.runId))).toBe(true);
});

test('a worker that was killed between the end and its record comes to the same next attempt', async () => {
  const { runs, spool, run, claimed, start, read, coordination } = await failing();
  const end = { at: AT, outcome: 'failed', exitCode: 3 } as const;
  const next = nextAttempt(run, end)!;
  const last = { v: 1, runId: run.runId, fireTime: AT, outcome: 'failed', endedAt: AT } as const;
  const folder = spool.get(run.runId, 1)!;
  await folder.tell({ type: 'attemptEnded', ...end, nextAttemptAt: next.notBefore });
  writeFileSync(join(folder.dir, 'exit'), JSON.stringify(exitOf(run, { exitCode: 3 })));
  const { endedAt, outcome, exitCode } = { endedAt: AT, outcome: 'failed' as const, exitCode: 3 };
  const ended: LiveRun = { ...run, state: 'ended', endedAt, outcome, exitCode };
  // The transaction went through, and its answer was lost with the process.
  await coordination.transact(finishRun({ keys, ended, last, next, runRevision: claimed.fence, lockRevision: claimed.fence }));
  expect(runs.count()).toBe(1);
  const again = await start();
  await adopt(again.recovery, []);
  await until(
    () => again.runs.count() === 0,
    () => 'its end is not recorded',
  );
  expect(typesOf(await told(again.spool))).toStrictEqual(['claimed', 'started', 'attemptEnded']);
  expect(await read<QueuedRun>(keys.queued('a', run.runId))).toStrictEqual(JSON.parse(JSON.stringify(next)));
});

test('what the leader has found lost and queued anew is not ended by its worker once more', async () => {
  const at = await runsOf();
  await at.put(keys.job('a'), { name: 'a' });
  const { live: run, fence } = await at.claim(live(), { retry: { max: 1, delayMs: 0, lost: true } });
  const loss = lossOf(keys, { ...run, fence }, Date.parse(AT), 'workerGone');
  expect(loss.next).toMatchObject({ attempt: 2, exclude: 'w1', after: 'lost' });
  expect(loss.event).toMatchObject({ type: 'lost', nextAttemptAt: AT, fence });
  const { succeeded } = await at.coordination.transact(loseRun({ ...loss, runRevision: fence, holdsLock: true }));
  expect(succeeded).toBe(true);
  await at.runs.claimed(runClaimed(run, fence));
  await at.runs.start(run.runId);
  await at.runs.exited(exitOf(run, { exitCode: 1, cause: 'leaseLost' }));
  expect(typesOf(await told(at.spool)).at(-1)).toBe('attemptEnded');
  expect(await at.stored(run)).toMatchObject({ outcome: 'lost', nextAttemptAt: AT });
});
const runClaimed = (run: LiveRun, fence: number): ClaimedRun => {
  const job = withDefaults({ name: 'a', command: 'true', cronExpr: '* * * * *' });
  return { live: run, fence, rank: 0, cursorBefore: undefined, job, queued: undefined };
};

/** Started an hour ago, with a time limit of a minute. */
const overdue = async (action: 'abandon' | 'alert', more: object = {}) => {
  const at = await runsOf({ ...systemClock, now: () => Date.parse(AT) + 3_600_000 });
  await at.put(keys.job('a'), { name: 'a' });
  const claimed = await at.claim(live(), { timeout: { afterMs: 60_000, action }, ...more });
  await at.runs.claimed(claimed);
  await at.runs.start(claimed.live.runId);
  return { ...at, claimed, run: claimed.live };
};
const LIMIT = '2027-01-31T09:01:00.000Z';

test('alert: a run that passed its limit is told as overdue, once, and ends as it ends', async () => {
  const { runs, spool, run, stored, orders, start } = await overdue('alert');
  expect(orders[0]).not.toHaveProperty('timeoutMs'); // nobody ends it
  await runs.cutAll();
  await until(
    async () => (await stored(run)).overdueAt !== undefined,
    () => 'the run key does not tell it',
  );
  await runs.cutAll();
  expect(await stored(run)).toMatchObject({ state: 'running', overdueAt: LIMIT });
  // Another process goes on with it.
  const again = await start();
  const entry: LiveEntry = { runId: run.runId, attempt: 1, pid: 1, startTime: '0', startedAt: AT };
  await adopt(again.recovery, [entry]);
  await again.runs.cutAll();
  await compare(again.recovery, Date.parse(AT) + 7_200_000);
  expect(again.runs.count()).toBe(1);
  await again.runs.exited(exitOf(run, { at: '2027-01-31T10:00:00.000Z' }));
  expect(await stored(run)).toMatchObject({ state: 'ended', outcome: 'succeeded', overdueAt: LIMIT });
  expect(typesOf(await told(spool)).filter((type) => type === 'overdue')).toStrictEqual(['overdue']);
  expect(await stored(run)).toMatchObject({ fence: expect.any(Number) as unknown });
});

test('abandon: the run ends at its limit and gives its lock and slot back; what its command does after that is recorded', async () => {
  const { root, runs, spool, run, stored, has, deadlines, ended } = await overdue('abandon');
  await runs.cutAll();
  await until(
    () => runs.count() === 0,
    () => 'it is still held',
  );
  expect(await stored(run)).toMatchObject({ state: 'ended', outcome: 'timedOut', reason: 'abandoned', endedAt: LIMIT });
  expect(await has(keys.lock('a'))).toBe(false);
  expect(ended).toStrictEqual([run.runId]);
  expect(deadlines.at(-1)).toMatchObject({ runId: run.runId, until: Number.MAX_SAFE_INTEGER }); // it holds no lock to be ended for
  expect(typesOf(await told(spool))).toStrictEqual(['claimed', 'started', 'overdue', 'finished']);

  mkdirSync(join(root, `${run.runId}.001`), { recursive: true });
  appendFileSync(join(root, `${run.runId}.001`, 'out'), 'later\n');
  await runs.cutAll();
  await runs.exited(exitOf(run, { at: '2027-01-31T09:30:00.000Z', exitCode: 5 }));
  const events = await told(spool);
  expect(typesOf(events)).toStrictEqual(['output', 'finished']);
  expect(events.at(-1)).toMatchObject({ outcome: 'timedOut', reason: 'abandoned', exitCode: 5, durationMs: 1_800_000 });
  expect(await stored(run)).toMatchObject({ endedAt: LIMIT });
  expect(runs.left.all()).toStrictEqual([]);
  expect(spool.get(run.runId, 1)).toBeUndefined();
});

/** Abandoned, and its run has ended. */
const abandoned = async (more: object = {}) => {
  const at = await overdue('abandon', more);
  await at.runs.cutAll();
  await until(
    () => at.runs.count() === 0,
    () => 'it is still held',
  );
  return at;
};
const byMary = { cause: 'killed', by: 'mary' } as const;
const leftKill = { v: 1, at: AT, ...byMary, left: true };

test('P5: an abandoned command is ended where a person asks for it, and the kill is kept until its end confirms it', async () => {
  const { runs, spool, run, stored, has, put, ends } = await abandoned();
  await put(keys.killer('a', run.runId), leftKill);
  await runs.kill(run.runId, { cause: 'replaced', by: 'schedule' }); // its job wants it to go on
  expect(ends).toStrictEqual([]);
  await runs.kill(run.runId, byMary);
  await runs.kill(run.runId, byMary); // the feed broke, and tells it once more
  expect(ends).toStrictEqual([{ runId: run.runId, attempt: 1, ...byMary }]);
  expect(await has(keys.killer('a', run.runId))).toBe(true);
  const { exitCode: _code, ...exit } = exitOf(run, { signal: 'SIGTERM', ...byMary });
  await runs.exited(exit);
  expect(await has(keys.killer('a', run.runId))).toBe(false);
  const events = await told(spool);
  expect(typesOf(events)).toStrictEqual(['claimed', 'started', 'overdue', 'finished', 'killAsked', 'finished']);
  expect(events.at(-2)).toMatchObject(byMary);
  expect(events.at(-1)).toMatchObject({ outcome: 'timedOut', reason: 'abandoned', signal: 'SIGTERM' });
  expect(await stored(run)).toMatchObject({ outcome: 'timedOut', endedAt: LIMIT });
});

test('P5: a kill that comes while a run is being abandoned, or before a new process has taken it over, reaches its command', async () => {
  const { runs, run, start, ends } = await overdue('abandon');
  await runs.cutAll();
  expect(runs.count()).toBe(1); // on its way
  await runs.kill(run.runId, byMary);
  expect(ends).toHaveLength(1);
  const again = await start();
  await adopt(again.recovery, [{ runId: run.runId, attempt: 1, pid: 1, startTime: '0', startedAt: AT }]);
  await again.runs.kill(run.runId, byMary);
  expect(ends).toHaveLength(2);
});

test('P5: a person who kills a run that is tried again ends the command that its first attempt left behind too; the end of that leaves the kill to the run', async () => {
  const { runs, run, claimed, put, has, ends } = await abandoned(RETRY);
  await runs.claimed({ ...claimed, live: { ...run, attempt: 2 }, fence: claimed.fence + 9 });
  await runs.start(run.runId, 2);
  const { left: _left, ...kill } = leftKill;
  await put(keys.killer('a', run.runId), kill);
  await runs.kill(run.runId, byMary);
  expect(ends.map(({ attempt }) => attempt)).toStrictEqual([2, 1]);
  await runs.exited(exitOf(run));
  expect(await has(keys.killer('a', run.runId))).toBe(true);
});

test('P5: an abandoned command whose launcher is gone is ended by its worker', async () => {
  const { runs, spool, run, recovery } = await abandoned();
  const command = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void command.kill('SIGKILL'));
  const pid = command.pid!;
  const note = { v: 1, pid, startTime: processOf(pid)!.startTime, startedAt: AT };
  writeFileSync(join(spool.get(run.runId, 1)!.dir, 'pid'), JSON.stringify(note));
  await resettle(recovery, []);
  await runs.kill(run.runId, byMary);
  await until(
    () => runs.left.all().length === 0,
    () => 'it is not told as ended',
  );
  expect(command.signalCode ?? (await once(command, 'exit'))[1]).toBe('SIGTERM');
});

test('abandon and retry: the next attempt does not wait for the one that goes on', async () => {
  const { runs, spool, run, claimed, read, orders } = await overdue('abandon', RETRY);
  await runs.cutAll();
  await until(
    () => runs.count() === 0,
    () => 'it is still held',
  );
  expect(await read<QueuedRun>(keys.queued('a', run.runId))).toMatchObject({ attempt: 2, after: 'timedOut', notBefore: LIMIT });
  await runs.claimed({ ...claimed, live: { ...run, attempt: 2 }, fence: claimed.fence + 9 });
  await runs.start(run.runId, 2);
  expect(orders).toHaveLength(2);
  await runs.exited(exitOf(run, { exitCode: 0 }));
  expect(runs.count()).toBe(1); // the second goes on
  const ofFirst = (await told(spool)).filter((event) => 'attempt' in event && event.attempt === 1);
  expect(typesOf(ofFirst)).toStrictEqual(['claimed', 'started', 'overdue', 'attemptEnded', 'attemptEnded']);
});

test('an abandoned run stays abandoned when the worker is started anew, and is not held again', async () => {
  const { runs, spool, run, start, stored } = await overdue('abandon');
  await runs.cutAll();
  await until(
    () => runs.count() === 0,
    () => 'it is still held',
  );
  const folder = spool.get(run.runId, 1)!;
  writeFileSync(join(folder.dir, 'pid'), JSON.stringify({ v: 1, pid: 1, startTime: '0', startedAt: AT }));
  const again = await start();
  const entry: LiveEntry = { runId: run.runId, attempt: 1, pid: 1, startTime: '0', startedAt: AT };
  await adopt(again.recovery, [entry]);
  await until(
    () => again.runs.left.all().length === 1 && again.runs.count() === 0,
    () => 'it is not left to itself',
  );
  await compare(again.recovery, Date.parse(AT) + 7_200_000);
  expect(again.runs.all()).toStrictEqual([]);
  await again.runs.exited(exitOf(run, { exitCode: 0 }));
  // Killed before the log had it: the process after it finds the exit on the disk, and the end told.
  writeFileSync(join(folder.dir, 'exit'), JSON.stringify(exitOf(run, { exitCode: 0 })));
  const third = await start();
  await adopt(third.recovery, []);
  await until(
    () => third.spool.get(run.runId, 1)?.isAtRest() !== false && third.runs.left.all().length === 0,
    () => 'it is not left behind',
  );
  const all = typesOf(await told(third.spool)); // the log may be told again what it has
  expect(all).toStrictEqual(['claimed', 'started', 'overdue', 'finished', 'finished']);
  expect(await stored(run)).toMatchObject({ outcome: 'timedOut', endedAt: LIMIT });
});

test('an abandoned command whose launcher is gone is followed to its end, of which nothing more is known', async () => {
  const { runs, spool, run, recovery } = await overdue('abandon');
  await runs.cutAll();
  await until(
    () => runs.count() === 0,
    () => 'it is still held',
  );
  const folder = spool.get(run.runId, 1)!;
  writeFileSync(join(folder.dir, 'pid'), JSON.stringify({ v: 1, pid: 2 ** 22 + 1, startTime: '0', startedAt: AT }));
  const entry: LiveEntry = { runId: run.runId, attempt: 1, pid: 2 ** 22 + 1, startTime: '0', startedAt: AT };
  expect(typesOf(await told(spool)).at(-1)).toBe('finished'); // the end of the run, which was told at its limit
  await resettle(recovery, [entry]); // another launcher has it
  expect(runs.left.all()).toHaveLength(1);
  await resettle(recovery, []);
  await until(
    () => runs.left.all().length === 0,
    () => 'it is followed for ever',
  );
  await until(
    async () => spool.get(run.runId, 1)?.hasMore() ?? false,
    () => 'its end is not told',
  );
  const [last] = await told(spool);
  expect(last).toMatchObject({ type: 'finished', outcome: 'timedOut', reason: 'abandoned' });
  expect(last).not.toHaveProperty('exitCode');
});

test('P2: a run that is tried again when it is lost has a deadline, though its job may overlap', async () => {
  const at = await runsOf();
  const free = await at.claim(live({ locks: false }));
  const again = await at.claim(live({ locks: false }), { retry: { max: 1, lost: true } });
  for (const claimed of [free, again]) {
    await at.runs.claimed(claimed);
    await at.runs.start(claimed.live.runId);
  }
  expect(at.orders.map(({ until: deadline }) => deadline !== undefined)).toStrictEqual([false, true]);
});

test('P4: a folder that tells of a claim is not taken for an intent, though its facts are those of one: its events are shipped', async () => {
  const { runs, spool, claimed, run, start } = await failing({ retry: { max: 0, delayMs: 0 } });
  const { fence: _fence, cursorBefore: _before, ...intent } = claimed;
  await spool.get(run.runId, 1)?.writeFacts(intent); // the claim was asked for once more, though another look had taken the run
  await runs.exited(exitOf(run));
  const again = await start(); // killed before the run log had any of it
  await adopt(again.recovery, []);
  await until(
    () => again.runs.count() === 0,
    () => 'it is still held',
  );
  expect(typesOf(await told(again.spool))).toStrictEqual(['claimed', 'started', 'finished']);
  expect(again.spool.get(run.runId, 1)).toBeUndefined();
});
