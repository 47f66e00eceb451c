import { toMs } from './instant.ts';
import type { CursorForm } from './moves.ts';
import { parseCursor, waitsBy, type Tick } from './tick.ts';
import { parseLiveRun, type LiveRun } from './values.ts';

/** A key as a refused move read it. */
export type ReadKey = { readonly value: string; readonly revision: number; readonly created: number } | undefined;

/** Why a move of the cursor was refused, from what its else branch read. */
export type Refusal =
  /** The move had been made: its answer was lost. `fence` is the revision of the claim. */
  | { readonly type: 'answerLost'; readonly fence: number; readonly live: LiveRun }
  | { readonly type: 'decided' }
  | { readonly type: 'jobGone' }
  | { readonly type: 'edited'; readonly jobValue: string; readonly jobRevision: number }
  /** Try again with this form: there is no cursor, or it knows another schedule, and so there is no gap. */
  | { readonly type: 'otherForm'; readonly form: CursorForm }
  /** Ticks lie undecided between `cursorAt` (ms) and the tick; `form` names the cursor that was read, `waits` the run that waits by what it says. */
  | { readonly type: 'gap'; readonly cursorAt: number; readonly form: CursorForm; readonly waits: string | undefined }
  | { readonly type: 'busy'; readonly holder: string }
  /** Nothing that was read explains it: the worker is not registered, or all changed meanwhile. */
  | { readonly type: 'unexplained' };

export type Reads = { readonly cursor: ReadKey; readonly lock: ReadKey; readonly job: ReadKey; readonly run: ReadKey };

/** What was asked: the tick, by which cursor form, under which job revision and hash, whether it takes the lock. */
export type Asked = {
  readonly tick: Tick;
  readonly form: CursorForm;
  readonly jobRevision: number;
  readonly hash: string;
  readonly locks: boolean;
  readonly worker: string;
  /** Under placement `all`: what came due up to this instant (ms) is no concern of this worker. Undefined where that is not known: then there is no gap. */
  readonly floor?: number | undefined;
};

/** The first of the reasons that holds. Their order matters: what is decided is decided whatever else changed, and a gap is settled before the overlap policy is asked. */
export const whyRefused = (
  { cursor, lock, job, run }: Reads,
  { tick, form, jobRevision, hash, locks, worker, floor }: Asked,
): Refusal => {
  if (run) {
    const live = parseLiveRun(run.value);
    if (live.ok && live.value.state === 'running' && live.value.worker === worker && live.value.attempt === 1)
      return { type: 'answerLost', fence: run.created, live: live.value };
    return { type: 'decided' }; // it was claimed and has ended, or was declared lost
  }
  const known = cursor && parseCursor(cursor.value);
  // A text that is no cursor still sorts: what the store compares is what counts.
  const cursorAt = known ? toMs(known.at) : undefined;
  if (Math.max(cursorAt ?? 0, floor ?? 0) >= tick.fireTime) return { type: 'decided' };
  if (!job) return { type: 'jobGone' };
  if (job.revision !== jobRevision) return { type: 'edited', jobValue: job.value, jobRevision: job.revision };
  // Where each worker has its own cursor, one that is not there yet, older than the mark, or of another schedule leaves a gap from the floor on.
  const ofThis = known?.decision.hash === hash ? cursorAt : undefined;
  const gapFrom = floor === undefined ? ofThis : Math.max(floor, ofThis ?? 0);
  const exact: CursorForm = cursor ? { type: 'exact', revision: cursor.revision } : { type: 'none' };
  const wasExact = form.type === exact.type && (form.type !== 'exact' || form.revision === cursor?.revision);
  if (!wasExact && tick.prev !== undefined && gapFrom !== undefined && gapFrom < tick.prev)
    return { type: 'gap', cursorAt: gapFrom, form: exact, waits: waitsBy(known) };
  if (ofThis === undefined || (tick.prev !== undefined && ofThis < tick.prev)) {
    if (!wasExact) return { type: 'otherForm', form: exact };
  } else if (form.type !== 'after') {
    return { type: 'otherForm', form: { type: 'after', prev: tick.prev } };
  }
  if (locks && lock) return { type: 'busy', holder: lock.value };
  return { type: 'unexplained' };
};
