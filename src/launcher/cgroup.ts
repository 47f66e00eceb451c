import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cpu } from './usage.ts';

/** The cgroup of one run: whoever was in it when it forked has its children there too, whatever session, group and environment they take. */
export type RunGroup = {
  /** Takes processes in, in its own time: the kernel needs some milliseconds for each. */
  readonly add: (pids: readonly number[]) => void;
  readonly pids: () => readonly number[];
  /** What all that was ever in it has used while it was; undefined where the kernel does not say. */
  readonly cpu: () => Cpu | undefined;
  /** Ends all that is in it at once, also what is just being forked. */
  readonly kill: () => void;
  /** The run is over. What it left behind lives on in the group, which goes with the next `sweep` that finds it empty. */
  readonly close: () => void;
};
export type RunGroups = { readonly open: (name: string) => RunGroup | undefined; readonly sweep: () => void };

const PREFIX = 'cronstream-run-';

/** Groups of runs below the launcher's own one, where the kernel has cgroup v2 and this user may make them (root, or a unit with `Delegate=yes`). Undefined elsewhere: then
 *  processes are found by session, group, parents and environment alone. */
export const createRunGroups = (): RunGroups | undefined => {
  const base = groupOf(process.pid);
  if (base === undefined) return undefined;
  /** Those that were not empty when their run was over. */
  const sweep = (): void => {
    for (const name of namesIn(base)) if (name.startsWith(PREFIX)) quietly(() => rmdirSync(join(base, name))); // the kernel removes none that has a process
  };
  const isUsable = quietly(() => {
    const probe = join(base, `${PREFIX}probe-${String(process.pid)}`);
    mkdirSync(probe);
    const { length } = namesIn(probe).filter((name) => name === 'cgroup.kill' || name === 'cgroup.procs');
    rmdirSync(probe);
    return length === 2;
  });
  if (isUsable !== true) return undefined;
  sweep();
  return {
    sweep,
    open: (name) => {
      const dir = join(base, PREFIX + name);
      const isMade = quietly(() => (mkdirSync(dir), true));
      if (isMade !== true) return undefined;
      return {
        add: (pids) => {
          for (const pid of pids) writeFile(join(dir, 'cgroup.procs'), String(pid)).catch(() => undefined); // it has ended
        },
        pids: () =>
          (quietly(() => readFileSync(join(dir, 'cgroup.procs'), 'latin1')) ?? '')
            .split('\n')
            .flatMap((line) => Number(line) || []),
        cpu: () => cpuIn(quietly(() => readFileSync(join(dir, 'cpu.stat'), 'latin1')) ?? ''),
        kill: () => quietly(() => writeFileSync(join(dir, 'cgroup.kill'), '1')),
        close: () => quietly(() => rmdirSync(dir)),
      };
    },
  };
};

/** Of the text of a `cpu.stat`. */
export const cpuIn = (stat: string): Cpu | undefined => {
  const ms = (name: string): number => Number(new RegExp(`^${name}_usec (\\d+)$`, 'm').exec(stat)?.[1]) / 1_000;
  const [user, system] = [ms('user'), ms('system')];
  return Number.isNaN(user + system) ? undefined : { user, system };
};

/** The folder of the cgroup that a process is in; undefined where there is no cgroup v2, or no such process. */
export const groupOf = (pid: number): string | undefined => {
  const mounts = quietly(() => readFileSync('/proc/self/mountinfo', 'utf8')) ?? '';
  const mount = mounts
    .split('\n')
    .find((line) => line.includes(' - cgroup2 '))
    ?.split(' ')[4];
  const own = /^0::(\/.*)$/m.exec(quietly(() => readFileSync(`/proc/${String(pid)}/cgroup`, 'utf8')) ?? '')?.[1];
  return mount === undefined || own === undefined ? undefined : join(mount, own);
};

const namesIn = (dir: string): readonly string[] => quietly(() => readdirSync(dir)) ?? [];

const quietly = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch {
    return undefined;
  }
};
