import { afterAll, describe, expect, test } from 'vitest';
import { explore, type Explored } from './explore.ts';
import type { Broken, Scenario } from './world.ts';

/**
 * The claim protocol of design.md §5, explored exhaustively: workers with their launchers' deadlines, a leader and etcd, one job. The transactions and the
 * decisions are the real ones (`moves.ts`, `refusal.ts`, `gap.ts`, `duties.ts`, `decide.ts`); what joins them (steps.ts) names the code that it stands for.
 * In every state: P1 (a tick is claimed and started at most once), P2 (no two runs at one time, and none that lives on when it was declared lost; exceptions: a dead and a
 * frozen host), P3 (what the cursor passed has exactly one fate), and a way to "all decided, lock free" without a further fault.
 */

const NONE = { faults: {}, mostFaults: 0, asks: 1 } as const;
const ANY = { crash: true, deadHost: true, lostAnswer: true, lateRequest: true, newLeader: true } as const;

/** What can happen in any of them without counting as a fault: silences, slow messages, a presence that ends, late looks, a leader that looks at what is old. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'two workers, two ticks': { ...NONE, workers: 2, ticks: 2 },
  'three workers, a tick': { ...NONE, workers: 3, ticks: 1 },
  'two workers, a tick, any fault': { workers: 2, ticks: 1, faults: ANY, mostFaults: 1 },
  'a worker, a tick, any two faults': { workers: 1, ticks: 1, faults: ANY, mostFaults: 2 },
  'a worker, two ticks, a crash or a late request': {
    workers: 1,
    ticks: 2,
    faults: { crash: true, lateRequest: true },
    mostFaults: 1,
  },
  'a worker that asks twice at one time, a tick, any fault': {
    workers: 1,
    ticks: 1,
    faults: ANY,
    mostFaults: 1,
    twoAsks: true,
  },
  'two workers of which one is early, and a leader that removes old keys, a tick, a late request': {
    workers: 2,
    ticks: 1,
    asks: 1,
    skews: [1, 0],
    faults: { lateRequest: true },
    mostFaults: 1,
    removesEnded: true,
  },
  'a job put by hand, two workers, a tick, a new leader': {
    workers: 2,
    ticks: 1,
    asks: 1,
    faults: { newLeader: true },
    mostFaults: 1,
    byHand: true,
  },
  'two workers, a tick, a frozen host': { workers: 2, ticks: 1, asks: 1, faults: { frozenHost: true }, mostFaults: 1 },
};

const told = (violation: Explored['violation']): string =>
  violation
    ? [violation.what, ...violation.steps.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`)].join('\n')
    : '';

describe('the claim protocol keeps P1, P2 and P3, and gets stuck nowhere', () => {
  let total = 0;
  test.each(Object.entries(SCENARIOS))(
    '%s',
    (_name, scenario) => {
      const { states, violation } = explore(scenario);
      expect(violation, told(violation)).toBeUndefined();
      expect(states).toBeGreaterThan(1_000);
      total += states;
    },
    600_000,
  );
  afterAll(() => {
    console.log(`the model of the claim protocol has ${String(total)} states`);
  });
});

const ONE: Scenario = { ...NONE, workers: 2, ticks: 1 };
const TWO: Scenario = { ...NONE, workers: 2, ticks: 2 };
const ALONE: Scenario = { ...NONE, workers: 1, ticks: 2 };
const TWO_ASKS: Scenario = { ...NONE, workers: 1, ticks: 1, twoAsks: true };

describe('a rule that is left out is missed', () => {
  test.each<[Broken, RegExp, Scenario]>([
    ['noCursorCompare', /^P[13]: tick 1 (is claimed twice|has two fates)/, ONE],
    ['noPrevCompare', /^P3: the cursor passed tick 1, and nothing is told of it/, TWO],
    ['noLockCompare', /^P2: run w[AB].1.0 is live, and the lock is not its own/, TWO],
    ['noDeadline', /^P2: run wA.1.0 still lives, and was declared lost/, ONE],
    ['startsPastDeadline', /^P2: run wA.1.0 still lives, and was declared lost/, ONE],
    ['deadlineAtStart', /^P2: run wA.1.0 still lives, and was declared lost/, ONE],
    ['grantCounts', /^P2: run wA.1.0 still lives, and was declared lost/, ONE],
    ['leaderDoesNotWait', /^P2: run wA.1.0 still lives, and was declared lost/, ONE],
    ['leaderLooksNowAndThen', /^P2: run wA.1.0 still lives, and was declared lost/, ONE],
    [
      'frozenHostCounts',
      /^P2: run wA.1.0 still lives, and was declared lost/,
      { ...ONE, faults: { frozenHost: true }, mostFaults: 1 },
    ],
    ['dropsFate', /^P3: the cursor passed tick 1, and nothing is told of it/, ONE],
    ['notBegunOnce', /^P1: the command of tick 1 is started twice/, TWO_ASKS],
    ['forgetsBegun', /^P1: the command of tick 1 is started twice/, TWO_ASKS],
    [
      'noVoid',
      /^P2: run wA.1.0 still lives, and was declared lost/,
      { ...ONE, workers: 1, faults: { crash: true }, mostFaults: 1 },
    ],
    ['finishComparesNothing', /^P2: run wA.2.0 is live, and the lock is not its own/, ALONE],
  ])(
    '%s',
    (broken, what, scenario) => {
      const { violation } = explore({ ...scenario, broken });
      expect(violation?.what).toMatch(what);
      // The shortest way there, every step in words.
      expect(violation?.steps.length).toBeGreaterThan(2);
      expect(violation?.steps).not.toContain('');
    },
    600_000,
  );
});
