import { expect, test } from 'vitest';
import type { Waiting } from '../../../src/domain/decide.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob, type KnownJob } from '../../../src/domain/known-job.ts';
import { formatCursor, parseCursor, type Tick } from '../../../src/domain/tick.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import { parseQueuedRun, type QueuedRun } from '../../../src/domain/values.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { Unavailable, type Coordination } from '../../../src/streams/ports.ts';
import { createClaims } from '../../../src/worker/claims.ts';
import { createMemoryStore } from '../../support/memory-coordination.ts';

const keys = createKeys();
const SECOND = 1_000;
const start = Date.parse('2027-01-31T09:00:00.000Z');
/** The instant of a second after the start. */
const at = (second: number): string => toInstant(start + second * SECOND);

/** A job of each second in a store of its own, and workers that make their moves at the instants that the test says. */
const world = async (more: object = {}) => {
  const { client, entry, keys: keysUnder } = createMemoryStore({ perMs: 100 });
  const { coordination } = client();
  let now = start;
  const put = (key: string, value: unknown) =>
    coordination.transact({ then: [{ type: 'put', key, value: typeof value === 'string' ? value : JSON.stringify(value) }] });
  const read = (value: string, revision: number): KnownJob | undefined => {
    const found = readJob('a', value, revision);
    return found.ok ? found.value : undefined;
  };
  const save = async (fields: object = {}): Promise<KnownJob> => {
    const job = {
      name: 'a',
      command: 'true',
      cronExpr: '* * * * * * *',
      misfire: { policy: 'skip', lateAfterMs: 5_000 },
      ...more,
      ...fields,
    };
    await put(keys.job('a'), job);
    const { value, revision } = entry(keys.job('a'))!;
    const known = read(value, revision);
    if (!known) throw new Error(`not a job: ${value}`);
    return known;
  };
  const held: string[] = [];
  const dropped: string[] = [];
  const worker = async (id: string, registeredAt = start - 3_600_000, through = coordination) => {
    await put(keys.worker(id), { id });
    return createClaims({
      coordination: through,
      keys,
      clock: { ...systemClock, now: () => now },
      me: { id, name: id, registeredAt },
      intents: {
        write: async () => undefined,
        claimed: async ({ live }) => void held.push(`${live.trigger} ${live.fireTime} ${live.worker}`),
        drop: async (runId) => void dropped.push(runId),
      },
      read,
    });
  };
  const waiting = (): readonly Waiting[] =>
    keysUnder(keys.queueOf('a')).map((key) => {
      const found = entry(key)!;
      const parsed = parseQueuedRun(found.value);
      if (!parsed.ok) throw new Error(found.value);
      return { queued: parsed.value, revision: found.revision, created: found.created };
    });
  return {
    coordination,
    put,
    save,
    worker,
    held,
    dropped,
    waiting,
    entry,
    setNow: (second: number) => (now = start + second * SECOND),
    mark: (known: KnownJob, second: number, of?: string) =>
      put(keys.tick('a', of), formatCursor({ at: at(second), decision: { v: 1, hash: known.hash } })),
    cursor: (of?: string) => {
      const found = entry(keys.tick('a', of));
      return found && parseCursor(found.value);
    },
    told: () => keysUnder(keys.outbox).map((key) => JSON.parse(entry(key)!.value) as Record<string, unknown>),
    end: () => coordination.transact({ then: [{ type: 'delete', key: keys.lock('a') }] }),
  };
};
const tick = (known: KnownJob, second: number): Tick => ({
  job: 'a',
  fireTime: start + second * SECOND,
  nominalAt: start + second * SECOND,
  prev: start + (second - 1) * SECOND,
  revision: known.revision,
});
const none = (known: KnownJob) => ({ known, standing: undefined });
const runsOf = (trigger: string, ...seconds: readonly number[]) => seconds.map((second) => `${trigger} ${at(second)} w1`);

