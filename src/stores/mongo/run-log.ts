import { MongoClient, type Collection, type Filter } from 'mongodb';
import type { Logger } from 'pino';
import { defer, firstValueFrom, timeout } from 'rxjs';
import type { LogDocument } from '../../domain/run.ts';
import { systemClock, type Clock } from '../../streams/clock.ts';
import { Unavailable, type RunLog, type RunsQuery } from '../../streams/ports.ts';
import { runIdOf } from '../../domain/events.ts';
import { documentOf, touchedRuns, wholeRuns } from '../project.ts';
import { appendTo, fromRow, type EventRow } from './append.ts';

export type MongoOptions = {
  readonly url: string;
  readonly database?: string;
  /** Limit of every call. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly log?: Pick<Logger, 'warn'>;
};

/** Events of a run read at once while its document is made. */
const PAGE = 200;
/** FerretDB takes one of its hundred connections for each id or statement of a command that matches: few at a time. */
const STATEMENTS_AT_ONCE = 50;

/** The run log in a server of the MongoDB protocol. All queries are of the common subset of MongoDB 6 to 8 and FerretDB 1.24. Connects when it is first asked; a server that is
 *  away is `Unavailable`, and the next call tries again. */
export const openMongoRunLog = ({
  url,
  database = 'cron',
  timeoutMs = 10_000,
  clock = systemClock,
  log,
}: MongoOptions): RunLog => {
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: Math.min(timeoutMs, 5_000),
    connectTimeoutMS: timeoutMs,
    socketTimeoutMS: timeoutMs,
    waitQueueTimeoutMS: timeoutMs,
    maxPoolSize: 20,
    retryWrites: true,
    appName: 'cronstream',
  });
  const db = client.db(database);
  const events = db.collection<EventRow>('events');
  const documents = db.collection<LogDocument>('log');
  let indexed: Promise<unknown> | undefined;

  /** Failing to make an index slows reading down and breaks nothing: it is told and tried again with the next process. */
  const index = (): Promise<unknown> =>
    (indexed ??= documents
      .createIndexes([{ key: { jobName: 1, _id: -1 } }, { key: { outcome: 1, _id: -1 } }, { key: { worker: 1, _id: -1 } }])
      .catch((error: unknown) => {
        if (isAway(error)) indexed = undefined;
        else log?.warn({ err: error }, 'the indexes of the run log could not be made: lists will be slow');
      }));

  const call = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    try {
      // The driver's limits are for one message each; a call may send several.
      return await firstValueFrom(defer(act).pipe(timeout({ first: 3 * timeoutMs, scheduler: clock.scheduler })));
    } catch (error) {
      throw new Unavailable(`The log database at ${addressOf(url)} did not do it (${what}): ${wordsOf(error, url)}`, {
        cause: error,
      });
    }
  };

  const eventsIn = async (prefix: string, after: string | undefined, limit: number) => {
    const rows = await events
      .find({ _id: { $gt: after ?? prefix, $lt: endOf(prefix) } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
    return rows.map(fromRow);
  };

  const hasDocument = async (runIds: readonly string[]): Promise<ReadonlySet<string>> => {
    const found = new Set<string>();
    for (let at = 0; at < runIds.length; at += STATEMENTS_AT_ONCE)
      for (const { _id } of await documents
        .find({ _id: { $in: runIds.slice(at, at + STATEMENTS_AT_ONCE) } }, { projection: { _id: 1 } })
        .toArray())
        found.add(_id);
    return found;
  };

  const putDocuments = async (all: readonly LogDocument[]): Promise<void> => {
    for (let first = 0; first < all.length; first += STATEMENTS_AT_ONCE)
      await documents.bulkWrite(
        all
          .slice(first, first + STATEMENTS_AT_ONCE)
          .map((document) => ({ replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true } })),
        { ordered: false },
      );
  };

  /** Writes a run's document from all of its events. Two writers of one run (its worker, the leader) may race: whoever writes last has read last of the two or reads again,
   *  since each looks once more after its write and repeats while it finds other events. */
  const project = async (runId: string): Promise<void> => {
    for (let written = ''; ;) {
      const document = await documentOf(PAGE, (after) => eventsIn(`${runId}/`, after, PAGE));
      const text = JSON.stringify(document ?? '');
      if (!document || text === written) return;
      await putDocuments([document]);
      written = text;
    }
  };

  const store = appendTo(events);
  return {
    append: (batch) =>
      call('append', async () => {
        void index();
        const answer = await store(batch);
        const whole = wholeRuns(batch);
        await putDocuments([...whole.values()]);
        for (const runId of await touchedRuns(
          batch.filter((event) => !whole.has(runIdOf(event) ?? '')),
          hasDocument,
        ))
          await project(runId);
        return answer;
      }),
    eventsOf: (runId, { after, limit }) => call('events of a run', () => eventsIn(`${runId}/`, after, limit)),
    eventsAbout: (prefix, { after, limit }) => call('events', () => eventsIn(prefix, after, limit)),
    event: (id) =>
      call('event', async () => {
        const row = await events.findOne({ _id: id });
        return row ? fromRow(row) : undefined;
      }),
    runs: (query) => call('runs', () => runsFrom(documents, query)),
    run: (runId) => call('run', async () => (await documents.findOne({ _id: runId })) ?? undefined),
    ping: () =>
      call('ping', async () => {
        await db.command({ ping: 1 });
      }),
    close: () => client.close(true),
  };
};

const runsFrom = async (documents: Collection<LogDocument>, { job, outcome, worker, from, to, q, cursor, limit }: RunsQuery) => {
  const text = q === undefined ? undefined : { $regex: q.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&'), $options: 'i' };
  const filters: Filter<LogDocument>[] = [
    ...(cursor === undefined ? [] : [{ _id: { $lt: cursor } }]),
    ...(job === undefined ? [] : [{ jobName: job }]),
    ...(outcome === undefined ? [] : [{ outcome }]),
    ...(worker === undefined ? [] : [{ $or: [{ worker }, { 'run.workerName': worker }] }]),
    ...(from === undefined ? [] : [{ planTime: { $gte: from } }]),
    ...(to === undefined ? [] : [{ planTime: { $lte: to } }]),
    ...(text === undefined ? [] : [{ $or: [{ jobName: text }, { err: text }, { output: text }] }]),
  ];
  const found = await documents
    .find(filters.length === 0 ? {} : { $and: filters })
    .sort({ _id: -1 })
    .limit(limit + 1)
    .toArray();
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(found.length > limit && last ? { nextCursor: last._id } : {}) };
};

/** The first id behind all that begin with the prefix. All prefixes end in `/`, and `0` is the character after it. */
const endOf = (prefix: string): string => `${prefix.slice(0, -1)}0`;

const isAway = (error: unknown): boolean =>
  error instanceof Error && /selection|network|timeout|closed|ECONN/i.test(`${error.name} ${error.message}`);

/** Hosts alone: a URL may hold a password. */
const addressOf = (url: string): string => /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1] ?? 'the given address';
const wordsOf = (error: unknown, url: string): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(url, addressOf(url));
