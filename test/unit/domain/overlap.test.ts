import { expect, test } from 'vitest';
import { decide, evolve, type Here, type Input, type JobState, type Waiting } from '../../../src/domain/decide.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import type { OverlapPolicy } from '../../../src/domain/job.ts';
import type { Tick } from '../../../src/domain/tick.ts';
import type { QueuedRun } from '../../../src/domain/values.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const tick: Tick = { job: 'a', fireTime: now, nominalAt: now, prev: now - 60_000, revision: 7 };
const here = (more: Partial<Here> = {}): Here => ({
  now,
  inSync: true,
  inSyncSince: now - 60_000,
  draining: false,
  skewed: false,
  freeSlots: 2,
  me: 'w1',
  rankWaitMs: 250,
  rankOf: () => 0,
  killOf: () => undefined,
  ...more,
});
/** Fire time in ms from now; ids are in the order of their age. */
const waits = (runId: string, fireMs: number, more: Partial<QueuedRun> = {}): Waiting => ({
  queued: {
    v: 1,
    runId,
    job: 'a',
    trigger: 'schedule',
    fireTime: toInstant(now + fireMs),
    attempt: 1,
    notBefore: toInstant(now - 1_000),
    queuedAt: toInstant(now - 1_000),
    ...more,
  },
  revision: 9,
  created: 9,
});
const state = (overlap: OverlapPolicy, queueMax: number, ...queued: readonly Waiting[]): JobState => ({
  name: 'a',
  overlap,
  queueMax,
  lateAfterMs: 60_000,
  queued: new Map(queued.map((each) => [each.queued.runId, each])),
  lastTick: undefined,
});
const commands = (of: JobState, input: Input, who = here()) => decide(who, evolve(of, input), input);
const due: Input = { type: 'due', tick };
const busy: Input = { type: 'busy', tick, holder: 'r0' };
const woke = (runId: string): Input => ({ type: 'woke', wake: { type: 'take', job: 'a', runId } });
const [skip, wait, asRoom] = [
  { type: 'skip', tick, reason: 'overlap' },
  { type: 'enqueue', tick, isBusy: true },
  { type: 'enqueue', tick, isBusy: false },
];
const replace = (holder: string | undefined, away: readonly Waiting[] = [], isKilled = false) => ({
  type: 'replace',
  tick,
  holder,
  isKilled,
  away,
});
const [one, two] = [waits('q1', -60_000), waits('q2', -30_000)];
const range = waits('b', -90_000, { trigger: 'backfill', to: toInstant(now - 1), count: 9 });

test.each([
  ['skip: a busy job', state('skip', 1), busy, skip],
  ['skip: a run that waits is busy too', state('skip', 1, one), due, skip],
  ['skip: so is a range', state('skip', 1, range), due, skip],
  ['queue: a busy job', state('queue', 1), busy, wait],
  ['queue: as many wait as may', state('queue', 1, one), busy, skip],
  ['queue: one more may', state('queue', 2, one), busy, wait],
  ['queue: what waits goes first, though the job is free', state('queue', 2, one), due, wait],
  ['queue: a range takes no place in the queue', state('queue', 1, range), busy, wait],
  [
    'queue: what is for later takes a place, and does not go first',
    state('queue', 1, waits('q1', 0, { notBefore: toInstant(now + 1) })),
    busy,
    skip,
  ],
  ['queue: none may wait', state('queue', 0), busy, skip],
  ['replace: the holder gives way', state('replace', 1), busy, replace('r0')],
  ['replace: and what waits by the schedule', state('replace', 1, one), busy, replace('r0', [one])],
  ['replace: all of it', state('replace', 1, one, two), busy, replace('r0', [one, two])],
  ['replace: the job is free, one waits', state('replace', 1, one), due, replace(undefined, [one])],
  [
    'replace: what a person asked for does not give way',
    state('replace', 1, waits('q1', 0, { trigger: 'manual' })),
    busy,
    replace('r0'),
  ],
  ['replace: nor a run between its attempts', state('replace', 1, waits('q1', 0, { attempt: 2 })), busy, replace('r0')],
  ['replace: nor what is caught up', state('replace', 1, waits('q1', 0, { trigger: 'catchUp' })), busy, replace('r0')],
  ['allow: nothing that waits holds it up', state('allow', 1, one), due, { type: 'claim', tick, rank: 0 }],
] as const)('overlap %s', (_promise, of, input, command) => {
  expect(commands(of, input)).toStrictEqual([command]);
});

test('a holder that somebody kills already is not killed again', () => {
  const killed = here({ killOf: (id) => (id === 'r0' ? { cause: 'killed', by: 'ann' } : undefined) });
  expect(commands(state('replace', 1), busy, killed)).toStrictEqual([replace('r0', [], true)]);
});

test.each(['skip', 'queue', 'replace', 'allow'] as const)(
  'a full worker leaves a tick of overlap %s to who has room: the job need not be busy',
  (overlap) => {
    expect(commands(state(overlap, 1), due, here({ freeSlots: 0 }))).toStrictEqual([asRoom]);
  },
);

test('more than a transaction can hold give way one look after the other', () => {
  const many = Array.from({ length: 30 }, (_, index) => waits(`q${String(index).padStart(2, '0')}`, index));
  const [command] = commands(state('replace', 1, ...many), busy);
  expect(command).toMatchObject({ type: 'replace' });
  expect(command?.type === 'replace' && command.away.length).toBe(20);
});

const take = (waiting: Waiting) => ({ type: 'take', waiting });
const again = (runId: string) => ({ type: 'wakeAt', at: now + 250, wake: { type: 'take', job: 'a', runId } });

test.each([
  ['the oldest is taken', state('queue', 9, one, two), woke('q1'), take(one)],
  ['one after it is not, however early it looks', state('queue', 9, one, two), woke('q2'), again('q2')],
  ['nor when it is told first', state('queue', 9, one, two), { type: 'queued', waiting: two }, again('q2')],
  ['the next tick of a range goes before a later tick', state('queue', 9, range, one), woke('q1'), again('q1')],
  [
    'what is for later goes not before what is ready',
    state('queue', 9, waits('q0', -99_000, { notBefore: toInstant(now + 1) }), one),
    woke('q1'),
    take(one),
  ],
  [
    'what has expired does not hold up the rest',
    state('queue', 9, waits('q0', -99_000, { notAfter: toInstant(now) }), one),
    woke('q1'),
    take(one),
  ],
  ['nor what is for another worker', state('queue', 9, waits('q0', -99_000, { worker: 'w2' }), one), woke('q1'), take(one)],
  [
    'the finish takes the oldest that this worker may have',
    state('queue', 9, waits('q0', -99_000, { worker: 'w2' }), one, two),
    { type: 'ended' },
    take(one),
  ],
  [
    'of one fire time the older goes first',
    state('queue', 9, waits('q2', -30_000), waits('q1', -30_000)),
    { type: 'ended' },
    take(waits('q1', -30_000)),
  ],
  ['where runs may overlap nobody waits for anybody', state('allow', 9, one, two), woke('q2'), take(two)],
] as readonly (readonly [string, JobState, Input, object])[])('of what waits %s', (_promise, of, input, command) => {
  const told = input.type === 'queued' ? here({ rankOf: () => 0 }) : here();
  const expected = 'at' in command && input.type === 'queued' ? [{ ...command, at: now }] : [command];
  expect(commands(of, input, told)).toStrictEqual(expected);
});

test('the finish takes as many as there is room for where runs may overlap', () => {
  expect(commands(state('allow', 1, one, two, range), { type: 'ended' })).toStrictEqual([take(range), take(one)]);
});
