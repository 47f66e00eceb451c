import type { RunEvent } from '../domain/events.ts';
import { gapOf } from '../domain/gap.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { dropQueued, freeLock, killRun, loseRun, markGone, markJob, missTicks, removeKeys, removeKill } from '../domain/moves.ts';
import { matches } from '../domain/placement.ts';
import { defined } from '../domain/run.ts';
import type { Compare, Transaction } from '../domain/transaction.ts';
import type { LiveRun } from '../domain/values.ts';
import type { Reason } from '../domain/words.ts';
import type { LeaderView } from './leader-view.ts';
import { markOf, markOfDeleted, NO_SCHEDULE, unknownPassed } from './mark.ts';

/** One write of the leader. `name` is for the log; a refused transaction means that the world moved on, and the next look sees it. */
export type Duty = { readonly name: string; readonly job?: string; readonly transaction: Transaction };

export type DutyContext = {
  readonly keys: Keys;
  /** Compares the leadership key's revision: who is no longer the leader writes nothing. */
  readonly leader: Compare;
  /** Wall clock, ms. */
  readonly now: number;
  /** Never steps: what is counted is counted by it. */
  readonly monotonic: number;
  /** Divides the lengths below, for tests. */
  readonly scale: number;
};

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Twice the clock limit and the last look of a worker: before that a worker may still claim the tick in good faith. */
const SETTLE_MARGIN_MS = 7_000;
/** A kill for a whole job stands at least for so long: longer than a feed that still counts as whole is behind. */
const BARE_KILL_MS = 10_000;
const REMOVED_AT_ONCE = 50;
/** Of each duty, so that one look stays short; the rest is seen by the next one. */
const MOST_AT_ONCE = 200;

/** Everything that needs exactly one, as far as it is due now. Pure. */
export const dutiesOf = (view: LeaderView, context: DutyContext): readonly Duty[] =>
  [marks, goneJobs, standStill, lostRuns, orphanedLocks, queueEnds, bareKills, staleKills, endedRuns, absentJobs].flatMap(
    (duty) => duty(view, context).slice(0, MOST_AT_ONCE),
  );

/** No more is made than will be done: the view may hold 100,000 jobs that all want something. */
const upTo = <T, D>(items: Iterable<T>, dutiesFor: (item: T) => readonly D[]): readonly D[] => {
  const made: D[] = [];
  for (const item of items) {
    made.push(...dutiesFor(item));
    if (made.length >= MOST_AT_ONCE) break;
  }
  return made;
};

type Look = (view: LeaderView, context: DutyContext) => readonly Duty[];

/** Jobs put by hand have no mark of their schedule: they get it, and nothing before it is ever run, missed or caught up. What was due and undecided is told as skipped. */
const marks: Look = ({ jobs, cursors, befores }, { keys, leader, now }) =>
  upTo(jobs.values(), ({ known }) => {
    if (!known) return [];
    const job = known.job.name;
    const seen = cursors.get(job);
    if (seen?.cursor?.decision.hash === known.hash) return [];
    const { hash } = known;
    const before = befores.get(job);
    const { mark, events } = markOf({ name: job, hash, before, cursor: seen?.cursor, now });
    if (!mark) return [];
    // Without the version that the cursor knows nobody can name the ticks that the edit passes over. That there may be some is told.
    const isKnown = before !== undefined || !seen?.cursor || seen.cursor.decision.hash === NO_SCHEDULE;
    return [
      {
        name: 'mark',
        job,
        transaction: markJob({
          keys,
          job,
          jobRevision: known.revision,
          cursorRevision: seen?.revision,
          ...mark,
          leader,
          events: isKnown || !seen?.cursor ? events : unknownPassed(job, seen.cursor, now),
        }),
      },
    ];
  });

/** Jobs whose key was deleted by hand: what was due and undecided is told, and the cursor knows no schedule any more. */
const goneJobs: Look = ({ jobs, cursors, befores }, { keys, leader, now }) =>
  upTo(befores.entries(), ([job, before]) => {
    const seen = cursors.get(job);
    if (jobs.has(job) || !seen?.cursor) return [];
    const { mark, events } = markOfDeleted(job, before, seen.cursor, now);
    return [{ name: 'markGone', job, transaction: markGone({ keys, job, cursorRevision: seen.revision, mark, leader, events }) }];
  });

