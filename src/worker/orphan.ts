import { processOf, processTable, signalAll, type Root } from '../launcher/proc.ts';
import { sleep, type Clock } from '../streams/clock.ts';
import { uptimeMs } from './uptime.ts';

const LOOK_MS = 500;

type Orphan = {
  readonly clock: Clock;
  readonly root: Root;
  /** Whether it is to be ended, asked at each look. */
  readonly isEnding: () => boolean;
  readonly graceMs: number;
  /** Uptime in ms at which nothing of it may live any more. */
  readonly until: () => number | undefined;
};

/** Whether this very process lives: a pid alone may be somebody else's by now. */
export const isAlive = (pid: number, startTime: string): boolean => {
  const found = processOf(pid);
  return found !== undefined && found.startTime === startTime && found.state !== 'Z';
};

/** Follows a command whose launcher is gone, and ends it where it is to be ended: TERM, KILL after the grace, as the launcher would. Resolves when the command has exited, or, being ended, when
 *  nobody of it lives. */
export const followOrphan = async ({ clock, root, isEnding, graceMs, until }: Orphan): Promise<void> => {
  let killAt: number | undefined;
  for (;;) {
    if (!isEnding()) {
      if (!isAlive(root.pid, root.startTime)) return;
      processTable().family(root); // whoever leaves its session later is known
    } else {
      const everybody = processTable().everybody(root);
      if (everybody.length === 0) return;
      const now = uptimeMs();
      if (killAt === undefined) {
        killAt = now + graceMs;
        signalAll(root, everybody, 'SIGTERM');
        signalAll(root, everybody, 'SIGCONT');
      }
      if (now >= Math.min(killAt, until() ?? Infinity)) signalAll(root, everybody, 'SIGKILL');
    }
    await sleep(LOOK_MS, clock);
  }
};
