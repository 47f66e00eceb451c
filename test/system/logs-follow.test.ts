// Whoever follows a run that prints quickly gets each byte once, wherever history ends and what is live begins.
import { spawn } from 'node:child_process';
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
