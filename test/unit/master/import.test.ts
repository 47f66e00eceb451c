import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ImportAnswer, ImportItem } from '../../../src/domain/crontab/answer.ts';
import { Unavailable } from '../../../src/streams/ports.ts';
import { AT, aJob, keys, startMaster, type TestMaster } from './support.ts';

const CRONTAB = `# backs the books up
0 3 * * * /opt/bin/backup-db.sh --full
MAILTO=ops@example.com

*/5 * * * *\tcurl -s https://example.com/ping
`;

const send = (master: TestMaster, body: string, query = '') =>
  master.inject({ method: 'POST', url: `/api/v1/import${query}`, payload: body, headers: { 'content-type': 'text/plain' } });
const imported = async (master: TestMaster, body: string, query = ''): Promise<ImportAnswer> => {
  const answer = await send(master, body, query);
  expect([answer.statusCode, answer.body]).toStrictEqual([200, expect.any(String)]);
  return answer.json<ImportAnswer>();
};
const importJobs = async (master: TestMaster, jobs: readonly unknown[], query = ''): Promise<ImportAnswer> =>
  (await master.api('POST', `/import${query}`, { jobs })).json<ImportAnswer>();
const exported = async (master: TestMaster) =>
  (await master.api('GET', '/export')).json<{ jobs: { name: string }[]; broken?: unknown }>();
const actions = ({ items }: ImportAnswer): string[] => items.map(({ line, action }) => `${String(line ?? '-')} ${action}`);
const named = ({ items }: ImportAnswer, action: ImportItem['action']): string[] =>
  items.flatMap((item) => (item.action === action ? [item.name ?? ''] : []));

test('a crontab is told line by line, saved, and the second time unchanged', async () => {
  await using master = await startMaster();
  const would = await imported(master, CRONTAB, '?dryRun=true&source=web1');
  expect(actions(would)).toStrictEqual(['1 noted', '2 created', '3 noted', '5 created']);
  expect(would).toMatchObject({
    created: 2,
    changed: 0,
    unchanged: 0,
    removed: 0,
    refused: 0,
    dryRun: true,
    format: 'user',
    source: 'web1',
  });
  expect((await exported(master)).jobs).toStrictEqual([]);

  const first = await imported(master, CRONTAB, '?source=web1&timezone=Europe/Berlin');
  expect(first).toMatchObject({ created: 2, dryRun: false });
  const [backup = ''] = named(first, 'created');
  expect(backup).toMatch(/^backup-db-[0-9a-f]{6}$/);
  expect((await master.api('GET', `/jobs/${backup}`)).json()).toMatchObject({
    job: {
      command: '/opt/bin/backup-db.sh --full',
      cronExpr: '0 3 * * *',
      description: 'backs the books up',
      timezone: 'Europe/Berlin',
      tags: ['crontab:web1'],
    },
  });
  const again = await imported(master, CRONTAB, '?source=web1&timezone=Europe/Berlin');
  expect(again).toMatchObject({ created: 0, changed: 0, unchanged: 2 });
});

test('a dry run and the import that follows tell the same', async () => {
  await using master = await startMaster();
  const texts = [CRONTAB, CRONTAB.replace('0 3', '0 4'), '0 3 * * * /opt/bin/other\n99 * * * * never\n'];
  for (const text of texts) {
    const would = await imported(master, text, '?dryRun=true&prune=true&source=web1');
    const did = await imported(master, text, '?prune=true&source=web1');
    expect({ ...would, dryRun: false }).toStrictEqual(did);
  }
});

