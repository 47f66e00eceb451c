import { describe, expect, test } from 'vitest';
import { FAULT_KINDS, planOf, type Fault } from '../../chaos/plan.ts';

const shape = { etcds: 3, masters: 2, workers: 4 };
const plan = (seed: number): readonly Fault[] => planOf({ seed, durationMs: 1_800_000, shape, lostMs: 24_000 });

test('the seed fixes the plan, and another one another', () => {
  expect(plan(7)).toStrictEqual(plan(7));
  expect(plan(7)).not.toStrictEqual(plan(8));
});

test('every kind of fault comes in half an hour, and all is healed at the end', () => {
  for (const seed of [1, 2, 3]) {
    const faults = plan(seed);
    expect(new Set(faults.map(({ kind }) => kind))).toStrictEqual(new Set(FAULT_KINDS));
    expect(faults.every(({ at, forMs }) => at >= 0 && at + forMs <= 1_800_000)).toBe(true);
  }
});

describe.each([1, 2, 3])('of seed %s', (seed) => {
  test('never two faults of one process at once, and never two members of etcd away but all', () => {
    const onEtcd = (fault: Fault): boolean => fault.kind !== 'compact' && fault.target.startsWith('etcd');
    const faults = plan(seed).filter(({ forMs }) => forMs > 0);
    const meets = (a: Fault, b: Fault): boolean => a !== b && a.at < b.at + b.forMs && b.at < a.at + a.forMs;
    const members = faults.filter(onEtcd);
    expect(members.filter((fault) => members.some((other) => meets(fault, other)))).toStrictEqual([]);
    const processes = faults.filter(({ kind }) => /^(kill|freeze|restart)/.test(kind));
    /** `workers` are all of them. */
    const isSame = (a: string, b: string): boolean => a === b || a.replace(/\d+$/, 's') === b || b.replace(/\d+$/, 's') === a;
    expect(
      processes.filter((fault) => processes.some((other) => isSame(other.target, fault.target) && meets(fault, other))),
    ).toStrictEqual([]);
  });
});
