import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Kill } from '../domain/decide.ts';
import { toInstant } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { defined } from '../domain/run.ts';
import type { LiveRun } from '../domain/values.ts';
import { waitOf } from '../streams/backoff.ts';
import { sleep, type Clock } from '../streams/clock.ts';
import { Unavailable, type Coordination } from '../streams/ports.ts';
import type { Exit, LiveEntry } from '../launcher/protocol.ts';
import { groupLives, signalGroup } from '../launcher/proc.ts';
import type { ClaimedRun } from './claims.ts';
import { environmentOf } from './environment.ts';
import { endingOf, lostEnding, recordEnd, type Ending } from './finish.ts';
import { LauncherGone, type Launcher } from './launcher.ts';
import type { RunFolder } from './run-folder.ts';
import type { Spool } from './spool.ts';
import { uptimeMs } from './uptime.ts';

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
  /** Told when a run has ended and its end is recorded. */
  readonly onEnded: (job: string, runId: string) => void;
  /** Told of a claim that was found again: it is to be started or ended like a new one. */
  readonly onChanged: () => void;
};

type Held = {
  readonly run: ClaimedRun;
  readonly folder: RunFolder;
  startedAt: string | undefined;
  /** Set when its process is followed without a launcher: it was orphaned. */
  orphan: { readonly pid: number } | undefined;
  kill: Kill | undefined;
  isEnding: boolean;
};

/** The deadline lies this long before the leader may free the lock: the host ends the run before that (P2). */
const DEADLINE_MARGIN_MS = 5_000;
const ORPHAN_LOOK_MS = 500;
/** So many runs that are over are remembered: far more than can have an answer on its way. */
const MOST_REMEMBERED = 10_000;
const nameOf = ({ runId, attempt }: Pick<LiveRun, 'runId' | 'attempt'>): string => `${runId}.${String(attempt)}`;

export type Runs = ReturnType<typeof createRuns>;

