import { uuidv7 } from 'uuidv7';
import { toInstant, toMs } from '../domain/instant.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { enqueueRun, type QueuedKey } from '../domain/moves.ts';
import { matches } from '../domain/placement.ts';
import type { FieldProblem } from '../domain/problem.ts';
import { endOfQueued } from '../domain/queued.ts';
import { defined } from '../domain/run.ts';
import { parseQueuedRun, type QueuedRun } from '../domain/values.ts';
import type { Language } from '../domain/words.ts';
import type { Entry } from '../streams/ports.ts';
import { noWorkerWarning } from './no-worker.ts';
import type { OrdersDeps } from './orders.ts';
import { badField, badInput, noSuchJob, refused } from './problems.ts';
import { seeJob } from './seen.ts';

export type RunNow = {
  readonly params?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Id or name. */
  readonly worker?: string;
  readonly fireTime?: string;
};
/** `dryRun`: it is counted, and nothing is queued. */
export type Backfill = { readonly from: string; readonly to: string; readonly dryRun?: boolean };
/** How many runs, the first and the last fire time, and the id of what waits (of the first worker's, under placement `all`; `runIds` are then those of all). */
export type Backfilled = {
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly runId?: string;
  readonly runIds?: string[];
};

/** A run that somebody waits for must not start when they have gone home. */
const RUN_NOW_MS = 600_000;
const MOST_BACKFILLED = 10_000;
const MOST_TRIES = 4;
/** What gives way at once: the store takes 128 operations. */
const MOST_REPLACED = 20;
const PUT_AT_ONCE = 100;

