import { eventId, type RunEvent } from './events.ts';
import { toInstant } from './instant.ts';
import type { Keys } from './keys.ts';
import { formatCursor, type Decision, type Tick } from './tick.ts';
import type { Compare, Operation, Transaction } from './transaction.ts';
import type { Kill, LastRun, LiveRun, QueuedRun } from './values.ts';

/**
 * The transactions of design.md §5, as data: what is compared, what is written, what is read when the compares fail. Pure, so that
 * worker and master send the same ones and tests can look at them. Each closes a hole; the names of the promises stand beside them.
 */

/** What the cursor must be for a move past it. `after`: nothing undecided lies between `prev` and the tick. `none`: there is no cursor yet.
 *  `exact`: the very cursor that was just read (a gap was looked at, or it knows another schedule). */
export type CursorForm =
  | { readonly type: 'after'; readonly prev: number | undefined }
  | { readonly type: 'none' }
  | { readonly type: 'exact'; readonly revision: number };

const cursorCompares = (
  keys: Keys,
  job: string,
  of: string | undefined,
  form: CursorForm,
  fireTime: number,
): readonly Compare[] => {
  const key = keys.tick(job, of);
  switch (form.type) {
    case 'after':
      return [
        ...(form.prev === undefined ? [] : [{ type: 'value', key, op: '>', than: toInstant(form.prev) } as const]),
        { type: 'value', key, op: '<', than: toInstant(fireTime) }, // P1: forward only
      ];
    case 'none':
      return [{ type: 'absent', key }];
    case 'exact':
      return [{ type: 'revision', key, is: form.revision }];
    default:
      return form satisfies never;
  }
};

const putCursor = (keys: Keys, job: string, of: string | undefined, at: number, decision: Omit<Decision, 'v'>): Operation => ({
  type: 'put',
  key: keys.tick(job, of),
  value: formatCursor({ at: toInstant(at), decision: { v: 1, ...decision } }),
});

const put = (key: string, value: object): Operation => ({ type: 'put', key, value: JSON.stringify(value) });
const remove = (key: string): Operation => ({ type: 'delete', key });
const get = (key: string): Operation => ({ type: 'get', key });
const revisionIs = (key: string, is: number): Compare => ({ type: 'revision', key, is });

/** An event that has no spool to lie in: put with what it tells, in one transaction, and shipped by the leader (P3, P4). The key is made from the
 *  event's own id, so that the same fact told twice is one item. */
export const outboxPut = (keys: Keys, event: RunEvent): Operation =>
  put(keys.outboxItem(encodeURIComponent(eventId(event))), event);

type TickMove = {
  readonly keys: Keys;
  readonly tick: Tick;
  readonly form: CursorForm;
  /** The scheduleHash of the job's version at `jobRevision`. */
  readonly hash: string;
  readonly jobRevision: number;
  readonly worker: string;
  /** The worker whose cursor and lock these are, under placement `all`; undefined for the job's. */
  readonly of?: string | undefined;
};

/** Reads of a tick move that failed, in this order: cursor, lock, job, run key, and where each worker has its own cursor, the mark of the schedule. */
const whyNot = (keys: Keys, job: string, of: string | undefined, runId: string): readonly Operation[] => [
  get(keys.tick(job, of)),
  get(keys.lock(job, of)),
  get(keys.job(job)),
  get(keys.run(job, runId)),
  ...(of === undefined ? [] : [get(keys.tick(job))]),
];

/** P1, P2, P6: the cursor moves past the tick, the lock and the run key appear, or nothing happens and the reads say why. */
export const claimTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  of,
  live,
}: TickMove & { readonly live: LiveRun }): Transaction => ({
  if: [
    ...cursorCompares(keys, tick.job, of, form, tick.fireTime),
    ...(live.locks ? [{ type: 'absent', key: keys.lock(tick.job, of) } as const] : []),
    revisionIs(keys.job(tick.job), jobRevision),
    { type: 'exists', key: keys.worker(worker) },
  ],
  then: [
    get(keys.tick(tick.job, of)), // the cursor that is replaced: told inside the run's own event (P3)
    putCursor(keys, tick.job, of, tick.fireTime, { fate: 'ran', runId: live.runId, worker, hash }),
    ...(live.locks ? [{ type: 'put', key: keys.lock(tick.job, of), value: live.runId } as const] : []),
    put(keys.run(tick.job, live.runId), live),
  ],
  else: whyNot(keys, tick.job, of, live.runId),
});

