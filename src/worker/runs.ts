import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { forbiddenTo } from '../domain/allowed.ts';
import type { Kill } from '../domain/decide.ts';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { markOverdue } from '../domain/moves.ts';
import { nextAttempt } from '../domain/retry.ts';
import { defined } from '../domain/run.ts';
import type { LiveRun, QueuedRun } from '../domain/values.ts';
import { waitOf } from '../streams/backoff.ts';
import { sleep, type Clock } from '../streams/clock.ts';
import { Unavailable, type Coordination } from '../streams/ports.ts';
import type { Exit, LiveEntry } from '../launcher/protocol.ts';
import type { ClaimedRun } from './claims.ts';
import { environmentOf } from './environment.ts';
import { endingOf, lostEnding, recordEnd, type Ending, type Finished } from './finish.ts';
import { LauncherGone, type Launcher } from './launcher.ts';
import { createLeft, NEVER } from './left.ts';
import { followOrphan } from './orphan.ts';
import type { RunFolder } from './run-folder.ts';
import type { Spool } from './spool.ts';
import { uptimeMs } from './uptime.ts';
import type { User, Users } from './users.ts';

export type RunsDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly spool: Spool;
  /** The launcher that is connected now; undefined while there is none. */
  readonly launcher: () => Launcher | undefined;
  /** Divides the lengths that tests make shorter. */
  readonly scale: number;
  /** What this worker's own configuration lets it run. */
  readonly allow: readonly string[] | undefined;
  readonly users: Users;
  /** Told when a run has ended and its end is recorded. */
  readonly onEnded: (job: string, runId: string) => void;
  /** Told of a claim that was found again: it is to be started or ended like a new one. */
  readonly onChanged: () => void;
};

export type Held = {
  readonly run: ClaimedRun;
  readonly folder: RunFolder;
  startedAt: string | undefined;
  /** Where it goes on after its time limit: monotonic ms of that instant, and once that has come, the instant. */
  limit: number | undefined;
  overdueAt: string | undefined;
  /** It is being abandoned: its end as a run is on its way into the store. */
  leaving: Promise<void> | undefined;
  /** Set when its process is followed without a launcher: it was orphaned. */
  orphan: { readonly pid: number } | undefined;
  kill: Kill | undefined;
  isEnding: boolean;
};

/** The deadline lies this long before the leader may free the lock: the host ends the run before that (P2). */
const DEADLINE_MARGIN_MS = 5_000;
/** So many runs that are over are remembered: far more than can have an answer on its way. */
const MOST_REMEMBERED = 10_000;
const heldOf = (run: ClaimedRun, folder: RunFolder): Held => ({
  run,
  folder,
  startedAt: undefined,
  limit: undefined,
  overdueAt: undefined,
  leaving: undefined,
  orphan: undefined,
  kill: undefined,
  isEnding: false,
});
const nameOf = ({ runId, attempt }: Pick<LiveRun, 'runId' | 'attempt'>): string => `${runId}.${String(attempt)}`;

class NotAllowed extends Error {}

export type Runs = ReturnType<typeof createRuns>;

const claimOf = ({ live, fence, rank, cursorBefore }: ClaimedRun): Parameters<RunFolder['tell']>[0] => ({
  type: 'claimed',
  at: live.claimedAt,
  trigger: live.trigger,
  fireTime: live.fireTime,
  worker: live.worker,
  workerName: live.workerName,
  fence,
  jobRevision: live.jobRevision,
  command: live.command ?? '',
  latenessMs: live.latenessMs,
  ...defined({ nominalAt: live.nominalAt, rank, by: live.by, cursorBefore }),
});

