// The one suite of the RunLog port, on every adapter.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { uuidv7 } from 'uuidv7';
import { eventId, type EventOf, type RunEvent } from '../../src/domain/events.ts';
import { createEmbeddedRunLog } from '../../src/stores/embedded/run-log.ts';
import { openEmbedded } from '../../src/stores/embedded/env.ts';
import { openMongoRunLog } from '../../src/stores/mongo/run-log.ts';
import { Unavailable, type RunLog } from '../../src/streams/ports.ts';
import { onEveryMongo } from '../support/needs.ts';
import { startMongo, uniqueName, freePort } from '../support/servers.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** The events of a run that printed these chunks. */
const runOf = (
  job: string,
  chunks: readonly Uint8Array[] = [new TextEncoder().encode('hi\n')],
  more: Partial<EventOf<'finished'>> = {},
  claim: Partial<EventOf<'claimed'>> = {},
) => {
  const of = { v: 1, job, runId: uuidv7(), attempt: 1 } as const;
  let offset = 0;
  const outputs = chunks.map((data, index): RunEvent => {
    const event: RunEvent = { ...of, type: 'output', seq: 2 + index, at: at(3), offset, data };
    offset += data.length;
    return event;
  });
  const events: readonly RunEvent[] = [
    {
      ...of,
      type: 'claimed',
      seq: 0,
      at: at(1),
      trigger: 'schedule',
      fireTime: at(0),
      worker: 'w1',
      workerName: 'one',
      fence: 5,
      jobRevision: 2,
      command: 'echo',
      latenessMs: 1000,
      ...claim,
    },
    { ...of, type: 'started', seq: 1, at: at(2), pid: 42, host: 'h' },
    ...outputs,
    {
      ...of,
      type: 'finished',
      seq: 2 + chunks.length,
      at: at(5),
      outcome: 'succeeded',
      exitCode: 0,
      durationMs: 3000,
      outputBytes: offset,
      ...more,
    },
  ];
  return { runId: of.runId, events };
};

