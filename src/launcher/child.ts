import { closeSync, fsync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunGroups } from './cgroup.ts';
import { instant, uptimeMs, wait } from './clock.ts';
import { spawnCommand, startFailure } from './command.ts';
import { say } from './log.ts';
import { processOf, signalAll, type Proc, type Root, type Table } from './proc.ts';
import { FILES, PROTOCOL, type Cause, type Exit, type LiveEntry, type News, type StartOrder, type Usage } from './protocol.ts';
import { createSeen, type Account } from './usage.ts';

/** A command that was started, until the launcher has written its exit. */
export type Child = {
  readonly entry: () => LiveEntry;
  /** TERM now, KILL after the grace. The first cause wins; asked again it changes nothing. */
  readonly end: (cause: Cause, by?: string) => void;
  readonly setUntil: (until: number) => void;
  /** Does what is due at `now` (uptime, ms): time limit, deadline, grace, and whether anybody of the run lives. Answers when it is to be looked at again. */
  readonly look: (now: number, table: Table) => number;
  /** Sees what its processes use. */
  readonly measure: (table: Table) => void;
};

export type Tell = {
  readonly news: (news: News) => void;
  /** Something happened: a look is due. */
  readonly changed: () => void;
  /** Called once, after the exit is on disk and told. */
  readonly ended: () => void;
};

/** `failed` has words for a person. */
export type Start =
  { readonly type: 'started'; readonly child: Child } | { readonly type: 'failed'; readonly why: Promise<string> };

const sync = promisify(fsync);

/** A run gets its cgroup at the first look, 0.1 s after its start: to move a process costs the kernel some milliseconds, more than all else of a short run. Twice, for whoever was
 *  just being forked. */
const GROUPED_LOOKS = 2;

/** How often what is being ended is looked at. */
const POLL_MS = 25;
const REWRITE_MS = 1_000;

/** Starts a command, or throws with words for a person. */
export const startChild = (order: StartOrder, tell: Tell, account: Account, groups: RunGroups | undefined): Start => {
  const { runId, attempt, dir, killGraceMs } = order;
  const command = spawnCommand(order);
  const { pid } = command;
  Object.assign(command, { spawnargs: [] }); // a command may be long, and a thousand may live
  if (pid === undefined) return { type: 'failed', why: startFailure(command, order.shell) };
  const startedAt = instant();
  const startTime = processOf(pid)?.startTime ?? '';
  notePid(order, { v: PROTOCOL, pid, startTime, startedAt });

  const timeoutAt = order.timeoutMs === undefined ? Infinity : uptimeMs() + order.timeoutMs;
  const root: Root = { pid, startTime, runId, strays: new Map() };
  const seen = createSeen();
  let grouped = 0;
  let until = order.until ?? Infinity;
  let cause: Cause | undefined;
  let by: string | undefined;
  let killAt = Infinity;
  let told: 'nothing' | 'SIGTERM' | 'SIGKILL' = 'nothing';
  let exited: Pick<Exit, 'at' | 'exitCode' | 'signal'> | undefined;
  let usage: Usage | undefined;
  let isDone = false;

  const end = (why: Cause, who?: string): void => {
    if (cause !== undefined || exited) return;
    cause = why;
    by = who;
    killAt = uptimeMs() + killGraceMs;
    tell.changed(); // the next look tells the processes
  };
  const signal = (name: 'SIGTERM' | 'SIGKILL', why: Cause, everybody: readonly Proc[]): void => {
    signalAll(root, everybody, name);
    if (name === 'SIGTERM') signalAll(root, everybody, 'SIGCONT'); // one that was stopped gets the TERM too
    if (told !== name) tell.news({ v: PROTOCOL, type: 'signalled', runId, attempt, signal: name, cause: why });
    told = name;
  };
  /** Whether it is over. A run that is being ended is over when nobody of it lives; another one when its command has exited, whatever it leaves behind. */
  const ending = (now: number, why: Cause, table: Table): boolean => {
    const isKillDue = now >= Math.min(killAt, until);
    if (told !== 'nothing' && !isKillDue && !exited) return false;
    const everybody = table.everybody(root);
    // KILL again at each look: whoever was just being forked.
    if (isKillDue) signal('SIGKILL', why, everybody);
    else if (told === 'nothing') signal('SIGTERM', why, everybody);
    return exited !== undefined && everybody.length === 0;
  };
  const finish = async (): Promise<void> => {
    isDone = true;
    const exit: Exit = {
      v: PROTOCOL,
      runId,
      attempt,
      startedAt,
      pid,
      at: instant(),
      ...exited,
      ...(cause && { cause }),
      ...(by && { by }),
      ...(usage && { usage }),
    };
    root.group?.close();
    await writeExit(dir, exit, () => {
      tell.news({ v: PROTOCOL, type: 'exited', exit });
    });
    tell.ended();
  };

  command.on('error', (error) => {
    say(`${runId}: ${error.message}`);
  });
  command.once('exit', (code, name) => {
    const end = { at: instant(), ...(code !== null && { exitCode: code }), ...(name !== null && { signal: name }) };
    account.ended(seen, (used) => {
      exited = end;
      usage = used;
      tell.changed();
    });
  });
  const child: Child = {
    entry: () => ({ runId, attempt, pid, startTime, startedAt, ...(cause && { cause }) }),
    end,
    setUntil: (at) => {
      until = at;
    },
    look: (now, table) => {
      if (isDone) return Infinity;
      if (now >= timeoutAt) end('timedOut');
      if (now >= until - killGraceMs) end('leaseLost');
      if (cause === undefined ? exited : ending(now, cause, table)) {
        void finish();
        return Infinity;
      }
      return exited || told === 'SIGKILL'
        ? now + POLL_MS
        : cause === undefined
          ? Math.min(timeoutAt, until - killGraceMs)
          : Math.min(killAt, until);
    },
    measure: (table) => {
      if (exited) return;
      const family = table.family(root);
      seen.look(family);
      if (grouped >= GROUPED_LOOKS) return;
      grouped += 1;
      if (grouped === 1) {
        root.group = groups?.open(`${runId}.${String(attempt)}`);
        if (root.group) seen.joins(root.group.cpu);
      }
      const known = new Set(root.group?.pids());
      root.group?.add(family.map((each) => each.pid).filter((each) => !known.has(each)));
    },
  };
  return { type: 'started', child };
};

/** For whoever has to find the process without this launcher. The command runs already: a disk that is full does not change that. */
const notePid = (
  { runId, dir }: StartOrder,
  note: Omit<LiveEntry, 'runId' | 'attempt' | 'cause'> & { readonly v: number },
): void => {
  try {
    writeFileSync(join(dir, FILES.pid), JSON.stringify(note), { mode: 0o600 });
  } catch (error) {
    say(`the process of ${runId} could not be noted: ${String(error)}`);
  }
};

/** On disk before anybody is told: an exit while no worker is there must not be lost. Where the disk does not take it, it is told all the same, and written as soon as it does. */
const writeExit = async (dir: string, exit: Exit, told: () => void): Promise<void> => {
  const path = join(dir, FILES.exit);
  for (let tries = 0; ; tries += 1) {
    try {
      const file = openSync(path, 'w', 0o600); // half-written it counts as none
      try {
        writeFileSync(file, JSON.stringify(exit));
        await sync(file);
      } finally {
        closeSync(file);
      }
      if (tries === 0) told();
      return;
    } catch (error) {
      if (tries === 0) {
        say(`the exit of ${exit.runId} could not be written: ${String(error)}`);
        told();
      }
      // Its folder was removed: nobody wants to know any more.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      await wait(REWRITE_MS);
    }
  }
};
