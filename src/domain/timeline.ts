import { eventId, type RunEvent } from './events.ts';
import { toInstant, toMs, type Instant } from './instant.ts';
import { defined, type Run } from './run.ts';
import type { CompiledSchedule } from './schedule/compile.ts';
import { latenessOf, type Cursor } from './tick.ts';
import { runOfQueued, type QueuedRun } from './values.ts';
import type { TickView } from './wire.ts';
import type { Trigger } from './words.ts';

/**
 * The timeline of a job: its ticks, coming and past, newest first, put together from what several places know. A tick stands at its fire time, a range that was
 * missed at its last one; neither ever changes, so a page goes on below the place where the one before ended, whatever became of the ticks meanwhile.
 */
export type Place = { readonly at: Instant; readonly id: string };
/** `isHint`: known by the cursor alone, and only where nobody knows more of that instant. */
export type Placed = { readonly place: Place; readonly tick: TickView; readonly isHint?: boolean };

/** The triggers of runs that do a tick. What a person asked for, or filled in later, is a run without one. */
export const TICK_TRIGGERS: readonly Trigger[] = ['schedule', 'catchUp'];
export const isOfTick = ({ trigger }: Pick<Run, 'trigger'>): boolean => TICK_TRIGGERS.includes(trigger);

/** Above everything that stands at an instant: a page that begins here begins with that instant. */
export const topOf = (at: Instant): Place => ({ at, id: '\uffff' });

