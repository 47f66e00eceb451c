import type { StoredRunEvent } from '../../src/domain/events.ts';
import { scheduleHash, type Job } from '../../src/domain/job.ts';
import { compileSchedule } from '../../src/domain/schedule/compile.ts';
import type { Change, Entry } from './etcd.ts';
import { groupBy } from './group.ts';
import type { ChaosJob } from './jobs.ts';

/** One line of the file that the commands write. `uptime` in seconds of the machine, which nobody skews. `n`: the host's clock (S, E) or how many lines were printed (H). */
export type Line = {
  readonly sign: 'S' | 'H' | 'T' | 'E';
  readonly job: string;
  readonly fireTime: string;
  readonly runId: string;
  readonly attempt: number;
  readonly fence: number;
  readonly trigger: string;
  readonly uptime: number;
  readonly n: number;
};

/** What the nemesis took from a worker, and when (uptime, s): what may excuse an overlap (P2) or a missing event. `all`: worker, launcher and commands of a host stood still. */
export type Affliction = {
  readonly worker: string;
  readonly what: 'workerGone' | 'launcherKilled' | 'all' | 'fullDisk';
  readonly from: number;
  readonly to: number;
};

/** What one master shows when all is over. */
export type View = {
  readonly master: string;
  readonly jobs: readonly string[];
  readonly workers: readonly string[];
  readonly live: readonly string[];
};

/** Everything that the checker looks at: what was read, and nothing that happened only in memory. */
export type History = {
  readonly jobs: readonly ChaosJob[];
  readonly lines: readonly Line[];
  readonly events: readonly StoredRunEvent[];
  /** Every change of etcd, in order; keys without the prefix. */
  readonly changes: readonly Change[];
  /** What was in etcd at the end; keys without the prefix. */
  readonly dump: readonly Entry[];
  /** Kills that were accepted. */
  readonly kills: readonly { readonly job: string; readonly runId: string }[];
  readonly afflictions: readonly Affliction[];
  readonly views: readonly View[];
  /** Ticks as a master tells them (`GET /jobs/:name/ticks`), for each job. */
  readonly timelines: ReadonlyMap<string, readonly TimelineTick[]>;
  /** Commands that still lived at the end. */
  readonly alive: readonly string[];
  /** What the harness could not do or had to see: processes that ended by themselves, a wait that had no end. */
  readonly incidents: readonly string[];
};
export type TimelineTick = {
  readonly fireTime: string;
  readonly fate: string;
  readonly to?: string;
  readonly runId?: string;
  readonly trigger?: string;
};

/** One broken promise, with what shows it. */
export type Violation = { readonly promise: string; readonly what: string; readonly evidence: readonly string[] };

const SIGNS = new Set(['S', 'H', 'T', 'E']);

/** Lines that are whole; a command that was killed in the middle of a line leaves none that is not. */
export const readLines = (text: string): readonly Line[] =>
  text.split('\n').flatMap((line): Line[] => {
    const [sign = '', job = '', fireTime = '', runId = '', attempt, fence, trigger = '', uptime, n, more] = line.split(' ');
    if (!SIGNS.has(sign) || n === undefined || more !== undefined) return [];
    return [
      {
        sign: sign as Line['sign'],
        job,
        fireTime,
        runId,
        trigger,
        attempt: Number(attempt),
        fence: Number(fence),
        uptime: Number(uptime),
        n: Number(n),
      },
    ];
  });

/** A run's attempt by its command's own account. */
export type Life = Omit<Line, 'sign' | 'uptime' | 'n'> & {
  readonly starts: number;
  readonly from: number;
  /** The last sign of life. */
  readonly to: number;
  /** So many lines it has printed at least. */
  readonly printed: number;
  readonly isWhole: boolean;
};

export const nameOf = ({ runId, attempt }: { readonly runId: string; readonly attempt: number }): string =>
  `${runId}/${String(attempt)}`;

export const livesOf = (lines: readonly Line[]): ReadonlyMap<string, Life> => {
  const lives = new Map<string, Life>();
  for (const { sign, uptime, n, ...of } of lines) {
    const known = lives.get(nameOf(of)) ?? { ...of, starts: 0, from: uptime, to: uptime, printed: 0, isWhole: false };
    lives.set(nameOf(of), {
      ...known,
      starts: known.starts + (sign === 'S' ? 1 : 0),
      from: Math.min(known.from, uptime),
      to: Math.max(known.to, uptime),
      printed: sign === 'H' ? Math.max(known.printed, n) : known.printed,
      isWhole: known.isWhole || sign === 'E',
    });
  }
  return lives;
};

/** The ticks that a job's versions name: each version's from its mark (exclusive) to the mark of the next (inclusive), by the changes of etcd. */
export const expectedTicks = (job: string, changes: readonly Change[]): readonly number[] => {
  const ticks: number[] = [];
  let version: { readonly job: Job; readonly from: number } | undefined;
  let cursor: number | undefined;
  const close = (to: number): void => {
    if (version?.job.enabled === false || !version) return;
    const compiled = compileSchedule({ ...version.job, name: job });
    if (!compiled.ok) throw new Error(`${job} has no schedule: ${JSON.stringify(compiled.problems)}`);
    for (let next = compiled.value.next(version.from); next && next.fireTime <= to; next = compiled.value.next(next.fireTime))
      ticks.push(next.fireTime);
  };
  for (const at of new Set(changes.map(({ revision }) => revision))) {
    const now = changesAt(changes, at);
    const moved = now.find(({ key }) => key === `/ticks/${job}`)?.value;
    const saved = now.find(({ key }) => key === `/jobs/${job}`);
    const before = cursor;
    if (moved !== undefined) cursor = Date.parse(moved.slice(0, 24));
    if (saved === undefined) continue;
    const next = saved.value === undefined ? undefined : (JSON.parse(saved.value) as Job);
    if (version && next && scheduleHash(version.job) === scheduleHash(next)) {
      version = { ...version, job: next };
      continue;
    }
    close(cursor ?? before ?? 0);
    version = next && cursor !== undefined ? { job: next, from: cursor } : undefined;
  }
  close(cursor ?? 0);
  return ticks;
};

const indexed = new WeakMap<readonly Change[], ReadonlyMap<number, readonly Change[]>>();
const changesAt = (changes: readonly Change[], revision: number): readonly Change[] => {
  const known = indexed.get(changes) ?? groupBy(changes, (each) => each.revision);
  indexed.set(changes, known);
  return known.get(revision) ?? [];
};
