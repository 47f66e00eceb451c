// Carries out the faults of a plan: each begins at its time and is healed after its length.
import { rmSync, writeSync, openSync, closeSync } from 'node:fs';
import type { Api } from './api.ts';
import { compact, defragment, type Recorder } from './etcd.ts';
import type { Affliction } from './history.ts';
import type { Network } from './network.ts';
import { fillFile, type Node, type Nodes } from './nodes.ts';
import { commandsOf, isAlive, kill } from './processes.ts';
import { createOrders, type Orders } from './orders.ts';
import type { Fault } from './plan.ts';
import type { ChaosJob } from './jobs.ts';
import { uptime, wait } from './time.ts';

export type FaultsDeps = {
  readonly nodes: Nodes;
  readonly network: Network;
  readonly recorder: Recorder;
  readonly api: Api;
  readonly jobs: readonly ChaosJob[];
  /** What cannot be done here, each kind with its reason. */
  readonly cannot: ReadonlyMap<string, string>;
  readonly say: (text: string) => void;
};

/** `undo` heals it. `skipped`: why it was not done. */
type Done = { readonly undo?: () => Promise<void> | void; readonly skipped?: string; readonly told?: string };

/** A worker flushes for up to 10 s before it ends, and the machine may be slow. */
const TERM_MS = 60_000;

