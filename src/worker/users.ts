import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { becomes } from '../launcher/protocol.ts';

/** As whom a command runs. `switch` is absent for the worker's own user. */
export type User = {
  readonly name: string;
  readonly home: string;
  readonly switch?: { readonly setpriv: string; readonly uid: number; readonly gid: number };
};

/** Of this worker: its own user, and those whom its configuration allows and that it can become. */
export type Users = { readonly own: User; readonly all: ReadonlyMap<string, User> };

const run = promisify(execFile);
const LONGEST_MS = 10_000;
/** `setpriv` of util-linux: the one program that takes on user, group and all further groups of a user and then is the command, without a process between. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/sbin/setpriv', '/sbin/setpriv'];

export const ownUser = (): User => {
  try {
    return { name: userInfo().username, home: homedir() };
  } catch {
    return { name: String(process.getuid?.() ?? ''), home: homedir() };
  }
};

/** Finds out at the start of a worker as which users it can run commands. One that it cannot become is told and left out: then no job that asks for it matches this worker. */
export const usersOf = async (allowed: readonly string[], log: Logger): Promise<Users> => {
  const own = ownUser();
  const all = new Map([[own.name, own]]);
  for (const name of new Set(allowed)) {
    if (name === own.name) continue;
    try {
      all.set(name, await userNamed(name));
    } catch (error) {
      log.error({ user: name, err: error }, 'this worker cannot run commands as a user that its configuration allows');
    }
  }
  return { own, all };
};

/** Rejects with words for a person where this process cannot become that user: tried out, not reckoned. */
const userNamed = async (name: string): Promise<User> => {
  if (process.getuid?.() !== 0) throw new Error('only a worker that runs as root can run commands as others');
  const setpriv = SETPRIV.find(isExecutable);
  if (setpriv === undefined) throw new Error('the program setpriv (of util-linux) is not there');
  const { uid, gid, home } = await accountOf(name);
  try {
    await run(setpriv, [...becomes({ uid, gid }), '/bin/sh', '-c', 'exit 0'], { timeout: LONGEST_MS, env: {}, cwd: '/' });
  } catch (error) {
    throw new Error(`${setpriv} cannot do it here: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return { name, home, switch: { setpriv, uid, gid } };
};

/** By whatever the machine knows its users from. */
const accountOf = async (name: string): Promise<{ readonly uid: number; readonly gid: number; readonly home: string }> => {
  const { stdout } = await run('getent', ['passwd', '--', name], { timeout: LONGEST_MS }).catch((error: unknown) => {
    throw new Error(`this machine knows no user ${name}`, { cause: error });
  });
  const [found, , uid, gid, , home = '/'] = stdout.split('\n', 1)[0]?.split(':') ?? [];
  // A number is looked up as one, and is no name.
  if (found !== name || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? ''))
    throw new Error(`this machine knows no user ${name}`);
  return { uid: Number(uid), gid: Number(gid), home };
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
