// P4: what waits in the spools of workers for the run log is told wherever somebody may miss it.
import { expect, test } from 'vitest';
import { aWorker, keys, startMaster, until } from './support.ts';

const readyOf = async (master: Awaited<ReturnType<typeof startMaster>>) =>
  (await master.inject({ method: 'GET', url: '/readyz' })).json<{ warnings: string[] }>().warnings.join();

test('ended runs that wait are counted: for each worker, in numbers, as a warning, and where a run is not found', async () => {
  await using master = await startMaster();
  const put = (id: string, spoolWaiting: number, ms: number) =>
    master.put(keys.worker(id), { ...aWorker(id), spoolWaiting, spoolOldestAt: new Date(Date.now() - ms).toISOString() });
  await put('w1', 3, 5_000);
  const workers = () => master.api('GET', '/workers');
  await until(workers, (answer) => answer.json<{ items: object[] }>().items.length === 1);
  expect(await readyOf(master)).not.toContain('wait in spools');
  await put('w2', 1_200, 125_000);
  const found = await until(workers, (answer) => answer.json<{ items: object[] }>().items.length === 2);
  expect(found.json()).toMatchObject({
    items: [{ spoolWaiting: 3 }, { spoolWaiting: 1_200, spoolOldestAt: expect.any(String) as string }],
  });
  expect(await readyOf(master)).toMatch(/1203 ended run\(s\) wait in spools for the run log, the first for 12\d s/);
  const { body } = await master.inject({ method: 'GET', url: '/metrics' });
  expect(body).toContain('\ncronstream_spool_waiting_runs 1203\n');
  expect(body).toMatch(/\ncronstream_spool_oldest_seconds 12\d\n/);
  for (const path of ['', '/output', '/events']) {
    const missing = (await master.api('GET', `/runs/none${path}`)).json<{ detail: string }>();
    expect(missing).toMatchObject({ status: 404, code: 'noSuchRun', waiting: 1_203 });
    expect(missing.detail).toContain('1203 ended run(s) wait in the spools of workers');
  }
});

test('where none waits, a run that is not found is not there', async () => {
  await using master = await startMaster();
  const missing = await master.api('GET', '/runs/none');
  expect(missing.json()).toMatchObject({ status: 404, detail: 'No run has the id "none".' });
  expect(missing.json()).not.toHaveProperty('waiting');
});
