import { hasWords, textsOfJob } from '../../../src/domain/search.ts';
import type { JobView, LiveEvent, RunView, WorkerView } from '../../../src/domain/wire.ts';
import type { ListKind } from './live-list.ts';

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What is asked of the jobs, by the names of the API's own query. `sort` with "-" in front is the other way round. */
export type JobsAsked = {
  readonly q?: string | undefined;
  readonly tag?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly outcome?: string | undefined;
  readonly sort?: string | undefined;
};

/** The master's filter (src/master/job-list.ts). A broken job counts as switched off: it does nothing. */
const isJobAsked = ({ q, tag, enabled, outcome }: JobsAsked): ((view: JobView) => boolean) => {
  const hasAsked = hasWords(q);
  return (view) => {
    const fields = view.job as Record<string, unknown>;
    return (
      (enabled === undefined || (view.broken === undefined && fields['enabled'] !== false) === enabled) &&
      (tag === undefined || (Array.isArray(fields['tags']) && (fields['tags'] as unknown[]).includes(tag))) &&
      (outcome === undefined || view.lastRun?.outcome === outcome) &&
      hasAsked(textsOfJob(fields))
    );
  };
};

const VALUES: Readonly<Record<string, (view: JobView) => string | undefined>> = {
  nextFireTime: ({ nextFireTime }) => nextFireTime,
  lastRun: ({ lastRun }) => lastRun?.endedAt,
};

/** The master's order: those without the value come last either way, and of two with the same the name decides. */
const jobOrder = (sort = 'name'): ((a: JobView, b: JobView) => number) => {
  const isDown = sort.startsWith('-');
  const valueOf = VALUES[isDown ? sort.slice(1) : sort];
  const byName = (a: JobView, b: JobView): number => compareText(a.job.name, b.job.name);
  if (!valueOf) return isDown ? (a, b) => byName(b, a) : byName;
  return (a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined) || byName(a, b);
    return (isDown ? compareText(other, one) : compareText(one, other)) || byName(a, b);
  };
};

/** Jobs, as the master filters and sorts them. */
export const jobsBy = (asked: JobsAsked): ListKind<JobView> => ({
  topic: 'jobs',
  idOf: ({ job }) => job.name,
  compare: jobOrder(asked.sort),
  isAsked: isJobAsked(asked),
  read: (event: LiveEvent) => {
    if (event.type === 'jobRemoved') return { id: String(event['name']) };
    if (event.type !== 'jobChanged') return undefined;
    const row = event['job'] as JobView;
    return { id: row.job.name, row };
  },
});

/** What is asked of the runs, by the names of the API's own query; instants in ISO 8601. */
export type RunsAsked = {
  readonly job?: string | undefined;
  readonly outcome?: string | undefined;
  readonly worker?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly q?: string | undefined;
};

/** All of what is asked but the text. */
const isRunAsked =
  ({ job, outcome, worker, from = '', to = '\u{10ffff}' }: RunsAsked) =>
  (run: RunView): boolean =>
    (job === undefined || run.job === job) &&
    (outcome === undefined || outcome.split(',').includes(run.outcome ?? '')) &&
    (worker === undefined || run.worker === worker || run.workerName === worker) &&
    run.fireTime >= from &&
    run.fireTime <= to;

const hasText = (q: string) => {
  const text = q.toLowerCase();
  return (run: RunView): boolean => [run.job, run.error ?? ''].some((each) => each.toLowerCase().includes(text));
};

/** Runs, newest first, as the master filters them: their ids are in the order of time. What they printed is in the log alone: of a run that is told of here only
 *  name and error are looked at. */
export const runsBy = (
  asked: RunsAsked,
): ListKind<RunView> & { readonly readEnded: (event: LiveEvent) => string | undefined } => {
  const { job, q } = asked;
  const isAsked = isRunAsked(asked);
  const isText = q === undefined ? () => true : hasText(q);
  const mayHaveText = (run: RunView): boolean => run.state === 'finished' && isAsked(run) && !isText(run);
  const rowOf = (event: LiveEvent): RunView | undefined => ('run' in event ? event.run : undefined);
  return {
    topic: job === undefined ? 'runs' : `job/${job}`,
    idOf: ({ id }) => id,
    compare: (a, b) => compareText(b.id, a.id),
    isAsked: (run) => isAsked(run) && isText(run),
    read: (event) => {
      const row = rowOf(event);
      // What may have the text in its output is the master's to say, and no reason to take away a row that it gave.
      return row && !mayHaveText(row) ? { id: row.id, row } : undefined;
    },
    /** The id of a run that has ended and fits but for the text, which its output may have: who wants to know asks the master. */
    readEnded: (event) => {
      const row = rowOf(event);
      return row && mayHaveText(row) ? row.id : undefined;
    },
  };
};

/** All runs, or those of one job. */
export const runsOf = (job: string | null): ListKind<RunView> => runsBy(job === null ? {} : { job });

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
