import { toInstant } from '../domain/instant.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { describeSchedule } from '../domain/schedule/explain.ts';
import { knowsLess } from '../domain/rules.ts';
import { defined } from '../domain/run.ts';
import { runOfLive, runOfQueued, type LastRun, type Presence } from '../domain/values.ts';
import type { JobView, RunView, WorkerView } from '../domain/wire.ts';
import type { Language } from '../domain/words.ts';
import { hasNoWorker } from './no-worker.ts';
import type { Seen, SeenJob, SeenQueued, SeenRun } from './seen.ts';

/** What masters show, made from what they have seen. Pure. Instants passed in are ms since the epoch. */
export const runView = (seen: Seen, { live, fence }: SeenRun): RunView => ({
  ...runOfLive(live),
  fence,
  ...defined({ killAskedAt: live.state === 'running' ? seen.kills.get(live.runId)?.at : undefined }),
});

export const queuedView = (seen: Seen, { queued }: SeenQueued): RunView => ({
  ...runOfQueued(queued),
  ...defined({
    workerName: queued.worker === undefined ? undefined : seen.workers.get(queued.worker)?.name,
    command: queued.attempt > 1 ? seen.runs.get(queued.runId)?.live.command : undefined,
  }),
});

/** The run as it is now, running or waiting, or just ended. A further attempt that waits is newer than the end of the one before; one that was claimed is newer than its queue key,
 *  which may be told of later. */
export const presentView = (seen: Seen, id: string): RunView | undefined => {
  const [run, waiting] = [seen.runs.get(id), seen.queue.get(id)];
  return run && !(waiting && waiting.queued.attempt > run.live.attempt)
    ? runView(seen, run)
    : waiting && queuedView(seen, waiting);
};

const lastRunView = ({ runId, fireTime, outcome, reason, endedAt, durationMs }: LastRun): NonNullable<JobView['lastRun']> => ({
  id: runId,
  fireTime,
  outcome,
  endedAt,
  ...defined({ reason, durationMs }),
});

export const running = (runs: readonly SeenRun[]): readonly SeenRun[] => runs.filter(({ live }) => live.state === 'running');

type Fires = { readonly from: number; readonly at: number | undefined };
const fires = new WeakMap<SeenJob, Fires>();

/** The next fire time of a job after `now`; undefined where it has none, is disabled or broken. The answer is kept until that instant. */
export const nextFireOf = (job: SeenJob, now: number): number | undefined => {
  if (!job.known?.job.enabled) return undefined;
  const kept = fires.get(job);
  if (kept && kept.from <= now && (kept.at === undefined || kept.at > now)) return kept.at;
  const at = nextOf(job.known, now);
  fires.set(job, { from: now, at });
  return at;
};

/** One schedule that cannot be walked must not take a whole list with it. */
const nextOf = ({ schedule }: KnownJob, now: number): number | undefined => {
  try {
    return schedule.next(now)?.fireTime;
  } catch {
    return undefined;
  }
};

const words = new WeakMap<KnownJob, Partial<Record<Language, string>>>();

/** A schedule in words: made once a version of a job and language, for lists show hundreds of them at a time. */
const wordsOf = (known: KnownJob, language: Language): string => {
  const kept = words.get(known) ?? {};
  const { name, cronExpr, timezone } = known.job;
  const sentence = kept[language] ?? describeSchedule(cronExpr, timezone, language, name);
  words.set(known, { ...kept, [language]: sentence });
  return sentence;
};

/** A view that was made in English, in another language. */
export const spoken = (view: JobView, language: Language): JobView => {
  const { job, broken } = view;
  if (language === 'en' || broken !== undefined || !('cronExpr' in job)) return view;
  const { name, cronExpr, timezone } = job;
  return { ...view, schedule: describeSchedule(cronExpr, timezone, language, name) };
};

export const jobView = (seen: Seen, job: SeenJob, now: number, language: Language = 'en'): JobView => {
  const next = nextFireOf(job, now);
  const last = seen.lasts.get(job.name);
  const warning = seen.warnings.get(job.name);
  return {
    job: job.raw as JobView['job'],
    revision: String(job.revision),
    schedule: job.known ? wordsOf(job.known, language) : '',
    running: running(seen.runsOfJob(job.name)).map((run) => runView(seen, run)),
    queued: seen.queueOfJob(job.name).length,
    ...defined({
      nextFireTime: next === undefined ? undefined : toInstant(next),
      lastRun: last && lastRunView(last),
      warning: warning && { code: warning.code, at: warning.at, cursorAt: warning.cursorAt },
      noWorker: job.known?.job.enabled === true && hasNoWorker(seen, job.known.job) ? (true as const) : undefined,
      broken: job.broken,
    }),
  };
};

export const workerView = (seen: Seen, presence: Presence): WorkerView => {
  const { id, name, host, pid, version, labels, slots, startedAt, stampedAt, allow, users, clockOffsetMs } = presence;
  const { spoolBytes, spoolLimitBytes, spoolCutBytes, spoolWaiting, spoolOldestAt, setAside } = presence;
  return {
    id,
    name,
    host,
    pid,
    version,
    labels,
    slots,
    draining: presence.draining || seen.drains.has(id),
    startedAt,
    lastSeenAt: stampedAt,
    running: running(seen.runsOfWorker(id)).map((run) => runView(seen, run)),
    ...defined({
      spoolBytes,
      spoolLimitBytes,
      spoolCutBytes,
      spoolWaiting,
      spoolOldestAt,
      setAside,
      allow,
      users,
      clockOffsetMs,
      passes: passesOf(seen, presence),
    }),
  };
};

const passesOf = (seen: Seen, { skewed, unsynced, rules }: Presence): WorkerView['passes'] => {
  if (skewed === true) return 'skewed';
  if (unsynced === true) return 'unsynced';
  return knowsLess(rules, seen.workers.values()) ? 'oldRules' : undefined;
};
