import type { Logger } from 'pino';
import { defer, distinctUntilChanged, EMPTY, map, merge, share, startWith, switchMap, tap, type Observable } from 'rxjs';
import type { Keys } from '../domain/keys.ts';
import { readJob } from '../domain/known-job.ts';
import type { MasterPresence, Rules } from '../domain/values.ts';
import type { Clock } from '../streams/clock.ts';
import type { Coordination, RunLog } from '../streams/ports.ts';
import type { Accounts } from './accounts.ts';
import type { ClusterClock } from './cluster-clock.ts';
import { createLeader } from './leader.ts';
import { masterPresence } from './presence.ts';
import type { FeedStates, Projection } from './projection.ts';
import type { Upkeep } from './upkeep.ts';

/** `inSync`: every feed is whole, so lists are true, and there is a token to sign in with. */
export type MasterStatus = {
  readonly id: string;
  readonly inSync: boolean;
  readonly feeds: FeedStates;
  readonly isPresent: boolean;
  readonly leader: boolean;
};

export type LifeDeps = {
  readonly coordination: Coordination;
  readonly runLog: RunLog;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly scale: number;
  readonly projection: Projection;
  readonly accounts: Accounts;
  readonly me: Pick<MasterPresence, 'id' | 'host' | 'pid' | 'version'>;
  readonly clusterClock: ClusterClock;
  readonly rules: Rules;
  readonly upkeep: Upkeep;
};

/** Everything that a master does by itself, as one stream. */
export const masterLife = ({
  coordination,
  runLog,
  keys,
  clock,
  log,
  scale,
  projection,
  accounts,
  me,
  clusterClock,
  rules,
  upkeep,
}: LifeDeps) => {
  let isPresent = false;
  let leader = false;
  let hasToken = false;
  const status = (): MasterStatus => {
    const feeds = projection.states();
    return { id: me.id, inSync: hasToken && Object.values(feeds).every(Boolean), feeds, isPresent, leader };
  };
  const read = (value: string, revision: number) => {
    try {
      const name = nameIn(value);
      const found = name === undefined ? undefined : readJob(name, value, revision, scale);
      return found?.ok ? found.value : undefined;
    } catch {
      return undefined; // nested too deeply: nothing that lies in the store may end a master
    }
  };
  const life$: Observable<MasterStatus> = defer(() => {
    const lease$ = masterPresence({ coordination, keys, clock, log, me, clockState: clusterClock.state }).pipe(
      tap((lease) => {
        isPresent = lease !== undefined;
      }),
      share(),
    );
    const clock$ = clusterClock.state$.pipe(share());
    const isOff$ = clock$.pipe(map(clusterClock.isOff), startWith(false), distinctUntilChanged());
    const leader$ = createLeader({
      coordination,
      runLog,
      keys,
      clock: clusterClock.clock,
      log,
      id: me.id,
      lease$,
      read,
      scale,
      isOff$,
      rules,
      clockLimitMs: clusterClock.limitMs,
    }).pipe(
      tap((leads) => {
        leader = leads;
      }),
      share(),
    );
    const upkeep$ = leader$.pipe(switchMap((leads) => (leads ? upkeep.work$ : EMPTY)));
    const accounts$ = accounts.life$.pipe(
      tap(() => {
        hasToken = true;
      }),
    );
    return merge(upkeep$, projection.states$, leader$, lease$, accounts$, clock$).pipe(
      map(status),
      distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
    );
  });
  return { life$, isLeader: () => leader };
};

/** The leader is given values without their keys: the name inside is compared with the key by its own view. */
const nameIn = (value: string): string | undefined => {
  const parsed: unknown = JSON.parse(value);
  return typeof parsed === 'object' && parsed !== null && 'name' in parsed && typeof parsed.name === 'string'
    ? parsed.name
    : undefined;
};
