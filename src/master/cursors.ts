import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import type { RunEvent } from '../domain/events.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { setCursor } from '../domain/moves.ts';
import { defined } from '../domain/run.ts';
import { parseCursor } from '../domain/tick.ts';
import { refuseWhenOff, type ClusterClock } from './cluster-clock.ts';
import type { RouteStores } from './errors.ts';
import { passedOver } from './mark.ts';
import { badField, noSuchJob, refused } from './problems.ts';
import type { Projection } from './projection.ts';
import { seeJob } from './seen.ts';

export type CursorsDeps = {
  readonly stores: Pick<RouteStores, 'coordination'>;
  readonly keys: Keys;
  readonly clusterClock: ClusterClock;
  readonly projection: Pick<Projection, 'reached'>;
  readonly log: Logger;
  readonly scale: number;
};

/** Instants: the cursor as it was and as it is. */
export type CursorMoved = { readonly fireTime: string; readonly before?: string };

const MOST_TRIES = 6;
/** So many workers' own cursors (placement `all`) go with one move: the store takes 128 operations. */
const MOST_OWN = 60;

export type Cursors = ReturnType<typeof createCursors>;

/** Sets a job's cursor by hand: the one move that may go back. Ticks after it are undecided again, so that one which ran may run a second time (the exception of P1). Ticks that a
 *  move forward passes are told as skipped, edited. Who did it is told by an event in the same transaction. */
export const createCursors = ({ stores: { coordination }, keys, clusterClock, projection, log, scale }: CursorsDeps) => ({
  /** `asked`: the present instant if absent. */
  set: async (name: string, asked: string | undefined, by: string): Promise<CursorMoved> => {
    const now = clusterClock.clock.now();
    const to = asked === undefined ? now : toMs(asked);
    if (Number.isNaN(to)) throw badField('/fireTime', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
    if (to > now)
      throw badField(
        '/fireTime',
        'future',
        'it is in the future: to keep a job from running, switch it off or give it a startAt',
      );
    refuseWhenOff(clusterClock);
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { reads } = await coordination.transact({
        then: [
          { type: 'get', key: keys.job(name) },
          { type: 'get', key: keys.tick(name) },
        ],
      });
      const [job, entry] = reads;
      if (!job) throw noSuchJob(name);
      const { known, broken } = seeJob(name, job, scale);
      if (!known) throw refused(409, 'broken', 'The job is broken', { detail: broken ?? '' });
      const own = known.job.mode === 'all' ? (await coordination.list(keys.tick(name, ''))).entries.slice(0, MOST_OWN) : [];
      const cursor = entry && parseCursor(entry.value);
      const passed = passedOver(known, cursor, to, name, { reason: 'edited', by }).map((event) => ({
        ...event,
        at: toInstant(now),
      }));
      const moved: RunEvent = {
        v: 1,
        type: 'cursorSet',
        job: name,
        at: toInstant(now),
        id: uuidv7(),
        by,
        to: toInstant(to),
        ...defined({ from: cursor?.at }),
      };
      const { succeeded, revision } = await coordination.transact(
        setCursor({
          keys,
          job: name,
          read: { jobRevision: job.revision, cursorRevision: entry?.revision },
          own,
          at: to,
          hash: known.hash,
          events: [...passed, moved],
        }),
      );
      if (!succeeded) continue;
      log.warn({ job: name, by, from: cursor?.at, to: toInstant(to) }, 'the cursor of a job was set by hand');
      await projection.reached('outbox', revision);
      return { fireTime: toInstant(to), ...defined({ before: cursor?.at }) };
    }
    throw refused(409, 'busy', 'The job is being changed by others again and again', { detail: 'Try again.' });
  },
});
