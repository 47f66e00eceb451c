// What goes into a command and what comes out of it: exactly, whatever it is.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDefaults } from '../../src/domain/job.ts';
import { environmentOf } from '../../src/worker/environment.ts';
import { openRunFolder } from '../../src/worker/run-folder.ts';
import { launcherFolder } from '../support/launcher.ts';
import { live } from '../unit/worker/runs-support.ts';

const USER = { name: 'cronstream', home: '/' };

test('parameters are values, never a part of the command', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const made = join(folder.dataDir, 'made');
  const params = {
    A: `"; touch ${made}; echo "`,
    B: `$(touch ${made})`,
    C: `\`touch ${made}\``,
    D: `' || touch ${made} #`,
    E: `two\nlines\ttab $HOME \\ 'x' "y" ü`,
    F: '-n',
    G: '',
  };
  const job = withDefaults({ name: 'a', command: 'true', cronExpr: '* * * * *', env: { A: 'of the job' }, params: { G: 'x' } });
  const queued = { v: 1, runId: 'r', job: 'a', trigger: 'manual', fireTime: '', attempt: 1, notBefore: '', queuedAt: '', params };
  const run = { live: live(), fence: 5, job, queued } as unknown as Parameters<typeof environmentOf>[0];
  const order = folder.order({ env: environmentOf(run, USER), command: 'printf "%s|" "$A" "$B" "$C" "$D" "$E" "$F" "$G"' });
  await launcher.run(order);
  expect(folder.output(order)).toBe(
    Object.values(params)
      .map((value) => `${value}|`)
      .join(''),
  );
  expect(existsSync(made)).toBe(false);
});

test('what names the run cannot be taken over by what the job or an order sets', () => {
  const odd = { CRON_RUN_ID: 'another', CRON_FENCE: '0', CRON_JOB: 'another', PATH: '/mine' };
  const job = withDefaults({ name: 'a', command: 'true', cronExpr: '* * * * *', env: odd, params: odd });
  const run = { live: live({ runId: 'this' }), fence: 5, job, queued: undefined } as Parameters<typeof environmentOf>[0];
  expect(environmentOf(run, USER)).toMatchObject({ CRON_RUN_ID: 'this', CRON_FENCE: '5', CRON_JOB: 'a', PATH: '/mine' });
});

test('300 MB of output cost neither memory nor the job, and its head and its tail are kept to the byte', async () => {
  await using folder = launcherFolder();
  const launcher = await folder.connect();
  const order = folder.order({ command: `printf 'h\\000\\377'; head -c 300000000 /dev/zero; printf '\\033[31m\\000\\377t'` });
  expect(await launcher.run(order)).toMatchObject({ exitCode: 0 });
  const memory = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${launcher.pid}/status`, 'utf8'))![1]);
  expect(memory()).toBeLessThan(150_000);

  const run = openRunFolder(order.dir, { job: 'a', runId: order.runId, attempt: 1 });
  const limit = 1_000_000;
  const before = process.memoryUsage().rss;
  expect(await run.cut('2027-01-31T09:00:00.000Z', limit, true)).toStrictEqual({ outputBytes: 300_000_011, truncated: true });
  const pieces: Uint8Array[] = [];
  let dropped = 0;
  while (run.hasMore())
    for (const event of await run.take(10, 200_000))
      if (event.type === 'output') {
        pieces.push(event.data);
        dropped += event.droppedBytes ?? 0;
      }
  const kept = Buffer.concat(pieces);
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  expect([kept.length, dropped]).toStrictEqual([limit, 300_000_011 - limit]);
  expect([...kept.subarray(0, 4)]).toStrictEqual([0x68, 0, 0xff, 0]);
  expect([...kept.subarray(-8)]).toStrictEqual([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0, 0xff, 0x74]);
}, 120_000);
