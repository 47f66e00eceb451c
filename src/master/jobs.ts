import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { RunEvent } from '../domain/events.ts';
import { toInstant } from '../domain/instant.ts';
import { checkJob, scheduleHash, type Job } from '../domain/job.ts';
import type { Keys } from '../domain/keys.ts';
import { checkWholeJob, JOB_LIMIT_BYTES, withoutUnknown } from '../domain/known-job.ts';
import { deleteJob, saveJob } from '../domain/moves.ts';
import { defined } from '../domain/run.ts';
import { compileSchedule } from '../domain/schedule/compile.ts';
import { parseCursor } from '../domain/tick.ts';
import type { JobView } from '../domain/wire.ts';
import type { Entry } from '../streams/ports.ts';
import { refuseWhenOff, type ClusterClock } from './cluster-clock.ts';
import type { RouteStores } from './errors.ts';
import { markOf, markOfDeleted, ownCursorOf, type OwnCursor } from './mark.ts';
import { mergePatch } from './merge-patch.ts';
import { badField, badInput, noSuchJob, otherRevision, refused } from './problems.ts';
import type { Projection } from './projection.ts';
import { isShallow, seeJob, type SeenJob } from './seen.ts';
import { jobView } from './views.ts';

/** What a request asks of the version that it finds (If-Match, If-None-Match). */
export type Precondition =
  { readonly type: 'none' } | { readonly type: 'absent' } | { readonly type: 'revision'; readonly is: string };
export const ANY: Precondition = { type: 'none' };

export type Saved = { readonly view: JobView; readonly isNew: boolean };

export type JobsDeps = {
  readonly stores: RouteStores;
  readonly keys: Keys;
  readonly clusterClock: ClusterClock;
  readonly projection: Projection;
  readonly log: Logger;
  readonly scale: number;
  /** The time zone of jobs that are saved without one. */
  readonly timezone: string | undefined;
};

const MOST_TRIES = 6;

export type Jobs = ReturnType<typeof createJobs>;

