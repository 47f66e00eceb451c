// `cronstream import` and `cronstream export` as people use them, against `cronstream up`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ImportAnswer } from '../../src/domain/crontab/answer.ts';
import { PROGRAM } from '../support/cluster.ts';
import { newFolder, removeFolder, startUp, TOKEN } from '../support/up.ts';

let folder: string;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  removeFolder(folder);
});

const cronstream = (url: string, args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    input,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'Europe/Berlin', CRONSTREAM_SERVER: url, CRONSTREAM_TOKEN: TOKEN },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};
const started = () => startUp({ data: join(folder, 'data') });
const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('a crontab from standard input: looked at first, then taken over, then unchanged', async () => {
  await using up = await started();
  const crontab = '# the books\n0 3 * * * /opt/backup.sh\nMAILTO=root\n@reboot /opt/start\n';
  const would = cronstream(up.url, ['import', '-', '--dry-run'], crontab);
  expect(would).toMatchObject({ status: 1, stderr: '' });
  const lines = would.stdout.split('\n');
  expect(lines[0]).toMatch(/^LINE +WHAT +JOB +WHY/);
  expect(lines[2]).toMatch(/^2 +would be created +backup-[0-9a-f]{6}/);
  expect(lines[4]).toMatch(/^4 +refused +start-[0-9a-f]{6} +@reboot/);
  expect(lines[5]).toMatch(/^1 would be created, 1 refused \(user form, Europe\/Berlin, source .+\)\. Nothing was written/);
  expect((await up.api<{ items: unknown[] }>('/jobs')).items).toStrictEqual([]);

  expect(cronstream(up.url, ['import', '-'], crontab)).toMatchObject({ status: 1 });
  const [view] = (await up.api<{ items: { job: object }[] }>('/jobs')).items;
  expect(view?.job).toMatchObject({ command: '/opt/backup.sh', description: 'the books', timezone: 'Europe/Berlin' });
  const again = cronstream(up.url, ['import', '-', '--json'], crontab);
  expect(JSON.parse(again.stdout)).toMatchObject({
    unchanged: 1,
    refused: 1,
    source: expect.stringContaining(`${hostname()}:`) as string,
  });
});

test('a folder as /etc/cron.d: the files that cron reads, each a source of its own; prune', async () => {
  await using up = await started();
  const crond = join(folder, 'cron.d');
  mkdirSync(crond);
  written('cron.d/web', '*/5 * * * * www-data /srv/poll\n0 4 * * * root /srv/rotate\n');
  written('cron.d/db', 'PATH=/usr/lib/postgresql/bin\n0 3 * * * postgres vacuumdb --all\n');
  written('cron.d/db.dpkg-old', '0 3 * * * postgres old\n');
  const first = cronstream(up.url, ['import', crond, '--dry-run']);
  expect(first.status).toBe(0);
  expect(first.stdout).toMatch(/db\.dpkg-old is left out: cron reads no file/);
  const taken = cronstream(up.url, ['import', crond, '--ignore-user', '--workers', 'db1', '--source', 'host', '--json']);
  expect(taken.status).toBe(0);
  const { answers } = JSON.parse(taken.stdout) as { answers: ImportAnswer[] };
  expect(answers).toMatchObject([
    { source: 'host/db', created: 1, format: 'system' },
    { source: 'host/web', created: 2, format: 'system' },
  ]);
  written('cron.d/web', '*/5 * * * * www-data /srv/poll\n');
  const pruned = cronstream(up.url, [
    'import',
    join(crond, 'web'),
    '--ignore-user',
    '--workers',
    'db1',
    '--source',
    'host/web',
    '--prune',
  ]);
  expect(pruned.stdout).toMatch(/rotate-[0-9a-f]{6}/);
  expect(pruned.stdout).toMatch(/1 unchanged, 1 removed/);
  const { items } = await up.api<{ items: { job: { command: string; placement: object } }[] }>('/jobs');
  expect(items.map(({ job }) => job.command).sort()).toStrictEqual(['/srv/poll', 'vacuumdb --all']);
  expect(items[0]?.job.placement).toStrictEqual({ workers: ['db1'] });
  // Unless it is ignored, the user of a line is whom its job runs as.
  expect(cronstream(up.url, ['import', join(crond, 'db'), '--source', 'own']).status).toBe(0);
  const all = await up.api<{ items: { job: { runAs?: string } }[] }>('/jobs');
  expect(all.items.flatMap(({ job }) => job.runAs ?? [])).toStrictEqual(['postgres']);
});

test('what export writes, import takes back; the file is for its owner only', async () => {
  await using up = await started();
  for (const name of ['a', '每日备份'])
    await up.api(`/jobs/${encodeURIComponent(name)}`, { method: 'PUT', body: { name, command: 'x', cronExpr: '0 3 * * *' } });
  const file = join(folder, 'jobs.json');
  expect(cronstream(up.url, ['export', '-o', file])).toMatchObject({ status: 0, stdout: '' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(cronstream(up.url, ['export']).stdout).toBe(readFileSync(file, 'utf8'));
  expect(cronstream(up.url, ['import', file]).stdout).toMatch(/^2 unchanged$/m);
  await up.api('/jobs/a', { method: 'DELETE' });
  const piped = cronstream(
    up.url,
    ['import', '-', '--json'],
    cronstream(up.url, ['export', '--json']).stdout.replace('"x"', '"y"'),
  );
  expect(JSON.parse(piped.stdout)).toMatchObject({ changed: 1, unchanged: 0 });
  expect(cronstream(up.url, ['import', file]).stdout).toMatch(/^1 created, 1 changed$/m);
});

test('what cannot be read or reached is told, with the exit code', () => {
  const nobody = 'http://127.0.0.1:9';
  expect(cronstream(nobody, ['import', join(folder, 'nope')])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is not there') as string,
  });
  expect(cronstream(nobody, ['import', written('x.json', '{"jobs":')])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('begins as JSON') as string,
  });
  expect(cronstream(nobody, ['import', written('y', '')])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('cannot be reached') as string,
  });
  expect(cronstream(nobody, ['import']).status).toBe(2);
  expect(cronstream(nobody, ['import', '-', '--format', 'quartz']).status).toBe(2);
  for (const command of ['import', 'export']) {
    const help = cronstream(nobody, [command, '--help']);
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(/Examples:\n {2}/);
  }
});
