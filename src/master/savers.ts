import { catchError, defer, firstValueFrom, of, timeout } from 'rxjs';
import type { JobView } from '../domain/wire.ts';
import type { Clock } from '../streams/clock.ts';
import type { RouteStores } from './errors.ts';
import type { Projection } from './projection.ts';

export type Saver = Pick<JobView, 'savedBy' | 'savedAt'>;

/** A log database that is away must not hold up the page of a job. */
const LONGEST_MS = 1_000;
/** Of two masters' saves the ids may be out of order by what their clocks differ. */
const LOOKED_AT = 3;
const KEPT = 1_000;

export type Savers = ReturnType<typeof createSavers>;

/** Who saved a job as it is, and when: from the event that was put with it, in the outbox at first and in the run log later. Nothing for a revision that nobody saved by a master (it was put by hand), or whose
 *  event cannot be had now. */
export const createSavers = ({
  stores: { runLog },
  projection: { seen, reached },
  clock,
}: {
  readonly stores: Pick<RouteStores, 'runLog'>;
  readonly projection: Pick<Projection, 'seen' | 'reached'>;
  readonly clock: Clock;
}) => {
  const known = new Map<string, Saver>();

  const keep = (key: string, saver: Saver): Saver => {
    known.set(key, saver);
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    return saver;
  };

  const inOutbox = (name: string, revision: number): Saver | undefined => {
    const waiting = seen.outboxOfJob(name).find((told) => told.type === 'jobSaved' && told.revision === revision);
    return waiting?.type === 'jobSaved' ? { savedBy: waiting.by, savedAt: waiting.at } : undefined;
  };

  const lookUp = async (name: string, revision: number): Promise<Saver> => {
    const now = inOutbox(name, revision);
    if (now) return now;
    // The feeds are not in step: who has just heard of the save may ask before the outbox's feed has it.
    await reached('outbox', revision);
    const then = inOutbox(name, revision);
    if (then) return then;
    const newest = await runLog.eventsAbout(`job/${name}/`, { isDown: true, limit: LOOKED_AT });
    const saved = newest.find((event) => event.type === 'jobSaved' && event.revision === revision);
    return saved?.type === 'jobSaved' ? { savedBy: saved.by, savedAt: saved.at } : {};
  };

  return async (name: string, revision: number): Promise<Saver> => {
    const key = `${String(revision)} ${name}`;
    const kept = known.get(key);
    if (kept) return kept;
    const found = await firstValueFrom(
      defer(() => lookUp(name, revision)).pipe(
        timeout({ first: LONGEST_MS, scheduler: clock.scheduler }),
        catchError(() => of<Saver>({})),
      ),
    );
    return found.savedBy === undefined ? found : keep(key, found);
  };
};
