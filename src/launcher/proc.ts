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

/** Whether anything of a process group lives. Zombies do not: where nobody reaps them they stay for ever. */
export const groupLives = (group: number): boolean => {
  try {
    process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const found = processOf(Number(name));
    return found?.group === group && found.state !== 'Z' && found.state !== 'X';
  });
};

/** Signals a whole group; one that is gone is no error. */
export const signalGroup = (group: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-group, signal);
  } catch {
    // gone already
  }
};
