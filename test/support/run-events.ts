// Runs as their events tell them, for tests of the run log.
import { uuidv7 } from 'uuidv7';
import type { EventOf, RunEvent } from '../../src/domain/events.ts';

/** An instant of the minute in which all of this happens. */
export const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

type Parts = {
  readonly runId?: string;
  readonly attempt?: number;
  /** What it printed. */
  readonly chunks?: readonly Uint8Array[];
  readonly claimed?: Partial<EventOf<'claimed'>>;
  readonly finished?: Partial<EventOf<'finished'>>;
};

/** A run of a job: claimed, started, its output, finished. */
export const runOf = (
  job: string,
  { runId = uuidv7(), attempt = 1, chunks = [bytes('hi\n')], claimed, finished }: Parts = {},
) => {
  const of = { v: 1, job, runId, attempt } as const;
  let offset = 0;
  const outputs = chunks.map((data, index) => {
    const event: RunEvent = { ...of, type: 'output', seq: 2 + index, at: at(3), offset, data };
    offset += data.length;
    return event;
  });
  const begin: readonly RunEvent[] = [
    {
      ...of,
      type: 'claimed',
      seq: 0,
      at: at(1),
      trigger: 'schedule',
      fireTime: at(0),
      worker: 'w1',
      workerName: 'one',
      fence: 5,
      jobRevision: 2,
      command: 'echo',
      latenessMs: 1000,
      ...claimed,
    },
    { ...of, type: 'started', seq: 1, at: at(2), pid: 42, host: 'h' },
  ];
  const end: RunEvent = {
    ...of,
    type: 'finished',
    seq: 2 + chunks.length,
    at: at(5),
    outcome: 'succeeded',
    exitCode: 0,
    durationMs: 3000,
    outputBytes: offset,
    ...finished,
  };
  return { runId, begin, outputs, end, events: [...begin, ...outputs, end] };
};

/** The leader's finding that the worker of a run is gone. */
export const lostOf = (job: string, runId: string, attempt = 1): EventOf<'lost'> => ({
  v: 1,
  type: 'lost',
  job,
  runId,
  attempt,
  at: at(4),
  reason: 'workerGone',
  worker: 'w1',
});

export const skippedOf = (job: string, fireTime: string): EventOf<'tickSkipped'> => ({
  v: 1,
  type: 'tickSkipped',
  job,
  at: at(9),
  fireTime,
  reason: 'overlap',
});

export const savedOf = (job: string, id: string, after: unknown): EventOf<'jobSaved'> => ({
  v: 1,
  type: 'jobSaved',
  job,
  id,
  at: at(9),
  by: 'ann',
  after,
});
