import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, fsyncSync, openSync, renameSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { instant, uptimeMs } from './clock.ts';
import { groupLives, processOf, signalGroup } from './proc.ts';
import { FILES, PROTOCOL, type Cause, type Exit, type LiveEntry, type News, type StartOrder } from './protocol.ts';

/** A command that was started, until the launcher has written its exit. */
export type Child = {
  readonly entry: () => LiveEntry;
  /** TERM now, KILL after the grace. The first cause wins; asked again it changes nothing. */
  readonly end: (cause: Cause, by?: string) => void;
  readonly setUntil: (until: number) => void;
  /** Looks at what is due: time limit, deadline, grace, and whether the group is empty. */
  readonly look: () => void;
};

/** Longest command that goes into an argument; Linux refuses 128 kB. */
const ARGUMENT_BYTES = 120_000;

/** Starts a command in a session of its own, both outputs into one file, or throws with words for a person. `onEnd` is called once, after the exit is on disk. */
export const startChild = (order: StartOrder, tell: (news: News) => void, onEnd: () => void): Child => {
  const { runId, attempt, dir, command, shell, killGraceMs } = order;
  if (order.until !== undefined && uptimeMs() >= order.until) throw new Error('its deadline had passed before it could start');
  checkPlaces(order);
  const args = Buffer.byteLength(command) > ARGUMENT_BYTES ? [written(join(dir, FILES.command), command)] : ['-c', command];
  const out = openSync(join(dir, FILES.out), 'a', 0o600);
  const input = openSync(order.stdin === undefined ? '/dev/null' : written(join(dir, FILES.stdin), order.stdin), 'r');
  const startedAt = instant();
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(shell, args, {
      cwd: order.cwd ?? order.env['HOME'] ?? '/',
      env: { ...order.env },
      detached: true,
      stdio: [input, out, out],
    });
  } finally {
    closeSync(out);
    closeSync(input);
  }
  const { pid } = child;
  // Without a pid nothing was started; the error event that follows says the same.
  if (pid === undefined) {
    child.on('error', () => undefined);
    throw new Error(`${shell} could not be started`);
  }
  const startTime = processOf(pid)?.startTime ?? '';
  writeFileSync(join(dir, FILES.pid), JSON.stringify({ v: PROTOCOL, pid, startTime, startedAt }));

  const timeoutAt = order.timeoutMs === undefined ? undefined : uptimeMs() + order.timeoutMs;
  let { until } = order;
  let cause: Cause | undefined;
  let by: string | undefined;
  let killAt: number | undefined;
  let isKilled = false;
  let exited: { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly at: string } | undefined;
  let isDone = false;

  const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
    signalGroup(pid, name);
    if (cause) tell({ type: 'signalled', runId, attempt, signal: name, cause });
  };
  const end = (why: Cause, who?: string): void => {
    if (cause || isDone) return;
    cause = why;
    by = who;
    killAt = uptimeMs() + killGraceMs;
    signal('SIGTERM');
  };
  const finish = (): void => {
    if (isDone || !exited) return;
    isDone = true;
    const exit: Exit = {
      v: PROTOCOL,
      runId,
      attempt,
      at: exited.at,
      startedAt,
      pid,
      ...(exited.code === null ? {} : { exitCode: exited.code }),
      ...(exited.signal === null ? {} : { signal: exited.signal }),
      ...(cause ? { cause } : {}),
      ...(by === undefined ? {} : { by }),
    };
    writeExit(dir, exit);
    tell({ type: 'exited', exit });
    onEnd();
  };
  const look = (): void => {
    const now = uptimeMs();
    if (timeoutAt !== undefined && now >= timeoutAt) end('timedOut');
    if (until !== undefined && now >= until - killGraceMs) end('leaseLost');
    const killNow = (killAt !== undefined && now >= killAt) || (until !== undefined && now >= until);
    if (killNow && !isKilled) {
      isKilled = true;
      signal('SIGKILL');
    }
    // A run that was ended is over when nothing of its group lives; after KILL that is a matter of moments.
    if (exited && (cause === undefined || !groupLives(pid))) finish();
  };
  child.on('error', () => undefined);
  child.on('exit', (code, name) => {
    exited = { code, signal: name, at: instant() };
    look();
  });
  return {
    entry: () => ({ runId, attempt, pid, startTime, startedAt, ...(cause ? { cause } : {}) }),
    end,
    setUntil: (at) => {
      until = at;
    },
    look,
  };
};

const checkPlaces = ({ cwd, shell, env, command }: StartOrder): void => {
  if (command.includes('\0') || Object.entries(env).some(([name, value]) => `${name}${value}`.includes('\0')))
    throw new Error('the command or its environment contains the character NUL');
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`the folder ${cwd} (cwd) is not there`);
  if (!shell.startsWith('/')) return;
  try {
    accessSync(shell, constants.X_OK);
  } catch {
    throw new Error(`the shell ${shell} is not there or cannot be executed`);
  }
};

const written = (path: string, text: string): string => {
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

/** On disk before anybody is told: an exit while no worker is there must not be lost. */
const writeExit = (dir: string, exit: Exit): void => {
  try {
    const path = join(dir, FILES.exit);
    const file = openSync(`${path}.new`, 'w', 0o600);
    writeSync(file, JSON.stringify(exit));
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.new`, path);
  } catch (error) {
    process.stdout.write(`${instant()} the exit of ${exit.runId} could not be written: ${String(error)}\n`);
  }
};