test('a gap under misfire all becomes a range in the very move, and is then run one by one, oldest first', async () => {
  const of = await world({ misfire: { policy: 'all', lateAfterMs: 5_000 } });
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  of.setNow(30);
  // The young ones come back to be claimed first, as on time.
  const young = await claims.claim(none(known), tick(known, 30), 0);
  expect(young).toMatchObject([
    { type: 'young', ticks: [{ fireTime: start + 26_000 }, {}, {}, {}, { fireTime: start + 30_000 }] },
  ]);
  expect(of.waiting()).toMatchObject([{ queued: { trigger: 'catchUp', fireTime: at(1), to: at(25), count: 25 } }]);
  expect(of.cursor()).toMatchObject({ at: at(25), decision: { fate: 'waiting', runId: of.waiting()[0]?.queued.runId } });
  expect(of.told()).toStrictEqual([]);
  for (let next = of.waiting()[0]; next && of.held.length < 30; next = of.waiting()[0]) {
    expect(await claims.take(known, next)).toMatchObject([{ type: 'claimed' }]);
    await of.end();
  }
  expect(of.held).toStrictEqual(runsOf('catchUp', ...Array.from({ length: 25 }, (_, index) => index + 1)));
});

test('a range goes no faster than its runs end, and each of its runs has an id of its own', async () => {
  const of = await world();
  const known = await of.save();
  const claims = await of.worker('w1');
  const range: QueuedRun = {
    v: 1,
    runId: 'b',
    job: 'a',
    trigger: 'backfill',
    fireTime: at(1),
    to: at(3),
    count: 3,
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
  };
  await of.put(keys.queued('a', 'b'), range);
  const [first] = await claims.take(known, of.waiting()[0]!);
  expect(await claims.take(known, of.waiting()[0]!)).toStrictEqual([{ type: 'unqueueable', runId: 'b' }]);
  await of.end();
  const [second] = await claims.take(known, of.waiting()[0]!);
  expect(of.waiting()).toMatchObject([{ queued: { runId: 'b', fireTime: at(3), count: 1 } }]);
  expect(new Set([first, second].map((input) => (input?.type === 'claimed' ? input.runId : 'b'))).size).toBe(2);
  expect(of.held).toStrictEqual(runsOf('backfill', 1, 2));
});

test('P1: the answer of a take out of a range is lost: asked for again it is the same run, and the next tick is not taken for it', async () => {
  const of = await world();
  const known = await of.save();
  let isCut = true;
  const deaf: Coordination = {
    ...of.coordination,
    transact: async (transaction: Transaction) => {
      const answer = await of.coordination.transact(transaction);
      if (isCut) throw new Unavailable('done, and its answer is lost');
      return answer;
    },
  };
  const claims = await of.worker('w1', 0, deaf);
  await of.put(keys.queued('a', 'b'), {
    v: 1,
    runId: 'b',
    job: 'a',
    trigger: 'catchUp',
    fireTime: at(1),
    to: at(3),
    count: 3,
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
  });
  const asked = of.waiting()[0]!;
  expect(await claims.take(known, asked)).toStrictEqual([{ type: 'doubtful', waiting: asked }]);
  isCut = false;
  expect(await claims.take(known, asked)).toMatchObject([{ type: 'claimed' }]);
  expect(of.held).toStrictEqual(runsOf('catchUp', 1));
  expect(of.waiting()).toMatchObject([{ queued: { fireTime: at(2), count: 2 } }]);
  expect(of.dropped).toStrictEqual([]);
});

test('while the job is held, who looks again and again reads one key and writes nothing', async () => {
  const of = await world();
  const known = await of.save();
  const sent: Transaction[] = [];
  const seen: Coordination = { ...of.coordination, transact: (each) => (sent.push(each), of.coordination.transact(each)) };
  const claims = await of.worker('w1', 0, seen);
  await of.put(keys.queued('a', 'q'), {
    v: 1,
    runId: 'q',
    job: 'a',
    trigger: 'manual',
    fireTime: at(0),
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
  });
  await of.put(keys.lock('a'), 'r0');
  for (let looks = 0; looks < 5; looks += 1)
    expect(await claims.take(known, of.waiting()[0]!)).toStrictEqual([{ type: 'unqueueable', runId: 'q' }]);
  expect(sent.slice(1)).toStrictEqual(Array.from({ length: 4 }, () => ({ then: [{ type: 'get', key: keys.lock('a') }] })));
  expect(of.dropped).toHaveLength(1); // one intent was written, and taken away
  await of.end();
  expect(await claims.take(known, of.waiting()[0]!)).toMatchObject([{ type: 'claimed' }]);
});

