// How long things take that a person waits for, on `cronstream up`: node bench/live.mjs (after npm run build). Prints milliseconds; fails nothing.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';

const ROUNDS = 20;
const TOKEN = 'a-token-of-the-bench-0123456789abcdef';
const data = mkdtempSync(join(tmpdir(), 'cronstream-bench-'));
const port = await new Promise((done) => {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const found = server.address().port;
    server.close(() => done(found));
  });
});
const url = `http://127.0.0.1:${port}`;
const startedAt = performance.now();
const up = spawn(process.execPath, [resolve('dist/cli/main.js'), 'up', '--data', data, '--port', String(port)], {
  env: { ...process.env, CRONSTREAM_ADMIN_TOKEN: TOKEN },
  stdio: 'ignore',
});
const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
const ask = async (method, path, body) =>
  (await fetch(`${url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })).json();
while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) await wait(10);
console.log(`start of up, to /readyz: ${Math.round(performance.now() - startedAt)} ms`);

const heard = [];
const waiting = new Set();
const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers });
await new Promise((done) => socket.once('open', done));
socket.on('message', (text) => {
  const { event } = JSON.parse(text);
  if (!event?.runId) return;
  heard.push({ ...event, heardAt: Date.now() });
  for (const look of waiting) look();
});
socket.send(JSON.stringify({ op: 'subscribe', topic: 'runs' }));
const hear = (is) =>
  new Promise((done) => {
    const look = () => {
      const found = heard.find(is);
      if (!found) return;
      waiting.delete(look);
      done(found);
    };
    waiting.add(look);
    look();
  });
const show = (what, times) => {
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`${what}: median ${sorted[sorted.length >> 1]} ms, max ${sorted.at(-1)} ms`);
};

await ask('PUT', '/jobs/quick', { name: 'quick', command: 'true', cronExpr: '0 0 0 1 1 *', enabled: false });
const [asked, claimed, finished] = [[], [], []];
for (let round = 0; round < ROUNDS; round++) {
  const at = Date.now();
  const { runId } = await ask('POST', '/jobs/quick/run', {});
  const claim = await hear((event) => event.runId === runId && event.type === 'claimed');
  const end = await hear((event) => event.runId === runId && event.type === 'finished');
  asked.push(Date.parse(claim.run.claimedAt) - at);
  claimed.push(claim.heardAt - Date.parse(claim.run.claimedAt));
  finished.push(end.heardAt - Date.parse(end.run.endedAt));
}
show('run now → claimed', asked);
show('claimed at the worker → socket', claimed);
show('ended at the worker → socket', finished);

const late = [];
for (let round = 0; round < 5; round++) {
  const savedAt = Date.now();
  await ask('PUT', '/jobs/each-second', { name: 'each-second', command: 'true', cronExpr: '* * * * * * *' });
  const claim = await hear((event) => event.job === 'each-second' && event.type === 'claimed' && event.heardAt > savedAt);
  late.push(claim.run.latenessMs);
  if (round === 0)
    console.log(`save → first run of a job of each second (up to a second is the wait): ${claim.heardAt - savedAt} ms`);
  await fetch(`${url}/api/v1/jobs/each-second`, { method: 'DELETE', headers });
  await wait(300);
}
show('fire time → claim', late);
const memory = (pid) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
console.log(`memory of up: ${memory(up.pid)} MB`);
socket.close();
up.kill('SIGTERM');
await new Promise((done) => up.once('exit', done));
rmSync(data, { recursive: true, force: true });
