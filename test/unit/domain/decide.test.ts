import { expect, test } from 'vitest';
import { decide, evolve, type Here, type Input, type JobState, type Waiting } from '../../../src/domain/decide.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import type { Tick } from '../../../src/domain/tick.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const tick: Tick = { job: 'a', fireTime: now, nominalAt: now, prev: now - 60_000, revision: 7 };
const ranked = (rank: number | undefined, more: Partial<Here> = {}): Here => ({
  now,
  inSync: true,
  inSyncSince: now - 60_000,
  draining: false,
  skewed: false,
  freeSlots: 2,
  me: 'w1',
  rankWaitMs: 250,
  rankOf: () => rank,
  killOf: () => undefined,
  ...more,
});
const idle: JobState = { name: 'a', overlap: 'skip', queueMax: 1, lateAfterMs: 60_000, queued: new Map(), lastTick: undefined };
const waiting = (more: Partial<Waiting['queued']> = {}): Waiting => ({
  queued: {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'manual',
    fireTime: toInstant(now),
    attempt: 1,
    notBefore: toInstant(now),
    queuedAt: toInstant(now),
    ...more,
  },
  revision: 9,
  created: 9,
});
const holding = (...each: readonly Waiting[]): JobState => ({
  ...idle,
  queued: new Map(each.map((one) => [one.queued.runId, one])),
});
const look = (rank: number, from = now) => ({
  type: 'wakeAt',
  at: from + rank * 250,
  wake: { type: 'look', tick, waitMs: rank * 250 },
});
const takeAt = (at: number) => ({ type: 'wakeAt', at, wake: { type: 'take', job: 'a', runId: 'r1' } });
const kill = { cause: 'killed', by: 'ann' } as const;
const due: Input = { type: 'due', tick };

