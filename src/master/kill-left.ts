import type { StoredRunEvent } from '../domain/events.ts';
import { eventId } from '../domain/events.ts';
import { toInstant } from '../domain/instant.ts';
import { killLeft } from '../domain/moves.ts';
import { parseKill, parseLiveRun } from '../domain/values.ts';
import type { OrdersDeps } from './orders.ts';

const PAGE = 200;
const MOST_TRIES = 3;

/** Kills the commands that a run has left behind (timeout `abandon`), if the end of one of them has not been told. The kill is kept until the command's end confirms it (P5). Answers
 *  false where nothing of the run is known to be left, or where the run goes on: then its own kill is the one. */
export const createKillLeft =
  ({ stores: { coordination, runLog }, keys, clock, projection, log }: Omit<OrdersDeps, 'scale'>) =>
  async (job: string, runId: string, by: string): Promise<boolean> => {
    const eventsOf = async (): Promise<readonly StoredRunEvent[]> => {
      const all: StoredRunEvent[] = [];
      for (let after: string | undefined; ;) {
        const page = await runLog.eventsOf(runId, { limit: PAGE, ...(after !== undefined && { after }) });
        all.push(...page.filter(({ type }) => type !== 'output'));
        const last = page.at(-1);
        if (!last || page.length < PAGE) return all;
        after = eventId(last);
      }
    };
    const ends = endsOf(await eventsOf());
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { reads } = await coordination.transact({
        then: [keys.run(job, runId), keys.killer(job, runId)].map((key) => ({ type: 'get', key })),
      });
      const [run, standing] = reads;
      const stored = run && parseLiveRun(run.value);
      // The run log may not have it yet.
      const isJustLeft =
        stored?.ok === true && stored.value.reason === 'abandoned' && (ends.get(stored.value.attempt)?.count ?? 0) === 0;
      const isLeft = isJustLeft || [...ends.values()].some(({ count, isAbandoned }) => isAbandoned && count === 1);
      if (!isLeft) return false;
      const before = standing && parseKill(standing.value);
      if (before?.ok === true && before.value.left === true) return true;
      const kill = { v: 1, at: toInstant(clock.now()), by, cause: 'killed', left: true } as const;
      const { succeeded, revision } = await coordination.transact(
        killLeft({ keys, job, runId, runRevision: run?.revision, kill }),
      );
      if (!succeeded) continue; // its key has just been tidied away, or it goes on
      log.info({ job, run: runId, by }, 'kill asked for of a command that its run had left behind');
      await projection.reached('kills', revision);
      return true;
    }
    return false;
  };

/** Of each attempt how many ends are told, and whether its run let it go: then the second is that of its command. Pure. */
const endsOf = (
  events: readonly StoredRunEvent[],
): ReadonlyMap<number, { readonly count: number; readonly isAbandoned: boolean }> => {
  const ends = new Map<number, { readonly count: number; readonly isAbandoned: boolean }>();
  for (const event of events)
    if (event.type === 'finished' || event.type === 'attemptEnded') {
      const { count = 0, isAbandoned = false } = ends.get(event.attempt) ?? {};
      ends.set(event.attempt, { count: count + 1, isAbandoned: isAbandoned || event.reason === 'abandoned' });
    }
  return ends;
};