test('another schedule keeps the name and what people have added; another description does not move the cursor', async () => {
  await using master = await startMaster();
  const [name = ''] = named(await imported(master, CRONTAB, '?source=web1'), 'created');
  await master.api('PATCH', `/jobs/${name}`, { enabled: false, timeout: { afterMs: 60_000 }, tags: ['crontab:web1', 'books'] });
  const edited = await imported(master, CRONTAB.replace('0 3', '0 4'), '?source=web1');
  expect(edited.items.find((item) => item.name === name)).toMatchObject({
    action: 'changed',
    warnings: ['it is disabled, and stays so'],
  });
  expect((await master.api('GET', `/jobs/${name}`)).json()).toMatchObject({
    job: { cronExpr: '0 4 * * *', enabled: false, timeout: { afterMs: 60_000 }, tags: ['crontab:web1', 'books'] },
  });
  const cursor = async (job: string) =>
    (await master.coordination.transact({ then: [{ type: 'get', key: keys.tick(job) }] })).reads[0];
  const before = await cursor(name);
  expect(before).toBeDefined();
  expect(await imported(master, CRONTAB.replace('0 3', '0 4').replace('books', 'ledgers'), '?source=web1')).toMatchObject({
    changed: 1,
  });
  expect(await cursor(name)).toStrictEqual(before);
});

test('prune removes what an earlier import of the same source made, and nothing else', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/by-hand', aJob('by-hand'));
  await imported(master, CRONTAB, '?source=web1');
  await imported(master, CRONTAB, '?source=web2');
  const kept = '*/5 * * * * curl -s https://example.com/ping\n';
  const without = await imported(master, kept, '?source=web1');
  expect(without).toMatchObject({ unchanged: 1, removed: 0 });
  const pruned = await imported(master, kept, '?source=web1&prune=true');
  expect(pruned).toMatchObject({ unchanged: 1, removed: 1, refused: 0 });
  expect(named(pruned, 'removed')[0]).toMatch(/^backup-db-/);
  const names = (await exported(master)).jobs.map(({ name }) => name.replace(/-[0-9a-f]{6}$/, ''));
  expect(names.sort()).toStrictEqual(['backup-db', 'by-hand', 'curl-example.com', 'curl-example.com']);
});

test.each([
  ['an empty crontab', '\n\n', 'holds no job at all'],
  ['a line that cannot be read', '*/5 * * * * curl -s https://example.com/ping\n0 3 * *\n', 'line 2 cannot be read'],
])('prune leaves all as it is for %s', async (_, text, why) => {
  await using master = await startMaster();
  await imported(master, CRONTAB, '?source=web1');
  const answer = await imported(master, text, '?source=web1&prune=true');
  expect(answer.removed).toBe(0);
  expect(answer.items.at(-1)).toMatchObject({ action: 'noted', reason: expect.stringContaining(why) as string });
});

test('a line that is refused keeps the job that it made before', async () => {
  await using master = await startMaster();
  await imported(master, CRONTAB, '?source=web1');
  const answer = await imported(master, CRONTAB.replace('0 3 * * *', '@reboot'), '?source=web1&prune=true');
  expect(answer).toMatchObject({ unchanged: 1, refused: 1, removed: 0 });
  expect(answer.items[1]).toMatchObject({ line: 2, action: 'refused', reason: expect.stringContaining('systemd') as string });
});

test('a job that no import of this source made is left alone, whatever its name', async () => {
  await using master = await startMaster();
  const [name = ''] = named(await imported(master, CRONTAB, '?source=web1&dryRun=true'), 'created');
  await master.api('PUT', `/jobs/${name}`, aJob(name, { command: 'echo mine' }));
  const answer = await imported(master, CRONTAB, '?source=web1');
  expect(answer.items[1]).toMatchObject({ name, action: 'refused', reason: expect.stringContaining('left alone') as string });
  expect((await master.api('GET', `/jobs/${name}`)).json()).toMatchObject({ job: { command: 'echo mine' } });
});

