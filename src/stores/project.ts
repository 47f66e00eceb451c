import { eventId, runIdOf, type RunEvent, type StoredRunEvent } from '../domain/events.ts';
import { toLogDocument, type LogDocument } from '../domain/run.ts';

/** Whether an event may end a run: then the run's document is to be written. */
const ENDS = new Set<RunEvent['type']>(['finished', 'lost', 'dropped']);

/** The runs of a batch whose documents may have to be written anew: those that end in it, and those that `hasDocument` says have ended before. */
export const touchedRuns = async (
  events: readonly RunEvent[],
  hasDocument: (runIds: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<readonly string[]> => {
  const all = new Set(events.map(runIdOf).filter((id) => id !== undefined));
  const ended = new Set(
    events
      .filter(({ type }) => ENDS.has(type))
      .map(runIdOf)
      .filter((id) => id !== undefined),
  );
  const late = await hasDocument([...all].filter((id) => !ended.has(id)));
  return [...all].filter((id) => ended.has(id) || late.has(id));
};

/** The document of a run, read in pages so that a big output is not held: only the last outputs of the last attempt matter. */
export const documentOf = async (
  pageSize: number,
  page: (after: string | undefined) => Promise<readonly StoredRunEvent[]>,
): Promise<LogDocument | undefined> => {
  const kept: StoredRunEvent[] = [];
  let outputs = 0;
  for (let after: string | undefined; ;) {
    const events = await page(after);
    for (const event of events) {
      kept.push(event);
      if (event.type === 'output') outputs += event.data.length;
    }
    for (
      let index = kept.findIndex(isOutput);
      index >= 0 && outputs - sizeOf(kept[index]) >= KEPT_BYTES;
      index = kept.findIndex(isOutput)
    ) {
      outputs -= sizeOf(kept[index]);
      kept.splice(index, 1);
    }
    const last = events.at(-1);
    if (!last || events.length < pageSize) break;
    after = eventId(last);
  }
  return toLogDocument(kept);
};

const KEPT_BYTES = 65_536;
const isOutput = (event: StoredRunEvent): boolean => event.type === 'output';
const sizeOf = (event: StoredRunEvent | undefined): number => (event?.type === 'output' ? event.data.length : 0);

/** The documents of those runs all of whose events are in the batch, from the claim to the end: nothing has to be read for them. A `lost` that is stored already would change
 *  nothing, since a `finished` corrects it. */
export const wholeRuns = (events: readonly RunEvent[]): ReadonlyMap<string, LogDocument> => {
  const byRun = new Map<string, Map<string, RunEvent>>();
  for (const event of events) {
    const runId = runIdOf(event);
    if (runId === undefined) continue;
    const ofRun = byRun.get(runId) ?? new Map<string, RunEvent>();
    byRun.set(runId, ofRun.set(eventId(event), event));
  }
  const whole = new Map<string, LogDocument>();
  for (const [runId, ofRun] of byRun) {
    const sorted = [...ofRun.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
    const isWhole =
      sorted.at(-1)?.type === 'finished' &&
      sorted.every((event, index) => 'seq' in event && event.attempt === 1 && event.seq === index);
    const document = isWhole ? toLogDocument(sorted) : undefined;
    if (document) whole.set(runId, document);
  }
  return whole;
};
