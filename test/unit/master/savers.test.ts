import { expect, test } from 'vitest';
import type { JobView } from '../../../src/domain/wire.ts';
import { Unavailable, type RunLog } from '../../../src/streams/ports.ts';
import { aJob, createMemoryRunLog, keys, openStores, startMaster, until, type TestMaster } from './support.ts';

const viewOf = async (master: TestMaster, job: string) => (await master.api('GET', `/jobs/${job}`)).json<JobView>();
const saverOf = async (master: TestMaster, job: string) => {
  const { savedBy, savedAt } = await viewOf(master, job);
  return { savedBy, savedAt };
};
const NOBODY = { savedBy: undefined, savedAt: undefined };

/** Waits until the leader has shipped what lay in the outbox. */
const shipped = ({ coordination }: TestMaster) =>
  until(
    () => coordination.list(keys.outbox),
    ({ entries }) => entries.length === 0,
  );

test('who saved a job as it is, and when: told by the save, from the outbox, and from the run log by a master that was not there', async () => {
  await using stores = openStores();
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ coordination: stores.coordination, runLog });
  const before = Date.now();
  const first = (await master.api('PUT', '/jobs/a', aJob('a'))).json<JobView>();
  expect(first.savedBy).toBe('admin');
  expect(Date.parse(first.savedAt!)).toBeGreaterThanOrEqual(before);
  const second = (await master.api('PATCH', '/jobs/a', { description: 'x' })).json<JobView>();
  const saved = { savedBy: 'admin', savedAt: second.savedAt };
  expect(await saverOf(master, 'a')).toStrictEqual(saved);
  await shipped(master);
  await using other = await startMaster({ coordination: stores.coordination, runLog });
  expect(await saverOf(other, 'a')).toStrictEqual(saved);
  expect((await other.api('GET', '/jobs')).json<{ items: JobView[] }>().items[0]).not.toHaveProperty('savedBy');
});

test('a job that was put by hand after it was saved was saved by nobody; one that is saved again by that person', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  await shipped(master);
  await master.put(keys.job('a'), aJob('a', { description: 'by hand' }));
  await until(
    () => viewOf(master, 'a'),
    ({ job }) => 'description' in job,
  );
  expect(await saverOf(master, 'a')).toStrictEqual(NOBODY);
  const again = (await master.api('PATCH', '/jobs/a', { description: 'again' })).json<JobView>();
  await shipped(master);
  expect(
    await until(
      () => saverOf(master, 'a'),
      ({ savedBy }) => savedBy !== undefined,
    ),
  ).toStrictEqual({
    savedBy: 'admin',
    savedAt: again.savedAt,
  });
});

test('a log database that is away, or does not answer, keeps nobody from seeing a job', async () => {
  for (const eventsAbout of [
    () => Promise.reject(new Unavailable('away')),
    () => new Promise<never>(() => undefined),
  ] satisfies RunLog['eventsAbout'][]) {
    await using master = await startMaster({ runLog: { ...createMemoryRunLog(), eventsAbout } });
    await master.put(keys.job('a'), aJob('a'));
    await until(
      async () => (await master.api('GET', '/jobs/a')).statusCode,
      (status) => status === 200,
    );
    expect(await viewOf(master, 'a')).toMatchObject({ schedule: 'At 03:00' });
    expect(await saverOf(master, 'a')).toStrictEqual(NOBODY);
  }
});

test('what the run log keeps of a save or a delete names the revision that it made', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const { revision } = (await master.api('PUT', '/jobs/a', aJob('a'))).json<JobView>();
  await master.api('DELETE', '/jobs/a');
  await shipped(master);
  const events = await until(
    () => runLog.eventsAbout('job/a/', { limit: 9 }),
    ({ length }) => length === 2,
  );
  expect(events).toMatchObject([
    { type: 'jobSaved', revision: Number(revision), after: { name: 'a' } },
    { type: 'jobDeleted', before: { name: 'a' } },
  ]);
  expect((events[1] as { revision: number }).revision).toBeGreaterThan(Number(revision));
});
