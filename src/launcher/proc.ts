import { readdirSync, readFileSync } from 'node:fs';
import type { RunGroup } from './cgroup.ts';

/** One process as /proc tells it. CPU times in clock ticks (10 ms), those of children that it waited for included. */
export type Proc = {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Field 22 of /proc/<pid>/stat: with it the pid names one process for ever. */
  readonly startTime: string;
  readonly userTicks: number;
  readonly systemTicks: number;
};

/** A run, as its processes are found. */
export type Root = {
  readonly pid: number;
  readonly startTime: string;
  readonly runId: string;
  /** Those of its processes that were seen outside its session, pid and start time. */
  readonly strays: Map<number, string>;
  /** Where there are cgroups, from the first look on. */
  group?: RunGroup | undefined;
};

/** One reading of /proc, made when it is first asked for: for looking at many runs at one time. Zombies are not in it: where nobody reaps them they stay for ever. */
export type Table = ReturnType<typeof processTable>;

export const processTable = () => {
  let read: Index | undefined;
  let marked: ReadonlyMap<string, readonly Proc[]> | undefined;
  const index = (): Index => (read ??= readIndex());

  /** Session, group and descendants of a command, and those of them that were seen before and have left both since. */
  const family = ({ pid, startTime: since, strays }: Root, more: readonly Proc[] = []): readonly Proc[] => {
    const { byPid, byParent, bySession, byGroup } = index();
    const found = new Map<number, Proc>();
    const known = [...strays].flatMap(([stray, startTime]) => {
      const each = byPid.get(stray);
      return each?.startTime === startTime ? [each] : [];
    });
    const waiting = [...known, ...more];
    // A number that is somebody else's by now: then nothing of the session is left.
    const leader = byPid.get(pid);
    if (!leader || since === '' || leader.startTime === since)
      waiting.push(...(bySession.get(pid) ?? []), ...(byGroup.get(pid) ?? []));
    for (let each = waiting.pop(); each; each = waiting.pop()) {
      if (found.has(each.pid)) continue;
      found.set(each.pid, each);
      waiting.push(...(byParent.get(each.pid) ?? []));
    }
    for (const each of found.values()) if (each.session !== pid) strays.set(each.pid, each.startTime);
    return [...found.values()];
  };

  return {
    family,
    group: (group: number): readonly Proc[] => index().byGroup.get(group) ?? [],
    /** And whoever is in the group of the run, or carries its id in the environment (of the processes of this user; root sees all): a daemon with a session of its own. Reads
     *  every environment, so only for what is being ended. */
    everybody: (root: Root): readonly Proc[] => {
      marked ??= byMark(index());
      const { byPid } = index();
      const grouped = (root.group?.pids() ?? []).flatMap((pid) => byPid.get(pid) ?? []);
      return family(root, [...(marked.get(root.runId) ?? []), ...grouped]);
    },
  };
};

type Index = {
  readonly byPid: ReadonlyMap<number, Proc>;
  readonly byParent: ReadonlyMap<number, readonly Proc[]>;
  readonly bySession: ReadonlyMap<number, readonly Proc[]>;
  readonly byGroup: ReadonlyMap<number, readonly Proc[]>;
};

const readIndex = (): Index => {
  const byPid = new Map<number, Proc>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const found = processOf(Number(name));
    if (found && found.state !== 'Z' && found.state !== 'X') byPid.set(found.pid, found);
  }
  const by = (key: 'parent' | 'session' | 'group'): ReadonlyMap<number, readonly Proc[]> => {
    const groups = new Map<number, Proc[]>();
    for (const each of byPid.values()) {
      const group = groups.get(each[key]);
      if (group) group.push(each);
      else groups.set(each[key], [each]);
    }
    return groups;
  };
  return { byPid, byParent: by('parent'), bySession: by('session'), byGroup: by('group') };
};

/** Undefined when it is gone. */
export const processOf = (pid: number): Proc | undefined => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // The second field is the name in brackets and may hold anything; the rest follows its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 20);
    const ticks = (at: number): number => Number(fields[at]);
    return {
      pid: Number.parseInt(stat, 10),
      state: fields[0] ?? '',
      parent: ticks(1),
      group: ticks(2),
      session: ticks(3),
      startTime: fields[19] ?? '',
      userTicks: ticks(11) + ticks(13),
      systemTicks: ticks(12) + ticks(14),
    };
  } catch {
    return undefined;
  }
};

const MARK = '\0CRON_RUN_ID=';

const byMark = ({ byPid }: Index): ReadonlyMap<string, readonly Proc[]> => {
  const own = byPid.get(process.pid)?.session;
  const found = new Map<string, Proc[]>();
  for (const each of byPid.values()) {
    // Nothing of the launcher's own session, the worker that started it, or the first process is anybody's run.
    if (each.session === own || each.pid === process.ppid || each.pid === 1) continue;
    const runId = markOf(each.pid);
    if (runId === undefined) continue;
    const same = found.get(runId);
    if (same) same.push(each);
    else found.set(runId, [each]);
  }
  return found;
};

const markOf = (pid: number): string | undefined => {
  try {
    const environment = `\0${readFileSync(`/proc/${String(pid)}/environ`, 'latin1')}`;
    const at = environment.lastIndexOf(MARK);
    return at < 0 ? undefined : environment.slice(at + MARK.length).split('\0', 1)[0];
  } catch {
    return undefined; // gone, or somebody else's
  }
};

/** Signals a process; one that is gone, or somebody else's, is no error. */
const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // gone already, or not ours to end
  }
};

/** Signals a whole group; one that is gone is no error. */
export const signalGroup = (group: number, name: NodeJS.Signals): void => {
  signal(-group, name);
};

/** Signals all of them. Whole groups first where they are the run's own: whoever is just being forked gets it too. */
export const signalAll = (
  { pid, group }: Pick<Root, 'pid' | 'group'>,
  everybody: readonly Proc[],
  name: NodeJS.Signals,
): void => {
  if (name === 'SIGKILL') group?.kill();
  if (everybody.some((each) => each.group === pid)) signalGroup(pid, name);
  for (const each of everybody) if (each.group !== pid) signal(each.pid, name);
};

/** Whether anything of a process group lives. */
export const groupLives = (group: number): boolean => processTable().group(group).length > 0;
