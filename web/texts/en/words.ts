import type { Outcome, Reason, Trigger } from '../../../src/domain/words.ts';

/** The words of a run's state or outcome. */
export const outcomes = {
  succeeded: 'succeeded',
  failed: 'failed',
  timedOut: 'timed out',
  killed: 'killed',
  lost: 'lost',
  skipped: 'skipped',
  running: 'running',
  queued: 'waits',
} as const satisfies Record<Outcome | 'queued' | 'running', string>;

export const triggers = {
  schedule: 'schedule',
  manual: 'run now',
  catchUp: 'catch-up',
  backfill: 'backfill',
} as const satisfies Record<Trigger, string>;

/** Why a run ended as it did, or a tick did not run. */
export const reasons = {
  person: 'somebody asked for it',
  replaced: 'the next run took its place',
  leaseLost: 'its worker lost the link to etcd for too long',
  drained: 'its worker was drained',
  abandoned: 'it was let go on past its timeout',
  notStarted: 'its worker went away before it started',
  exitUnknown: 'how it ended is not known',
  workerGone: 'its worker is gone',
  startFailed: 'the command could not be started',
  notAllowed: 'its worker’s own configuration does not allow it',
  expired: 'it waited too long for a free worker',
  overlap: 'the run before had not ended',
  edited: 'the job was changed meanwhile',
  late: 'nobody started it in time (was a worker up?)',
  jobDeleted: 'the job was deleted',
  noWorker: 'no worker could take it',
  marked: 'it was before the job’s last change',
  freed: 'somebody freed the job of it',
} as const satisfies Record<Reason, string>;