/** Somebody decided that the tick does not run. The job's revision is compared, so that a late skip cannot put an old hash back. */
export const skipTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  of,
  event,
}: TickMove & { readonly event: Extract<RunEvent, { type: 'tickSkipped' }> }): Transaction => ({
  if: [...cursorCompares(keys, tick.job, of, form, tick.fireTime), revisionIs(keys.job(tick.job), jobRevision)],
  then: [
    putCursor(keys, tick.job, of, tick.fireTime, { fate: 'skipped', reason: event.reason, worker, hash }),
    outboxPut(keys, event),
  ],
  else: whyNot(keys, tick.job, of, ''),
});

/** The tick waits as a queued run: for a worker with room (`locks`: then not where the job is busy, for there the overlap policy has the word), or for the end of the run that
 *  holds the job. */
export const enqueueTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  of,
  queued,
  locks,
}: TickMove & { readonly queued: QueuedRun; readonly locks: boolean }): Transaction => ({
  if: [
    ...cursorCompares(keys, tick.job, of, form, tick.fireTime),
    ...(locks ? [{ type: 'absent', key: keys.lock(tick.job, of) } as const] : []),
    revisionIs(keys.job(tick.job), jobRevision),
  ],
  then: [
    putCursor(keys, tick.job, of, tick.fireTime, { fate: 'waiting', runId: queued.runId, worker, hash }),
    put(keys.queued(tick.job, queued.runId), queued),
  ],
  else: whyNot(keys, tick.job, of, queued.runId),
});

/** The tick takes the place of the run that holds the job, if one does, and of what waits (overlap `replace`): the holder gets its kill key, unless a kill stands already. */
export const replaceTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  of,
  queued,
  holder,
  kill,
  away,
}: TickMove & {
  readonly queued: QueuedRun;
  readonly holder: string | undefined;
  readonly kill: Kill | undefined;
  readonly away: readonly QueuedKey[];
}): Transaction => ({
  if: [
    ...cursorCompares(keys, tick.job, of, form, tick.fireTime),
    revisionIs(keys.job(tick.job), jobRevision),
    holder === undefined
      ? { type: 'absent', key: keys.lock(tick.job, of) }
      : { type: 'value', key: keys.lock(tick.job, of), op: '=', than: holder },
    ...(holder !== undefined && kill ? [{ type: 'absent', key: keys.killer(tick.job, holder) } as const] : []), // the first who asks is remembered
    ...away.map(({ runId, revision }) => revisionIs(keys.queued(tick.job, runId), revision)),
  ],
  then: [
    putCursor(keys, tick.job, of, tick.fireTime, { fate: 'waiting', runId: queued.runId, worker, hash }),
    put(keys.queued(tick.job, queued.runId), queued),
    ...(holder !== undefined && kill ? [put(keys.killer(tick.job, holder), kill)] : []),
    ...away.flatMap(({ runId, event }) => [remove(keys.queued(tick.job, runId)), outboxPut(keys, event)]),
  ],
  else: whyNot(keys, tick.job, of, queued.runId),
});

/** A queued run that gives way, at the revision that was seen, and the event that tells its end. */
export type QueuedKey = { readonly runId: string; readonly revision: number; readonly event: RunEvent };

/** Nobody could run the ticks up to `to` as on time: what the misfire policy makes of them. Compared with the very cursor that was read, so that a range is told once, and with the
 *  catch-up key that stands (`standing`) where it is extended or replaced. A leader adds its own compare. */
