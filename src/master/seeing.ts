import { parseRunEvent, type RunEvent } from '../domain/events.ts';
import type { Keys } from '../domain/keys.ts';
import { applyRunEvent } from '../domain/run.ts';
import { runOfQueued, type LiveRun } from '../domain/values.ts';
import type { LiveRunEvent } from '../domain/wire.ts';
import type { Change } from '../streams/ports.ts';
import type { FeedName, Seen, SeenRun } from './seen.ts';
import { queuedView, runView } from './views.ts';

/** What somebody who looks on is told. A job or worker is named only: whoever sends it takes its view of that moment, so that the newest wins. */
export type Seeing =
  | { readonly type: 'job'; readonly name: string }
  | { readonly type: 'run'; readonly event: LiveRunEvent }
  | { readonly type: 'worker'; readonly id: string; readonly was: 'joined' | 'changed' | 'left' }
  /** Something was missed that cannot be told any more: look at the lists again. */
  | { readonly type: 'gap' };

/** What only the picture before a change can tell. */
export type Before = { readonly run: SeenRun | undefined; readonly hadWorker: boolean };

const keyOf = (change: Change): string => (change.type === 'put' ? change.entry.key : change.key);

export const beforeOf = (seen: Seen, keys: Keys, name: FeedName, change: Change): Before => ({
  run: name === 'runs' ? seen.runs.get(keys.runOf(keyOf(change)).id ?? '') : undefined,
  hadWorker: name === 'workers' && seen.workers.has(keys.workerOf(keyOf(change))),
});

/** What a change means to those who look on. `seen` has it already. Pure. */
export const seeingsOf = (seen: Seen, keys: Keys, name: FeedName, change: Change, before: Before): readonly Seeing[] => {
  const key = keyOf(change);
  const isPut = change.type === 'put';
  switch (name) {
    case 'jobs':
      return [job(keys.jobOf(key))];
    case 'runs':
      return ofRun(seen, keys.runOf(key), before.run, isPut);
    case 'queue':
      return ofQueue(seen, keys.queuedOf(key), isPut);
    case 'kills':
      return isPut ? ofKill(seen, keys.killOf(key)) : [];
    case 'lasts':
      return [job(keys.jobOfLast(key))];
    case 'warnings':
      return [job(keys.jobOfWarning(key))];
    case 'workers': {
      const id = keys.workerOf(key);
      if (!isPut) return [{ type: 'worker', id, was: 'left' }];
      return seen.workers.has(id) ? [{ type: 'worker', id, was: before.hadWorker ? 'changed' : 'joined' }] : [];
    }
    case 'drains':
      return seen.workers.has(keys.drainOf(key)) ? [{ type: 'worker', id: keys.drainOf(key), was: 'changed' }] : [];
    case 'outbox':
      return change.type === 'put' ? ofOutbox(seen, change.entry.value) : [];
    default:
      return name satisfies never;
  }
};

type Pair = { readonly job: string; readonly id: string | undefined };

const job = (name: string): Seeing => ({ type: 'job', name });

const ofRun = (seen: Seen, { job: of, id = '' }: Pair, before: SeenRun | undefined, isPut: boolean): readonly Seeing[] => {
  const run = seen.runs.get(id);
  // A key goes a minute after the run's end. One that goes while it runs: its end was missed.
  if (!isPut) return before?.live.state === 'running' ? [{ type: 'gap' }, job(of)] : [];
  if (!run) return [];
  const { live } = run;
  if (before && stageOf(before.live) === stageOf(live) && before.live.attempt === live.attempt) return [job(of)];
  const type = stageOf(live);
  const at =
    type === 'claimed'
      ? live.claimedAt
      : type === 'overdue'
        ? (live.overdueAt ?? live.claimedAt)
        : (live.endedAt ?? live.claimedAt);
  return [{ type: 'run', event: { type, runId: id, job: of, attempt: live.attempt, at, run: runView(seen, run) } }, job(of)];
};

/** The event that a run key stands for. */
const stageOf = ({ state, overdueAt, nextAttemptAt }: LiveRun): 'claimed' | 'overdue' | 'attemptEnded' | 'finished' =>
  state === 'running'
    ? overdueAt === undefined
      ? 'claimed'
      : 'overdue'
    : nextAttemptAt === undefined
      ? 'finished'
      : 'attemptEnded';

const ofQueue = (seen: Seen, { job: of, id = '' }: Pair, isPut: boolean): readonly Seeing[] => {
  const waiting = isPut ? seen.queue.get(id) : undefined;
  if (!waiting) return [job(of)];
  // The two feeds are not in step: a run that is known to be claimed is not told as queued after that.
  if ((seen.runs.get(id)?.live.attempt ?? 0) >= waiting.queued.attempt) return [job(of)];
  const { runId, attempt, queuedAt } = waiting.queued;
  const event = { type: 'queued', runId, job: of, attempt, at: queuedAt, run: queuedView(seen, waiting) };
  return [{ type: 'run', event }, job(of)];
};

const ofKill = (seen: Seen, { job: of, id = '' }: Pair): readonly Seeing[] => {
  const [run, kill] = [seen.runs.get(id), seen.kills.get(id)];
  if (!run || !kill) return [];
  const event: LiveRunEvent = {
    type: 'killAsked',
    runId: id,
    job: of,
    attempt: run.live.attempt,
    at: kill.at,
    by: kill.by,
    run: runView(seen, run),
  };
  return [{ type: 'run', event }, job(of)];
};

/** A queued run that ends without a start has no run key, unless it waited for a further attempt: its event in the outbox is all there is of it. */
const ofOutbox = (seen: Seen, text: string): readonly Seeing[] => {
  const event = readDropped(text);
  if (!event) return [];
  const { type, runId, job: of, attempt, at } = event;
  const attempted = seen.runs.get(runId);
  const queued = seen.queue.get(runId)?.queued;
  const run = applyRunEvent(attempted ? runView(seen, attempted) : queued && runOfQueued(queued), event);
  return [{ type: 'run', event: { type, runId, job: of, attempt, at, ...(run && { run }) } }];
};

const readDropped = (text: string): Extract<RunEvent, { type: 'dropped' }> | undefined => {
  try {
    const event = parseRunEvent('', JSON.parse(text));
    return event.type === 'dropped' ? event : undefined;
  } catch {
    return undefined;
  }
};
