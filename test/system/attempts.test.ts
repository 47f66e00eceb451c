// Further attempts and time limits, in one process on the embedded stores.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/process.ts';
import { newFolder, removeFolder, startUp, TOKEN } from '../support/up.ts';

type Run = {
  id: string;
  state: string;
  attempt: number;
  outcome?: string;
  reason?: string;
  exitCode?: number;
  signal?: string;
  overdueAt?: string;
  nextAttemptAt?: string;
  startedAt?: string;
  durationMs?: number;
};
type Up = Awaited<ReturnType<typeof startUp>>;

let data: string;
beforeEach(() => {
  data = newFolder();
});
afterEach(() => {
  removeFolder(data);
});

const save = (up: Up, name: string, more: object): Promise<unknown> =>
  up.api(`/jobs/${name}`, { method: 'PUT', body: { name, cronExpr: '0 0 0 1 1 *', enabled: false, ...more } });
const runNow = async (up: Up, name: string): Promise<string> =>
  (await up.api<{ runId: string }>(`/jobs/${name}/run`, { body: {} })).runId;
const runOf = (up: Up, id: string): Promise<Run> => up.api<Run>(`/runs/${id}`);
const outputOf = async (up: Up, id: string, query = ''): Promise<string> =>
  (await fetch(`${up.url}/api/v1/runs/${id}/output${query}`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
const reached = async (up: Up, id: string, is: (run: Run) => boolean, what: string): Promise<Run> => {
  let run: Run | undefined;
  await until(
    async () => {
      run = await runOf(up, id);
      return is(run);
    },
    () => `${what}: ${JSON.stringify(run)}`,
  );
  return run!;
};
const isFinished = ({ state }: Run): boolean => state === 'finished';
const typesOf = async (up: Up, id: string): Promise<readonly string[]> =>
  (await up.api<{ items: { type: string; attempt: number }[] }>(`/runs/${id}/events?limit=100`)).items.map(
    ({ type, attempt }) => `${String(attempt)} ${type}`,
  );

/** What etcd tells may be ahead of the run log. */
const logged = (up: Up, id: string, type: string): Promise<void> =>
  until(
    async () => (await typesOf(up, id)).includes(type),
    () => `the run log has no ${type}`,
  );

test('a job that fails twice and then succeeds is one run of three attempts, each with its own output', async () => {
  await using up = await startUp({ data });
  const counted = join(data, 'counted');
  const command = `echo "attempt $CRON_ATTEMPT, fence $CRON_FENCE"; echo x >> ${counted}; [ $(wc -l < ${counted}) -ge 3 ]`;
  await save(up, 'flaky', { command, retry: { max: 5, delayMs: 300, factor: 1 } });
  const id = await runNow(up, 'flaky');
  const run = await reached(up, id, isFinished, 'it did not end');
  expect(run).toMatchObject({ id, attempt: 3, outcome: 'succeeded', exitCode: 0 });
  expect(run.nextAttemptAt).toBeUndefined();
  await logged(up, id, '3 finished');

  const whole = await outputOf(up, id);
  expect(whole.match(/attempt \d/g)).toStrictEqual(['attempt 1', 'attempt 2', 'attempt 3']);
  expect(await outputOf(up, id, '?attempt=2')).toMatch(/^attempt 2, fence \d+\n$/);
  const fences = [...whole.matchAll(/fence (\d+)/g)].map(([, fence]) => Number(fence));
  expect(fences).toStrictEqual(fences.toSorted((a, b) => a - b)); // P1: a further attempt has a higher one
  expect(new Set(fences).size).toBe(3);
  expect((await typesOf(up, id)).filter((type) => /Ended|finished/.test(type))).toStrictEqual([
    '1 attemptEnded',
    '2 attemptEnded',
    '3 finished',
  ]);
  const { items } = await up.api<{ items: Run[] }>('/runs?job=flaky&limit=10');
  expect(items.map((each) => [each.id, each.outcome])).toStrictEqual([[id, 'succeeded']]);
});

test('the last attempt decides, and only exit codes that were named are tried again', async () => {
  await using up = await startUp({ data });
  await save(up, 'never', { command: 'exit 7', retry: { max: 1, delayMs: 10, on: [7] } });
  await save(up, 'other', { command: 'exit 8', retry: { max: 1, delayMs: 10, on: [7] } });
  const [never, other] = [await runNow(up, 'never'), await runNow(up, 'other')];
  expect(await reached(up, never, isFinished, 'it did not end')).toMatchObject({ outcome: 'failed', exitCode: 7, attempt: 2 });
  expect(await reached(up, other, isFinished, 'it did not end')).toMatchObject({ outcome: 'failed', exitCode: 8, attempt: 1 });
});

test('between attempts the run waits where it can be seen, the job is free, and a kill ends it', async () => {
  await using up = await startUp({ data });
  await save(up, 'waits', { command: 'echo once; exit 1', retry: { max: 3, delayMs: 600_000, maxDelayMs: 600_000 } });
  const id = await runNow(up, 'waits');
  const waiting = await reached(up, id, ({ state, attempt }) => state === 'queued' && attempt === 2, 'it does not wait');
  expect(Date.parse(waiting.nextAttemptAt ?? '')).toBeGreaterThan(Date.now() + 400_000);
  expect(await up.api('/jobs/waits')).toMatchObject({ queued: 1, running: [] });
  const listed = (await up.api<{ items: Run[] }>('/runs?job=waits&limit=10')).items;
  expect(listed.map((each) => [each.id, each.state, each.outcome])).toStrictEqual([[id, 'queued', undefined]]);

  const beside = await runNow(up, 'waits'); // nothing holds the job
  await reached(up, beside, ({ state, attempt }) => state === 'queued' && attempt === 2, 'it did not run between the attempts');
  await up.api(`/runs/${beside}/kill`, { method: 'POST' });
  await reached(up, beside, isFinished, 'it was not ended');

  await up.api(`/runs/${id}/kill`, { method: 'POST' });
  const killed = await reached(up, id, isFinished, 'it was not ended');
  expect(killed).toMatchObject({ outcome: 'killed', reason: 'person', attempt: 1 });
  await logged(up, id, '2 dropped');
  expect(await outputOf(up, id)).toBe('once\n');
  expect(await up.api('/jobs/waits')).toMatchObject({ queued: 0, lastRun: { id, outcome: 'killed' } });
  const both = (await up.api<{ items: Run[] }>('/runs?job=waits&limit=10')).items;
  expect(both.map((each) => [each.id, each.outcome])).toStrictEqual([beside, id].map((each) => [each, 'killed']));
});

test('timeout kill ends the run, alert tells it and lets it run', async () => {
  await using up = await startUp({ data });
  await save(up, 'ended', { command: 'sleep 300', timeout: { afterMs: 300 } });
  await save(up, 'told', { command: 'sleep 3; echo done', timeout: { afterMs: 300, action: 'alert' } });
  const [ended, told] = [await runNow(up, 'ended'), await runNow(up, 'told')];
  const late = await reached(up, told, ({ overdueAt }) => overdueAt !== undefined, 'it is not told');
  expect(late.state).toBe('running');
  const { overdue } = await up.api<{ overdue: Run[] }>('/stats');
  expect(overdue).toMatchObject([{ id: told, state: 'running', overdueAt: late.overdueAt }]);
  expect(Date.parse(late.overdueAt ?? '') - Date.parse(late.startedAt ?? '')).toBe(300);
  expect(await reached(up, ended, isFinished, 'it did not end')).toMatchObject({ outcome: 'timedOut' });
  const done = await reached(up, told, isFinished, 'it did not end');
  expect(done).toMatchObject({ outcome: 'succeeded', overdueAt: late.overdueAt });
  expect((await up.api<{ overdue: Run[] }>('/stats')).overdue).toEqual([]);
  await logged(up, told, '1 finished');
  expect(await outputOf(up, told)).toBe('done\n');
  expect(await typesOf(up, told)).toContain('1 overdue');
  expect(up.printed()).toContain('a run is overdue');
});

test('timeout abandon gives the job back while its command goes on, and records what that does', async () => {
  await using up = await startUp({ data });
  const go = join(data, 'go');
  const command = `echo begun; while [ ! -e ${go} ]; do sleep 0.1; done; echo "late $CRON_RUN_ID"; exit 4`;
  await save(up, 'left', { command, timeout: { afterMs: 300, action: 'abandon' } });
  const id = await runNow(up, 'left');
  const run = await reached(up, id, isFinished, 'it was not given up');
  expect(run).toMatchObject({ outcome: 'timedOut', reason: 'abandoned' });
  expect(run.exitCode).toBeUndefined();
  expect(existsSync(go)).toBe(false);

  // The job runs again while the first command lives.
  const again = await runNow(up, 'left');
  await reached(up, again, isFinished, 'it did not run beside the one that was left');
  writeFileSync(go, '');
  await until(
    async () => (await runOf(up, id)).exitCode === 4,
    () => 'its end was not recorded',
  );
  expect(await runOf(up, id)).toMatchObject({ state: 'finished', outcome: 'timedOut', reason: 'abandoned', exitCode: 4 });
  expect(await outputOf(up, id)).toBe(`begun\nlate ${id}\n`);
});

test('P5: the command of an abandoned run can still be killed, and its run stays timed out', async () => {
  await using up = await startUp({ data });
  await save(up, 'left', { command: 'echo $$; exec sleep 1000', timeout: { afterMs: 300, action: 'abandon' } });
  const id = await runNow(up, 'left');
  await reached(up, id, isFinished, 'it was not given up');
  const pid = Number(await outputOf(up, id));
  expect(existsSync(`/proc/${String(pid)}`)).toBe(true);
  await up.api(`/runs/${id}/kill`, { body: {} });
  const run = await reached(up, id, ({ signal }) => signal !== undefined, 'it was not killed');
  expect(run).toMatchObject({ state: 'finished', outcome: 'timedOut', reason: 'abandoned', signal: 'SIGTERM' });
  expect(existsSync(`/proc/${String(pid)}`)).toBe(false);
  await expect(up.api(`/runs/${id}/kill`, { body: {} })).rejects.toThrow('409');
});
