import { readFileSync } from 'node:fs';
import type { Usage } from './protocol.ts';
import type { Proc } from './proc.ts';

/** Of CPU, in ms. */
export type Cpu = { readonly user: number; readonly system: number };

/** One tick of /proc is 10 ms on every Linux that Node runs on (USER_HZ). */
const TICK_MS = 10;

/** What was seen of the processes of one run while they lived. */
export type Seen = {
  /** The processes of the run as they are now. */
  readonly look: (family: readonly Proc[]) => void;
  /** From now on its processes are in a group that counts what they use, also what nobody waits for and nobody looks at. What it had used before counts as it was seen. */
  readonly joins: (group: () => Cpu | undefined) => void;
  /** CPU that was seen: at least so much was used. */
  readonly cpu: () => Cpu;
  /** Undefined where the run was over before the first look. */
  readonly peakBytes: () => number | undefined;
};

export const createSeen = (): Seen => {
  let cpu: Cpu = { user: 0, system: 0 };
  let peak = 0;
  let before = cpu;
  let counted: () => Cpu | undefined = () => undefined;
  return {
    joins: (group) => {
      before = cpu;
      counted = group;
    },
    look: (family) => {
      let [user, system, together] = [0, 0, 0];
      for (const each of family) {
        user += each.userTicks * TICK_MS;
        system += each.systemTicks * TICK_MS;
        const { now, most } = memoryOf(each.pid);
        together += now;
        peak = Math.max(peak, most);
      }
      peak = Math.max(peak, together);
      cpu = { user: Math.max(cpu.user, user), system: Math.max(cpu.system, system) };
    },
    cpu: () => {
      const inGroup = counted() ?? { user: 0, system: 0 };
      return {
        user: Math.max(cpu.user, before.user + inGroup.user),
        system: Math.max(cpu.system, before.system + inGroup.system),
      };
    },
    peakBytes: () => (peak > 0 ? peak : undefined),
  };
};

/** Resident memory of a process in bytes, now and at its most. */
const memoryOf = (pid: number): { readonly now: number; readonly most: number } => {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
    const kb = (name: string): number => {
      const at = status.indexOf(name);
      return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length), 10) * 1024;
    };
    return { now: kb('VmRSS:'), most: kb('VmHWM:') };
  } catch {
    return { now: 0, most: 0 };
  }
};

type Ended = { readonly seen: Seen; readonly tell: (usage: Usage) => void };

/** What ended commands have used. The system keeps one account of all children that a process has waited for, with whatever those had waited for in turn: what
 *  is added when one of them is reaped is its CPU, to a tick. Those reaped in one turn of the loop share what was added; then it is said so. */
export const createAccount = (read: () => Cpu = waitedFor) => {
  let before = read();
  let batch: Ended[] = [];

  const settle = (): void => {
    const now = read();
    const ended = batch;
    batch = [];
    const shared = ended.length > 1;
    const least = ended.map(({ seen }) => seen.cpu());
    const rest = (of: keyof Cpu): number =>
      Math.max(0, now[of] - before[of] - least.reduce((sum, each) => sum + each[of], 0)) / ended.length;
    const [user, system] = [rest('user'), rest('system')];
    before = now;
    ended.forEach(({ seen, tell }, index) => {
      const { user: seenUser = 0, system: seenSystem = 0 } = least[index] ?? {};
      const peakMemoryBytes = seen.peakBytes();
      tell({
        cpuUserMs: Math.round(seenUser + user),
        cpuSystemMs: Math.round(seenSystem + system),
        ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
        ...(shared && { shared }),
      });
    });
  };

  return {
    /** To be called from the very event that tells the exit. `tell` is called before the next turn of the loop. */
    ended: (seen: Seen, tell: Ended['tell']): void => {
      if (batch.length === 0) setImmediate(settle);
      batch.push({ seen, tell });
    },
  };
};

/** The launcher's account of its children. */
const waitedFor = (): Cpu => {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 15);
  return { user: Number(fields[13]) * TICK_MS, system: Number(fields[14]) * TICK_MS };
};
export type Account = ReturnType<typeof createAccount>;
