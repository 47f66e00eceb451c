import type { RootDatabase } from 'lmdb';
import type { RunFacts } from '../../domain/stats.ts';
import type { RunsQuery } from '../../streams/ports.ts';
import { keyOf } from './log-keys.ts';

/** What stands beside a run in the list of its job, so that lists, statistics and retention read no outputs. `true` in what older versions wrote. */
export type Brief = { readonly facts: RunFacts; readonly endTime: number };

/** A page of run ids, newest first, with the cursor of what is left. */
export type Page = { readonly runIds: readonly string[]; readonly next?: string };

/** Runs that succeeded are most of all: the list of all runs is theirs, and has no other beside it. */
const PLAIN = 'succeeded';
/** Keys looked at in one go: where most are passed over, and where all are wanted. */
const [AT_ONCE, PAGE] = [1_000, 100];
const FILLED = '\0filled';

/** The lists of runs beside their documents: by job, and by outcome where that is not `succeeded`. Every call of `add` and `remove` in a transaction. */
export const openLogLists = (root: RootDatabase) => {
  /** `<job>\0<run id>`. */
  const byJob = root.openDB<Brief | true, Buffer>({ name: 'log.byJob', keyEncoding: 'binary' });
  /** `<outcome>\0<run id>`. */
  const byOutcome = root.openDB<true, Buffer>({ name: 'log.byOutcome', keyEncoding: 'binary' });

  /** Of a log from before there was this list: made once, from the lists of jobs. */
  const fill = (): void => {
    if (byOutcome.doesExist(Buffer.from(FILLED))) return;
    root.transactionSync(() => {
      for (const { key, value } of byJob.getRange({})) {
        const [, runId = ''] = key.toString('utf8').split('\0');
        if (value !== true && value.facts.outcome !== PLAIN)
          byOutcome.putSync(Buffer.from(`${value.facts.outcome}\0${runId}`), true);
      }
      byOutcome.putSync(Buffer.from(FILLED), true);
    });
  };
  fill();

  const below = (prefix: string, cursor: string | undefined, limit: number) => ({
    // Going down, `start` is included where it is there: the cursor itself is left out by whoever reads.
    start: keyOf(`${prefix}${cursor ?? '\u{10ffff}'}`),
    end: keyOf(prefix),
    reverse: true,
    limit,
  });
  /** Of several outcomes, newest first, as far down as every one of them was looked at. */
  const ofOutcomes = (outcomes: readonly string[], cursor: string | undefined): Page => {
    const lists = outcomes.map((outcome) =>
      [...byOutcome.getKeys(below(`${outcome}\0`, cursor, AT_ONCE))].map((key) => key.toString('utf8').slice(outcome.length + 1)),
    );
    const ends = lists.flatMap((list) => (list.length < AT_ONCE ? [] : (list.at(-1) ?? [])));
    const floor = ends.toSorted().at(-1);
    const runIds = lists
      .flat()
      .filter((runId) => runId !== cursor && (floor === undefined || runId >= floor))
      .toSorted()
      .toReversed();
    return { runIds, ...(floor !== undefined && floor !== cursor && { next: floor }) };
  };

  const ofJob = (job: string, outcomes: readonly string[] | undefined, cursor: string | undefined): Page => {
    const prefix = `${job}\0`;
    const limit = outcomes ? AT_ONCE : PAGE;
    const range = below(prefix, cursor, limit);
    const found = outcomes ? [...byJob.getRange(range)] : [...byJob.getKeys(range)].map((key) => ({ key, value: true as const }));
    const idOf = ({ key }: { readonly key: Buffer }): string => key.toString('utf8').slice(prefix.length);
    const wanted = found.filter(({ value }) => value === true || outcomes?.includes(value.facts.outcome) === true);
    const last = found.at(-1);
    const next = last && idOf(last);
    return {
      runIds: wanted.map(idOf).filter((runId) => runId !== cursor),
      ...(found.length === limit && next !== undefined && next !== cursor && { next }),
    };
  };

  return {
    byJob,
    add: (job: string, runId: string, brief: Brief): void => {
      void byJob.put(Buffer.from(`${job}\0${runId}`), brief);
      if (brief.facts.outcome !== PLAIN) void byOutcome.put(Buffer.from(`${brief.facts.outcome}\0${runId}`), true);
    },
    remove: (job: string, runId: string, outcome: string): void => {
      void byJob.remove(Buffer.from(`${job}\0${runId}`));
      void byOutcome.remove(Buffer.from(`${outcome}\0${runId}`));
    },
    /** Ids of runs that may be among those asked for; undefined where no list here is shorter than all runs. */
    page: ({ job, outcome }: Pick<RunsQuery, 'job' | 'outcome'>, cursor: string | undefined): Page | undefined => {
      const outcomes = outcome?.split(',');
      if (job !== undefined) return ofJob(job, outcomes, cursor);
      return outcomes && !outcomes.includes(PLAIN) ? ofOutcomes([...new Set(outcomes)], cursor) : undefined;
    },
  };
};