/** Jobs whose cursor stands still past `lateAfterMs`: nobody could run their ticks. Told as missed, up to the newest that is late. */
const standStill: Look = ({ jobs, cursors, workers }, { keys, leader, now, scale }) =>
  upTo(jobs.values(), ({ known, dueAt }) => {
    const cursor = known && cursors.get(known.job.name);
    if (!known?.job.enabled || !cursor?.cursor || cursor.cursor.decision.hash !== known.hash) return [];
    const lateBefore = now - known.job.lateAfterMs - SETTLE_MARGIN_MS / scale;
    const due = dueAt(cursor);
    if (due === undefined || due >= lateBefore) return [];
    const { missed } = gapOf(known.schedule, toMs(cursor.cursor.at), lateBefore, lateBefore, 0);
    if (!missed) return [];
    const reason: Reason = [...workers.values()].some((worker) => matches(known.job, worker)) ? 'late' : 'noWorker';
    const job = known.job.name;
    const event: RunEvent = {
      v: 1,
      type: 'ticksMissed',
      job,
      at: toInstant(now),
      from: toInstant(missed.from),
      to: toInstant(missed.to),
      count: missed.count,
      reason,
    };
    return [
      {
        name: 'missed',
        job,
        transaction: missTicks({
          keys,
          job,
          to: missed.to,
          form: { type: 'exact', revision: cursor.revision },
          hash: known.hash,
          jobRevision: known.revision,
          event,
          leader,
        }),
      },
    ];
  });

/** Runs whose worker's presence has been gone for their `lostAfterMs`, counted by this leader: their host has ended them before (design.md §5.3). */
const lostRuns: Look = ({ runs, locks, absentSince }, { keys, leader, now, monotonic }) =>
  upTo(runs.values(), ({ live, revision }) => {
    const since = live.state === 'running' ? absentSince.get(live.worker) : undefined;
    if (since === undefined || live.lostAfterMs === 'never' || monotonic - since < live.lostAfterMs) return [];
    return [
      {
        name: 'lost',
        job: live.job,
        transaction: loseRun({
          ...lossOf(keys, live, now, 'workerGone'),
          runRevision: revision,
          holdsLock: locks.get(live.job)?.runId === live.runId,
          leader,
        }),
      },
    ];
  });

/** The end of a run whose worker is gone, as the run key, `last` and the run log tell it. */
export const lossOf = (keys: Keys, live: LiveRun, now: number, reason: Reason, by?: string) => {
  const at = toInstant(now);
  const ended: LiveRun = { ...live, state: 'ended', outcome: 'lost', reason, endedAt: at };
  const { job, runId, attempt, worker, trigger, fireTime, nominalAt, claimedAt, workerName, command } = live;
  const event: RunEvent = {
    v: 1,
    type: 'lost',
    job,
    runId,
    attempt,
    at,
    reason,
    worker,
    ...defined({ trigger, fireTime, nominalAt, claimedAt, workerName, command, by }),
  };
  return { keys, ended, owner: worker, event, last: { v: 1, runId, fireTime, outcome: 'lost' as const, reason, endedAt: at } };
};

/** Locks whose run is not there or has ended, a minute after that was seen. */
const orphanedLocks: Look = ({ locks, runs }, { keys, leader, monotonic, scale }) =>
  upTo(locks.entries(), ([job, { runId, revision, seenAt }]) => {
    const run = runs.get(runId);
    if (run?.live.state === 'running') return [];
    const since = run?.endedSeenAt ?? seenAt;
    return monotonic - since < MINUTE / scale
      ? []
      : [
          {
            name: 'freeLock',
            job,
            transaction: freeLock({ keys, job, runId, lockRevision: revision, runRevision: run?.revision, leader }),
          },
        ];
  });

/** Queued runs past their `notAfter`, and those of jobs that are gone. */
const queueEnds: Look = ({ queue, jobs }, { keys, leader, now }) =>
  upTo(queue.values(), ({ queued, revision }) => {
    const reason: Reason | undefined = !jobs.has(queued.job)
      ? 'jobDeleted'
      : queued.notAfter !== undefined && toMs(queued.notAfter) <= now
        ? 'expired'
        : undefined;
    if (reason === undefined) return [];
    const { job, runId, attempt, trigger, fireTime } = queued;
    const event: RunEvent = {
      v: 1,
      type: 'dropped',
      job,
      runId,
      attempt,
      at: toInstant(now),
      outcome: 'skipped',
      reason,
      trigger,
      fireTime,
      ...defined({ by: queued.by }),
    };
    return [{ name: reason, job, transaction: dropQueued({ keys, queued, queueRevision: revision, event, leader }) }];
  });

