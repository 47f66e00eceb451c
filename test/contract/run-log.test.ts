// The one suite of the RunLog port, on every adapter.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, ObjectId } from 'mongodb';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventId, type RunEvent, type StoredRunEvent } from '../../src/domain/events.ts';
import { createEmbeddedRunLog } from '../../src/stores/embedded/run-log.ts';
import { openEmbedded, type Embedded } from '../../src/stores/embedded/env.ts';
import { INDEXES } from '../../src/stores/mongo/indexes.ts';
import { openMongoRunLog } from '../../src/stores/mongo/run-log.ts';
import { Unavailable, type RunLog, type RunsQuery } from '../../src/streams/ports.ts';
import { onEveryMongo } from '../support/needs.ts';
import { at, bytes, lostOf, runOf, savedOf, skippedOf } from '../support/run-events.ts';
import { uniqueName, until } from '../support/servers.ts';

const ALL_GOOD = { refused: [], conflicts: [] };

type Stores = {
  readonly log: () => RunLog;
  /** The same store as another process sees it. */
  readonly other: () => RunLog;
  /** Writes what a newer version might have written. */
  readonly putRaw: (id: string, event: object) => Promise<unknown>;
};

const runLogContract = ({ log, other, putRaw }: Stores): void => {
  const idsOf = (events: readonly StoredRunEvent[]): readonly string[] => events.map(eventId);
  const allOf = async (runId: string) => log().eventsOf(runId, { limit: 5_000 });
  const runIds = async (query: Omit<RunsQuery, 'limit'>) =>
    (await log().runs({ limit: 50, ...query })).items.map(({ _id }) => _id);

  describe('events', () => {
    test('a batch sent twice is there once', async () => {
      const { runId, events } = runOf(uniqueName('twice'));
      expect(await log().append(events)).toStrictEqual(ALL_GOOD);
      expect(await log().append(events)).toStrictEqual(ALL_GOOD);
      expect(idsOf(await allOf(runId))).toStrictEqual(idsOf(events));
    });

    test('an event that is twice in a batch is there once', async () => {
      const { runId, events } = runOf(uniqueName('double'));
      expect(await log().append([...events, ...events])).toStrictEqual(ALL_GOOD);
      expect(idsOf(await allOf(runId))).toStrictEqual(idsOf(events));
    });

    test('nothing to store is no error', async () => {
      expect(await log().append([])).toStrictEqual(ALL_GOOD);
    });

    test('the same id with other content is a conflict, and the first stays', async () => {
      const { runId, begin } = runOf(uniqueName('conflict'));
      await log().append(begin);
      const changed = { ...begin[1], pid: 43 } as RunEvent;
      expect(await log().append([begin[0]!, changed])).toStrictEqual({ refused: [], conflicts: [eventId(changed)] });
      expect(await log().event(eventId(changed))).toMatchObject({ pid: 42 });
      expect(await allOf(runId)).toHaveLength(2);
    });

    test('another byte of output is a conflict too', async () => {
      const { events, outputs } = runOf(uniqueName('byte'), { chunks: [Uint8Array.of(1, 2, 3)] });
      await log().append(events);
      const changed = { ...outputs[0], data: Uint8Array.of(1, 2, 4) } as RunEvent;
      expect((await log().append([changed])).conflicts).toStrictEqual([eventId(changed)]);
    });

    test('two of one id with different contents in one batch: a conflict', async () => {
      const { begin } = runOf(uniqueName('batch'));
      const changed = { ...begin[1], pid: 43 } as RunEvent;
      expect((await log().append([...begin, changed])).conflicts).toStrictEqual([eventId(changed)]);
    });

    test('of two that put one id with different contents at once, exactly one hears of a conflict', async () => {
      const { begin } = runOf(uniqueName('raced'));
      const changed = { ...begin[1], pid: 43 } as RunEvent;
      const answers = await Promise.all([log().append(begin), other().append([changed])]);
      expect(answers.flatMap(({ conflicts }) => conflicts)).toStrictEqual([eventId(changed)]);
    });

    test('an event that can never be stored is refused with a reason, and the others are stored', async () => {
      const { runId, events } = runOf(uniqueName('poison'));
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      const poison = savedOf(uniqueName('cyclic'), '1', cyclic);
      const { refused, conflicts } = await log().append([...events.slice(0, 2), poison, ...events.slice(2)]);
      expect(conflicts).toStrictEqual([]);
      expect(refused).toHaveLength(1);
      expect(refused[0]?.event).toBe(poison);
      expect(refused[0]?.reason).not.toBe('');
      expect(idsOf(await allOf(runId))).toStrictEqual(idsOf(events));
      expect(await log().run(runId)).toMatchObject({ outcome: 'succeeded' });
    });

    test('output comes back byte for byte', async () => {
      const every = Uint8Array.from({ length: 256 }, (_, index) => index);
      const chunks = [every, Uint8Array.of(0xff, 0, 0xfe, 0xc0, 0x80), new Uint8Array(0), every.toReversed()];
      const { runId, events } = runOf(uniqueName('bytes'), { chunks });
      await log().append(events);
      const outputs = (await allOf(runId)).flatMap((event) => (event.type === 'output' ? [event.data] : []));
      expect(outputs.every((data) => data instanceof Uint8Array)).toBe(true);
      expect(outputs.map((data) => [...data])).toStrictEqual(chunks.map((data) => [...data]));
    });

    test('what the spool wrote as JSON and sends again is the same event', async () => {
      const odd = { n: -0, gone: undefined, text: 'a\0b\ud800', nested: [{ b: 1, a: undefined }, null] };
      const event = savedOf(uniqueName('json'), '1', odd);
      expect(await log().append([event])).toStrictEqual(ALL_GOOD);
      expect(await log().append([JSON.parse(JSON.stringify(event)) as RunEvent])).toStrictEqual(ALL_GOOD);
      expect(await log().event(eventId(event))).toMatchObject({ type: 'jobSaved', by: 'ann' });
    });

    test('a newer version’s events are read back without harm, and sent again without a conflict', async () => {
      const { runId, begin, outputs, end } = runOf(uniqueName('newer'));
      const newer = { ...begin[1], v: 9, why: { deep: [true, null] } } as unknown as RunEvent;
      const damaged = { ...begin[1], seq: 2, pid: 'none' } as unknown as RunEvent;
      const after = [...outputs, end].map((event) => ({ ...event, seq: event.seq + 2 }));
      const batch = [begin[0]!, newer, damaged, ...after];
      const warmed = { ...begin[1]!, v: 2, type: 'warmedUp', seq: 3, heat: Uint8Array.of(0, 255) };
      const warmedId = `${runId}/001/00000003`;
      await putRaw(warmedId, warmed);
      expect(await log().append(batch)).toStrictEqual(ALL_GOOD);
      expect(await log().append(batch)).toStrictEqual(ALL_GOOD);
      expect(await log().event(eventId(newer))).toMatchObject({ type: 'started', v: 9, why: { deep: [true, null] } });
      expect(await log().event(eventId(damaged))).toMatchObject({ type: 'unknown', was: 'started', id: eventId(damaged) });
      const unknown = await log().event(warmedId);
      expect(unknown).toMatchObject({ type: 'unknown', was: 'warmedUp', id: warmedId, raw: { v: 2 } });
      expect([...(unknown as { raw: typeof warmed }).raw.heat]).toStrictEqual([0, 255]);
      expect(idsOf(await allOf(runId))).toContain(warmedId);
      expect(await allOf(runId)).toHaveLength(batch.length + 1);
      expect(await log().run(runId)).toMatchObject({ outcome: 'succeeded', output: 'hi\n' });
    });

    test('one event by its id, and nothing by an id that is none', async () => {
      const { begin } = runOf(uniqueName('point'));
      await log().append(begin);
      expect(await log().event(eventId(begin[0]!))).toStrictEqual(begin[0]);
      expect(await log().event(`${eventId(begin[0]!)}x`)).toBeUndefined();
      expect(await log().event('')).toBeUndefined();
      expect(await log().event('x'.repeat(5_000))).toBeUndefined();
    });

    test('pages of events skip and repeat nothing while new ones come', async () => {
      const chunks = Array.from({ length: 40 }, (_, index) => bytes(String(index)));
      const { runId, events } = runOf(uniqueName('paged'), { chunks });
      const seen: string[] = [];
      let sent = 0;
      for (let after: string | undefined; ;) {
        if (sent < events.length) await log().append(events.slice(sent, (sent += 5)));
        const page = await log().eventsOf(runId, { limit: 4, ...(after !== undefined && { after }) });
        if (page.length === 0 && sent >= events.length) break;
        seen.push(...idsOf(page));
        after = seen.at(-1);
      }
      expect(seen).toStrictEqual(idsOf(events));
    });

    test('the order is that of the ids, however they came; a run of a longer id has no part in it', async () => {
      const { runId, events } = runOf(uniqueName('order'));
      const longer = runOf(uniqueName('order'), { runId: `${runId}0` });
      await log().append([...events.toReversed(), ...longer.events]);
      expect(idsOf(await allOf(runId))).toStrictEqual(idsOf(events));
      const down = await log().eventsAbout(`${runId}/`, { isDown: true, limit: 9 });
      expect(idsOf(down)).toStrictEqual(idsOf(events).toReversed());
      expect(await log().eventsOf(runId, { limit: 9, after: 'a' })).toHaveLength('a' > runId ? 0 : events.length);
      expect(await log().eventsOf(runId, { limit: 9, after: '' })).toHaveLength(events.length);
      expect(await log().eventsOf(runId, { limit: 9, after: '\u{10ffff}'.repeat(3_000) })).toStrictEqual([]);
    });

    test.each(['plain', '任务', '😀', '\uffee', 'é', 'ﬀ-\u{1f9ea}'])(
      'events about %s are its own alone, in order',
      async (stem) => {
        const name = uniqueName(stem.normalize('NFC'));
        const others = [`${name}x`, `${name}\u{1f600}`, `${name}\uffee`, `${name}0`, `${name}.`];
        const own = [skippedOf(name, at(2)), skippedOf(name, at(1))];
        await log().append([...own, ...others.map((job) => skippedOf(job, at(1)))]);
        const ids = [1, 2].map((second) => `tick/${name}/${at(second)}`);
        expect(idsOf(await log().eventsAbout(`tick/${name}/`, { limit: 10 }))).toStrictEqual(ids);
        expect(idsOf(await log().eventsAbout(`tick/${name}/`, { limit: 10, after: ids[0]! }))).toStrictEqual(ids.slice(1));
        expect(idsOf(await log().eventsAbout(`tick/${name}/`, { limit: 1 }))).toStrictEqual(ids.slice(0, 1));
        const down = async (page: { before?: string; limit: number }) =>
          idsOf(await log().eventsAbout(`tick/${name}/`, { isDown: true, ...page }));
        expect(await down({ limit: 10 })).toStrictEqual(ids.toReversed());
        expect(await down({ limit: 1 })).toStrictEqual(ids.slice(1));
        expect(await down({ limit: 10, before: ids[1]! })).toStrictEqual(ids.slice(0, 1));
        expect(await down({ limit: 10, before: ids[0]! })).toStrictEqual([]);
      },
    );

    test('a thousand events in one batch, from two at once', async () => {
      const name = uniqueName('many');
      const runs = Array.from({ length: 250 }, () => runOf(name));
      const batch = runs.flatMap(({ events }) => events);
      const answers = await Promise.all([log().append(batch), other().append(batch)]);
      expect(answers).toStrictEqual([ALL_GOOD, ALL_GOOD]);
      const { items } = await log().runs({ job: name, limit: 300 });
      expect(items.map(({ _id }) => _id)).toStrictEqual(runs.map(({ runId }) => runId).toReversed());
      expect(await allOf(runs[99]!.runId)).toHaveLength(4);
    });
  });

  describe('documents of runs', () => {
    test('an ended run has one, a running one has none', async () => {
      const { runId, events } = runOf(uniqueName('document'));
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

    test('of a whole run in one batch it is the same as of single events', async () => {
      const name = uniqueName('same');
      const [one, many] = [runOf(name), runOf(name)];
      await log().append(one.events);
      for (const event of many.events) await log().append([event]);
      const [a, b] = [await log().run(one.runId), await log().run(many.runId)];
      expect({ ...b, _id: '', run: { ...b?.run, id: '' } }).toStrictEqual({ ...a, _id: '', run: { ...a?.run, id: '' } });
    });

    test('a finished that comes after lost corrects it, in one batch with the rest or alone', async () => {
      for (const parts of [1, 2]) {
        const name = uniqueName('corrected');
        const { runId, begin, events } = runOf(name);
        await log().append(parts === 1 ? [lostOf(name, runId)] : [...begin, lostOf(name, runId)]);
        expect(await log().run(runId)).toMatchObject({ outcome: 'lost', reason: 'workerGone' });
        await log().append(parts === 1 ? events : events.slice(2));
        expect(await log().run(runId)).toMatchObject({ outcome: 'succeeded', reason: '', output: 'hi\n' });
      }
    });

    test('lost and finished that are stored at once: the run has finished', async () => {
      const name = uniqueName('race');
      const runs = Array.from({ length: 6 }, () => runOf(name));
      for (const { runId, begin, events } of runs) {
        await log().append(begin);
        await Promise.all([log().append(events.slice(2)), other().append([lostOf(name, runId)])]);
      }
      const { items } = await log().runs({ job: name, limit: 50 });
      expect(items.map(({ outcome }) => outcome)).toStrictEqual(runs.map(() => 'succeeded'));
    });

    test('a run that was lost and is tried again has not ended; the end of the first attempt that comes late does not end it', async () => {
      const name = uniqueName('again');
      const first = runOf(name, { finished: { outcome: 'failed', exitCode: 1 } });
      const second = runOf(name, { runId: first.runId, attempt: 2, chunks: [bytes('second\n')] });
      await log().append([lostOf(name, first.runId)]);
      expect(await log().run(first.runId)).toMatchObject({ outcome: 'lost', attempt: 1 });
      await log().append(second.begin);
      expect(await log().run(first.runId)).toBeUndefined();
      await log().append(first.events);
      expect(await log().run(first.runId)).toBeUndefined();
      await log().append([...second.outputs, second.end]);
      expect(await log().run(first.runId)).toMatchObject({ outcome: 'succeeded', attempt: 2, output: 'second\n' });
      await log().append(first.events);
      expect(await log().run(first.runId)).toMatchObject({ outcome: 'succeeded', attempt: 2 });
    });

    test('it tells what is stored, not what was sent and is a conflict', async () => {
      const { runId, events, end } = runOf(uniqueName('stored'));
      await log().append([end]);
      const changed = events.map((event) => (event === end ? { ...end, outcome: 'failed' } : event)) as RunEvent[];
      expect((await log().append(changed)).conflicts).toStrictEqual([eventId(end)]);
      expect(await log().run(runId)).toMatchObject({ outcome: 'succeeded', output: 'hi\n' });
    });

    test('output that comes after the end is in it too', async () => {
      const { runId, begin, outputs, end } = runOf(uniqueName('late'));
      await log().append([...begin, end]);
      await log().append(outputs);
      expect(await log().run(runId)).toMatchObject({ output: 'hi\n' });
    });

    test('a queued run that was dropped has one', async () => {
      const runId = uuidv7();
      const of = { v: 1, job: uniqueName('dropped'), runId, attempt: 1, at: at(9) } as const;
      await log().append([{ ...of, type: 'dropped', outcome: 'skipped', reason: 'expired', trigger: 'manual', fireTime: at(0) }]);
      expect(await log().run(runId)).toMatchObject({ outcome: 'skipped', reason: 'expired', trigger: 'manual' });
    });

    test.each([
      ['in one batch', 1_000],
      ['the end alone', 3],
    ])('a big output: all of it is read, its end stands in the document; %s', async (_what, size) => {
      const chunks = Array.from({ length: 32 }, (_, index) => new Uint8Array(65_536).fill(97 + (index % 26)));
      const { runId, events } = runOf(uniqueName('big'), { chunks });
      const tail = events.slice(-size);
      await log().append(events.slice(0, events.length - tail.length));
      await log().append(tail);
      let read = 0;
      for (let after: string | undefined; ;) {
        const page = await log().eventsOf(runId, { limit: 10, ...(after !== undefined && { after }) });
        for (const event of page) read += event.type === 'output' ? event.data.length : 0;
        const last = page.at(-1);
        if (!last) break;
        after = eventId(last);
      }
      expect(read).toBe(32 * 65_536);
      const document = await log().run(runId);
      expect(document?.output).toBe(String.fromCharCode(97 + (31 % 26)).repeat(65_536));
      expect(document).toMatchObject({ outcome: 'succeeded', command: 'echo', startTime: Date.parse(at(2)) });
    });

    test('of many that end together and printed much before, each has its own', async () => {
      const name = uniqueName('together');
      const sizesOf = (n: number): readonly number[] => (n % 30 === 0 ? [65_536, 65_536] : [64_000]);
      const runs = Array.from({ length: 66 }, (_, n) =>
        runOf(name, { chunks: sizesOf(n).map((size) => new Uint8Array(size).fill(97 + (n % 26))) }),
      );
      for (let n = 0; n < runs.length; n += 33)
        await log().append(runs.slice(n, n + 33).flatMap(({ begin, outputs }) => [...begin, ...outputs]));
      expect(await log().append(runs.map(({ end }) => end))).toStrictEqual(ALL_GOOD);
      const { items } = await log().runs({ job: name, limit: 100 });
      expect(items.map(({ _id }) => _id)).toStrictEqual(runs.map(({ runId }) => runId).toReversed());
      for (const [n, { output }] of items.toReversed().entries())
        expect(output === String.fromCharCode(97 + (n % 26)).repeat(sizesOf(n)[0] ?? 0)).toBe(true);
    });

    test('an output of many small pieces: its end, in order', async () => {
      const chunks = Array.from({ length: 300 }, (_, index) => bytes(`${index}\n`));
      const { runId, events, end } = runOf(uniqueName('pieces'), { chunks });
      await log().append(events.slice(0, -1));
      await log().append([end]);
      expect((await log().run(runId))?.output).toBe(chunks.map((_, index) => `${index}\n`).join(''));
    });

    test('names of any script, and texts with NUL', async () => {
      const name = uniqueName('任务-😀');
      const { runId, events } = runOf(name, { finished: { outcome: 'failed', error: 'a\0b' } });
      expect(await log().append(events)).toStrictEqual(ALL_GOOD);
      expect(await runIds({ job: name })).toStrictEqual([runId]);
      expect(await log().run(runId)).toMatchObject({ jobName: name, err: 'a\uFFFDb' });
    });
  });

  describe('lists of runs', () => {
    test('pages skip and repeat nothing while new runs come', async () => {
      const name = uniqueName('pages');
      const first = Array.from({ length: 7 }, () => runOf(name));
      for (const { events } of first) await log().append(events);
      const seen: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await log().runs({ job: name, limit: 3, ...(cursor !== undefined && { cursor }) });
        seen.push(...page.items.map(({ _id }) => _id));
        await log().append(runOf(name).events);
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      expect(seen).toStrictEqual(first.map(({ runId }) => runId).toReversed());
    });

    test('of all jobs, newest first, without a cursor at the end', async () => {
      const name = uniqueName('all');
      const runs = Array.from({ length: 3 }, () => runOf(name));
      await log().append(runs.flatMap(({ events }) => events));
      const newest = await log().runs({ limit: 2 });
      expect(newest.items.map(({ _id }) => _id)).toStrictEqual([runs[2]!.runId, runs[1]!.runId]);
      expect(newest.nextCursor).toBe(runs[1]!.runId);
      expect(await log().runs({ job: name, limit: 3 })).not.toHaveProperty('nextCursor');
      expect((await log().runs({ limit: 1, cursor: runs[1]!.runId })).items[0]?._id).toBe(runs[0]!.runId);
    });

    test.each(['', '0', 'zzz', 'x'.repeat(5_000), '\u{10ffff}', '$where'])(
      'a cursor that is none is no error: %j',
      async (cursor) => {
        const name = uniqueName('cursor');
        await log().append(runOf(name).events);
        expect((await log().runs({ job: name, limit: 5, cursor })).items.length).toBeLessThan(2);
        expect((await log().runs({ limit: 1, cursor })).items.length).toBeLessThan(2);
      },
    );

    test('a job’s runs are its own alone', async () => {
      const name = uniqueName('mine');
      const [mine, longer] = [runOf(name), runOf(`${name}x`)];
      await log().append([...mine.events, ...longer.events]);
      expect(await runIds({ job: name })).toStrictEqual([mine.runId]);
      expect(await runIds({ job: '' })).toStrictEqual([]);
      expect(await runIds({ job: name.slice(0, -1) })).toStrictEqual([]);
    });

    test('by job, outcome, worker, time, and all of them together', async () => {
      const [one, two] = [uniqueName('found-a'), uniqueName('found-b')];
      const a = runOf(one);
      const b = runOf(two, {
        finished: { outcome: 'failed', exitCode: 3, error: 'boom' },
        claimed: { worker: 'w2', workerName: 'two', fireTime: at(31), nominalAt: at(30) },
      });
      await log().append([...a.events, ...b.events]);
      const found = async (query: Omit<RunsQuery, 'limit'>) =>
        (await runIds(query)).filter((id) => id === a.runId || id === b.runId);
      const [from, to] = [Date.parse(at(20)), Date.parse(at(40))];
      expect(await found({ job: one })).toStrictEqual([a.runId]);
      expect(await found({ outcome: 'failed' })).toStrictEqual([b.runId]);
      expect(await found({ job: two, outcome: 'succeeded' })).toStrictEqual([]);
      expect(await found({ worker: 'two' })).toStrictEqual([b.runId]);
      expect(await found({ worker: 'w2' })).toStrictEqual([b.runId]);
      expect(await found({ from, to })).toStrictEqual([b.runId]);
      expect(await found({ from: Date.parse(at(30)), to: Date.parse(at(30)) })).toStrictEqual([b.runId]);
      expect(await found({ job: one, from })).toStrictEqual([]);
      expect(await found({ to: from })).toStrictEqual([a.runId]);
      expect(await found({ job: two, outcome: 'failed', worker: 'two', from, to, q: 'BOO' })).toStrictEqual([b.runId]);
    });

    test('by several outcomes, in pages, newest first; a corrected outcome is found under the new one alone', async () => {
      const name = uniqueName('outcomes');
      const ends = ['failed', 'succeeded', 'timedOut', 'lost', 'failed', 'succeeded', 'killed', 'timedOut', 'failed'] as const;
      const runs = ends.map((outcome) => runOf(name, { finished: { outcome } }));
      await log().append(runs.flatMap(({ events }) => events));
      const idsOf = (...wanted: readonly string[]): readonly string[] =>
        runs.flatMap(({ runId }, index) => (wanted.includes(ends[index] ?? '') ? [runId] : [])).toReversed();
      const paged = async (query: Omit<RunsQuery, 'limit'>): Promise<readonly string[]> => {
        const found: string[] = [];
        for (let cursor: string | undefined; ;) {
          const page = await log().runs({ ...query, limit: 2, ...(cursor !== undefined && { cursor }) });
          found.push(...page.items.map(({ _id }) => _id));
          if (page.nextCursor === undefined) return found;
          cursor = page.nextCursor;
        }
      };
      for (const wanted of [
        ['failed'],
        ['failed', 'timedOut'],
        ['lost', 'failed', 'killed', 'timedOut'],
        ['succeeded', 'lost'],
      ]) {
        expect(await paged({ job: name, outcome: wanted.join(',') })).toStrictEqual(idsOf(...wanted));
        // Of all jobs: others may be among them, as long as the text is not asked for.
        expect(await paged({ outcome: wanted.join(','), q: name })).toStrictEqual(idsOf(...wanted));
      }
      const { runId, begin, events } = runOf(name);
      await log().append([...begin, lostOf(name, runId)]);
      expect(await paged({ outcome: 'lost', q: name })).toStrictEqual([runId, ...idsOf('lost')]);
      await log().append(events.slice(2));
      expect(await paged({ outcome: 'lost', q: name })).toStrictEqual(idsOf('lost'));
      expect(await paged({ job: name, outcome: 'lost,succeeded' })).toStrictEqual([runId, ...idsOf('lost', 'succeeded')]);
    });

    test.each([
      'needle (a+b) [x]',
      '.*',
      '^$',
      'a|b',
      'C:\\dir\\n',
      '{1,2}',
      "it's /x/i #1",
      '-–',
      'two\nlines',
      'Ünï 任务 😀',
      '$ne',
    ])('by a text, taken as it stands: %j', async (text) => {
      const name = uniqueName('text');
      const [output, error, none] = [
        runOf(name, { chunks: [bytes(`before ${text} after\n`)] }),
        runOf(name, { finished: { outcome: 'failed', error: `failed: ${text}` } }),
        runOf(name, { chunks: [bytes('nothing of it: needle a b x 1 2\n')] }),
      ];
      await log().append([output, error, none].flatMap(({ events }) => events));
      expect(await runIds({ job: name, q: text })).toStrictEqual([error.runId, output.runId]);
      expect(await runIds({ job: name, q: text.toUpperCase() })).toStrictEqual([error.runId, output.runId]);
    });

    test('a text is looked for in the names of jobs too', async () => {
      const name = uniqueName('Named');
      const { runId, events } = runOf(name);
      await log().append(events);
      expect(await runIds({ q: name.slice(1).toUpperCase() })).toStrictEqual([runId]);
    });

    test('a text with NUL finds what was stored with one', async () => {
      const name = uniqueName('nul');
      const { runId, events } = runOf(name, { finished: { outcome: 'failed', error: 'a\0b' } });
      await log().append(events);
      expect(await runIds({ job: name, q: 'a\0b' })).toStrictEqual([runId]);
      expect(await runIds({ job: name, q: 'b\0a' })).toStrictEqual([]);
    });
  });

  describe('backward from an instant', () => {
    test('events are read down from any bound, in pages, each once', async () => {
      const name = uniqueName('down');
      const prefix = `tick/${name}/`;
      const ids = Array.from({ length: 25 }, (_, second) => `${prefix}${at(second)}`);
      await log().append(Array.from({ length: 25 }, (_, second) => skippedOf(name, at(second))));
      const found: string[] = [];
      for (let before: string | undefined; ;) {
        const page = idsOf(await log().eventsAbout(prefix, { isDown: true, limit: 7, ...(before !== undefined && { before }) }));
        found.push(...page);
        before = page.at(-1);
        if (page.length < 7) break;
      }
      expect(found).toStrictEqual(ids.toReversed());
      const below = async (before: string) => idsOf(await log().eventsAbout(prefix, { isDown: true, limit: 2, before }));
      expect(await below(`${prefix}${at(5)}0`)).toStrictEqual([ids[5], ids[4]]); // ids of that very instant too
      expect(await below(`${prefix}${at(5)}/w1`)).toStrictEqual([ids[5], ids[4]]);
      expect(await below(`${prefix}${'\uffff'.repeat(3_000)}`)).toStrictEqual([ids[24], ids[23]]);
      expect(await below('zzz')).toStrictEqual([ids[24], ids[23]]);
      expect(await below('')).toStrictEqual([]);
      expect(await below('tick/')).toStrictEqual([]);
    });

    test('the newest save of a job is found by one read', async () => {
      const name = uniqueName('saved');
      const saves = Array.from({ length: 3 }, () => savedOf(name, uuidv7(), { name }));
      await log().append([...saves, savedOf(`${name}x`, uuidv7(), {})]);
      const [newest] = await log().eventsAbout(`job/${name}/`, { isDown: true, limit: 1 });
      expect(newest).toMatchObject({ type: 'jobSaved', id: saves[2]?.id });
    });

    const tickRun = (job: string, second: number, trigger: 'schedule' | 'catchUp' | 'manual' | 'backfill' = 'schedule') =>
      runOf(job, { claimed: { fireTime: at(second), trigger } });
    const top = { fireTime: at(59), id: '\uffff' };

    test('runs of ticks come by fire time, not by the order in which they ran; those that people asked for do not', async () => {
      const name = uniqueName('ticks');
      const [c, a, , , b] = [
        tickRun(name, 30),
        tickRun(name, 10),
        tickRun(name, 40, 'manual'),
        tickRun(name, 25, 'backfill'),
        tickRun(name, 20, 'catchUp'),
      ];
      const all = [c, a, tickRun(name, 40, 'manual'), tickRun(name, 25, 'backfill'), b, tickRun(`${name}x`, 15)];
      await log().append(all.flatMap(({ events }) => events));
      const of = async (page: Parameters<RunLog['runsOfTicks']>[1]) => (await log().runsOfTicks(name, page)).map(({ id }) => id);
      expect(await of({ before: top, limit: 10 })).toStrictEqual([c.runId, b.runId, a.runId]);
      expect(await of({ before: top, limit: 2 })).toStrictEqual([c.runId, b.runId]);
      expect(await of({ before: top, limit: 10, from: at(20) })).toStrictEqual([c.runId, b.runId]);
      expect(await of({ before: { fireTime: at(30), id: c.runId }, limit: 10 })).toStrictEqual([b.runId, a.runId]);
      expect(await of({ before: { fireTime: at(30), id: '' }, limit: 1 })).toStrictEqual([b.runId]);
      expect(await of({ before: { fireTime: at(10), id: '' }, limit: 1 })).toStrictEqual([]);
      const [run] = await log().runsOfTicks(name, { before: top, limit: 1 });
      expect(run).toMatchObject({ id: c.runId, job: name, fireTime: at(30), outcome: 'succeeded', state: 'finished' });
      expect(await log().runsOfTicks(name, { before: top, limit: 1 })).toStrictEqual([(await log().run(c.runId))?.run]);
    });

    test('runs of one fire time are paged by falling id, each once', async () => {
      const name = uniqueName('ties');
      const runs = Array.from({ length: 5 }, () => tickRun(name, 10));
      await log().append(runs.flatMap(({ events }) => events));
      const found: string[] = [];
      for (let before = top; ;) {
        const page = await log().runsOfTicks(name, { before, limit: 2 });
        found.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (!last) break;
        before = { fireTime: last.fireTime, id: last.id };
      }
      expect(found).toStrictEqual(runs.map(({ runId }) => runId).toReversed());
    });

    test('a run that is corrected is told once, as it is now', async () => {
      const name = uniqueName('corrected');
      const { runId, begin, events } = tickRun(name, 10);
      await log().append([lostOf(name, runId)]); // knows no fire time: the run stands at the instant of the loss
      await log().append(begin);
      expect(await log().runsOfTicks(name, { before: top, limit: 9 })).toMatchObject([
        { id: runId, outcome: 'lost', fireTime: at(10) },
      ]);
      await log().append(events);
      expect(await log().runsOfTicks(name, { before: top, limit: 9 })).toMatchObject([
        { id: runId, outcome: 'succeeded', fireTime: at(10) },
      ]);
    });
  });

  test('the store answers a ping', async () => {
    await expect(log().ping()).resolves.toBeUndefined();
  });
};

/** After `close` every call is refused. */
const refusesAll = async (log: RunLog): Promise<void> => {
  const calls = [
    log.append(runOf('closed').events),
    log.eventsOf('a', { limit: 1 }),
    log.eventsAbout('tick/a/', { limit: 1 }),
    log.eventsAbout('tick/a/', { limit: 1, isDown: true }),
    log.runsOfTicks('a', { before: { fireTime: at(1), id: '' }, limit: 1 }),
    log.event('a'),
    log.runs({ limit: 1 }),
    log.run('a'),
    log.ping(),
  ];
  for (const answer of await Promise.allSettled(calls))
    expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) as unknown });
};

