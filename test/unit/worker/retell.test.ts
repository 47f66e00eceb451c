// P5: a kill that comes while no launcher can be told is told to the next one that has the run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { NEVER, Subject } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { createKeys } from '../../../src/domain/keys.ts';
import type { LiveEntry } from '../../../src/launcher/protocol.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { LauncherGone, type Launcher } from '../../../src/worker/launcher.ts';
import { createWorker } from '../../../src/worker/worker.ts';
import { createMemoryStore } from '../../support/memory-coordination.ts';
import { until } from '../../support/process.ts';
import { workerConfig } from '../../support/worker-config.ts';

test('P5: a kill that comes while the connection to the launcher is lost reaches it when it is back', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cronstream-retell-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const keys = createKeys();
  const { coordination } = createMemoryStore().client();
  const put = (key: string, value: object) =>
    coordination.transact({ then: [{ type: 'put', key, value: JSON.stringify(value) }] });
  await put(keys.job('a'), { name: 'a', command: 'sleep 1000', cronExpr: '* * * * * *', overlap: 'skip' });

  const gone$ = new Subject<void>();
  let entry: LiveEntry | undefined;
  let isAsked = false;
  const killed: string[] = [];
  const launcher = (more: object): Launcher =>
    ({
      live: entry ? [entry] : [],
      news$: NEVER,
      gone$: NEVER,
      setDeadlines: async () => true,
      stop: async () => true,
      close: () => undefined,
      ...more,
    }) as unknown as Launcher;
  const first = launcher({
    gone$,
    start: async ({ runId, attempt }: LiveEntry) =>
      (entry = { runId, attempt, pid: process.pid, startTime: '0', startedAt: new Date().toISOString() }),
    end: async () => {
      isAsked = true;
      throw new LauncherGone('gone');
    },
  });
  const connects = [
    first,
    () =>
      launcher({ end: async (runId: string, attempt: number, cause: string) => killed.push(`${runId} ${attempt} ${cause}`) > 0 }),
  ];
  const life = createWorker({
    coordination,
    runLog: { append: async () => ({ refused: [], conflicts: [] }) },
    keys,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    stop$: NEVER,
    connect: async () => {
      const next = connects.shift();
      return typeof next === 'function' ? next() : next!;
    },
    config: workerConfig({
      id: 'w',
      dataDir,
      slots: 1,
    }),
  }).life$.subscribe();
  onTestFinished(() => life.unsubscribe());
  await until(
    () => entry !== undefined,
    () => 'nothing was started',
  );
  const { runId } = entry!;
  await put(keys.killer('a', runId), { v: 1, at: new Date().toISOString(), by: 'mary', cause: 'killed' });
  await until(
    () => isAsked,
    () => 'the first launcher was not asked',
  );
  gone$.next();
  await until(
    () => killed.length > 0,
    () => 'the next launcher is not told',
    10_000,
  );
  expect(killed).toStrictEqual([`${runId} 1 killed`]);
});
