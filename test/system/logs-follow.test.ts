// Whoever follows a run that prints quickly gets each byte once, wherever history ends and what is live begins.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROGRAM } from '../support/cluster.ts';
import { newFolder, removeFolder, startUp, TOKEN } from '../support/up.ts';

let data: string;
beforeEach(() => {
  data = newFolder();
});
afterEach(() => {
  removeFolder(data);
});

const LINES = 20_000;

/** What `cronstream job logs quick -f` prints, and its exit code. */
const follow = (url: string): Promise<{ readonly text: string; readonly code: number | null }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, 'job', 'logs', 'quick', '-f'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, CRONSTREAM_SERVER: url, CRONSTREAM_TOKEN: TOKEN },
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    child.on('close', (code) => {
      resolve({ text, code });
    });
  });

test('logs -f of a run that prints quickly: all of it, in order, each line once, whenever one comes to it', async () => {
  await using up = await startUp({ data });
  const command = `i=0; while [ $i -lt ${String(LINES)} ]; do echo "line $i"; i=$((i+1)); done; sleep 1; echo end`;
  await up.api('/jobs/quick', { method: 'PUT', body: { name: 'quick', command, cronExpr: '0 0 0 1 1 *', enabled: false } });
  await up.api('/jobs/quick/run', { body: {} });
  const first = follow(up.url);
  const second = follow(up.url);
  const whole = `${Array.from({ length: LINES }, (_, index) => `line ${String(index)}`).join('\n')}\nend\n`;
  for (const { text, code } of await Promise.all([first, second])) {
    expect(text.length).toBe(whole.length);
    expect(text === whole).toBe(true); // said like this, a difference does not print a megabyte
    expect(code).toBe(0);
  }
});

test('where bytes were dropped the follower, the reader and the download have the same line; who has read enough is no failure', async () => {
  await using up = await startUp({ data });
  const command = `i=0; while [ $i -lt ${String(LINES)} ]; do echo "line $i"; i=$((i+1)); done`;
  const job = { name: 'quick', command, cronExpr: '0 0 0 1 1 *', enabled: false, outputLimitBytes: 2_000 };
  await up.api('/jobs/quick', { method: 'PUT', body: job });
  const { runId } = await up.api<{ runId: string }>('/jobs/quick/run', { body: {} });
  const { text } = await follow(up.url);
  expect(text).toMatch(/^line 0\n[^[]*\[cronstream: \d+ bytes were dropped here\]\n[^[]*line 19999\n$/);
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect(await (await fetch(`${up.url}/api/v1/runs/${runId}/output`, { headers })).text()).toBe(text);
  // `| head`: the pipe is closed while much is still to come.
  await up.api('/jobs/quick', { method: 'PUT', body: { ...job, outputLimitBytes: 10_000_000, command: 'seq 1 300000' } });
  await up.api('/jobs/quick/run', { body: {} });
  const child = spawn(process.execPath, [PROGRAM, 'job', 'logs', 'quick', '-f'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CRONSTREAM_SERVER: up.url, CRONSTREAM_TOKEN: TOKEN },
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString('utf8')));
  child.stdout.once('data', () => child.stdout.destroy());
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, complaints]).toEqual([0, '']);
});

test('who reads slowly gets all of it too: the command does not end before it was read', async () => {
  await using up = await startUp({ data });
  await up.api('/jobs/quick', { method: 'PUT', body: { name: 'quick', command: 'seq 1 100000', cronExpr: '0 0 0 1 1 *' } });
  await up.api('/jobs/quick/run', { body: {} });
  const slowly = spawn(
    'sh',
    ['-c', '"$0" "$@" | (sleep 1; tail -n 1)', process.execPath, PROGRAM, 'job', 'logs', 'quick', '-f'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, CRONSTREAM_SERVER: up.url, CRONSTREAM_TOKEN: TOKEN },
    },
  );
  let last = '';
  slowly.stdout.on('data', (chunk: Buffer) => (last += chunk.toString('utf8')));
  await once(slowly, 'close');
  expect(last).toBe('100000\n');
});
