import { parseRunEvent, type EventOf } from '../domain/events.ts';
import type { Keys } from '../domain/keys.ts';
import { brokenText, readJob, type KnownJob } from '../domain/known-job.ts';
import {
  parseKill,
  parseLastRun,
  parseLiveRun,
  parsePresence,
  parseQueuedRun,
  parseWarning,
  type Kill,
  type LastRun,
  type LiveRun,
  type Presence,
  type QueuedRun,
  type Warning,
} from '../domain/values.ts';
import type { Entry } from '../streams/ports.ts';
import { packOf, unpacked, type Pack } from './pack.ts';

/** A job as it lies in the store. `raw` is shown and patched: fields of newer versions are in it. Where `known` is absent, `broken` says why. */
export type SeenJob = {
  readonly name: string;
  readonly revision: number;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly known: KnownJob | undefined;
  readonly broken: string | undefined;
};
/** `fence`: the revision of the claim. */
export type SeenRun = { readonly live: LiveRun; readonly revision: number; readonly fence: number };
export type SeenQueued = { readonly queued: QueuedRun; readonly revision: number };
/** What is told of a job and not in the run log yet. Of a save only who and when; `revision` is that of the job which it made. */
export type SeenTold =
  | EventOf<'tickSkipped' | 'ticksMissed' | 'dropped' | 'lost'>
  | { readonly type: 'jobSaved'; readonly job: string; readonly at: string; readonly by: string; readonly revision: number };

/** What this master has been told by its feeds. Readers get it as it is at that moment. */
export type Seen = {
  readonly jobs: ReadonlyMap<string, SeenJob>;
  readonly runs: ReadonlyMap<string, SeenRun>;
  readonly queue: ReadonlyMap<string, SeenQueued>;
  readonly kills: ReadonlyMap<string, Kill>;
  readonly lasts: ReadonlyMap<string, LastRun>;
  readonly workers: ReadonlyMap<string, Presence>;
  readonly drains: ReadonlySet<string>;
  /** By job. */
  readonly warnings: ReadonlyMap<string, Warning>;
  readonly runsOfJob: (job: string) => readonly SeenRun[];
  readonly queueOfJob: (job: string) => readonly SeenQueued[];
  readonly runsOfWorker: (id: string) => readonly SeenRun[];
  readonly outboxOfJob: (job: string) => readonly SeenTold[];
  /** Events that wait in the coordination store for the run log. */
  readonly outboxEvents: () => number;
};

export const FEEDS = ['jobs', 'runs', 'queue', 'kills', 'lasts', 'workers', 'drains', 'outbox', 'warnings'] as const;
export type FeedName = (typeof FEEDS)[number];

export const prefixOf = (keys: Keys, name: FeedName): string =>
  ({
    jobs: keys.jobs,
    runs: keys.runs,
    queue: keys.queue,
    kills: keys.killers,
    lasts: keys.lasts,
    workers: keys.workers,
    drains: keys.drains,
    outbox: keys.outbox,
    warnings: keys.warnings,
  })[name];

const DEEPEST = 60;

/** Whether a value that somebody wrote can be copied, shown and compared without overflowing a stack. */
export const isShallow = (value: unknown, left = DEEPEST): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((each) => isShallow(each, left - 1));
};

