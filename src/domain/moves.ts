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

const cursorCompares = (keys: Keys, job: string, form: CursorForm, fireTime: number): readonly Compare[] => {
  const key = keys.tick(job);
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

const putCursor = (keys: Keys, job: string, at: number, decision: Omit<Decision, 'v'>): Operation => ({
  type: 'put',
  key: keys.tick(job),
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
};

/** Reads of a tick move that failed, in this order: cursor, lock, job, run key. */
const whyNot = (keys: Keys, job: string, runId: string): readonly Operation[] => [
  get(keys.tick(job)),
  get(keys.lock(job)),
  get(keys.job(job)),
  get(keys.run(job, runId)),
];

/** P1, P2, P6: the cursor moves past the tick, the lock and the run key appear, or nothing happens and the reads say why. */
export const claimTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  live,
}: TickMove & { readonly live: LiveRun }): Transaction => ({
  if: [
    ...cursorCompares(keys, tick.job, form, tick.fireTime),
    ...(live.locks ? [{ type: 'absent', key: keys.lock(tick.job) } as const] : []),
    revisionIs(keys.job(tick.job), jobRevision),
    { type: 'exists', key: keys.worker(worker) },
  ],
  then: [
    get(keys.tick(tick.job)), // the cursor that is replaced: told inside the run's own event (P3)
    putCursor(keys, tick.job, tick.fireTime, { fate: 'ran', runId: live.runId, worker, hash }),
    ...(live.locks ? [{ type: 'put', key: keys.lock(tick.job), value: live.runId } as const] : []),
    put(keys.run(tick.job, live.runId), live),
  ],
  else: whyNot(keys, tick.job, live.runId),
});

/** Somebody decided that the tick does not run. The job's revision is compared, so that a late skip cannot put an old hash back. */
export const skipTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  event,
}: TickMove & { readonly event: Extract<RunEvent, { type: 'tickSkipped' }> }): Transaction => ({
  if: [...cursorCompares(keys, tick.job, form, tick.fireTime), revisionIs(keys.job(tick.job), jobRevision)],
  then: [
    putCursor(keys, tick.job, tick.fireTime, { fate: 'skipped', reason: event.reason, worker, hash }),
    outboxPut(keys, event),
  ],
  else: whyNot(keys, tick.job, ''),
});

/** The tick waits as a queued run, for a worker with room. Not where the job is busy: then the overlap policy has the word. */
export const enqueueTick = ({
  keys,
  tick,
  form,
  hash,
  jobRevision,
  worker,
  queued,
  locks,
}: TickMove & { readonly queued: QueuedRun; readonly locks: boolean }): Transaction => ({
  if: [
    ...cursorCompares(keys, tick.job, form, tick.fireTime),
    ...(locks ? [{ type: 'absent', key: keys.lock(tick.job) } as const] : []),
    revisionIs(keys.job(tick.job), jobRevision),
  ],
  then: [
    putCursor(keys, tick.job, tick.fireTime, { fate: 'waiting', runId: queued.runId, worker, hash }),
    put(keys.queued(tick.job, queued.runId), queued),
  ],
  else: whyNot(keys, tick.job, queued.runId),
});

/** Nobody could run the ticks up to `to`: compared with the very cursor that was read, so that a range is told once. A leader adds its own compare. */
export const missTicks = ({
  keys,
  job,
  to,
  form,
  hash,
  jobRevision,
  event,
  leader,
}: {
  readonly keys: Keys;
  readonly job: string;
  readonly to: number;
  readonly form: CursorForm;
  readonly hash: string;
  readonly jobRevision: number;
  readonly event: Extract<RunEvent, { type: 'ticksMissed' }>;
  readonly leader?: Compare;
}): Transaction => ({
  if: [...(leader ? [leader] : []), ...cursorCompares(keys, job, form, to), revisionIs(keys.job(job), jobRevision)],
  then: [putCursor(keys, job, to, { fate: 'missed', reason: event.reason, hash }), outboxPut(keys, event)],
  else: whyNot(keys, job, ''),
});

