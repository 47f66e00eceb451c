// The walk against cron-parser's own, on what both understand. Every difference has to be one of the stated ones (docs/schedules.md), and ours has to be what looking at
// every minute finds.
import { CronExpressionParser } from 'cron-parser';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchedule } from '../../../../src/domain/schedule/compile.ts';
import { zoneOf } from '../../../../src/domain/schedule/zone.ts';
import { firesByLooking } from './brute-force.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Africa/Cairo',
];
const RUNS = 5_000;
const DAY = 86_400_000;

/** A number, a range, a step of either, lists of them: what every cron parser reads alike. */
const field = (low: number, high: number): fc.Arbitrary<string> => {
  const number = fc.integer({ min: low, max: high });
  const range = fc.tuple(number, number).map(([a, b]) => `${String(Math.min(a, b))}-${String(Math.max(a, b))}`);
  const step = fc.integer({ min: 1, max: Math.max(2, Math.floor((high - low) / 2)) });
  const list = fc.uniqueArray(number, { minLength: 2, maxLength: 4 }).map((numbers) => numbers.join(','));
  return fc.oneof(
    { weight: 4, arbitrary: number.map(String) },
    { weight: 2, arbitrary: list },
    { weight: 2, arbitrary: range },
    { weight: 1, arbitrary: fc.tuple(range, step).map(([text, by]) => `${text}/${String(by)}`) },
    { weight: 1, arbitrary: step.map((by) => `*/${String(by)}`) },
  );
};
const often = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, { weight: 2, arbitrary });

const expressions = fc
  .tuple(field(0, 59), often(field(0, 23)), often(field(1, 28)), often(field(1, 12)), often(field(0, 6)))
  .map((fields) => fields.join(' '));
const asked = fc.record({
  expression: expressions,
  zone: fc.constantFrom(...ZONES),
  // Half of them within days of a change of the clock somewhere.
  after: fc.oneof(
    fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2029-01-01T00:00:00Z') }),
    fc
      .tuple(
        fc.constantFrom(
          '2026-03-29T01:00:00Z',
          '2026-10-25T01:00:00Z',
          '2026-04-05T03:00:00Z',
          '2026-09-06T04:00:00Z',
          '2026-10-03T15:30:00Z',
        ),
        fc.integer({ min: -DAY, max: DAY }),
      )
      .map(([change, off]) => Date.parse(change) + off),
  ),
});

const oracle = (expression: string, zone: string, after: number): number | undefined => {
  try {
    return CronExpressionParser.parse(expression, { tz: zone, currentDate: new Date(after) })
      .next()
      .getTime();
  } catch {
    return undefined;
  }
};

/** Vixie's rule: a day field that begins with a star does not count as restricted, so that both must match. cron-parser takes either. */
const isStarStep = (expression: string): boolean => {
  const [, , day = '', , weekday = ''] = expression.split(' ');
  return (day.startsWith('*/') && weekday !== '*') || (weekday.startsWith('*/') && day !== '*');
};

const changesNear = (zone: string, from: number, to: number): boolean => {
  const [low, high] = [Math.floor((from - DAY) / 1_000), Math.ceil((to + DAY) / 1_000)];
  for (let stretch = zoneOf(zone).at(low); stretch.to < high;) {
    const { offset, to: end } = stretch;
    stretch = zoneOf(zone).at(end);
    if (stretch.offset !== offset) return true;
  }
  return false;
};

test(
  `${String(RUNS)} random expressions, zones and instants: as cron-parser, but for the stated rules`,
  { timeout: 400_000 },
  () => {
    const counted = { same: 0, starStep: 0, clock: 0 };
    const unexplained: string[] = [];
    for (const { expression, zone, after } of fc.sample(asked, { numRuns: RUNS, seed: 20_261_127 })) {
      const compiled = compileSchedule({ cronExpr: expression, timezone: zone });
      const ours = compiled.ok ? compiled.value.next(after)?.fireTime : undefined;
      const theirs = oracle(expression, zone, after);
      if (ours === theirs) {
        counted.same += 1;
        continue;
      }
      const first = Math.min(ours ?? Number.POSITIVE_INFINITY, theirs ?? Number.POSITIVE_INFINITY);
      const from = Math.max(after + 1, first - DAY);
      const found = firesByLooking(expression, zone, 'auto', from, first + DAY).find((at) => at > after);
      // Ours is right where it can be seen: the first one after, or none until the day after theirs.
      const isRight = ours === undefined || ours > first + DAY ? found === undefined : found === ours;
      const rule = isStarStep(expression) ? 'starStep' : changesNear(zone, first, first) ? 'clock' : undefined;
      if (rule !== undefined && isRight) counted[rule] += 1;
      else
        unexplained.push(
          `${expression} in ${zone} after ${new Date(after).toISOString()}: ours ${String(ours && new Date(ours).toISOString())}, theirs ${String(theirs && new Date(theirs).toISOString())}`,
        );
    }
    expect(unexplained).toEqual([]);
    expect(counted.same).toBeGreaterThan(RUNS * 0.9);
    expect(counted.starStep).toBeGreaterThan(0);
    expect(counted.clock).toBeGreaterThan(0);
  },
);
