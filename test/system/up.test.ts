// One process on the embedded stores, as on a fresh machine.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { killQuietly, PROGRAM } from '../support/cluster.ts';
import { until } from '../support/process.ts';
import { newFolder, removeFolder, startUp, TOKEN } from '../support/up.ts';

type Run = { id: string; job: string; state: string; outcome?: string; reason?: string };

/** A matcher; vitest types it as any. */
const containing = (text: string): unknown => expect.stringContaining(text);

let data: string;
beforeEach(() => {
  data = newFolder();
});
afterEach(() => {
  removeFolder(data);
});

const runsOf = async (up: Awaited<ReturnType<typeof startUp>>, job: string): Promise<readonly Run[]> =>
  (await up.api<{ items: Run[] }>(`/runs?job=${job}&limit=50`)).items;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

test('a job saved by REST and one by the classic form run; the next start has the same jobs and history', async () => {
  {
    await using up = await startUp({ data });
    await up.api('/jobs/a', { method: 'PUT', body: { name: 'a', command: 'echo by rest', cronExpr: '* * * * * * *' } });
    const form = new URLSearchParams({
      job: JSON.stringify({ name: 'job1', command: 'echo hello', cronExpr: '*/1 * * * * * *' }),
    });
    const saved = await fetch(`${up.url}/job/save`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await saved.json()).toMatchObject({ errno: 0 });
    for (const job of ['a', 'job1'])
      await until(
        async () => (await runsOf(up, job)).some(({ outcome }) => outcome === 'succeeded'),
        () => `${job} did not run`,
      );
  }
  await using again = await startUp({ data });
  expect((await again.api<{ items: unknown[] }>('/jobs?limit=10')).items).toHaveLength(2);
  const [old] = (await runsOf(again, 'a')).toReversed();
  expect(old).toMatchObject({ outcome: 'succeeded' });
  const output = await fetch(`${again.url}/api/v1/runs/${old?.id ?? ''}/output`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(await output.text()).toBe('by rest\n');
});

test('demo jobs come into an empty folder, and only there', async () => {
  const names = async (up: Awaited<ReturnType<typeof startUp>>): Promise<readonly string[]> =>
    (await up.api<{ items: { job: { name: string } }[] }>('/jobs?limit=10')).items.map(({ job }) => job.name).toSorted();
  {
    await using up = await startUp({ data, args: ['--demo'] });
    await until(
      async () => (await names(up)).length === 4,
      () => 'no demo jobs',
    );
    expect(await names(up)).toStrictEqual(['flaky', 'heartbeat', 'nightly', 'report']);
    for (const name of await names(up)) await up.api(`/jobs/${name}`, { method: 'DELETE' });
  }
  await using again = await startUp({ data, args: ['--demo'] });
  expect(await names(again)).toStrictEqual([]);
});

test('the first signal says which run it waits for, the second ends it, and no command survives', async () => {
  await using up = await startUp({ data });
  const pidFile = join(data, 'pid');
  await up.api('/jobs/long', {
    method: 'PUT',
    body: { name: 'long', command: `sleep 300 & echo $! > ${pidFile}; wait`, cronExpr: '0 0 0 1 1 *', enabled: false },
  });
  const { runId } = await up.api<{ runId: string }>('/jobs/long/run', { body: {} });
  await until(
    () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() !== '',
    () => 'it did not start',
  );
  const pid = Number(readFileSync(pidFile, 'utf8'));
  up.signal('SIGINT');
  await until(
    // Signals of one kind do not queue: the second is sent when the first has been heard.
    () => up.printed().split('Still running')[1]?.includes(runId) === true,
    () => `it does not say what it waits for:\n${up.printed()}`,
  );
  expect(isAlive(pid)).toBe(true);
  up.signal('SIGINT');
  expect(await up.ended()).toBe(0);
  expect(isAlive(pid)).toBe(false);
  await using again = await startUp({ data });
  expect((await runsOf(again, 'long'))[0]).toMatchObject({ id: runId, outcome: 'killed', reason: 'drained' });
});

const pidIn = async (file: string): Promise<number> => {
  await until(
    () => existsSync(file) && readFileSync(file, 'utf8').trim() !== '',
    () => 'it did not start',
  );
  return Number(readFileSync(file, 'utf8'));
};
const saveIdle = (up: Awaited<ReturnType<typeof startUp>>, name: string, job: object): Promise<unknown> =>
  up.api(`/jobs/${name}`, { method: 'PUT', body: { name, cronExpr: '0 0 0 1 1 *', enabled: false, ...job } });

test('a third signal ends it at once, and no command survives that either: not one that ignores TERM, not one that was let go', async () => {
  await using up = await startUp({ data });
  const [stubborn, left] = [join(data, 'stubborn'), join(data, 'left')];
  const command = `trap '' TERM; echo $$ > ${stubborn}; while :; do sleep 0.2; done`;
  await saveIdle(up, 'stubborn', { command, killGraceMs: 4_000 });
  await saveIdle(up, 'left', { command: `echo $$ > ${left}; exec sleep 300`, timeout: { afterMs: 100, action: 'abandon' } });
  for (const name of ['stubborn', 'left']) await up.api(`/jobs/${name}/run`, { body: {} });
  const pids = [await pidIn(stubborn), await pidIn(left)];
  await until(
    async () => (await runsOf(up, 'left'))[0]?.reason === 'abandoned',
    () => 'it was not let go',
  );
  for (const said of ['Waiting for', 'Ending']) {
    up.signal('SIGINT');
    await until(
      () => up.printed().includes(said),
      () => `it does not say "${said}":\n${up.printed()}`,
    );
  }
  expect(pids.map(isAlive)).toStrictEqual([true, true]);
  up.signal('SIGINT');
  expect(await up.ended()).toBe(1);
  expect(isAlive(pids[0] ?? 0)).toBe(true); // nobody waited for it
  await until(
    () => !pids.some(isAlive),
    () => `they survive: ${pids.map(isAlive).join()}`,
    20_000,
  );
});

test('a signal while it starts ends what it has taken over too', async () => {
  const mark = join(data, 'mark');
  let pid: number;
  {
    await using up = await startUp({ data });
    await saveIdle(up, 'long', { command: `echo $$ > ${mark}; exec sleep 300` });
    await up.api('/jobs/long/run', { body: {} });
    pid = await pidIn(mark);
    killQuietly(up.pid, 'SIGKILL');
    await up.ended();
  }
  await using again = await startUp({ data, isReady: false });
  await until(
    () => again.printed().includes('open the stores'),
    () => 'it does not start',
  );
  again.signal('SIGINT');
  again.signal('SIGTERM');
  await again.ended();
  await until(
    () => !isAlive(pid),
    () => 'it survives',
    20_000,
  );
  expect(isAlive(pid)).toBe(false);
});

test('P7: an up that was killed -9 adopts its run at the next start', async () => {
  const up = await startUp({ data });
  const mark = join(data, 'mark');
  await up.api('/jobs/long', {
    method: 'PUT',
    body: { name: 'long', command: `echo begun >> ${mark}; sleep 6; echo done`, cronExpr: '0 0 0 1 1 *', enabled: false },
  });
  const { runId } = await up.api<{ runId: string }>('/jobs/long/run', { body: {} });
  await until(
    () => existsSync(mark),
    () => 'it did not start',
  );
  killQuietly(up.pid, 'SIGKILL');
  await up.ended();
  await using again = await startUp({ data });
  await until(
    async () => (await runsOf(again, 'long'))[0]?.state === 'finished',
    () => 'the run did not end',
  );
  expect((await runsOf(again, 'long'))[0]).toMatchObject({ id: runId, outcome: 'succeeded' });
  expect(readFileSync(mark, 'utf8')).toBe('begun\n');
});

test('a second process on the same folder, and a port in use, each get one clear message', async () => {
  await using up = await startUp({ data });
  const second = await startUp({ data, isReady: false });
  expect(await second.ended()).toBe(1);
  expect(second.printed()).toContain('in use');
  const other = newFolder();
  const third = await startUp({ data: other, port: up.port, isReady: false });
  expect(await third.ended()).toBe(1);
  expect(third.printed()).toContain(`port ${String(up.port)} of 127.0.0.1 is in use`);
  removeFolder(other);
  expect((await fetch(`${up.url}/readyz`)).ok).toBe(true);
});

test('a folder that cannot be written gets one clear message', async () => {
  const file = join(data, 'a-file');
  writeFileSync(file, '');
  const up = await startUp({ data: join(file, 'data'), isReady: false });
  expect(await up.ended()).toBe(1);
  expect(up.printed()).toContain(join(file, 'data'));
  expect(
    up
      .printed()
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('cronstream:')),
  ).toHaveLength(1);
});