/** What people ask for beyond the schedule: a run now, the ticks of a time that is over. Queued runs, taken by a worker with room. */
export const createRunNow = ({ stores: { coordination }, keys, clock, projection, log, scale }: OrdersDeps) => {
  const read = async (...names: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
    (await coordination.transact({ then: names.map((key) => ({ type: 'get', key })) })).reads;

  const workerOf = (nameOrId: string): string => {
    const { workers } = projection.seen;
    const found = workers.get(nameOrId) ?? [...workers.values()].find(({ name }) => name === nameOrId);
    if (!found)
      throw badField('/worker', 'noSuchWorker', `no worker that is alive has the name or id "${nameOrId.slice(0, 200)}"`);
    return found.id;
  };

  const knownJob = async (name: string): Promise<KnownJob> => {
    const [entry] = await read(keys.job(name));
    if (!entry) throw noSuchJob(name);
    const { known, broken } = seeJob(name, entry, scale);
    if (!known) throw refused(409, 'broken', 'The job is broken', { detail: broken ?? '' });
    return known;
  };

  /** Under placement `all` one run a worker that is there and matches; else one that any of them takes. */
  const workersFor = (known: KnownJob, asked: string | undefined): readonly (string | undefined)[] => {
    if (asked !== undefined) return [workerOf(asked)];
    if (known.job.mode === 'one') return [undefined];
    const found = [...projection.seen.workers.values()].filter((worker) => matches(known.job, worker)).map(({ id }) => id);
    if (found.length === 0) throw refused(409, 'noWorker', 'No worker that is alive matches the job');
    return found;
  };

  const overlaps = (detail: string) =>
    refused(409, 'overlap', 'The job is running, and its runs must not overlap', {
      detail: `${detail} Wait for its end, kill it, or set overlap to "allow".`,
    });
  const holds = (holder: string): string => `Run ${holder} ${projection.seen.runs.has(holder) ? 'runs' : 'waits or runs'}.`;

  /** What keeps a run from being queued, by the overlap policy; or what gives way to it. Throws where it is refused. */
  const roomFor = async (
    { job }: KnownJob,
    of: string | undefined,
    runId: string,
  ): Promise<{
    readonly holder?: string;
    readonly isKilled?: boolean;
    readonly away: readonly QueuedKey[];
    readonly mustBeFree: boolean;
  }> => {
    if (job.overlap === 'allow') return { away: [], mustBeFree: false };
    const [lock] = await read(keys.lock(job.name, of));
    const waiting = (await coordination.list(keys.queueOf(job.name))).entries.flatMap(({ key, value, revision }) => {
      const parsed = parseQueuedRun(value);
      const isOfOther = of !== undefined && parsed.ok && parsed.value.worker !== of;
      return isOfOther ? [] : [{ id: keys.queuedOf(key).id ?? '', queued: parsed.ok ? parsed.value : undefined, revision }];
    });
    // Between its attempts a run leaves the job free: one that may not start yet makes nothing busy.
    const first = waiting.find(({ queued }) => queued === undefined || toMs(queued.notBefore) <= clock.now());
    switch (job.overlap) {
      case 'skip':
        if (lock) throw overlaps(holds(lock.value));
        if (first) throw overlaps(holds(first.id));
        return { away: [], mustBeFree: true };
      case 'queue': {
        // A range is no tick that waits for its turn, nor is a run that has begun.
        const inQueue = waiting.filter(({ queued }) => queued?.to === undefined && (queued?.attempt ?? 1) === 1).length;
        if ((lock ?? first) && inQueue >= job.queueMax)
          throw overlaps(`${String(inQueue)} of ${String(job.queueMax)} wait already.`);
        return { away: [], mustBeFree: false };
      }
      case 'replace': {
        const event = (queued: QueuedRun) =>
          endOfQueued(queued, { at: clock.now(), outcome: 'skipped', reason: 'replaced', by: `run ${runId}` });
        const away = waiting
          .flatMap(({ id, queued, revision }) =>
            queued?.attempt === 1 && queued.to === undefined ? [{ runId: id, revision, event: event(queued) }] : [],
          )
          .slice(0, MOST_REPLACED);
        const [kill] = lock ? await read(keys.killer(job.name, lock.value)) : [];
        return { ...(lock && { holder: lock.value }), isKilled: kill !== undefined, away, mustBeFree: !lock };
      }
      default:
        return job.overlap satisfies never;
    }
  };

  const put = async (
    known: KnownJob,
    worker: string | undefined,
    { fireTime, params, env }: RunNow,
    by: string,
  ): Promise<string> => {
    const name = known.job.name;
    const of = known.job.mode === 'all' ? worker : undefined;
    const runId = uuidv7();
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { holder, isKilled, away, mustBeFree } = await roomFor(known, of, runId);
      const now = clock.now();
      const queued: QueuedRun = {
        v: 1,
        runId,
        job: name,
        trigger: 'manual',
        fireTime: toInstant(fireTime === undefined ? now : toMs(fireTime)),
        attempt: 1,
        notBefore: toInstant(now),
        notAfter: toInstant(now + RUN_NOW_MS),
        queuedAt: toInstant(now),
        by,
        ...defined({ worker, params, env }),
      };
      const { succeeded, revision, reads } = await coordination.transact(
        enqueueRun({
          keys,
          queued,
          of,
          mustBeFree,
          ...(holder !== undefined && {
            replaces: { holder, kill: isKilled ? undefined : ({ v: 1, at: toInstant(now), by, cause: 'replaced' } as const) },
          }),
          away,
        }),
      );
      if (succeeded) {
        log.info({ job: name, run: runId, by }, 'run now');
        await projection.reached('queue', revision);
        return runId;
      }
      if (!reads[0]) throw noSuchJob(name);
    }
    throw refused(409, 'busy', 'The job is changing again and again', { detail: 'Try again.' });
  };

  return {
    /** Queues a run (one a worker under placement `all`). A busy job follows its overlap policy: it refuses, the run waits, or it takes the place of the one that runs. */
    run: async (name: string, asked: RunNow, by: string): Promise<readonly string[]> => {
      if (asked.fireTime !== undefined && Number.isNaN(toMs(asked.fireTime)))
        throw badField('/fireTime', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
      const problems = [...environmentProblems('env', asked.env), ...environmentProblems('params', asked.params)];
      if (problems.length > 0) throw badInput(problems);
      const known = await knownJob(name);
      const ids: string[] = [];
      let refusal: unknown;
      for (const worker of workersFor(known, asked.worker)) {
        try {
          ids.push(await put(known, worker, asked, by));
        } catch (error) {
          refusal = error; // one of several workers may be busy
        }
      }
      if (ids.length === 0) throw refusal;
      return ids;
    },

    /** What to say with a run that was just queued, where nobody may take it now. */
    warning: (name: string, { worker }: RunNow, language: Language): string | undefined => {
      const known = projection.seen.jobs.get(name)?.known;
      return known && noWorkerWarning(projection.seen, known.job, language, worker);
    },

    /** Queues the ticks from `from` to `to`, both included, to be run one by one, oldest first, whatever became of them before. */
    backfill: async (name: string, { from, to, dryRun = false }: Backfill, by: string): Promise<Backfilled> => {
      const known = await knownJob(name);
      const [start, end, now] = [toMs(from), toMs(to), clock.now()];
      if (Number.isNaN(start)) throw badField('/from', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
      if (Number.isNaN(end)) throw badField('/to', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
      if (end < start) throw badField('/from', 'invalid', 'lies after to');
      if (end > now) throw badField('/to', 'invalid', 'lies ahead: what is to come is run by the schedule');
      const first = known.schedule.next(start - 1)?.fireTime;
      if (first === undefined || first > end) throw badField('/from', 'nothing', 'the schedule has no tick between the two');
      let [count, last] = [1, first];
      for (
        let next = known.schedule.next(first)?.fireTime;
        next !== undefined && next <= end;
        next = known.schedule.next(next)?.fireTime
      ) {
        count += 1;
        last = next;
        if (count > MOST_BACKFILLED)
          throw badField(
            '/to',
            'tooMany',
            `more than ${String(MOST_BACKFILLED)} ticks lie between the two: ask for a shorter time`,
          );
      }
      const workers = workersFor(known, undefined);
      const told = { count: count * workers.length, first: toInstant(first), last: toInstant(last) };
      if (dryRun) return told;
      const ids = workers.map(() => uuidv7());
      const puts = workers.map((worker, index) => {
        const queued: QueuedRun = {
          v: 1,
          runId: ids[index] ?? '',
          job: name,
          trigger: 'backfill',
          fireTime: toInstant(first),
          to: toInstant(last),
          count,
          attempt: 1,
          notBefore: toInstant(now),
          queuedAt: toInstant(now),
          by,
          ...defined({ worker }),
        };
        return { type: 'put', key: keys.queued(name, queued.runId), value: JSON.stringify(queued) } as const;
      });
      let revision = 0;
      for (let done = 0; done < puts.length; done += PUT_AT_ONCE) {
        const answer = await coordination.transact({
          if: [{ type: 'revision', key: keys.job(name), is: known.revision }],
          then: puts.slice(done, done + PUT_AT_ONCE),
        });
        if (!answer.succeeded) throw refused(409, 'busy', 'The job has just changed', { detail: 'Look at it again.' });
        ({ revision } = answer);
      }
      log.info({ job: name, run: ids[0], by, count, from, to }, 'backfill');
      await projection.reached('queue', revision);
      return { ...told, ...defined({ runId: ids[0] }), ...(ids.length > 1 && { runIds: ids }) };
    },
  };
};

const environmentProblems = (field: string, values: Readonly<Record<string, string>> = {}): readonly FieldProblem[] =>
  Object.entries(values).flatMap(([name, value]) => [
    ...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? []
      : [{ path: `/${field}/${name}`, code: 'badName', message: `"${name}" is not a name for an environment variable` }]),
    ...(value.includes('\0')
      ? [{ path: `/${field}/${name}`, code: 'invalid', message: 'cannot contain the character NUL' }]
      : []),
  ]);
