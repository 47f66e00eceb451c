import type { RunEvent } from '../domain/events.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import {
  dropQueued,
  freeLock,
  killRun,
  loseRun,
  markGone,
  markJob,
  removeKeys,
  removeKill,
  unpinQueued,
} from '../domain/moves.ts';
import { endOfAttempted, endOfQueued } from '../domain/queued.ts';
import { nextAttempt } from '../domain/retry.ts';
import { defined } from '../domain/run.ts';
import type { Compare } from '../domain/transaction.ts';
import type { LiveRun } from '../domain/values.ts';
import type { Reason } from '../domain/words.ts';
import { cursorWarnings } from './cursor-warnings.ts';
import { MOST_AT_ONCE, upTo, type Duty, type DutyContext, type Look } from './duty.ts';
import type { LeaderView } from './leader-view.ts';
import { markOf, markOfDeleted, NO_SCHEDULE, unknownPassed, type OwnCursor } from './mark.ts';
import { standStill } from './settling.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A kill for a whole job stands at least for so long: longer than a feed that still counts as whole is behind. */
const BARE_KILL_MS = 10_000;
const REMOVED_AT_ONCE = 50;

/** Everything that needs exactly one, as far as it is due now. Pure. */
export const dutiesOf = (view: LeaderView, context: DutyContext): readonly Duty[] =>
  [...(context.settles ? SETTLING : []), ...OTHERS].flatMap((duty) => duty(view, context).slice(0, MOST_AT_ONCE));

/** Jobs put by hand have no mark of their schedule: they get it, and nothing before it is ever run, missed or caught up. What was due and undecided is told as skipped. */
const marks: Look = (view, { keys, leader, now }) => {
  const { jobs, cursors, befores } = view;
  return upTo(jobs.values(), ({ known }) => {
    if (!known) return [];
    const job = known.job.name;
    const seen = cursors.get(job);
    if (seen?.cursor?.decision.hash === known.hash) return [];
    const { hash } = known;
    const before = befores.get(job);
    const own = ownCursors(view, keys, before);
    const { mark, events, unchanged } = markOf({ name: job, hash, before, cursor: seen?.cursor, now, own });
    if (!mark) return [];
    // Without the version that the cursor knows nobody can name the ticks that the edit passes over. That there may be some is told.
    const unknown = before === undefined && seen?.cursor?.decision.hash !== NO_SCHEDULE ? seen?.cursor : undefined;
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
          events: unknown ? unknownPassed(job, unknown, now) : events,
          unchanged,
        }),
      },
    ];
  });
};

/** Jobs whose key was deleted by hand: what was due and undecided is told, and the cursor knows no schedule any more. */
const goneJobs: Look = (view, { keys, leader, now }) => {
  const { jobs, cursors, befores } = view;
  return upTo(befores.entries(), ([job, before]) => {
    const seen = cursors.get(job);
    if (jobs.has(job) || !seen?.cursor) return [];
    const { mark, events, unchanged } = markOfDeleted(job, before, seen.cursor, now, { own: ownCursors(view, keys, before) });
    const cursorRevision = seen.revision;
    return [{ name: 'markGone', job, transaction: markGone({ keys, job, cursorRevision, mark, leader, events, unchanged }) }];
  });
};

/** How far each worker that is there has come by itself, where the version was one of placement `all`. */
const ownCursors = ({ cursors, workers }: LeaderView, keys: Keys, before: KnownJob | undefined): readonly OwnCursor[] =>
  before?.job.mode !== 'all'
    ? []
    : [...workers.keys()].flatMap((of) => {
        const own = cursors.get(`${before.job.name}/${of}`);
        return own?.cursor ? [{ of, key: keys.tick(before.job.name, of), revision: own.revision, cursor: own.cursor }] : [];
      });

/** Runs whose worker's presence has been gone for their `lostAfterMs`, counted by this leader: their host has ended them before (design.md §5.3). */
const lostRuns: Look = ({ jobs, runs, locks, absentSince, kills }, { keys, leader, now, monotonic }) =>
  upTo(runs.values(), ({ live, revision, fence }) => {
    const since = live.state === 'running' ? absentSince.get(live.worker) : undefined;
    if (since === undefined || live.lostAfterMs === 'never' || monotonic - since < live.lostAfterMs) return [];
    return [
      {
        name: 'lost',
        job: live.job,
        transaction: loseRun({
          ...lossOf(keys, { ...live, fence }, now, 'workerGone', { isLast: kills.has(live.runId) || !jobs.has(live.job) }),
          runRevision: revision,
          holdsLock: locks.get(live.of === undefined ? live.job : `${live.job}/${live.of}`)?.runId === live.runId,
          leader,
        }),
      },
    ];
  });