/** Newest first; at one instant by falling id, as stores sort. */
export const comparePlaces = (a: Place, b: Place): number =>
  a.at === b.at ? (a.id === b.id ? 0 : a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1;
export const isBelow = (place: Place, other: Place): boolean => comparePlaces(place, other) > 0;

/** Under which id the events of a job's ticks that stand below a place begin: every such id is lower. */
export const eventBound = (prefix: string, { at, id }: Place): string =>
  id.startsWith(prefix) ? id : `${prefix}${at}${id < prefix ? '' : '0'}`;

/** Where the event of a tick stands, by its id alone: what cannot be read stands somewhere too. */
export const placeOfId = (id: string, prefix: string): Place => ({ at: id.slice(prefix.length, prefix.length + 24), id });

/** The tick that a run does; undefined for a run of no tick. One that ended before anybody had claimed it did not run. */
export const tickOfRun = (run: Run): Placed | undefined => {
  if (!isOfTick(run)) return undefined;
  const { id, fireTime, trigger, reason, worker, workerName, latenessMs, outcome, durationMs, by } = run;
  const hasBegun = run.claimedAt !== undefined || run.attempt > 1;
  const fate =
    run.state === 'queued' && !hasBegun
      ? 'waiting'
      : !hasBegun && (outcome === 'skipped' || outcome === 'killed')
        ? 'skipped'
        : 'ran';
  return {
    place: { at: fireTime, id },
    tick: {
      fireTime,
      fate,
      runId: id,
      trigger,
      ...defined({ reason, worker, workerName, outcome, durationMs, by }),
      ...(latenessMs !== undefined && { latenessMs: Math.max(0, latenessMs) }),
    },
  };
};

/** The ticks that wait: one, or a range of them of which each gets a run of its own, which stands where its last tick does. */
export const tickOfQueued = (queued: QueuedRun): Placed | undefined => {
  const placed = tickOfRun(runOfQueued(queued));
  const { to, count } = queued;
  if (!placed || to === undefined) return placed;
  const { runId: _, ...tick } = placed.tick;
  return { place: { at: to, id: queued.runId }, tick: { ...tick, to, ...defined({ count }) } };
};

/** The tick that was skipped, or the range that was missed. */
export const tickOfEvent = (event: Extract<RunEvent, { type: 'tickSkipped' | 'ticksMissed' }>): Placed => {
  const { reason } = event;
  // Where each worker has ticks of its own, it is that worker's.
  const worker = event.of ?? event.worker;
  if (event.type === 'tickSkipped') {
    const { fireTime, by, at } = event;
    const latenessMs = latenessOf(toMs(fireTime), toMs(at));
    return {
      place: { at: fireTime, id: eventId(event) },
      tick: { fireTime, fate: 'skipped', latenessMs, reason, ...defined({ worker, by }) },
    };
  }
  const { from, to, count, by, fate = 'missed' } = event;
  return {
    place: { at: to, id: eventId(event) },
    tick: { fireTime: from, fate, reason, to, ...defined({ count, worker, by }) },
  };
};

/** What the cursor says of the last decided tick: the only word of it for the moment in which its run or event has not been heard of yet. */
export const tickOfCursor = (job: string, { at, decision: { fate, reason, runId, worker } }: Cursor): Placed | undefined =>
  fate === undefined || fate === 'coming'
    ? undefined
    : {
        place: { at, id: runId ?? `tick/${job}/${at}` },
        tick: { fireTime: at, fate, ...defined({ reason, runId, worker }) },
        isHint: true,
      };

/** Ticks that nobody has decided yet, from the newest below `before` down to the first after `decidedAt` (ms). One whose time has come says how late it is. At most `limit` steps of the schedule. */
export const comingTicks = (
  schedule: CompiledSchedule,
  {
    before,
    decidedAt,
    now,
    limit,
  }: { readonly before: Place; readonly decidedAt: number; readonly now: number; readonly limit: number },
): readonly Placed[] => {
  const ticks: Placed[] = [];
  // A tick that is coming has the lowest of all ids: it stands below any other at its instant.
  let at = toMs(before.at) + (before.id === '' ? 0 : 1);
  while (ticks.length < limit) {
    const fire = schedule.prev(at);
    if (!fire || fire.fireTime <= decidedAt) break;
    at = fire.fireTime;
    const fireTime = toInstant(at);
    ticks.push({
      place: { at: fireTime, id: '' },
      tick: {
        fireTime,
        fate: 'coming',
        ...(at <= now && { latenessMs: latenessOf(at, now) }),
      },
    });
  }
  return ticks;
};

/** The fire time (ms) of the `count`-th tick after an instant, or the last there is; undefined where none comes. */
export const nthAfter = ({ next }: CompiledSchedule, after: number, count: number): number | undefined => {
  let last: number | undefined;
  for (let n = 0; n < count; n += 1) {
    const fire = next(last ?? after);
    if (!fire) break;
    last = fire.fireTime;
  }
  return last;
};

/** Of two pictures of one run, told in this order: the one of the later attempt, else the second. */
export const newerOf = (known: Run | undefined, run: Run): Run => (known && known.attempt > run.attempt ? known : run);

/** What one place knows of the ticks below `before`, newest first. With `end` there may be more below that place; without, that is all. */
export type Source = { readonly ticks: readonly Placed[]; readonly end?: Place };

/** A source that was asked for one more than `limit`. */
export const sourceOf = (ticks: readonly Placed[], limit: number): Source => {
  const last = ticks.at(-1);
  return { ticks, ...(last && ticks.length > limit && { end: last.place }) };
};

/** One page of the timeline. What two sources tell under one id counts as the later of them tells it, and a tick that anybody knows more of is not coming. `next` is where the following page goes on,
 *  if there is one. */
export const pageOf = (
  sources: readonly Source[],
  { before, from, limit }: { readonly before: Place; readonly from: Instant; readonly limit: number },
): { readonly items: readonly TickView[]; readonly next?: Place } => {
  const byPlace = new Map<string, Placed>();
  for (const placed of sources.flatMap(({ ticks }) => ticks)) byPlace.set(`${placed.place.at} ${placed.place.id}`, placed);
  const told = new Set([...byPlace.values()].flatMap(({ place: { at, id }, isHint }) => (id === '' || isHint ? [] : [at])));
  const hinted = new Set([...byPlace.values()].flatMap(({ place: { at }, isHint }) => (isHint ? [at] : [])));
  // Below the first of these ends it is not known what comes next.
  const [end] = sources.flatMap((source) => (source.end && source.end.at >= from ? [source.end] : [])).sort(comparePlaces);
  const all = [...byPlace.values()]
    .filter(({ place }) => place.at >= from && isBelow(place, before) && !(end && isBelow(place, end)))
    .filter(({ place: { at, id }, isHint }) => (isHint ? !told.has(at) : id !== '' || !(told.has(at) || hinted.has(at))))
    .sort((a, b) => comparePlaces(a.place, b.place));
  const page = all.slice(0, limit);
  const next = all.length > limit ? page.at(-1)?.place : end;
  return { items: page.map(({ tick }) => tick), ...(next && { next }) };
};
