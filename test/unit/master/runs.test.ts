import { expect, test } from 'vitest';
import type { StoredRunEvent } from '../../../src/domain/events.ts';
import { aJob, aQueued, anEndedRun, aRun, AT, createMemoryRunLog, keys, startMaster, until } from './support.ts';

const id = (n: number): string => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;

test('runs come newest first, live and ended in one list, none twice, whatever the page', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  for (const n of [1, 2, 3, 5, 7, 8]) runLog.add(...anEndedRun('a', id(n)));
  for (const n of [4, 9]) await master.put(keys.run('a', id(n)), aRun('a', id(n)));
  // Ended, and still in the store: the log has it already.
  await master.put(keys.run('a', id(8)), aRun('a', id(8), { state: 'ended', outcome: 'succeeded', endedAt: AT }));
  // Ended, and the log lags behind.
  await master.put(keys.run('a', id(6)), aRun('a', id(6), { state: 'ended', outcome: 'failed', endedAt: AT }));
  await master.api('PUT', '/jobs/b', aJob('b'));
  await master.put(keys.queued('b', id(10)), aQueued('b', id(10)));
  await until(
    () => master.api('GET', `/runs/${id(10)}`),
    ({ statusCode }) => statusCode === 200,
  );
  await until(
    () => master.api('GET', `/runs/${id(6)}`),
    ({ statusCode }) => statusCode === 200,
  );
  for (const limit of [1, 2, 3, 4, 7, 100]) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await master.api('GET', `/runs?limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`)).json<{
        items: { id: string; state: string }[];
        nextCursor?: string;
      }>();
      found.push(...page.items.map((run) => `${Number(run.id.slice(-12))} ${run.state}`));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(found).toStrictEqual([
      '10 queued',
      '9 running',
      '8 finished',
      '7 finished',
      '6 finished',
      '5 finished',
      '4 running',
      '3 finished',
      '2 finished',
      '1 finished',
    ]);
  }
  const failed = (await master.api('GET', '/runs?outcome=failed')).json<{ items: { id: string }[] }>();
  expect(failed.items.map((run) => run.id)).toStrictEqual([id(6)]);
  expect((await master.api('GET', '/runs?job=b')).json()).toMatchObject({ items: [{ id: id(10) }] });
  for (const query of ['limit=0', 'from=yesterday', 'outcome=fine', 'colour=red'])
    expect((await master.api('GET', `/runs?${query}`)).statusCode).toBe(400);
});

/** A master that has seen the end of the run 1, of which its log has nothing yet; and what tells whether an answer is still waited for. */
const justEnded = async () => {
  const runLog = createMemoryRunLog();
  const master = await startMaster({ runLog });
  const endedAt = new Date().toISOString();
  await master.put(keys.run('a', id(1)), aRun('a', id(1), { state: 'ended', outcome: 'succeeded', endedAt }));
  await until(
    () => master.api('GET', `/runs/${id(1)}`),
    ({ statusCode }) => statusCode === 200,
  );
  return { runLog, master };
};
const isStillWaiting = async (answer: Promise<unknown>): Promise<boolean> => {
  let isAnswered = false;
  void answer.then(() => (isAnswered = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  return !isAnswered;
};

test('a search by text waits for the log of a run whose end is seen', async () => {
  const { runLog, master: ended } = await justEnded();
  await using master = ended;
  const found = master.api('GET', '/runs?q=needle');
  expect(await isStillWaiting(found)).toBe(true);
  runLog.add(...anEndedRun('a', id(1), ['a needle\n']));
  expect((await found).json()).toMatchObject({ items: [{ id: id(1) }] });
});

test('who reads the output of a run that has just ended gets all of it, also while the log is a moment behind', async () => {
  const { runLog, master: ended } = await justEnded();
  await using master = ended;
  const events = anEndedRun('a', id(1), ['one\n', 'the last line\n']);
  runLog.add(...events.slice(0, 3));
  const asked = master.api('GET', `/runs/${id(1)}/output`);
  expect(await isStillWaiting(asked)).toBe(true);
  runLog.add(...events.slice(3));
  expect((await asked).body).toBe('one\nthe last line\n');
});

test('a live run is shown with what its events tell', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  await master.put(keys.run('a', id(1)), aRun('a', id(1)));
  runLog.add(...anEndedRun('a', id(1)).slice(0, 2));
  await until(
    () => master.api('GET', `/runs/${id(1)}`),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await master.api('GET', `/runs/${id(1)}`)).json()).toMatchObject({
    state: 'running',
    pid: 42,
    startedAt: AT,
    worker: 'w1',
  });
  expect((await master.api('GET', '/runs/none')).json()).toMatchObject({ status: 404, code: 'noSuchRun' });
});