/** Nothing before `at` is ever run, missed or caught up: the mark of a changed schedule. `cursor` is the revision of the cursor that was read, undefined for none. */
const markOps = (keys: Keys, job: string, at: number, hash: string): Operation =>
  putCursor(keys, job, at, { reason: 'marked', hash });
const cursorUnchanged = (keys: Keys, job: string, revision: number | undefined): Compare =>
  revision === undefined ? { type: 'absent', key: keys.tick(job) } : revisionIs(keys.tick(job), revision);
const jobUnchanged = (keys: Keys, job: string, revision: number | undefined): Compare =>
  revision === undefined ? { type: 'absent', key: keys.job(job) } : revisionIs(keys.job(job), revision);

/** Saves a job against the versions that were read. `mark` (ms) is given when the schedule's hash changes or the job is new: the later of now and the cursor. */
export const saveJob = (save: {
  readonly keys: Keys;
  readonly name: string;
  /** JSON text of the job. */
  readonly value: string;
  readonly read: { readonly jobRevision: number | undefined; readonly cursorRevision: number | undefined };
  readonly mark?: { readonly at: number; readonly hash: string };
  readonly events: readonly RunEvent[];
}): Transaction => ({
  if: [
    jobUnchanged(save.keys, save.name, save.read.jobRevision),
    ...(save.mark ? [cursorUnchanged(save.keys, save.name, save.read.cursorRevision)] : []),
  ],
  then: [
    { type: 'put', key: save.keys.job(save.name), value: save.value },
    ...(save.mark ? [markOps(save.keys, save.name, save.mark.at, save.mark.hash)] : []),
    ...save.events.map((event) => outboxPut(save.keys, event)),
  ],
  else: [get(save.keys.job(save.name)), get(save.keys.tick(save.name))],
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
}): Transaction => ({
  if: [
    mark.leader,
    revisionIs(mark.keys.job(mark.job), mark.jobRevision),
    cursorUnchanged(mark.keys, mark.job, mark.cursorRevision),
  ],
  then: [markOps(mark.keys, mark.job, mark.at, mark.hash), ...mark.events.map((event) => outboxPut(mark.keys, event))],
});

/** Deletes a job. Its queued runs are dropped by the leader, which sees them without their job; its live runs go on, or are killed one by one by the caller. */
export const deleteJob = ({
  keys,
  name,
  revision,
  event,
}: {
  readonly keys: Keys;
  readonly name: string;
  readonly revision: number;
  readonly event: RunEvent;
}): Transaction => ({
  if: [revisionIs(keys.job(name), revision)],
  then: [remove(keys.job(name)), outboxPut(keys, event)],
  else: [get(keys.job(name))],
});

/** Queues a run that a person asked for. The job must be there; asking again with the same run id changes nothing. */
export const enqueueRun = ({ keys, queued }: { readonly keys: Keys; readonly queued: QueuedRun }): Transaction => ({
  if: [
    { type: 'exists', key: keys.job(queued.job) },
    { type: 'absent', key: keys.queued(queued.job, queued.runId) },
    { type: 'absent', key: keys.run(queued.job, queued.runId) },
  ],
  then: [put(keys.queued(queued.job, queued.runId), queued)],
  else: [get(keys.job(queued.job)), get(keys.queued(queued.job, queued.runId))],
});