export const missTicks = ({
  keys,
  job,
  to,
  form,
  hash,
  jobRevision,
  of,
  event,
  catchUp,
  unseen,
  leader,
}: {
  readonly keys: Keys;
  readonly job: string;
  readonly to: number;
  readonly form: CursorForm;
  readonly hash: string;
  readonly jobRevision: number;
  readonly of?: string | undefined;
  /** Undefined where all of them are caught up. */
  readonly event: Extract<RunEvent, { type: 'ticksMissed' }> | undefined;
  readonly catchUp?: CatchUpMove | undefined;
  /** A run that waits as the cursor says, and was not seen: it may be the catch-up key. Then nothing is done: it is seen by the next time. */
  readonly unseen?: string | undefined;
  readonly leader?: Compare;
}): Transaction => ({
  if: [
    ...(leader ? [leader] : []),
    ...cursorCompares(keys, job, of, form, to),
    revisionIs(keys.job(job), jobRevision),
    ...(catchUp?.standing ? [revisionIs(keys.queued(job, catchUp.standing.runId), catchUp.standing.revision)] : []),
    ...(catchUp && unseen !== undefined ? [{ type: 'absent', key: keys.queued(job, unseen) } as const] : []),
  ],
  then: [
    putCursor(
      keys,
      job,
      of,
      to,
      catchUp
        ? { fate: 'waiting', runId: catchUp.queued.runId, hash }
        : { fate: 'missed', reason: event?.reason ?? 'late', hash },
    ),
    ...(event ? [outboxPut(keys, event)] : []),
    ...(catchUp ? [put(keys.queued(job, catchUp.queued.runId), catchUp.queued)] : []),
    ...(catchUp?.standing && catchUp.standing.runId !== catchUp.queued.runId
      ? [remove(keys.queued(job, catchUp.standing.runId))]
      : []),
    ...(catchUp?.replaced ? [outboxPut(keys, catchUp.replaced)] : []),
  ],
  else: whyNot(keys, job, of, ''),
});

/** What is put for ticks that are caught up, and what stood there: extended where the ids are the same, else replaced (`replaced` tells its end). */
export type CatchUpMove = {
  readonly queued: QueuedRun;
  readonly standing: { readonly runId: string; readonly revision: number } | undefined;
  readonly replaced: RunEvent | undefined;
};

/** Nothing before `at` is ever run, missed or caught up: the mark of a changed schedule. `cursor` is the revision of the cursor that was read, undefined for none. */
const markOps = (keys: Keys, job: string, at: number, hash: string): Operation =>
  putCursor(keys, job, undefined, at, { reason: 'marked', hash });
const cursorUnchanged = (keys: Keys, job: string, revision: number | undefined): Compare =>
  revision === undefined ? { type: 'absent', key: keys.tick(job) } : revisionIs(keys.tick(job), revision);
const jobUnchanged = (keys: Keys, job: string, revision: number | undefined): Compare =>
  revision === undefined ? { type: 'absent', key: keys.job(job) } : revisionIs(keys.job(job), revision);

/** The workers' own cursors (placement `all`) by which it was found out which ticks are passed over. */
type Unchanged = readonly { readonly key: string; readonly revision: number }[];
const allUnchanged = (entries: Unchanged = []): readonly Compare[] =>
  entries.map(({ key, revision }) => revisionIs(key, revision));

/** Saves a job against the versions that were read. `mark` (ms) is given when the schedule's hash changes or the job is new: the later of now and the cursor. */
export const saveJob = (save: {
  readonly keys: Keys;
  readonly name: string;
  /** JSON text of the job. */
  readonly value: string;
  readonly read: { readonly jobRevision: number | undefined; readonly cursorRevision: number | undefined };
  readonly mark?: { readonly at: number; readonly hash: string };
  readonly events: readonly RunEvent[];
  readonly unchanged?: Unchanged;
}): Transaction => ({
  if: [
    jobUnchanged(save.keys, save.name, save.read.jobRevision),
    ...(save.mark ? [cursorUnchanged(save.keys, save.name, save.read.cursorRevision)] : []),
    ...allUnchanged(save.unchanged),
  ],
  then: [
    { type: 'put', key: save.keys.job(save.name), value: save.value },
    ...(save.mark ? [markOps(save.keys, save.name, save.mark.at, save.mark.hash)] : []),
    ...save.events.map((event) => outboxPut(save.keys, event)),
  ],
  else: [get(save.keys.job(save.name)), get(save.keys.tick(save.name))],
});

