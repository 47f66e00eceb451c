import { Type, type Static } from 'typebox';
import { createParse } from './problem.ts';
import { defined, type Run } from './run.ts';
import { Usage } from './usage.ts';
import { Outcome, Reason, Trigger } from './words.ts';

const V = Type.Integer({ minimum: 1 });
const At = Type.String();
const text = Type.Optional(Type.String());

/** What a run key carries of the job's `retry`, where it allows a further attempt: `withinMs` ends its waiting, `params` and `env` are what was asked for with the run. */
export const RetryOfClaim = Type.Object({
  max: Type.Integer({ minimum: 1 }),
  delayMs: Type.Number(),
  factor: Type.Number(),
  maxDelayMs: Type.Number(),
  elsewhere: Type.Boolean(),
  on: Type.Optional(Type.Array(Type.Integer())),
  timeouts: Type.Boolean(),
  lost: Type.Boolean(),
  withinMs: Type.Number(),
  params: Type.Optional(Type.Record(Type.String(), Type.String())),
  env: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Somebody asked for this very worker. */
  isPinned: Type.Optional(Type.Literal(true)),
});
export type RetryOfClaim = Static<typeof RetryOfClaim>;

/** Value of `runs/<job>/<runId>`: a live run, and for a minute after its end what became of it. What counted at the claim counts to the end, not the job's present fields. */
export const LiveRun = Type.Object({
  v: V,
  runId: Type.String(),
  job: Type.String(),
  worker: Type.String(),
  workerName: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  trigger: Trigger,
  fireTime: At,
  nominalAt: Type.Optional(At),
  state: Type.Enum(['running', 'ended']),
  claimedAt: At,
  jobRevision: Type.Integer(),
  overlap: Type.String(),
  /** Whether the run holds the lock: that of the job, or under placement `all` that of the worker `of`. */
  locks: Type.Boolean(),
  of: text,
  lostAfterMs: Type.Union([Type.Number(), Type.Literal('never')]),
  killGraceMs: Type.Number(),
  latenessMs: Type.Integer(),
  retry: Type.Optional(RetryOfClaim),
  /** The revision of the claim, in every value that is written after it: until then it is that of the key. */
  fence: Type.Optional(Type.Integer()),
  /** The first revision of the queue key that it was claimed from: what is asked of a whole job after that is meant for it too. */
  waitedSince: Type.Optional(Type.Integer()),
  /** When it passed its time limit, where it goes on after that. */
  overdueAt: Type.Optional(At),
  /** Of an attempt that has ended and will be followed: from when on. The run has not ended. */
  nextAttemptAt: Type.Optional(At),
  command: text,
  by: text,
  outcome: Type.Optional(Outcome),
  reason: Type.Optional(Reason),
  exitCode: Type.Optional(Type.Integer()),
  signal: text,
  error: text,
  startedAt: Type.Optional(At),
  endedAt: Type.Optional(At),
  durationMs: Type.Optional(Type.Integer()),
  outputBytes: Type.Optional(Type.Integer()),
  truncated: Type.Optional(Type.Boolean()),
  usage: Type.Optional(Usage),
});
export type LiveRun = Static<typeof LiveRun>;

/** Value of `queue/<job>/<runId>`: a run that was decided and has not started. `worker` pins it. With `to` it is a range of ticks, of which `fireTime` is the next: its id is
 *  that of the batch, and each of its runs gets one of its own. */
export const QueuedRun = Type.Object({
  v: V,
  runId: Type.String(),
  job: Type.String(),
  trigger: Trigger,
  fireTime: At,
  /** The last tick of a range, and how many it still has, counted up to a bound. */
  to: text,
  count: Type.Optional(Type.Integer({ minimum: 1 })),
  attempt: Type.Integer({ minimum: 1 }),
  worker: text,
  /** A further attempt, pinned to the worker of the one before: it may go elsewhere once that worker has been gone for so long. Absent: never. */
  movesAfterMs: Type.Optional(Type.Number()),
  /** A further attempt that is to go elsewhere: not to this worker, unless no other one matches. */
  exclude: text,
  /** How the attempt before ended: so the run ends where this one never starts. */
  after: Type.Optional(Outcome),
  nominalAt: Type.Optional(At),
  /** Of the first attempt: a further one is not late. */
  latenessMs: Type.Optional(Type.Integer()),
  /** The scheduleHash that its ticks are of: where the job has another one, it ends as skipped, reason edited. Absent for what a person asked for. */
  hash: text,
  params: Type.Optional(Type.Record(Type.String(), Type.String())),
  env: Type.Optional(Type.Record(Type.String(), Type.String())),
  notBefore: At,
  /** After this it ends as skipped, reason expired. */
  notAfter: Type.Optional(At),
  queuedAt: At,
  by: text,
});
export type QueuedRun = Static<typeof QueuedRun>;

/** Value of `killer/<job>/<runId>`. `left`: of commands that the run has left behind (timeout `abandon`), after its end. */
export const Kill = Type.Object({
  v: V,
  at: At,
  by: Type.String(),
  cause: Type.Enum(['killed', 'replaced', 'drained']),
  left: Type.Optional(Type.Literal(true)),
});
export type Kill = Static<typeof Kill>;

/** By what fire times are computed: the version of our rules, and that of the time zone data ("2025b"). */
export const Rules = Type.Object({ schedule: Type.Integer(), tz: Type.String() });
export type Rules = Static<typeof Rules>;