test('the user of a system crontab is whom the job runs as, unless it is to be left out', async () => {
  await using master = await startMaster();
  const system = '0 3 * * * postgres /usr/bin/vacuumdb --all\n';
  const kept = await imported(master, system, '?source=db0');
  expect(kept).toMatchObject({ format: 'system', created: 1 });
  const [name = ''] = named(kept, 'created');
  expect((await master.api('GET', `/jobs/${name}`)).json()).toMatchObject({ job: { runAs: 'postgres' } });
  const taken = await imported(master, system, '?source=db1&ignoreUser=true');
  expect(taken.items[0]).toMatchObject({ action: 'created', warnings: ['the user postgres is left out'] });
  const asUser = await imported(master, system, '?source=db1&format=user&dryRun=true');
  expect(asUser).toMatchObject({ format: 'user', created: 1 });
});

test('a wrong schedule is refused at its line, the rest is saved; where jobs may run is asked for', async () => {
  await using master = await startMaster();
  const answer = await imported(master, `99 * * * * a\n${CRONTAB}`, '?source=web1&workers=web1,%20web2&labels=eu&disabled=true');
  expect(answer).toMatchObject({ created: 2, refused: 1 });
  expect(answer.items[0]).toMatchObject({
    line: 1,
    action: 'refused',
    reason: expect.stringMatching(/^minute: /) as string,
    errors: [{ path: '/cronExpr', code: 'badCron', field: 'minute' }],
  });
  for (const job of (await exported(master)).jobs)
    expect(job).toMatchObject({ placement: { workers: ['web1', 'web2'], labels: ['eu'] }, enabled: false });
});

test('what is exported comes back unchanged, into a new cluster as it was: names of any script, fields of newer versions', async () => {
  await using master = await startMaster();
  for (const name of ['nightly', '每日备份', 'Zürich.ü_1', 'ночь-2', 'नमस्ते'])
    await master.api('PUT', `/jobs/${encodeURIComponent(name)}`, aJob(name, { tags: ['a'], env: { GREETING: 'hé\n"%' } }));
  await master.put(keys.job('newer'), { v: 1, ...aJob('newer'), phase: { of: ['the', 'moon'] }, misfire: { patience: 3 } });
  await master.put(keys.job('broken'), { v: 1, name: 'broken', cronExpr: '99 * * * *', command: 'x' });
  await master.put(keys.job('rubbish'), 'rubbish');
  const all = await exported(master);
  expect(all.jobs).toHaveLength(7);
  expect(all.broken).toStrictEqual([{ name: 'rubbish', reason: expect.any(String) as string }]);
  const same = await importJobs(master, all.jobs);
  expect(same).toMatchObject({ unchanged: 6, created: 0, changed: 0, refused: 1, format: 'jobs' });
  expect((await exported(master)).jobs).toStrictEqual(all.jobs);

  await using other = await startMaster();
  const taken = await importJobs(other, all.jobs);
  expect(taken).toMatchObject({ created: 6, refused: 1 });
  expect(taken.items.find(({ name }) => name === 'newer')?.warnings).toHaveLength(2);
  expect((await exported(other)).jobs).toStrictEqual(all.jobs.filter(({ name }) => name !== 'broken'));
});

test('a slip of the pen in a list of jobs is refused, as is a job named twice or not at all', async () => {
  await using master = await startMaster();
  const answer = await importJobs(master, [
    aJob('a', { timezon: 'UTC' }),
    aJob('b'),
    aJob('b'),
    { command: 'x' },
    'x',
    aJob('c', { cronExpr: '61 * * * *', command: '' }),
  ]);
  expect(answer).toMatchObject({ created: 1, refused: 5 });
  expect(answer.items.map(({ name, action, reason }) => [name, action, reason])).toStrictEqual([
    ['a', 'refused', expect.stringContaining('timezon') as string],
    ['b', 'created', undefined],
    ['b', 'refused', expect.stringContaining('before it') as string],
    [undefined, 'refused', expect.stringContaining('jobs[3]') as string],
    [undefined, 'refused', expect.stringContaining('jobs[4]') as string],
    ['c', 'refused', expect.stringContaining('1 more') as string],
  ]);
});

