import { isDeepStrictEqual } from 'node:util';
import { runIdOf, type RunEvent, type StoredRunEvent } from '../domain/events.ts';
import type { LogDocument } from '../domain/run.ts';
import { hourOf, timeOfId } from '../domain/stats.ts';
import type { LogUpkeep, RunLog } from '../streams/ports.ts';
import { createKept, projectionOf } from './project.ts';
import { saysTheSame } from './stored-form.ts';

/** How a run's document differs from what its events say: it is not there, says something else, or there is no ended run. */
export type LogFault = { readonly runId: string; readonly fault: 'missing' | 'different' | 'extra' };

export type LogCount = {
  readonly events: number;
  readonly runs: number;
  readonly documents: number;
  readonly faults: number;
  readonly hours: number;
};

export type CheckOptions = {
  /** Makes what is wrong anew from the events, and all statistics of hours; else it only looks. */
  readonly repairs: boolean;
  readonly onFault: (fault: LogFault) => void;
  /** Called now and then with what was done so far. */
  readonly onProgress: (count: LogCount) => void;
};

type Log = LogUpkeep & Pick<RunLog, 'run'>;
const TELL_EVERY = 5_000;
const AUDIT_AT_ONCE = 100;

/** Goes through all events once, beside all documents, and compares what the events make of each run with its document. What differs at first sight is looked at anew before it is told: workers may go on
 *  meanwhile. Memory goes by one run, and when it repairs by the hours of jobs. */
export const checkLog = async (log: Log, { repairs, onFault, onProgress }: CheckOptions): Promise<LogCount> => {
  const count = { events: 0, runs: 0, documents: 0, faults: 0, hours: 0 };
  const touched = new Map<number, Set<string>>();
  let changes: RunEvent[] = [];

  const suspect = async (runId: string): Promise<void> => {
    const [{ document: wanted }, found] = [await log.projected(runId), await log.run(runId)];
    if (wanted === undefined && found === undefined) return;
    if (wanted !== undefined && saysTheSame(found, wanted)) return;
    count.faults += 1;
    onFault({ runId, fault: found === undefined ? 'missing' : wanted === undefined ? 'extra' : 'different' });
    if (repairs) await log.renew(runId);
  };

  const documents = log.everyDocument()[Symbol.asyncIterator]();
  let next = await documents.next();
  const compare = async (runId: string, wanted: LogDocument | undefined): Promise<void> => {
    // Both come by rising id: documents of lower ids have no events.
    while (next.done !== true && next.value._id < runId) {
      await suspect(next.value._id);
      count.documents += 1;
      next = await documents.next();
    }
    const found = next.done !== true && next.value._id === runId ? next.value : undefined;
    if (found) {
      count.documents += 1;
      next = await documents.next();
    }
    if (!isDeepStrictEqual(found, wanted) && !saysTheSame(found, wanted)) await suspect(runId);
    const madeAt = timeOfId(runId);
    if (!repairs || !wanted || madeAt === undefined) return;
    const hour = hourOf(madeAt);
    touched.set(hour, (touched.get(hour) ?? new Set()).add(wanted.jobName));
  };

  const addChange = async (event: StoredRunEvent | undefined): Promise<void> => {
    if (event && event.type !== 'unknown') changes.push(event);
    if (!repairs || (event && changes.length < AUDIT_AT_ONCE)) return;
    if (changes.length > 0) await log.renewAudit(changes);
    changes = [];
  };

  let current: { readonly runId: string; readonly kept: ReturnType<typeof createKept> } | undefined;
  const endRun = async (): Promise<void> => {
    if (!current) return;
    count.runs += 1;
    await compare(current.runId, projectionOf(current.kept.events()).document);
    current = undefined;
  };
  for await (const event of log.everyEvent()) {
    count.events += 1;
    if (count.events % TELL_EVERY === 0) onProgress({ ...count });
    const runId = runIdOf(event) ?? (event.type === 'unknown' ? runIn(event.id) : undefined);
    if (runId === undefined) {
      if (event.type === 'jobSaved' || event.type === 'jobDeleted' || event.type === 'cursorSet') await addChange(event);
      continue;
    }
    if (current?.runId !== runId) {
      await endRun();
      current = { runId, kept: createKept() };
    }
    current.kept.add(event);
  }
  await endRun();
  for (; next.done !== true; next = await documents.next()) {
    await suspect(next.value._id);
    count.documents += 1;
  }
  await addChange(undefined);
  for (const [hour, jobs] of touched) {
    const stats = await log.statsOf(hour, [...jobs]);
    // Marks stay: whoever leads makes those of hours that go on once more.
    await log.putHours(stats.map((each) => ({ ...each, mark: '' })));
    count.hours += stats.length;
  }
  onProgress({ ...count });
  return count;
};

/** The run that an event of a newer version is of, by its id. */
const runIn = (id: string): string | undefined => (/^(tick|job)\//.test(id) ? undefined : /^([^/]+)\//.exec(id)?.[1]);
