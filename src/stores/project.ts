import { isDeepStrictEqual } from 'node:util';
import { attemptPrefix, eventId, runIdOf, type EventOf, type RunEvent, type StoredRunEvent } from '../domain/events.ts';
import { toLogDocument, type LogDocument } from '../domain/run.ts';
import { hourOf, timeOfId } from '../domain/stats.ts';
import type { Projected } from '../streams/ports.ts';

export type { Projected };

/** Whether an event may end a run: then the run's document is to be written. */
const ENDS = new Set<RunEvent['type']>(['finished', 'lost', 'dropped']);

/** The runs of a batch: those that end in it, whose documents are to be written, and the others, whose documents are only if they have ended before. With the highest number of an event, as far as the batch tells. */
export const runsOf = (
  events: readonly RunEvent[],
): { readonly ended: ReadonlyMap<string, number>; readonly others: ReadonlyMap<string, number> } => {
  const [ended, others] = [new Map<string, number>(), new Map<string, number>()];
  for (const event of events) {
    const runId = runIdOf(event);
    if (runId === undefined) continue;
    const seq = Math.max('seq' in event ? event.seq : 0, ended.get(runId) ?? 0, others.get(runId) ?? 0);
    const isEnded = ENDS.has(event.type) || ended.has(runId);
    if (isEnded) others.delete(runId);
    (isEnded ? ended : others).set(runId, seq);
  }
  return { ended, others };
};

/** From the events of a run in any order; of the outputs the last 64 kB of each attempt are enough. */
export const projectionOf = (events: readonly StoredRunEvent[]): Projected => {
  const sorted = events.map((event) => ({ id: eventId(event), event })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const attempts = events.map((event) => ('attempt' in event ? event.attempt : 0));
  return { document: toLogDocument(sorted.map(({ event }) => event)), attempt: attempts.reduce((a, b) => Math.max(a, b), 0) };
};

/** Output that a document shows. */
export const SHOWN_BYTES = 65_536;
/** The first events of an attempt are none: claimed and started. */
const NO_OUTPUTS = 2;

/** Takes the events of a run in the order of their ids and keeps what its document is made of: all but outputs that are followed by 64 kB of others, so that a big output is not held. */
export const createKept = () => {
  const facts: StoredRunEvent[] = [];
  const outputs: EventOf<'output'>[] = [];
  let first = 0;
  let bytes = 0;
  const firstBytes = (): number => outputs[first]?.data.length ?? 0;
  return {
    add: (event: StoredRunEvent): void => {
      if (event.type !== 'output') {
        facts.push(event);
        return;
      }
      outputs.push(event);
      bytes += event.data.length;
      for (; bytes - firstBytes() >= SHOWN_BYTES; first += 1) bytes -= firstBytes();
      if (first > 1_000) {
        outputs.splice(0, first);
        first = 0;
      }
    },
    events: (): readonly StoredRunEvent[] => [...facts, ...outputs.slice(first)],
  };
};

/** Writes what a run's events make of it, and reads them once more after the write, until that brings nothing new. So the documents of writers that race (the leader's `lost`, the worker's late
 *  `finished`) converge, without any compare-and-set: each stores its events before it reads, so the last write of all is followed by a read of everything that was stored before, and whoever stores
 *  later writes later. A writer that dies in between has not answered its append: the repeat of that batch writes again. */
export const settle = async (read: () => Promise<Projected>, write: (projected: Projected) => Promise<void>): Promise<void> => {
  for (let written: Projected | undefined; ;) {
    const found = await read();
    if (written && isDeepStrictEqual(found, written)) return;
    await write(found);
    written = found;
  }
};

/** The documents of those runs all of whose events are in the batch, from the first attempt's claim to its end: nothing has to be read for them, unless the run was declared lost meanwhile
 *  (only then can there be a later attempt): see whether there is a `lostIdOf` after the write. */
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
      sorted[0]?.type === 'claimed' &&
      sorted.at(-1)?.type === 'finished' &&
      sorted.every((event, index) => 'seq' in event && event.attempt === 1 && event.seq === index);
    const document = isWhole ? toLogDocument(sorted) : undefined;
    if (document) whole.set(runId, document);
  }
  return whole;
};

/** Of runs that end in this batch in their first attempt and began in an earlier one: the ids of the events that came before, for many runs at once. With them such a run is whole. In groups of about
 *  `mostBytes` of output, at least one, for all of a group is held at a time; not of a run that has more than `mostEvents` of them, or more output than its document shows. Pure. */
export const earlierOf = (
  events: readonly RunEvent[],
  { mostEvents, mostBytes }: { readonly mostEvents: number; readonly mostBytes: number },
): readonly (readonly string[])[] => {
  const firsts = new Map<string, number>();
  const ended = new Map<string, number | undefined>();
  for (const event of events) {
    if (!('seq' in event) || event.attempt !== 1) continue;
    firsts.set(event.runId, Math.min(event.seq, firsts.get(event.runId) ?? Infinity));
    if (event.type === 'finished') ended.set(event.runId, event.outputBytes);
  }
  let [group, bytes] = [[] as string[], 0];
  const groups = [group];
  for (const [runId, outputBytes] of ended) {
    const count = firsts.get(runId) ?? 0;
    // Claimed and started are no output, and an output event has no more than what is shown.
    const most = Math.min(outputBytes ?? Infinity, Math.max(0, count - NO_OUTPUTS) * SHOWN_BYTES);
    if (count > mostEvents || most > SHOWN_BYTES) continue;
    if (bytes + most > mostBytes) {
      [group, bytes] = [[], 0];
      groups.push(group);
    }
    bytes += most;
    for (let seq = 0; seq < count; seq += 1) group.push(`${attemptPrefix(runId, 1)}${String(seq).padStart(8, '0')}`);
  }
  return groups;
};

/** The id of the leader's finding about the first attempt of a run. */
export const lostIdOf = (runId: string): string => `${attemptPrefix(runId, 1)}lost`;

/** The hours whose statistics change with these events: those of runs, by when their ids were made. `<job>/<hour>` names each, once. */
export const hoursOf = (events: readonly RunEvent[]): ReadonlyMap<string, { readonly job: string; readonly hour: number }> => {
  const hours = new Map<string, { readonly job: string; readonly hour: number }>();
  for (const event of events) {
    const madeAt = timeOfId(runIdOf(event) ?? '');
    if (madeAt === undefined) continue;
    const hour = hourOf(madeAt);
    hours.set(`${event.job}/${String(hour)}`, { job: event.job, hour });
  }
  return hours;
};

/** Changes of jobs, with the ids under which the audit lists them. */
export const changesIn = (events: readonly RunEvent[]): readonly { readonly id: string; readonly event: string }[] =>
  events.flatMap((event) =>
    event.type === 'jobSaved' || event.type === 'jobDeleted' || event.type === 'cursorSet'
      ? [{ id: event.id, event: eventId(event) }]
      : [],
  );

/** Whether an abandoned command of that run may go on: only then its events have to be read. */
export const mayGoOn = (document: LogDocument | undefined): boolean =>
  document !== undefined && (document.reason === 'abandoned' || document.attempt > 1);
