import { Type, type Static } from 'typebox';
import { createParse } from './problem.ts';
import { defined, type Run } from './run.ts';
import { Outcome, Reason, Trigger } from './words.ts';

const V = Type.Integer({ minimum: 1 });
const At = Type.String();
const text = Type.Optional(Type.String());

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
  /** Whether the run holds `lock/<job>`. */
  locks: Type.Boolean(),
  lostAfterMs: Type.Union([Type.Number(), Type.Literal('never')]),
  killGraceMs: Type.Number(),
  latenessMs: Type.Integer(),
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
});
export type LiveRun = Static<typeof LiveRun>;

/** Value of `queue/<job>/<runId>`: a run that was decided and has not started. `worker` pins it. */
export const QueuedRun = Type.Object({
  v: V,
  runId: Type.String(),
  job: Type.String(),
  trigger: Trigger,
  fireTime: At,
  attempt: Type.Integer({ minimum: 1 }),
  worker: text,
  params: Type.Optional(Type.Record(Type.String(), Type.String())),
  env: Type.Optional(Type.Record(Type.String(), Type.String())),
  notBefore: At,
  /** After this it ends as skipped, reason expired. */
  notAfter: Type.Optional(At),
  queuedAt: At,
  by: text,
});
export type QueuedRun = Static<typeof QueuedRun>;

/** Value of `killer/<job>/<runId>`. */
export const Kill = Type.Object({ v: V, at: At, by: Type.String(), cause: Type.Enum(['killed', 'replaced', 'drained']) });
export type Kill = Static<typeof Kill>;

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
  running: Type.Integer({ minimum: 0 }),
  /** Bytes of events and output that wait in the spool for the run log, and the age of the oldest. */
  spoolBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  draining: Type.Boolean(),
  startedAt: At,
  stampedAt: At,
  rules: Type.Object({ schedule: Type.Integer(), tz: Type.String() }),
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
});
export type MasterPresence = Static<typeof MasterPresence>;

/** Value of `meta`: who cannot read the format refuses to start. */
export const Meta = Type.Object({ format: Type.Integer({ minimum: 1 }) });
export const FORMAT = 1;

/** The version of the rules by which fire times are computed. Raised when a change moves any fire time of any schedule. */
export const SCHEDULE_RULES = 2;

export const parseLiveRun = createParse(LiveRun);
export const parseQueuedRun = createParse(QueuedRun);
export const parseKill = createParse(Kill);
export const parsePresence = createParse(Presence);
export const parseLastRun = createParse(LastRun);
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
  } = live;
  return {
    id: runId,
    state: live.state === 'ended' ? 'finished' : 'running',
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
  ...defined({ worker: queued.worker, by: queued.by }),
});
