import type { Observable } from 'rxjs';
import type { Instant } from '../domain/instant.ts';
import type { LeaseId, Transaction } from '../domain/transaction.ts';
import type { LogDocument, Run, RunEvent, StoredRunEvent } from '../domain/run.ts';
import type { HourStats, RunFacts } from '../domain/stats.ts';

export type { Compare, LeaseId, Operation, Transaction } from '../domain/transaction.ts';

/** A key of the coordination store with its value. `revision` is the store's revision of its last write (etcd: mod_revision),
 *  `created` that of its first write since it was last absent (etcd: create_revision). Both only rise. */
export type Entry = { readonly key: string; readonly value: string; readonly revision: number; readonly created: number };

export type Change =
  { readonly type: 'put'; readonly entry: Entry } | { readonly type: 'delete'; readonly key: string; readonly revision: number };

/** What one read of a prefix found, all at one revision, in the order of the keys. */
export type Listing = { readonly entries: readonly Entry[]; readonly revision: number };

/** Changes of one or more whole revisions, in order. `revision` is the last of them: a watch from `revision + 1` goes on without a gap.
 *  An empty list of changes says that the feed is alive and how far it has come. */
export type Changes = { readonly changes: readonly Change[]; readonly revision: number };

/** `revision`: the store's revision after the transaction (that of its writes, if it wrote). `reads`: what the `get`s of the branch
 *  that was taken found, in their order; undefined for an absent key. Operations are done one after the other: a get before a put of its key finds the old value. */
export type Transacted = {
  readonly succeeded: boolean;
  readonly revision: number;
  readonly reads: readonly (Entry | undefined)[];
};

/** The small linearizable store: what should be, and who is doing what (etcd, or its embedded twin).
 *  Every call has a time limit of its own (5 s unless said) and rejects with `Unavailable` when the store cannot be reached. A transaction
 *  that rejected may have been carried out: callers put an id of their own into what they write and look for it. Nothing is retried inside. */
