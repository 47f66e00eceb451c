import { Type, type Static, type TProperties } from 'typebox';
import { createCheck } from './problem.ts';
import { Usage } from './usage.ts';
import { EndCause, Outcome, Reason, Trigger } from './words.ts';

const At = Type.String({ description: 'ISO 8601, UTC, milliseconds' });
const optionalText = Type.Optional(Type.String());
const optionalCount = Type.Optional(Type.Integer({ minimum: 0 }));

/** An event that the worker of an attempt numbers: `seq` counts from 0 within the attempt. */
const ofAttempt = <T extends string, P extends TProperties>(type: T, properties: P) =>
  Type.Object({
    v: Type.Integer({ minimum: 1 }),
    type: Type.Literal(type),
    job: Type.String(),
    runId: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    seq: Type.Integer({ minimum: 0 }),
    at: At,
    ...properties,
  });

/** An event that a leader or master tells of a run: one of a kind an attempt, so its id needs no number. */
const ofRun = <T extends string, P extends TProperties>(type: T, properties: P) =>
  Type.Object({
    v: Type.Integer({ minimum: 1 }),
    type: Type.Literal(type),
    job: Type.String(),
    runId: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    at: At,
    ...properties,
  });

const ofJob = <T extends string, P extends TProperties>(type: T, properties: P) =>
  Type.Object({ v: Type.Integer({ minimum: 1 }), type: Type.Literal(type), job: Type.String(), at: At, ...properties });

/** What a run was claimed as. `cursorBefore` is the cursor that the claim replaced: a move whose own event was lost is told by the next one. */
export const Claimed = ofAttempt('claimed', {
  trigger: Trigger,
  fireTime: At,
  nominalAt: Type.Optional(At),
  worker: Type.String(),
  workerName: Type.String(),
  fence: Type.Integer({ minimum: 0, description: 'Fencing token: the revision of the claim. It only rises within a job.' }),
  rank: Type.Optional(Type.Integer({ minimum: 0 })),
  jobRevision: Type.Integer({ minimum: 0 }),
  command: Type.String(),
  latenessMs: Type.Integer(),
  by: optionalText,
  cursorBefore: optionalText,
});
export const Started = ofAttempt('started', { pid: Type.Integer({ minimum: 1 }), host: Type.String() });
/** Bytes of the output at `offset`, exactly as they were printed. `droppedBytes` were left out right before them (the job's limit). */
export const Output = ofAttempt('output', {
  offset: Type.Integer({ minimum: 0 }),
  data: Type.Unsafe<Uint8Array>({}),
  droppedBytes: optionalCount,
});
export const KillAsked = ofAttempt('killAsked', { cause: EndCause, by: optionalText });
/** It passed its time limit and goes on: told as overdue, or the run ends without it (`abandon`). `at` is that instant. */
export const Overdue = ofAttempt('overdue', { afterMs: Type.Integer({ minimum: 1 }), action: Type.Enum(['abandon', 'alert']) });
export const Signalled = ofAttempt('signalled', { signal: Type.String(), cause: EndCause });
const ending = {
  outcome: Outcome,
  reason: Type.Optional(Reason),
  exitCode: Type.Optional(Type.Integer()),
  signal: optionalText,
  error: optionalText,
  durationMs: optionalCount,
  outputBytes: optionalCount,
  truncated: Type.Optional(Type.Boolean()),
  usage: Type.Optional(Usage),
  by: optionalText,
};
/** The end of an attempt that will be followed by another, from `nextAttemptAt` on. Where the one that goes on is abandoned, its real end is told by a second one. */
export const AttemptEnded = ofAttempt('attemptEnded', { ...ending, nextAttemptAt: Type.Optional(At) });
/** The end of the run. `at` is the instant of the end itself. One that was abandoned gets a second when its command ends, with what only that could tell. */
export const Finished = ofAttempt('finished', ending);

/** The leader's finding that the worker of a run is gone; a `finished` that comes later corrects it. */
export const Lost = ofRun('lost', {
  reason: Reason,
  worker: Type.String(),
  by: optionalText,
  /** What the run key said of the run: the host that knew more may never come back. */
  trigger: Type.Optional(Trigger),
  fireTime: Type.Optional(At),
  nominalAt: Type.Optional(At),
  claimedAt: Type.Optional(At),
  workerName: optionalText,
  command: optionalText,
  fence: optionalCount,
  /** A further attempt follows, from then on: the run has not ended. */
  nextAttemptAt: Type.Optional(At),
});
/** A queued run that ended without a start. */
export const Dropped = ofRun('dropped', {
  outcome: Outcome,
  reason: Type.Optional(Reason),
  trigger: Trigger,
  fireTime: At,
  by: optionalText,
});

