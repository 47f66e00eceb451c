import { catchError, defer, EMPTY, exhaustMap, ignoreElements, merge, of, repeat, tap, type Observable } from 'rxjs';
import type { Logger } from 'pino';
import { eventId, parseRunEvent, type RunEvent } from '../domain/events.ts';
import type { Keys } from '../domain/keys.ts';
import { packItems, removeKeys } from '../domain/moves.ts';
import type { Compare } from '../domain/transaction.ts';
import { every, type Clock } from '../streams/clock.ts';
import { feed } from '../streams/feed.ts';
import type { Coordination, Entry, RunLog } from '../streams/ports.ts';
import { isTickEvent, packed, packOf, unpacked } from './pack.ts';
import { parsed } from './parsed.ts';
import { told } from './told.ts';

export type OutboxDeps = {
  readonly coordination: Coordination;
  readonly runLog: Pick<RunLog, 'append'>;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
};

const LOOK_MS = 250;
/** Events of one append: few at first, and after a failure. */
const [FEW, MOST] = [50, 1_000];
const MOST_LENGTH = 4_000_000;
/** Items of one transaction. */
const AT_ONCE = 100;

/** `job`: of an item that tells of one tick of that job and is not packed yet. */
type Item = { readonly entry: Entry; readonly job?: string };

/** Ships what lies in the outbox to the run log, then removes it: in this order, so that nothing is lost, and idempotent by the event's id, so that nothing is doubled. What waits
 *  is packed, a hundred ticks of a job into one item, so that the outbox stays small however long the run log is away. */
export const outbox = ({ coordination, runLog, keys, clock, log }: OutboxDeps, leader: Compare): Observable<never> => {
  const items = new Map<string, Item>();
  const see = (entry: Entry): void => {
    if (items.get(entry.key)?.entry.revision === entry.revision) return;
    const events = eventsOf(entry);
    const [event] = events;
    // Of a newer version: it stays for a leader that can read it.
    if (event) items.set(entry.key, { entry, ...(events.length === 1 && isTickEvent(event) && { job: event.job }) });
    else {
      items.delete(entry.key);
      log.error({ key: entry.key, value: entry.value }, 'an item of the outbox cannot be read: it stays there');
    }
  };
  const feed$ = feed(coordination, keys.outbox, { clock }).pipe(
    tap((event) => {
      if (event.type === 'outOfSync') return;
      const changes = event.type === 'changes' ? event.changes : event.entries.map((entry) => ({ type: 'put', entry }) as const);
      for (const change of changes) {
        if (change.type === 'put') see(change.entry);
        else items.delete(change.key);
      }
    }),
    ignoreElements(),
  );
  /** The feed tells it too: until then these items must not be taken again. */
  const forget = (entries: readonly Entry[]): void => {
    for (const { key, revision } of entries) if (items.get(key)?.entry.revision === revision) items.delete(key);
  };
  let most = FEW;
  /** Keys of what is on its way to the run log: it is not packed meanwhile. */
  let underway: ReadonlySet<string> = new Set();
  /** Answers the ids of what the run log will never take. */
  const append = async (events: readonly RunEvent[]): Promise<readonly string[]> => {
    const { refused, conflicts } = await runLog.append(events).catch((error: unknown) => {
      most = Math.max(1, Math.floor(events.length / 4)); // each failure may cost the whole time limit
      throw error;
    });
    for (const { event, reason } of refused)
      log.error({ event, reason }, 'the run log refuses an event of the outbox: it stays there');
    for (const id of conflicts) log.error({ id }, 'the run log holds another event under this id');
    return refused.map(({ event }) => eventId(event));
  };
  /** The oldest that wait, at most as many as one append takes; whether there are more. */
  const ship = async (): Promise<boolean> => {
    const taken: Entry[] = [];
    const events: RunEvent[] = [];
    let length = 0;
    for (const { entry } of items.values()) {
      if (events.length >= most || length >= MOST_LENGTH) break;
      length += entry.value.length;
      taken.push(entry);
      events.push(...eventsOf(entry));
    }
    if (taken.length === 0) return false;
    underway = new Set(taken.map(({ key }) => key));
    const refused = new Set<string>();
    for (const part of partsOf(events, most)) for (const id of await append(part)) refused.add(id);
    most = Math.min(MOST, most + Math.ceil(most / 4));
    const isRefused = (entry: Entry): boolean => refused.size > 0 && eventsOf(entry).some((event) => refused.has(eventId(event)));
    const [stored, stays] = split(taken, (entry) => !isRefused(entry));
    forget(stays);
    for (const part of partsOf(stored, AT_ONCE)) {
      const { succeeded } = await coordination.transact(removeKeys(part, leader));
      if (!succeeded) return false;
      forget(part);
    }
    return items.size > 0;
  };
  const pack = async (): Promise<void> => {
    for (const { job, first, more } of fullOnes(items.values(), underway)) {
      const value = packed(job, [first, ...more].flatMap(eventsOf).filter(isTickEvent));
      const { key, transaction } = packItems({ first, more }, value, leader);
      const { succeeded, revision } = await coordination.transact(transaction);
      if (!succeeded) return;
      forget([first, ...more]);
      items.set(key, { entry: { key, value, revision, created: revision } });
    }
  };
  let isMore = false;
  const step$ = defer(async () => {
    isMore = false;
    isMore = await ship().finally(() => {
      underway = new Set();
    });
  }).pipe(catchError(told(log, 'the outbox could not be shipped: it stays where it is')));
  const ship$ = every(LOOK_MS, clock).pipe(
    exhaustMap(() => step$.pipe(repeat({ delay: () => (isMore ? of(undefined) : EMPTY) }))),
  );
  // By itself: a run log that does not answer keeps the shipping waiting for as long as its time limit.
  const pack$ = every(LOOK_MS, clock).pipe(
    exhaustMap(() => defer(pack).pipe(catchError(told(log, 'the outbox could not be packed: it stays as it is')))),
  );
  return merge(feed$, merge(ship$, pack$).pipe(ignoreElements()));
};

/** None: it cannot be read. */
const eventsOf = ({ value, revision }: Entry): readonly RunEvent[] => {
  const raw = parsed(value);
  const pack = packOf(raw);
  if (pack) return unpacked(pack) ?? [];
  const event = parseRunEvent('', raw);
  if (event.type === 'unknown') return [];
  // The item and the job were put by one transaction: of the same revision, whoever ships it.
  return [event.type === 'jobSaved' || event.type === 'jobDeleted' ? { ...event, revision } : event];
};

const partsOf = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));

const split = <T>(all: readonly T[], holds: (each: T) => boolean): readonly [readonly T[], readonly T[]] => [
  all.filter(holds),
  all.filter((each) => !holds(each)),
];

type Full = { readonly job: string; readonly first: Entry; readonly more: Entry[] };

/** Of each job the ticks that are not packed, a whole pack at a time, the oldest first. */
const fullOnes = (items: Iterable<Item>, underway: ReadonlySet<string>): readonly Full[] => {
  const filling = new Map<string, Full>();
  const full: Full[] = [];
  for (const { entry, job } of items) {
    if (job === undefined || underway.has(entry.key)) continue;
    const pack = filling.get(job);
    if (!pack) filling.set(job, { job, first: entry, more: [] });
    else if (pack.more.push(entry) === AT_ONCE - 1) {
      full.push(pack);
      filling.delete(job);
    }
  }
  return full;
};
