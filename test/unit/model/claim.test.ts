import { describe, expect, test } from 'vitest';
import { explore } from './explore.ts';
import type { Broken, Scenario } from './world.ts';

/**
 * The claim protocol of design.md §5, explored exhaustively: workers with their launchers' deadlines, a leader and etcd, one job. The transactions and the
 * decisions are the real ones (`moves.ts`, `refusal.ts`, `gap.ts`, `duties.ts`, `decide.ts`); what joins them (steps.ts) names the code that it stands for.
 * In every state: P1 (claimed and started at most once), P2 (no two runs at once, save on a host that was frozen), P3 (what the cursor passed has exactly one fate), and
 * a way to "all decided, lock free" without a further fault.
 */

const ALL = { crash: true, deadHost: true, lostAnswer: true, lateRequest: true, newLeader: true } as const;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'two workers and two ticks, with silences, slow messages and late looks': { workers: 2, ticks: 2, faults: {}, mostFaults: 0 },
  'two workers and a tick, with a crash, a dead host, a lost answer, a late request or a new leader': {
    workers: 2,
    ticks: 1,
    faults: ALL,
    mostFaults: 1,
  },
};

describe('the claim protocol holds P1, P2 and P3 and gets stuck nowhere', () => {
  let total = 0;
  test.each(Object.entries(SCENARIOS))(
    '%s',
    (name, scenario) => {
      const { states, violation } = explore(scenario);
      expect(violation, told(violation)).toBeUndefined();
      total += states;
      console.log(`model: ${name}: ${String(states)} states (${String(total)} so far)`);
      expect(states).toBeGreaterThan(1_000);
    },
    300_000,
  );
});

const TWO: Scenario = { workers: 2, ticks: 2, faults: {}, mostFaults: 0 };
const ONE: Scenario = { workers: 2, ticks: 1, faults: {}, mostFaults: 0 };
const TWO_ASKS: Scenario = { workers: 1, ticks: 1, faults: {}, mostFaults: 0, twoAsks: true };

describe('a rule left out is caught', () => {
  test.each<[Broken, RegExp, Scenario]>([
    ['noCursorCompare', /^P[13]: tick 1 (is claimed twice|has two fates)/, ONE],
    ['noPrevCompare', /^P3: the cursor passed tick 1, and nothing is told/, TWO],
    ['noLockCompare', /^P2: /, TWO],
    ['noDeadline', /^P2: /, TWO],
    ['startsPastDeadline', /^P2: a command is started though its run has ended/, ONE],
    ['deadlineAtStart', /^P2: a command is started though its run has ended/, ONE],
    ['leaderDoesNotWait', /^P2: /, TWO],
    ['leaderLooksNowAndThen', /^P2: /, ONE],
    ['grantCounts', /^P2: /, TWO],
    ['dropsFate', /^P3: the cursor passed tick 1, and nothing is told/, ONE],
    ['notBegunOnce', /^P1: the command of tick 1 is started twice/, TWO_ASKS],
    ['forgetsBegun', /^P1: the command of tick 1 is started twice/, TWO_ASKS],
    [
      'noVoid',
      /^P2: a command is started though its run has ended/,
      { ...ONE, workers: 1, faults: { crash: true }, mostFaults: 1 },
    ],
    ['finishComparesNothing', /^P2: run .* is live, and the lock is not its own/, TWO],
  ])(
    '%s',
    (broken, what, scenario) => {
      const { violation } = explore({ ...scenario, broken });
      expect(violation?.what).toMatch(what);
      expect(violation?.steps.length, told(violation)).toBeGreaterThan(2);
      expect(violation?.steps.every((step) => step !== '')).toBe(true);
    },
    300_000,
  );
});

const told = (violation: ReturnType<typeof explore>['violation']): string =>
  violation
    ? `${violation.what}\n${violation.steps.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`).join('\n')}`
    : '';
