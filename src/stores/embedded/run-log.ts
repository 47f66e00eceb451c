import { defer, firstValueFrom, throwError, timeout } from 'rxjs';
import { eventId, runIdOf, type RunEvent } from '../../domain/events.ts';
import { systemClock, type Clock } from '../../streams/clock.ts';
import { Unavailable, type LogUpkeep, type RunLog } from '../../streams/ports.ts';
import { createKept, hoursOf, projectionOf, runsOf, settle, type Projected } from '../project.ts';
import { breath } from './breath.ts';
import type { Embedded } from './env.ts';
import { openLogDocuments } from './log-documents.ts';
import { openLogEvents } from './log-events.ts';
import { openLogHours } from './log-hours.ts';
import { embeddedUpkeep, openLogAudit } from './log-upkeep.ts';

export type EmbeddedRunLogOptions = { readonly env: Embedded; readonly clock?: Clock; readonly deadlineMs?: number };

/** Events of a run read in one go while its document is made: at most 4 MB of output. */
const PAGE = 64;
/** In the transaction that everybody waits for, so much output is read. */
const MOST_BYTES = 4_000_000;
/** Documents made beside each other after it. */
const AT_ONCE = 8;

/** The port in one process, on lmdb. What `append` answers is on the disk. `close` waits for calls that are not answered yet, and leaves the environment open: it is its owner's. */
export const createEmbeddedRunLog = ({
  env,
  clock = systemClock,
  deadlineMs = 10_000,
}: EmbeddedRunLogOptions): RunLog & LogUpkeep => {
  const events = openLogEvents(env);
  const documents = openLogDocuments(env);
  const hours = openLogHours(env);
  const audit = openLogAudit(env);
  const working = new Set<Promise<unknown>>();
  let isClosed = false;

  const tracked = <T>(work: Promise<T>): Promise<T> => {
    working.add(work);
    const isDone = (): void => void working.delete(work);
    work.then(isDone, isDone);
    return work;
  };
  void tracked(documents.fill(() => isClosed)).catch(() => undefined); // it goes on at the next opening

  const call = <T>(act: (isStopped: () => boolean) => Promise<T> | T): Promise<T> => {
    if (isClosed) return Promise.reject(new Unavailable('The embedded run log is closed.'));
    let isLate = false;
    const work = (async () => act(() => isLate))().catch((error: unknown): never => {
      throw new Unavailable(
        `The data folder ${env.dir} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    });
    void tracked(work).catch(() => undefined);
    const late = {
      first: deadlineMs,
      scheduler: clock.scheduler,
      with: () => {
        isLate = true;
        return throwError(() => new Unavailable(`The data folder ${env.dir} did not answer within ${String(deadlineMs)} ms.`));
      },
    };
    return firstValueFrom(defer(() => work).pipe(timeout(late)));
  };

  const read = async (runId: string): Promise<Projected> => {
    const kept = createKept();
    for (let after: string | undefined; ;) {
      const page = events.range(`${runId}/`, after, PAGE);
      for (const event of page) kept.add(event);
      const last = page.at(-1);
      if (!last || page.length < PAGE) return projectionOf(kept.events());
      after = eventId(last);
      await breath();
    }
  };

  const append = async (batch: readonly RunEvent[]) => {
    const big: string[] = [];
    const answer = await events.store(batch, (stored) => {
      audit.add(stored);
      const { ended, others } = runsOf(stored);
      const changed = new Set([...ended.keys(), ...[...others.keys()].filter(documents.has)]);
      hours.touch(hoursOf(stored.filter((event) => changed.has(runIdOf(event) ?? ''))).values());
      let bytes = 0;
      for (const runId of changed) {
        const page = bytes < MOST_BYTES ? events.range(`${runId}/`, undefined, PAGE) : undefined;
        bytes += page?.reduce((sum, event) => sum + (event.type === 'output' ? event.data.length : 0), 0) ?? 0;
        if (page && page.length < PAGE) documents.write(runId, projectionOf(page));
        else big.push(runId);
      }
    });
    // These take longer to read than the one transaction that everybody waits for may last.
    const project = (runId: string): Promise<void> =>
      settle(
        () => read(runId),
        (projected) =>
          env.root.transaction(() => {
            documents.write(runId, projected);
            hours.touch(hoursOf(batch.filter((event) => runIdOf(event) === runId)).values());
          }),
      );
    for (let at = 0; at < big.length; at += AT_ONCE) await Promise.all(big.slice(at, at + AT_ONCE).map(project));
    return answer;
  };

  return {
    ...embeddedUpkeep({ env, call, read, events, documents, hours, audit }),
    append: (batch) => call(() => append(batch)),
    eventsOf: (runId, { after, limit }) => call(() => events.range(`${runId}/`, after, limit)),
    eventsAbout: (prefix, page) =>
      call(() =>
        page.isDown ? events.rangeDown(prefix, page.before, page.limit) : events.range(prefix, page.after, page.limit),
      ),
    runsOfTicks: (job, page) => call(() => documents.ofTicks(job, page)),
    event: (id) => call(() => events.get(id)),
    runs: (query) => call((isStopped) => documents.find(query, isStopped)),
    run: (runId) => call(() => documents.get(runId)),
    ping: () => call(() => undefined),
    close: async () => {
      isClosed = true;
      await Promise.allSettled(working);
    },
  };
};