/** The end of an attempt whose worker is gone, as the run key, `last` and the run log tell it, and the one that follows where the job's `retry` wants that, unless it is to be the
 *  last: its run is to be killed, or its job is gone. */
export const lossOf = (
  keys: Keys,
  live: LiveRun,
  now: number,
  reason: Reason,
  { by, isLast = false }: { readonly by?: string | undefined; readonly isLast?: boolean } = {},
) => {
  const at = toInstant(now);
  const next = isLast ? undefined : nextAttempt(live, { at, outcome: 'lost', reason });
  const ended: LiveRun = { ...live, state: 'ended', outcome: 'lost', reason, endedAt: at };
  const { job, runId, attempt, worker, trigger, fireTime, nominalAt, claimedAt, workerName, command, fence } = live;
  const event: RunEvent = {
    v: 1,
    type: 'lost',
    job,
    runId,
    attempt,
    at,
    reason,
    worker,
    ...defined({ trigger, fireTime, nominalAt, claimedAt, workerName, command, fence, by, nextAttemptAt: next?.notBefore }),
  };
  return {
    keys,
    ended,
    owner: worker,
    event,
    next,
    last: { v: 1, runId, fireTime, outcome: 'lost' as const, reason, endedAt: at },
  };
};

/** Locks whose run is not there or has ended, a minute after that was seen. */
const orphanedLocks: Look = ({ locks, runs }, { keys, leader, monotonic, scale }) =>
  upTo(locks.entries(), ([name, { runId, revision, seenAt }]) => {
    const [job = '', of] = name.split('/');
    const run = runs.get(runId);
    if (run?.live.state === 'running') return [];
    const since = run?.endedSeenAt ?? seenAt;
    return monotonic - since < MINUTE / scale
      ? []
      : [
          {
            name: 'freeLock',
            job,
            transaction: freeLock({ keys, job, of, runId, lockRevision: revision, runRevision: run?.revision, leader }),
          },
        ];
  });

/** Queued runs past their `notAfter` (without one: a worker's share of a backfill, once that worker has been gone for a day), those of jobs that are gone (also where one of the same name has been made since), and ticks of a schedule that is another now: nothing before the change is ever run. */
const queueEnds: Look = ({ queue, jobs, runs, absentSince }, { keys, leader, now, monotonic }) =>
  upTo(queue.values(), ({ queued, revision, created }) => {
    const seen = jobs.get(queued.job);
    const reason: Reason | undefined =
      !seen || created < seen.created
        ? 'jobDeleted'
        : seen.known && queued.hash !== undefined && queued.hash !== seen.known.hash
          ? 'edited'
          : queued.notAfter !== undefined && toMs(queued.notAfter) <= now
            ? 'expired'
            : queued.notAfter === undefined && monotonic - (absentSince.get(queued.worker ?? '') ?? monotonic) > DAY
              ? 'workerGone'
              : undefined;
    if (reason === undefined) return [];
    const event = endOfQueued(queued, { at: now, outcome: 'skipped', reason });
    const attempted = endOfAttempted(event, runs.get(queued.runId));
    const transaction = dropQueued({ keys, queued, queueRevision: revision, event, attempted, leader });
    return [{ name: reason, job: queued.job, transaction }];
  });

/** Further attempts whose worker has been gone for too long, or that have waited for as long while it takes nothing (it drains, its clock is off): any other may take them. */
const unpins: Look = ({ queue, workers, absentSince }, { keys, leader, now, monotonic }) =>
  upTo(queue.values(), ({ queued, revision }) => {
    const { movesAfterMs, worker = '', job, notBefore } = queued;
    if (movesAfterMs === undefined) return [];
    const [there, since] = [workers.get(worker), absentSince.get(worker)];
    const takesNothing = there !== undefined && (there.draining || there.skewed === true);
    const waitedMs = takesNothing ? now - toMs(notBefore) : since === undefined ? 0 : monotonic - since;
    if (waitedMs < movesAfterMs) return [];
    const transaction = unpinQueued({ keys, queued, queueRevision: revision, isGone: !takesNothing, leader });
    return [{ name: 'unpin', job, transaction }];
  });

