import type { JobView, LiveEvent, RunView, WorkerView } from '../../src/domain/wire.ts';
import type { ListKind } from './live-list.ts';

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const textOf = ({ job }: JobView): string => {
  const { name, description, command, cronExpr, tags } = job as Record<string, unknown>;
  return [name, description, command, cronExpr, ...(Array.isArray(tags) ? (tags as unknown[]) : [])]
    .filter((each) => typeof each === 'string')
    .join('\n')
    .toLowerCase();
};

/** Jobs by name; with `q` those that have each of its words, as the master searches. */
export const jobsBy = (q: string): ListKind<JobView> => {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return {
    topic: 'jobs',
    idOf: ({ job }) => job.name,
    compare: (a, b) => compareText(a.job.name, b.job.name),
    isAsked: (view) => words.length === 0 || ((text) => words.every((word) => text.includes(word)))(textOf(view)),
    read: (event: LiveEvent) => {
      if (event.type === 'jobRemoved') return { id: String(event['name']) };
      if (event.type !== 'jobChanged') return undefined;
      const row = event['job'] as JobView;
      return { id: row.job.name, row };
    },
  };
};

/** Runs, newest first: their ids are in the order of time. With `job` those of one job. */
export const runsOf = (job: string | null): ListKind<RunView> => ({
  topic: job === null ? 'runs' : `job/${job}`,
  idOf: ({ id }) => id,
  compare: (a, b) => compareText(b.id, a.id),
  isAsked: (run) => job === null || run.job === job,
  read: (event) => {
    const row = 'run' in event ? (event.run as RunView | undefined) : undefined;
    return row && { id: row.id, row };
  },
});

export const allWorkers: ListKind<WorkerView> = {
  topic: 'workers',
  idOf: ({ id }) => id,
  compare: (a, b) => compareText(a.name, b.name) || compareText(a.id, b.id),
  isAsked: () => true,
  read: (event) => {
    if (event.type === 'workerLeft') return { id: String(event['id']) };
    if (event.type !== 'workerJoined' && event.type !== 'workerChanged') return undefined;
    const row = event['worker'] as WorkerView;
    return { id: row.id, row };
  },
};
