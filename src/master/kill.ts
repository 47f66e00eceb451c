import { toInstant } from '../domain/instant.ts';
import { dropQueued, killRun } from '../domain/moves.ts';
import { endOfAttempted, endOfQueued } from '../domain/queued.ts';
import { parseLiveRun, parseQueuedRun, type Kill } from '../domain/values.ts';
import type { OrdersDeps } from './orders.ts';
import { refused } from './problems.ts';

const MOST_TRIES = 6;

/** Kills one run, wherever it is: a live one gets its kill key, once (P5), a queued one is dropped. Answers `ended` where nothing is there to kill. */
export const createKill =
  ({ stores: { coordination }, keys, clock, projection, log }: Omit<OrdersDeps, 'scale'>) =>
  async (job: string, runId: string, by: string): Promise<'asked' | 'dropped' | 'ended'> => {
    const read = async (...names: readonly string[]) =>
      (await coordination.transact({ then: names.map((key) => ({ type: 'get', key }) as const) })).reads;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const [run, waiting, kill] = await read(keys.run(job, runId), keys.queued(job, runId), keys.killer(job, runId));
      const live = run && parseLiveRun(run.value);
      if (run && live?.ok && live.value.state === 'running') {
        if (kill) return 'asked';
        const put: Kill = { v: 1, at: toInstant(clock.now()), by, cause: 'killed' };
        const { succeeded, revision } = await coordination.transact(
          killRun({ keys, job, runId, runRevision: run.revision, kill: put }),
        );
        if (!succeeded) continue;
        log.info({ job, run: runId, by }, 'kill asked for');
        await projection.reached('kills', revision);
        return 'asked';
      }
      const queued = waiting && parseQueuedRun(waiting.value);
      if (!waiting || !queued?.ok) return 'ended';
      const event = endOfQueued(queued.value, { at: clock.now(), outcome: 'killed', reason: 'person', by });
      const { succeeded, revision } = await coordination.transact(
        dropQueued({
          keys,
          queued: queued.value,
          queueRevision: waiting.revision,
          event,
          attempted: endOfAttempted(event, run && live?.ok ? { live: live.value, revision: run.revision } : undefined),
        }),
      );
      if (!succeeded) continue; // a worker has just taken it: then its run is killed
      log.info({ job, run: runId, by }, 'queued run dropped');
      await projection.reached('queue', revision);
      return 'dropped';
    }
    throw refused(409, 'busy', 'The run is changing again and again', { detail: 'Try again.' });
  };