/** Sets the cursor by hand, back or forward. `own`: the workers' own cursors (placement `all`), which go: their gap begins at the job's. */
export const setCursor = (set: {
  readonly keys: Keys;
  readonly job: string;
  readonly read: { readonly jobRevision: number; readonly cursorRevision: number | undefined };
  readonly own: readonly { readonly key: string; readonly revision: number }[];
  readonly at: number;
  readonly hash: string;
  readonly events: readonly RunEvent[];
}): Transaction => ({
  if: [
    revisionIs(set.keys.job(set.job), set.read.jobRevision),
    cursorUnchanged(set.keys, set.job, set.read.cursorRevision),
    ...set.own.map(({ key, revision }) => revisionIs(key, revision)),
  ],
  then: [
    markOps(set.keys, set.job, set.at, set.hash),
    ...set.own.map(({ key }) => remove(key)),
    ...set.events.map((event) => outboxPut(set.keys, event)),
  ],
});

/** The leader's mark for a job that was put by hand. */
export const markJob = (mark: {
  readonly keys: Keys;
  readonly job: string;
  readonly jobRevision: number;
  readonly cursorRevision: number | undefined;
  readonly at: number;
  readonly hash: string;
  readonly leader: Compare;
  readonly events: readonly RunEvent[];
  readonly unchanged?: Unchanged;
}): Transaction => ({
  if: [
    mark.leader,
    revisionIs(mark.keys.job(mark.job), mark.jobRevision),
    cursorUnchanged(mark.keys, mark.job, mark.cursorRevision),
    ...allUnchanged(mark.unchanged),
  ],
  then: [markOps(mark.keys, mark.job, mark.at, mark.hash), ...mark.events.map((event) => outboxPut(mark.keys, event))],
});

/** Deletes a job. Its queued runs are dropped by the leader, which sees them without their job; its live runs go on, or are killed one by one by the caller. The mark tells that
 *  the cursor knows no schedule any more; `events` tell the ticks that were due and undecided (P3). */
export const deleteJob = ({
  keys,
  name,
  read,
  mark,
  events,
  unchanged,
}: {
  readonly keys: Keys;
  readonly name: string;
  readonly read: { readonly jobRevision: number; readonly cursorRevision: number | undefined };
  readonly mark: { readonly at: number; readonly hash: string };
  readonly events: readonly RunEvent[];
  readonly unchanged?: Unchanged;
}): Transaction => ({
  if: [
    revisionIs(keys.job(name), read.jobRevision),
    cursorUnchanged(keys, name, read.cursorRevision),
    ...allUnchanged(unchanged),
  ],
  then: [
    remove(keys.job(name)),
    ...(read.cursorRevision === undefined ? [] : [markOps(keys, name, mark.at, mark.hash)]),
    ...events.map((event) => outboxPut(keys, event)),
  ],
  else: [get(keys.job(name))],
});

/** The leader's mark for a job whose key was deleted by hand. */
export const markGone = (gone: {
  readonly keys: Keys;
  readonly job: string;
  readonly cursorRevision: number;
  readonly mark: { readonly at: number; readonly hash: string };
  readonly leader: Compare;
  readonly events: readonly RunEvent[];
  readonly unchanged?: Unchanged;
}): Transaction => ({
  if: [
    gone.leader,
    { type: 'absent', key: gone.keys.job(gone.job) },
    cursorUnchanged(gone.keys, gone.job, gone.cursorRevision),
    ...allUnchanged(gone.unchanged),
  ],
  then: [markOps(gone.keys, gone.job, gone.mark.at, gone.mark.hash), ...gone.events.map((event) => outboxPut(gone.keys, event))],
});

/** Queues a run that a person asked for. The job must be there; asking again with the same run id changes nothing. `mustBeFree`: not while the lock is held. `replaces`: the run
 *  that holds the lock is killed, and what waits (`away`) gives way. */