export const TickSkipped = ofJob('tickSkipped', {
  fireTime: At,
  reason: Reason,
  of: optionalText,
  worker: optionalText,
  by: optionalText,
  cursorBefore: optionalText,
});
/** Nobody could run the ticks from `from` to `to`, both included; with `fate` skipped: somebody decided that they do not run. Without a `count` nobody knows how many there
 *  were, if any: a hand-made edit passed over them, and its old version is not known. */
export const TicksMissed = ofJob('ticksMissed', {
  from: At,
  to: At,
  count: Type.Optional(Type.Integer({ minimum: 1 })),
  fate: Type.Optional(Type.Literal('skipped')),
  reason: Reason,
  /** The worker whose ticks they are, under placement `all`. */
  of: optionalText,
  worker: optionalText,
  by: optionalText,
  cursorBefore: optionalText,
});
/** `revision`: of the job's key, as this save or delete made it. It is known only once the transaction is through: whoever ships the event adds it. */
const change = { id: Type.String(), by: Type.String(), revision: optionalCount };
export const JobSaved = ofJob('jobSaved', {
  ...change,
  before: Type.Optional(Type.Unknown()),
  after: Type.Unknown(),
});
/** Somebody set the cursor by hand, in ms from `from` (none: there was no cursor) to `to`. */
export const CursorSet = ofJob('cursorSet', { id: Type.String(), by: Type.String(), from: optionalText, to: At });
export const JobDeleted = ofJob('jobDeleted', { ...change, before: Type.Optional(Type.Unknown()) });

export const RunEvent = Type.Union([
  Claimed,
  Started,
  Output,
  KillAsked,
  Overdue,
  Signalled,
  AttemptEnded,
  Finished,
  Lost,
  Dropped,
  TickSkipped,
  TicksMissed,
  JobSaved,
  JobDeleted,
  CursorSet,
]);
/** A fact about a run, a tick or a job. Append-only. */
export type RunEvent = Static<typeof RunEvent>;
/** An event that was read again. `unknown` is what a newer version wrote and this one cannot read: kept, shown by its type, never dropped. */
export type StoredRunEvent = RunEvent | UnknownEvent;
export type UnknownEvent = { readonly type: 'unknown'; readonly id: string; readonly was: string; readonly raw: unknown };

export type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

const ofWorker = ({ of }: { readonly of?: string }): string => (of === undefined ? '' : `/${of}`);
const three = (n: number): string => String(n).padStart(3, '0');
export const attemptPrefix = (runId: string, attempt: number): string => `${runId}/${three(attempt)}/`;

/** The id of an event in the run log; the same fact has the same id wherever and however often it is told. Within a run, ids sort as events happened. */
export const eventId = (event: StoredRunEvent): string => {
  switch (event.type) {
    case 'claimed':
    case 'started':
    case 'output':
    case 'killAsked':
    case 'overdue':
    case 'signalled':
    case 'attemptEnded':
    case 'finished':
      return `${attemptPrefix(event.runId, event.attempt)}${String(event.seq).padStart(8, '0')}`;
    case 'lost':
    case 'dropped':
      return `${attemptPrefix(event.runId, event.attempt)}${event.type}`;
    case 'tickSkipped':
      return `tick/${event.job}/${event.fireTime}${ofWorker(event)}`;
    case 'ticksMissed':
      return `tick/${event.job}/${event.to}${ofWorker(event)}`;
    case 'jobSaved':
    case 'jobDeleted':
    case 'cursorSet':
      return `job/${event.job}/${event.id}`;
    case 'unknown':
      return event.id;
    default:
      return event satisfies never;
  }
};

/** The run that an event is of, if it is of one. */
export const runIdOf = (event: StoredRunEvent): string | undefined => ('runId' in event ? event.runId : undefined);

const check = createCheck(RunEvent);

/** Reads an event back. What cannot be read (a newer version's, a damaged one) becomes `unknown` under its id. */
export const parseRunEvent = (id: string, raw: unknown): StoredRunEvent => {
  const checked = check(raw);
  if (checked.ok) return checked.value;
  const was = typeof raw === 'object' && raw !== null && 'type' in raw && typeof raw.type === 'string' ? raw.type : 'unknown';
  return { type: 'unknown', id, was, raw };
};