test('a worker dies between two ticks of a range: another goes on with the next', async () => {
  const of = await world();
  const known = await of.save();
  const [one, two] = [await of.worker('w1'), await of.worker('w2')];
  await of.put(keys.queued('a', 'b'), {
    v: 1,
    runId: 'b',
    job: 'a',
    trigger: 'catchUp',
    fireTime: at(1),
    to: at(2),
    count: 2,
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
  });
  const before = of.waiting()[0]!;
  await one.take(known, before);
  expect(await two.take(known, before)).toStrictEqual([{ type: 'unqueueable', runId: 'b' }]); // seen before w1 took it
  await of.end(); // the leader's finding that it is lost
  await two.take(known, of.waiting()[0]!);
  expect(of.held).toStrictEqual([`catchUp ${at(1)} w1`, `catchUp ${at(2)} w2`]);
  expect(of.waiting()).toStrictEqual([]);
});

test('a catch-up key that a worker takes while a gap would replace it: nothing is lost and nothing told twice', async () => {
  const of = await world({ misfire: { policy: 'once', lateAfterMs: 5_000 } });
  const known = await of.save();
  await of.mark(known, 8);
  const claims = await of.worker('w1');
  await of.put(keys.queued('a', 'c'), {
    v: 1,
    runId: 'c',
    job: 'a',
    trigger: 'catchUp',
    fireTime: at(8),
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
    hash: known.hash,
  });
  const stale = of.waiting()[0]!;
  await claims.take(known, stale);
  await of.end();
  of.setNow(30);
  expect(await claims.claim({ known, standing: stale }, tick(known, 30), 0)).toMatchObject([{ type: 'young' }]); // its compare with the key failed
  expect(of.cursor()?.at).toBe(at(8));
  expect(of.told()).toStrictEqual([]);
  await claims.claim(none(known), tick(known, 30), 0);
  expect(of.waiting()).toMatchObject([{ queued: { trigger: 'catchUp', fireTime: at(25) } }]);
  expect(of.told()).toMatchObject([{ type: 'ticksMissed', from: at(9), to: at(24), count: 16 }]);
});

test('two gaps, the second found before the feed has told what the first left: there is one catch-up key, the newest under once, one range under all', async () => {
  for (const policy of ['once', 'all'] as const) {
    const of = await world({ misfire: { policy, lateAfterMs: 5_000 } });
    const known = await of.save();
    await of.mark(known, 0);
    const [one, two] = [await of.worker('w1'), await of.worker('w2')];
    of.setNow(30);
    await one.claim(none(known), tick(known, 30), 0);
    expect(of.cursor()).toMatchObject({ at: at(25), decision: { fate: 'waiting' } });
    of.setNow(40);
    await two.claim(none(known), tick(known, 40), 0);
    const left = policy === 'once' ? { fireTime: at(35) } : { fireTime: at(1), to: at(35), count: 35 };
    expect(of.waiting()).toMatchObject([{ queued: { trigger: 'catchUp', ...left } }]);
    // A third one, much later: also where the first way to it is a tick that is late itself.
    of.setNow(80);
    await one.claim(none(known), tick(known, 60), 0);
    const last = policy === 'once' ? { fireTime: at(60) } : { fireTime: at(1), to: at(60), count: 60 };
    expect(of.waiting()).toMatchObject([{ queued: { trigger: 'catchUp', ...last } }]);
    const replaced = of.told().filter(({ type }) => type === 'dropped');
    expect(replaced).toHaveLength(policy === 'once' ? 2 : 0);
  }
});

test('what was edited or has expired is not taken: the leader ends it', async () => {
  const of = await world();
  const known = await of.save();
  const claims = await of.worker('w1');
  const base: QueuedRun = {
    v: 1,
    runId: 'q',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
  };
  for (const more of [{ hash: 'another' }, { notAfter: at(0) }]) {
    await of.put(keys.queued('a', 'q'), { ...base, ...more });
    expect(await claims.take(known, of.waiting()[0]!)).toStrictEqual([]);
  }
  expect(of.held).toStrictEqual([]);
  expect(of.waiting()).toHaveLength(1);
});

