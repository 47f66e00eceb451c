// The runs of a worker on a real spool and the embedded store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { uuidv7 } from 'uuidv7';
import { onTestFinished } from 'vitest';
import { withDefaults, type Job } from '../../../src/domain/job.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { retryOfClaim } from '../../../src/domain/retry.ts';
import type { LiveRun } from '../../../src/domain/values.ts';
import type { Cause, Exit, LiveEntry, StartOrder } from '../../../src/launcher/protocol.ts';
import { createEmbeddedCoordination } from '../../../src/stores/embedded/coordination.ts';
import { openEmbedded } from '../../../src/stores/embedded/env.ts';
import { systemClock, type Clock } from '../../../src/streams/clock.ts';
import type { ClaimedRun } from '../../../src/worker/claims.ts';
import type { Launcher } from '../../../src/worker/launcher.ts';
import { createRuns, type RunsDeps } from '../../../src/worker/runs.ts';
import { openSpool } from '../../../src/worker/spool.ts';
import { usersOf } from '../../../src/worker/users.ts';

export const keys = createKeys();
export const AT = '2027-01-31T09:00:00.000Z';
export const live = (more: Partial<LiveRun> = {}): LiveRun => ({
  v: 1,
  runId: uuidv7(),
  job: 'a',
  worker: 'w1',
  workerName: 'one',
  attempt: 1,
  trigger: 'schedule',
  fireTime: AT,
  state: 'running',
  claimedAt: AT,
  jobRevision: 1,
  overlap: 'skip',
  locks: true,
  lostAfterMs: 180_000,
  killGraceMs: 10_000,
  latenessMs: 0,
  ...more,
});

/** The runs of a worker on a real spool and the embedded store, with a launcher that notes what it is told to start and starts nothing. */
export const runsOf = async (clock: Clock = systemClock, allowed: Partial<Pick<RunsDeps, 'allow' | 'users'>> = {}) => {
  const base = mkdtempSync(join(tmpdir(), 'cronstream-runs-'));
  const env = openEmbedded(join(base, 'db'));
  const coordination = createEmbeddedCoordination({ env });
  onTestFinished(async () => {
    await coordination.close();
    await env.close();
    rmSync(base, { recursive: true, force: true });
  });
  const root = join(base, 'spool');
  const orders: StartOrder[] = [];
  const ends: { readonly runId: string; readonly attempt: number; readonly cause: Cause; readonly by: string | undefined }[] = [];
  const ended: string[] = [];
  const deadlines: { readonly runId: string; readonly until: number }[] = [];
  const launcher = {
    start: async (order: StartOrder): Promise<LiveEntry> => {
      orders.push(order);
      return { runId: order.runId, attempt: order.attempt, pid: 1, startTime: '0', startedAt: AT };
    },
    end: async (runId: string, attempt: number, cause: Cause, by?: string) => ends.push({ runId, attempt, cause, by }) > 0,
    setDeadlines: async (told: typeof deadlines) => deadlines.push(...told) > 0,
  } as unknown as Launcher;
  const log = pino({ level: 'silent' });
  const users = await usersOf([], log);
  /** A worker process: its spool and its runs. Another one takes over what this one left. */
  const start = async () => {
    const spool = await openSpool(root);
    const runs = createRuns({
      coordination,
      keys,
      clock,
      log,
      spool,
      scale: 1,
      allow: undefined,
      users,
      ...allowed,
      launcher: () => launcher,
      onEnded: (_job, runId) => ended.push(runId),
      onChanged: () => undefined,
    });
    return { spool, runs, recovery: { coordination, keys, me: 'w1', log, spool, runs } };
  };
  /** A claim that holds, as `claimTick` makes it. */
  const claim = async (given: LiveRun, fields: Partial<Job> = {}): Promise<ClaimedRun> => {
    const job = withDefaults({ name: given.job, command: 'true', cronExpr: '* * * * *', ...fields });
    const retry = retryOfClaim(job);
    const run: LiveRun = { ...given, ...(retry && { retry }) };
    const { revision } = await coordination.transact({
      then: [
        { type: 'put', key: keys.run(run.job, run.runId), value: JSON.stringify(run) },
        { type: 'put', key: keys.lock(run.job), value: run.runId },
      ],
    });
    return { live: run, fence: revision, rank: 0, cursorBefore: undefined, job, queued: undefined };
  };
  const read = async <T>(key: string): Promise<T | undefined> => {
    const { reads } = await coordination.transact({ then: [{ type: 'get', key }] });
    return reads[0] && (JSON.parse(reads[0].value) as T);
  };
  const stored = async (run: LiveRun): Promise<Partial<LiveRun>> => (await read(keys.run(run.job, run.runId))) ?? {};
  const has = async (key: string): Promise<boolean> =>
    (await coordination.transact({ then: [{ type: 'get', key }] })).reads[0] !== undefined;
  const put = async (key: string, value: unknown): Promise<unknown> =>
    coordination.transact({ then: [{ type: 'put', key, value: JSON.stringify(value) }] });
  return { root, orders, ends, ended, deadlines, claim, stored, read, has, put, coordination, start, ...(await start()) };
};

export const exitOf = ({ runId, attempt }: LiveRun, more: Partial<Exit> = {}): Exit => ({
  v: 1,
  runId,
  attempt,
  pid: 1,
  at: AT,
  startedAt: AT,
  exitCode: 0,
  ...more,
});