/** A kill put by hand for a whole job means every run that was there by then, waiting or begun, whatever attempt it has come to when this is looked at: one key a run (P5), then the bare key goes. */
const bareKills: Look = ({ bareKills: kills, runs, queue, kills: standing }, { keys, leader, now, monotonic, scale }) =>
  [...kills.entries()].flatMap(([job, { key, revision, seenAt }]) => {
    const older = [...runs.values()].filter(
      ({ live, since }) => live.job === job && live.state === 'running' && since < revision && !standing.has(live.runId),
    );
    // Also a run that has begun and waits for a further attempt, though that was queued after the kill: the run is older.
    const waiting = [...queue.values()].filter(
      ({ queued, created }) => queued.job === job && Math.min(created, runs.get(queued.runId)?.since ?? created) < revision,
    );
    const kill = { v: 1, at: toInstant(now), by: 'killer key', cause: 'killed' } as const;
    const spread = [
      ...older.map(({ live, revision: runRevision }) => ({
        name: 'spreadKill',
        job,
        transaction: killRun({ keys, job, runId: live.runId, runRevision, kill, leader }),
      })),
      ...waiting.map(({ queued, revision: queueRevision }) => {
        const event = endOfQueued(queued, { at: now, outcome: 'killed', reason: 'person', by: kill.by });
        return {
          name: 'killQueued',
          job,
          transaction: dropQueued({
            keys,
            queued,
            queueRevision,
            event,
            attempted: endOfAttempted(event, runs.get(queued.runId)),
            leader,
          }),
        };
      }),
    ];
    if (spread.length > 0) return spread;
    // The feeds of runs and of what waits may be behind the feed of kills: what is older may be told later.
    if (monotonic - seenAt < BARE_KILL_MS / scale) return [];
    return [{ name: 'bareKillDone', job, transaction: removeKeys([{ key, revision }], leader) }];
  });

/** Kill keys that stand for no live run, a minute after that was seen: written by hand, or for a run that had just ended. Of a command that a run has left behind after a day: its worker, which takes
 *  it away when the command has ended, may be away. */
const staleKills: Look = ({ kills, runs, queue }, { keys, leader, monotonic, scale }) =>
  upTo(kills.entries(), ([runId, { job, revision, seenAt, isLeft }]) => {
    const run = runs.get(runId);
    if (run?.live.state === 'running' || queue.has(runId)) return [];
    if (monotonic - Math.max(seenAt, run?.endedSeenAt ?? 0) < (isLeft === true ? DAY : MINUTE) / scale) return [];
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

/** Run keys a minute after the end was seen, unless a further attempt waits. */
const endedRuns: Look = ({ runs, queue }, { keys, leader, monotonic, scale }) =>
  inBunches(
    'removeEnded',
    upTo(runs.values(), ({ live, revision, endedSeenAt }) =>
      endedSeenAt !== undefined && monotonic - endedSeenAt >= MINUTE / scale && !queue.has(live.runId)
        ? [{ key: keys.run(live.job, live.runId), revision }]
        : [],
    ),
    leader,
  );

/** Cursor and last run of jobs that have been gone for a day, and the own cursors of workers that have. */
const absentJobs: Look = ({ jobs, cursors, lasts, workers }, { keys, leader, now }) =>
  inBunches(
    'removeAbsent',
    [
      ...[...cursors.entries()].flatMap(([name, { revision, cursor }]) => {
        const [job = '', of] = name.split('/');
        const isWanted = jobs.has(job) && (of === undefined || workers.has(of));
        return !isWanted && (!cursor || now - toMs(cursor.at) > DAY) ? [{ key: keys.tick(job, of), revision }] : [];
      }),
      ...[...lasts.entries()].flatMap(([job, { revision, endedAt }]) =>
        !jobs.has(job) && now - endedAt > DAY ? [{ key: keys.last(job), revision }] : [],
      ),
    ],
    leader,
  );

/** Duties that judge fire times: not for a leader whose rules are older than a worker's. */
const SETTLING: readonly Look[] = [marks, goneJobs, standStill];
const OTHERS: readonly Look[] = [
  lostRuns,
  orphanedLocks,
  queueEnds,
  unpins,
  bareKills,
  staleKills,
  endedRuns,
  absentJobs,
  cursorWarnings,
];
