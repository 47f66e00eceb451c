import { expect, test } from 'vitest';
import type { JobView } from '../../../src/domain/wire.ts';
import { aJob, aWorker, keys, startMaster, until, type TestMaster } from './support.ts';

const gpu = { placement: { labels: ['gpu'] } };
const list = async ({ api }: TestMaster): Promise<readonly JobView[]> =>
  (await api('GET', '/jobs')).json<{ items: readonly JobView[] }>().items;
const signs = async (master: TestMaster) => (await list(master)).map(({ job, noWorker }) => [job.name, noWorker]);
const join = async (master: TestMaster, worker: ReturnType<typeof aWorker>): Promise<void> => {
  await master.put(keys.worker(worker.id), worker);
  await until(
    () => master.api('GET', '/workers'),
    (answer) => answer.json<{ items: readonly { id: string }[] }>().items.some(({ id }) => id === worker.id),
  );
};

test('a job that no live worker may run says so, and no longer once one came; one that is switched off says nothing', async () => {
  await using master = await startMaster();
  await join(master, aWorker('w-1'));
  await master.api('PUT', '/jobs/any', aJob('any'));
  expect((await master.api('PUT', '/jobs/labelled', aJob('labelled', gpu))).json()).toMatchObject({ noWorker: true });
  await master.api('PUT', '/jobs/off', aJob('off', { ...gpu, enabled: false }));
  await master.api('PUT', '/jobs/root', aJob('root', { runAs: 'root' }));
  expect(await signs(master)).toStrictEqual([
    ['any', undefined],
    ['labelled', true],
    ['off', undefined],
    ['root', true],
  ]);
  await join(master, { ...aWorker('w-2'), labels: ['gpu'] });
  expect((await master.api('GET', '/jobs/labelled')).json()).not.toHaveProperty('noWorker');
});

test('who drains or has a wrong clock runs nothing; who is full does, later', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  expect(await signs(master)).toStrictEqual([['a', true]]);
  await join(master, { ...aWorker('w-1'), draining: true });
  await join(master, { ...aWorker('w-2'), skewed: true });
  expect(await signs(master)).toStrictEqual([['a', true]]);
  await join(master, { ...aWorker('w-3'), slots: 1, running: 1 });
  expect(await signs(master)).toStrictEqual([['a', undefined]]);
});

test('run now is queued where nobody may take it, with a warning that says why not', async () => {
  await using master = await startMaster();
  await join(master, aWorker('w-1', 'one'));
  await master.api('PUT', '/jobs/labelled', aJob('labelled', gpu));
  const answer = await master.api('POST', '/jobs/labelled/run', {});
  expect(answer.statusCode).toBe(202);
  expect(answer.json()).toMatchObject({ warning: 'no live worker may run this job: one lacks gpu' });
  await master.api('PUT', '/jobs/second', aJob('second', gpu));
  const inChinese = await master.api('POST', '/jobs/second/run', {}, { 'accept-language': 'zh' });
  expect(inChinese.json()).toMatchObject({ warning: '没有在线的工作节点可以运行该作业：one 缺少 gpu' });
  expect((await list(master))[0]).toMatchObject({ queued: 1, noWorker: true });
  await master.api('PUT', '/jobs/any', aJob('any'));
  expect((await master.api('POST', '/jobs/any/run', {})).json()).not.toHaveProperty('warning');
});
