import { Type, type Static } from 'typebox';
import { Job } from './job.ts';
import { Usage } from './usage.ts';
import { Fate, Outcome, Reason, Trigger } from './words.ts';

/** The shapes that masters send: REST views, live messages, problems. The console and the command line read them by these types. */
const At = Type.String({ description: 'ISO 8601, UTC, milliseconds' });
const count = Type.Integer({ minimum: 0 });

export const RunView = Type.Object(
  {
    id: Type.String(),
    job: Type.String(),
    trigger: Trigger,
    fireTime: At,
    nominalAt: Type.Optional(At),
    to: Type.Optional(
      Type.String({
        description:
          'Of a range that waits (a backfill, or ticks that are caught up): its last tick. fireTime is its next, each run gets an id of its own',
      }),
    ),
    count: Type.Optional(Type.Integer({ minimum: 1, description: 'How many ticks the range still has, counted up to 10,000' })),
    attempt: Type.Integer({ minimum: 1 }),
    worker: Type.Optional(Type.String()),
    workerName: Type.Optional(Type.String()),
    state: Type.Enum(['queued', 'running', 'finished']),
    claimedAt: Type.Optional(At),
    startedAt: Type.Optional(At),
    endedAt: Type.Optional(At),
    killAskedAt: Type.Optional(At),
    overdueAt: Type.Optional(Type.String({ description: 'When it passed its time limit, where it goes on after that' })),
    nextAttemptAt: Type.Optional(
      Type.String({ description: 'Of a run that waits for a further attempt: from when on that may start' }),
    ),
    command: Type.Optional(Type.String()),
    pid: Type.Optional(Type.Integer()),
    outcome: Type.Optional(Outcome),
    reason: Type.Optional(Reason),
    exitCode: Type.Optional(Type.Integer()),
    signal: Type.Optional(Type.String()),
    error: Type.Optional(Type.String()),
    latenessMs: Type.Optional(Type.Integer()),
    durationMs: Type.Optional(Type.Integer()),
    outputBytes: Type.Optional(count),
    truncated: Type.Optional(Type.Boolean()),
    usage: Type.Optional(Usage),
    fence: Type.Optional(count),
    by: Type.Optional(Type.String()),
  },
  { $id: 'RunView', title: 'RunView' },
);
export type RunView = Static<typeof RunView>;

export const LastRunView = Type.Object({
  id: Type.String(),
  fireTime: At,
  outcome: Outcome,
  reason: Type.Optional(Reason),
  endedAt: At,
  durationMs: Type.Optional(count),
});

export const JobView = Type.Object(
  {
    /** Kept as it lies in etcd, fields of newer versions included. */
    job: Type.Union([Job, Type.Object({ name: Type.String() }, { additionalProperties: true })]),
    /** Revision of the key, for If-Match. */
    revision: Type.String(),
    /** In words. */
    schedule: Type.String(),
    nextFireTime: Type.Optional(At),
    running: Type.Array(RunView),
    queued: count,
    lastRun: Type.Optional(LastRunView),
    savedBy: Type.Optional(Type.String()),
    savedAt: Type.Optional(At),
    /** `cursorAhead`: its cursor is more than a minute ahead of time, so no tick before `cursorAt` runs. An admin sets it back (`POST /jobs/:name/cursor`). */
    warning: Type.Optional(Type.Object({ code: Type.Enum(['cursorAhead']), at: At, cursorAt: At })),
    /** It is enabled, and no live worker may run it, as of this answer: its ticks are missed. Told with the job, and not anew when workers come or go. */
    noWorker: Type.Optional(Type.Literal(true)),
    /** Why the value in etcd cannot be used; the job does nothing until it is mended. */
    broken: Type.Optional(Type.String()),
  },
  { $id: 'JobView', title: 'JobView' },
);
export type JobView = Static<typeof JobView>;

