import { isDeepStrictEqual } from 'node:util';
import { defer, firstValueFrom, timeout, throwError } from 'rxjs';
import { eventId, parseRunEvent, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';
import type { LogDocument } from '../../domain/run.ts';
import { systemClock, type Clock } from '../../streams/clock.ts';
import { Unavailable, type RunLog, type RunsQuery } from '../../streams/ports.ts';
import { documentOf, touchedRuns } from '../project.ts';
import { matchesQuery } from '../query.ts';
import type { Embedded } from './env.ts';

export type EmbeddedRunLogOptions = { readonly env: Embedded; readonly clock?: Clock; readonly deadlineMs?: number };

const PAGE = 500;

/** The port in one process, on lmdb. What `append` answers is on the disk. `close` leaves the environment open: it is its owner's. */
export const createEmbeddedRunLog = ({ env, clock = systemClock, deadlineMs = 10_000 }: EmbeddedRunLogOptions): RunLog => {
  // Keys are UTF-8 bytes, so that their order is the ids' own; values are msgpack, which keeps bytes.
  const events = env.root.openDB<unknown, Buffer>({ name: 'events', keyEncoding: 'binary' });
  const log = env.root.openDB<LogDocument, Buffer>({ name: 'log', keyEncoding: 'binary' });
  /** `<job>\0<run id>`: the runs of one job without looking at all others. */
  const byJob = env.root.openDB<true, Buffer>({ name: 'log.byJob', keyEncoding: 'binary' });
  let isClosed = false;

  const call = <T>(act: () => Promise<T>): Promise<T> => {
    if (isClosed) return Promise.reject(new Unavailable('The embedded run log is closed.'));
    const late = {
      first: deadlineMs,
      scheduler: clock.scheduler,
      with: () => throwError(() => new Unavailable(`The data folder ${env.dir} did not answer within ${String(deadlineMs)} ms.`)),
    };
    return firstValueFrom(defer(act).pipe(timeout(late)));
  };

  const range = (prefix: string, after: string | undefined, limit: number): readonly StoredRunEvent[] => {
    const start = after === undefined ? Buffer.from(prefix) : Buffer.concat([Buffer.from(after), Buffer.from([0])]);
    return [...events.getRange({ start, end: endOf(prefix) ?? LAST_KEY, limit })].map(({ key, value }) =>
      parseRunEvent(key.toString('utf8'), value),
    );
  };

  const project = async (runId: string): Promise<void> => {
    const document = await documentOf(PAGE, (after) => Promise.resolve(range(`${runId}/`, after, PAGE)));
    if (!document) return;
    await Promise.all([log.put(Buffer.from(runId), document), byJob.put(Buffer.from(`${document.jobName}\0${runId}`), true)]);
  };

  const append = async (batch: readonly RunEvent[]) => {
    const refused: { event: RunEvent; reason: string }[] = [];
    const conflicts: string[] = [];
    const puts: Promise<boolean>[] = [];
    const fresh = new Map<string, RunEvent>();
    for (const event of batch) {
      const id = eventId(event);
      const key = Buffer.from(id);
      if (key.length > MOST_KEY_BYTES) {
        refused.push({
          event,
          reason: `its id has ${String(key.length)} bytes, at most ${String(MOST_KEY_BYTES)} can be stored`,
        });
        continue;
      }
      const before = fresh.get(id) ?? events.get(key);
      if (before === undefined) {
        fresh.set(id, event);
        puts.push(events.put(key, event));
      } else if (!isDeepStrictEqual(comparable(before), comparable(event))) conflicts.push(id);
    }
    await Promise.all(puts);
    const touched = await touchedRuns(batch, (runIds) =>
      Promise.resolve(new Set(runIds.filter((id) => log.doesExist(Buffer.from(id))))),
    );
    for (const runId of touched) await project(runId);
    return { refused, conflicts };
  };

  const runs = (query: RunsQuery) => {
    const items: LogDocument[] = [];
    let nextCursor: string | undefined;
    for (const document of newestFirst(query)) {
      if (!matchesQuery(query, document)) continue;
      if (items.length === query.limit) {
        nextCursor = items.at(-1)?._id;
        break;
      }
      items.push(document);
    }
    return Promise.resolve({ items, ...(nextCursor === undefined ? {} : { nextCursor }) });
  };

  function* newestFirst({ job, cursor }: RunsQuery): Generator<LogDocument> {
    const prefix = job === undefined ? '' : `${job}\0`;
    const start = cursor === undefined ? endOf(prefix) : Buffer.from(`${prefix}${cursor}`);
    const walk = { ...(start ? { start } : {}), end: Buffer.from(prefix), reverse: true };
    if (job === undefined) {
      for (const { key, value } of log.getRange(prefix === '' ? { ...(start ? { start } : {}), reverse: true } : walk))
        if (key.toString('utf8') !== cursor) yield value;
      return;
    }
    for (const { key } of byJob.getRange(walk)) {
      const runId = key.toString('utf8').slice(prefix.length);
      const document = runId === cursor ? undefined : log.get(Buffer.from(runId));
      if (document) yield document;
    }
  }

  return {
    append: (batch) => call(() => append(batch)),
    eventsOf: (runId, { after, limit }) => call(() => Promise.resolve(range(`${runId}/`, after, limit))),
    eventsAbout: (prefix, { after, limit }) => call(() => Promise.resolve(range(prefix, after, limit))),
    event: (id) =>
      call(() => {
        const found = events.get(Buffer.from(id));
        return Promise.resolve(found === undefined ? undefined : parseRunEvent(id, found));
      }),
    runs: (query) => call(() => runs(query)),
    run: (runId) => call(() => Promise.resolve(log.get(Buffer.from(runId)))),
    ping: () => call(() => Promise.resolve()),
    close: async () => {
      isClosed = true;
      await Promise.all([events.flushed, log.flushed, byJob.flushed]);
    },
  };
};

const LAST_KEY = Buffer.from([0xff]);
/** lmdb's own limit. */
const MOST_KEY_BYTES = 1_978;

/** The first key behind all that begin with the prefix; UTF-8 has no byte 0xff, so the last byte can always be raised. */
const endOf = (prefix: string): Buffer | undefined => {
  if (prefix === '') return undefined;
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
};

/** Bytes compare as bytes, whatever kind of array holds them. */
const comparable = (event: unknown): unknown =>
  typeof event === 'object' && event !== null && 'data' in event && event.data instanceof Uint8Array
    ? { ...event, data: Buffer.from(event.data).toString('base64') }
    : event;