/** Never throws, whatever lies there. */
export const seeJob = (name: string, { value, revision }: Pick<Entry, 'value' | 'revision'>, scale: number): SeenJob => {
  const broken = (why: string, raw: SeenJob['raw'] = { name }): SeenJob => ({
    name,
    revision,
    raw,
    known: undefined,
    broken: why,
  });
  try {
    const raw: unknown = JSON.parse(value);
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return broken('the value is not a JSON object');
    if (!isShallow(raw)) return broken('the value is nested too deeply');
    const shown = raw as SeenJob['raw'];
    const read = readJob(name, value, revision, scale);
    return read.ok
      ? { name, revision, raw: shown, known: read.value, broken: undefined }
      : broken(brokenText(read.problems).slice(0, 2_000), { ...shown, name });
  } catch (error) {
    return broken(`the value cannot be read: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500));
  }
};

const isPack = (told: SeenTold | Pack): told is Pack => 'data' in told;

const readTold = ({ value, revision }: Entry): SeenTold | Pack | undefined => {
  try {
    const raw: unknown = JSON.parse(value);
    const pack = packOf(raw);
    if (pack) return pack;
    const event = parseRunEvent('', raw);
    switch (event.type) {
      case 'tickSkipped':
      case 'ticksMissed':
      case 'dropped':
      case 'lost':
        return event;
      case 'jobSaved':
        return { type: 'jobSaved', job: event.job, at: event.at, by: event.by, revision };
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
};

/** A map of sets that keeps no empty sets. */
const createIndex = () => {
  const sets = new Map<string, Set<string>>();
  return {
    add: (of: string, id: string): void => {
      const set = sets.get(of);
      if (set) set.add(id);
      else sets.set(of, new Set([id]));
    },
    remove: (of: string, id: string): void => {
      const set = sets.get(of);
      if (set?.delete(id) && set.size === 0) sets.delete(of);
    },
    of: (of: string): readonly string[] => [...(sets.get(of) ?? [])],
  };
};

const picked = <T>(map: ReadonlyMap<string, T>, ids: readonly string[]): readonly T[] =>
  ids.flatMap((id) => {
    const found = map.get(id);
    return found === undefined ? [] : [found];
  });

/** The maps behind the projection, with a put and a delete for each feed. What cannot be read is passed over, but for jobs, which are shown as broken. */
export const createSeen = (keys: Keys, scale: number) => {
  const jobs = new Map<string, SeenJob>();
  const runs = new Map<string, SeenRun>();
  const queue = new Map<string, SeenQueued>();
  const kills = new Map<string, Kill>();
  const lasts = new Map<string, LastRun>();
  const workers = new Map<string, Presence>();
  const drains = new Set<string>();
  const warnings = new Map<string, Warning>();
  const outbox = new Map<string, SeenTold | Pack>();
  const [jobRuns, jobQueue, workerRuns, jobOutbox] = [createIndex(), createIndex(), createIndex(), createIndex()];

  const seen: Seen = {
    jobs,
    runs,
    queue,
    kills,
    lasts,
    workers,
    drains,
    warnings,
    runsOfJob: (job) => picked(runs, jobRuns.of(job)),
    queueOfJob: (job) => picked(queue, jobQueue.of(job)),
    runsOfWorker: (id) => picked(runs, workerRuns.of(id)),
    outboxOfJob: (job) =>
      picked(outbox, jobOutbox.of(job)).flatMap((each): readonly SeenTold[] => (isPack(each) ? (unpacked(each) ?? []) : [each])),
    outboxEvents: () => [...outbox.values()].reduce((sum, each) => sum + (isPack(each) ? each.count : 1), 0),
  };

  const put: Readonly<Record<FeedName, (entry: Entry) => void>> = {
    jobs: (entry) => jobs.set(keys.jobOf(entry.key), seeJob(keys.jobOf(entry.key), entry, scale)),
    runs: ({ key, value, revision }) => {
      const { job, id } = keys.runOf(key);
      const parsed = parseLiveRun(value);
      if (!parsed.ok || parsed.value.runId !== id || parsed.value.job !== job) return;
      // A further attempt may be another worker's.
      workerRuns.remove(runs.get(id)?.live.worker ?? '', id);
      runs.set(id, { live: parsed.value, revision, fence: parsed.value.fence ?? revision });
      jobRuns.add(job, id);
      workerRuns.add(parsed.value.worker, id);
    },
    queue: ({ key, value, revision }) => {
      const { job, id } = keys.queuedOf(key);
      const parsed = parseQueuedRun(value);
      if (!parsed.ok || parsed.value.runId !== id || parsed.value.job !== job) return;
      queue.set(id, { queued: parsed.value, revision });
      jobQueue.add(job, id);
    },
    kills: ({ key, value }) => {
      const { id } = keys.killOf(key);
      const parsed = parseKill(value);
      if (id !== undefined && parsed.ok) kills.set(id, parsed.value);
    },
    lasts: ({ key, value }) => {
      const parsed = parseLastRun(value);
      if (parsed.ok) lasts.set(keys.jobOfLast(key), parsed.value);
    },
    workers: ({ key, value }) => {
      const parsed = parsePresence(value);
      if (parsed.ok) workers.set(keys.workerOf(key), parsed.value);
    },
    drains: ({ key }) => drains.add(keys.drainOf(key)),
    outbox: (entry) => {
      const told = readTold(entry);
      if (!told) return;
      outbox.set(entry.key, told);
      jobOutbox.add(told.job, entry.key);
    },
    warnings: ({ key, value }) => {
      const parsed = parseWarning(value);
      if (parsed.ok) warnings.set(keys.jobOfWarning(key), parsed.value);
    },
  };

  const remove: Readonly<Record<FeedName, (key: string) => void>> = {
    jobs: (key) => jobs.delete(keys.jobOf(key)),
    runs: (key) => {
      const { job, id = '' } = keys.runOf(key);
      workerRuns.remove(runs.get(id)?.live.worker ?? '', id);
      jobRuns.remove(job, id);
      runs.delete(id);
    },
    queue: (key) => {
      const { job, id = '' } = keys.queuedOf(key);
      jobQueue.remove(job, id);
      queue.delete(id);
    },
    kills: (key) => kills.delete(keys.killOf(key).id ?? ''),
    lasts: (key) => lasts.delete(keys.jobOfLast(key)),
    workers: (key) => workers.delete(keys.workerOf(key)),
    drains: (key) => drains.delete(keys.drainOf(key)),
    outbox: (key) => {
      jobOutbox.remove(outbox.get(key)?.job ?? '', key);
      outbox.delete(key);
    },
    warnings: (key) => warnings.delete(keys.jobOfWarning(key)),
  };

  return { seen, put, remove };
};