const runLogContract = (open: () => { readonly log: () => RunLog; readonly job: (stem: string) => string }): void => {
  const { log, job } = open();

  test('a batch sent twice is there once', async () => {
    const { runId, events } = runOf(job('twice'));
    expect(await log().append(events)).toStrictEqual({ refused: [], conflicts: [] });
    expect(await log().append(events)).toStrictEqual({ refused: [], conflicts: [] });
    expect((await log().eventsOf(runId, { limit: 100 })).map(eventId)).toStrictEqual(events.map(eventId));
  });

  test('the same id with other content is a conflict, and the first stays', async () => {
    const { runId, events } = runOf(job('conflict'));
    await log().append(events);
    const [claimed, started] = events;
    if (!claimed || started?.type !== 'started') throw new Error('no events');
    const other = { ...started, pid: 43 };
    expect(await log().append([claimed, other])).toStrictEqual({ refused: [], conflicts: [eventId(other)] });
    expect(await log().event(eventId(other))).toMatchObject({ pid: 42 });
    expect(await log().eventsOf(runId, { limit: 1 })).toHaveLength(1);
  });

  test('output comes back byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { runId, events } = runOf(job('bytes'), [bytes, Uint8Array.of(0xff, 0, 0xfe)]);
    await log().append(events);
    const outputs = (await log().eventsOf(runId, { limit: 100 })).flatMap((event) =>
      event.type === 'output' ? [[...event.data]] : [],
    );
    expect(outputs).toStrictEqual([[...bytes], [0xff, 0, 0xfe]]);
  });

  test('an ended run has its document, a running one has none', async () => {
    const { runId, events } = runOf(job('document'));
    await log().append(events.slice(0, 3));
    expect(await log().run(runId)).toBeUndefined();
    await log().append(events.slice(3));
    expect(await log().run(runId)).toMatchObject({
      _id: runId,
      output: 'hi\n',
      planTime: Date.parse(at(0)),
      outcome: 'succeeded',
      run: { state: 'finished', exitCode: 0 },
    });
  });

  test('a finished that comes after lost corrects the document', async () => {
    const { runId, events } = runOf(job('corrected'));
    const lost: RunEvent = {
      v: 1,
      type: 'lost',
      job: events[0]?.job ?? '',
      runId,
      attempt: 1,
      at: at(4),
      reason: 'workerGone',
      worker: 'w1',
    };
    await log().append([...events.slice(0, 2), lost]);
    expect(await log().run(runId)).toMatchObject({ outcome: 'lost', reason: 'workerGone' });
    await log().append(events.slice(2));
    expect(await log().run(runId)).toMatchObject({ outcome: 'succeeded', output: 'hi\n' });
  });

  test('output that comes after the end is in the document too', async () => {
    const { runId, events } = runOf(job('late'));
    await log().append(events.filter(({ type }) => type !== 'output'));
    await log().append(events.filter(({ type }) => type === 'output'));
    expect(await log().run(runId)).toMatchObject({ output: 'hi\n' });
  });

  test('a big output in many events: all of it is read, its end stands in the document', async () => {
    const chunks = Array.from({ length: 32 }, (_, index) => new Uint8Array(65_536).fill(97 + (index % 26)));
    const { runId, events } = runOf(job('big'), chunks);
    await log().append(events);
    let bytes = 0;
    for (let after: string | undefined; ;) {
      const page = await log().eventsOf(runId, { limit: 10, ...(after === undefined ? {} : { after }) });
      for (const event of page) bytes += event.type === 'output' ? event.data.length : 0;
      const last = page.at(-1);
      if (!last) break;
      after = eventId(last);
    }
    expect(bytes).toBe(32 * 65_536);
    expect((await log().run(runId))?.output).toBe(String.fromCharCode(97 + (31 % 26)).repeat(65_536));
  });

  test('pages of runs skip and repeat nothing while new runs come', async () => {
    const name = job('pages');
    const first = Array.from({ length: 7 }, () => runOf(name));
    for (const { events } of first) await log().append(events);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await log().runs({ job: name, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ _id }) => _id));
      await log().append(runOf(name).events);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(seen).toStrictEqual(first.map(({ runId }) => runId).toReversed());
  });

  test('runs are found by job, outcome, worker, time and text', async () => {
    const [one, two] = [job('found-a'), job('found-b')];
    const a = runOf(one, [new TextEncoder().encode('needle (a+b) [x]')]);
    const b = runOf(
      two,
      undefined,
      { outcome: 'failed', exitCode: 3, error: 'boom' },
      { worker: 'w2', workerName: 'two', fireTime: at(30), nominalAt: at(30) },
    );
    await log().append(a.events);
    await log().append(b.events);
    const ids = async (query: object) =>
      (await log().runs({ limit: 50, ...query })).items.map(({ _id }) => _id).filter((id) => id === a.runId || id === b.runId);
    expect(await ids({ job: one })).toStrictEqual([a.runId]);
    expect(await ids({ job: two, outcome: 'failed' })).toStrictEqual([b.runId]);
    expect(await ids({ job: two, outcome: 'succeeded' })).toStrictEqual([]);
    expect(await ids({ job: two, worker: 'two' })).toStrictEqual([b.runId]);
    expect(await ids({ job: two, worker: 'w2' })).toStrictEqual([b.runId]);
    expect(await ids({ job: two, from: Date.parse(at(20)), to: Date.parse(at(40)) })).toStrictEqual([b.runId]);
    expect(await ids({ job: one, from: Date.parse(at(20)) })).toStrictEqual([]);
    expect(await ids({ job: one, q: '(A+B) [' })).toStrictEqual([a.runId]);
    expect(await ids({ job: two, q: 'boom' })).toStrictEqual([b.runId]);
  });

  test('events about a job and its ticks are read in the order of their ids, and only its own', async () => {
    const name = job('about');
    const skipped = (fireTime: string, of = name): RunEvent => ({
      v: 1,
      type: 'tickSkipped',
      job: of,
      at: at(9),
      fireTime,
      reason: 'overlap',
    });
    await log().append([skipped(at(2)), skipped(at(1)), skipped(at(1), `${name}x`)]);
    const read = await log().eventsAbout(`tick/${name}/`, { limit: 10 });
    expect(read.map(eventId)).toStrictEqual([`tick/${name}/${at(1)}`, `tick/${name}/${at(2)}`]);
    expect(await log().eventsAbout(`tick/${name}/`, { limit: 10, after: `tick/${name}/${at(1)}` })).toHaveLength(1);
  });

  test('names of any script, and texts with NUL, are stored', async () => {
    const name = job('任务-😀'.normalize('NFC'));
    const { runId, events } = runOf(name, undefined, { outcome: 'failed', error: 'a\0b' });
    expect((await log().append(events)).refused).toStrictEqual([]);
    expect((await log().runs({ job: name, limit: 5 })).items.map(({ _id }) => _id)).toStrictEqual([runId]);
  });

  test('an event of a newer version is read back without harm', async () => {
    const { runId, events } = runOf(job('newer'));
    const newer = { ...events[1], v: 9, why: { deep: [true, null] } } as unknown as RunEvent;
    const unreadable = { ...events[1], seq: 2, pid: 'none' } as unknown as RunEvent;
    const shifted = events.slice(2).map((event) => ('seq' in event ? { ...event, seq: event.seq + 1 } : event));
    await log().append([...events.slice(0, 1), newer, unreadable]);
    await log().append(shifted);
    expect(await log().event(eventId(newer))).toMatchObject({ type: 'started', why: { deep: [true, null] } });
    expect(await log().event(eventId(unreadable))).toMatchObject({ type: 'unknown', was: 'started', id: eventId(unreadable) });
    expect(await log().run(runId)).toMatchObject({ outcome: 'succeeded' });
  });

  test('a thousand events in one batch, from two at once', async () => {
    const name = job('many');
    const runs = Array.from({ length: 250 }, () => runOf(name));
    const batch = runs.flatMap(({ events }) => events);
    await Promise.all([log().append(batch), log().append(batch)]);
    const ids = new Set((await log().runs({ job: name, limit: 300 })).items.map(({ _id }) => _id));
    expect(runs.every(({ runId }) => ids.has(runId))).toBe(true);
  });
};