export const createFaults = ({ nodes, network, recorder, api, jobs, cannot, say }: FaultsDeps) => {
  const afflictions: Affliction[] = [];
  const counts = new Map<string, number>();
  const skipped = new Map<string, number>();
  const incidents: string[] = [];
  /** Processes that are down on purpose. */
  const down = new Set<string>();
  const orders: Orders = createOrders({ api, jobs });

  const afflict = (worker: string, what: Affliction['what']): (() => void) => {
    const index = afflictions.push({ worker, what, from: uptime(), to: Infinity }) - 1;
    return () => void (afflictions[index] = { ...afflictions[index]!, to: uptime() });
  };
  const killed = async (node: Node): Promise<() => Promise<void>> => {
    down.add(node.name);
    await node.process.kill9();
    return async () => {
      await node.process.restart();
      down.delete(node.name);
    };
  };
  /** As an upgrade does it: SIGTERM, which leaves a worker's runs to its launcher and its next process, and started again. */
  const restarted = async (names: readonly string[]): Promise<string> => {
    for (const name of names) {
      const { process: each } = nodes.get(name);
      down.add(name);
      const end = afflict(name, 'workerGone');
      if (!(await each.terminate(TERM_MS))) incidents.push(`${name} did not end within ${String(TERM_MS)} ms of SIGTERM`);
      await each.restart();
      end();
      down.delete(name);
    }
    return `${String(names.length)} processes, one after the other`;
  };
  const frozen = (node: Node): (() => void) => {
    node.process.freeze();
    return () => node.process.thaw();
  };
  const killLaunchers = (worker: string): number => {
    const launchers = nodes.launchersOf(worker);
    for (const pid of launchers) {
      kill(pid, 'SIGKILL');
      afflict(worker, 'launcherKilled')(); // an instant: what is started later has another launcher
    }
    return launchers.length;
  };

  const act = async ({ kind, target, other, amount = 0 }: Fault): Promise<Done> => {
    switch (kind) {
      case 'killWorker': {
        const end = afflict(target, 'workerGone');
        const restart = await killed(nodes.get(target));
        return {
          undo: async () => {
            await restart();
            end();
          },
        };
      }
      case 'killLauncher': {
        const count = killLaunchers(target);
        return { told: `${String(count)} launcher(s)` };
      }
      case 'killHost': {
        const end = afflict(target, 'workerGone');
        const restart = await killed(nodes.get(target));
        killLaunchers(target);
        return {
          undo: async () => {
            await restart();
            end();
          },
        };
      }
      case 'killMaster':
      case 'killEtcd':
      case 'killMongo':
        return { undo: await killed(nodes.get(target)) };
      case 'restartWorkers':
        return { told: await restarted(nodes.names.workers) };
      case 'restartMasters':
        return { told: await restarted(nodes.names.masters) };
      case 'freezeWorker': {
        const end = afflict(target, 'workerGone');
        const thaw = frozen(nodes.get(target));
        return {
          undo: () => {
            thaw();
            end();
          },
        };
      }
      case 'freezeHost': {
        // The commands first: nobody is to be ended by a deadline while the rest is being stopped.
        const end = afflict(target, 'all');
        const launchers = nodes.launchersOf(target);
        const still = [...launchers.flatMap(commandsOf).map((group) => -group), ...launchers];
        for (const pid of still) kill(pid, 'SIGSTOP');
        const thaw = frozen(nodes.get(target));
        return {
          undo: () => {
            thaw();
            for (const pid of still.toReversed()) kill(pid, 'SIGCONT');
            end();
          },
          told: `${String(still.length)} processes`,
        };
      }
      case 'freezeMaster':
      case 'freezeEtcd':
      case 'freezeMongo':
        return { undo: frozen(nodes.get(target)) };
      case 'etcdAway': {
        const restarts = await Promise.all(nodes.names.etcds.map((name) => killed(nodes.get(name))));
        return {
          undo: async () => {
            await Promise.all(restarts.map((restart) => restart()));
          },
        };
      }
      case 'partition':
      case 'oneWay': {
        if (other === undefined || !network.canCut(target, other))
          return { skipped: `there is no link of its own from ${target} to ${other ?? ''}` };
        network.cut(target, other, kind === 'oneWay');
        return { undo: () => network.mend(target, other) };
      }
      case 'skew':
        nodes.setClock(target, amount);
        return { undo: () => nodes.setClock(target, 0) };
      case 'compact':
        await compact(nodes, recorder.revision());
        return { told: `at ${String(recorder.revision())}` };
      case 'defragment':
        await defragment(nodes, target);
        return {};
      case 'fullDisk': {
        const end = afflict(target, 'fullDisk');
        const path = fillFile(nodes.dataOf(target));
        fill(path);
        return {
          undo: () => {
            rmSync(path, { force: true });
            end();
          },
        };
      }
      case 'killRun':
      case 'runNow':
      case 'edit':
      case 'backfill':
        return { told: await orders[kind](target, amount) };
      default:
        return kind satisfies never;
    }
  };

  const titleOf = ({ kind, target, other, amount, forMs }: Fault): string =>
    [kind, target, other, kind === 'skew' ? `${String(amount)} s` : '', forMs > 0 ? `for ${(forMs / 1000).toFixed(1)} s` : '']
      .filter(Boolean)
      .join(' ');

  const carryOut = async (fault: Fault): Promise<void> => {
    const title = titleOf(fault);
    const count = (map: Map<string, number>): void => {
      map.set(fault.kind, (map.get(fault.kind) ?? 0) + 1);
    };
    const why = cannot.get(fault.kind);
    if (why !== undefined) {
      count(skipped);
      return;
    }
    let done: Done;
    try {
      done = await act(fault);
    } catch (error) {
      // An order that nobody takes while everything is on fire, a compaction without a leader.
      say(`${title}: not done: ${error instanceof Error ? error.message.slice(0, 160) : String(error)}`);
      {
        count(skipped);
        return;
      }
    }
    if (done.skipped !== undefined) {
      count(skipped);
      return;
    }
    count(counts);
    say(`${title}${done.told === undefined ? '' : `: ${done.told}`}`);
    if (!done.undo) return;
    await wait(fault.forMs);
    try {
      await done.undo();
      say(`  healed: ${fault.kind} ${[fault.target, fault.other].filter(Boolean).join(' ')}`);
    } catch (error) {
      incidents.push(`${title} could not be healed: ${String(error)}`);
    }
  };

  /** Processes that ended though nobody killed them: told, and started again as a supervisor would. */
  const supervise = async (): Promise<void> => {
    for (const { name, process: each } of nodes.all()) {
      if (down.has(name) || isAlive(each.pid())) continue;
      await wait(100); // perhaps it is just being killed
      if (down.has(name) || isAlive(each.pid())) continue;
      incidents.push(`${name} ended by itself`);
      say(`${name} ENDED BY ITSELF: started again`);
      await each.restart();
    }
  };

  return { carryOut, supervise, afflictions, counts, skipped, incidents, kills: orders.kills, killAll: orders.killAll };
};

/** Fills what is left of a disk. */
const fill = (path: string): void => {
  const file = openSync(path, 'w');
  try {
    for (const size of [1 << 20, 1 << 12, 1])
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
  } finally {
    closeSync(file);
  }
};
