import type { RunEvent, StoredRunEvent } from './events.ts';
import type { Instant } from './instant.ts';
import type { Usage } from './usage.ts';
import type { Outcome, Reason, Trigger } from './words.ts';

export type { RunEvent, StoredRunEvent };

/** The present picture of a run: the run view of the API. Made by `applyRunEvent` from events, or by `runOfLive` (values.ts) from etcd. */
export type Run = {
  readonly id: string;
  readonly job: string;
  readonly trigger: Trigger;
  readonly fireTime: Instant;
  readonly nominalAt?: Instant;
  /** Of a range of ticks that waits: its last one, and how many it still has, counted up to a bound. `fireTime` is the next. */
  readonly to?: Instant;
  readonly count?: number;
  readonly attempt: number;
  /** The worker's id; `workerName` is for people. */
  readonly worker?: string;
  readonly workerName?: string;
  readonly state: 'queued' | 'running' | 'finished';
  readonly claimedAt?: Instant;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly killAskedAt?: Instant;
  /** When it passed its time limit, where it goes on after that. */
  readonly overdueAt?: Instant;
  /** While it waits for a further attempt: from when on that may start. */
  readonly nextAttemptAt?: Instant;
  readonly command?: string;
  readonly pid?: number;
  readonly outcome?: Outcome;
  readonly reason?: Reason;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly error?: string;
  readonly latenessMs?: number;
  readonly durationMs?: number;
  readonly outputBytes?: number;
  readonly truncated?: boolean;
  readonly usage?: Usage;
  readonly fence?: number;
  readonly by?: string;
};

/** The one reducer of run events, used by worker, master and console. Events that are no concern of a run, or of an earlier attempt, change nothing.
 *  The run is undefined until its first event; an event told twice leaves it as it is. */
export const applyRunEvent = (run: Run | undefined, event: StoredRunEvent): Run | undefined => {
  if (!('runId' in event)) return run;
  if (run && event.attempt < run.attempt) return run;
  const base: Run = run ?? {
    id: event.runId,
    job: event.job,
    trigger: 'schedule',
    fireTime: event.at,
    attempt: event.attempt,
    state: 'running',
  };
  switch (event.type) {
    case 'claimed': {
      const { trigger, fireTime, nominalAt, worker, workerName, fence, command, latenessMs, by } = event;
      const kept = base.attempt === event.attempt ? base : withoutEnd(base);
      return {
        ...kept,
        ...defined({ trigger, fireTime, nominalAt, worker, workerName, fence, command, latenessMs, by }),
        attempt: event.attempt,
        claimedAt: event.at,
        state: kept.state === 'queued' ? 'running' : kept.state,
      };
    }
    case 'started':
      return { ...base, attempt: event.attempt, startedAt: event.at, pid: event.pid };
    case 'output':
      return { ...base, outputBytes: Math.max(base.outputBytes ?? 0, event.offset + event.data.length) };
    case 'killAsked':
      return { ...base, killAskedAt: base.killAskedAt ?? event.at, ...defined({ by: base.by ?? event.by }) };
    case 'overdue':
      return { ...base, overdueAt: event.at };
    case 'signalled':
      return base;
    case 'attemptEnded': {
      if (base.state === 'finished') return base;
      const { reason, exitCode, signal, error, durationMs, outputBytes, truncated, usage } = event;
      const nextAttemptAt = event.nextAttemptAt ?? base.nextAttemptAt;
      return {
        ...base,
        ...defined({ reason, exitCode, signal, error, durationMs, outputBytes, truncated, usage, nextAttemptAt }),
        state: 'queued',
      };
    }
    case 'finished': {
      const { outcome, reason, exitCode, signal, error, durationMs, outputBytes, truncated, usage } = event;
      const { outcome: _o, reason: _r, nextAttemptAt: _n, ...rest } = base; // a `finished` after a `lost` corrects it
      return {
        ...rest,
        ...defined({ reason, exitCode, signal, error, durationMs, outputBytes, truncated, usage }),
        outcome,
        state: 'finished',
        endedAt: event.at,
      };
    }
    case 'lost': {
      if (base.state === 'finished') return base;
      const { trigger, fireTime, nominalAt, claimedAt, workerName, command, fence, worker, reason, nextAttemptAt } = event;
      const known = {
        ...base,
        ...defined({ trigger, fireTime, nominalAt, claimedAt, workerName, command, fence }),
        reason,
        worker,
      };
      return nextAttemptAt === undefined
        ? { ...known, state: 'finished', outcome: 'lost', endedAt: event.at }
        : { ...known, state: 'queued', nextAttemptAt };
    }
    case 'dropped': {
      const { nextAttemptAt: _n, ...rest } = base; // of a further attempt: what is known of the one before stays
      return {
        ...rest,
        ...defined({ reason: event.reason, by: event.by }),
        trigger: event.trigger,
        fireTime: event.fireTime,
        attempt: Math.max(1, event.attempt - 1), // the last that was made
        state: 'finished',
        outcome: event.outcome,
        endedAt: event.at,
      };
    }
    default:
      event satisfies never; // of a newer version, and not parsed before: it says nothing that is known here
      return run;
  }
};

