import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/streams/clock.ts';
import { adopt, compare, resettle } from '../../../src/worker/recover.ts';
import { uptimeMs } from '../../../src/worker/uptime.ts';
import { until } from '../../support/process.ts';
import { AT, exitOf, live, runsOf } from './runs-support.ts';

test('P1: a second answer for one claim starts nothing, also when its run is over and its folder is gone', async () => {
  const { runs, spool, claim, orders, ended } = await runsOf();
  const claimed = await claim(live());
  await runs.claimed(claimed);
  await runs.start(claimed.live.runId);
  await runs.exited(exitOf(claimed.live));
  expect(ended).toStrictEqual([claimed.live.runId]);
  await spool.confirm(await spool.take(100));
  expect(spool.get(claimed.live.runId, 1)).toBeUndefined();

  await runs.claimed(claimed);
  await runs.start(claimed.live.runId);
  expect(orders).toHaveLength(1);
  expect(runs.count()).toBe(0);
});

test('P1: two answers at one time for one claim are one run', async () => {
  const { runs, spool, claim, orders } = await runsOf();
  const claimed = await claim(live());
  await Promise.all([runs.claimed(claimed), runs.claimed(claimed)]);
  await Promise.all([runs.start(claimed.live.runId), runs.start(claimed.live.runId)]);
  await runs.exited(exitOf(claimed.live));
  expect(orders).toHaveLength(1);
  expect(runs.count()).toBe(0);
  expect((await spool.take(100)).map(({ event }) => event.type)).toStrictEqual(['claimed', 'started', 'finished']);
});

test('P2: a run is started, or told as never started, whoever is first: never both', async () => {
  for (let tries = 0; tries < 20; tries += 1) {
    const { runs, claim, orders, stored, recovery } = await runsOf();
    const claimed = await claim(live());
    const answer = async (): Promise<void> => {
      await runs.claimed(claimed);
      await runs.start(claimed.live.runId);
    };
    await Promise.all(
      tries % 2 === 0
        ? [answer(), compare(recovery, Date.parse(AT) + 60_000)]
        : [compare(recovery, Date.parse(AT) + 60_000), answer()],
    );
    const { state, reason } = await stored(claimed.live);
    expect([orders.length, state, reason]).toStrictEqual(
      orders.length === 1 ? [1, 'running', undefined] : [0, 'ended', 'notStarted'],
    );
  }
});

test('P2: a deadline that has passed before the start is not put off by a new lease', async () => {
  let now = 0;
  const { runs, claim, orders } = await runsOf({ ...systemClock, monotonic: () => now });
  const run = live();
  now = 200_000; // the claim was sent when the last renewal was as old as this
  runs.asked(run);
  await runs.renewed(now);
  await runs.claimed(await claim(run));
  await runs.start(run.runId);
  expect(orders[0]?.until).toBeLessThan(uptimeMs());

  // One whose claim was asked for again, and held by the newest request, counts from that.
  const again = live({ job: 'c' });
  now = 400_000;
  runs.asked(again);
  await runs.renewed(now);
  runs.asked(again);
  await runs.claimed(await claim(again));
  await runs.start(again.runId);
  expect(orders[1]?.until).toBeGreaterThan(uptimeMs() + 60_000);
  // If it had held before, nobody knows since when.
  const old = live({ job: 'd' });
  now = 600_000;
  runs.asked(old);
  await runs.renewed(now);
  runs.asked(old);
  await runs.claimed(await claim(old), true);
  await runs.start(old.runId);
  expect(orders[2]?.until).toBeLessThan(uptimeMs());

  const next = live({ job: 'b' });
  runs.asked(next);
  await runs.claimed(await claim(next));
  await runs.start(next.runId);
  expect(orders[3]?.until).toBeGreaterThan(uptimeMs() + 60_000);
});

test('P2: what was begun and never seen to start can be started by no order that is still on its way', async () => {
  const { runs, claim, stored, recovery, spool } = await runsOf();
  const claimed = await claim(live());
  await runs.claimed(claimed);
  const folder = spool.get(claimed.live.runId, 1)!;
  expect(await folder.begin()).toBe(true);
  await resettle(recovery, []);
  await until(
    async () => (await stored(claimed.live)).state === 'ended',
    () => 'its end is not recorded',
  );
  expect(await stored(claimed.live)).toMatchObject({ outcome: 'lost', reason: 'notStarted' });
  expect(existsSync(join(folder.dir, 'pid'))).toBe(true); // what a launcher makes first: it finds it made
});

