import { eventId, type StoredRunEvent } from '../domain/events.ts';
import { toInstant, toMs, type Instant } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { applyRunEvent, type Run } from '../domain/run.ts';
import { noteOfTick } from '../domain/schedule/explain.ts';
import type { ScheduleText } from '../domain/schedule/compile.ts';
import { parseCursor, type Cursor } from '../domain/tick.ts';
import {
  comingTicks,
  eventBound,
  isBelow,
  newerOf,
  nthAfter,
  pageOf,
  placeOfId,
  sourceOf,
  tickOfCursor,
  tickOfEvent,
  tickOfQueued,
  tickOfRun,
  topOf,
  type Place,
  type Placed,
  type Source,
} from '../domain/timeline.ts';
import { runOfLive, runOfQueued } from '../domain/values.ts';
import type { TickView } from '../domain/wire.ts';
import type { Language } from '../domain/words.ts';
import type { RouteStores } from './errors.ts';
import { noSuchJob } from './problems.ts';
import type { Projection } from './projection.ts';
import { seeJob, type SeenJob } from './seen.ts';
import { whyWaits } from './waits.ts';

/** All in ms since the epoch; `before` is the last place of the page before. */
export type TimelineQuery = {
  readonly from?: number;
  readonly to?: number;
  readonly before?: Place;
  readonly limit: number;
  readonly now: number;
  readonly language: Language;
};
export type TimelinePage = {
  readonly items: readonly TickView[];
  readonly next?: Place;
  /** The beginning of the window, for the pages that follow. */
  readonly from: number;
};

const DAY = 86_400_000;
/** Instants are compared as texts: all of them have four digits of the year. */
const within = (ms: number): number => Math.min(Math.max(ms, 0), Date.UTC(9999, 11, 31));
const COMING = 10;

export type Timelines = ReturnType<typeof createTimelines>;

/**
 * The timeline of a job: one read of its keys, the projection, and at most three bounded reads of the run log a page, whatever the window. Where it says `coming`, the cursor has not passed the tick.
 *
 * It tells what is on record. A past tick of which there is no record is not among the items, and nothing is made up for it: its record was removed by the run log's retention, or waits in the spool of
 * a worker that cannot reach the log database, or the job did not have this schedule at that time.
 */
