import { toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { parseCursor, type Cursor } from '../domain/tick.ts';
import {
  parseLastRun,
  parseKill,
  parseLiveRun,
  parsePresence,
  parseQueuedRun,
  parseWarning,
  type LiveRun,
  type Presence,
  type QueuedRun,
} from '../domain/values.ts';
import type { FeedEvent } from '../streams/feed.ts';
import type { Change, Entry } from '../streams/ports.ts';

export type SeenCursor = { readonly revision: number; readonly cursor: Cursor | undefined };
type SeenJob = {
  /** Undefined where the value cannot be used: the job is there, and nothing is done for it. */
  readonly known: KnownJob | undefined;
  /** The revision of its first save: what is older was for another job of this name. */
  readonly created: number;
  /** The first fire time after a cursor, computed once a cursor. */
  readonly dueAt: (cursor: SeenCursor) => number | undefined;
};
type SeenRun = {
  readonly live: LiveRun;
  readonly revision: number;
  readonly fence: number;
  /** The revision at which the run was there first: the fence of its first attempt, or where that waited before, the first revision of its queue key. What was asked for later counts for it, whatever attempt it has come to. */
  readonly since: number;
  readonly endedSeenAt: number | undefined;
};

/** All that the leader's duties look at, as the feeds tell it. Instants named `…SeenAt` and `absentSince` are of the monotonic clock. */
export type LeaderView = {
  readonly jobs: ReadonlyMap<string, SeenJob>;
  /** By job; under placement `all` the job's own is the mark alone, and each worker's stands at `<job>/<workerId>`. Likewise the locks. */
  readonly cursors: ReadonlyMap<string, SeenCursor>;
  /** The version that a job's cursor knows, where another one, or none, has taken its place and no mark says so yet. Only as far as this leader has seen it. */
  readonly befores: ReadonlyMap<string, KnownJob>;
  readonly locks: ReadonlyMap<string, { readonly runId: string; readonly revision: number; readonly seenAt: number }>;
  /** By run id. */
  readonly runs: ReadonlyMap<string, SeenRun>;
  readonly queue: ReadonlyMap<string, { readonly queued: QueuedRun; readonly revision: number; readonly created: number }>;
  readonly lasts: ReadonlyMap<string, { readonly revision: number; readonly endedAt: number }>;
  readonly workers: ReadonlyMap<string, Presence>;
  /** Owners of live runs, and workers to which further attempts, or what waits without end, are pinned, that have no presence, and since when this leader knows it. */
  readonly absentSince: ReadonlyMap<string, number>;
  /** Kill keys without a run id, by job. */
  readonly bareKills: ReadonlyMap<string, { readonly key: string; readonly revision: number; readonly seenAt: number }>;
  /** Kill keys of runs, by run id. */
  /** `isLeft`: of a command that its run has left behind. */
  readonly kills: ReadonlyMap<
    string,
    { readonly job: string; readonly revision: number; readonly seenAt: number; readonly isLeft?: boolean }
  >;
  /** What is told of jobs, by job. */
  readonly warnings: ReadonlyMap<string, { readonly revision: number; readonly cursorAt: string | undefined }>;
};

export const LEADER_FEEDS = ['jobs', 'cursors', 'locks', 'runs', 'queue', 'lasts', 'workers', 'kills', 'warnings'] as const;
export type LeaderFeed = (typeof LEADER_FEEDS)[number];

export const prefixOf = (keys: Keys, feed: LeaderFeed): string =>
  ({
    jobs: keys.jobs,
    cursors: keys.ticks,
    locks: keys.locks,
    runs: keys.runs,
    queue: keys.queue,
    lasts: keys.lasts,
    workers: keys.workers,
    kills: keys.killers,
    warnings: keys.warnings,
  })[feed];

/** Keeps the leader's view from its feeds. `hear` is told each feed's events; `view` answers undefined until every feed is in sync. */
export const createLeaderView = (
  keys: Keys,
  read: (value: string, revision: number) => KnownJob | undefined,
  monotonic: () => number,
) => {
  const jobs = new Map<string, SeenJob>();
  const cursors = new Map<string, SeenCursor>();
  const locks = new Map<string, { runId: string; revision: number; seenAt: number }>();
  const runs = new Map<string, SeenRun>();
  const queue = new Map<string, { queued: QueuedRun; revision: number; created: number }>();
  const lasts = new Map<string, { revision: number; endedAt: number }>();
  const workers = new Map<string, Presence>();
  const absentSince = new Map<string, number>();
  const bareKills = new Map<string, { key: string; revision: number; seenAt: number }>();
  const kills = new Map<string, { job: string; revision: number; seenAt: number; isLeft: boolean }>();
  const befores = new Map<string, KnownJob>();
  const warnings = new Map<string, { revision: number; cursorAt: string | undefined }>();
  const inSync = new Set<LeaderFeed>();

  /** Called before the new version takes the place of the one that is known, and when the cursor has moved. */
  const noteBefore = (name: string, now: KnownJob | undefined): void => {
    const hash = cursors.get(name)?.cursor?.decision.hash;
    const [kept, present] = [befores.get(name), jobs.get(name)?.known];
    const before = [kept, present].find((version) => version !== undefined && version.hash === hash);
    if (before && before.hash !== now?.hash) befores.set(name, before);
    else befores.delete(name);
  };

  const put: Readonly<Record<LeaderFeed, (entry: Entry) => void>> = {
    jobs: ({ key, value, revision, created }) => {
      const name = keys.jobOf(key);
      const known = read(value, revision);
      noteBefore(name, known?.job.name === name ? known : undefined);
      jobs.set(
        name,
        known?.job.name === name
          ? { known, created, dueAt: dueAtOf(known) }
          : { known: undefined, created, dueAt: () => undefined },
      );
    },
    cursors: ({ key, value, revision }) => {
      const name = keys.nameOfTick(key);
      cursors.set(name, { revision, cursor: parseCursor(value) });
      if (befores.has(name)) noteBefore(name, jobs.get(name)?.known);
    },
    locks: ({ key, value, revision }) => locks.set(keys.nameOfLock(key), { runId: value, revision, seenAt: monotonic() }),
    runs: ({ key, value, revision, created }) => {
      const { id } = keys.runOf(key);
      const parsed = parseLiveRun(value);
      if (id === undefined || !parsed.ok) return;
      const endedSeenAt = parsed.value.state === 'ended' ? (runs.get(id)?.endedSeenAt ?? monotonic()) : undefined;
      const { fence = revision, waitedSince = fence } = parsed.value;
      // The claim of a further attempt replaces the key: it is as old as the run.
      runs.set(id, { live: parsed.value, revision, fence, since: Math.min(created, fence, waitedSince), endedSeenAt });
    },
    queue: ({ key, value, revision, created }) => {
      const { id } = keys.queuedOf(key);
      const parsed = parseQueuedRun(value);
      if (id !== undefined && parsed.ok) queue.set(id, { queued: parsed.value, revision, created });
    },
    lasts: ({ key, value, revision }) => {
      const parsed = parseLastRun(value);
      lasts.set(keys.jobOfLast(key), { revision, endedAt: parsed.ok ? toMs(parsed.value.endedAt) : 0 });
    },
    workers: ({ key, value }) => {
      const parsed = parsePresence(value);
      if (!parsed.ok) return;
      workers.set(keys.workerOf(key), parsed.value);
      absentSince.delete(keys.workerOf(key)); // also one that is gone again at the next look
    },
    kills: ({ key, value, revision }) => {
      const { job, id } = keys.killOf(key);
      const parsed = parseKill(value);
      if (id === undefined) bareKills.set(job, { key, revision, seenAt: monotonic() });
      else kills.set(id, { job, revision, seenAt: monotonic(), isLeft: parsed.ok && parsed.value.left === true });
    },
    warnings: ({ key, value, revision }) => {
      const parsed = parseWarning(value);
      warnings.set(keys.jobOfWarning(key), { revision, cursorAt: parsed.ok ? parsed.value.cursorAt : undefined });
    },
  };

  const remove: Readonly<Record<LeaderFeed, (key: string) => void>> = {
    jobs: (key) => {
      noteBefore(keys.jobOf(key), undefined);
      jobs.delete(keys.jobOf(key));
    },
    cursors: (key) => {
      cursors.delete(keys.nameOfTick(key));
      befores.delete(keys.nameOfTick(key));
    },
    locks: (key) => locks.delete(keys.nameOfLock(key)),
    runs: (key) => runs.delete(keys.runOf(key).id ?? ''),
    queue: (key) => queue.delete(keys.queuedOf(key).id ?? ''),
    lasts: (key) => lasts.delete(keys.jobOfLast(key)),
    workers: (key) => workers.delete(keys.workerOf(key)),
    kills: (key) => {
      const { job, id } = keys.killOf(key);
      if (id === undefined) bareKills.delete(job);
      else kills.delete(id);
    },
    warnings: (key) => warnings.delete(keys.jobOfWarning(key)),
  };

  /** Counted from when it is known that they are gone: from nothing after a change of leader or a break of a feed. */
  const noteAbsent = (): void => {
    const owners = new Set([...runs.values()].filter(({ live }) => live.state === 'running').map(({ live }) => live.worker));
    for (const { queued } of queue.values())
      if (queued.worker && (queued.movesAfterMs !== undefined || queued.notAfter === undefined)) owners.add(queued.worker);
    for (const owner of absentSince.keys()) if (!owners.has(owner) || workers.has(owner)) absentSince.delete(owner);
    for (const owner of owners) if (!workers.has(owner) && !absentSince.has(owner)) absentSince.set(owner, monotonic());
  };

  return {
    hear: (feed: LeaderFeed, event: FeedEvent): void => {
      if (event.type === 'outOfSync') {
        inSync.delete(feed);
        absentSince.clear();
        return;
      }
      inSync.add(feed);
      const changes: readonly Change[] =
        event.type === 'changes' ? event.changes : event.entries.map((entry) => ({ type: 'put', entry }));
      for (const change of changes) {
        if (change.type === 'put') put[feed](change.entry);
        else remove[feed](change.key);
      }
    },
    view: (): LeaderView | undefined => {
      if (inSync.size < LEADER_FEEDS.length) return undefined;
      noteAbsent();
      return { jobs, cursors, befores, locks, runs, queue, lasts, workers, absentSince, bareKills, kills, warnings };
    },
  };
};

const dueAtOf = ({ schedule }: KnownJob) => {
  let of: SeenCursor | undefined;
  let due: number | undefined;
  return (cursor: SeenCursor): number | undefined => {
    if (of !== cursor) due = cursor.cursor && schedule.next(toMs(cursor.cursor.at))?.fireTime;
    of = cursor;
    return due;
  };
};