test('without a token nothing is told; with --no-auth only by a loopback name', async () => {
  await using up = await startUp({ data });
  expect((await fetch(`${up.url}/api/v1/jobs`)).status).toBe(401);
  expect((await fetch(`${up.url}/healthz`)).status).toBe(200);
});

const commandLine =
  ({ url }: { readonly url: string }) =>
  (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      encoding: 'utf8',
      env: { ...process.env, CRONSTREAM_SERVER: url, CRONSTREAM_TOKEN: TOKEN },
      timeout: 60_000,
    });
    return { status, stdout, stderr };
  };

test('the command line saves, runs, follows, lists and deletes; wrong input exits with 1, wrong usage with 2', async () => {
  await using up = await startUp({ data });
  const cronstream = commandLine(up);
  expect(cronstream('job', 'ls')).toMatchObject({ status: 0, stdout: containing('No jobs yet') });
  expect(
    cronstream('job', 'save', '--name', 'c', '--command', 'echo one; sleep 1; echo two', '--cron', '61 * * * *'),
  ).toMatchObject({ status: 1, stderr: containing('minute') });
  expect(
    cronstream('job', 'save', '--name', 'c', '--command', 'echo one; sleep 1; echo two', '--cron', '0 0 1 1 *'),
  ).toMatchObject({ status: 0 });
  expect(cronstream('job', 'run', 'c', '--follow')).toMatchObject({ status: 0, stdout: 'one\ntwo\n' });
  expect(cronstream('job', 'logs', 'c')).toMatchObject({ status: 0, stdout: 'one\ntwo\n' });
  expect(cronstream('job', 'logs', 'c', '--tail', '4')).toMatchObject({ status: 0, stdout: 'two\n' });
  expect(cronstream('job', 'logs', 'c', '--from', '2')).toMatchObject({ status: 0, stdout: 'e\ntwo\n' });
  expect(cronstream('job', 'logs', 'nobody')).toMatchObject({ status: 1, stderr: containing('No job is named') });
  expect(JSON.parse(cronstream('job', 'ls', '--json').stdout)).toMatchObject([
    { job: { name: 'c' }, lastRun: { outcome: 'succeeded' } },
  ]);
  expect(cronstream('job', 'kill', 'c').status).toBe(1);
  expect(cronstream('job', 'rm', 'c').status).toBe(0);
  expect(cronstream('job', 'get', 'c').status).toBe(1);
  expect(cronstream('job', 'nonsense').status).toBe(2);
  expect(cronstream('up', '--port', 'x').status).toBe(2);
  expect(cronstream('explain', '0 3 * * *', '--tz', 'Europe/Berlin')).toMatchObject({
    status: 0,
    stdout: containing('At 03:00'),
  });
  const bounded = [
    'explain',
    '0 9 * * *',
    '--tz',
    'Europe/Berlin',
    '--start',
    '2027-01-02',
    '--end',
    '2027-01-03T12:00',
    '--json',
  ];
  expect(JSON.parse(cronstream(...bounded, '--from', '2026-01-01').stdout)).toMatchObject({
    fires: [{ at: '2027-01-02T08:00:00.000Z' }, { at: '2027-01-03T08:00:00.000Z' }],
  });
  const put = JSON.parse(cronstream(...bounded, '--jitter', '5m', '--name', 'c').stdout) as { fires: { at: string }[] };
  expect(put.fires.map(({ at }) => at)).not.toContain('2027-01-02T08:00:00.000Z');
  // By the master, for the job that it knows; without one there is nothing to ask about.
  expect(cronstream('explain', '0 3 * * *', '--name', 'c', '--server', up.url, '--overlap', 'queue')).toMatchObject({
    status: 0,
    stdout: containing('At 03:00'),
  });
  expect(cronstream('explain', '0 3 * * *', '--overlap', 'queue')).toMatchObject({ status: 1, stderr: containing('--server') });
  expect(cronstream('explain', '0 3 * * *', '--start', 'monday')).toMatchObject({ status: 1, stderr: containing('--start') });
  expect(cronstream('--help').stdout).toContain('Examples');
});

