import type { Logger } from 'pino';
import type { Keys } from '../domain/keys.ts';
import type { Clock } from '../streams/clock.ts';
import type { Accounts } from './accounts.ts';
import type { RouteStores } from './errors.ts';
import type { Cursors } from './cursors.ts';
import type { HourSums } from './hour-stats.ts';
import type { Jobs } from './jobs.ts';
import type { Orders } from './orders.ts';
import type { Projection } from './projection.ts';
import type { RunHistory } from './run-history.ts';
import type { Savers } from './savers.ts';
import type { Attempts } from './sign-in-codes.ts';
import type { Timelines } from './timeline.ts';
import type { Whys } from './why.ts';

/** What the routes are made of. Each takes what it needs. */
export type Parts = {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  readonly clock: Clock;
  readonly cursors: Cursors;
  readonly history: RunHistory;
  readonly hourSums: HourSums;
  readonly jobs: Jobs;
  readonly keys: Keys;
  readonly log: Logger;
  readonly noAuth: boolean;
  readonly orders: Orders;
  readonly projection: Projection;
  readonly savers: Savers;
  readonly stores: RouteStores;
  /** The time zone of jobs that are saved without one (IANA); UTC if absent. */
  readonly timezone: string | undefined;
  readonly timelines: Timelines;
  readonly why: Whys;
  readonly version: string;
};