/** Jobs as transactions on the coordination store. Everything is compared with what was read; who comes second is told so, or reads again. */
export const createJobs = ({ stores: { coordination }, keys, clusterClock, projection, log, scale, timezone }: JobsDeps) => {
  const { clock } = clusterClock;
  type Read = {
    readonly job: Entry | undefined;
    readonly seen: SeenJob | undefined;
    readonly cursor: Entry | undefined;
    readonly own: readonly OwnCursor[];
  };

  const read = async (name: string): Promise<Read> => {
    const { reads } = await coordination.transact({
      then: [
        { type: 'get', key: keys.job(name) },
        { type: 'get', key: keys.tick(name) },
      ],
    });
    const [job, cursor] = reads;
    const seen = job && seeJob(name, job, scale);
    // Under placement `all` each worker has decided for itself how far it has come.
    const own = seen?.known?.job.mode === 'all' ? (await coordination.list(keys.tick(name, ''))).entries : [];
    return { job, cursor, seen, own: own.flatMap((entry) => ownCursorOf(keys, entry)) };
  };

  const meets = (precondition: Precondition, job: Entry | undefined): boolean => {
    switch (precondition.type) {
      case 'none':
        return true;
      case 'absent':
        return job === undefined;
      case 'revision':
        return job !== undefined && (precondition.is === '*' || precondition.is === String(job.revision));
      default:
        return precondition satisfies never;
    }
  };

  const answer = async (name: string, value: string, revision: number, isNew: boolean): Promise<Saved> => {
    await projection.reached('jobs', revision);
    const view = jobView(projection.seen, seeJob(name, { value, revision }, scale), clock.now());
    return { view, isNew };
  };

  type Made = { readonly value: Readonly<Record<string, unknown>>; readonly job: Job };

  /** Writes a new value over what was read; undefined where somebody came between. */
  const write = async (name: string, by: string, found: Read, { value, job }: Made): Promise<Saved | undefined> => {
    const text = JSON.stringify({ v: 1, ...value });
    if (Buffer.byteLength(text) > JOB_LIMIT_BYTES)
      throw badField(
        '',
        'tooBig',
        `a job may have at most ${String(JOB_LIMIT_BYTES)} bytes; this one has ${String(Buffer.byteLength(text))}`,
      );
    const { mark, events, unchanged } = markOf({
      name,
      hash: scheduleHash(job),
      before: found.seen?.known,
      cursor: found.cursor && parseCursor(found.cursor.value),
      now: clock.now(),
      by,
      own: found.own,
    });
    if (mark) refuseWhenOff(clusterClock);
    const saved: RunEvent = {
      v: 1,
      type: 'jobSaved',
      job: name,
      at: toInstant(clock.now()),
      id: uuidv7(),
      by,
      after: value,
      ...defined({ before: found.seen?.raw }),
    };
    const { succeeded, revision } = await coordination.transact(
      saveJob({
        keys,
        name,
        value: text,
        read: { jobRevision: found.job?.revision, cursorRevision: found.cursor?.revision },
        ...(mark && { mark }),
        events: [...events, saved],
        unchanged,
      }),
    );
    if (!succeeded) return undefined;
    log.info({ job: name, revision, by, isMarked: mark !== undefined }, 'job saved');
    const { view, isNew } = await answer(name, text, revision, found.job === undefined);
    return { view: { ...view, savedBy: by, savedAt: saved.at }, isNew };
  };

  const busy = (): Error => refused(409, 'busy', 'The job is being changed by others again and again', { detail: 'Try again.' });

  /** Reads, makes the new value, writes it if nothing has changed meanwhile; otherwise again. */
  const change = async (name: string, by: string, precondition: Precondition, make: (read: Read) => Made): Promise<Saved> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const found = await read(name);
      if (!meets(precondition, found.job)) throw otherRevision(found.job?.revision);
      const saved = await write(name, by, found, make(found));
      if (saved) return saved;
    }
    throw busy();
  };

  return {
    /** Creates or replaces a job. Throws every problem of it at once. */
    save: async (name: string, body: unknown, by: string, precondition: Precondition = ANY): Promise<Saved> => {
      const given = checked(name, body);
      // The zone goes into the job, for everybody to see: another setting, or another cluster, does not move what was saved.
      const job = given.timezone === undefined && timezone !== undefined ? { ...given, timezone } : given;
      return change(name, by, precondition, ({ seen }) => {
        refuseOver(job, seen, clock.now());
        return { value: job, job };
      });
    },

    /** RFC 7396. Fields of a newer version that lie in the stored job stay untouched; in the patch they are refused. */
    patch: async (name: string, patch: unknown, by: string, precondition: Precondition = ANY): Promise<Saved> => {
      if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
        throw badField('', 'wrongType', 'a merge patch is a JSON object');
      if (!isShallow(patch)) throw badField('', 'invalid', 'it is nested too deeply');
      return change(name, by, precondition, ({ seen }) => {
        if (!seen) throw noSuchJob(name);
        if (!seen.known)
          throw refused(409, 'broken', 'The stored job is broken', { detail: `Replace it with PUT. ${seen.broken ?? ''}` });
        const merged = mergePatch(seen.raw, patch) as Readonly<Record<string, unknown>>;
        const value = touches(patch, '/retry/on') ? merged : withoutSuccess(merged);
        const stored = checkJob(seen.raw);
        const unknown = stored.ok ? [] : stored.problems.filter(({ path }) => !touches(patch, path));
        const job = checked(name, withoutUnknown(value, unknown));
        refuseOver(job, seen, clock.now());
        return { value, job };
      });
    },

    /** Sets a job to what `make` makes of the stored one; undefined leaves it as it is, and is the answer then. Asked again where somebody came between. The value is
     *  `make`'s to check: it may hold fields that this version does not know, which `job` is without. */
    set: async (name: string, by: string, make: (seen: SeenJob | undefined) => Made | undefined): Promise<Saved | undefined> => {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const found = await read(name);
        const made = make(found.seen);
        if (!made) return undefined;
        const saved = await write(name, by, found, made);
        if (saved) return saved;
      }
      throw busy();
    },

    get: async (name: string): Promise<JobView> => {
      const seen = projection.seen.jobs.get(name) ?? (await read(name)).seen;
      if (!seen) throw noSuchJob(name);
      return jobView(projection.seen, seen, clock.now());
    },

    /** Answers the revision of the delete. Live runs go on; what waits is dropped by the leader. */
    delete: async (name: string, by: string, precondition: Precondition = ANY): Promise<number> => {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const { job, seen, cursor, own } = await read(name);
        if (!job) throw noSuchJob(name);
        if (!meets(precondition, job)) throw otherRevision(job.revision);
        const now = clock.now();
        const { mark, events, unchanged } = markOfDeleted(name, seen?.known, cursor && parseCursor(cursor.value), now, {
          by,
          own,
        });
        const deleted: RunEvent = {
          v: 1,
          type: 'jobDeleted',
          job: name,
          at: toInstant(now),
          id: uuidv7(),
          by,
          ...defined({ before: seen?.raw }),
        };
        const { succeeded, revision } = await coordination.transact(
          deleteJob({
            keys,
            name,
            read: { jobRevision: job.revision, cursorRevision: cursor?.revision },
            mark,
            events: [...events, deleted],
            unchanged,
          }),
        );
        if (!succeeded) continue;
        log.info({ job: name, by }, 'job deleted');
        await projection.reached('jobs', revision);
        return revision;
      }
      throw busy();
    },
  };
};

/** Refuses cron text whose fire times are all over, where it is new: a job that has run its one time can still be described or switched off. */
const refuseOver = (job: Job, before: SeenJob | undefined, now: number): void => {
  if (before?.raw['cronExpr'] === job.cronExpr) return;
  const compiled = compileSchedule({ name: job.name, cronExpr: job.cronExpr, timezone: job.timezone, dst: job.dst });
  if (compiled.ok && !compiled.value.next(now))
    throw badInput([
      {
        path: '/cronExpr',
        code: 'badCron',
        message: 'it never fires: all of its fire times are in the past',
        line: 1,
        column: 1,
      },
    ]);
};

const checked = (name: string, body: unknown): Job => {
  if (!isShallow(body)) throw badField('', 'invalid', 'it is nested too deeply');
  const found = checkWholeJob(body);
  const named = typeof body === 'object' && body !== null && 'name' in body ? body.name : name;
  const problems = found.ok ? [] : found.problems;
  if (typeof named === 'string' && named !== name)
    throw badInput([
      ...problems,
      {
        path: '/name',
        code: 'otherName',
        message: `the address names "${name.slice(0, 200)}", the job names itself "${named.slice(0, 200)}"`,
      },
    ]);
  if (!found.ok) throw badInput(problems);
  return found.value;
};

/** Without an exit code 0 in `retry.on`, which an earlier version let in and which never meant anything: it does not keep anybody from changing something else of the job. */
const withoutSuccess = (value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { retry } = value;
  if (typeof retry !== 'object' || retry === null || !('on' in retry) || !Array.isArray(retry.on)) return value;
  return { ...value, retry: { ...retry, on: retry.on.filter((code: unknown) => code !== 0) } };
};

/** Whether a patch says something about the place that a JSON pointer names. */
const touches = (patch: object, pointer: string): boolean => {
  let at: unknown = patch;
  for (const step of pointer.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null) return at !== undefined;
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!Object.hasOwn(at, name)) return false;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return true;
};