test('what a launcher may have started is not told as never started', async () => {
  const { runs, claim, stored, recovery, spool } = await runsOf();
  const claimed = await claim(live());
  await runs.claimed(claimed);
  const folder = spool.get(claimed.live.runId, 1)!;
  await folder.begin();
  writeFileSync(join(folder.dir, 'pid'), ''); // made, and the launcher was killed before it could write more
  await resettle(recovery, []);
  await until(
    async () => (await stored(claimed.live)).state === 'ended',
    () => 'its end is not recorded',
  );
  expect(await stored(claimed.live)).toMatchObject({ outcome: 'lost', reason: 'exitUnknown' });
});

test('claims on their way are no leftovers when the launcher was gone', async () => {
  const { runs, claim, spool, root, recovery, orders } = await runsOf();
  const claimed = await claim(live());
  const folder = spool.open({ job: 'a', runId: claimed.live.runId, attempt: 1 });
  await folder.writeFacts({ live: claimed.live, job: claimed.job });
  const opening = `${uuidv7()}.001`;
  mkdirSync(join(root, opening)); // its intent is just being written
  await resettle(recovery, []);
  expect(readdirSync(root).toSorted()).toStrictEqual([`${claimed.live.runId}.001`, opening].toSorted());

  await runs.claimed(claimed);
  await resettle(recovery, []);
  await runs.start(claimed.live.runId);
  expect(orders).toHaveLength(1);
  await runs.exited(exitOf(claimed.live));
  expect(runs.count()).toBe(0);
});

test('a claim whose answer was lost with its process is told as never started by the next', async () => {
  const { claim, spool, stored, recovery } = await runsOf();
  const claimed = await claim(live());
  const folder = spool.open({ job: 'a', runId: claimed.live.runId, attempt: 1 });
  await folder.writeFacts({ live: claimed.live, job: claimed.job });
  await adopt(recovery, []);
  await until(
    async () => (await stored(claimed.live)).state === 'ended',
    () => 'its end is not recorded',
  );
  expect(await stored(claimed.live)).toMatchObject({ outcome: 'lost', reason: 'notStarted' });
  expect((await spool.take(100)).map(({ event }) => event.type)).toStrictEqual(['claimed', 'finished']);
});

test('P3: a claim that a full disk did not take is told before the end of its run', async () => {
  const { root, runs, spool, claim } = await runsOf();
  const claimed = await claim(live());
  const { runId } = claimed.live;
  spool.open({ job: 'a', runId, attempt: 1 });
  const dir = join(root, `${runId}.001`);
  mkdirSync(dir, { recursive: true });
  symlinkSync('/dev/full', join(dir, 'events'));
  await runs.claimed(claimed);
  await runs.start(runId);
  rmSync(join(dir, 'events'));
  await runs.exited(exitOf(claimed.live));
  const items = await spool.take(100);
  expect(items.map(({ event }) => event)).toMatchObject([
    { type: 'claimed', seq: 0, fireTime: AT, fence: claimed.fence },
    { type: 'finished', seq: 1, outcome: 'succeeded' },
  ]);
});

test('an intent whose claim found no answer, and that nobody asks for again, does not stay in the spool; one whose claim holds is told', async () => {
  const { root, runs, spool, claim, recovery, stored } = await runsOf();
  const now = Date.parse(AT) + 60_000;
  const intentOf = async (run: ReturnType<typeof live>): Promise<void> => {
    runs.asked(run);
    await spool.open({ job: run.job, runId: run.runId, attempt: 1 }).writeFacts({ live: run });
  };
  const [refused, held, again] = [live(), live({ job: 'c' }), live({ job: 'd' })];
  await intentOf(refused);
  await compare(recovery, now); // it may be on its way
  expect(readdirSync(root)).toStrictEqual([`${refused.runId}.001`]);
  await intentOf(held);
  await claim(held);
  await compare(recovery, now);
  expect(spool.get(refused.runId, 1)).toBeUndefined();
  await until(
    async () => (await stored(held)).state === 'ended',
    () => 'its end is not recorded',
  );
  expect(await stored(held)).toMatchObject({ outcome: 'lost', reason: 'notStarted' });
  expect((await spool.take(100)).map(({ event }) => event)).toMatchObject([
    { type: 'claimed', job: 'c' },
    { type: 'finished', job: 'c' },
  ]);

  // One that is asked for again keeps its intent, and the deadline of its first request.
  await intentOf(again);
  await compare(recovery, now);
  await intentOf(again);
  await compare(recovery, now);
  expect(spool.get(again.runId, 1)).toBeDefined();
  await compare(recovery, now);
  expect(spool.get(again.runId, 1)).toBeUndefined();
});
