import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { expect, test } from 'vitest';
import {
  added,
  countsOf,
  EMPTY_TALLY,
  factsOf,
  hourOf,
  leastIdAt,
  percentile,
  tallyOf,
  timeOfId,
} from '../../../src/domain/stats.ts';

const ran = (durationMs: number, latenessMs = 0, outcome = 'succeeded') => ({ outcome, durationMs, latenessMs });

test('a tally counts by outcome, and what it counts has sum, least and most', () => {
  const tally = tallyOf([ran(100, 5), ran(300, 7), ran(200, 0, 'failed'), { outcome: 'skipped' }]);
  expect(tally.outcomes).toStrictEqual({ succeeded: 2, failed: 1, skipped: 1 });
  expect(tally.duration).toMatchObject({ count: 3, sum: 600, min: 100, max: 300 });
  expect(tally.lateness).toMatchObject({ count: 3, sum: 12, min: 0, max: 7 });
  expect(countsOf(tally)).toStrictEqual({ runs: 4, failing: 1 });
});

test('what overlap replace or a person ended does not count as gone wrong', () => {
  const outcomes = ['succeeded', 'failed', 'timedOut', 'killed', 'killed', 'lost', 'skipped'];
  expect(countsOf(tallyOf(outcomes.map((outcome) => ({ outcome }))))).toStrictEqual({ runs: 7, failing: 3 });
});

test('nothing has no percentile', () => {
  expect(tallyOf([])).toStrictEqual(EMPTY_TALLY);
  expect(percentile(EMPTY_TALLY.duration, 0.5)).toBeUndefined();
});

const runs = fc.array(
  fc.record({
    outcome: fc.constantFrom('succeeded', 'failed', 'lost'),
    durationMs: fc.integer({ min: 0, max: 1_000_000_000 }),
    latenessMs: fc.integer({ min: 0, max: 100_000 }),
  }),
  { maxLength: 60 },
);

test('two tallies added are the tally of all, in whatever order', () => {
  fc.assert(
    fc.property(runs, runs, (a, b) => {
      expect(added(tallyOf(a), tallyOf(b))).toStrictEqual(tallyOf([...a, ...b]));
      expect(added(tallyOf(b), tallyOf(a))).toStrictEqual(tallyOf([...a, ...b].toReversed()));
      expect(added(EMPTY_TALLY, tallyOf(a))).toStrictEqual(tallyOf(a));
    }),
  );
});

test('a percentile is at most a fifth off, and never outside of what was seen', () => {
  fc.assert(
    fc.property(runs, fc.constantFrom(0.5, 0.95, 0.99), (given, part) => {
      const values = given.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b);
      const found = percentile(tallyOf(given).duration, part);
      const exact = values[Math.max(0, Math.ceil(part * values.length) - 1)];
      if (exact === undefined) expect(found).toBeUndefined();
      else expect(Math.abs((found ?? NaN) - exact)).toBeLessThanOrEqual(exact * 0.2 + 1);
    }),
  );
});

test('an id tells when it was made, and the least id of an instant parts the ids before it from those after', () => {
  const now = Date.now();
  const id = uuidv7();
  const made = timeOfId(id) ?? 0;
  expect(Math.abs(made - now)).toBeLessThan(60_000);
  expect(leastIdAt(made) < id && id < leastIdAt(made + 1)).toBe(true);
  expect(timeOfId('r1')).toBeUndefined();
  expect(hourOf(Date.parse('2027-01-31T09:59:59.999Z'))).toBe(Date.parse('2027-01-31T09:00:00.000Z'));
});

test('only what the schedule asked for is late; what never started has no length', () => {
  const run = { job: 'a', outcome: 'succeeded', latenessMs: 9, durationMs: 5 };
  expect(factsOf({ ...run, trigger: 'schedule' })).toStrictEqual(run);
  expect(factsOf({ ...run, trigger: 'catchUp' })).toStrictEqual({ job: 'a', outcome: 'succeeded', durationMs: 5 });
  expect(factsOf({ job: 'a', outcome: 'skipped', trigger: 'manual' })).toStrictEqual({ job: 'a', outcome: 'skipped' });
});
