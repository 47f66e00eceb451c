import type { Collection, Filter } from 'mongodb';
import type { LogDocument, Run } from '../../domain/run.ts';
import { TICK_TRIGGERS } from '../../domain/timeline.ts';
import type { RunsQuery, TickRunsPage } from '../../streams/ports.ts';
import { byIds } from './by-ids.ts';

/** A page of ended runs, newest run id first. Those of a time are picked by ids first: an index tells them without their outputs, which would be read of each that is passed over. */
export const runsFrom = async (documents: Collection<LogDocument>, { limit, ...query }: RunsQuery) => {
  const isByTime = query.from !== undefined || query.to !== undefined;
  const asked = documents
    .find({ $and: filtersOf(query) })
    .sort({ _id: -1 })
    .limit(limit + 1);
  const found = isByTime ? await asked.project<Pick<LogDocument, '_id'>>({ _id: 1 }).toArray() : await asked.toArray();
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const items = isByTime
    ? await inOrder(
        documents,
        page.map(({ _id }) => _id),
      )
    : (page as LogDocument[]);
  return { items: items.filter(isOurs), ...(found.length > limit && last ? { nextCursor: last._id } : {}) };
};

const inOrder = async (documents: Collection<LogDocument>, ids: readonly string[]): Promise<readonly LogDocument[]> => {
  const found = new Map<string, LogDocument>();
  for await (const document of byIds(documents, ids)) found.set(document._id, document);
  return ids.flatMap((id) => found.get(id) ?? []);
};

/** A page of the ended runs of a job's ticks, newest fire time first. The bounds of the fire time stand alone, so that the index is read from there on; the ties are left to a filter. Only the
 *  picture of the run comes over the wire: a page of outputs would have 32 MB. */
export const runsOfTicks = async (
  documents: Collection<LogDocument>,
  job: string,
  { before: { fireTime, id }, from, limit }: TickRunsPage,
): Promise<readonly Run[]> => {
  const found = await documents
    .find({
      $and: [
        { _id: { $gt: '' } },
        { jobName: job },
        { 'run.fireTime': { $lte: fireTime } },
        ...(from === undefined ? [] : [{ 'run.fireTime': { $gte: from } }]),
        { $or: [{ 'run.fireTime': { $lt: fireTime } }, { _id: { $lt: id } }] },
        { trigger: { $in: [...TICK_TRIGGERS] } },
      ],
    } as Filter<LogDocument>)
    .sort({ 'run.fireTime': -1, _id: -1 })
    .limit(limit)
    .project<Pick<LogDocument, '_id' | 'run'>>({ run: 1 })
    .toArray();
  return found.map(({ run }) => run);
};

/** Crontabs of this family keep documents of their own in a collection of this name: their ids are no texts, and there is no run in them. */
export const isOurs = (document: LogDocument): boolean => typeof (document as Partial<LogDocument>).run?.id === 'string';

const filtersOf = ({ job, outcome, worker, from, to, q, cursor }: Omit<RunsQuery, 'limit'>): Filter<LogDocument>[] => {
  const text = q === undefined ? undefined : { $regex: literal(q), $options: 'i' };
  return [
    { _id: { $gt: '' } },
    ...(cursor === undefined ? [] : [{ _id: { $lt: cursor } }]),
    ...(job === undefined ? [] : [{ jobName: job }]),
    ...(outcome === undefined ? [] : [{ outcome: { $in: outcome.split(',') } }]),
    ...(worker === undefined ? [] : [{ $or: [{ worker }, { 'run.workerName': worker }] }]),
    ...(from === undefined ? [] : [{ planTime: { $gte: from } }]),
    ...(to === undefined ? [] : [{ planTime: { $lte: to } }]),
    ...(text === undefined ? [] : [{ $or: [{ jobName: text }, { err: text }, { output: text }] }]),
  ];
};

/** The text and nothing else, in the dialects of PCRE and Go. NUL, which no expression may hold, is looked for as it is stored. */
const literal = (text: string): string => text.replaceAll('\0', '\uFFFD').replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
