import type { AbstractCursor, Collection, Filter } from 'mongodb';
import type { RunEvent } from '../../domain/events.ts';
import type { LogDocument } from '../../domain/run.ts';
import { goesOn } from '../../domain/retention.ts';
import { createSum, factsOf, HOUR_MS, leastIdAt } from '../../domain/stats.ts';
import type { LogUpkeep, Projected } from '../../streams/ports.ts';
import { changesIn, hoursOf, settle } from '../project.ts';
import { byIds } from './by-ids.ts';
import type { MongoHours } from './hours.ts';
import { insertEach } from './insert.ts';
import { inPrefix } from './range.ts';
import { fromRow, type EventRow } from './rows.ts';
import { isOurs } from './runs.ts';

export type AuditRow = { readonly _id: string; readonly event: string };
type Call = <T>(what: string, act: () => Promise<T>, messages?: number) => Promise<T>;

type Parts = {
  readonly call: Call;
  readonly events: Collection<EventRow>;
  readonly documents: Collection<LogDocument>;
  readonly audit: Collection<AuditRow>;
  readonly hours: MongoHours;
  readonly read: (runId: string) => Promise<Projected>;
  readonly write: (runId: string, projected: Projected) => Promise<void>;
};

/** Outputs have up to 64 kB. */
const BATCH = 100;
/** Beyond so many jobs all runs of the hour are read, rather than those of each. */
const FEW_JOBS = 50;
/** What statistics look at: without the command and the like, of which there may be much more. */
const FACTS = { 'run.job': 1, 'run.outcome': 1, 'run.trigger': 1, 'run.durationMs': 1, 'run.latenessMs': 1 } as const;

/** Lists changes of jobs by time, so that an audit need not go through all events. */
export const addToAudit = async (audit: Collection<AuditRow>, batch: readonly RunEvent[]): Promise<void> => {
  await insertEach(
    audit,
    changesIn(batch).map(({ id, event }) => ({ _id: id, event })),
  );
};