export const enqueueRun = ({
  keys,
  queued,
  of,
  mustBeFree = false,
  replaces,
  away = [],
}: {
  readonly keys: Keys;
  readonly queued: QueuedRun;
  readonly of?: string | undefined;
  readonly mustBeFree?: boolean;
  /** Without a kill where one stands already. */
  readonly replaces?: { readonly holder: string; readonly kill: Kill | undefined };
  readonly away?: readonly QueuedKey[];
}): Transaction => ({
  if: [
    { type: 'exists', key: keys.job(queued.job) },
    { type: 'absent', key: keys.queued(queued.job, queued.runId) },
    { type: 'absent', key: keys.run(queued.job, queued.runId) },
    ...(mustBeFree ? [{ type: 'absent', key: keys.lock(queued.job, of) } as const] : []),
    ...(replaces ? [{ type: 'value', key: keys.lock(queued.job, of), op: '=', than: replaces.holder } as const] : []),
    ...(replaces?.kill ? [{ type: 'absent', key: keys.killer(queued.job, replaces.holder) } as const] : []),
    ...away.map(({ runId, revision }) => revisionIs(keys.queued(queued.job, runId), revision)),
  ],
  then: [
    put(keys.queued(queued.job, queued.runId), queued),
    ...(replaces?.kill ? [put(keys.killer(queued.job, replaces.holder), replaces.kill)] : []),
    ...away.flatMap(({ runId, event }) => [remove(keys.queued(queued.job, runId)), outboxPut(keys, event)]),
  ],
  else: [get(keys.job(queued.job)), get(keys.queued(queued.job, queued.runId))],
});

/** Takes a queued run (design.md §5.2): the cursor is not looked at. Of a range one tick is taken: `batch` is its key, `rest` what it still has, undefined after the last.
 *  Reads of a failure: queue key, lock, job, run key. */
export const claimQueued = ({
  keys,
  live,
  batch = live.runId,
  rest,
  queueRevision,
  jobRevision,
  worker,
}: {
  readonly keys: Keys;
  readonly live: LiveRun;
  readonly batch?: string;
  readonly rest?: QueuedRun | undefined;
  readonly queueRevision: number;
  readonly jobRevision: number;
  readonly worker: string;
}): Transaction => ({
  if: [
    revisionIs(keys.queued(live.job, batch), queueRevision),
    ...(live.locks ? [{ type: 'absent', key: keys.lock(live.job, live.of) } as const] : []),
    revisionIs(keys.job(live.job), jobRevision),
    { type: 'exists', key: keys.worker(worker) },
  ],
  then: [
    rest ? put(keys.queued(live.job, batch), rest) : remove(keys.queued(live.job, batch)),
    ...(live.locks ? [{ type: 'put', key: keys.lock(live.job, live.of), value: live.runId } as const] : []),
    put(keys.run(live.job, live.runId), live),
  ],
  else: [
    get(keys.queued(live.job, batch)),
    get(keys.lock(live.job, live.of)),
    get(keys.job(live.job)),
    get(keys.run(live.job, live.runId)),
  ],
});

/** A queued run ends without a start: expired, killed by a person, or its job is gone. One that waited for a further attempt has a run key, which tells the end too (`attempted`). */
export const dropQueued = ({
  keys,
  queued,
  queueRevision,
  event,
  attempted,
  leader,
}: {
  readonly keys: Keys;
  readonly queued: QueuedRun;
  readonly queueRevision: number;
  readonly event: RunEvent;
  readonly attempted?: { readonly ended: LiveRun; readonly last: LastRun; readonly runRevision: number } | undefined;
  readonly leader?: Compare;
}): Transaction => {
  const { job, runId } = queued;
  return {
    if: [
      ...(leader ? [leader] : []),
      revisionIs(keys.queued(job, runId), queueRevision),
      ...(attempted ? [revisionIs(keys.run(job, runId), attempted.runRevision)] : []),
    ],
    then: [
      remove(keys.queued(job, runId)),
      outboxPut(keys, event),
      ...(attempted ? [put(keys.run(job, runId), attempted.ended), put(keys.last(job), attempted.last)] : []),
    ],
  };
};

