// Which processes live (Linux, by /proc), so that a script can see that nothing it started is left.
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** @typedef {{ pid: number, parent: number, startedAt: string, command: string }} Process `startedAt` tells a pid from its reuse */

/** Every live process; zombies have ended. */
function processes() {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || state === 'X') return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), parent: Number(parent), startedAt: rest[17] ?? '', command }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/**
 * Every live process that descends from `pid`.
 * @returns {Process[]}
 */
export function descendantsOf(/** @type {number} */ pid) {
  const all = processes();
  /** @type {(parent: number) => Process[]} */
  const under = (parent) => all.filter((one) => one.parent === parent).flatMap((one) => [one, ...under(one.pid)]);
  return under(pid);
}

/** Those of `known` that live still, and whoever has `mark` in its environment or command line. */
export function stillAlive(/** @type {readonly Process[]} */ known, /** @type {string} */ mark) {
  return processes().filter(
    (one) =>
      one.pid !== process.pid &&
      (known.some((old) => old.pid === one.pid && old.startedAt === one.startedAt) || bears(one, mark)),
  );
}

function bears(/** @type {Process} */ one, /** @type {string} */ mark) {
  if (one.command.includes(mark)) return true;
  try {
    return readFileSync(`/proc/${one.pid}/environ`, 'utf8').includes(mark);
  } catch {
    return false;
  }
}