test('output is answered byte by byte, attempts one after the other', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const bytes = Uint8Array.from([0, 255, 27, 91, 51, 49, 109, 10, 195]);
  runLog.add(...anEndedRun('a', id(1), ['one\n', 'two\n']), ...anEndedRun('a', id(1), ['three\n'], 2));
  const exact = { v: 1, type: 'output', job: 'a', runId: id(1), attempt: 3, seq: 0, at: AT, offset: 0, data: bytes } as const;
  runLog.add(exact);
  const output = async (query = '') => (await master.api('GET', `/runs/${id(1)}/output${query}`)).rawPayload;
  const all = Buffer.concat([Buffer.from('one\ntwo\nthree\n'), bytes]);
  expect(await output()).toStrictEqual(all);
  expect(await output('?from=5')).toStrictEqual(all.subarray(5));
  expect(await output('?tail=12')).toStrictEqual(all.subarray(-12));
  expect(await output('?tail=0')).toStrictEqual(Buffer.from(''));
  expect(await output('?tail=1000')).toStrictEqual(all);
  expect((await output('?attempt=2')).toString()).toBe('three\n');
  const plain = await master.api('GET', `/runs/${id(1)}/output`);
  expect(plain.headers['content-type']).toMatch(/^text\/plain/);
  expect(plain.headers['x-content-type-options']).toBe('nosniff');
  const chunks = (await master.api('GET', `/runs/${id(1)}/output?limit=2`, undefined, { accept: 'application/json' })).json<{
    items: object[];
    nextCursor: string;
  }>();
  expect(chunks.items).toMatchObject([
    { attempt: 1, seq: 2, at: AT, offset: 0, data: Buffer.from('one\n').toString('base64') },
    { attempt: 1, seq: 3, offset: 4 },
  ]);
  const rest = await master.api('GET', `/runs/${id(1)}/output?cursor=${chunks.nextCursor}`, undefined, {
    accept: 'application/json',
  });
  expect(rest.json()).toMatchObject({ items: [{ attempt: 2 }, { attempt: 3, data: Buffer.from(bytes).toString('base64') }] });
  expect((await master.api('GET', '/runs/none/output')).json()).toMatchObject({ status: 404, code: 'noSuchRun' });
  for (const query of ['?from=-1', '?tail=x', '?from=1&tail=1', '?attempt=0', '?tail=99999999999'])
    expect((await master.api('GET', `/runs/${id(1)}/output${query}`)).statusCode).toBe(400);
});

test('where bytes were dropped the text says so in a line of its own, which counts in offsets; the numbered chunks have none', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  const piece = (seq: number, text: string, droppedBytes?: number) =>
    ({
      v: 1,
      type: 'output',
      job: 'a',
      runId: id(1),
      attempt: 1,
      seq,
      at: AT,
      offset: seq * 100,
      data: new TextEncoder().encode(text),
      ...(droppedBytes !== undefined && { droppedBytes }),
    }) as const;
  // In the middle of a line; two that are gone one after the other; at the end of a line; and at the very end.
  runLog.add(piece(0, 'begin'), piece(1, 'mid\n', 70), piece(2, '', 5), piece(3, '', 6), piece(4, 'tail\n'), piece(5, '', 9));
  const mark = (bytes: number) => `[cronstream: ${String(bytes)} bytes were dropped here]\n`;
  const whole = `begin\n${mark(70)}mid\n${mark(11)}tail\n${mark(9)}`;
  const output = async (query = '') => (await master.api('GET', `/runs/${id(1)}/output${query}`)).body;
  expect(await output()).toBe(whole);
  for (let tail = 1; tail <= whole.length + 1; tail += 1) expect(await output(`?tail=${String(tail)}`)).toBe(whole.slice(-tail));
  for (const from of [3, 8, 60, whole.length]) expect(await output(`?from=${String(from)}`)).toBe(whole.slice(from));
  const chunks = await master.api('GET', `/runs/${id(1)}/output`, undefined, { accept: 'application/json' });
  expect(chunks.json<{ items: { droppedBytes?: number }[] }>().items.map(({ droppedBytes }) => droppedBytes)).toEqual([
    undefined,
    70,
    5,
    6,
    undefined,
    9,
  ]);
});

test('the end of a long output is read from its end', async () => {
  const runLog = createMemoryRunLog();
  const lines = Array.from({ length: 1_000 }, (_, n) => `line ${String(n)}\n`);
  runLog.add(...anEndedRun('a', id(1), lines), ...anEndedRun('a', id(1), ['again\n'], 2));
  let read = 0;
  const counting = async (found: Promise<readonly StoredRunEvent[]>) => {
    read += (await found).length;
    return found;
  };
  await using master = await startMaster({
    runLog: {
      ...runLog,
      eventsOf: (...asked) => counting(runLog.eventsOf(...asked)),
      eventsAbout: (...asked) => counting(runLog.eventsAbout(...asked)),
    },
  });
  const all = [...lines, 'again\n'].join('');
  const output = async (query: string) => (await master.api('GET', `/runs/${id(1)}/output${query}`)).body;
  expect(await output('?tail=40')).toBe(all.slice(-40));
  expect(await output('?tail=0')).toBe('');
  expect(await output('?tail=20&attempt=1')).toBe(lines.join('').slice(-20));
  expect(await output('?attempt=2')).toBe('again\n');
  expect(read).toBeLessThan(100);
  expect(await output('?tail=5000')).toBe(all.slice(-5_000));
  expect(await output('?tail=100000')).toBe(all);
});

test('a run that has printed nothing yet has empty output', async () => {
  await using master = await startMaster();
  await master.put(keys.run('a', id(1)), aRun('a', id(1)));
  const answer = await until(
    () => master.api('GET', `/runs/${id(1)}/output`),
    ({ statusCode }) => statusCode === 200,
  );
  expect(answer.body).toBe('');
});

test('events are answered in order and in pages, bytes in base64', async () => {
  const runLog = createMemoryRunLog();
  await using master = await startMaster({ runLog });
  runLog.add(...anEndedRun('a', id(1), ['hi\n']));
  const first = (await master.api('GET', `/runs/${id(1)}/events?limit=3`)).json<{ items: object[]; nextCursor: string }>();
  expect(first.items).toMatchObject([
    { type: 'claimed', id: `${id(1)}/001/00000000` },
    { type: 'started' },
    { type: 'output', data: 'aGkK' },
  ]);
  const rest = await master.api('GET', `/runs/${id(1)}/events?cursor=${encodeURIComponent(first.nextCursor)}`);
  expect(rest.json()).toMatchObject({ items: [{ type: 'finished', outcome: 'succeeded' }] });
});