/** What keeps the run log in a server of the MongoDB protocol small and its projections true. */
export const mongoUpkeep = ({ call, events, documents, audit, hours, read, write }: Parts): LogUpkeep => {
  /** One cursor, each of its messages with a limit of its own: a server that cannot find a place by its id (FerretDB) goes through the collection once, not once a page. */
  async function* pages<T>(what: string, open: () => AbstractCursor<T>): AsyncGenerator<readonly T[]> {
    const cursor = await call(what, async () => open());
    try {
      for (;;) {
        const row = await call(what, () => cursor.next());
        if (row === null) return;
        yield [row, ...cursor.readBufferedDocuments()];
      }
    } finally {
      await cursor.close().catch(() => undefined);
    }
  }
  async function* every<T>(what: string, open: () => AbstractCursor<T>): AsyncGenerator<T> {
    for await (const page of pages(what, open)) yield* page;
  }
  async function* everyEvent() {
    const open = () => events.find({ _id: { $gt: '' } }, { batchSize: BATCH, noCursorTimeout: false }).sort({ _id: 1 });
    for await (const row of every('all events', open)) yield fromRow(row);
  }
  async function* everyDocument() {
    const open = () => documents.find({ _id: { $gt: '' } }, { batchSize: BATCH }).sort({ _id: 1 });
    for await (const row of every('all runs', open)) if (isOurs(row)) yield row;
  }
  const touchOf = async (job: string | undefined, runId: string): Promise<void> => {
    if (job === undefined) return;
    const event = { v: 1, type: 'signalled', job, runId, attempt: 1, seq: 0, at: '', signal: '', cause: 'killed' } as const;
    await hours.touch(hoursOf([event]).values());
  };

  return {
    everyEvent,
    everyDocument,
    projected: (runId) => call('events of a run', () => read(runId), 3),
    renew: (runId) =>
      call(
        'renew a run',
        async () => {
          const before = await documents.findOne({ _id: runId }, { projection: { jobName: 1 } });
          let job = before?.jobName;
          await settle(
            () => read(runId),
            async (projected) => {
              job = projected.document?.jobName ?? job;
              if (projected.attempt === 0) await documents.deleteOne({ _id: runId, 'run.id': runId });
              else await write(runId, projected);
            },
          );
          await touchOf(job, runId);
        },
        3,
      ),
    renewAudit: (batch) => call('audit', () => addToAudit(audit, batch), 3),
    audit: ({ before, limit }) =>
      call(
        'audit',
        async () => {
          const found = await audit
            .find(before === undefined ? {} : { _id: { $lt: before } })
            .sort({ _id: -1 })
            .limit(limit)
            .toArray();
          const rows = new Map<string, EventRow>();
          for await (const row of byIds(
            events,
            found.map(({ event }) => event),
          ))
            rows.set(row._id, row);
          return found.flatMap(({ event }) => {
            const row = rows.get(event);
            return row ? [fromRow(row)] : [];
          });
        },
        2,
      ),
    oldestRuns: ({ job, after = '', limit }) =>
      call('oldest runs', async () => {
        const found = await documents
          .find({ _id: { $gt: after }, ...(job === undefined ? {} : { jobName: job }) })
          .sort({ _id: 1 })
          .limit(limit)
          .project<Pick<LogDocument, '_id' | 'jobName' | 'endTime' | 'run'>>({ jobName: 1, endTime: 1, 'run.id': 1, ...FACTS })
          .toArray();
        return found
          .filter((each) => isOurs(each as LogDocument))
          .map(({ _id, jobName, endTime, run }) => ({ id: _id, job: jobName, endTime, facts: factsOf(run) }));
      }),
    nthRun: (job, n) =>
      call('a run', async () => {
        const [found] = await documents
          .find({ _id: { $gt: '' }, jobName: job })
          .sort({ _id: -1 })
          .skip(n - 1)
          .limit(1)
          .project<Pick<LogDocument, '_id'>>({ _id: 1 })
          .toArray();
        return found?._id;
      }),
    forgetRuns: async (runs) => {
      let removed = 0;
      const { isDone } = await call('count what goes', () => hours.addGone(runs), 2 + runs.length);
      for (const { id } of runs) {
        // The document is the last of it: a run that is removed in part is found again.
        removed += (await call('forget events', () => events.deleteMany(inPrefix(`${id}/`)))).deletedCount;
        await call('forget a run', () => documents.deleteOne({ _id: id }));
      }
      isDone();
      return { events: removed };
    },
    goingOn: async (runIds) => {
      const found = new Set<string>();
      const candidates = await call('abandoned runs', () =>
        documents
          .find({ $and: [{ _id: { $in: [...runIds] } }, { $or: [{ reason: 'abandoned' }, { attempt: { $gt: 1 } }] }] })
          .project<Pick<LogDocument, '_id'>>({ _id: 1 })
          .toArray(),
      );
      for (const { _id } of candidates) {
        const ends = { type: { $in: ['overdue', 'attemptEnded', 'finished'] } };
        const told = await call('ends of a run', () => events.find({ ...inPrefix(`${_id}/`), ...ends }).toArray());
        if (goesOn(told.map(fromRow))) found.add(_id);
      }
      return found;
    },
    forgetTicks: async ({ after, before, limit }) => {
      const ids = async (filter: Filter<EventRow>, most: number): Promise<readonly string[]> => {
        const found = await call('ticks', () =>
          events.find(filter).sort({ _id: 1 }).limit(most).project<Pick<EventRow, '_id'>>({ _id: 1 }).toArray(),
        );
        return found.map(({ _id }) => _id);
      };
      const [first] = await ids(inPrefix('tick/', after === undefined ? undefined : `tick/${after}/\u{10ffff}`), 1);
      const job = first?.split('/')[1];
      if (job === undefined) return undefined;
      const old = await ids(inPrefix(`tick/${job}/`, undefined, `tick/${job}/${before}`), limit);
      if (old.length === 0) return { job, events: 0 };
      const { deletedCount } = await call('forget ticks', () => events.deleteMany({ _id: { $in: [...old] } }));
      return { job, events: deletedCount };
    },
    touchedHours: (page) => call('touched hours', () => hours.touched(page), page.job === undefined ? 1 : 20),
    statsOf: async (hour, jobs) => {
      const sums = new Map(jobs.map((job) => [job, createSum()]));
      const filter: Filter<LogDocument> = {
        _id: { $gt: leastIdAt(hour), $lt: leastIdAt(hour + HOUR_MS) },
        ...(jobs.length <= FEW_JOBS ? { jobName: { $in: [...jobs] } } : {}),
      };
      const open = () => documents.find(filter, { batchSize: 1_000 }).project<Pick<LogDocument, '_id' | 'run'>>(FACTS);
      const counted = new Set<string>();
      for (const { stats, ids } of await call('removed runs of an hour', () => hours.gone(hour, jobs))) {
        sums.get(stats.job)?.add(stats);
        for (const id of ids) counted.add(id);
      }
      for await (const page of pages('runs of an hour', open))
        for (const { _id, run } of page) if (!counted.has(_id)) sums.get(run.job)?.run(factsOf(run));
      return [...sums].map(([job, sum]) => ({ job, hour, ...sum.tally() }));
    },
    putHours: (all) => call('put hours', () => hours.put(all), Math.max(1, 2 * all.length)),
    hours: async function* (query) {
      for (const filter of hours.filters(query))
        for await (const rows of pages('hours', () => hours.rows(filter))) yield rows.map(hours.read);
    },
    forgetHours: (before, limit) => call('forget hours', () => hours.remove(before, limit), 2),
  };
};