/** A further attempt is no longer pinned to the worker of the one before: that has been gone (`isGone`), or has taken nothing, for too long. */
export const unpinQueued = ({
  keys,
  queued,
  queueRevision,
  isGone,
  leader,
}: {
  readonly keys: Keys;
  readonly queued: QueuedRun;
  readonly queueRevision: number;
  readonly isGone: boolean;
  readonly leader: Compare;
}): Transaction => {
  const { worker = '', movesAfterMs: _moves, ...rest } = queued;
  const key = keys.queued(queued.job, queued.runId);
  return {
    if: [leader, revisionIs(key, queueRevision), ...(isGone ? [{ type: 'absent', key: keys.worker(worker) } as const] : [])],
    then: [put(key, rest)],
  };
};

/** P5: the kill lies beside the live run until the run's own finish takes it away. Put once: the first who asks is remembered. */
export const killRun = ({
  keys,
  job,
  runId,
  runRevision,
  kill,
  leader,
}: {
  readonly keys: Keys;
  readonly job: string;
  readonly runId: string;
  readonly runRevision: number;
  readonly kill: Kill;
  readonly leader?: Compare;
}): Transaction => ({
  if: [
    ...(leader ? [leader] : []),
    revisionIs(keys.run(job, runId), runRevision),
    { type: 'absent', key: keys.killer(job, runId) },
  ],
  then: [put(keys.killer(job, runId), kill)],
  else: [get(keys.run(job, runId)), get(keys.killer(job, runId))],
});

/** P5: the kill of a command that its run has left behind (timeout `abandon`): kept until the end of the command confirms it. Not while the run runs or waits: then its own kill is the one. */
export const killLeft = ({
  keys,
  job,
  runId,
  runRevision,
  kill,
}: {
  readonly keys: Keys;
  readonly job: string;
  readonly runId: string;
  /** Of the run key that tells the end; undefined where there is none any more. */
  readonly runRevision: number | undefined;
  readonly kill: Kill & { readonly left: true };
}): Transaction => ({
  if: [
    runRevision === undefined ? { type: 'absent', key: keys.run(job, runId) } : revisionIs(keys.run(job, runId), runRevision),
    { type: 'absent', key: keys.queued(job, runId) },
    { type: 'absent', key: keys.killer(job, runId) },
  ],
  then: [put(keys.killer(job, runId), kill)],
});

/** The command that a run has left behind has ended: its kill is confirmed. */
export const leftIsKilled = (keys: Keys, job: string, runId: string, killRevision: number): Transaction => ({
  if: [revisionIs(keys.killer(job, runId), killRevision)],
  then: [remove(keys.killer(job, runId))],
});

/** A kill key whose run is not there, or has ended: nobody else takes it away. Not while the run waits. */
export const removeKill = (stale: {
  readonly keys: Keys;
  readonly job: string;
  readonly runId: string;
  readonly killRevision: number;
  readonly runRevision: number | undefined;
  readonly leader: Compare;
}): Transaction => {
  const { keys, job, runId, killRevision, runRevision, leader } = stale;
  const run = keys.run(job, runId);
  return {
    if: [
      leader,
      revisionIs(keys.killer(job, runId), killRevision),
      { type: 'absent', key: keys.queued(job, runId) },
      runRevision === undefined ? { type: 'absent', key: run } : revisionIs(run, runRevision),
    ],
    then: [remove(keys.killer(job, runId))],
  };
};

/** A live run has passed its time limit and goes on: its key says so. */
export const markOverdue = ({
  keys,
  live,
  runRevision,
}: {
  readonly keys: Keys;
  readonly live: LiveRun;
  readonly runRevision: number;
}): Transaction => ({
  if: [revisionIs(keys.run(live.job, live.runId), runRevision)],
  then: [put(keys.run(live.job, live.runId), live)],
});

