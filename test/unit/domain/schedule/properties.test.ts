// What holds for every schedule of the whole dialect, in every zone, under every rule for changes of the clock.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchedule, type CompiledSchedule, type ScheduleText } from '../../../../src/domain/schedule/compile.ts';

const EXPRESSIONS = [
  '* * * * *',
  '*/7 * * * * *',
  '0 3 * * *',
  '30 2 * * SUN',
  '*/20 1-3 * * *',
  '15,45 1,2 * * *',
  '0 0 1 */2 *',
  '15 10 L * *',
  '15 10 L-3,LW,15W * *',
  '0 9 * * 5L,MON#1',
  '0 0 */2 * 1',
  '0 0 13 * FRI',
  '0 22-2 * * FRI-MON',
  'H H(1-4) * * *',
  'H/15 * * * *',
  '0 0 0 1 1 * 2026-2040/3',
  '0 30 2 29 2 * *',
  '5 4 * * *\n0 12 * * MON\n@every 7h',
  '@every 90s',
  '@at 2027-10-31T01:30:00+02:00',
];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Africa/Casablanca',
  'Pacific/Apia',
];

const texts: fc.Arbitrary<ScheduleText> = fc.record({
  name: fc.constantFrom('backup', 'report', 'a'),
  cronExpr: fc.constantFrom(...EXPRESSIONS),
  timezone: fc.constantFrom(...ZONES),
  dst: fc.constantFrom('auto', 'skip', 'both'),
  jitterMs: fc.constantFrom(0, 0, 1_500, 90_000),
  startAt: fc.constantFrom(undefined, undefined, '2027-03-01T00:00:00Z'),
  endAt: fc.constantFrom(undefined, undefined, '2028-11-01T00:00:00Z'),
});
const instants = fc.oneof(
  fc.integer({ min: Date.parse('2025-01-01T00:00:00Z'), max: Date.parse('2030-01-01T00:00:00Z') }),
  // Around changes of the clock of these zones.
  fc
    .tuple(
      fc.constantFrom(
        '2027-03-28T01:00:00Z',
        '2027-10-31T01:00:00Z',
        '2027-03-14T07:00:00Z',
        '2027-11-07T06:00:00Z',
        '2027-04-03T15:00:00Z',
        '2027-10-02T15:30:00Z',
        '2011-12-30T10:00:00Z',
      ),
      fc.integer({ min: -7_200_000, max: 7_200_000 }),
    )
    .map(([change, off]) => Date.parse(change) + off),
);

const compiled = (text: ScheduleText): CompiledSchedule => {
  const answer = compileSchedule(text);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  return answer.value;
};

const RUNS = { numRuns: 3_000 };

test('next is strictly later, nothing lies between, the jitter is bounded, prev is its inverse', () => {
  fc.assert(
    fc.property(texts, instants, (text, at) => {
      const schedule = compiled(text);
      const next = schedule.next(at);
      if (!next) return;
      expect(next.fireTime).toBeGreaterThan(at);
      expect(next.fireTime - next.nominalAt).toBeGreaterThanOrEqual(0);
      expect(next.fireTime - next.nominalAt).toBeLessThanOrEqual(text.jitterMs ?? 0);
      expect(schedule.next(next.fireTime - 1)).toEqual(next);
      expect(schedule.prev(next.fireTime + 1)).toEqual(next);
      const following = schedule.next(next.fireTime);
      if (following) {
        expect(next.fireTime).toBeLessThan(following.nominalAt);
        expect(schedule.prev(following.fireTime)).toEqual(next);
      }
      const before = schedule.prev(next.fireTime);
      if (!before) return;
      expect(before.fireTime).toBeLessThanOrEqual(at);
      expect(schedule.next(before.fireTime)).toEqual(next);
    }),
    RUNS,
  );
});

test('the answer does not depend on what was asked before: all workers say the same', () => {
  fc.assert(
    fc.property(texts, fc.array(instants, { minLength: 2, maxLength: 6 }), (text, order) => {
      const schedule = compiled(text);
      const first = order.map((at) => schedule.next(at));
      const last = order
        .toReversed()
        .map((at) => schedule.next(at))
        .toReversed();
      expect(last).toEqual(first);
      // Asked from elsewhere the same fire time comes: by its neighbours.
      for (const found of first) if (found) expect(schedule.next(schedule.prev(found.fireTime)?.fireTime ?? 0)).toEqual(found);
    }),
    { numRuns: 1_000 },
  );
});

test('bounds are kept, both included', () => {
  fc.assert(
    fc.property(texts, instants, (text, at) => {
      const schedule = compiled({ ...text, jitterMs: 0 });
      for (const found of [schedule.next(at), schedule.prev(at)]) {
        if (!found) continue;
        expect(found.fireTime).toBeGreaterThanOrEqual(Date.parse(text.startAt ?? '1970-01-01T00:00:00Z'));
        expect(found.fireTime).toBeLessThanOrEqual(Date.parse(text.endAt ?? '2100-01-01T00:00:00Z'));
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Any text at all, and texts that are nearly cron. */
const anything = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        '*',
        '0',
        '5',
        '60',
        '1-5',
        '5-1',
        '*/7',
        '1/0',
        'L',
        'LW',
        '15W',
        'FRI#2',
        '5L',
        'H',
        'H(1-5)/2',
        '?',
        ',',
        '-',
        'JAN',
        '@',
        '#',
        '\n',
      ),
      { minLength: 1, maxLength: 9 },
    )
    .map((parts) => parts.join(' ')),
);

test('a text is compiled or refused with a place that is in it; nothing throws', () => {
  fc.assert(
    fc.property(anything, (cronExpr) => {
      const answer = compileSchedule({ name: 'x', cronExpr });
      if (answer.ok) {
        const next = answer.value.next(0);
        expect(next === undefined || next.fireTime > 0).toBe(true);
        return;
      }
      const lines = cronExpr.split(/\r?\n/);
      for (const { line = 0, column = 0, message } of answer.problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual(Math.max(1, lines[line - 1]?.length ?? 0));
        expect(message).not.toBe('');
      }
    }),
    { numRuns: 2_000 },
  );
});