test('the command line tells the ticks of a job, those that come and those that ran; what the master refuses exits with 1', async () => {
  await using up = await startUp({ data });
  const cronstream = commandLine(up);
  await up.api('/jobs/often', { method: 'PUT', body: { name: 'often', command: 'true', cronExpr: '* * * * * *' } });
  await until(
    async () => (await runsOf(up, 'often')).some(({ outcome }) => outcome === 'succeeded'),
    () => 'it did not run',
  );
  const ticks = cronstream('job', 'ticks', 'often');
  expect(ticks.stdout).toMatch(/^FIRE TIME +FATE +LATE +WORKER +WHY +RUN$/m);
  expect(ticks.stdout).toMatch(/^\S+Z +coming +/m);
  expect(ticks.stdout).toMatch(/^\S+Z +ran: succeeded +\d+ ms +\S+ +- +[-0-9a-f]{36}$/m);
  expect(JSON.parse(cronstream('job', 'ticks', 'often', '--limit', '3', '--json').stdout)).toMatchObject(
    Array(3).fill({ fate: 'coming' }),
  );
  expect(cronstream('job', 'ticks', 'often', '--from', 'monday')).toMatchObject({ status: 1, stderr: containing('/from') });
  expect(cronstream('job', 'ticks', '--help').stdout).toContain('cronstream job ticks backup');
});