export type Coordination = {
  /** Everything under a prefix, at one revision, read in pages. */
  readonly list: (prefix: string) => Promise<Listing>;
  /** The changes under a prefix from a revision on, each once, in order. Never completes. Errors with `Compacted` when that revision is no longer kept, with
   *  `Unavailable` when the link broke or has been silent for about 10 s. It never resumes by itself: `feed` lists again. */
  readonly watch: (prefix: string, fromRevision: number) => Observable<Changes>;
  /** All or nothing. A put with a lease that is gone rejects with `LeaseGone`; what is not a transaction (over the limits, a key written twice) with a plain error. */
  readonly transact: (transaction: Transaction) => Promise<Transacted>;
  /** Makes a lease. Keys put with it vanish when it has not been renewed for `ttlMs` (whole seconds, at least 1 s). */
  readonly grantLease: (ttlMs: number) => Promise<LeaseId>;
  /** True when the lease was there and starts its time anew; false when it is gone for good. */
  readonly renewLease: (id: LeaseId) => Promise<boolean>;
  /** Ends a lease and its keys. A lease that is gone already is no error. */
  readonly revokeLease: (id: LeaseId) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Answer of an append: the events that the store will never take, each with the store's reason. All others are stored. `conflicts` are
 *  ids that are there with other content: an alarm, never dropped in silence. */
export type Appended = {
  readonly refused: readonly { readonly event: RunEvent; readonly reason: string }[];
  readonly conflicts: readonly string[];
};

export type RunsQuery = {
  readonly job?: string;
  /** One, or several with commas between. */
  readonly outcome?: string;
  readonly worker?: string;
  /** Of the fire time or, without one, of the claim; ms since the epoch. */
  readonly from?: number;
  readonly to?: number;
  /** Text in job name, error or output. */
  readonly q?: string;
  /** The last run id of the page before. */
  readonly cursor?: string;
  readonly limit: number;
};

/** The bound is exclusive: the last id of the page before. */
export type EventsPage = { readonly limit: number } & (
  { readonly after?: string; readonly isDown?: false } | { readonly before?: string; readonly isDown: true }
);

/** Only what comes after `before` in the order of the list: older, or as old and of a lower id. */
export type TickRunsPage = {
  readonly before: { readonly fireTime: Instant; readonly id: string };
  readonly from?: Instant;
  readonly limit: number;
};

/** The large append-only store: what happened (MongoDB, or its embedded twin). Every call has a time limit and rejects with `Unavailable`. */
export type RunLog = {
  /** Stores events, each once by its id. Sending a batch again is harmless. When the last event of a run's end is among them (or a late one comes), the run's
   *  document in `log` is written anew from all of its events before the answer. */
  readonly append: (events: readonly RunEvent[]) => Promise<Appended>;
  /** Events of a run in the order of their ids, after the given id. */
  readonly eventsOf: (
    runId: string,
    page: { readonly after?: string; readonly limit: number },
  ) => Promise<readonly StoredRunEvent[]>;
  /** One event by its id, or undefined: the point lookup of a live tail. */
  readonly event: (id: string) => Promise<StoredRunEvent | undefined>;
  /** Ended runs, newest run id first. */
  readonly runs: (query: RunsQuery) => Promise<{ readonly items: readonly LogDocument[]; readonly nextCursor?: string }>;
  readonly run: (runId: string) => Promise<LogDocument | undefined>;
  /** Events whose ids begin with a prefix that ends in `/`: about a job that belong to no run (ticks, changes of the job), or of a run, newest id last, after the given id; or, `isDown`, newest id first, before the given one. */
  readonly eventsAbout: (prefix: string, page: EventsPage) => Promise<readonly StoredRunEvent[]>;
  /** The ended runs of a job's ticks (trigger `schedule` or `catchUp`), newest fire time first, those of one fire time by falling id. Without their outputs. */
  readonly runsOfTicks: (job: string, page: TickRunsPage) => Promise<readonly Run[]>;
  /** Resolves when the store answers. */
  readonly ping: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** What a run's stored events make of it: its document if it has ended, and its newest attempt (0: it has no events). */
export type Projected = { readonly document: LogDocument | undefined; readonly attempt: number };

/** An hour of a job whose runs have changed since its statistics were made. `mark` is another one after each change. */
export type TouchedHour = { readonly job: string; readonly hour: number; readonly mark: string };

/** An ended run, by what retention looks at. Instants in ms since the epoch. */
export type OldRun = { readonly id: string; readonly job: string; readonly endTime: number; readonly facts: RunFacts };

/** A run that is to go. With `counted` its hour goes on counting it when the hour's statistics are made anew. */
export type ForgottenRun = { readonly id: string; readonly counted?: RunFacts };

/** What keeps a run log small and its projections true. Each call is a small step with a time limit, and may be made again; rejects with `Unavailable`. */
export type LogUpkeep = {
  /** All events in the order of their ids, each once; those that come meanwhile may be among them. */
  readonly everyEvent: () => AsyncIterable<StoredRunEvent>;
  /** All documents of ended runs, in the order of their ids. */
  readonly everyDocument: () => AsyncIterable<LogDocument>;
  /** What the document of a run should be, from its events as they are now. */
  readonly projected: (runId: string) => Promise<Projected>;
  /** Makes the document of a run anew from its events, and notes its hour as touched; one that has no events goes. */
  readonly renew: (runId: string) => Promise<void>;
  /** Lists these changes of jobs in `audit`; those that are there already stay. */
  readonly renewAudit: (events: readonly RunEvent[]) => Promise<void>;
  /** Changes of all jobs, newest first, before the given id (`jobSaved` and the like: `event.id`). */
  readonly audit: (page: { readonly before?: string; readonly limit: number }) => Promise<readonly StoredRunEvent[]>;

  /** Ended runs by rising id, of one job or all, after the given id. */
  readonly oldestRuns: (page: {
    readonly job?: string;
    readonly after?: string;
    readonly limit: number;
  }) => Promise<readonly OldRun[]>;
  /** The id of the `n`-th newest ended run of a job, from 1. */
  readonly nthRun: (job: string, n: number) => Promise<string | undefined>;
  /** Removes runs with all of their events. What is removed in part by a call that failed is removed by the next. Statistics stay. */
  readonly forgetRuns: (runs: readonly ForgottenRun[]) => Promise<{ readonly events: number }>;
  /** Of these runs those of which a command was abandoned whose end is not told: it may print still. */
  readonly goingOn: (runIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Removes what was told of ticks before an instant: of the job that comes first after `after` (of the first of all without it), which is answered as `job`. Undefined: there is no further one. At most
   *  `limit` events: where so many were removed there may be more of that job. */
  readonly forgetTicks: (page: {
    readonly after?: string;
    readonly before: Instant;
    readonly limit: number;
  }) => Promise<{ readonly job: string; readonly events: number } | undefined>;

  /** Hours from `from` on and before `before` (ms) whose statistics are to be made anew, of one job or all: the oldest first, or with `isDown` the newest. */
  readonly touchedHours: (page: {
    readonly from?: number;
    readonly before: number;
    readonly job?: string;
    readonly isDown?: boolean;
    readonly limit: number;
  }) => Promise<readonly TouchedHour[]>;
  /** The statistics of an hour made anew from its ended runs and those that went as `counted`, of each of these jobs, also of one without any. Takes as long as there are runs to be read; neither memory nor the loop suffers. */
  readonly statsOf: (hour: number, jobs: readonly string[]) => Promise<readonly HourStats[]>;
  /** Stores statistics of hours and takes away the marks that they were made for, where those have not changed since. */
  readonly putHours: (hours: readonly (HourStats & { readonly mark: string })[]) => Promise<void>;
  /** Statistics that are stored, of hours from `from` on and before `to` (ms), of one job or all: in the order of the hours, page by page, each with a time limit of its own and read when it is asked for. */
  readonly hours: (query: {
    readonly from: number;
    readonly to: number;
    readonly job?: string;
  }) => AsyncIterable<readonly HourStats[]>;
  /** Removes statistics of hours before an instant, at most so many; answers how many. */
  readonly forgetHours: (before: number, limit: number) => Promise<number>;
};

/** The store could not be reached, or did not answer in time. What was asked may have been done. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** The revision asked for is no longer kept: list again. */
export class Compacted extends Error {
  override readonly name = 'Compacted';
}

/** A key was to be put with a lease that is gone for good: nothing was written. */
export class LeaseGone extends Error {
  override readonly name = 'LeaseGone';
}
