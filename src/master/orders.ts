import type { Logger } from 'pino';
import type { Keys } from '../domain/keys.ts';
import { loseRun } from '../domain/moves.ts';
import { parseLiveRun, type LiveRun } from '../domain/values.ts';
import type { Clock } from '../streams/clock.ts';
import type { Entry } from '../streams/ports.ts';
import { lossOf } from './duties.ts';
import { createKill } from './kill.ts';
import { createKillLeft } from './kill-left.ts';
import type { RouteStores } from './errors.ts';
import { noSuchJob, noSuchRun, refused } from './problems.ts';
import type { Projection } from './projection.ts';
import { createRunNow } from './run-now.ts';

export type OrdersDeps = {
  readonly stores: RouteStores;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly projection: Projection;
  readonly log: Logger;
  readonly scale: number;
};

export type Orders = ReturnType<typeof createOrders>;

/** What people ask of runs: run now, kill, free. Each is a transaction; a kill is kept until the run's own end confirms it (P5). */
export const createOrders = (deps: OrdersDeps) => {
  const {
    stores: { coordination, runLog },
    keys,
    clock,
    projection,
    log,
  } = deps;
  const kill = createKill(deps);
  const killLeft = createKillLeft(deps);
  const read = async (...names: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
    (await coordination.transact({ then: names.map((key) => ({ type: 'get', key })) })).reads;

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

  /** The job of a run, also of one that has ended. */
  const jobOf = async (runId: string): Promise<string> => {
    const { runs, queue } = projection.seen;
    const found = runs.get(runId)?.live.job ?? queue.get(runId)?.queued.job;
    if (found !== undefined) return found;
    const ended = await runLog.run(runId);
    if (ended) return ended.jobName;
    throw noSuchRun(runId);
  };

  /** Kills a run, and where it has ended the commands that it left behind. (Of one that runs its worker ends those too.) */
  const killRunById = async (runId: string, by: string): Promise<void> => {
    const job = await jobOf(runId);
    const done = await kill(job, runId, by);
    if (done === 'asked') return;
    if (!(await killLeft(job, runId, by)) && done === 'ended') throw nothingRuns('The run has ended.');
  };

  /** Ends as lost a run whose host is gone, where nobody else may: `lostAfterMs: "never"`. */
  const free = async (runId: string, by: string): Promise<void> => {
    const job = await jobOf(runId);
    const [run] = await read(keys.run(job, runId));
    const parsed = run && parseLiveRun(run.value);
    if (!run || !parsed?.ok || parsed.value.state !== 'running') throw nothingRuns('The run does not run.');
    const live: LiveRun = parsed.value;
    const [worker, lock] = await read(keys.worker(live.worker), keys.lock(job, live.of));
    if (worker)
      throw refused(409, 'workerAlive', 'The worker of the run is there', { detail: 'Kill the run: its worker will end it.' });
    if (live.lostAfterMs !== 'never')
      throw refused(409, 'leaderFrees', 'The leader ends this run by itself', {
        detail: `It is declared lost ${String(live.lostAfterMs)} ms after its worker went; until then its host may still be ending it.`,
      });
    const { succeeded, revision } = await coordination.transact(
      loseRun({
        ...lossOf(keys, { ...live, fence: live.fence ?? run.revision }, clock.now(), 'freed', { by, isLast: true }),
        runRevision: run.revision,
        holdsLock: lock?.value === runId,
      }),
    );
    if (!succeeded) throw refused(409, 'busy', 'The run has just changed', { detail: 'Look at it again.' });
    log.warn({ job, run: runId, by }, 'run freed: ended as lost');
    await projection.reached('runs', revision);
  };

  return { ...createRunNow(deps), killAll, killJob, killRun: killRunById, free };
};