const replacing = (known: KnownJob, holder: string | undefined, away: readonly Waiting[] = []) =>
  ({ type: 'replace', tick: tick(known, 1), holder, isKilled: false, away }) as const;

test('replace kills the holder, lets what waited give way, and waits, all in one move', async () => {
  const of = await world({ overlap: 'replace' });
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  await of.put(keys.lock('a'), 'r0');
  await of.put(keys.queued('a', 'q0'), {
    v: 1,
    runId: 'q0',
    job: 'a',
    trigger: 'schedule',
    fireTime: at(0),
    attempt: 1,
    notBefore: at(0),
    queuedAt: at(0),
    hash: known.hash,
  });
  of.setNow(1);
  expect(await claims.replace(none(known), replacing(known, 'r0', of.waiting()))).toStrictEqual([]);
  const [left, ...others] = of.waiting();
  expect(others).toStrictEqual([]);
  expect(left?.queued).toMatchObject({ trigger: 'schedule', fireTime: at(1), hash: known.hash });
  expect(JSON.parse(of.entry(keys.killer('a', 'r0'))?.value ?? '')).toMatchObject({
    cause: 'replaced',
    by: `run ${left?.queued.runId ?? ''}`,
  });
  expect(of.told()).toMatchObject([{ type: 'dropped', runId: 'q0', outcome: 'skipped', reason: 'replaced' }]);
});

test.each([
  ['the holder has ended by itself', undefined, { type: 'away' }],
  ['another run holds the job now', 'r1', { type: 'busy', holder: 'r1' }],
])('replace where %s changes nothing and is decided anew', async (_what, lock, input) => {
  const of = await world({ overlap: 'replace' });
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  if (lock) await of.put(keys.lock('a'), lock);
  of.setNow(1);
  expect(await claims.replace(none(known), replacing(known, 'r0'))).toMatchObject([input]);
  expect(of.cursor()?.at).toBe(at(0));
  expect(of.entry(keys.killer('a', 'r0'))).toBeUndefined();
  expect(of.waiting()).toStrictEqual([]);
});

test('P5: replace leaves the kill of a person as it stands, and comes again when it has heard of it', async () => {
  const of = await world({ overlap: 'replace' });
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  await of.put(keys.lock('a'), 'r0');
  await of.put(keys.killer('a', 'r0'), { v: 1, at: at(0), by: 'ann', cause: 'killed' });
  of.setNow(1);
  expect(await claims.replace(none(known), replacing(known, 'r0'))).toMatchObject([{ type: 'away' }]);
  expect(await claims.replace(none(known), { ...replacing(known, 'r0'), isKilled: true })).toStrictEqual([]);
  expect(JSON.parse(of.entry(keys.killer('a', 'r0'))?.value ?? '')).toMatchObject({ by: 'ann', cause: 'killed' });
  expect(of.waiting()).toHaveLength(1);
});

const everywhere = { placement: { mode: 'all' } };

test('placement all: each worker claims each tick, with cursor and lock of its own', async () => {
  const of = await world(everywhere);
  const known = await of.save();
  await of.mark(known, 0);
  const [one, two] = [await of.worker('w1'), await of.worker('w2')];
  of.setNow(1);
  await Promise.all([one, two].map((claims) => claims.claim(none(known), tick(known, 1), 0)));
  expect(of.held.toSorted()).toStrictEqual([`schedule ${at(1)} w1`, `schedule ${at(1)} w2`]);
  expect([of.cursor()?.at, of.cursor('w1')?.at, of.cursor('w2')?.at]).toStrictEqual([at(0), at(1), at(1)]);
  of.setNow(2);
  expect(await one.claim(none(known), tick(known, 2), 0)).toMatchObject([{ type: 'busy' }]);
  expect(of.entry(keys.lock('a'))).toBeUndefined();
});