describe('embedded', () => {
  let dir: string;
  let close: () => Promise<void>;
  let log: RunLog;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
    const env = openEmbedded(dir);
    log = createEmbeddedRunLog({ env });
    close = async () => {
      await log.close();
      await env.close();
    };
  });
  afterAll(async () => {
    await close();
    rmSync(dir, { recursive: true, force: true });
  });
  runLogContract(() => ({ log: () => log, job: uniqueName }));
});

onEveryMongo('mongo', ({ url }) => {
  let log: RunLog;
  beforeAll(() => {
    log = openMongoRunLog({ url, database: uniqueName('cron'), timeoutMs: 60_000 });
  });
  afterAll(() => log.close());
  runLogContract(() => ({ log: () => log, job: uniqueName }));
});

describe.skipIf(inject('mongoBinaries').length === 0)('a log database that fails [needs mongo]', () => {
  test('an absent server is Unavailable, by its address and without its password', async () => {
    const port = await freePort();
    const log = openMongoRunLog({ url: `mongodb://ann:secret@127.0.0.1:${String(port)}/`, timeoutMs: 500 });
    const error = await log.append(runOf('a').events).catch((each: unknown) => each);
    await log.close();
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toContain(`127.0.0.1:${String(port)}`);
    expect(String(error)).not.toContain('secret');
  });

  test('P4: a server that was killed takes the batch when it is back, and nothing is doubled', async () => {
    await using mongo = await startMongo();
    const log = openMongoRunLog({ url: mongo.url, timeoutMs: 5_000 });
    const { runId, events } = runOf('a');
    await log.append(events.slice(0, 2));
    await mongo.kill9();
    await expect(log.append(events)).rejects.toBeInstanceOf(Unavailable);
    await mongo.restart();
    for (;;) {
      try {
        await log.append(events);
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(Unavailable);
      }
    }
    expect((await log.eventsOf(runId, { limit: 50 })).map(eventId)).toStrictEqual(events.map(eventId));
    await log.close();
  });
});