describe('embedded', () => {
  let dir: string;
  let env: Embedded;
  let logs: readonly RunLog[] = [];
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'cronstream-log-'));
    env = openEmbedded(dir);
    logs = [createEmbeddedRunLog({ env }), createEmbeddedRunLog({ env })];
  });
  afterAll(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await env.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const putRaw = (id: string, event: object) =>
    env.root.openDB<object, Buffer>({ name: 'events', keyEncoding: 'binary' }).put(Buffer.from(id), event);
  runLogContract({ log: () => logs[0]!, other: () => logs[1]!, putRaw });

  test('an id that lmdb cannot hold is refused, and the others are stored', async () => {
    const { events, runId } = runOf(uniqueName('long'));
    const { refused } = await logs[0]!.append([skippedOf('x'.repeat(3_000), at(1)), ...events]);
    expect(refused.map(({ reason }) => reason)).toStrictEqual(['its id has 3030 bytes, at most 1978 can be stored']);
    expect(await logs[0]!.run(runId)).toMatchObject({ outcome: 'succeeded' });
  });

  test('close waits for what is being written, refuses what comes after it, and all is there for the next', async () => {
    const log = createEmbeddedRunLog({ env });
    const { events, runId } = runOf(uniqueName('close'));
    const appended = log.append(events);
    await log.close();
    await expect(appended).resolves.toStrictEqual(ALL_GOOD);
    await refusesAll(log);
    expect(await logs[0]!.run(runId)).toMatchObject({ outcome: 'succeeded' });
  });
});