/** Value of `workers/<workerId>`, under the worker's lease, written anew every 5 s. */
export const Presence = Type.Object({
  v: V,
  id: Type.String(),
  name: Type.String(),
  host: Type.String(),
  machineId: Type.String(),
  /** Made anew at each start: tells two processes with one id apart. */
  nonce: Type.String(),
  pid: Type.Integer(),
  version: Type.String(),
  labels: Type.Array(Type.String()),
  slots: Type.Integer({ minimum: 0 }),
  /** Names of the jobs that it runs, `*` for any text; absent: all. */
  allow: Type.Optional(Type.Array(Type.String())),
  /** As whom it runs commands where a job says so; absent: as its own user alone. */
  users: Type.Optional(Type.Array(Type.String())),
  running: Type.Integer({ minimum: 0 }),
  /** Bytes that its spool takes on the disk, and may take; output that was thrown away to stay within that since its start; events that the run log refused and that wait for a person. */
  spoolBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  spoolLimitBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  spoolCutBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Ended runs (of one that is tried again each attempt) that wait there for the run log, and when the first of them ended. */
  spoolWaiting: Type.Optional(Type.Integer({ minimum: 0 })),
  spoolOldestAt: Type.Optional(At),
  setAside: Type.Optional(Type.Integer({ minimum: 0 })),
  draining: Type.Boolean(),
  startedAt: At,
  stampedAt: At,
  /** How far its clock is ahead of the median of all, as it finds by itself; absent while it has heard of no other. */
  clockOffsetMs: Type.Optional(Type.Integer()),
  /** Its clock is outside a majority: it takes nothing, and nobody counts on it. */
  skewed: Type.Optional(Type.Boolean()),
  /** Its feeds are not whole (it starts, or its link broke): it takes nothing until they are. */
  unsynced: Type.Optional(Type.Boolean()),
  rules: Rules,
});
export type Presence = Static<typeof Presence>;

/** Value of `last/<job>`: the newest finished run. */
export const LastRun = Type.Object({
  v: V,
  runId: Type.String(),
  fireTime: At,
  outcome: Outcome,
  reason: Type.Optional(Reason),
  endedAt: At,
  durationMs: Type.Optional(Type.Integer()),
});
export type LastRun = Static<typeof LastRun>;

/** Value of `masters/<id>`; `master` holds the id of the leader. */
export const MasterPresence = Type.Object({
  v: V,
  id: Type.String(),
  host: Type.String(),
  pid: Type.Integer(),
  version: Type.String(),
  startedAt: At,
  stampedAt: At,
  clockOffsetMs: Type.Optional(Type.Integer()),
  skewed: Type.Optional(Type.Boolean()),
});
export type MasterPresence = Static<typeof MasterPresence>;

/** Value of `warn/<job>`: what is wrong with a job that no look at its definition tells. Put and removed by the leader. */
export const Warning = Type.Object({
  v: V,
  /** `cursorAhead`: its cursor is more than a minute ahead of time, so no tick before `cursorAt` will run. */
  code: Type.Enum(['cursorAhead']),
  at: At,
  cursorAt: At,
});
export type Warning = Static<typeof Warning>;

/** Value of `meta`: who cannot read the format refuses to start. */
export const Meta = Type.Object({ format: Type.Integer({ minimum: 1 }) });
export const FORMAT = 1;

/** The version of the rules by which fire times are computed. Raised when a change moves any fire time of any schedule. */
export const SCHEDULE_RULES = 2;

export const parseLiveRun = createParse(LiveRun);
export const parseQueuedRun = createParse(QueuedRun);
export const parseKill = createParse(Kill);
export const parsePresence = createParse(Presence);
/** What of a presence, a worker's or a master's, says how its clock stands. */
export const parseStamped = createParse(Type.Object({ stampedAt: At }));
export const parseLastRun = createParse(LastRun);
export const parseWarning = createParse(Warning);
export const parseMeta = createParse(Meta);

/** The run view of a live (or just ended) run key. */
export const runOfLive = (live: LiveRun): Run => {
  const {
    runId,
    job,
    worker,
    workerName,
    attempt,
    trigger,
    fireTime,
    nominalAt,
    claimedAt,
    latenessMs,
    command,
    by,
    outcome,
    reason,
    exitCode,
    signal,
    error,
    startedAt,
    endedAt,
    durationMs,
    outputBytes,
    truncated,
    usage,
    overdueAt,
    nextAttemptAt,
  } = live;
  return {
    id: runId,
    state: live.state !== 'ended' ? 'running' : nextAttemptAt === undefined ? 'finished' : 'queued',
    ...defined({
      job,
      worker,
      workerName,
      attempt,
      trigger,
      fireTime,
      nominalAt,
      claimedAt,
      latenessMs,
      overdueAt,
      nextAttemptAt,
      command,
      by,
      outcome: nextAttemptAt === undefined ? outcome : undefined,
      reason,
      exitCode,
      signal,
      error,
      startedAt,
      endedAt,
      durationMs,
      outputBytes,
      truncated,
      usage,
    }),
  };
};

export const runOfQueued = (queued: QueuedRun): Run => ({
  id: queued.runId,
  job: queued.job,
  trigger: queued.trigger,
  fireTime: queued.fireTime,
  attempt: queued.attempt,
  state: 'queued',
  ...defined({
    worker: queued.worker,
    by: queued.by,
    nominalAt: queued.nominalAt,
    to: queued.to,
    count: queued.count,
    nextAttemptAt: queued.attempt > 1 ? queued.notBefore : undefined,
  }),
});
