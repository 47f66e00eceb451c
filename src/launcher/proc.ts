import { readdirSync, readFileSync } from 'node:fs';

/** State, group and start time of a process; with its start time a pid names one process for ever. Undefined when it is gone. */
export const processOf = (
  pid: number,
): { readonly state: string; readonly group: number; readonly startTime: string } | undefined => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything; the rest follows its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', group: Number(fields[2]), startTime: fields[19] ?? '' };
  } catch {
    return undefined;
  }
};

/** Answers of any group whether it lives, from at most one reading of /proc: for looking at many at one time. Zombies do not live: where nobody reaps them they
 *  stay for ever. */
export const groupsAlive = (): ((group: number) => boolean) => {
  let living: ReadonlySet<number> | undefined;
  const read = (): ReadonlySet<number> => {
    const groups = new Set<number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const found = processOf(Number(name));
      if (found && found.state !== 'Z' && found.state !== 'X') groups.add(found.group);
    }
    return groups;
  };
  return (group) => {
    try {
      process.kill(-group, 0);
    } catch (error) {
      // EPERM: somebody else's, and alive
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
    living ??= read();
    return living.has(group);
  };
};

/** Whether anything of a process group lives. */
export const groupLives = (group: number): boolean => groupsAlive()(group);

/** Signals a whole group; one that is gone is no error. */
export const signalGroup = (group: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-group, signal);
  } catch {
    // gone already
  }
};
