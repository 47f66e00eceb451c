import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defer, from, Subject } from 'rxjs';
import { uuidv7 } from 'uuidv7';
import type { RunEvent } from '../../src/domain/events.ts';
import { systemClock as clock } from '../../src/streams/clock.ts';
import { logPipeline } from '../../src/streams/log-pipeline.ts';
import type { Appended } from '../../src/streams/ports.ts';
import type { Spool } from '../../src/worker/spool.ts';

const startedAt = new Date(clock.now()).toISOString();
const text = new TextEncoder().encode('a line of what a job prints, as jobs do\n');
export const eventsOf = (job: string, runId = uuidv7(), worker = 'w', at = startedAt): RunEvent[] => {
  const of = { v: 1, job, runId, attempt: 1, at } as const;
  return [
    {
      ...of,
      type: 'claimed',
      seq: 0,
      trigger: 'schedule',
      fireTime: at,
      worker,
      workerName: worker,
      fence: 1,
      jobRevision: 1,
      command: 'true',
      latenessMs: 3,
    },
    { ...of, type: 'started', seq: 1, pid: 1, host: 'h' },
    { ...of, type: 'output', seq: 2, offset: 0, data: text },
    { ...of, type: 'finished', seq: 3, outcome: 'succeeded', exitCode: 0, durationMs: 12, outputBytes: text.length },
  ];
};

/** More runs that wait, as a worker leaves them while the log is away. */
export const fill = async (spool: Spool, runs: number): Promise<void> => {
  const at = startedAt;
  for (let n = 0; n < runs; n += 1) {
    const folderOf = spool.open({ job: `job-${String(n % 50)}`, runId: uuidv7(), attempt: 1 });
    await folderOf.writeFacts({ v: 1, live: { job: folderOf.of.job } });
    writeFileSync(join(folderOf.dir, 'out'), text);
    await folderOf.tell({
      type: 'claimed',
      at,
      trigger: 'schedule',
      fireTime: at,
      worker: 'w',
      workerName: 'w',
      fence: 1,
      jobRevision: 1,
      command: 'true',
      latenessMs: 3,
    });
    await folderOf.tell({ type: 'started', at, pid: 1, host: 'h' });
    await folderOf.cut(at, 1_000_000, true);
    await folderOf.tell({ type: 'finished', at, outcome: 'succeeded', exitCode: 0, durationMs: 12 });
    spool.release(folderOf);
  }
};

/** Ships what waits until nothing does. */
export const shipAll = (
  spool: Spool,
  append: (events: readonly RunEvent[]) => Promise<Appended>,
  options: { readonly mostPerSecond?: number } = {},
): Promise<void> => {
  const stop$ = new Subject<void>();
  return new Promise((resolve, reject) => {
    logPipeline({
      source: {
        take: (most) => from(spool.take(most)),
        confirm: (items) => from(spool.confirm(items)),
        setAside: (event, reason) => from(spool.setAside(event, reason)),
        wakes$: spool.wakes$,
      },
      append: (events) => defer(() => append(events)),
      clock,
      stop$,
      ...options,
    }).subscribe({
      next: (news) => {
        if (news.type === 'lagging') reject(news.error as Error);
        if (!spool.waiting()) stop$.next();
      },
      error: reject,
      complete: resolve,
    });
  });
};
