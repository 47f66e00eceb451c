import { MongoBulkWriteError, type Collection } from 'mongodb';
import type { Logger } from 'pino';
import { runIdOf, type RunEvent, type StoredRunEvent } from '../../domain/events.ts';
import type { LogDocument } from '../../domain/run.ts';
import { lastValueFrom, from, mergeMap } from 'rxjs';
import { lostIdOf, projectionOf, settle, SHOWN_BYTES, touchedRuns, wholeRuns, type Projected } from '../project.ts';
import { byIds } from './by-ids.ts';
import { DUPLICATE_KEY, isOfADocument, unfitReason } from './faults.ts';
import { inPrefix } from './range.ts';
import { fromRow, type EventRow } from './rows.ts';

type Collections = {
  readonly events: Collection<EventRow>;
  readonly documents: Collection<LogDocument>;
  readonly log: Pick<Logger, 'warn'> | undefined;
};

/** FerretDB hangs for ever when one command carries more than about 90 statements that match: each keeps one of its hundred connections. */
const STATEMENTS_AT_ONCE = 50;
/** A run of no more events than that is read in one go, outputs and all (2 MB at most). */
const FEW_EVENTS = 32;
const RUNS_AT_ONCE = 8;
const MOST_RACES = 10;

/** Brings the documents of `log` up to date with events that are stored now. */
export const projectInto = ({ events, documents, log }: Collections) => {
  const put = async (all: readonly LogDocument[]): Promise<void> => {
    for (let first = 0; first < all.length; first += STATEMENTS_AT_ONCE) {
      const some = all.slice(first, first + STATEMENTS_AT_ONCE).filter((document) => isFit(document));
      if (some.length > 0) await putSome(some);
    }
  };

  /** A document that the server never takes is told and left out: it is a projection, and the run's events are stored. */
  const tell = (runId: string, reason: string): void =>
    log?.warn({ run: runId, reason }, 'the log database refuses the document of a run: the run is missing in lists');

  const isFit = (document: LogDocument): boolean => {
    const reason = unfitReason(document);
    if (reason !== undefined) tell(document._id, reason);
    return reason === undefined;
  };

  const putSome = async (some: readonly LogDocument[]): Promise<void> => {
    for (let race = 1; ; race += 1) {
      try {
        await documents.bulkWrite(
          some.map((document) => ({ replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true } })),
          { ordered: false },
        );
        return;
      } catch (error) {
        if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
        const failures = [error.writeErrors].flat();
        const isRace = failures.some(({ code }) => code === DUPLICATE_KEY);
        const others = failures.filter(({ code }) => code !== DUPLICATE_KEY);
        if (failures.length === 0 || others.some(({ code }) => !isOfADocument(code))) throw error;
        // Of two upserts that both found nothing one fails: it finds something when it tries again.
        if (isRace && race < MOST_RACES) continue;
        if (isRace) throw error;
        for (const { index, errmsg } of others) tell(some[index]?._id ?? '', errmsg ?? '');
        return;
      }
    }
  };

  const has = async (runIds: readonly string[]): Promise<ReadonlySet<string>> => {
    const found = new Set<string>();
    for await (const { _id } of byIds(documents, runIds, { _id: 1 })) found.add(_id);
    return found;
  };

  const write = async (runId: string, { document, attempt }: Projected): Promise<void> => {
    if (document) await put([document]);
    // A further attempt of a run that was lost: it has not ended any more. What was written by hand or is older stays.
    else if (attempt > 0) await documents.deleteOne({ _id: runId, attempt: { $lt: attempt } });
  };

  const project = (runId: string): Promise<void> =>
    settle(
      async () => projectionOf(await eventsOfRun(events, runId)),
      (projected) => write(runId, projected),
    );

  return async (stored: readonly RunEvent[]): Promise<void> => {
    const whole = wholeRuns(stored);
    await put([...whole.values()]);
    const lost = new Set<string>();
    for await (const { _id } of byIds(events, [...whole.keys()].map(lostIdOf), { _id: 1 })) lost.add(_id);
    const others = stored.filter((event) => {
      const runId = runIdOf(event);
      return runId !== undefined && (!whole.has(runId) || lost.has(lostIdOf(runId)));
    });
    const touched = await touchedRuns(others, has);
    await lastValueFrom(from(touched).pipe(mergeMap(project, RUNS_AT_ONCE)), { defaultValue: undefined });
  };
};

/** The events that a run's document is made of: of a run that printed much, only the end of its output comes over the wire. */
const eventsOfRun = async (events: Collection<EventRow>, runId: string): Promise<readonly StoredRunEvent[]> => {
  const all = inPrefix(`${runId}/`);
  const first = await events.find(all).sort({ _id: 1 }).limit(FEW_EVENTS).toArray();
  if (first.length < FEW_EVENTS) return first.map(fromRow);
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
