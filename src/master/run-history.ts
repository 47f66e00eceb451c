import { attemptPrefix, eventId, type StoredRunEvent } from '../domain/events.ts';
import { toMs } from '../domain/instant.ts';
import { applyRunEvent, defined, type Run } from '../domain/run.ts';
import type { LiveRun } from '../domain/values.ts';
import type { RunView } from '../domain/wire.ts';
import { sleep, type Clock } from '../streams/clock.ts';
import type { RunsQuery } from '../streams/ports.ts';
import type { RouteStores } from './errors.ts';
import { noSuchRun } from './problems.ts';
import type { Projection } from './projection.ts';
import { spooledRuns } from './spools.ts';
import { presentView } from './views.ts';

const FIRST_EVENTS = 20;
const EVENTS_PAGE = 200;
/** Who reads from the end mostly wants little. */
const DOWN_PAGE = 20;

/** What a run printed is in the log alone, a moment after its end was seen: a search by text, and who reads the output, wait so long for runs that ended just now. */
const [JUST_NOW_MS, LOGGED_WITHIN_MS, LOGGED_LOOK_MS, MOST_AWAITED] = [10_000, 3_000, 100, 50];

export type RunHistory = ReturnType<typeof createRunHistory>;

/** Runs as one list: what waits and runs comes from the projection, what has ended from the run log, nothing twice. */
export const createRunHistory = ({ runLog }: Pick<RouteStores, 'runLog'>, { seen }: Pick<Projection, 'seen'>, clock: Clock) => {
  const liveOf = (id: string): RunView | undefined => presentView(seen, id);

  const liveOnes = (): readonly RunView[] =>
    [...new Set([...seen.queue.keys(), ...seen.runs.keys()])].flatMap((id) => {
      const run = liveOf(id);
      return run ? [run] : [];
    });

  /** Until what has ended is in the log too, so that whoever was told of an end finds what was printed; a log that lags is not waited for. */
  const logged = async (isAsked: (live: LiveRun) => boolean): Promise<void> => {
    const since = clock.now() - JUST_NOW_MS;
    let missing = [...seen.runs.values()]
      .flatMap(({ live }) => (hasEnded(live) && toMs(live.endedAt) > since && isAsked(live) ? [live.runId] : []))
      .slice(-MOST_AWAITED);
    for (let waited = 0; waited < LOGGED_WITHIN_MS; waited += LOGGED_LOOK_MS) {
      const found = await Promise.all(missing.map((id) => runLog.run(id)));
      missing = missing.filter((_id, index) => found[index] === undefined);
      if (missing.length === 0) return;
      await sleep(LOGGED_LOOK_MS, clock);
    }
  };

  /** Newest first. Ids are UUIDv7: their order is that of time, in either source. */
  const list = async (query: RunsQuery): Promise<{ readonly items: readonly RunView[]; readonly nextCursor?: string }> => {
    if (query.q !== undefined && query.cursor === undefined)
      await logged(({ job }) => query.job === undefined || job === query.job);
    const found = await runLog.runs(query);
    // The log's page ends where its last item is: older live runs belong to a later page.
    const end = found.nextCursor === undefined ? undefined : found.items.at(-1)?._id;
    const byId = new Map<string, RunView>();
    for (const run of liveOnes()) if (isAsked(query, run) && (end === undefined || run.id >= end)) byId.set(run.id, run);
    for (const { run } of found.items) byId.set(run.id, run);
    const all = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    const items = all.slice(0, query.limit);
    const last = items.at(-1);
    const isMore = all.length > items.length || found.nextCursor !== undefined;
    return { items, ...(last && isMore && { nextCursor: last.id }) };
  };

  /** The run as it is now: the run log knows what the run key does not (started, pid), the run key is the newer of the two while it lives. */
  const get = async (id: string): Promise<RunView> => {
    const live = liveOf(id);
    if (live?.state === 'queued') return live;
    const document = live?.state === 'running' ? undefined : await runLog.run(id);
    if (document) return document.run;
    const events = await runLog.eventsOf(id, { limit: FIRST_EVENTS });
    const run = events.reduce<Run | undefined>(applyRunEvent, live);
    if (!run) throw noSuchRun(id, spooledRuns(seen.workers.values()));
    return run;
  };

  const mustExist = async (id: string): Promise<void> => {
    if (!liveOf(id) && (await runLog.eventsOf(id, { limit: 1 })).length === 0)
      throw noSuchRun(id, spooledRuns(seen.workers.values()));
  };

  /** Until the run log has the output of a run whose end is known: what is read then is whole. */
  const settled = (id: string): Promise<void> => logged(({ runId }) => runId === id);

  /** All events of a run from its first, in pages: no more than one page is in memory. */
  async function* eventsOf(id: string, attempt?: number, from?: string): AsyncGenerator<StoredRunEvent> {
    // The attempts before it are passed over.
    let after = from ?? (attempt === undefined ? undefined : attemptPrefix(id, attempt));
    for (;;) {
      const page = await runLog.eventsOf(id, { limit: EVENTS_PAGE, ...(after === undefined ? {} : { after }) });
      for (const event of page) if (attempt === undefined || ('attempt' in event && event.attempt === attempt)) yield event;
      const last = page.at(-1);
      if (!last || page.length < EVENTS_PAGE) return;
      after = eventId(last);
    }
  }

  /** All events of a run, or of one attempt, from its last. */
  async function* eventsDown(id: string, attempt?: number): AsyncGenerator<StoredRunEvent> {
    const prefix = attempt === undefined ? `${id}/` : attemptPrefix(id, attempt);
    for (let before: string | undefined; ;) {
      const page = await runLog.eventsAbout(prefix, { isDown: true, limit: DOWN_PAGE, ...defined({ before }) });
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < DOWN_PAGE) return;
      before = eventId(last);
    }
  }

  return { list, get, mustExist, settled, eventsOf, eventsDown, liveOf };
};

/** One that is to be tried again has no document yet. */
const hasEnded = (live: LiveRun): live is LiveRun & { readonly endedAt: string } =>
  live.endedAt !== undefined && live.nextAttemptAt === undefined;

const isAsked = (query: RunsQuery, run: RunView): boolean => {
  const fireTime = toMs(run.fireTime);
  const q = query.q?.toLowerCase();
  return (
    (query.cursor === undefined || run.id < query.cursor) &&
    (query.job === undefined || run.job === query.job) &&
    (query.outcome === undefined || (run.outcome !== undefined && query.outcome.split(',').includes(run.outcome))) &&
    (query.worker === undefined || run.worker === query.worker || run.workerName === query.worker) &&
    (query.from === undefined || fireTime >= query.from) &&
    (query.to === undefined || fireTime <= query.to) &&
    (q === undefined || run.job.toLowerCase().includes(q) || (run.error ?? '').toLowerCase().includes(q))
  );
};
