import type { Database, RootDatabase } from 'lmdb';
import type { LogDocument } from '../../domain/run.ts';
import { factsOf, leastIdAt, timeOfId, type RunFacts } from '../../domain/stats.ts';
import type { RunsQuery } from '../../streams/ports.ts';
import { breath } from './breath.ts';
import { keyOf, MOST_KEY_BYTES } from './log-keys.ts';

/** What stands beside a run in the list of its job, so that lists, statistics and retention read no outputs. `true` in what older versions wrote. */
export type Brief = { readonly facts: RunFacts; readonly endTime: number };

/** A page of run ids, newest first, with the cursor of what is left. */
export type Page = { readonly runIds: readonly string[]; readonly next?: string };

/** Where a list is read: from the ids below `top` (all without it) down to `floor`. */
type Span = { readonly top: string | undefined; readonly floor: string };

/** Runs that succeeded are most of all: the list of all runs is theirs, and has no other beside it. */
const PLAIN = 'succeeded';
/** Keys looked at in one go: where most are passed over, and where all are wanted. */
const [AT_ONCE, PAGE] = [1_000, 100];
const FILLED = '\0filled';
/** Documents that are listed in one transaction: everybody waits for it. */
const FILLED_AT_ONCE = 64;
/** A run is asked for by the time that its schedule names, and stands in its list by when it was decided. Those of which the two lie further apart than this have a list of their own. */
const APART_MS = 60_000;

const workersOf = ({ run }: LogDocument): ReadonlySet<string> =>
  new Set([run.worker ?? '', run.workerName ?? ''].filter((each) => each !== ''));

const isApart = ({ _id, planTime }: LogDocument): boolean => Math.abs(planTime - (timeOfId(_id) ?? Infinity)) > APART_MS;

export const briefOf = ({ run, endTime }: LogDocument): Brief => ({ facts: factsOf(run), endTime });