/** The runs that this worker holds, from their claim to the record of their end: one entry an attempt. */
export const createRuns = ({
  coordination,
  keys,
  clock,
  log,
  spool,
  launcher,
  scale,
  allow,
  users,
  onEnded,
  onChanged,
}: RunsDeps) => {
  const held = new Map<string, Held>();
  let starting = 0;
  /** Monotonic ms of the sending of the last renewal of the lease that was answered. */
  let renewedAt = clock.monotonic();

  /** Uptime (ms) until which each run may live, from the sending of its claim on. A renewal puts it off, but not once it has passed: the run may have been declared lost
   *  meanwhile, though it was never started (P2). `earliest` counts from the first request: which of them an old answer belongs to is not known. */
  const untils = new Map<string, { readonly live: LiveRun; until: number; earliest: number }>();
  const freshUntil = ({ locks, lostAfterMs, retry }: LiveRun): number | undefined =>
    (!locks && retry?.lost !== true) || lostAfterMs === 'never'
      ? undefined
      : Math.round(uptimeMs() + (renewedAt - clock.monotonic()) + lostAfterMs - DEADLINE_MARGIN_MS / scale);
  const asked = (live: LiveRun): void => {
    const until = freshUntil(live);
    if (until !== undefined) untils.set(nameOf(live), { live, until, earliest: untils.get(nameOf(live))?.earliest ?? until });
  };
  const untilOf = ({ live }: ClaimedRun): number | undefined => untils.get(nameOf(live))?.until;

  /** Runs that are over here: a second answer for one claim must not start it again, though its folder is gone (P1). */
  const over = new Set<string>();
  const remember = (live: LiveRun): void => {
    untils.delete(nameOf(live));
    over.add(nameOf(live));
    const [oldest] = over;
    if (over.size > MOST_REMEMBERED && oldest !== undefined) over.delete(oldest);
  };
  const left = createLeft({ coordination, keys, clock, log, spool, persistently: (act) => persistently(act) });
  const isKnown = (live: LiveRun): boolean => held.has(nameOf(live)) || over.has(nameOf(live));

  /** A disk that is full must not end what runs: an event that it does not take is missing in the run log, and said so here. */
  const noted = async (what: string, write: () => Promise<unknown>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      log.error({ err: error }, `the spool does not take ${what}`);
    }
  };
  const tell = async (folder: RunFolder, event: Parameters<RunFolder['tell']>[0]): Promise<void> => {
    await noted(`the event ${event.type}`, () => folder.tell(event));
    spool.wake();
  };
  /** The end of a run is not given up on. */
  const persistently = async <T>(act: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await act();
      } catch (error) {
        if (tries % 10 === 1) log.error({ err: error }, 'the end of a run cannot be written down yet');
        await sleep(waitOf(tries), clock);
      }
    }
  };

  const hold = (run: ClaimedRun, folder: RunFolder): Held => {
    const one = heldOf(run, folder);
    held.set(nameOf(run.live), one);
    if (!untils.has(nameOf(run.live))) asked(run.live);
    onChanged();
    return one;
  };

  /** Tells the claim; the start is a command of its own. `isOld`: it held before it was asked for this time. */
  const claimed = async (run: ClaimedRun, isOld = false): Promise<void> => {
    const { live } = run;
    if (isKnown(live)) return; // two ways may lead to one claim
    const limits = untils.get(nameOf(live));
    if (isOld && limits) limits.until = limits.earliest;
    const folder = spool.open({ job: live.job, runId: live.runId, attempt: live.attempt });
    hold(run, folder);
    await noted('the claim', () => folder.writeFacts(run));
    if (!folder.hasTold('claimed')) await tell(folder, claimOf(run));
  };

  /** Checked by the worker itself at every start: what others believe that it may run is not asked. Throws where its configuration forbids it. */
  const userOf = ({ job }: ClaimedRun): User => {
    const forbidden = forbiddenTo(job, { ...(allow && { allow: [...allow] }), users: [...users.all.keys()] });
    if (forbidden === 'jobs')
      throw new NotAllowed(`the configuration of this worker allows no job of the name ${job.name} (--allow)`);
    const user = job.runAs === undefined ? users.own : users.all.get(job.runAs);
    if (!user) throw new NotAllowed(`this worker may not run commands as ${job.runAs ?? ''} (--allow-users)`);
    return user;
  };

  const start = async (runId: string, attempt = 1): Promise<void> => {
    const one = held.get(nameOf({ runId, attempt }));
    if (!one) return;
    starting += 1;
    try {
      await startHeld(one);
    } finally {
      starting -= 1;
    }
  };

  const startHeld = async (one: Held): Promise<void> => {
    const { runId } = one.run.live;
    const { live, job } = one.run;
    const at = launcher();
    try {
      if (!(await one.folder.begin())) return;
      const user = userOf(one.run);
      if (!at) throw new LauncherGone('there is no launcher');
      const until = untilOf(one.run);
      const entry = await at.start({
        runId,
        attempt: live.attempt,
        dir: one.folder.dir,
        command: job.command,
        shell: job.shell,
        env: environmentOf(one.run, user),
        killGraceMs: live.killGraceMs,
        ...defined({
          as: user.switch,
          cwd: job.cwd,
          stdin: job.stdin,
          until,
          timeoutMs: job.timeoutAction === 'kill' ? job.timeoutMs : undefined,
        }),
      });
      await started(one, entry);
    } catch (error) {
      // It may have been started: the connection is made anew, and what its folder tells decides (see `recover`).
      if (error instanceof LauncherGone && at) return;
      const text = error instanceof Error ? error.message : String(error);
      const reason = error instanceof NotAllowed ? ('notAllowed' as const) : ('startFailed' as const);
      await end(one, { at: toInstant(clock.now()), outcome: 'failed', reason, error: text });
    }
  };

  const started = async (one: Held, { pid, startedAt }: Pick<LiveEntry, 'pid' | 'startedAt'>): Promise<void> => {
    if (one.startedAt !== undefined) return;
    resumed(one, startedAt);
    if (!one.folder.hasTold('claimed')) await tell(one.folder, claimOf(one.run)); // the disk was full then
    if (!one.folder.hasTold('started')) await tell(one.folder, { type: 'started', at: startedAt, pid, host: hostname() });
    onChanged();
    if (one.kill) await tellKill(one, one.kill);
  };

  /** It is known since when its command runs: from then on its time limit counts. */
  const resumed = (one: Held, startedAt: string): void => {
    one.startedAt = startedAt;
    const { timeoutMs, timeoutAction } = one.run.job;
    if (timeoutMs !== undefined && timeoutAction !== 'kill')
      one.limit = clock.monotonic() + toMs(startedAt) + timeoutMs - clock.now();
  };

  const exited = async (exit: Exit): Promise<void> => {
    const one = held.get(nameOf(exit));
    if (!one || one.leaving) {
      await one?.leaving;
      return left.exited(exit);
    }
    if (one.isEnding) return;
    // Told before the end, also where the answer to the start was lost.
    await started(one, exit);
    await end(one, endingOf(exit));
  };

  const signalled = async (runId: string, signal: string, cause: Kill['cause'], attempt = 1): Promise<void> => {
    const one = held.get(nameOf({ runId, attempt }));
    if (!one || one.isEnding) return;
    await tell(one.folder, { type: 'signalled', at: toInstant(clock.now()), signal, cause });
  };

  /** The end of a run: its output to the last byte and its last event on disk first, then the record in the coordination store, however long that takes. */
  const end = async (one: Held, ending: Ending): Promise<void> => {
    if (one.isEnding) return;
    one.isEnding = true;
    const { folder, run } = one;
    // Without it nobody could say which tick has run (P3).
    if (!folder.hasTold('claimed')) await persistently(() => folder.tell(claimOf(run)));
    const cut = await persistently(() => folder.cut(ending.at, run.job.outputLimitBytes, true));
    const whole: Ending = { ...ending, ...(cut.outputBytes > 0 ? cut : {}) };
    const { startedAt: _startedAt, ...told } = whole;
    const next = nextAttempt(run.live, whole);
    await tellEnd(folder, told, next);
    const finished = await record(one, { ...whole, ...defined({ startedAt: whole.startedAt ?? one.startedAt }) }, next);
    if (next && finished !== 'followed') await tellEnd(folder, told, undefined);
    held.delete(nameOf(run.live));
    remember(run.live);
    spool.release(folder);
    onEnded(run.live.job, run.live.runId);
    onChanged();
  };

  /** On disk before the store is told: as one that is followed, or as the last. Each once. */
  const tellEnd = async (folder: RunFolder, told: Omit<Ending, 'startedAt'>, next: QueuedRun | undefined): Promise<void> => {
    const type = next ? 'attemptEnded' : 'finished';
    if (folder.isFollowed() || folder.hasTold('finished') || folder.hasTold(type)) return;
    await persistently(() =>
      folder.tell(next ? { type: 'attemptEnded', ...told, nextAttemptAt: next.notBefore } : { type: 'finished', ...told }),
    );
    spool.wake();
  };

  const record = async (one: Held, ending: Ending, next: QueuedRun | undefined): Promise<Finished> => {
    if (one.folder.isFollowed()) return 'followed'; // by an earlier process: the run key may be gone by now
    const finished = await recorded(one, ending, next);
    if (finished === 'followed') await one.folder.noteFollowed();
    return finished;
  };

  const recorded = async (one: Held, ending: Ending, next: QueuedRun | undefined): Promise<Finished> => {
    const { live, fence } = one.run;
    for (let tries = 1; ; tries += 1) {
      try {
        const run = { fence, live: { ...live, ...defined({ overdueAt: one.overdueAt }) } };
        const finished = await recordEnd({ coordination, keys }, run, ending, next);
        const { outcome, reason } = ending;
        log.info({ job: live.job, run: live.runId, attempt: live.attempt, outcome, reason, finished }, 'run ended');
        return finished;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await sleep(waitOf(tries), clock);
      }
    }
  };

  /** Its time limit has passed, and it goes on: told once, and then shown, or left to itself. */
  const overdue = async (one: Held): Promise<void> => {
    const { live, job, fence } = one.run;
    const { timeoutMs = 1, timeoutAction } = job;
    const at = toInstant(toMs(one.startedAt ?? live.claimedAt) + timeoutMs);
    one.overdueAt = at;
    if (timeoutAction === 'kill') return;
    const said = tellOverdue(one, { at, afterMs: timeoutMs, action: timeoutAction });
    if (timeoutAction === 'abandon') {
      one.leaving = said.then(() => abandon(one, at)); // known at once: an end that comes meanwhile is that of what was left
      return one.leaving;
    }
    await said;
    for (let tries = 1; !one.isEnding; tries += 1) {
      try {
        await coordination.transact(markOverdue({ keys, live: { ...live, overdueAt: at, fence }, runRevision: fence }));
        break; // one that is refused was written before, or the run is not ours any more
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await sleep(waitOf(tries), clock);
      }
    }
    onChanged();
  };

  const tellOverdue = async (
    { folder, run: { live } }: Held,
    facts: { readonly at: string; readonly afterMs: number; readonly action: 'abandon' | 'alert' },
  ): Promise<void> => {
    if (folder.hasTold('overdue')) return;
    const { at: _at, ...logged } = facts;
    log.warn({ job: live.job, run: live.runId, attempt: live.attempt, ...logged }, 'a run is overdue');
    await persistently(() => folder.tell({ type: 'overdue', ...facts }));
    spool.wake();
  };

  /** The run ends here and now, and its lock is given back; its command goes on, unobserved but recorded. */
  const abandon = async (one: Held, at: string): Promise<void> => {
    const { live, job } = one.run;
    const ending = { at, outcome: 'timedOut', reason: 'abandoned', ...defined({ durationMs: job.timeoutMs }) } as const;
    const next = nextAttempt(live, ending);
    await tellEnd(one.folder, ending, next);
    const finished = await record(one, { ...ending, ...defined({ startedAt: one.startedAt }) }, next);
    if (next && finished !== 'followed') await tellEnd(one.folder, ending, undefined);
    held.delete(nameOf(live));
    remember(live);
    left.add(one);
    // It holds no lock any more: it must not be ended for one.
    await launcher()
      ?.setDeadlines([{ runId: live.runId, attempt: live.attempt, until: NEVER }])
      .catch(() => undefined);
    onEnded(live.job, live.runId);
    onChanged();
  };

  /** Whatever of a run is held here. */
  const ofRun = (runId: string): readonly Held[] => [...held.values()].filter(({ run }) => run.live.runId === runId);

  const kill = async (runId: string, asked: Kill): Promise<void> => {
    for (const one of ofRun(runId)) {
      if (one.isEnding || one.kill || one.leaving) continue;
      one.kill = asked;
      await tell(one.folder, { type: 'killAsked', at: toInstant(clock.now()), cause: asked.cause, by: asked.by });
      if (one.startedAt !== undefined) await tellKill(one, asked);
    }
    // Only a person ends what its job wants to go on.
    if (asked.cause === 'killed') await killLeft(runId, asked);
  };

  /** Also of what is just being left. */
  const killLeft = async (runId: string, asked: Kill): Promise<void> => {
    for (const { leaving } of ofRun(runId)) await leaving;
    for (const one of left.all()) {
      if (one.run.live.runId !== runId || one.kill) continue;
      one.kill = asked;
      if (!one.folder.hasTold('killAsked'))
        await tell(one.folder, { type: 'killAsked', at: toInstant(clock.now()), cause: asked.cause, by: asked.by });
      await tellKill(one, asked);
    }
  };

  const tellKill = async (one: Held, { cause, by }: Kill): Promise<void> => {
    if (one.orphan) return; // whoever follows it sees the kill
    try {
      await launcher()?.end(one.run.live.runId, one.run.live.attempt, cause, by);
    } catch (error) {
      if (!(error instanceof LauncherGone)) throw error; // told again when a launcher is there: see `recover`
    }
  };

  /** Follows a command whose launcher is gone until nothing of it lives: how it ended cannot be known. It can still be ended. */
  const follow = async (one: Held, pid: number, startTime: string): Promise<void> => {
    one.orphan = { pid };
    const { live, job } = one.run;
    const timeoutAt =
      job.timeoutMs === undefined || job.timeoutAction !== 'kill' || one.startedAt === undefined
        ? Infinity
        : toMs(one.startedAt) + job.timeoutMs;
    await followOrphan({
      clock,
      root: { pid, startTime, runId: live.runId, strays: new Map() },
      isEnding: () => {
        const until = untilOf(one.run);
        if (until !== undefined && uptimeMs() >= until - live.killGraceMs) one.kill ??= { cause: 'leaseLost', by: 'deadline' };
        if (clock.now() >= timeoutAt) one.kill ??= { cause: 'timedOut', by: 'deadline' };
        return one.kill !== undefined;
      },
      graceMs: live.killGraceMs,
      until: () => untilOf(one.run),
    });
    const exit = await one.folder.exit();
    if (exit) return exited(exit); // the launcher wrote it before it was gone
    const outcome = one.kill
      ? endingOf({
          v: 1,
          runId: '',
          attempt: 1,
          pid,
          at: toInstant(clock.now()),
          startedAt: one.startedAt ?? toInstant(clock.now()),
          cause: one.kill.cause,
          by: one.kill.by,
        })
      : lostEnding(clock.now(), 'exitUnknown');
    await end(one, outcome);
  };

  return {
    claimed,
    start,
    started,
    exited,
    signalled,
    kill,
    follow,
    hold,
    /** Ends a run whose end nobody saw. */
    endUnseen: (one: Held): Promise<void> => end(one, lostEnding(clock.now(), 'exitUnknown')),
    /** Ends what was never begun. Whoever says so begins it, so that a start that is on its way in this process does nothing; where that was first, it stays. */
    endUnbegun: async (one: Held): Promise<void> => {
      if (await persistently(() => one.folder.begin())) await end(one, lostEnding(clock.now(), 'notStarted'));
    },
    /** Ends what was begun, where nothing says that it was started. An order that is still on its way to a launcher starts nothing after this (P2). */
    endUnstarted: async (one: Held): Promise<void> => {
      const isForbidden = await persistently(() => one.folder.forbidStart());
      await end(one, lostEnding(clock.now(), isForbidden ? 'notStarted' : 'exitUnknown'));
    },
    /** A claim is about to be sent. */
    asked,
    /** It did not hold, or was not sent. */
    dropped: (live: Pick<LiveRun, 'runId' | 'attempt'>): void => {
      if (!held.has(nameOf(live))) untils.delete(nameOf(live));
    },
    get: (runId: string, attempt: number): Held | undefined => held.get(nameOf({ runId, attempt })),
    resumed,
    left,
    /** Goes on with what an earlier process had begun to abandon, or had abandoned: it is never held as a run again. */
    abandoned: async (run: ClaimedRun, folder: RunFolder, startedAt: string | undefined): Promise<Held> => {
      const one = heldOf(run, folder);
      one.startedAt = startedAt;
      held.set(nameOf(run.live), one); // until the store has it
      await overdue(one);
      return one;
    },
    all: (): readonly Held[] => [...held.values()],
    count: (): number => held.size,
    /** Starts whose answer is not there yet: a worker that stopped now would leave runs that never started. */
    starting: (): number => starting,
    /** The lease was renewed by a message sent at that monotonic instant: everything that must not outlive it may live on. */
    renewed: async (at: number): Promise<void> => {
      renewedAt = at;
      const now = uptimeMs();
      for (const one of untils.values()) {
        const fresh = freshUntil(one.live) ?? 0;
        if (now < one.until) one.until = fresh;
        if (now < one.earliest) one.earliest = fresh;
      }
      const told = [...held.values()].flatMap(({ run }) => {
        const until = untilOf(run);
        return until === undefined ? [] : [{ runId: run.live.runId, attempt: run.live.attempt, until }];
      });
      if (told.length > 0)
        await launcher()
          ?.setDeadlines(told)
          .catch(() => undefined);
    },
    /** Makes events of what the live commands have printed since, and tells those whose time limit has passed. */
    cutAll: async (): Promise<void> => {
      for (const one of held.values())
        if (
          one.limit !== undefined &&
          clock.monotonic() >= one.limit &&
          one.overdueAt === undefined &&
          !one.isEnding &&
          !one.kill
        )
          overdue(one).catch((error: unknown) => {
            log.error({ err: error, run: one.run.live.runId }, 'a run that is overdue could not be told as that');
          });
      for (const { folder, run, startedAt, isEnding } of [...held.values(), ...left.all()])
        if (startedAt !== undefined && !isEnding)
          await noted('the place of new output', () => folder.cut(toInstant(clock.now()), run.job.outputLimitBytes, false));
      spool.wake();
    },
    retell: tellKill,
  };
};
