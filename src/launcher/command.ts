import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, fchownSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { becoming } from './become.ts';
import { uptimeMs } from './clock.ts';
import { FILES, type StartOrder } from './protocol.ts';

/** Longest command that goes into an argument: Linux refuses one of 128 kB. */
const ARGUMENT_BYTES = 120_000;

/** Starts the command of an order: a session and process group of its own, stdout and stderr one file, stdin a file or nothing, no other descriptor, and the
 *  environment of the order alone. Throws with words for a person where nothing could be started; where the system says so only afterwards, `pid` is undefined and
 *  `startFailure` has the words. */
export const spawnCommand = (order: StartOrder): ChildProcess => {
  checkOrder(order);
  const { dir, command, shell, stdin, env, as } = order;
  const cwd = as ? order.cwd : folderOf(order);
  const opened: number[] = [];
  let pidPath: string | undefined;
  const open = (path: string, flags: string): number => {
    const fd = openSync(path, flags, 0o600);
    opened.push(fd);
    // Whoever opens /dev/stdin or /dev/stderr anew needs the right to.
    if (as && path.startsWith(dir)) fchownSync(fd, as.uid, as.gid);
    return fd;
  };
  try {
    pidPath = takePid(dir);
    const isLong = Buffer.byteLength(command) > ARGUMENT_BYTES;
    const script = isLong ? written(join(dir, FILES.command), command) : undefined;
    const input = open(stdin === undefined ? '/dev/null' : written(join(dir, FILES.stdin), stdin), 'r');
    // One open file for both: what is appended through either stands in the order in which it was written.
    const out = open(join(dir, FILES.out), 'a');
    // Another user cannot enter the spool: it gets a long command as an open file.
    const args = script === undefined ? ['-c', command] : [as ? '/proc/self/fd/3' : script];
    const [file, all, environment] = as
      ? becoming(as, { cwd, env, command: [shell, ...args] })
      : ([shell, args, { ...env }] as const);
    const stdio = [input, out, out, ...(script !== undefined && as ? [open(script, 'r')] : [])];
    const child = spawn(file, all, { cwd: as ? '/' : cwd, env: environment, detached: true, stdio });
    if (child.pid === undefined) rmSync(pidPath, { force: true }); // nothing was started
    return child;
  } catch (error) {
    if (pidPath !== undefined) rmSync(pidPath, { force: true });
    throw new Error(wordsFor(error, shell), { cause: error });
  } finally {
    opened.forEach((fd) => {
      closeSync(fd);
    });
  }
};

/** Why a process that got no pid was not started. */
export const startFailure = (child: ChildProcess, shell: string): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(wordsFor(error, shell));
    });
  });

const checkOrder = ({ runId, attempt, dir, command, shell, env, killGraceMs, timeoutMs, until, as }: StartOrder): void => {
  const texts: readonly unknown[] = [runId, dir, command, shell, ...Object.values(env)];
  const numbers: readonly unknown[] = [attempt, killGraceMs, timeoutMs ?? 0, until ?? 0];
  if (!texts.every((text) => typeof text === 'string') || !numbers.every((each) => Number.isFinite(each)))
    throw new Error('the order is not one that this launcher understands');
  if (as && !(Number.isInteger(as.uid) && Number.isInteger(as.gid) && as.uid >= 0 && as.gid >= 0 && as.setpriv.startsWith('/')))
    throw new Error('the order is not one that this launcher understands');
  if (until !== undefined && uptimeMs() >= until) throw new Error('its deadline had passed before it could start');
  if (`${command}${shell}`.includes('\0')) throw new Error('the command contains the character NUL');
  for (const [name, value] of Object.entries(env))
    if (`${name}${value}`.includes('\0')) throw new Error(`the environment variable ${name} contains the character NUL`);
  checkShell(shell);
};

/** A run and attempt is begun once, whoever asks again and whatever was forgotten since: the file is made before the start, by whoever is first. A worker that tells a
 *  run as never started makes it too, so that an order that is read after that starts nothing. */
const takePid = (dir: string): string => {
  const path = join(dir, FILES.pid);
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Error('it was begun before', { cause: error });
    throw error;
  }
  return path;
};

/** The system answers "not found" for a folder, a shell and an interpreter alike: so each is looked at by itself. */
const checkShell = (shell: string): void => {
  if (!shell.startsWith('/')) return;
  if (!statSync(shell, { throwIfNoEntry: false })?.isFile()) throw new Error(`the shell ${shell} is not there`);
  try {
    accessSync(shell, constants.X_OK);
  } catch {
    throw new Error(`the shell ${shell} cannot be executed by this user`);
  }
};

const folderOf = ({ cwd, env }: StartOrder): string => {
  if (cwd === undefined) {
    const home = env['HOME'] ?? '/';
    return isFolder(home) ? home : '/';
  }
  if (cwd.includes('\0')) throw new Error('cwd contains the character NUL');
  if (!existsSync(cwd)) throw new Error(`the folder ${cwd} (cwd) is not there`);
  if (!isFolder(cwd)) throw new Error(`${cwd} (cwd) is not a folder that this user can enter`);
  return cwd;
};

const isFolder = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const written = (path: string, text: string): string => {
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

const WORDS: Readonly<Record<string, string>> = {
  E2BIG: 'the environment of the command is longer than the system takes',
  EAGAIN: 'the system allows no further process',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'the machine has no memory left for a further process',
  ENOSPC: 'the disk of the spool folder is full',
  EDQUOT: 'the disk quota of the spool folder is used up',
  EROFS: 'the spool folder is on a disk that is read-only',
};

const wordsFor = (error: unknown, shell: string): string => {
  const { code = '', syscall = '', message } = error as NodeJS.ErrnoException;
  if (code === '') return message;
  if (syscall.startsWith('spawn') && (code === 'ENOENT' || code === 'EACCES'))
    return shell.startsWith('/')
      ? `the shell ${shell} cannot be started: it, or the interpreter that it names, is not there or not executable (${code})`
      : `the shell ${shell} is not in the PATH of the run`;
  const words = WORDS[code];
  return words === undefined ? `it could not be started: ${message}` : `${words} (${code}, ${message})`;
};