onEveryMongo('mongo', ({ url }) => {
  let database: string;
  let logs: readonly RunLog[] = [];
  let client: MongoClient;
  beforeAll(() => {
    database = uniqueName('cron');
    client = new MongoClient(url);
    // A limit that only ends what hangs: FerretDB on a loaded machine is slow.
    const open = () => openMongoRunLog({ url, database, timeoutMs: 60_000 });
    logs = [open(), open()];
  });
  afterAll(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await client.db(database).dropDatabase();
    await client.close();
  });
  const rows = <T extends { readonly _id: unknown } = { readonly _id: string }>(name: string) =>
    client.db(database).collection<T>(name);
  const putRaw = (id: string, event: object) => rows('events').insertOne({ ...event, _id: id });
  runLogContract({ log: () => logs[0]!, other: () => logs[1]!, putRaw });

  test('what is larger than a document may be is refused with its size, and the others are stored', async () => {
    const { events, runId, outputs } = runOf(uniqueName('large'));
    const large = { ...outputs[0]!, seq: 9, data: new Uint8Array(16 * 1024 * 1024) } as RunEvent;
    const huge = savedOf(uniqueName('huge'), '1', '任'.repeat(7_000_000));
    const { refused, conflicts } = await logs[0]!.append([large, ...events, huge]);
    expect(conflicts).toStrictEqual([]);
    expect(refused.map(({ event }) => event)).toStrictEqual([large, huge]);
    expect(refused.map(({ reason }) => /^it has \d{8} bytes, a document may have 16777216$/.test(reason))).toStrictEqual([
      true,
      true,
    ]);
    expect(await logs[0]!.run(runId)).toMatchObject({ outcome: 'succeeded' });
  });

  test('documents of another crontab in the same collection are left alone', async () => {
    const name = uniqueName('foreign');
    const { runId, events } = runOf(name);
    await rows<{ _id: unknown; jobName: string }>('log').insertMany([
      { _id: new ObjectId(), jobName: name },
      { _id: `zzz${uniqueName('foreign')}`, jobName: name },
    ]);
    await logs[0]!.append(events);
    expect((await logs[0]!.runs({ job: name, limit: 5 })).items.map(({ _id }) => _id)).toStrictEqual([runId]);
    expect(await rows('log').countDocuments({ jobName: name } as object)).toBe(3);
  });

  test('the documents have the field names of this family of tools', async () => {
    const { runId, events } = runOf(uniqueName('fields'));
    await logs[0]!.append(events);
    expect(await rows('log').findOne({ _id: runId })).toMatchObject({
      command: 'echo',
      err: '',
      output: 'hi\n',
      planTime: Date.parse(at(0)),
      scheduleTime: Date.parse(at(1)),
      startTime: Date.parse(at(2)),
      endTime: Date.parse(at(5)),
    });
  });

  test('the indexes are made at the start, before anything is stored, and by each index lists find what they should', async () => {
    const other = uniqueName('cron');
    const log = openMongoRunLog({ url, database: other, timeoutMs: 60_000, hasIndexes: true });
    const names = async () =>
      (
        await client
          .db(other)
          .collection('log')
          .indexes()
          .catch(() => [])
      ).map((each) => each.name);
    let made: readonly (string | undefined)[] = [];
    await until(
      async () => (made = await names()).length > INDEXES.length,
      () => `only ${String(made.length)} indexes`,
    );
    expect(made).toContain('worker_1__id_-1_planTime_-1');
    const { runId, events } = runOf(uniqueName('indexed'));
    await log.append(events);
    const time = { from: Date.parse(at(0)), to: Date.parse(at(0)) };
    for (const query of [{ worker: 'w1' }, { worker: 'one', ...time }, { outcome: 'succeeded', ...time }, time])
      expect((await log.runs({ limit: 1, ...query })).items).toMatchObject([{ _id: runId }]);
    expect((await log.runs({ limit: 1, from: Date.parse(at(1)) })).items).toStrictEqual([]);
    await log.close();
    await client.db(other).dropDatabase();
  });

  test('indexes that cannot be made are told, and nothing else is the matter', async () => {
    const other = uniqueName('cron');
    // The name of one of ours for another key.
    await client.db(other).collection('log').createIndex({ somethingElse: 1 }, { name: 'planTime_-1__id_-1' }, {});
    const warned = vi.fn();
    const log = openMongoRunLog({ url, database: other, timeoutMs: 60_000, hasIndexes: true, log: { warn: warned } });
    const { runId, events } = runOf(uniqueName('indexes'));
    expect(await log.append(events)).toStrictEqual(ALL_GOOD);
    expect(await log.run(runId)).toMatchObject({ outcome: 'succeeded' });
    await until(
      () => warned.mock.calls.length > 0,
      () => 'no warning',
    );
    expect(warned.mock.calls.map(([, text]) => text as string)).toStrictEqual([
      'the indexes of the run log could not be made: lists will be slow',
    ]);
    await log.close();
    await client.db(other).dropDatabase();
  });

  test('close refuses what comes after it', async () => {
    const log = openMongoRunLog({ url, database, timeoutMs: 60_000 });
    await log.append(runOf(uniqueName('close')).events);
    await log.close();
    await refusesAll(log);
  });
});
