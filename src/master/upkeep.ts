import type { Logger } from 'pino';
import { catchError, EMPTY, exhaustMap, Observable } from 'rxjs';
import { toInstant } from '../domain/instant.ts';
import { DAY_MS, forgottenBelow, retentionOf, type Retention } from '../domain/retention.ts';
import { every, sleep, type Clock } from '../streams/clock.ts';
import type { LogUpkeep } from '../streams/ports.ts';
import { settleHours } from './hour-stats.ts';

export type UpkeepDeps = {
  readonly log: LogUpkeep;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Own retention of the jobs that are there. */
  readonly retentions: () => ReadonlyMap<string, Retention>;
  /** Days that runs are kept where their job says nothing; 0: for ever. */
  readonly retentionDays: number;
  /** Divides the lengths that tests make shorter. */
  readonly scale: number;
};

/** What retention has removed since this process started. */
export type Freed = { readonly runs: number; readonly events: number };

export type Upkeep = {
  /** Does it while it is subscribed to: statistics every minute, retention every ten, in small steps with pauses. Emits nothing, ends never; a log that is away is asked again. */
  readonly work$: Observable<never>;
  readonly freed: () => Freed;
};

const LOOK_MS = 60_000;
/** Retention with every so-many-th look. */
const RETENTION_EVERY = 10;
const STEP_RUNS = 100;
const PAUSE_MS = 50;
/** Statistics are small: they outlive the runs that they were made of. */
const HOURS_KEPT_MS = 400 * DAY_MS;

/** What the leader does for the run log: statistics of hours that are over, and retention. Never a live run: only what has a document has ended. */
export const createUpkeep = ({ log, clock, logger, retentions, retentionDays, scale }: UpkeepDeps): Upkeep => {
  let freed: Freed = { runs: 0, events: 0 };
  /** Everything before this id was looked at by the days of the cluster, and what is still there is kept by its job's own. */
  let lookedAt: string | undefined;
  let lastKeepers = '';
  let turn = 0;

  const forget = async (runs: readonly { readonly id: string }[]): Promise<void> => {
    if (runs.length === 0) return;
    const { events } = await log.forgetRuns(runs);
    freed = { runs: freed.runs + runs.length, events: freed.events + events };
    await sleep(PAUSE_MS / scale, clock);
  };

  const forgetOfJob = async (job: string, retention: Retention, isOver: () => boolean): Promise<void> => {
    const nth = retention.runs === undefined ? undefined : await log.nthRun(job, retention.runs);
    const bound = forgottenBelow(retention, nth, clock.now());
    while (bound !== undefined && !isOver()) {
      const page = await log.oldestRuns({ job, limit: STEP_RUNS });
      const old = page.filter(({ id }) => id < bound);
      await forget(old);
      if (old.length < STEP_RUNS) return;
    }
  };

  const forgetOfAll = async (own: ReadonlyMap<string, Retention>, isOver: () => boolean): Promise<void> => {
    const bound = forgottenBelow(retentionOf({}, retentionDays), undefined, clock.now());
    while (bound !== undefined && !isOver()) {
      const page = await log.oldestRuns({ limit: STEP_RUNS, ...(lookedAt === undefined ? {} : { after: lookedAt }) });
      const old = page.filter(({ id }) => id < bound);
      await forget(old.filter(({ job }) => own.get(job)?.days === undefined));
      lookedAt = old.at(-1)?.id ?? lookedAt;
      if (old.length < STEP_RUNS) return;
    }
  };

  const forgetTicks = async (own: ReadonlyMap<string, Retention>, isOver: () => boolean): Promise<void> => {
    let after: string | undefined;
    while (!isOver()) {
      // Which job comes next is known only once it was found: ticks of all stay as long as those of the job that keeps its runs longest.
      const longest = Math.max(retentionDays > 0 ? retentionDays : Infinity, ...[...own.values()].map(({ days = 0 }) => days));
      const before = toInstant(Number.isFinite(longest) ? Math.max(0, clock.now() - longest * DAY_MS) : 0);
      const step = await log.forgetTicks({ before, ...(after === undefined ? {} : { after }) });
      if (!step) return;
      after = step.job;
      freed = { ...freed, events: freed.events + step.events };
      if (step.events > 0) await sleep(PAUSE_MS / scale, clock);
    }
  };

  const pass = async (isOver: () => boolean): Promise<void> => {
    while (!isOver() && (await settleHours(log, clock.now())) > 0) await sleep(PAUSE_MS / scale, clock);
    if (turn++ % RETENTION_EVERY !== 0 || isOver()) return;
    const before = freed;
    const own = retentions();
    const keepers = [...own].flatMap(([job, { days }]) => (days === undefined ? [] : [job])).join('\n');
    if (keepers !== lastKeepers) [lookedAt, lastKeepers] = [undefined, keepers];
    for (const [job, retention] of own) if (!isOver()) await forgetOfJob(job, retentionOf(retention, retentionDays), isOver);
    await forgetOfAll(own, isOver);
    await forgetTicks(own, isOver);
    await log.forgetHours(clock.now() - HOURS_KEPT_MS, 1_000);
    if (freed !== before)
      logger.info({ runs: freed.runs - before.runs, events: freed.events - before.events }, 'retention removed what was old');
  };

  const pass$ = new Observable<never>((subscriber) => {
    let isOver = false;
    pass(() => isOver).then(
      () => {
        subscriber.complete();
      },
      (error: unknown) => {
        subscriber.error(error);
      },
    );
    return () => {
      isOver = true;
    };
  });

  return {
    work$: every(LOOK_MS / scale, clock).pipe(
      exhaustMap(() =>
        pass$.pipe(
          catchError((error: unknown) => {
            logger.warn({ err: error }, 'the run log could not be kept in order: it is tried again');
            return EMPTY;
          }),
        ),
      ),
    ),
    freed: () => freed,
  };
};
