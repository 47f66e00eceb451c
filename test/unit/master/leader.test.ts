import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { of } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { createLeader } from '../../../src/master/leader.ts';
import { createEmbeddedCoordination } from '../../../src/stores/embedded/coordination.ts';
import { openEmbedded } from '../../../src/stores/embedded/env.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { until } from '../../support/process.ts';
import { AT, createMemoryRunLog, keys } from './support.ts';

test('P4: an item of the outbox that this version cannot read stays for one that can, and keeps none from being shipped', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cronstream-leader-'));
  const env = openEmbedded(dir);
  const coordination = createEmbeddedCoordination({ env });
  onTestFinished(async () => {
    await coordination.close();
    await env.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const runLog = createMemoryRunLog();
  const skipped = { v: 1, type: 'tickSkipped', job: 'a', at: AT, fireTime: AT, reason: 'overlap' };
  const newer = Array.from({ length: 60 }, (_, index) => keys.outboxItem(`0${String(index)}`));
  await coordination.transact({
    then: newer.map((key) => ({ type: 'put', key, value: JSON.stringify({ v: 9, type: 'paused' }) })),
  });
  await coordination.transact({ then: [{ type: 'put', key: keys.outboxItem('z'), value: JSON.stringify(skipped) }] });
  const lease = await coordination.grantLease(60_000);
  const leads = createLeader({
    coordination,
    runLog,
    keys,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    id: 'm1',
    lease$: of(lease),
    read: () => undefined,
    scale: 1,
    isOff$: of(false),
    rules: { schedule: 2, tz: '2025b' },
    clockLimitMs: 1_000,
  }).subscribe();
  const items = async () => (await coordination.list(keys.outbox)).entries.map(({ key }) => key);
  try {
    await until(
      async () => !(await items()).includes(keys.outboxItem('z')),
      () => 'the readable item is not shipped',
    );
    expect(await runLog.event(`tick/a/${AT}`)).toMatchObject({ type: 'tickSkipped' });
    expect(await items()).toStrictEqual(newer.toSorted());
  } finally {
    leads.unsubscribe();
  }
});
