// What lives on this machine, by /proc: launchers, commands, and whoever else works in a folder.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { wait } from './time.ts';

const pids = (): readonly string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** Launchers that live for a data folder. */
export const launchersOf = (data: string): readonly number[] =>
  pids()
    .filter((pid) => argumentsOf(pid).some((each) => each.endsWith('launcher/main.js')) && argumentsOf(pid).includes(data))
    .map(Number);

/** Processes that were started with a path in that folder, are in it, or have a file of it open. */
const usersOf = (folder: string): readonly number[] =>
  pids()
    .filter((pid) => Number(pid) !== process.pid)
    .filter(
      (pid) => argumentsOf(pid).some((each) => each.startsWith(folder)) || filesOf(pid).some((each) => each.startsWith(folder)),
    )
    .map(Number)
    .filter(isAlive);

const filesOf = (pid: string): readonly string[] =>
  ['cwd', ...listOf(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`)].map((link) => {
    try {
      return readlinkSync(`/proc/${pid}/${link}`);
    } catch {
      return ''; // gone meanwhile
    }
  });

const listOf = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Ends whatever still works in a folder, and resolves when nothing does (or says what stays after 10 s). */
export const endUsersOf = async (folder: string): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const users = usersOf(folder);
    if (users.length === 0) return;
    for (const pid of users) kill(pid, 'SIGKILL');
    await wait(100);
  }
  process.stderr.write(`chaos: these processes do not end: ${usersOf(folder).join(', ')}\n`);
};

const argumentsOf = (pid: string): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // gone meanwhile
  }
};

/** Groups of the commands whose parent is that launcher: each leads one of its own. */
export const commandsOf = (launcher: number): readonly number[] =>
  pids()
    .filter((pid) => {
      try {
        return new RegExp(`^PPid:\\s+${String(launcher)}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false; // gone meanwhile
      }
    })
    .map(Number);

export const isAlive = (pid: number): boolean => {
  try {
    return pid > 0 && !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
};

export const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    if (pid !== 0 && pid !== -1) process.kill(pid, signal);
  } catch {
    // gone already
  }
};
