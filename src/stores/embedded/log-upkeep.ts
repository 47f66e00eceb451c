import { eventId, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';
import { goesOn } from '../../domain/retention.ts';
import { createSum, hourOf, timeOfId, type HourStats, type Tally } from '../../domain/stats.ts';
import type { LogUpkeep, Projected } from '../../streams/ports.ts';
import { changesIn, hoursOf, mayGoOn, settle } from '../project.ts';
import { breath } from './breath.ts';
import type { Embedded } from './env.ts';
import type { LogDocuments } from './log-documents.ts';
import type { LogEvents } from './log-events.ts';
import type { LogHours } from './log-hours.ts';
import { keyOf } from './log-keys.ts';

type Call = <T>(act: () => Promise<T> | T) => Promise<T>;
export type LogAudit = ReturnType<typeof openLogAudit>;

/** In one transaction at most so many events are removed: everybody waits for it. */
const AT_ONCE = 500;
const PAGE = 64;
const FACTS_AT_ONCE = 500;

/** The ids of the events that tell of changes of jobs, by time. */
export const openLogAudit = ({ root }: Embedded) => {
  const audit = root.openDB<string, Buffer>({ name: 'audit', keyEncoding: 'binary' });
  return {
    /** To be called in a transaction. */
    add: (events: readonly RunEvent[]): void => {
      for (const { id, event } of changesIn(events)) void audit.put(keyOf(id), event);
    },
    page: (before: string | undefined, limit: number): readonly string[] => {
      const range = { start: keyOf(before ?? '\u{10ffff}'), reverse: true, limit: limit + 1 };
      return [...audit.getRange(range)]
        .filter(({ key }) => before === undefined || key.toString('utf8') < before)
        .slice(0, limit)
        .map(({ value }) => value);
    },
  };
};

type Parts = {
  readonly env: Embedded;
  readonly call: Call;
  readonly read: (runId: string) => Promise<Projected>;
  readonly events: LogEvents;
  readonly documents: LogDocuments;
  readonly hours: LogHours;
  readonly audit: LogAudit;
};

/** What keeps the embedded run log small and its projections true. */
export const embeddedUpkeep = ({ env: { root }, call, read, events, documents, hours, audit }: Parts): LogUpkeep => {
  async function* every<T>(page: (after: string | undefined) => readonly T[], idOf: (item: T) => string): AsyncGenerator<T> {
    for (let after: string | undefined; ;) {
      const bound = after;
      const items = await call(() => page(bound));
      yield* items;
      const last = items.at(-1);
      if (last === undefined) return;
      after = idOf(last);
      await breath();
    }
  }
  const touchOf = (job: string, runId: string): void => {
    hours.touch(
      hoursOf([{ v: 1, type: 'signalled', job, runId, attempt: 1, seq: 0, at: '', signal: '', cause: 'killed' }]).values(),
    );
  };
  const write = (runId: string, projected: Projected): Promise<void> =>
    root.transaction(() => {
      const job = projected.document?.jobName ?? documents.get(runId)?.jobName;
      if (projected.attempt === 0) documents.remove(runId);
      else documents.write(runId, projected);
      if (job !== undefined) touchOf(job, runId);
    });

  /** Page by page, each with a limit of its own: a job may have run a hundred times a second. */
  const tallyIn = async (hour: number, job: string): Promise<Tally> => {
    const sum = createSum();
    for (let after: string | undefined; ;) {
      const page = await call(() => documents.facts(job, hour, after, FACTS_AT_ONCE));
      for (const { facts } of page) if (facts) sum.run(facts);
      await breath();
      after = page.at(-1)?.runId;
      if (page.length === FACTS_AT_ONCE) continue;
      const gone = await call(() => hours.goneOf(hour, job));
      if (gone) sum.add(gone);
      return sum.tally();
    }
  };

  return {
    everyEvent: () => every((after) => events.page(after, PAGE), eventId),
    everyDocument: () =>
      every(
        (after) => documents.page(after, PAGE),
        ({ _id }) => _id,
      ),
    projected: (runId) => call(() => read(runId)),
    renew: (runId) =>
      call(() =>
        settle(
          () => read(runId),
          (projected) => write(runId, projected),
        ),
      ),
    renewAudit: (batch) =>
      call(() =>
        root.transaction(() => {
          audit.add(batch);
        }),
      ),
    audit: ({ before, limit }) => call(() => audit.page(before, limit).flatMap((id) => events.get(id) ?? [])),
    oldestRuns: (page) => call(() => documents.oldest(page)),
    nthRun: (job, n) => call(() => documents.nth(job, n)),
    forgetRuns: (runs) =>
      call(async () => {
        let removed = 0;
        const left = [...runs];
        while (left.length > 0) {
          await root.transaction(() => {
            for (let room = AT_ONCE, [run] = left; room > 0 && run !== undefined; [run] = left) {
              const count = events.remove(`${run.id}/`, undefined, room);
              removed += count;
              room -= count;
              if (room === 0) return; // there may be more of it
              // The last of it: a run that is removed in part is found again.
              const madeAt = timeOfId(run.id);
              if (documents.remove(run.id) && run.counted && madeAt !== undefined) hours.addGone(hourOf(madeAt), run.counted);
              left.shift();
            }
          });
          await breath();
        }
        return { events: removed };
      }),
    goingOn: async (runIds) => {
      const found = new Set<string>();
      for (const runId of runIds) {
        if (!mayGoOn(await call(() => documents.get(runId)))) continue;
        const told: StoredRunEvent[] = [];
        for await (const event of every((after) => events.range(`${runId}/`, after, PAGE), eventId))
          if (event.type !== 'output') told.push(event);
        if (goesOn(told)) found.add(runId);
      }
      return found;
    },
    forgetTicks: ({ after, before, limit }) =>
      call(async () => {
        const first = events.first('tick/', after === undefined ? undefined : `tick/${after}/\u{10ffff}`);
        const job = first?.split('/')[1];
        if (job === undefined) return undefined;
        const most = Math.min(limit, AT_ONCE);
        let removed = 0;
        for (let found = most; found === most && removed < limit;) {
          found = await root.transaction(() =>
            events.remove(`tick/${job}/`, `tick/${job}/${before}`, Math.min(most, limit - removed)),
          );
          removed += found;
          await breath();
        }
        return { job, events: removed };
      }),
    touchedHours: (page) => call(() => hours.touched(page)),
    statsOf: async (hour, jobs) => {
      const all: HourStats[] = [];
      for (const job of jobs) all.push({ job, hour, ...(await tallyIn(hour, job)) });
      return all;
    },
    putHours: (all) =>
      call(() =>
        root.transaction(() => {
          hours.put(all);
        }),
      ),
    hours: async function* (query) {
      for (let next: Buffer | undefined; ;) {
        const { stats, after } = await call(() => hours.page(query, next));
        yield stats;
        if (after === undefined) return;
        next = after;
        await breath();
      }
    },
    forgetHours: (before, limit) => call(() => root.transaction(() => hours.remove(before, limit))),
  };
};