export const WorkerView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    host: Type.String(),
    pid: Type.Integer(),
    version: Type.String(),
    labels: Type.Array(Type.String()),
    slots: count,
    /** What its own configuration lets it run. */
    allow: Type.Optional(Type.Array(Type.String())),
    users: Type.Optional(Type.Array(Type.String())),
    draining: Type.Boolean(),
    startedAt: At,
    lastSeenAt: At,
    /** How far its clock is ahead of the median of all; absent while it does not know. */
    clockOffsetMs: Type.Optional(Type.Integer()),
    /** Why it takes no ticks, though it does not drain: its clock is outside a majority, it does not know all jobs (yet, or its link to etcd is broken), or others know newer
     *  schedule rules or time zone data. */
    passes: Type.Optional(Type.Enum(['skewed', 'unsynced', 'oldRules'])),
    /** Bytes that its spool takes on the disk, and may take. */
    spoolBytes: Type.Optional(count),
    spoolLimitBytes: Type.Optional(count),
    /** Ended runs (of one that is tried again each attempt) that wait there for the run log, and when the first of them ended: until it has them, lists do not show them. */
    spoolWaiting: Type.Optional(count),
    spoolOldestAt: Type.Optional(At),
    /** Output that it has thrown away since its start, to stay within that. */
    spoolCutBytes: Type.Optional(count),
    /** Events that the run log refused: they lie in its spool, in refused.ndjson. */
    setAside: Type.Optional(count),
    running: Type.Array(RunView),
  },
  { $id: 'WorkerView', title: 'WorkerView' },
);
export type WorkerView = Static<typeof WorkerView>;

/** One tick of a job, or a range of them that nobody could run: then `fireTime` is the first, `to` the last, and `count` says how many. */
export const TickView = Type.Object(
  {
    fireTime: At,
    fate: Fate,
    /** Why it did not run, or ended as it did. */
    reason: Type.Optional(Reason),
    runId: Type.Optional(Type.String()),
    worker: Type.Optional(Type.String()),
    workerName: Type.Optional(Type.String()),
    /** Of a run the lateness of its claim; of a tick whose time has come and that nobody has decided yet, so far. */
    latenessMs: Type.Optional(count),
    note: Type.Optional(Type.String()),
    waitsFor: Type.Optional(
      Type.String({
        description: 'Of a tick that is due or waits: why it has not begun, as far as this master knows. For people',
      }),
    ),
    to: Type.Optional(At),
    count: Type.Optional(Type.Integer({ minimum: 1 })),
    trigger: Type.Optional(Trigger),
    /** Of a run that has ended. */
    outcome: Type.Optional(Outcome),
    durationMs: Type.Optional(count),
    by: Type.Optional(Type.String()),
  },
  { $id: 'TickView', title: 'TickView' },
);
export type TickView = Static<typeof TickView>;

/** Why a job ran, or did not, at an instant. */
export const WhyView = Type.Object(
  {
    at: At,
    /** For people, in the language that was asked for. */
    sentence: Type.String(),
    /** The tick there, or the nearest on record. Of placement `all` there are several. */
    items: Type.Array(TickView),
  },
  { $id: 'WhyView', title: 'WhyView' },
);
export type WhyView = Static<typeof WhyView>;

/** Whether a worker would take a tick of a job now, and the first thing that keeps it from it. */
export const PlacementView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    matches: Type.Boolean(),
    reason: Type.Optional(Type.Enum(['name', 'labels', 'jobs', 'user', 'skewed', 'draining', 'unsynced', 'oldRules', 'full'])),
    /** The labels that it would need and has not. */
    missing: Type.Optional(Type.Array(Type.String())),
    slots: count,
    running: count,
  },
  { $id: 'PlacementView', title: 'PlacementView' },
);
export type PlacementView = Static<typeof PlacementView>;

/** A change of a job: `Revision` of revision.ts. */
export const RevisionView = Type.Object(
  {
    id: Type.String(),
    type: Type.Enum(['saved', 'deleted', 'cursorSet']),
    name: Type.String(),
    at: At,
    by: Type.String(),
    /** Of the job's key, as this change made it. */
    revision: Type.Optional(Type.String()),
    /** Absent `before`: the field came; absent `after`: it went. */
    changes: Type.Array(
      Type.Object({ path: Type.String(), before: Type.Optional(Type.Unknown()), after: Type.Optional(Type.Unknown()) }),
    ),
    text: Type.String({ description: 'What it changed, in words' }),
    /** The job after it. */
    job: Type.Optional(Type.Unknown()),
  },
  { $id: 'RevisionView', title: 'RevisionView' },
);
export type RevisionView = Static<typeof RevisionView>;

