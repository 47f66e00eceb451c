import type { Logger } from 'pino';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { leftIsKilled } from '../domain/moves.ts';
import { defined } from '../domain/run.ts';
import { parseKill, type LiveRun } from '../domain/values.ts';
import type { Exit } from '../launcher/protocol.ts';
import type { Clock } from '../streams/clock.ts';
import type { Coordination } from '../streams/ports.ts';
import { endingOf } from './finish.ts';
import { followOrphan } from './orphan.ts';
import type { Held } from './runs.ts';
import type { Spool } from './spool.ts';

/** Uptime (ms) that is never reached, and that JSON can say. */
export const NEVER = Number.MAX_SAFE_INTEGER;

type LeftDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly spool: Spool;
  readonly persistently: <T>(act: () => Promise<T>) => Promise<T>;
};

const nameOf = ({ runId, attempt }: Pick<LiveRun, 'runId' | 'attempt'>): string => `${runId}.${String(attempt)}`;

/** Commands that were abandoned (timeout `abandon`): their runs have ended, they take no slot, and nothing waits for them. What they print and how they end is still recorded, and a person can still
 *  end them. */
export const createLeft = ({ coordination, keys, clock, log, spool, persistently }: LeftDeps) => {
  const left = new Map<string, Held>();

  /** The real end of the command. The run stays `timedOut`, abandoned: what was decided upon that is not undone by how it ended. */
  const end = async (one: Held, exit: Exit | undefined): Promise<void> => {
    const { folder, run } = one;
    if (!left.delete(nameOf(run.live))) return;
    const at = exit?.at ?? toInstant(clock.now());
    const cut = await persistently(() => folder.cut(at, run.job.outputLimitBytes, true));
    const { exitCode, signal, usage } = exit ? endingOf(exit) : {};
    const told = {
      at,
      outcome: 'timedOut',
      reason: 'abandoned',
      durationMs: Math.max(0, toMs(at) - toMs(one.startedAt ?? at)),
      ...(cut.outputBytes > 0 ? cut : {}),
      ...defined({ exitCode, signal, usage }),
    } as const;
    const type = folder.hasTold('finished') ? 'finished' : 'attemptEnded';
    // A worker that was killed before its run log had it must not tell it again.
    if (folder.ends() < 2) await persistently(() => folder.tell({ type, ...told }));
    spool.wake();
    log.info(
      { job: run.live.job, run: run.live.runId, attempt: run.live.attempt, exitCode, signal },
      'an abandoned run has ended',
    );
    spool.release(folder);
    await persistently(() => confirmKill(run.live)); // also of one that an earlier process heard of
  };
  /** Of a run that goes on its own end takes the kill away. */
  const confirmKill = async ({ job, runId }: LiveRun): Promise<void> => {
    const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.killer(job, runId) }] });
    const kill = reads[0] && parseKill(reads[0].value);
    if (reads[0] && kill?.ok === true && kill.value.left === true)
      await coordination.transact(leftIsKilled(keys, job, runId, reads[0].revision));
  };

  return {
    add: (one: Held): void => {
      left.set(nameOf(one.run.live), one);
    },
    exited: async (exit: Exit): Promise<void> => {
      const one = left.get(nameOf(exit));
      if (one) await end(one, exit);
    },
    /** Of one whose launcher is gone: until its command has exited or, being killed, nothing of it lives. Without an exit on disk it is not known how it ended. */
    follow: async (one: Held, process: { readonly pid: number; readonly startTime: string } | undefined): Promise<void> => {
      one.orphan = process;
      if (process) {
        const { runId, killGraceMs } = one.run.live;
        await followOrphan({
          clock,
          root: { ...process, runId, strays: new Map() },
          isEnding: () => one.kill !== undefined,
          graceMs: killGraceMs,
          until: () => undefined,
        });
      }
      await end(one, await one.folder.exit());
    },
    all: (): readonly Held[] => [...left.values()],
  };
};
