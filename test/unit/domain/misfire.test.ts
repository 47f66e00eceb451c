import { expect, test } from 'vitest';
import { gapOf } from '../../../src/domain/gap.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { catchUpMove, isCatchUp, settle, standingIn, type Standing } from '../../../src/domain/misfire.ts';
import type { QueuedRun } from '../../../src/domain/values.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const MINUTE = 60_000;
const at = (minutes: number): string => toInstant(now + minutes * MINUTE);
/** A job of each minute that catches up what is at most ten minutes old. */
const known = (misfire: 'skip' | 'once' | 'all', withinMs = 10 * MINUTE) => {
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * *' }), 7);
  if (!read.ok) throw new Error('not a job');
  return { ...read.value, job: { ...read.value.job, misfire, withinMs } };
};
const { hash } = known('skip');
/** The ticks of the minutes from `from` to `to` before now. */
const ticks = (from: number, to: number) => ({ from: now + from * MINUTE, to: now + to * MINUTE, count: to - from + 1 });
const standing = (more: Partial<QueuedRun> = {}): Standing => ({
  queued: {
    v: 1,
    runId: 'old',
    job: 'a',
    trigger: 'catchUp',
    fireTime: at(-9),
    attempt: 1,
    notBefore: at(-9),
    notAfter: at(1),
    queuedAt: at(-9),
    hash,
    ...more,
  },
  revision: 5,
});
const made = {
  v: 1,
  runId: 'new',
  job: 'a',
  trigger: 'catchUp',
  attempt: 1,
  notBefore: at(0),
  notAfter: at(10),
  queuedAt: at(0),
  hash,
};
const dropped = {
  v: 1,
  type: 'dropped',
  job: 'a',
  runId: 'old',
  attempt: 1,
  at: at(0),
  outcome: 'skipped',
  reason: 'replaced',
  trigger: 'catchUp',
  fireTime: at(-9),
};

test.each([
  ['skip: all are missed', 'skip', ticks(-5, -1), undefined, { missed: ticks(-5, -1), catchUp: undefined, replaced: undefined }],
  [
    'once: the newest runs, those before it are missed',
    'once',
    ticks(-5, -1),
    undefined,
    { missed: ticks(-5, -2), catchUp: { ...made, fireTime: at(-1) }, replaced: undefined },
  ],
  [
    'once: of one tick none is missed',
    'once',
    ticks(-1, -1),
    undefined,
    { missed: undefined, catchUp: { ...made, fireTime: at(-1) }, replaced: undefined },
  ],
  [
    'once: it takes the place of the one that waits, whose end is told',
    'once',
    ticks(-5, -1),
    standing(),
    { missed: ticks(-5, -2), catchUp: { ...made, fireTime: at(-1) }, replaced: dropped },
  ],
  [
    'once: what is older than withinMs is missed, and what waits goes on waiting',
    'once',
    ticks(-30, -11),
    standing(),
    { missed: ticks(-30, -11), catchUp: undefined, replaced: undefined },
  ],
  [
    'all: they are a range',
    'all',
    ticks(-5, -1),
    undefined,
    { missed: undefined, catchUp: { ...made, fireTime: at(-5), to: at(-1), count: 5 }, replaced: undefined },
  ],
  [
    'all: one tick is a range too, so that it can be extended',
    'all',
    ticks(-1, -1),
    undefined,
    { missed: undefined, catchUp: { ...made, fireTime: at(-1), to: at(-1), count: 1 }, replaced: undefined },
  ],
  [
    'all: of those older than withinMs each is missed, exactly at the bound none',
    'all',
    ticks(-12, -1),
    undefined,
    { missed: ticks(-12, -11), catchUp: { ...made, fireTime: at(-10), to: at(-1), count: 10 }, replaced: undefined },
  ],
  [
    'all: none is young enough',
    'all',
    ticks(-30, -11),
    undefined,
    { missed: ticks(-30, -11), catchUp: undefined, replaced: undefined },
  ],
  [
    'all: a range that waits is extended, keeps its place, and waits for as long again',
    'all',
    ticks(-5, -1),
    standing({ to: at(-6), count: 4 }),
    { missed: undefined, catchUp: { ...standing().queued, to: at(-1), count: 9, notAfter: at(10) }, replaced: undefined },
  ],
  [
    'all: a range that waits is not extended over ticks that were decided meanwhile: it goes on waiting beside the new one',
    'all',
    ticks(-3, -1),
    standing({ to: at(-6), count: 4 }),
    { missed: undefined, catchUp: { ...made, fireTime: at(-3), to: at(-1), count: 3 }, replaced: undefined },
  ],
  [
    'all: nor over ticks that the same move tells as missed',
    'all',
    ticks(-14, -1),
    standing({ fireTime: at(-16), to: at(-15), count: 2 }),
    {
      missed: ticks(-14, -11),
      catchUp: { ...made, fireTime: at(-10), to: at(-1), count: 10 },
      replaced: undefined,
    },
  ],
  [
    'all: a range of another schedule gives way, and what it still had is told',
    'all',
    ticks(-5, -1),
    standing({ to: at(-6), count: 4, hash: 'other' }),
    {
      missed: undefined,
      catchUp: { ...made, fireTime: at(-5), to: at(-1), count: 5 },
      replaced: {
        v: 1,
        type: 'ticksMissed',
        job: 'a',
        at: at(0),
        from: at(-9),
        to: at(-6),
        count: 4,
        fate: 'skipped',
        reason: 'replaced',
      },
    },
  ],
  [
    'all: one that reaches into the gap (the cursor was set back) gives way: no tick runs twice by it',
    'all',
    ticks(-5, -1),
    standing({ to: at(-4), count: 6 }),
    {
      missed: undefined,
      catchUp: { ...made, fireTime: at(-5), to: at(-1), count: 5 },
      replaced: {
        v: 1,
        type: 'ticksMissed',
        job: 'a',
        at: at(0),
        from: at(-9),
        to: at(-4),
        count: 6,
        fate: 'skipped',
        reason: 'replaced',
      },
    },
  ],
] as const)('misfire %s', (_promise, misfire, range, waits, expected) => {
  expect(settle(known(misfire), range, { standing: waits, now, newId: () => 'new' })).toStrictEqual(expected);
});

