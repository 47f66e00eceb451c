import type { Fault } from './plan.ts';

/** Rules of the product that a chaos run leaves out of its own build, to show that the checker sees it. Nothing of this is in the shipped program: the sources are changed while they are bundled.
 *  `faults`: those under which the rule is needed, for a small cluster. */
type Break = {
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
  readonly faults: readonly Fault[];
};

const second = 1_000;
/** Longer than a lease lives, so that the others rank anew; longer than what makes a run lost. One after the other, since the run in question may be on either. */
const killed = (target: string, at: number): Fault => ({ kind: 'killWorker', target, at: at * second, forMs: 20 * second });
const frozen = (target: string, at: number): Fault => ({ kind: 'freezeWorker', target, at: at * second, forMs: 45 * second });

export const BREAKS = {
  /** P1: a claim does not look at the cursor. */
  cursor: {
    file: 'src/domain/moves.ts',
    from: /(export const claimTick[^;]*?if: \[\n)\s*\.\.\.cursorCompares\([^\n]*\n/,
    to: '$1',
    faults: [killed('worker1', 5), killed('worker2', 27)],
  },
  /** P2: the launcher ends nothing by itself. */
  deadline: {
    file: 'src/launcher/child.ts',
    from: /if \(now >= until - killGraceMs\) end\('leaseLost'\);/,
    to: '',
    faults: [frozen('worker1', 8), frozen('worker2', 58)],
  },
  /** P2: the leader frees a lock as soon as the presence of a worker is gone. */
  lock: {
    file: 'src/master/duties.ts',
    from: /monotonic - since < live\.lostAfterMs/,
    to: 'monotonic - since < 0',
    faults: [frozen('worker1', 8), frozen('worker2', 58)],
  },
  /** P3: a tick that is skipped is not told. */
  fate: {
    file: 'src/domain/moves.ts',
    from: /(export const skipTick[^;]*?fate: 'skipped'[^\n]*\n)\s*outboxPut\(keys, event\),\n/,
    to: '$1',
    faults: [],
  },
} as const satisfies Record<string, Break>;
export type BreakName = keyof typeof BREAKS;
export const isBreak = (name: string): name is BreakName => name in BREAKS;

/** How long a run must be under fire to need the rule (minutes). */
export const minutesOf = (name: BreakName): number =>
  Math.max(15 * second, ...BREAKS[name].faults.map(({ at, forMs }) => at + forMs)) / (60 * second);
