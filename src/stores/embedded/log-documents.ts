import type { LogDocument, Run } from '../../domain/run.ts';
import { isOfTick } from '../../domain/timeline.ts';
import { HOUR_MS, leastIdAt, type RunFacts } from '../../domain/stats.ts';
import type { OldRun, RunsQuery, TickRunsPage } from '../../streams/ports.ts';
import type { Projected } from '../project.ts';
import { matchesQuery } from '../query.ts';
import { breath } from './breath.ts';
import type { Embedded } from './env.ts';
import { keyOf } from './log-keys.ts';
import { briefOf, openLogLists, type Brief } from './log-lists.ts';

/** Documents looked at in one go: an output has up to 64 kB, and the loop belongs to the scheduler too. */
const AT_ONCE = 64;

export type FactsOfRun = { readonly runId: string; readonly facts: RunFacts | undefined };

export type LogDocuments = {
  /** The document of a run is now this one; without one, that of an earlier attempt goes. To be called in a transaction. */
  readonly write: (runId: string, projected: Projected) => void;
  readonly get: (runId: string) => LogDocument | undefined;
  readonly has: (runId: string) => boolean;
  /** Runs of a job's ticks, newest fire time first. */
  readonly ofTicks: (job: string, page: TickRunsPage) => readonly Run[];
  /** Rejects soon after nobody waits for it any more. */
  readonly find: (
    query: RunsQuery,
    isStopped: () => boolean,
  ) => Promise<{ readonly items: readonly LogDocument[]; readonly nextCursor?: string }>;
  /** By rising id, after the given one. */
  readonly page: (after: string | undefined, limit: number) => readonly LogDocument[];
  readonly oldest: (page: { readonly job?: string; readonly after?: string; readonly limit: number }) => readonly OldRun[];
  readonly nth: (job: string, n: number) => string | undefined;
  /** The runs of a job that were decided in an hour, after the given id, at most so many. */
  readonly facts: (job: string, hour: number, after: string | undefined, limit: number) => readonly FactsOfRun[];
  /** The document of a run goes, and all that leads to it; answers whether there was one. To be called in a transaction. */
  readonly remove: (runId: string) => boolean;
  /** Lists the runs of a log of an older version where they are not listed yet. */
  readonly fill: (isStopped: () => boolean) => Promise<void>;
};

/** The documents of ended runs in lmdb, by run id. */
export const openLogDocuments = ({ root }: Embedded): LogDocuments => {
  const log = root.openDB<LogDocument, Buffer>({ name: 'log', keyEncoding: 'binary' });
  const lists = openLogLists(root, log);
  const { byJob } = lists;
  /** `<job>\0<fire time>\0<run id>`, for runs of ticks: a page of the timeline without looking at outputs. */
  const byFireTime = root.openDB<Run, Buffer>({ name: 'log.byFireTime', keyEncoding: 'binary' });
  const keyInTime = ({ job, fireTime, id }: Pick<Run, 'job' | 'fireTime' | 'id'>): Buffer => keyOf(`${job}\0${fireTime}\0${id}`);

  const briefAt = (runId: string, found: Brief | true): Brief | undefined => {
    if (found !== true) return found;
    const document = log.get(Buffer.from(runId));
    return document && briefOf(document);
  };
  const inJob = (job: string, from: string, to: string, limit: number) =>
    [...byJob.getRange({ start: keyOf(`${job}\0${from}`), end: keyOf(`${job}\0${to}`), limit })].map(({ key, value }) => ({
      runId: key.toString('utf8').slice(`${job}\0`.length),
      value,
    }));

  const unlist = (document: LogDocument): void => {
    void byFireTime.remove(keyInTime(document.run));
    lists.remove(document);
  };

  return {
    write: (runId, { document, attempt }) => {
      const before = log.get(keyOf(runId));
      const isNewer = document !== undefined || (before && before.attempt < attempt);
      if (before && isNewer) unlist(before);
      if (document) {
        void log.put(Buffer.from(runId), document);
        lists.add(document);
        if (isOfTick(document.run)) void byFireTime.put(keyInTime(document.run), document.run);
      } else if (before && isNewer) void log.remove(Buffer.from(runId));
    },
    remove: (runId) => {
      const before = log.get(keyOf(runId));
      if (!before) return false;
      unlist(before);
      void log.remove(Buffer.from(runId));
      return true;
    },
    fill: lists.fill,
    page: (after, limit) =>
      [...log.getRange({ start: after === undefined ? keyOf('') : keyOf(`${after}\0`), limit })].map(({ value }) => value),
    oldest: ({ job, after = '', limit }) => {
      if (job !== undefined)
        return inJob(job, after === '' ? '' : `${after}\0`, '\u{10ffff}', limit).flatMap(({ runId, value }) => {
          const brief = briefAt(runId, value);
          return brief ? [{ id: runId, job, ...brief }] : [];
        });
      const start = after === '' ? keyOf('') : keyOf(`${after}\0`);
      return [...log.getRange({ start, limit })].map(({ value }) => ({
        id: value._id,
        job: value.jobName,
        ...briefOf(value),
      }));
    },
    nth: (job, n) => {
      const range = { start: keyOf(`${job}\0\u{10ffff}`), end: keyOf(`${job}\0`), reverse: true, offset: n - 1, limit: 1 };
      const [key] = byJob.getKeys(range);
      return key?.toString('utf8').slice(`${job}\0`.length);
    },
    facts: (job, hour, after, limit) =>
      inJob(job, after === undefined ? leastIdAt(hour) : `${after}\0`, leastIdAt(hour + HOUR_MS), limit).map(
        ({ runId, value }) => ({ runId, facts: briefAt(runId, value)?.facts }),
      ),
    get: (runId) => log.get(keyOf(runId)),
    has: (runId) => log.doesExist(keyOf(runId)),
    ofTicks: (job, { before, from = '', limit }) => {
      const top = keyInTime({ job, ...before });
      // Going down, the bound itself is among what is found, and `end` is not.
      const range = { start: top, end: keyOf(`${job}\0${from}`), reverse: true, limit: limit + 1 };
      return [...byFireTime.getRange(range)]
        .filter(({ key }) => Buffer.compare(key, top) < 0)
        .slice(0, limit)
        .map(({ value }) => value);
    },
    find: async (query, isStopped) => {
      const items: LogDocument[] = [];
      for (let { cursor } = query; ;) {
        const { runIds, next } = lists.page(query, cursor);
        for (const [index, runId] of runIds.entries()) {
          if (index % AT_ONCE === AT_ONCE - 1) await breath();
          if (isStopped()) throw new Error('nobody waits for it any more');
          if (!lists.has(query, runId)) continue;
          const document = log.get(keyOf(runId));
          if (!document || !matchesQuery(query, document)) continue;
          const last = items.at(-1);
          if (items.length >= query.limit) return { items, ...(last && { nextCursor: last._id }) };
          items.push(document);
        }
        if (next === undefined || isStopped()) return { items };
        cursor = next;
        await breath();
      }
    },
  };
};
