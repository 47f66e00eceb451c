import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { formatCursor } from '../../../src/domain/tick.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import type { QueuedRun } from '../../../src/domain/values.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { Unavailable, type Coordination, type Transacted } from '../../../src/streams/ports.ts';
import { createClaims } from '../../../src/worker/claims.ts';

const AT = '2027-01-31T09:00:00.000Z';

test('P1: a queued run whose answer was lost is found again by its run key, and started once', async () => {
  const keys = createKeys();
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * *' }), 1);
  if (!read.ok) throw new Error('not a job');
  const sent: Transaction[] = [];
  const transact = async (transaction: Transaction): Promise<Transacted> => {
    sent.push(transaction);
    if (sent.length === 1) throw new Unavailable('done, and its answer is lost');
    const put = sent[0]?.then.find((each) => each.type === 'put' && each.key === keys.run('a', 'r1'));
    const value = put?.type === 'put' ? put.value : '';
    const run = { key: keys.run('a', 'r1'), value, revision: 7, created: 7 };
    return { succeeded: false, revision: 9, reads: [undefined, undefined, undefined, run] };
  };
  const held: [runId: string, fence: number, isOld: boolean | undefined][] = [];
  const dropped: string[] = [];
  const claims = createClaims({
    coordination: { transact } as unknown as Coordination,
    keys,
    clock: systemClock,
    me: { id: 'w1', name: 'one', registeredAt: 0 },
    intents: {
      write: async () => undefined,
      claimed: async ({ live, fence }, isOld) => void held.push([live.runId, fence, isOld]),
      drop: async (runId) => void dropped.push(runId),
    },
    read: () => undefined,
  });
  const queued: QueuedRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'manual',
    fireTime: AT,
    attempt: 1,
    notBefore: AT,
    queuedAt: AT,
  };
  const waiting = { queued, revision: 5, created: 5 };
  expect(await claims.take(read.value, waiting)).toStrictEqual([{ type: 'doubtful', waiting }]);
  expect(dropped).toStrictEqual([]); // the intent stays: it may have become a claim
  expect(await claims.take(read.value, waiting)).toStrictEqual([{ type: 'claimed', runId: 'r1', attempt: 1 }]);
  expect(held).toStrictEqual([['r1', 7, true]]);
  const put = sent[0]?.then.find((each) => each.type === 'put' && each.key === keys.run('a', 'r1'));
  // For a kill of the whole job that was put while it waited (duties.ts).
  expect(put?.type === 'put' && JSON.parse(put.value)).toMatchObject({ waitedSince: 5 });
});

test('P4: two looks at one queued run at one time take it once, and the one that is refused takes nothing away from it', async () => {
  const keys = createKeys();
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * *' }), 1);
  if (!read.ok) throw new Error('not a job');
  const happened: string[] = [];
  let isFree = false;
  const claims = createClaims({
    coordination: {
      transact: async (): Promise<Transacted> => {
        happened.push('asked');
        await new Promise((resolve) => setImmediate(resolve));
        return isFree ? { succeeded: true, revision: 9, reads: [] } : { succeeded: false, revision: 8, reads: [] };
      },
    } as unknown as Coordination,
    keys,
    clock: systemClock,
    me: { id: 'w1', name: 'one', registeredAt: 0 },
    intents: {
      write: async () => void happened.push('written'),
      claimed: async () => void happened.push('held'),
      drop: async () => {
        isFree = true; // whoever comes next gets it
        await new Promise((resolve) => setImmediate(resolve));
        happened.push('dropped');
      },
    },
    read: () => undefined,
  });
  const queued: QueuedRun = {
    v: 1,
    runId: 'r1',
    job: 'a',
    trigger: 'manual',
    fireTime: AT,
    attempt: 1,
    notBefore: AT,
    queuedAt: AT,
  };
  const waiting = { queued, revision: 5, created: 5 };
  const answers = await Promise.all([1, 2, 3].map(() => claims.take(read.value, waiting)));
  expect(answers[0]).toStrictEqual([]);
  expect(answers.slice(1).toSorted((a, b) => b.length - a.length)).toStrictEqual([
    [{ type: 'claimed', runId: 'r1', attempt: 1 }],
    [],
  ]);
  expect(happened).toStrictEqual(['written', 'asked', 'dropped', 'written', 'asked', 'held']);
});

