import { afterAll, describe, expect, test } from 'vitest';
import { exploreQueue, type QueueBroken, type QueueExplored, type QueueScenario } from './queue.ts';

/** Queued runs, explored exhaustively (queue.ts): taken once, ended once, killed for sure, tried again as asked for, and nothing stuck. */
const ANY = ['crash', 'deadHost', 'lostAnswer'] as const;
const SCENARIOS: Readonly<Record<string, QueueScenario>> = {
  'two runs wait, any fault': { runs: ['a', 'b'], faults: ANY },
  'two runs wait, are tried again and killed': { runs: ['a', 'b'], retry: true, person: ['kill'] },
  'a run, any two faults, and it expires': { runs: ['a'], expires: true, faults: ANY, mostFaults: 2 },
  'a run that a person kills, any two faults': { runs: ['a'], person: ['kill'], faults: ANY, mostFaults: 2 },
  'a run that is tried again, and that a person kills, any fault': { runs: ['a'], retry: true, person: ['kill'], faults: ANY },
  'a run that is tried again and expires, any two faults': {
    runs: ['a'],
    retry: true,
    expires: true,
    faults: ANY,
    mostFaults: 2,
  },
  'a tick that waits while its job is edited, deleted and killed, any fault': {
    runs: ['b'],
    person: ['edit', 'delete', 'kill'],
    faults: ANY,
  },
  'two runs wait while their job is edited': { runs: ['a', 'b'], person: ['edit'] },
  'a run that is tried again while its job is deleted, any fault': { runs: ['a'], retry: true, person: ['delete'], faults: ANY },
  'a kill key that somebody put by hand': { runs: ['a'], retry: true, person: ['handKill'], faults: ANY },
};

const told = ({ violation }: QueueExplored): string =>
  violation
    ? [violation.what, ...violation.steps.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`)].join('\n')
    : '';

describe('queued runs keep P1, P2, P3, P5 and P6, and get stuck nowhere', () => {
  let total = 0;
  test.each(Object.entries(SCENARIOS))(
    '%s',
    (_name, scenario) => {
      const found = exploreQueue(scenario);
      expect(found.violation, told(found)).toBeUndefined();
      expect(found.states).toBeGreaterThan(100);
      total += found.states;
    },
    600_000,
  );
  afterAll(() => {
    console.log(`the model of queued runs has ${String(total)} states`);
  });
});

describe('a rule that is left out is missed', () => {
  test.each<[QueueBroken, RegExp, QueueScenario]>([
    ['noQueueCompare', /^P1: run a is (claimed|started) twice/, { runs: ['a'] }],
    ['noLockCompare', /^P2: /, { runs: ['a', 'b'] }],
    ['noJobCompare', /^P6: /, { runs: ['b'], person: ['edit'] }],
    ['dropComparesNothing', /^P3: /, { runs: ['a'], expires: true }],
    ['dropTellsNothing', /^P3: run a is gone, and nothing is told of it/, { runs: ['a'], expires: true }],
    ['goesOnThoughKilled', /^P5: a run that was to be killed is tried again/, { runs: ['a'], retry: true, person: ['kill'] }],
    ['keepsStaleKills', /^stuck/, { runs: ['a'], person: ['handKill'] }],
    ['forgetsIntents', /^stuck/, { runs: ['a'], faults: ['crash'] }],
  ])(
    '%s',
    (broken, what, scenario) => {
      const { violation } = exploreQueue({ ...scenario, broken });
      expect(violation?.what).toMatch(what);
      expect(violation?.steps.length).toBeGreaterThan(1);
    },
    600_000,
  );
});