/** Lengths or delays in ms. */
const SpreadView = Type.Object({
  count,
  sum: Type.Number(),
  min: Type.Number(),
  max: Type.Number(),
  mean: Type.Number(),
  p50: Type.Number(),
  p95: Type.Number(),
  p99: Type.Number(),
});
export type SpreadView = Static<typeof SpreadView>;

const tally = {
  runs: count,
  /** Those that failed, timed out or were lost; what was killed was ended by intent. */
  failing: count,
  outcomes: Type.Record(Type.String(), count),
  duration: Type.Optional(SpreadView),
  lateness: Type.Optional(SpreadView),
};
const TallyView = Type.Object(tally);
export type TallyView = Static<typeof TallyView>;

export const StatsView = Type.Object(
  {
    from: At,
    to: At,
    total: TallyView,
    hours: Type.Array(Type.Object({ at: At, ...tally })),
    jobs: Type.Array(Type.Object({ job: Type.String(), ...tally })),
    overdue: Type.Array(RunView, { description: 'Runs of now that are past their time limit and go on, the longest first' }),
    asOf: Type.String(),
  },
  { $id: 'StatsView', title: 'StatsView' },
);
export type StatsView = Static<typeof StatsView>;

/** One thing that is wrong with what was sent, as `FieldProblem` of problem.ts. */
export const FieldProblemView = Type.Object({
  path: Type.String(),
  code: Type.String(),
  message: Type.String(),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  field: Type.Optional(Type.String()),
});

/** An error, RFC 9457. `code` is stable; `errors` lists every problem of a bad input. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(FieldProblemView)),
    revision: Type.Optional(Type.String()),
    /** Of a run that is not found: ended runs that wait in the spools of workers for the run log. */
    waiting: Type.Optional(count),
  },
  { $id: 'Problem', title: 'Problem' },
);
export type Problem = Static<typeof Problem>;

/** `asOf` is a live position: a revision of the coordination store as text, valid on every master. */
export const page = <T extends Parameters<typeof Type.Array>[0]>(items: T) =>
  Type.Object({
    items: Type.Array(items),
    nextCursor: Type.Optional(Type.String()),
    total: Type.Optional(count),
    asOf: Type.String(),
  });

/** What a client sends over the live socket. `since` is an `asOf`, or for `run/<id>` the place in the run's events from which on it wants them. */
export const LiveRequest = Type.Union([
  Type.Object(
    {
      op: Type.Literal('subscribe'),
      topic: Type.String(),
      since: Type.Optional(
        Type.Union([Type.String(), Type.Object({ attempt: Type.Integer({ minimum: 1 }), seq: Type.Integer({ minimum: -1 }) })]),
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object({ op: Type.Literal('unsubscribe'), topic: Type.String() }, { additionalProperties: false }),
]);
export type LiveRequest = Static<typeof LiveRequest>;

/** A run event as it goes over the socket: instants are texts already, output bytes are base64 in `data`. `id` is the event's id where it is from the run log. */
export type LiveRunEvent = {
  readonly type: string;
  readonly runId: string;
  readonly job: string;
  readonly attempt: number;
  readonly at: string;
  readonly run?: RunView;
  readonly [field: string]: unknown;
};

export type LiveEvent =
  | { readonly type: 'jobChanged'; readonly job: JobView }
  | { readonly type: 'jobRemoved'; readonly name: string }
  | { readonly type: 'workerJoined' | 'workerChanged'; readonly worker: WorkerView }
  | { readonly type: 'workerLeft'; readonly id: string }
  | LiveRunEvent;

export type LiveMessage =
  | { readonly topic: string; readonly type: 'subscribed'; readonly asOf: string }
  | { readonly topic: string; readonly type: 'event'; readonly event: LiveEvent; readonly asOf: string }
  | { readonly topic: string; readonly type: 'resync' }
  | { readonly topic: string; readonly type: 'refused'; readonly code: string; readonly detail: string };