const withoutEnd = (run: Run): Run => ({
  id: run.id,
  job: run.job,
  trigger: run.trigger,
  fireTime: run.fireTime,
  attempt: run.attempt,
  state: 'running',
});

/** Drops the fields that are undefined, as exactOptionalPropertyTypes asks. */
export const defined = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** The run's document in `log`, with the field names that crontab tools of this family use: instants in integer milliseconds, output as text of at most 64 kB. */
export type LogDocument = {
  readonly _id: string;
  readonly v: number;
  readonly jobName: string;
  readonly command: string;
  readonly err: string;
  readonly output: string;
  /** The instant that the schedule names. */
  readonly planTime: number;
  /** When it was claimed. */
  readonly scheduleTime: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly outcome: string;
  readonly reason: string;
  readonly exitCode: number | null;
  readonly signal: string;
  readonly worker: string;
  readonly attempt: number;
  readonly trigger: string;
  readonly latenessMs: number;
  readonly truncated: boolean;
  /** Null where nobody could tell. */
  readonly usage: Usage | null;
  /** The whole picture, as the API shows it. */
  readonly run: Run;
};

const LOG_OUTPUT_BYTES = 65_536;

/** The document of an ended run, from all of its events in the order of their ids; undefined while it has not ended. Pure, so `log` can be rebuilt at any time. */
export const toLogDocument = (events: readonly StoredRunEvent[]): LogDocument | undefined => {
  const run = events.reduce<Run | undefined>(applyRunEvent, undefined);
  if (!run || run.state !== 'finished' || run.endedAt === undefined) return undefined;
  const ms = (at: Instant | undefined): number => (at === undefined ? 0 : Date.parse(at));
  return {
    _id: run.id,
    v: 1,
    jobName: run.job,
    command: run.command ?? '',
    err: run.error ?? '',
    output: outputText(events.filter((event) => event.type === 'output' && event.attempt === run.attempt)),
    planTime: ms(run.nominalAt ?? run.fireTime),
    scheduleTime: ms(run.claimedAt),
    startTime: ms(run.startedAt),
    endTime: ms(run.endedAt),
    outcome: run.outcome ?? 'lost',
    reason: run.reason ?? '',
    exitCode: run.exitCode ?? null,
    signal: run.signal ?? '',
    worker: run.worker ?? '',
    attempt: run.attempt,
    trigger: run.trigger,
    latenessMs: run.latenessMs ?? 0,
    truncated: run.truncated ?? false,
    usage: run.usage ?? null,
    run,
  };
};

/** The last 64 kB of the output as text; bytes that are no UTF-8 are replaced, and NUL too (document stores refuse it). */
const outputText = (events: readonly StoredRunEvent[]): string => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (const event of events.toReversed()) {
    if (event.type !== 'output') continue;
    chunks.unshift(event.data);
    length += event.data.length;
    if (length >= LOG_OUTPUT_BYTES) break;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return new TextDecoder().decode(bytes.subarray(Math.max(0, length - LOG_OUTPUT_BYTES))).replaceAll('\0', '\uFFFD');
};