test('placement all: a job that was just put by hand has no mark yet, and so no gap, however long the worker has been there', async () => {
  const of = await world({ ...everywhere, misfire: { policy: 'all', lateAfterMs: 5_000 } });
  const known = await of.save();
  const claims = await of.worker('w1');
  of.setNow(1);
  expect(await claims.claim(none(known), tick(known, 1), 0)).toMatchObject([{ type: 'claimed' }]);
  expect(of.waiting()).toStrictEqual([]);
  expect(of.told()).toStrictEqual([]);
});

test('placement all: nor has one whose mark is of the schedule before', async () => {
  const of = await world(everywhere);
  const before = await of.save({ cronExpr: '0 * * * * * *' });
  await of.mark(before, -600);
  await of.mark(before, -60, 'w1');
  const known = await of.save();
  const claims = await of.worker('w1');
  of.setNow(1);
  expect(await claims.claim(none(known), tick(known, 1), 0)).toMatchObject([{ type: 'claimed' }]);
  expect(of.told()).toStrictEqual([]);
});

test('P3: placement all: ticks between the mark of an edit and the first claim are told, though the own cursor is of the schedule before', async () => {
  const of = await world(everywhere);
  const before = await of.save({ cronExpr: '0 * * * * * *' });
  await of.mark(before, -60, 'w1');
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  of.setNow(9);
  expect(await claims.claim(none(known), tick(known, 9), 0)).toMatchObject([
    { type: 'young', ticks: [{ fireTime: start + 5_000 }, {}, {}, {}, {}] },
  ]);
  expect(of.told()).toMatchObject([{ type: 'ticksMissed', from: at(1), to: at(4), of: 'w1' }]);
});

test('placement all: what came due before the worker was there is no concern of it', async () => {
  const of = await world(everywhere);
  const known = await of.save();
  await of.mark(known, -600);
  await of.mark(known, -300, 'w1'); // of its life before
  const claims = await of.worker('w1', start + 500);
  of.setNow(1);
  expect(await claims.claim(none(known), { ...tick(known, 0) }, 0)).toStrictEqual([]);
  expect(await claims.look(known, tick(known, 0))).toStrictEqual([]);
  expect(await claims.claim(none(known), tick(known, 1), 0)).toMatchObject([{ type: 'claimed' }]);
  expect(of.told()).toStrictEqual([]);
});

test('P3: placement all: a tick that comes too late is told with all that lies undecided since the mark', async () => {
  const of = await world(everywhere);
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  of.setNow(20);
  expect(await claims.claim(none(known), tick(known, 9), 0)).toStrictEqual([]);
  expect(of.told()).toMatchObject([{ type: 'ticksMissed', from: at(1), to: at(9), count: 9, of: 'w1' }]);
});

test('mode changed from one to all and back: each schedule begins at its mark, no tick is run twice or told', async () => {
  const of = await world();
  const one = await of.save();
  await of.mark(one, 0);
  const claims = await of.worker('w1');
  of.setNow(1);
  await claims.claim(none(one), tick(one, 1), 0);
  await of.end();
  const all = await of.save(everywhere);
  await of.mark(all, 2);
  of.setNow(3);
  expect(await claims.claim(none(one), tick(one, 3), 0)).toStrictEqual([]); // planned before the edit was heard of
  await claims.claim(none(all), tick(all, 3), 0);
  const back = await of.save({ placement: { mode: 'one' } });
  await of.mark(back, 4);
  of.setNow(5);
  await claims.claim(none(back), tick(back, 5), 0);
  expect(of.held).toStrictEqual(runsOf('schedule', 1, 3, 5));
  expect(of.told()).toStrictEqual([]);
});

test('an edit that keeps the tick: it waits under the hash of the new version, so that it is not ended as of the old one', async () => {
  const of = await world({ overlap: { policy: 'queue', max: 2 } });
  const known = await of.save();
  await of.mark(known, 0);
  const claims = await of.worker('w1');
  await of.put(keys.lock('a'), 'r0');
  const edited = await of.save({ cronExpr: '*/1 * * * * * *', timezone: 'UTC' });
  await of.mark(edited, 0);
  of.setNow(1);
  await claims.enqueue(none(known), tick(known, 1), true);
  expect(of.waiting()).toMatchObject([{ queued: { fireTime: at(1), hash: edited.hash } }]);
});