/** The runs that this worker holds, from their claim to the record of their end. */
export const createRuns = ({ coordination, keys, clock, log, spool, launcher, scale, onEnded, onChanged }: RunsDeps) => {
  const held = new Map<string, Held>();
  let starting = 0;
  /** Monotonic ms of the sending of the last renewal of the lease that was answered. */
  let renewedAt = clock.monotonic();

  /** Uptime (ms) until which each run may live, from the sending of its claim on. A renewal puts it off, but not once it has passed: the run may have been declared lost
   *  meanwhile, though it was never started (P2). `earliest` counts from the first request: which of them an old answer belongs to is not known. */
  const untils = new Map<string, { readonly live: LiveRun; until: number; earliest: number }>();
  const freshUntil = ({ locks, lostAfterMs }: LiveRun): number | undefined =>
    !locks || lostAfterMs === 'never'
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
  const isKnown = (live: LiveRun): boolean => held.has(live.runId) || over.has(nameOf(live));

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
    const one: Held = { run, folder, startedAt: undefined, orphan: undefined, kill: undefined, isEnding: false };
    held.set(run.live.runId, one);
    if (!untils.has(nameOf(run.live))) asked(run.live);
    onChanged();
    return one;
  };

  /** Tells the claim; the start is a command of its own. `isOld`: it held before it was asked for this time. */
  const claimed = async (run: ClaimedRun, isOld = false): Promise<void> => {
    const { live, fence, rank, cursorBefore } = run;
    if (isKnown(live)) return; // two ways may lead to one claim
    const limits = untils.get(nameOf(live));
    if (isOld && limits) limits.until = limits.earliest;
    const folder = await spool.open({ job: live.job, runId: live.runId, attempt: live.attempt });
    if (isKnown(live)) return; // and both may have waited for the folder
    hold(run, folder);
    await noted('the claim', () => folder.writeFacts(run));
    if (folder.hasTold('claimed')) return;
    await tell(folder, {
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
  };

  const start = async (runId: string): Promise<void> => {
    const one = held.get(runId);
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
      if (!at) throw new LauncherGone('there is no launcher');
      const until = untilOf(one.run);
      const entry = await at.start({
        runId,
        attempt: live.attempt,
        dir: one.folder.dir,
        command: job.command,
        shell: job.shell,
        env: environmentOf(one.run),
        killGraceMs: live.killGraceMs,
        ...defined({ cwd: job.cwd, stdin: job.stdin, timeoutMs: job.timeoutMs, until }),
      });
      await started(one, entry);
    } catch (error) {
      // It may have been started: the connection is made anew, and what its folder tells decides (see `recover`).
      if (error instanceof LauncherGone && at) return;
      const text = error instanceof Error ? error.message : String(error);
      await end(one, { at: toInstant(clock.now()), outcome: 'failed', reason: 'startFailed', error: text });
    }
  };

  const started = async (one: Held, { pid, startedAt }: Pick<LiveEntry, 'pid' | 'startedAt'>): Promise<void> => {
    if (one.startedAt !== undefined) return;
    one.startedAt = startedAt;
    await tell(one.folder, { type: 'started', at: startedAt, pid, host: hostname() });
    onChanged();
    if (one.kill) await tellKill(one, one.kill);
  };

  const exited = async (exit: Exit): Promise<void> => {
    const one = held.get(exit.runId);
    if (one?.run.live.attempt !== exit.attempt || one.isEnding) return;
    // Told before the end, also where the answer to the start was lost.
    await started(one, exit);
    await end(one, endingOf(exit));
  };

  const signalled = async (runId: string, signal: string, cause: Kill['cause']): Promise<void> => {
    const one = held.get(runId);
    if (!one || one.isEnding) return;
    await tell(one.folder, { type: 'signalled', at: toInstant(clock.now()), signal, cause });
  };

  /** The end of a run: its output to the last byte and its last event on disk first, then the record in the coordination store, however long that takes. */
  const end = async (one: Held, ending: Ending): Promise<void> => {
    if (one.isEnding) return;
    one.isEnding = true;
    const { folder, run } = one;
    const cut = await persistently(() => folder.cut(ending.at, run.job.outputLimitBytes, true));
    const whole: Ending = { ...ending, ...(cut.outputBytes > 0 ? cut : {}) };
    const { startedAt: _startedAt, ...told } = whole;
    if (!folder.hasTold('finished')) await persistently(() => folder.tell({ type: 'finished', ...told }));
    spool.wake();
    const { live } = run;
    for (let tries = 1; ; tries += 1) {
      try {
        const finished = await recordEnd({ coordination, keys }, run, {
          ...whole,
          ...defined({ startedAt: whole.startedAt ?? one.startedAt }),
        });
        log.info({ job: live.job, run: live.runId, outcome: ending.outcome, reason: ending.reason, finished }, 'run ended');
        break;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await sleep(waitOf(tries), clock);
      }
    }
    held.delete(live.runId);
    remember(live);
    await spool.release(folder);
    onEnded(live.job, live.runId);
    onChanged();
  };

  const kill = async (runId: string, asked: Kill): Promise<void> => {
    const one = held.get(runId);
    if (!one || one.isEnding || one.kill) return;
    one.kill = asked;
    await tell(one.folder, { type: 'killAsked', at: toInstant(clock.now()), cause: asked.cause, by: asked.by });
    if (one.startedAt !== undefined) await tellKill(one, asked);
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
  const follow = async (
    one: Held,
    pid: number,
    startTime: string,
    isAlive: (pid: number, startTime: string) => boolean,
  ): Promise<void> => {
    one.orphan = { pid };
    let killAt: number | undefined;
    while (isAlive(pid, startTime) || (one.kill && groupLives(pid))) {
      const until = untilOf(one.run);
      const isOver = until !== undefined && uptimeMs() >= until - one.run.live.killGraceMs;
      if (isOver && !one.kill) one.kill = { cause: 'leaseLost', by: 'deadline' };
      if (one.kill && killAt === undefined) {
        signalGroup(pid, 'SIGTERM');
        killAt = uptimeMs() + one.run.live.killGraceMs;
      } else if (killAt !== undefined && uptimeMs() >= killAt) signalGroup(pid, 'SIGKILL');
      await sleep(ORPHAN_LOOK_MS, clock);
    }
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
      if (!held.has(live.runId)) untils.delete(nameOf(live));
    },
    get: (runId: string): Held | undefined => held.get(runId),
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
    /** Makes events of what the live commands have printed since. */
    cutAll: async (): Promise<void> => {
      for (const { folder, run, startedAt, isEnding } of held.values())
        if (startedAt !== undefined && !isEnding)
          await noted('the place of new output', () => folder.cut(toInstant(clock.now()), run.job.outputLimitBytes, false));
      spool.wake();
    },
    retell: tellKill,
  };
};
