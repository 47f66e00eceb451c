import type { Collection } from 'mongodb';
import type { Logger } from 'pino';
import { runIdOf, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';
import type { LogDocument } from '../../domain/run.ts';
import { lastValueFrom, from, mergeMap } from 'rxjs';
import { earlierOf, lostIdOf, projectionOf, runsOf, settle, SHOWN_BYTES, wholeRuns, type Projected } from '../project.ts';
import { byIds } from './by-ids.ts';
import { DUPLICATE_KEY, isOfADocument, reasonOf, unfitReason } from './faults.ts';
import { insertEach } from './insert.ts';
import { inPrefix } from './range.ts';
import { fromRow, type EventRow } from './rows.ts';

type Collections = {
  readonly events: Collection<EventRow>;
  readonly documents: Collection<LogDocument>;
  readonly log: Pick<Logger, 'warn'> | undefined;
};

/** A run of no more events than that is read in one go, outputs and all (2 MB at most). */
const FEW_EVENTS = 32;
const AT_ONCE = 8;
/** Of runs that are read together, so much output is held at a time. */
const MOST_HELD_BYTES = 4_000_000;
const MOST_RACES = 10;

/** Brings the documents of `log` up to date with events that are stored now. */
export const projectInto = ({ events, documents, log }: Collections) => {
  /** A document that the server never takes is told and left out: it is a projection, and the run's events are stored. */
  const tell = (runId: string, reason: string): void =>
    log?.warn({ run: runId, reason }, 'the log database refuses the document of a run: the run is missing in lists');

  const fit = (all: readonly LogDocument[]): readonly LogDocument[] =>
    all.filter((document) => {
      const reason = unfitReason(document);
      if (reason !== undefined) tell(document._id, reason);
      return reason === undefined;
    });

  /** Of runs that are new as a rule: one insert for all of them, and a replace for each that has one already. */
  const putNew = async (all: readonly LogDocument[]): Promise<void> => {
    const { there, refused } = await insertEach(documents, fit(all));
    for (const { row, reason } of refused) tell(row._id, reason);
    await inParallel(there, put);
  };

  const put = async (document: LogDocument): Promise<void> => {
    for (let race = 1; ; race += 1) {
      try {
        if (fit([document]).length > 0) await documents.replaceOne({ _id: document._id }, document, { upsert: true });
        return;
      } catch (error) {
        const { code } = error as { code?: unknown };
        // Of two upserts that both found nothing one fails: it finds something when it tries again.
        if (code === DUPLICATE_KEY && race < MOST_RACES) continue;
        if (!isOfADocument(code)) throw error;
        tell(document._id, reasonOf(error));
        return;
      }
    }
  };

  const has = async (runIds: readonly string[]) => {
    const found = new Set<string>();
    for await (const { _id } of byIds(documents, runIds, { _id: 1 })) found.add(_id);
    return found;
  };

  const write = async (runId: string, { document, attempt }: Projected): Promise<void> => {
    if (document) await put(document);
    // A further attempt of a run that was lost: it has not ended any more. What was written by hand or is older stays.
    else if (attempt > 0) await documents.deleteOne({ _id: runId, attempt: { $lt: attempt } });
  };

  const project = ([runId, seq]: readonly [string, number]): Promise<void> =>
    settle(
      async () => projectionOf(await eventsOfRun(events, runId, seq < FEW_EVENTS)),
      (projected) => write(runId, projected),
    );

  const eventsByIds = async (ids: readonly string[]): Promise<readonly RunEvent[]> => {
    const found: RunEvent[] = [];
    for await (const row of byIds(events, ids)) {
      const event = fromRow(row);
      if (event.type !== 'unknown') found.push(event);
    }
    return found;
  };

  /** Answers the ids of the runs whose documents it has written. */
  const bring = async (stored: readonly RunEvent[]): Promise<ReadonlySet<string>> => {
    const whole = new Set<string>();
    const lost = new Set<string>();
    for (const group of earlierOf(stored, { mostEvents: FEW_EVENTS, mostBytes: MOST_HELD_BYTES })) {
      const left = stored.filter((event) => !whole.has(runIdOf(event) ?? ''));
      const found = wholeRuns([...(await eventsByIds(group)), ...left]);
      await putNew([...found.values()]);
      for (const runId of found.keys()) whole.add(runId);
      for await (const { _id } of byIds(events, [...found.keys()].map(lostIdOf), { _id: 1 })) lost.add(_id);
    }
    const { ended, others } = runsOf(
      stored.filter((event) => {
        const runId = runIdOf(event);
        return runId !== undefined && (!whole.has(runId) || lost.has(lostIdOf(runId)));
      }),
    );
    const late = others.size === 0 ? others : await has([...others.keys()]);
    const again = [...ended, ...[...others].filter(([runId]) => late.has(runId))];
    await inParallel(again, project);
    return new Set([...whole, ...again.map(([runId]) => runId)]);
  };
  const read = async (runId: string): Promise<Projected> => projectionOf(await eventsOfRun(events, runId, true));
  return { bring, read, write };
};

const inParallel = async <T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> => {
  await lastValueFrom(from(items).pipe(mergeMap(act, AT_ONCE)), { defaultValue: undefined });
};

/** The events that a run's document is made of: of a run that printed much, only the end of its output comes over the wire. */
const eventsOfRun = async (events: Collection<EventRow>, runId: string, isShort: boolean): Promise<readonly StoredRunEvent[]> => {
  const all = inPrefix(`${runId}/`);
  const first = isShort ? await events.find(all).sort({ _id: 1 }).limit(FEW_EVENTS).toArray() : undefined;
  if (first && first.length < FEW_EVENTS) return first.map(fromRow);
  const facts = (
    await events
      .find({ ...all, type: { $ne: 'output' } })
      .sort({ _id: 1 })
      .toArray()
  ).map(fromRow);
  const outputs: StoredRunEvent[] = [];
  let bytes = 0;
  for await (const row of events.find({ ...all, type: 'output' }, { batchSize: FEW_EVENTS }).sort({ _id: -1 })) {
    const event = fromRow(row);
    outputs.push(event);
    bytes += event.type === 'output' ? event.data.length : 0;
    if (bytes >= SHOWN_BYTES) break;
  }
  return [...facts, ...outputs];
};