/** The lists of runs beside their documents: by job, by worker, by outcome where that is not `succeeded`, and those of which id and time differ. Every call of `add` and `remove` in a transaction. */
export const openLogLists = (root: RootDatabase, log: Database<LogDocument, Buffer>) => {
  /** `<job>\0<run id>`. */
  const byJob = root.openDB<Brief | true, Buffer>({ name: 'log.byJob', keyEncoding: 'binary' });
  /** `<outcome>\0<run id>`. */
  const byOutcome = root.openDB<true, Buffer>({ name: 'log.byOutcome', keyEncoding: 'binary' });
  /** `<id or name of a worker>\0<run id>`. */
  const byWorker = root.openDB<true, Buffer>({ name: 'log.byWorker', keyEncoding: 'binary' });
  /** `<run id>` → its time, of those of which the two are apart. */
  const apart = root.openDB<number, Buffer>({ name: 'log.apart', keyEncoding: 'binary' });

  /** Of a log from before there was this list: made once, from the lists of jobs. */
  const fillOutcomes = (): void => {
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
  fillOutcomes();

  /** Whether the lists by worker and time are whole. In a new log they are. */
  let isFilled = byWorker.doesExist(Buffer.from(FILLED));
  if (!isFilled && [...log.getKeys({ limit: 1 })].length === 0) {
    byWorker.putSync(Buffer.from(FILLED), true);
    isFilled = true;
  }

  const workerKeys = (document: LogDocument): readonly Buffer[] =>
    [...workersOf(document)]
      .map((worker) => Buffer.from(`${worker}\0${document._id}`))
      .filter(({ length }) => length <= MOST_KEY_BYTES);
  const addNewer = (document: LogDocument): void => {
    for (const key of workerKeys(document)) void byWorker.put(key, true);
    if (isApart(document)) void apart.put(keyOf(document._id), document.planTime);
  };

  /** The ids of a list that are wanted, newest first. */
  const pageOf = <V>(list: Database<V, Buffer>, prefix: string, { top, floor }: Span, isWanted?: (value: V) => boolean): Page => {
    const limit = isWanted ? AT_ONCE : PAGE;
    const [start, end] = [keyOf(`${prefix}${top ?? '\u{10ffff}'}`), keyOf(`${prefix}${floor}`)];
    if (Buffer.compare(start, end) <= 0) return { runIds: [] };
    // Going down, `start` is included where it is there: `top` itself is left out.
    const range = { start, end, reverse: true, limit };
    const found: readonly { readonly key: Buffer; readonly value?: V }[] = isWanted
      ? [...list.getRange(range)]
      : [...list.getKeys(range)].map((key) => ({ key }));
    const idOf = (key: Buffer): string => key.toString('utf8').slice(prefix.length);
    const wanted = found.filter(({ value }) => value === undefined || !isWanted || isWanted(value));
    const last = found.at(-1);
    const next = last && idOf(last.key);
    return {
      runIds: wanted.map(({ key }) => idOf(key)).filter((runId) => runId !== top),
      ...(found.length === limit && next !== undefined && next !== top && { next }),
    };
  };

  /** Of several lists, newest first, as far down as every one of them was looked at. */
  const merged = (pages: readonly Page[]): Page => {
    const [only] = pages;
    if (only && pages.length === 1) return only;
    const next = pages
      .flatMap((page) => page.next ?? [])
      .toSorted()
      .at(-1);
    const runIds = [...new Set(pages.flatMap((page) => page.runIds))].filter((runId) => next === undefined || runId >= next);
    return { runIds: runIds.toSorted().toReversed(), ...(next !== undefined && { next }) };
  };

  /** The shortest list that has all that are asked for. */
  const listed = ({ job, outcome, worker }: RunsQuery, span: Span): readonly Page[] => {
    const outcomes = outcome?.split(',');
    if (job !== undefined) {
      const isWanted = outcomes && ((value: Brief | true) => value === true || outcomes.includes(value.facts.outcome));
      return [pageOf(byJob, `${job}\0`, span, isWanted)];
    }
    if (outcomes && !outcomes.includes(PLAIN)) return [...new Set(outcomes)].map((each) => pageOf(byOutcome, `${each}\0`, span));
    return [worker === undefined || !isFilled ? pageOf(log, '', span) : pageOf(byWorker, `${worker}\0`, span)];
  };

  return {
    byJob,
    add: (document: LogDocument): void => {
      const { _id, jobName, outcome } = document;
      void byJob.put(Buffer.from(`${jobName}\0${_id}`), briefOf(document));
      if (outcome !== PLAIN) void byOutcome.put(Buffer.from(`${outcome}\0${_id}`), true);
      addNewer(document);
    },
    remove: (document: LogDocument): void => {
      const { _id, jobName, outcome } = document;
      void byJob.remove(Buffer.from(`${jobName}\0${_id}`));
      void byOutcome.remove(Buffer.from(`${outcome}\0${_id}`));
      for (const key of workerKeys(document)) void byWorker.remove(key);
      void apart.remove(keyOf(_id));
    },
    /** Ids of runs that may be among those asked for. */
    page: (query: RunsQuery, cursor: string | undefined): Page => {
      const { from, to } = query;
      if (!isFilled || (from === undefined && to === undefined)) return merged(listed(query, { top: cursor, floor: '' }));
      const high = to === undefined ? undefined : leastIdAt(to + APART_MS + 1);
      const top = high !== undefined && (cursor === undefined || high < cursor) ? high : cursor;
      const floor = from === undefined ? '' : leastIdAt(from - APART_MS);
      const isInTime = (at: number): boolean => at >= (from ?? -Infinity) && at <= (to ?? Infinity);
      return merged([...listed(query, { top, floor }), pageOf(apart, '', { top: cursor, floor: '' }, isInTime)]);
    },
    /** Whether a run is in the lists of what is asked for, as far as there are any: that costs less than its document. */
    has: ({ job, worker }: RunsQuery, runId: string): boolean =>
      (job === undefined || byJob.doesExist(keyOf(`${job}\0${runId}`))) &&
      (worker === undefined || !isFilled || byWorker.doesExist(keyOf(`${worker}\0${runId}`))),
    /** Lists by worker and time the runs of a log from before there were these lists, some at a time. What a stop leaves is done at the next opening; until all of it is, nothing is looked for there. */
    fill: async (isStopped: () => boolean): Promise<void> => {
      for (let after: Buffer | undefined; !isFilled && !isStopped();) {
        const start: Buffer = after ? Buffer.concat([after, Buffer.of(0)]) : Buffer.of(0);
        after = await root.transaction(() => {
          const found = [...log.getRange({ start, limit: FILLED_AT_ONCE })];
          for (const { value } of found) addNewer(value);
          if (found.length === 0) void byWorker.put(Buffer.from(FILLED), true);
          return found.at(-1)?.key;
        });
        isFilled = after === undefined;
        await breath();
      }
    },
  };
};
