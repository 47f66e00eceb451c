import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { enqueueRun, loseRun } from '../domain/moves.ts';
import type { FieldProblem } from '../domain/problem.ts';
import { defined } from '../domain/run.ts';
import { parseLiveRun, type LiveRun, type QueuedRun } from '../domain/values.ts';
import type { Clock } from '../streams/clock.ts';
import type { Entry } from '../streams/ports.ts';
import { lossOf } from './duties.ts';
import { createKill } from './kill.ts';
import type { RouteStores } from './errors.ts';
import { badField, badInput, noSuchJob, noSuchRun, refused } from './problems.ts';
import type { Projection } from './projection.ts';
import { seeJob } from './seen.ts';

export type RunNow = {
  readonly params?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Id or name. */
  readonly worker?: string;
  readonly fireTime?: string;
};

export type OrdersDeps = {
  readonly stores: RouteStores;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly projection: Projection;
  readonly log: Logger;
  readonly scale: number;
};

const RUN_NOW_MS = 600_000;

export type Orders = ReturnType<typeof createOrders>;

/** What people ask of runs: run now, kill, free. Each is a transaction; a kill is kept until the run's own end confirms it (P5). */
export const createOrders = (deps: OrdersDeps) => {
  const {
    stores: { coordination, runLog },
    keys,
    clock,
    projection,
    log,
    scale,
  } = deps;
  const kill = createKill(deps);
  const read = async (...names: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
    (await coordination.transact({ then: names.map((key) => ({ type: 'get', key })) })).reads;

  const workerOf = (nameOrId: string): string => {
    const { workers } = projection.seen;
    const found = workers.get(nameOrId) ?? [...workers.values()].find(({ name }) => name === nameOrId);
    if (!found)
      throw badField('/worker', 'noSuchWorker', `no worker that is alive has the name or id "${nameOrId.slice(0, 200)}"`);
    return found.id;
  };

  const overlaps = (holder: string) =>
    refused(409, 'overlap', 'The job is running, and its runs must not overlap', {
      detail: `Run ${holder} ${projection.seen.runs.has(holder) ? 'runs' : 'waits or runs'}. Wait for its end, kill it, or set overlap to "allow".`,
    });

  /** Queues a run; a worker with room takes it. A busy job refuses by its overlap policy. */
  const run = async (name: string, asked: RunNow, by: string): Promise<string> => {
    const worker = asked.worker === undefined ? undefined : workerOf(asked.worker);
    if (asked.fireTime !== undefined && Number.isNaN(toMs(asked.fireTime)))
      throw badField('/fireTime', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
    const problems = [...environmentProblems('env', asked.env), ...environmentProblems('params', asked.params)];
    if (problems.length > 0) throw badInput(problems);
    const [job, lock] = await read(keys.job(name), keys.lock(name));
    if (!job) throw noSuchJob(name);
    const { known, broken } = seeJob(name, job, scale);
    if (!known) throw refused(409, 'broken', 'The job is broken', { detail: broken ?? '' });
    const locks = known.job.overlap !== 'allow';
    if (locks && lock) throw overlaps(lock.value);
    const [waiting] = locks ? (await coordination.list(keys.queueOf(name))).entries : [];
    if (waiting) throw overlaps(keys.queuedOf(waiting.key).id ?? '');
    const now = clock.now();
    const queued: QueuedRun = {
      v: 1,
      runId: uuidv7(),
      job: name,
      trigger: 'manual',
      fireTime: toInstant(asked.fireTime === undefined ? now : toMs(asked.fireTime)),
      attempt: 1,
      notBefore: toInstant(now),
      notAfter: toInstant(now + RUN_NOW_MS),
      queuedAt: toInstant(now),
      by,
      ...defined({ worker, params: asked.params, env: asked.env }),
    };
    const transaction = enqueueRun({ keys, queued });
    const { succeeded, revision, reads } = await coordination.transact({
      ...transaction,
      if: [...(transaction.if ?? []), ...(locks ? [{ type: 'absent', key: keys.lock(name) } as const] : [])],
      else: [...(transaction.else ?? []), { type: 'get', key: keys.lock(name) }],
    });
    if (!succeeded) {
      const [there, , held] = reads;
      if (!there) throw noSuchJob(name);
      throw overlaps(held?.value ?? '');
    }
    log.info({ job: name, run: queued.runId, by }, 'run now');
    await projection.reached('queue', revision);
    return queued.runId;
  };

  const nothingRuns = (detail: string) => refused(409, 'nothingRuns', 'Nothing runs or waits', { detail });

  /** Kills what runs and what waits of a job, if anything does; it may be deleted already. Answers the run ids. */
  const killAll = async (name: string, by: string): Promise<readonly string[]> => {
    const [runs, queue] = await Promise.all([coordination.list(keys.runsOf(name)), coordination.list(keys.queueOf(name))]);
    const ids = new Set([
      ...runs.entries.map(({ key }) => keys.runOf(key).id ?? ''),
      ...queue.entries.map(({ key }) => keys.queuedOf(key).id ?? ''),
    ]);
    const killed: string[] = [];
    for (const id of ids) if ((await kill(name, id, by)) !== 'ended') killed.push(id);
    return killed;
  };

  const killJob = async (name: string, by: string): Promise<readonly string[]> => {
    const killed = await killAll(name, by);
    if (killed.length > 0) return killed;
    const [job] = await read(keys.job(name));
    throw job ? nothingRuns(`Nothing of "${name}" runs or waits.`) : noSuchJob(name);
  };

  /** The job of a run that runs or waits, or has just ended. */
  const jobOf = async (runId: string): Promise<string> => {
    const { runs, queue } = projection.seen;
    const found = runs.get(runId)?.live.job ?? queue.get(runId)?.queued.job;
    if (found !== undefined) return found;
    if (await runLog.run(runId)) throw nothingRuns('The run has ended.');
    throw noSuchRun(runId);
  };

  const killRunById = async (runId: string, by: string): Promise<void> => {
    if ((await kill(await jobOf(runId), runId, by)) === 'ended') throw nothingRuns('The run has ended.');
  };

  /** Ends as lost a run whose host is gone, where nobody else may: `lostAfterMs: "never"`. */
  const free = async (runId: string, by: string): Promise<void> => {
    const job = await jobOf(runId);
    const [run, lock] = await read(keys.run(job, runId), keys.lock(job));
    const parsed = run && parseLiveRun(run.value);
    if (!run || !parsed?.ok || parsed.value.state !== 'running') throw nothingRuns('The run does not run.');
    const live: LiveRun = parsed.value;
    const [worker] = await read(keys.worker(live.worker));
    if (worker)
      throw refused(409, 'workerAlive', 'The worker of the run is there', { detail: 'Kill the run: its worker will end it.' });
    if (live.lostAfterMs !== 'never')
      throw refused(409, 'leaderFrees', 'The leader ends this run by itself', {
        detail: `It is declared lost ${String(live.lostAfterMs)} ms after its worker went; until then its host may still be ending it.`,
      });
    const { succeeded, revision } = await coordination.transact(
      loseRun({
        ...lossOf(keys, live, clock.now(), 'freed', by),
        runRevision: run.revision,
        holdsLock: lock?.value === runId,
      }),
    );
    if (!succeeded) throw refused(409, 'busy', 'The run has just changed', { detail: 'Look at it again.' });
    log.warn({ job, run: runId, by }, 'run freed: ended as lost');
    await projection.reached('runs', revision);
  };

  return { run, killAll, killJob, killRun: killRunById, free };
};

const environmentProblems = (field: string, values: Readonly<Record<string, string>> = {}): readonly FieldProblem[] =>
  Object.entries(values).flatMap(([name, value]) => [
    ...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? []
      : [{ path: `/${field}/${name}`, code: 'badName', message: `"${name}" is not a name for an environment variable` }]),
    ...(value.includes('\0')
      ? [{ path: `/${field}/${name}`, code: 'invalid', message: 'cannot contain the character NUL' }]
      : []),
  ]);