test('a key for the ticks of one worker says whose they are, and only that worker finds it standing', () => {
  const { catchUp } = settle(known('once'), ticks(-3, -1), { standing: undefined, now, newId: () => 'new', of: 'w1' });
  expect(catchUp).toMatchObject({ worker: 'w1', fireTime: at(-1) });
  expect([isCatchUp(catchUp!, 'w1'), isCatchUp(catchUp!, 'w2'), isCatchUp(catchUp!)]).toStrictEqual([true, false, false]);
});

test.each([
  ['a further attempt of one', { attempt: 2 }],
  ['a backfill', { trigger: 'backfill' as const }],
  ['a tick that waits', { trigger: 'schedule' as const }],
])('%s is not the catch-up key', (_what, more) => {
  expect(isCatchUp(standing(more).queued)).toBe(false);
  expect(isCatchUp(standing().queued)).toBe(true);
});

test('every tick of a gap is either missed or caught up, none both, whatever the policy and the age', () => {
  for (const misfire of ['skip', 'once', 'all'] as const)
    for (const within of [0, 1, 3, 7.5, 10, 1_000])
      for (const [from, to] of [
        [-12, -1],
        [-1, -1],
        [-12, -11],
        [-3, -2],
      ] as const) {
        const gap = gapOf(known('skip').schedule, now + (from - 1) * MINUTE, now + (to + 1) * MINUTE, now, 0).missed!;
        expect(gap).toStrictEqual(ticks(from, to));
        const { missed, catchUp } = settle(known(misfire, within * MINUTE), gap, {
          standing: undefined,
          now,
          newId: () => 'new',
        });
        expect((missed?.count ?? 0) + (catchUp ? (catchUp.count ?? 1) : 0)).toBe(gap.count);
        if (missed && catchUp) expect(toInstant(missed.to + MINUTE)).toBe(catchUp.fireTime);
        expect(catchUp ? (catchUp.to ?? catchUp.fireTime) : toInstant(missed!.to)).toBe(toInstant(gap.to));
      }
});

test('a year of seconds is not walked through: the range is told with a bound', () => {
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * * * *' }), 7);
  if (!read.ok) throw new Error('not a job');
  const each = { ...read.value, job: { ...read.value.job, misfire: 'all' as const, withinMs: 400 * 86_400_000 } };
  const year = gapOf(each.schedule, now - 365 * 86_400_000, now, now, 0).missed!;
  const { missed, catchUp } = settle(each, year, { standing: undefined, now, newId: () => 'new' });
  expect(missed).toBeUndefined();
  expect(catchUp).toMatchObject({ fireTime: toInstant(year.from), to: toInstant(now - 1_000), count: 10_000 });
});

test('P1: a range that goes on waiting is neither compared nor taken away; the one that reaches furthest is extended', () => {
  const old = standing({ to: at(-6), count: 4 });
  const settled = settle(known('all'), ticks(-3, -1), { standing: old, now, newId: () => 'new' });
  expect(catchUpMove(settled, old)).toStrictEqual({ queued: settled.catchUp, standing: undefined, replaced: undefined });
  const newer: Standing = { queued: settled.catchUp!, revision: 9 };
  expect(standingIn([newer, old])).toBe(newer);
  expect(standingIn([old, newer])).toBe(newer);
  const extended = settle(known('all'), { ...ticks(0, 0) }, { standing: newer, now, newId: () => 'third' });
  expect(catchUpMove(extended, newer)?.standing).toStrictEqual({ runId: 'new', revision: 9 });
});