test('a list of jobs is pruned by its source', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/by-hand', aJob('by-hand'));
  await importJobs(master, [aJob('a'), aJob('b')], '?source=repo');
  expect(await importJobs(master, [aJob('a')], '?source=repo&prune=true')).toMatchObject({ unchanged: 1, removed: 1 });
  expect((await exported(master)).jobs.map(({ name }) => name)).toStrictEqual(['a', 'by-hand']);
});

test('what is wrong with a request is told', async () => {
  await using master = await startMaster();
  const codes = async (body: string | object, query = '', type = 'text/plain'): Promise<unknown> => {
    const answer = await master.inject({
      method: 'POST',
      url: `/api/v1/import${query}`,
      payload: body,
      headers: { 'content-type': typeof body === 'string' ? type : 'application/json' },
    });
    const { status, code, errors = [] } = answer.json<{ status: number; code: string; errors?: { path: string }[] }>();
    return [status, code, ...errors.map(({ path }) => path)];
  };
  expect(await codes(CRONTAB, '?prune=true')).toStrictEqual([400, 'invalid', '/source']);
  expect(await codes(CRONTAB, '?source=a%0Ab')).toStrictEqual([400, 'invalid', '/source']);
  expect(await codes(CRONTAB, '?timezone=Mars/Olympus')).toStrictEqual([400, 'invalid', '/timezone']);
  expect(await codes(CRONTAB, '?dry=true')).toStrictEqual([400, 'invalid', '/dry']);
  expect(await codes(CRONTAB, '?format=quartz')).toStrictEqual([400, 'invalid', '/format']);
  expect(await codes({ job: [] })).toStrictEqual([400, 'invalid', '/jobs']);
  expect(await codes({ jobs: [] }, '?format=user')).toStrictEqual([400, 'invalid', '/format']);
  expect(await codes('{', '', 'application/json')).toStrictEqual([400, 'notJson']);
  expect(await codes('<a/>', '', 'text/xml')).toStrictEqual([415, 'mediaType']);
  expect(await codes('#'.repeat(8 * 1024 * 1024 + 1))).toStrictEqual([413, 'tooBig']);
  expect(await codes('#\n'.repeat(50_001))).toStrictEqual([413, 'tooBig']);
});

test('a viewer may export and not import; who imported is told with the job', async () => {
  await using master = await startMaster();
  for (const role of ['viewer', 'editor']) {
    const hash = createHash('sha256').update(`${role}-token`).digest('hex');
    await master.put(keys.token(role), { v: 1, hash, role, name: role, createdAt: AT });
  }
  const as = (role: string) => ({ authorization: `Bearer ${role}-token` });
  expect((await master.inject({ url: '/api/v1/export', headers: as('viewer') })).statusCode).toBe(200);
  const refused = await master.api('POST', '/import?dryRun=true', { jobs: [] }, as('viewer'));
  expect(refused.json()).toMatchObject({ status: 403, code: 'forbidden' });
  expect((await master.api('POST', '/import', { jobs: [aJob('a')] }, as('editor'))).json()).toMatchObject({ created: 1 });
  const told = await master.coordination.list(keys.outbox);
  expect(told.entries.map(({ value }) => JSON.parse(value) as object)).toMatchObject([
    { type: 'jobSaved', job: 'a', by: 'editor' },
  ]);
});

test('a store that goes away is told at the job, and what comes after is not tried', async () => {
  let isAway = false;
  let asked = 0;
  await using master = await startMaster({
    through: (coordination) => ({
      ...coordination,
      transact: async (transaction) => {
        if (!isAway || !JSON.stringify(transaction).includes('/jobs/')) return coordination.transact(transaction);
        asked += 1;
        throw new Unavailable('nobody is there');
      },
    }),
  });
  isAway = true;
  const answer = await importJobs(
    master,
    Array.from({ length: 50 }, (_, index) => aJob(`job-${String(index)}`)),
  );
  expect(answer).toMatchObject({ created: 0, refused: 50 });
  expect(answer.items[0]?.reason).toMatch(/Import again/);
  expect(answer.items.at(-1)?.reason).toMatch(/^not tried/);
  expect(asked).toBeLessThan(50);
});
