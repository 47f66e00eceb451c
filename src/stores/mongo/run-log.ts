import type { Logger } from 'pino';
import { runIdOf } from '../../domain/events.ts';
import type { LogDocument } from '../../domain/run.ts';
import { systemClock, type Clock } from '../../streams/clock.ts';
import type { LogUpkeep, RunLog } from '../../streams/ports.ts';
import { hoursOf } from '../project.ts';
import { appendTo } from './append.ts';
import { connectionTo } from './connection.ts';
import { projectInto } from './documents.ts';
import { hoursIn } from './hours.ts';
import { makeIndexes } from './indexes.ts';
import { inPrefix } from './range.ts';
import { fromRow, type EventRow } from './rows.ts';
import { isOurs, runsFrom, runsOfTicks } from './runs.ts';
import { addToAudit, mongoUpkeep, type AuditRow } from './upkeep.ts';

export type MongoOptions = {
  readonly url: string;
  readonly database?: string;
  /** Limit of every call; four times that for an append, which is several. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Makes the indexes that lists need, in the background: for who serves. */
  readonly hasIndexes?: boolean;
  readonly log?: Pick<Logger, 'warn'>;
};

/** The run log in a server of the MongoDB protocol. All queries are of the common subset of MongoDB 6 to 8 and FerretDB 1.24. Connects when it is first asked; a server that is
 *  away is `Unavailable`, and the next call tries again. Writes wait for a majority where there is a replica set. */
export const openMongoRunLog = ({
  url,
  database = 'cron',
  timeoutMs = 10_000,
  clock = systemClock,
  hasIndexes = false,
  log,
}: MongoOptions): RunLog & LogUpkeep => {
  const { client, call, close } = connectionTo({ url, timeoutMs, clock });
  const db = client.db(database);
  const events = db.collection<EventRow>('events');
  const documents = db.collection<LogDocument>('log');
  const indexes = hasIndexes ? makeIndexes({ documents, call, clock, log }) : undefined;
  const store = appendTo(events);
  const audit = db.collection<AuditRow>('audit');
  const hours = hoursIn(
    { hours: db.collection('hours'), touched: db.collection('touched'), gone: db.collection('pruned') },
    clock,
  );
  const { bring, read, write } = projectInto({ events, documents, log });

  const eventsIn = async (prefix: string, after: string | undefined, limit: number) => {
    const rows = await events.find(inPrefix(prefix, after)).sort({ _id: 1 }).limit(limit).toArray();
    return rows.map(fromRow);
  };
  const eventsBefore = async (prefix: string, before: string | undefined, limit: number) => {
    const rows = await events
      .find(inPrefix(prefix, undefined, before))
      .sort({ _id: -1 })
      .limit(limit)
      .toArray();
    return rows.map(fromRow);
  };

  return {
    ...mongoUpkeep({ call, events, documents, audit, hours, read, write }),
    append: (batch) =>
      call(
        'append',
        async () => {
          const { refused, conflicts, stored } = await store(batch);
          await addToAudit(audit, stored);
          const changed = await bring(stored);
          if (changed.size > 0) await hours.touch(hoursOf(stored.filter((event) => changed.has(runIdOf(event) ?? ''))).values());
          return { refused, conflicts };
        },
        4,
      ),
    eventsOf: (runId, { after, limit }) => call('events of a run', () => eventsIn(`${runId}/`, after, limit)),
    eventsAbout: (prefix, page) =>
      call('events', () =>
        page.isDown ? eventsBefore(prefix, page.before, page.limit) : eventsIn(prefix, page.after, page.limit),
      ),
    runsOfTicks: (job, page) => call('runs of ticks', () => runsOfTicks(documents, job, page)),
    event: (id) =>
      call('event', async () => {
        const row = await events.findOne({ _id: id });
        return row ? fromRow(row) : undefined;
      }),
    runs: (query) => call('runs', () => runsFrom(documents, query)),
    run: (runId) =>
      call('run', async () => {
        const found = await documents.findOne({ _id: runId });
        return found && isOurs(found) ? found : undefined;
      }),
    ping: () =>
      call('ping', async () => {
        await db.command({ ping: 1 });
      }),
    close: () => {
      indexes?.end();
      return close();
    },
  };
};
