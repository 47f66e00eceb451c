import type { Logger } from 'pino';
import { catchError, EMPTY, exhaustMap, Observable } from 'rxjs';
import { toInstant } from '../domain/instant.ts';
import { agedBelow, DAY_MS, forgottenBelow, retentionOf, type Retention } from '../domain/retention.ts';
import { every, sleep, type Clock } from '../streams/clock.ts';
import type { LogUpkeep, OldRun } from '../streams/ports.ts';
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
const STEP_TICKS = 1_000;
const STEP_HOURS = 1_000;
/** Jobs whose runs could not be removed: then the log is away, rather than one of them too big. */
const MOST_FAILURES = 3;
/** An abandoned command of which nothing was told for so long after the end of its run does not go on: its host is gone. */
const LEFT_MS = 90 * DAY_MS;
const PAUSE_MS = 50;
/** Statistics are small: they outlive the runs that they were made of. */
const HOURS_KEPT_MS = 400 * DAY_MS;

/** What the leader does for the run log: statistics of hours that are over, and retention. Never a live run: only what has a document has ended. */
export const createUpkeep = ({ log, clock, logger, retentions, retentionDays, scale }: UpkeepDeps): Upkeep => {
  let freed: Freed = { runs: 0, events: 0 };
  /** Everything before this id was looked at by the days of the cluster since `walkedAt` (monotonic), and what was there then is kept by its job's own. A run that is told later than that is found by the
   *  next walk. */
  let lookedAt: string | undefined;
  let walkedAt = clock.monotonic();
  let settledAt = Number.NEGATIVE_INFINITY;
  let lastKeepers = '';
  let turn = 0;
  type IsOver = () => boolean;

  /** A part that fails is told and ends alone. */
  const done = async (part: string, act: () => Promise<void>): Promise<boolean> => {
    try {
      await act();
      return true;
    } catch (error) {
      logger.warn({ err: error, part }, 'the run log could not be kept in order: it is tried again');
      return false;
    }
  };

  const settle = (isOver: IsOver): Promise<boolean> =>
    done('statistics', async () => {
      settledAt = clock.monotonic();
      const agedAt = (job: string): string | undefined => {
        const { days } = retentionOf(retentions().get(job) ?? {}, retentionDays);
        return days === undefined ? undefined : agedBelow(days, clock.now());
      };
      while (!isOver() && (await settleHours(log, clock.now(), agedAt)) > 0) await sleep(PAUSE_MS / scale, clock);
      settledAt = clock.monotonic();
    });

  /** Between two steps of retention, which may last for hours: statistics do not wait for its end. */
  const pause = async (isOver: IsOver): Promise<void> => {
    await sleep(PAUSE_MS / scale, clock);
    if (clock.monotonic() - settledAt >= LOOK_MS / scale) await settle(isOver);
  };

  /** Runs that go by age take their whole hour with them; of others their hour goes on counting them. */
  const forget = async (runs: readonly OldRun[], aged: string | undefined): Promise<void> => {
    const recent = runs.filter(({ endTime }) => endTime > clock.now() - LEFT_MS).map(({ id }) => id);
    const goingOn = recent.length === 0 ? new Set<string>() : await log.goingOn(recent);
    const due = runs
      .filter(({ id }) => !goingOn.has(id))
      .map(({ id, facts }) => (aged !== undefined && id < aged ? { id } : { id, counted: facts }));
    if (due.length === 0) return;
    const { events } = await log.forgetRuns(due);
    freed = { runs: freed.runs + due.length, events: freed.events + events };
  };

  const forgetOfJob = async (job: string, retention: Retention, isOver: IsOver): Promise<void> => {
    const nth = retention.runs === undefined ? undefined : await log.nthRun(job, retention.runs);
    const bound = forgottenBelow(retention, nth, clock.now());
    const aged = retention.days === undefined ? undefined : agedBelow(retention.days, clock.now());
    let after: string | undefined;
    while (bound !== undefined && !isOver()) {
      const page = await log.oldestRuns({ job, limit: STEP_RUNS, ...(after === undefined ? {} : { after }) });
      const old = page.filter(({ id }) => id < bound);
      await forget(old, aged);
      if (old.length < STEP_RUNS) return;
      after = old.at(-1)?.id;
      await pause(isOver);
    }
  };

  const forgetOfAll = async (own: ReadonlyMap<string, Retention>, isOver: IsOver): Promise<void> => {
    const keepers = [...own].flatMap(([job, { days }]) => (days === undefined ? [] : [job])).join('\n');
    if (keepers !== lastKeepers || clock.monotonic() - walkedAt >= DAY_MS / scale)
      [lookedAt, lastKeepers, walkedAt] = [undefined, keepers, clock.monotonic()];
    const bound = forgottenBelow(retentionOf({}, retentionDays), undefined, clock.now());
    while (bound !== undefined && !isOver()) {
      const page = await log.oldestRuns({ limit: STEP_RUNS, ...(lookedAt === undefined ? {} : { after: lookedAt }) });
      const old = page.filter(({ id }) => id < bound);
      await forget(
        old.filter(({ job }) => own.get(job)?.days === undefined),
        bound,
      );
      lookedAt = old.at(-1)?.id ?? lookedAt;
      if (old.length < STEP_RUNS) return;
      await pause(isOver);
    }
  };

  const forgetTicks = async (own: ReadonlyMap<string, Retention>, isOver: IsOver): Promise<void> => {
    let after: string | undefined;
    while (!isOver()) {
      // Which job comes next is known only once it was found: ticks of all stay as long as those of the job that keeps its runs longest.
      const longest = Math.max(retentionDays > 0 ? retentionDays : Infinity, ...[...own.values()].map(({ days = 0 }) => days));
      const before = toInstant(Number.isFinite(longest) ? Math.max(0, clock.now() - longest * DAY_MS) : 0);
      const step = await log.forgetTicks({ before, limit: STEP_TICKS, ...(after === undefined ? {} : { after }) });
      if (!step) return;
      freed = { ...freed, events: freed.events + step.events };
      if (step.events < STEP_TICKS) after = step.job;
      if (step.events > 0) await pause(isOver);
    }
  };

  const forgetHours = async (isOver: IsOver): Promise<void> => {
    while (!isOver() && (await log.forgetHours(clock.now() - HOURS_KEPT_MS, STEP_HOURS)) >= STEP_HOURS) await pause(isOver);
  };

  const pass = async (isOver: IsOver): Promise<void> => {
    await settle(isOver);
    if (turn++ % RETENTION_EVERY !== 0 || isOver()) return;
    const before = freed;
    const own = retentions();
    let failures = 0;
    for (const [job, retention] of own) {
      if (isOver() || failures === MOST_FAILURES) break;
      if (!(await done(`runs of ${job}`, () => forgetOfJob(job, retentionOf(retention, retentionDays), isOver)))) failures += 1;
    }
    await done('runs', () => forgetOfAll(own, isOver));
    await done('ticks', () => forgetTicks(own, isOver));
    await done('old statistics', () => forgetHours(isOver));
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