test.each([
  ['the first in rank claims at once', ranked(0), idle, due, [{ type: 'claim', tick, rank: 0 }]],
  ['the second looks after 250 ms', ranked(1), idle, due, [look(1)]],
  ['the fourth looks after 750 ms', ranked(3), idle, due, [look(3)]],
  ['the fifth does not look (P8)', ranked(4), idle, due, []],
  ['who does not match does nothing', ranked(undefined), idle, due, []],
  [
    'who does not match takes nothing that waits, though it had been about to look',
    ranked(undefined),
    holding(waiting()),
    { type: 'woke', wake: { type: 'take', job: 'a', runId: 'r1' } },
    [],
  ],
  ['who came into sync later counts from there', ranked(2, { inSyncSince: now + 400 }), idle, due, [look(2, now + 400)]],
  ['who has lost its feeds claims nothing', ranked(0, { inSync: false }), idle, due, []],
  ['who drains claims nothing', ranked(0, { draining: true }), idle, due, []],
  ['whose clock is off claims nothing', ranked(0, { skewed: true }), idle, due, []],
  [
    'whose claims are slow waits longer',
    ranked(2, { rankWaitMs: 900 }),
    idle,
    due,
    [{ type: 'wakeAt', at: now + 1_800, wake: { type: 'look', tick, waitMs: 1_800 } }],
  ],
  [
    'and never longer than 5 s',
    ranked(3, { rankWaitMs: 4_000 }),
    idle,
    due,
    [{ type: 'wakeAt', at: now + 5_000, wake: { type: 'look', tick, waitMs: 5_000 } }],
  ],
  ['who is full leaves it to who is free', ranked(0, { freeSlots: 0 }), idle, due, [{ type: 'enqueue', tick, isBusy: false }]],
  ['a run that waits makes the job busy', ranked(0), holding(waiting()), due, [{ type: 'skip', tick, reason: 'overlap' }]],
  [
    'unless runs of the job may overlap',
    ranked(0),
    { ...holding(waiting()), overlap: 'allow' },
    due,
    [{ type: 'claim', tick, rank: 0 }],
  ],
  [
    'a run that waits for later does not',
    ranked(0),
    holding(waiting({ notBefore: toInstant(now + 1) })),
    due,
    [{ type: 'claim', tick, rank: 0 }],
  ],
  ['a tick found undecided is claimed', ranked(2), idle, { type: 'looked', tick }, [{ type: 'claim', tick, rank: 2 }]],
  [
    'a look waits on where claims have become slow meanwhile',
    ranked(2, { now: now + 500, rankWaitMs: 800 }),
    idle,
    { type: 'woke', wake: { type: 'look', tick, waitMs: 500 } },
    [{ type: 'wakeAt', at: now + 1_600, wake: { type: 'look', tick, waitMs: 1_600 } }],
  ],
  [
    'a look that finds its time asks the store',
    ranked(2, { now: now + 500 }),
    idle,
    { type: 'woke', wake: { type: 'look', tick, waitMs: 500 } },
    [{ type: 'look', tick }],
  ],
  [
    'a look whose wait is over asks the store, though the clock was set back meanwhile',
    ranked(2, { now: now + 20, inSyncSince: now + 100 }),
    idle,
    { type: 'woke', wake: { type: 'look', tick, waitMs: 500 } },
    [{ type: 'look', tick }],
  ],
  [
    'a tick that is not due any more, since the clock was set back, waits for its time again',
    ranked(0, { now: now - 100 }),
    idle,
    { type: 'looked', tick },
    [{ type: 'wakeAt', at: now, wake: { type: 'claim', tick } }],
  ],
  [
    'and so does its look',
    ranked(1, { now: now - 100 }),
    idle,
    { type: 'woke', wake: { type: 'look', tick, waitMs: 250 } },
    [look(1)],
  ],
  [
    'so does one that a worker has left',
    ranked(0, { now: now - 3_600_000 }),
    { ...idle, lastTick: tick },
    { type: 'peersChanged', left: true },
    [{ type: 'wakeAt', at: now, wake: { type: 'claim', tick } }],
  ],
  [
    'a claim that found no answer is looked for, though the clock was set back',
    ranked(0, { now: now - 100 }),
    idle,
    { type: 'woke', wake: { type: 'claim', tick } },
    [{ type: 'claim', tick, rank: 0 }],
  ],
  [
    'where it is not found it is looked for now and then',
    ranked(0, { now: now - 60_000 }),
    idle,
    { type: 'away', tick },
    [{ type: 'wakeAt', at: now - 55_000, wake: { type: 'claim', tick } }],
  ],
  [
    'and asked for when its time has come again',
    ranked(0, { now: now - 3 }),
    idle,
    { type: 'away', tick },
    [{ type: 'wakeAt', at: now, wake: { type: 'claim', tick } }],
  ],
  [
    'a busy job skips the tick',
    ranked(0),
    idle,
    { type: 'busy', tick, holder: 'r0' },
    [{ type: 'skip', tick, reason: 'overlap' }],
  ],
  [
    'young ticks of a gap are claimed, oldest first',
    ranked(0),
    idle,
    { type: 'young', ticks: [{ ...tick, fireTime: now - 5_000 }, tick] },
    [
      { type: 'claim', tick: { ...tick, fireTime: now - 5_000 }, rank: 0 },
      { type: 'claim', tick, rank: 0 },
    ],
  ],
  [
    'a store that is away is asked again',
    ranked(0),
    idle,
    { type: 'away', tick },
    [{ type: 'wakeAt', at: now + 500, wake: { type: 'claim', tick } }],
  ],
  [
    'a claim whose time comes while a feed is away is kept: its answer may have been lost',
    ranked(0, { inSync: false }),
    idle,
    { type: 'woke', wake: { type: 'claim', tick } },
    [{ type: 'wakeAt', at: now + 500, wake: { type: 'claim', tick } }],
  ],
  [
    'but not by a worker that takes nothing new',
    ranked(0, { inSync: false, draining: true }),
    idle,
    { type: 'woke', wake: { type: 'claim', tick } },
    [],
  ],
  ['but not for a tick that is late', ranked(0, { now: now + 60_000 }), idle, { type: 'away', tick }, []],
  [
    'what was claimed is started',
    ranked(0),
    idle,
    { type: 'claimed', runId: 'r1', attempt: 1 },
    [{ type: 'start', job: 'a', runId: 'r1', attempt: 1 }],
  ],
  [
    'and started even by who drains',
    ranked(0, { draining: true }),
    idle,
    { type: 'claimed', runId: 'r1', attempt: 1 },
    [{ type: 'start', job: 'a', runId: 'r1', attempt: 1 }],
  ],
  [
    'a kill that was there before the start ends it (P5)',
    ranked(0, { killOf: () => kill }),
    idle,
    { type: 'claimed', runId: 'r1', attempt: 1 },
    [
      { type: 'start', job: 'a', runId: 'r1', attempt: 1 },
      { type: 'end', job: 'a', runId: 'r1', kill },
    ],
  ],
  [
    'a kill ends the run',
    ranked(0),
    idle,
    { type: 'killAsked', runId: 'r1', kill },
    [{ type: 'end', job: 'a', runId: 'r1', kill }],
  ],
  [
    'a queued run is taken at once by the first',
    ranked(0),
    holding(waiting()),
    { type: 'queued', waiting: waiting() },
    [{ type: 'take', waiting: waiting() }],
  ],
  ['by the second after 250 ms', ranked(1), holding(waiting()), { type: 'queued', waiting: waiting() }, [takeAt(now + 250)]],
  [
    'by the one it is pinned to',
    ranked(undefined),
    holding(waiting({ worker: 'w1' })),
    { type: 'queued', waiting: waiting({ worker: 'w1' }) },
    [{ type: 'take', waiting: waiting({ worker: 'w1' }) }],
  ],
  [
    'and by nobody else',
    ranked(0),
    holding(waiting({ worker: 'w2' })),
    { type: 'queued', waiting: waiting({ worker: 'w2' }) },
    [],
  ],
  [
    'not before its time',
    ranked(0),
    holding(waiting({ notBefore: toInstant(now + 9_000) })),
    { type: 'queued', waiting: waiting({ notBefore: toInstant(now + 9_000) }) },
    [takeAt(now + 9_000)],
  ],
  [
    'who is full looks again',
    ranked(0, { freeSlots: 0 }),
    holding(waiting()),
    { type: 'woke', wake: { type: 'take', job: 'a', runId: 'r1' } },
    [{ ...takeAt(now + 250), orWhenFree: true }],
  ],
  [
    'the more rarely the longer it waits',
    ranked(0, { freeSlots: 0 }),
    holding(waiting({ notBefore: toInstant(now - 60_000), queuedAt: toInstant(now - 60_000) })),
    { type: 'woke', wake: { type: 'take', job: 'a', runId: 'r1' } },
    [{ ...takeAt(now + 5_000), orWhenFree: true }],
  ],
  [
    'one whose answer was lost is asked for again, though its key is gone',
    ranked(0),
    idle,
    { type: 'doubtful', waiting: waiting() },
    [{ type: 'wakeAt', at: now + 500, wake: { type: 'settle', waiting: waiting() } }],
  ],
  [
    'when the feeds are whole',
    ranked(0, { inSync: false }),
    idle,
    { type: 'woke', wake: { type: 'settle', waiting: waiting() } },
    [{ type: 'wakeAt', at: now + 500, wake: { type: 'settle', waiting: waiting() } }],
  ],
  [
    'at once',
    ranked(3, { freeSlots: 0 }),
    idle,
    { type: 'woke', wake: { type: 'settle', waiting: waiting() } },
    [{ type: 'take', waiting: waiting() }],
  ],
  ['a key that is gone is not looked for', ranked(0), idle, { type: 'woke', wake: { type: 'take', job: 'a', runId: 'r1' } }, []],
  [
    'one that could not be taken is looked at again',
    ranked(1),
    holding(waiting()),
    { type: 'unqueueable', runId: 'r1' },
    [takeAt(now + 500)],
  ],
  [
    'the finish that frees the lock takes the oldest that waits',
    ranked(3),
    holding(waiting({ fireTime: toInstant(now + 1), runId: 'r2' }), waiting()),
    { type: 'ended' },
    [{ type: 'take', waiting: waiting() }],
  ],
  [
    'a worker has left: its tick of the last 20 s is ranked anew',
    ranked(0),
    { ...idle, lastTick: tick },
    { type: 'peersChanged', left: true },
    [{ type: 'claim', tick, rank: 0 }],
  ],
  [
    'an older tick is not',
    ranked(0, { now: now + 20_000 }),
    { ...idle, lastTick: tick },
    { type: 'peersChanged', left: true },
    [],
  ],
  ['one has come: nothing is due', ranked(0), { ...idle, lastTick: tick }, { type: 'peersChanged', left: false }, []],
] as readonly (readonly [string, Here, JobState, Input, readonly object[]])[])('%s', (_promise, here, state, input, commands) => {
  expect(decide(here, evolve(state, input), input)).toStrictEqual(commands);
});

test('what happened is noted, and only that', () => {
  expect(evolve(idle, due).lastTick).toBe(tick);
  const queued = evolve(idle, { type: 'queued', waiting: waiting() });
  expect([...queued.queued.keys()]).toStrictEqual(['r1']);
  expect(evolve(queued, { type: 'dequeued', runId: 'r1' }).queued.size).toBe(0);
  expect(evolve(idle, { type: 'ended' })).toBe(idle);
});