test('the command line tells who changed a job, and puts an old version back, of a deleted one too', async () => {
  await using up = await startUp({ data });
  const cronstream = commandLine(up);
  for (const command of ['echo old', 'echo new'])
    await up.api('/jobs/turned', { method: 'PUT', body: { name: 'turned', command, cronExpr: '0 3 * * *' } });
  type Told = readonly { readonly revision: string; readonly text: string }[];
  const told = JSON.parse(cronstream('job', 'revisions', 'turned', '--json').stdout) as Told;
  expect(told.map(({ text }) => text)).toEqual(['command: "echo old" → "echo new"', 'created']);
  const [newer, first] = told.map(({ revision }) => revision);
  expect(cronstream('job', 'revisions', 'turned').stdout).toMatch(/^REVISION +WHEN +BY +WHAT$/m);
  expect(cronstream('job', 'restore', 'turned', first ?? '', '--dry-run').stdout).toContain('echo old');
  expect(cronstream('job', 'rm', 'turned').status).toBe(0);
  expect(cronstream('job', 'restore', 'turned', first ?? '')).toMatchObject({ status: 0, stdout: containing('At 03:00') });
  expect(await up.api('/jobs/turned')).toMatchObject({ job: { command: 'echo old' } });
  expect(cronstream('job', 'restore', 'turned', '1')).toMatchObject({ status: 1, stderr: containing('no revision 1') });
  expect(cronstream('audit', '--job', 'turned').stdout).toMatch(new RegExp(`turned +${newer ?? ''} +command:`));
  expect(JSON.parse(cronstream('audit', '--job', 'turned', '--limit', '2', '--json').stdout)).toHaveLength(2);
  expect(cronstream('audit', '--help').stdout).toContain('cronstream audit --job backup');
});
