import { groupBy } from '../group.ts';
import { livesOf, type History, type Violation } from '../history.ts';

/** P1: no (run, attempt) is started twice, no tick is done by two runs, a further attempt only where the job asks for it. By the commands' own files. */
export const checkStarts = ({ lines, jobs, events }: History): readonly Violation[] => {
  const lives = [...livesOf(lines).values()];
  const workers = new Map(
    events.flatMap((event) => (event.type === 'claimed' ? [[event.runId, event.workerName] as const] : [])),
  );
  const twice = lives
    .filter(({ starts }) => starts > 1)
    .map(({ job, runId, attempt, starts, fireTime }) => ({
      promise: 'P1',
      what: `attempt ${String(attempt)} of run ${runId} of ${job} was started ${String(starts)} times`,
      evidence: [
        `tick ${fireTime}`,
        ...lines.filter((line) => line.sign === 'S' && line.runId === runId).map((line) => JSON.stringify(line)),
      ],
    }));
  const isAll = new Set(jobs.filter(({ job }) => job.placement?.mode === 'all').map(({ job }) => job.name));
  const ofTicks = groupBy(
    lives.filter(({ trigger }) => trigger === 'schedule' || trigger === 'catchUp'),
    ({ job, fireTime, runId }) => `${job} ${fireTime}${isAll.has(job) ? ` ${workers.get(runId) ?? ''}` : ''}`,
  );
  const doubled = [...ofTicks.entries()]
    .filter(([, runs]) => new Set(runs.map(({ runId }) => runId)).size > 1)
    .map(([tick, runs]) => ({
      promise: 'P1',
      what: `tick ${tick} was run by ${String(new Set(runs.map(({ runId }) => runId)).size)} runs`,
      evidence: runs.map(
        ({ runId, attempt, fence, trigger, from }) =>
          `run ${runId} attempt ${String(attempt)} fence ${String(fence)} (${trigger}) on ${workers.get(runId) ?? '?'} at ${String(from)}`,
      ),
    }));
  const maxOf = new Map(jobs.map(({ job }) => [job.name, job.retry?.max ?? 0]));
  const more = lives
    .filter(({ job, attempt }) => attempt > 1 + (maxOf.get(job) ?? 0))
    .map((life) => ({
      promise: 'P1',
      what: `${life.job} has an attempt that nobody asked for`,
      evidence: [JSON.stringify(life)],
    }));
  return [...twice, ...doubled, ...more];
};