export const createTimelines = ({
  stores: { coordination, runLog },
  keys,
  projection: { seen },
  scale,
}: {
  readonly stores: RouteStores;
  readonly keys: Keys;
  readonly projection: Pick<Projection, 'seen'>;
  readonly scale: number;
}) => {
  const read = async (name: string): Promise<{ readonly job: SeenJob | undefined; readonly cursor: Cursor | undefined }> => {
    const { reads } = await coordination.transact({
      then: [
        { type: 'get', key: keys.job(name) },
        { type: 'get', key: keys.tick(name) },
      ],
    });
    const [entry, cursor] = reads;
    const known = seen.jobs.get(name);
    const job = entry && (known?.revision === entry.revision ? known : seeJob(name, entry, scale));
    // Under placement `all` each worker decides for itself: the one that has come furthest says what is not coming any more.
    const own = job?.known?.job.mode === 'all' ? (await coordination.list(keys.tick(name, ''))).entries : [];
    const cursors = [cursor, ...own].flatMap((each) => (each && parseCursor(each.value)) ?? []);
    return {
      job,
      cursor:
        cursors
          .toSorted((a, b) => toMs(b.at) - toMs(a.at))
          .find((each, _index, all) => all.length === 1 || each.decision.hash === job?.known?.hash) ?? cursors[0],
    };
  };

  /** What the coordination store knows of runs and ticks. To be called before the run log is asked: what goes from here is there already. */
  const liveOnes = (name: string, cursor: Cursor | undefined): readonly Placed[] => {
    const runs = new Map<string, Run>();
    const add = (run: Run): unknown => runs.set(run.id, newerOf(runs.get(run.id), run));
    const waiting = seen.queueOfJob(name).map(({ queued }) => queued);
    for (const queued of waiting) if (queued.to === undefined) add(runOfQueued(queued));
    for (const { live } of seen.runsOfJob(name)) add(runOfLive(live));
    const ticks = waiting.flatMap((queued) => (queued.to === undefined ? [] : (tickOfQueued(queued) ?? [])));
    for (const told of seen.outboxOfJob(name)) {
      if (told.type === 'tickSkipped' || told.type === 'ticksMissed') ticks.push(tickOfEvent(told));
      else if (told.type !== 'jobSaved') {
        const run = applyRunEvent(runs.get(told.runId), told);
        if (run) runs.set(run.id, run);
      }
    }
    const last = cursor && seen.jobs.get(name)?.known?.job.mode !== 'all' ? tickOfCursor(name, cursor) : undefined;
    return [...(last ? [last] : []), ...placedRuns(runs.values()), ...ticks];
  };

  /** Who decided, by name, while that worker is there. */
  const named = (tick: TickView): TickView => {
    const name = tick.worker === undefined || tick.workerName !== undefined ? undefined : seen.workers.get(tick.worker)?.name;
    return name === undefined ? tick : { ...tick, workerName: name };
  };

  /** Why a tick that is due or waits has not begun. */
  const waiting = (name: string, tick: TickView, now: number, language: Language): TickView => {
    const { fate, fireTime, runId } = tick;
    if (fate !== 'waiting' && !(fate === 'coming' && toMs(fireTime) <= now)) return tick;
    const queued = seen
      .queueOfJob(name)
      .map((each) => each.queued)
      .find((each) => (runId === undefined ? fate === 'waiting' && each.fireTime === fireTime : each.runId === runId));
    const waitsFor = whyWaits(seen, name, { fireTime, queued }, language);
    return waitsFor === undefined ? tick : { ...tick, waitsFor };
  };

  /** How far the workers are, each with its own cursor (placement `all`): the job's is the mark alone. What the foremost has decided is coming for nobody. */
  const ownCursors = async (name: string, hash: string | undefined): Promise<readonly number[]> =>
    (await coordination.list(keys.tick(name, ''))).entries.flatMap(({ value }) => {
      const own = parseCursor(value);
      return own && own.decision.hash === hash ? [toMs(own.at)] : [];
    });

  const page = async (name: string, { from, to, before, limit, now, language }: TimelineQuery): Promise<TimelinePage> => {
    const { job, cursor } = await read(name);
    const schedule = job?.known?.job.enabled ? job.known.schedule : undefined;
    const cursorAt = cursor ? toMs(cursor.at) : undefined;
    // A cursor of another schedule knows nothing of this one's ticks.
    const isOfThis = cursorAt !== undefined && cursor?.decision.hash === job?.known?.hash;
    const decidedAt = isOfThis
      ? Math.max(cursorAt, ...(job?.known?.job.mode === 'all' ? await ownCursors(name, cursor?.decision.hash) : []))
      : Math.max(now, cursorAt ?? 0);
    const tenth = schedule && nthAfter(schedule, now, Math.min(COMING, limit));
    const end = within(to ?? Math.max(tenth ?? 0, now, cursorAt ?? 0));
    const start = within(from ?? Math.min(now, end) - DAY);
    const windowTop = topOf(toInstant(end));
    const top = before && isBelow(before, windowTop) ? before : windowTop;
    const fromAt = toInstant(start);

    const live = liveOnes(name, cursor);
    const prefix = `tick/${name}/`;
    const [runs, events, range] = await Promise.all([
      runLog.runsOfTicks(name, { before: { fireTime: top.at, id: top.id }, from: fromAt, limit: limit + 1 }),
      runLog.eventsAbout(prefix, { before: eventBound(prefix, top), isDown: true, limit: limit + 1 }),
      to !== undefined && before === undefined && end < now ? rangeAcross(prefix, windowTop.at, live) : undefined,
    ]);
    const coming = schedule ? comingTicks(schedule, { before: top, decidedAt, now, limit: limit + 1 }) : [];
    const known: Source = { ticks: live.filter(({ place }) => isBelow(place, top)) };
    const lastEvent = events.length > limit ? events.at(-1) : undefined;
    const { items, next } = pageOf(
      [
        sourceOf(coming, limit),
        known,
        sourceOf(placedRuns(runs), limit),
        { ticks: events.flatMap(placedEvent), ...(lastEvent && { end: placeOfId(eventId(lastEvent), prefix) }) },
        { ticks: range ? [range] : [] },
      ],
      { before: range ? topOf(range.place.at) : top, from: fromAt, limit },
    );
    if (!job && items.length === 0) throw noSuchJob(name);
    const told = items.map(named).map((tick) => waiting(name, tick, now, language));
    return { items: job ? told.map(noted(job, language)) : told, from: start, ...(next && { next }) };
  };

  /** The range of missed ticks that begins in the window and ends after it: why nothing ran at an instant. Ranges do not overlap, so it is the first event after the window. */
  const rangeAcross = async (prefix: string, end: Instant, live: readonly Placed[]): Promise<Placed | undefined> => {
    const logged = await runLog.eventsAbout(prefix, { after: eventBound(prefix, topOf(end)), limit: 1 });
    return [...live, ...logged.flatMap(placedEvent)].find(
      ({ place, tick }) => tick.to !== undefined && tick.fireTime <= end && place.at > end,
    );
  };

  return { page };
};

const placedRuns = (runs: Iterable<Run>): readonly Placed[] => [...runs].flatMap((run) => tickOfRun(run) ?? []);
const placedEvent = (event: StoredRunEvent): readonly Placed[] =>
  event.type === 'tickSkipped' || event.type === 'ticksMissed' ? [tickOfEvent(event)] : [];

/** What a change of the clock did to a tick, where the present schedule names it. */
const noted =
  ({ raw, known }: SeenJob, language: Language) =>
  (tick: TickView): TickView => {
    if (!known || tick.to !== undefined) return tick;
    const at = toMs(tick.fireTime);
    const fire = known.schedule.prev(at + 1);
    const note = fire?.fireTime === at ? noteOfTick(raw as ScheduleText, fire.nominalAt, language) : undefined;
    return note === undefined ? tick : { ...tick, note };
  };