test('P1: a claim of a range whose answer was lost is found again, though the next tick of the range was refused meanwhile', async () => {
  const keys = createKeys();
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * *' }), 1);
  if (!read.ok) throw new Error('not a job');
  let lost: { readonly key: string; readonly value: string; readonly revision: number; readonly created: number } | undefined;
  const rest = { key: keys.queued('a', 'b1'), value: '{}', revision: 7, created: 5 };
  const claims = createClaims({
    coordination: {
      transact: async ({ then, else: reads = [] }: Transaction): Promise<Transacted> => {
        const put = then.find((each) => each.type === 'put' && each.key.startsWith(keys.runsOf('a')));
        if (put?.type !== 'put')
          return { succeeded: true, revision: 9, reads: [lost && { ...lost, key: keys.lock('a'), value: 'held' }] };
        if (!lost) {
          lost = { key: put.key, value: put.value, revision: 7, created: 7 };
          throw new Unavailable('done, and its answer is lost');
        }
        const at = new Map([lost, rest].map((each) => [each.key, each]));
        return { succeeded: false, revision: 9, reads: reads.map((each) => at.get(each.key)) };
      },
    } as unknown as Coordination,
    keys,
    clock: systemClock,
    me: { id: 'w1', name: 'one', registeredAt: 0 },
    intents: { write: async () => undefined, claimed: async () => undefined, drop: async () => undefined },
    read: () => undefined,
  });
  const queued: QueuedRun = {
    v: 1,
    runId: 'b1',
    job: 'a',
    trigger: 'backfill',
    fireTime: AT,
    to: '2027-01-31T09:05:00.000Z',
    attempt: 1,
    notBefore: AT,
    queuedAt: AT,
  };
  const first = { queued, revision: 5, created: 5 };
  expect(await claims.take(read.value, first)).toStrictEqual([{ type: 'doubtful', waiting: first }]);
  const second = { queued: { ...queued, fireTime: '2027-01-31T09:01:00.000Z' }, revision: 7, created: 5 };
  expect(await claims.take(read.value, second)).toStrictEqual([{ type: 'unqueueable', runId: 'b1' }]);
  expect(await claims.take(read.value, first)).toMatchObject([{ type: 'claimed', attempt: 1 }]);
});

test('P3: a claim whose answer was lost is asked for again, though the worker is full by now or the job busy', async () => {
  const keys = createKeys();
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * *' }), 1);
  if (!read.ok) throw new Error('not a job');
  const fireTime = Date.now();
  const tick = { job: 'a', fireTime, nominalAt: fireTime, prev: fireTime - 60_000, revision: 1 };
  const of = { known: read.value, standing: undefined };
  const again = ['enqueue', 'skip', 'replace'] as const;
  for (const how of again) {
    let lost: { readonly key: string; readonly value: string } | undefined;
    const claims = createClaims({
      coordination: {
        transact: async ({ then, else: reads = [] }: Transaction): Promise<Transacted> => {
          const put = then.find((each) => each.type === 'put' && each.key.startsWith(keys.runsOf('a')));
          if (!lost && put?.type === 'put') {
            lost = { key: put.key, value: put.value };
            throw new Unavailable('done, and its answer is lost');
          }
          const at = (key: string, value: string) => ({ key, value, revision: 7, created: 7 });
          const cursor = formatCursor({ at: toInstant(fireTime), decision: { v: 1, hash: read.value.hash } });
          const found = reads.map((each) =>
            each.key === lost?.key ? at(each.key, lost.value) : each.key === keys.tick('a') ? at(each.key, cursor) : undefined,
          );
          return { succeeded: false, revision: 9, reads: found };
        },
      } as unknown as Coordination,
      keys,
      clock: systemClock,
      me: { id: 'w1', name: 'one', registeredAt: 0 },
      intents: { write: async () => undefined, claimed: async () => undefined, drop: async () => undefined },
      read: () => undefined,
    });
    expect(await claims.claim(of, tick, 0)).toStrictEqual([{ type: 'away', tick }]);
    const answer =
      how === 'enqueue'
        ? claims.enqueue(of, tick, false)
        : how === 'skip'
          ? claims.skip(of, tick, 'overlap')
          : claims.replace(of, { type: 'replace', tick, holder: undefined, isKilled: false, away: [] });
    expect(await answer).toMatchObject([{ type: 'claimed', attempt: 1 }]);
  }
});

test('P1: a claim whose answer was lost before the wall clock was set back is found, and none is sent before its time', async () => {
  const keys = createKeys();
  const read = readJob('a', JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * *' }), 1);
  if (!read.ok) throw new Error('not a job');
  const of = { known: read.value, standing: undefined };
  const fireTime = Date.parse(AT);
  const tick = { job: 'a', fireTime, nominalAt: fireTime, prev: fireTime - 60_000, revision: 1 };
  for (const cameThrough of [true, false]) {
    const sent: Transaction[] = [];
    let now = fireTime + 1;
    const claims = createClaims({
      coordination: {
        transact: async (transaction: Transaction): Promise<Transacted> => {
          sent.push(transaction);
          if (sent.length === 1) throw new Unavailable('no answer');
          const first = transaction.then[0];
          const put = sent[0]?.then.find((each) => each.type === 'put' && each.key === first?.key);
          const run =
            put?.type === 'put' && cameThrough ? { key: put.key, value: put.value, revision: 7, created: 7 } : undefined;
          return { succeeded: true, revision: 9, reads: [run] };
        },
      } as unknown as Coordination,
      keys,
      clock: { ...systemClock, now: () => now },
      me: { id: 'w1', name: 'one', registeredAt: 0 },
      intents: { write: async () => undefined, claimed: async () => undefined, drop: async () => undefined },
      read: () => undefined,
    });
    expect(await claims.claim(of, tick, 0)).toStrictEqual([{ type: 'away', tick }]);
    now -= 3_600_000;
    const answer = await claims.claim(of, tick, 0);
    expect(answer).toMatchObject(cameThrough ? [{ type: 'claimed', attempt: 1 }] : [{ type: 'away', tick }]);
    expect(sent.slice(1).flatMap(({ then }) => then.map(({ type }) => type))).toStrictEqual(['get']);
  }
});
