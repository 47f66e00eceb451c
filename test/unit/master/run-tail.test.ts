import { expect, onTestFinished, test, vi } from 'vitest';
import { eventId, type RunEvent, type StoredRunEvent } from '../../../src/domain/events.ts';
import { runTail, START, type Place, type RunTailDeps } from '../../../src/master/run-tail.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { anEndedRun, AT, createMemoryRunLog } from './support.ts';

const idsOf = (events: readonly StoredRunEvent[]): string[] => events.map(eventId);

/** Follows a run until so many events came. */
const follow = async (
  log: Pick<RunTailDeps['runLog'], 'event' | 'eventsOf'>,
  count: number,
  start: Place = START,
  onEvent?: (n: number) => void,
) => {
  const end = new AbortController();
  const found: StoredRunEvent[] = [];
  const tail = runTail('r', start, {
    runLog: log,
    clock: systemClock,
    signal: end.signal,
    mayRead: () => true,
    onError: () => undefined,
    lookMs: 1,
  });
  for await (const event of tail) {
    found.push(event);
    onEvent?.(found.length);
    if (found.length === count) end.abort();
  }
  return found;
};

const run = anEndedRun(
  'a',
  'r',
  Array.from({ length: 250 }, (_, n) => `line ${n}\n`),
);
const output = (attempt: number, seq: number): RunEvent => ({
  v: 1,
  type: 'output',
  job: 'a',
  runId: 'r',
  attempt,
  seq,
  at: AT,
  offset: 0,
  data: new Uint8Array(1),
});

test('what the log has and what comes join without a gap and without a double', async () => {
  const log = createMemoryRunLog();
  log.add(...run.slice(0, 150));
  let told = 150;
  const found = await follow(log, run.length, START, (n) => {
    if (n === told && told < run.length) log.add(...run.slice(told, (told += 7)));
  });
  expect(idsOf(found)).toStrictEqual(idsOf(run));
});

test('from a place on, only what is after it', async () => {
  const log = createMemoryRunLog();
  log.add(...run);
  expect(idsOf(await follow(log, 3, { attempt: 1, seq: 248 }))).toStrictEqual(idsOf(run.slice(249, 252)));
});

test('a batch that becomes visible in any order is told in order', async () => {
  const log = createMemoryRunLog();
  log.add(run[0]!, run[2]!, run[3]!, run[1]!);
  const hidden = new Set(idsOf([run[1]!]));
  let looks = 0;
  const late = {
    eventsOf: async (...args: Parameters<typeof log.eventsOf>) =>
      (await log.eventsOf(...args)).filter((event) => !hidden.has(eventId(event))),
    event: async (id: string) => {
      looks += 1;
      if (looks > 20) hidden.clear();
      return hidden.has(id) ? undefined : log.event(id);
    },
  };
  expect(idsOf(await follow(late, 4))).toStrictEqual(idsOf(run.slice(0, 4)));
});

test('the next attempt comes after all of this one, though it is in the log before', async () => {
  const log = createMemoryRunLog();
  const ended: RunEvent = { ...output(1, 1), type: 'attemptEnded', outcome: 'failed' } as never;
  log.add(output(1, 0), output(2, 0));
  const found = await follow(log, 3, START, (n) => {
    if (n === 1) log.add(ended);
  });
  expect(idsOf(found)).toStrictEqual(idsOf([output(1, 0), ended, output(2, 0)]));
});

test('the end that a leader tells comes once, and a number that the log refused is passed over in the end', async () => {
  const log = createMemoryRunLog();
  const lost: RunEvent = { v: 1, type: 'lost', job: 'a', runId: 'r', attempt: 1, at: AT, reason: 'workerGone', worker: 'w' };
  log.add(output(1, 0), output(1, 2), lost);
  expect(idsOf(await follow(log, 3)).sort()).toStrictEqual(idsOf([output(1, 0), output(1, 2), lost]).sort());
});

test.each([
  ['that was lost', { nextAttemptAt: AT }],
  ['of a run that had been taken for lost altogether', { nextAttemptAt: undefined }],
])('each event of an attempt after one %s is told at the next look', async (_what, next) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const log = createMemoryRunLog();
  const lost: RunEvent = {
    ...{ v: 1, type: 'lost', job: 'a', runId: 'r', attempt: 1, at: AT, reason: 'workerGone', worker: 'w' },
    ...next,
  } as never;
  log.add(output(1, 0), lost);
  const end = new AbortController();
  const deps = { runLog: log, clock: systemClock, signal: end.signal, mayRead: () => true, onError: () => undefined };
  const found: string[] = [];
  const reading = (async () => {
    for await (const event of runTail('r', START, { ...deps, lookMs: 100 })) found.push(eventId(event));
  })();
  const add = async (event: RunEvent, waitedMs: number) => {
    log.add(event);
    await vi.advanceTimersByTimeAsync(waitedMs);
    expect(found.at(-1)).toBe(eventId(event));
  };
  await vi.advanceTimersByTimeAsync(30_050);
  expect(found).toHaveLength(2);
  await add(output(2, 0), next.nextAttemptAt === undefined ? 1_300 : 100);
  await vi.advanceTimersByTimeAsync(5_000);
  await add(output(2, 1), 100);
  end.abort();
  await vi.advanceTimersByTimeAsync(2_000);
  await reading;
});

test('while nobody takes what it reads, it reads nothing; a log that is away is asked again', async () => {
  const log = createMemoryRunLog();
  log.add(...run.slice(0, 2));
  const errors: unknown[] = [];
  let failures = 3;
  let [asked, mayRead] = [0, false];
  const end = new AbortController();
  const tail = runTail('r', START, {
    runLog: {
      event: log.event,
      eventsOf: async (...args) => {
        asked += 1;
        if (failures-- > 0) throw new Error('away');
        return log.eventsOf(...args);
      },
    },
    clock: systemClock,
    signal: end.signal,
    mayRead: () => mayRead,
    onError: (error) => errors.push(error),
    lookMs: 1,
  });
  const first = tail.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toBe(0);
  mayRead = true;
  expect((await first).value).toMatchObject({ type: 'claimed' });
  expect(errors).toHaveLength(3);
  end.abort();
  expect((await tail.next()).done).toBe(true);
});