/** Takes a queued run (design.md §5.2): the cursor is not looked at. Reads of a failure: queue key, lock, job, run key. */
export const claimQueued = ({
  keys,
  live,
  queueRevision,
  jobRevision,
  worker,
}: {
  readonly keys: Keys;
  readonly live: LiveRun;
  readonly queueRevision: number;
  readonly jobRevision: number;
  readonly worker: string;
}): Transaction => ({
  if: [
    revisionIs(keys.queued(live.job, live.runId), queueRevision),
    ...(live.locks ? [{ type: 'absent', key: keys.lock(live.job) } as const] : []),
    revisionIs(keys.job(live.job), jobRevision),
    { type: 'exists', key: keys.worker(worker) },
  ],
  then: [
    remove(keys.queued(live.job, live.runId)),
    ...(live.locks ? [{ type: 'put', key: keys.lock(live.job), value: live.runId } as const] : []),
    put(keys.run(live.job, live.runId), live),
  ],
  else: [
    get(keys.queued(live.job, live.runId)),
    get(keys.lock(live.job)),
    get(keys.job(live.job)),
    get(keys.run(live.job, live.runId)),
  ],
});

/** A queued run ends without a start: expired, killed by a person, or its job is gone. */
export const dropQueued = ({
  keys,
  queued,
  queueRevision,
  event,
  leader,
}: {
  readonly keys: Keys;
  readonly queued: QueuedRun;
  readonly queueRevision: number;
  readonly event: RunEvent;
  readonly leader?: Compare;
}): Transaction => ({
  if: [...(leader ? [leader] : []), revisionIs(keys.queued(queued.job, queued.runId), queueRevision)],
  then: [remove(keys.queued(queued.job, queued.runId)), outboxPut(keys, event)],
});

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

type Ending = { readonly keys: Keys; readonly ended: LiveRun; readonly runRevision: number; readonly last: LastRun };
const ending = ({ keys, ended, last }: Ending): readonly Operation[] => [
  put(keys.run(ended.job, ended.runId), ended),
  put(keys.last(ended.job), last),
  remove(keys.killer(ended.job, ended.runId)),
];

/** The end of a run by its own worker (design.md §5.3). With `lockRevision` the lock goes too; without, only the run key is compared: somebody else holds the lock.
 *  Reads of a failure: run key, lock. */
export const finishRun = (finish: Ending & { readonly lockRevision: number | undefined }): Transaction => {
  const { keys, ended, runRevision, lockRevision } = finish;
  const lock = keys.lock(ended.job);
  return {
    if: [
      revisionIs(keys.run(ended.job, ended.runId), runRevision),
      ...(lockRevision === undefined ? [] : [revisionIs(lock, lockRevision)]),
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
  const lock = keys.lock(ended.job);
  return {
    if: [
      ...(leader ? [leader] : []),
      revisionIs(keys.run(ended.job, ended.runId), runRevision),
      { type: 'absent', key: keys.worker(owner) },
      ...(holdsLock ? [{ type: 'value', key: lock, op: '=', than: ended.runId } as const] : []),
    ],
    then: [...ending(lose), ...(holdsLock ? [remove(lock)] : []), outboxPut(keys, event)],
  };
};

/** Frees a lock whose run key is absent (`runRevision` undefined) or has ended. */
export const freeLock = ({
  keys,
  job,
  runId,
  lockRevision,
  runRevision,
  leader,
}: {
  readonly keys: Keys;
  readonly job: string;
  readonly runId: string;
  readonly lockRevision: number;
  readonly runRevision: number | undefined;
  readonly leader: Compare;
}): Transaction => ({
  if: [
    leader,
    revisionIs(keys.lock(job), lockRevision),
    runRevision === undefined ? { type: 'absent', key: keys.run(job, runId) } : revisionIs(keys.run(job, runId), runRevision),
  ],
  then: [remove(keys.lock(job))],
});

/** Removes keys that nobody needs any more, each only at the revision that was looked at. At most 60 at once. */
export const removeKeys = (
  entries: readonly { readonly key: string; readonly revision: number }[],
  leader: Compare,
): Transaction => ({
  if: [leader, ...entries.map(({ key, revision }) => revisionIs(key, revision))],
  then: entries.map(({ key }) => remove(key)),
});