/** `next`: a further attempt follows, and waits in the same transaction; `last` tells the newest run that has ended, which this one has not. */
type Ending = {
  readonly keys: Keys;
  readonly ended: LiveRun;
  readonly runRevision: number;
  readonly last: LastRun;
  readonly next?: QueuedRun | undefined;
};
const ending = ({ keys, ended, last, next }: Ending): readonly Operation[] => [
  put(keys.run(ended.job, ended.runId), next ? { ...ended, nextAttemptAt: next.notBefore } : ended),
  next ? put(keys.queued(next.job, next.runId), next) : put(keys.last(ended.job), last),
  remove(keys.killer(ended.job, ended.runId)),
];
/** No further attempt of a run that somebody wants to end, or whose job is gone. */
const mayGoOn = ({ keys, next }: Ending): readonly Compare[] =>
  next
    ? [
        { type: 'absent', key: keys.killer(next.job, next.runId) },
        { type: 'exists', key: keys.job(next.job) },
      ]
    : [];

/** The end of an attempt by its own worker (design.md §5.3). With `lockRevision` the lock goes too, also where a further attempt follows; without, only the run key is compared:
 *  somebody else holds the lock. Reads of a failure: run key, lock. */
export const finishRun = (finish: Ending & { readonly lockRevision: number | undefined }): Transaction => {
  const { keys, ended, runRevision, lockRevision } = finish;
  const lock = keys.lock(ended.job, ended.of);
  return {
    if: [
      revisionIs(keys.run(ended.job, ended.runId), runRevision),
      ...(lockRevision === undefined ? [] : [revisionIs(lock, lockRevision)]),
      ...mayGoOn(finish),
    ],
    then: [...ending(finish), ...(lockRevision === undefined ? [] : [remove(lock)])],
    else: [get(keys.run(ended.job, ended.runId)), get(lock)],
  };
};

/** The leader's (or a person's) finding that a run's worker is gone: only while its presence is absent and the run key unchanged. `holdsLock`: the lock names this run. */
export const loseRun = (
  lose: Ending & { readonly owner: string; readonly holdsLock: boolean; readonly event: RunEvent; readonly leader?: Compare },
): Transaction => {
  const { keys, ended, runRevision, owner, holdsLock, event, leader } = lose;
  const lock = keys.lock(ended.job, ended.of);
  return {
    if: [
      ...(leader ? [leader] : []),
      revisionIs(keys.run(ended.job, ended.runId), runRevision),
      { type: 'absent', key: keys.worker(owner) },
      ...(holdsLock ? [{ type: 'value', key: lock, op: '=', than: ended.runId } as const] : []),
      ...mayGoOn(lose),
    ],
    then: [...ending(lose), ...(holdsLock ? [remove(lock)] : []), outboxPut(keys, event)],
  };
};

/** Frees a lock whose run key is absent (`runRevision` undefined) or has ended. */
export const freeLock = ({
  keys,
  job,
  of,
  runId,
  lockRevision,
  runRevision,
  leader,
}: {
  readonly keys: Keys;
  readonly job: string;
  readonly of?: string | undefined;
  readonly runId: string;
  readonly lockRevision: number;
  readonly runRevision: number | undefined;
  readonly leader: Compare;
}): Transaction => ({
  if: [
    leader,
    revisionIs(keys.lock(job, of), lockRevision),
    runRevision === undefined ? { type: 'absent', key: keys.run(job, runId) } : revisionIs(keys.run(job, runId), runRevision),
  ],
  then: [remove(keys.lock(job, of))],
});

/** Puts what many items of the outbox tell into one: all are as they were read, or nothing happens. At most 120 at once. The new key is none that anybody else puts: named by the
 *  first of them, at its revision (a tick whose cursor was set back is skipped again, under the same key). */
export const packItems = (
  { first, more }: { readonly first: Named; readonly more: readonly Named[] },
  value: string,
  leader: Compare,
): { readonly key: string; readonly transaction: Transaction } => {
  const key = `${first.key}+${String(first.revision)}`;
  const { if: compares, then: removes } = removeKeys([first, ...more], leader);
  return { key, transaction: { if: compares, then: [{ type: 'put', key, value }, ...removes] } };
};

type Named = { readonly key: string; readonly revision: number };

/** Removes keys that nobody needs any more, each only at the revision that was looked at. At most 120 at once. */
export const removeKeys = (entries: readonly Named[], leader: Compare) =>
  ({
    if: [leader, ...entries.map(({ key, revision }) => revisionIs(key, revision))],
    then: entries.map(({ key }) => remove(key)),
  }) satisfies Transaction;