/** A kill put by hand for a whole job means every run with an older fence: one key a run (P5), then the bare key goes. */
const bareKills: Look = ({ bareKills: kills, runs, queue, kills: standing }, { keys, leader, now, monotonic, scale }) =>
  [...kills.entries()].flatMap(([job, { key, revision, seenAt }]) => {
    const older = [...runs.values()].filter(
      ({ live, fence }) => live.job === job && live.state === 'running' && fence < revision && !standing.has(live.runId),
    );
    const waiting = [...queue.values()].filter(({ queued, created }) => queued.job === job && created < revision);
    const kill = { v: 1, at: toInstant(now), by: 'killer key', cause: 'killed' } as const;
    const spread = [
      ...older.map(({ live, revision: runRevision }) => ({
        name: 'spreadKill',
        job,
        transaction: killRun({ keys, job, runId: live.runId, runRevision, kill, leader }),
      })),
      ...waiting.map(({ queued, revision: queueRevision }) => {
        const { runId, attempt, trigger, fireTime } = queued;
        const event: RunEvent = {
          v: 1,
          type: 'dropped',
          job,
          runId,
          attempt,
          at: toInstant(now),
          outcome: 'killed',
          reason: 'person',
          trigger,
          fireTime,
          by: kill.by,
        };
        return { name: 'killQueued', job, transaction: dropQueued({ keys, queued, queueRevision, event, leader }) };
      }),
    ];
    if (spread.length > 0) return spread;
    // The feeds of runs and of what waits may be behind the feed of kills: what is older may be told later.
    if (monotonic - seenAt < BARE_KILL_MS / scale) return [];
    return [{ name: 'bareKillDone', job, transaction: removeKeys([{ key, revision }], leader) }];
  });

/** Kill keys that stand for no live run, a minute after that was seen: written by hand, or for a run that had just ended. */
const staleKills: Look = ({ kills, runs, queue }, { keys, leader, monotonic, scale }) =>
  upTo(kills.entries(), ([runId, { job, revision, seenAt }]) => {
    const run = runs.get(runId);
    if (run?.live.state === 'running' || queue.has(runId)) return [];
    if (monotonic - Math.max(seenAt, run?.endedSeenAt ?? 0) < MINUTE / scale) return [];
    const transaction = removeKill({ keys, job, runId, killRevision: revision, runRevision: run?.revision, leader });
    return [{ name: 'staleKill', job, transaction }];
  });

const inBunches = (
  name: string,
  entries: readonly { readonly key: string; readonly revision: number }[],
  leader: Compare,
): readonly Duty[] =>
  Array.from({ length: Math.ceil(entries.length / REMOVED_AT_ONCE) }, (_, index) => ({
    name,
    transaction: removeKeys(entries.slice(index * REMOVED_AT_ONCE, (index + 1) * REMOVED_AT_ONCE), leader),
  }));

/** Run keys a minute after the end was seen. */
const endedRuns: Look = ({ runs }, { keys, leader, monotonic, scale }) =>
  inBunches(
    'removeEnded',
    upTo(runs.values(), ({ live, revision, endedSeenAt }) =>
      endedSeenAt !== undefined && monotonic - endedSeenAt >= MINUTE / scale
        ? [{ key: keys.run(live.job, live.runId), revision }]
        : [],
    ),
    leader,
  );

/** Cursor and last run of jobs that have been gone for a day. */
const absentJobs: Look = ({ jobs, cursors, lasts }, { keys, leader, now }) =>
  inBunches(
    'removeAbsent',
    [
      ...[...cursors.entries()].flatMap(([job, { revision, cursor }]) =>
        !jobs.has(job) && (!cursor || now - toMs(cursor.at) > DAY) ? [{ key: keys.tick(job), revision }] : [],
      ),
      ...[...lasts.entries()].flatMap(([job, { revision, endedAt }]) =>
        !jobs.has(job) && now - endedAt > DAY ? [{ key: keys.last(job), revision }] : [],
      ),
    ],
    leader,
  );
