// P4: what the embedded run log has answered as stored is there, whole, after kill -9.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkLog } from '../../src/stores/check-log.ts';
import { openEmbedded } from '../../src/stores/embedded/env.ts';
import { createEmbeddedRunLog } from '../../src/stores/embedded/run-log.ts';
import { runOf } from '../support/run-events.ts';
import { programOf } from '../support/child.ts';
import { until } from '../support/servers.ts';

test('kill -9 in the middle of appends: what was answered is there, and documents agree with events', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  using program = await programOf('fills-run-log');
  const answered: string[] = [];
  for (let round = 1; round <= 2; round += 1) {
    const child = program.start(dir);
    await until(
      () => child.lines.length >= 20,
      () => 'it stores nothing',
    );
    await child.kill9();
    answered.push(...child.lines.filter((line) => line.length === 36));
    const env = openEmbedded(dir);
    const log = createEmbeddedRunLog({ env });
    for (const runId of answered) {
      expect(await log.run(runId)).toMatchObject({ outcome: 'succeeded' });
      expect(await log.eventsOf(runId, { limit: 9 })).toHaveLength(4);
    }
    expect(await checkLog(log, { repairs: false, onFault: () => undefined, onProgress: () => undefined })).toMatchObject({
      faults: 0,
    });
    const next = runOf('a');
    expect(await log.append(next.events)).toStrictEqual({ refused: [], conflicts: [] });
    await log.close();
    await env.close();
  }
});

test('the list by outcome of a log from before there was one is made at its opening; it goes on over pages', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const runs = Array.from({ length: 2_300 }, (_, n) =>
    runOf('a', { finished: { outcome: n % 2 === 0 ? 'failed' : 'timedOut' } }),
  );
  const env = openEmbedded(dir);
  const log = createEmbeddedRunLog({ env });
  for (let n = 0; n < runs.length; n += 500) await log.append(runs.slice(n, n + 500).flatMap(({ events }) => events));
  const lists = env.root.openDB({ name: 'log.byOutcome', keyEncoding: 'binary' });
  await lists.clearAsync();
  await log.close();
  await env.close();

  const again = openEmbedded(dir);
  const found = createEmbeddedRunLog({ env: again });
  const ids: string[] = [];
  for (let cursor: string | undefined, isMore = true; isMore;) {
    const page = await found.runs({ outcome: 'failed,timedOut', limit: 900, ...(cursor !== undefined && { cursor }) });
    ids.push(...page.items.map(({ _id }) => _id));
    isMore = (cursor = page.nextCursor) !== undefined;
  }
  expect(ids).toStrictEqual(runs.map(({ runId }) => runId).toReversed());
  await found.close();
  await again.close();
}, 120_000);
