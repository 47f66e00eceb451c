import { EMPTY, map, type Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { createKeys } from '../../src/domain/keys.ts';
import { readJob, type KnownJob } from '../../src/domain/known-job.ts';
import { toInstant } from '../../src/domain/instant.ts';
import type { Cursor } from '../../src/domain/tick.ts';
import type { FeedEvent } from '../../src/streams/feed.ts';
import type { Change, Entry } from '../../src/streams/ports.ts';
import { scheduler, type Answer, type Order, type SchedulerDeps } from '../../src/streams/scheduler.ts';
import { marbles } from '../support/marbles.ts';

const keys = createKeys();
/** A job of each second; the virtual clock starts at the epoch plus 100 s, so ticks come at frames 1000, 2000 … */
const START = 100_000;
const job = (more: object = {}): string => JSON.stringify({ name: 'a', command: 'true', cronExpr: '* * * * * * *', ...more });
const entry = (key: string, value: string, revision = 1): Entry => ({ key, value, revision, created: 1 });
const presence = (id: string, more: object = {}): Entry =>
  entry(
    keys.worker(id),
    JSON.stringify({ v: 1, id, name: id, host: 'h', machineId: 'm', nonce: 'n', pid: 1, version: '0', labels: [], slots: 10, running: 0, draining: false, startedAt: toInstant(0), stampedAt: toInstant(0), rules: { schedule: 1, tz: '' }, ...more }),
  );
const snapshot = (...entries: readonly Entry[]): FeedEvent => ({ type: 'snapshot', entries, revision: 1 });
const changes = (...all: readonly Change[]): FeedEvent => ({ type: 'changes', changes: all, revision: 2 });
const put = (each: Entry): Change => ({ type: 'put', entry: each });
const outOfSync: FeedEvent = { type: 'outOfSync', error: 'x' };
const read = (value: string, revision: number): KnownJob | undefined => {
  const known = readJob('a', value, revision);
  return known.ok ? known.value : undefined;
};
const none = new Map<string, Cursor>();
const hash = read(job(), 1)?.hash ?? '';
/** The tick at frame 0 is decided already. */
const decided = new Map<string, Cursor>([['a', { at: toInstant(START), decision: { v: 1, hash } }]]);
const queued = (more: object = {}): Entry =>
  entry(keys.queued('a', 'r1'), JSON.stringify({ v: 1, runId: 'r1', job: 'a', trigger: 'manual', fireTime: toInstant(START), attempt: 1, notBefore: toInstant(START), queuedAt: toInstant(START), ...more }), 7);

/** What came out, in words: short enough for a diagram. */
const words = (order: Order): string => {
  if (order.type === 'sync') return order.inSync ? 'in' : 'out';
  const { command } = order;
  switch (command.type) {
    case 'claim':
    case 'look':
    case 'skip':
    case 'enqueue':
    case 'replace':
      return `${command.type} ${String((command.tick.fireTime - START) / 1_000)}`;
    case 'take':
      return `take ${command.waiting.queued.runId}`;
    case 'start':
    case 'end':
      return `${command.type} ${command.runId}`;
    default:
      return command satisfies never;
  }
};

type Feeds = { jobs$?: Observable<FeedEvent>; kills$?: Observable<FeedEvent>; queue$?: Observable<FeedEvent>; peers$?: Observable<FeedEvent>; cursors$?: Observable<ReadonlyMap<string, Cursor>>; answers$?: Observable<Answer> };
type Cold = (marbles: string, values?: Record<string, FeedEvent>) => Observable<FeedEvent>;
const schedule = (cold: Cold, clock: SchedulerDeps['clock'], feeds: Feeds, room = { freeSlots: 3, draining: false, skewed: false, rankWaitMs: 250 }): Observable<string> => {
  const now = (event: FeedEvent) => cold('s', { s: event });
  return scheduler({
    me: 'w1',
    registeredAt: START,
    keys,
    clock,
    jobs$: feeds.jobs$ ?? now(snapshot(entry(keys.job('a'), job()))),
    kills$: feeds.kills$ ?? now(snapshot()),
    queue$: feeds.queue$ ?? now(snapshot()),
    peers$: feeds.peers$ ?? now(snapshot(presence('w1'))),
    cursors$: feeds.cursors$ ?? now(snapshot()).pipe(map(() => decided)),
    answers$: feeds.answers$ ?? EMPTY,
    room: () => room,
    read,
  }).pipe(map(words));
};
const nothing: FeedEvent = snapshot();

test('claims each tick when it is due, and not before it is in sync', marbles(({ cold, expectObservable, clock }) => {
  const peers = cold('1500ms s', { s: snapshot(presence('w1')) });
  const out = ' 1500ms i 499ms a 999ms b';
  expectObservable(schedule(cold, clock, { peers$: peers }), '3200ms !').toBe(out, { i: 'in', a: 'claim 2', b: 'claim 3' });
}, START));

test('P1: what the cursor says is decided is not tried again', marbles(({ cold, expectObservable, clock }) => {
  const hash = read(job(), 1)?.hash ?? '';
  const cursors = cold<ReadonlyMap<string, Cursor>>('c', { c: new Map([['a', { at: toInstant(START + 2_000), decision: { v: 1, hash } }]]) });
  expectObservable(schedule(cold, clock, { cursors$: cursors }), '3500ms !').toBe('i 2999ms c', { i: 'in', c: 'claim 3' });
}, START));

test('a worker that comes at 0.4 s claims the tick that is not late yet', marbles(({ cold, expectObservable, clock }) => {
  const cursors = cold<ReadonlyMap<string, Cursor>>('400ms c', { c: none });
  expectObservable(schedule(cold, clock, { cursors$: cursors }), '900ms !').toBe('400ms (ic)', { i: 'in', c: 'claim 0' });
}, START));

test('a schedule that is new here is planned from the instant it was seen', marbles(({ cold, expectObservable, clock }) => {
  const jobs = cold('s 1399ms e', { s: nothing, e: changes(put(entry(keys.job('a'), job(), 5))) });
  expectObservable(schedule(cold, clock, { jobs$: jobs }), '2500ms !').toBe('i 1999ms c', { i: 'in', c: 'claim 2' });
}, START));

test('P6: a deleted job is not claimed, a disabled one neither', marbles(({ cold, expectObservable, clock }) => {
  const jobs = cold('s 1499ms d 999ms e 999ms p', {
    s: snapshot(entry(keys.job('a'), job())),
    d: changes({ type: 'delete', key: keys.job('a'), revision: 3 }),
    e: changes(put(entry(keys.job('a'), job({ enabled: false }), 4))),
    p: changes(put(entry(keys.job('a'), job({ enabled: true }), 5))),
  });
  expectObservable(schedule(cold, clock, { jobs$: jobs }), '4200ms !').toBe('i 999ms a 2999ms b', { i: 'in', a: 'claim 1', b: 'claim 4' });
}, START));

test('who has lost a feed claims nothing until it is whole again', marbles(({ cold, expectObservable, clock }) => {
  const kills = cold('s 1299ms x 1799ms c', { s: nothing, x: outOfSync, c: changes() });
      const cursors = cold<ReadonlyMap<string, Cursor>>('c 3149ms c', { c: decided });
  expectObservable(schedule(cold, clock, { kills$: kills, cursors$: cursors }), '4200ms !').toBe('i 999ms a 299ms x 1849ms (yc) 846ms d', { i: 'in', a: 'claim 1', x: 'out', y: 'in', c: 'claim 3', d: 'claim 4' });
}, START));

test('P3: a tick whose claim found no answer is tried again when the feeds are back, not left to be missed', marbles(({ cold, expectObservable, clock }) => {
  // Of each minute, so that no later tick finds it as a gap.
  const each = job({ cronExpr: '41 * * * * * *' });
  const jobs = cold('s', { s: snapshot(entry(keys.job('a'), each)) });
  const kills = cold('s 1099ms x 699ms c', { s: nothing, x: outOfSync, c: changes() });
  const before = new Map<string, Cursor>([['a', { at: toInstant(START), decision: { v: 1, hash: read(each, 1)?.hash ?? '' } }]]);
  const cursors = cold<ReadonlyMap<string, Cursor>>('c 1849ms c', { c: before });
  const tick = { job: 'a', fireTime: START + 1_000, nominalAt: START + 1_000, prev: START - 59_000, revision: 1 };
  const answers = cold<Answer>('1200ms l', { l: { job: 'a', input: { type: 'away', tick } } });
  expectObservable(schedule(cold, clock, { jobs$: jobs, kills$: kills, cursors$: cursors, answers$: answers }), '5000ms !').toBe('i 999ms a 99ms x 749ms (yc) 346ms c', { i: 'in', a: 'claim 1', x: 'out', y: 'in', c: 'claim 1' });
}, START));

test('P1: a claim whose answer was lost in a break of a feed is asked for again: it may be ours, whatever the cursor says', marbles(({ cold, expectObservable, clock }) => {
  const each = job({ cronExpr: '41 * * * * * *' });
  const jobs = cold('s', { s: snapshot(entry(keys.job('a'), each)) });
  const kills = cold('s 1099ms x 699ms c', { s: nothing, x: outOfSync, c: changes() });
  const cursorAt = (at: number) => new Map<string, Cursor>([['a', { at: toInstant(at), decision: { v: 1, hash: read(each, 1)?.hash ?? '' } }]]);
  const cursors = cold<ReadonlyMap<string, Cursor>>('b 1849ms c', { b: cursorAt(START), c: cursorAt(START + 1_000) });
  const tick = { job: 'a', fireTime: START + 1_000, nominalAt: START + 1_000, prev: START - 59_000, revision: 1 };
  const answers = cold<Answer>('1200ms l', { l: { job: 'a', input: { type: 'away', tick } } });
  expectObservable(schedule(cold, clock, { jobs$: jobs, kills$: kills, cursors$: cursors, answers$: answers }), '5000ms !').toBe('i 999ms a 99ms x 749ms y 349ms c', { i: 'in', a: 'claim 1', x: 'out', y: 'in', c: 'claim 1' });
}, START));

test('P8: the second in rank looks after 250 ms and claims what is undecided', marbles(({ cold, expectObservable, clock }) => {
  // Of these two, w2 is first for every tick: it has nearly all of the slots.
  const peers = cold('s', { s: snapshot(presence('w1', { slots: 1 }), presence('w2', { slots: 1_000_000 })) });
  const tick = { job: 'a', fireTime: START + 1_000, nominalAt: START + 1_000, prev: START, revision: 1 };
  const answers = cold<Answer>('1300ms l', { l: { job: 'a', input: { type: 'looked', tick } } });
  expectObservable(schedule(cold, clock, { peers$: peers, answers$: answers }), '1500ms !').toBe('i 1249ms l 49ms c', { i: 'in', l: 'look 1', c: 'claim 1' });
}, START));

test('a busy job skips, a full worker makes a queued run of it', marbles(({ cold, expectObservable, clock }) => {
  const tick = { job: 'a', fireTime: START + 1_000, nominalAt: START + 1_000, prev: START, revision: 1 };
  const answers = cold<Answer>('1100ms b', { b: { job: 'a', input: { type: 'busy', tick, holder: 'r0' } } });
  expectObservable(schedule(cold, clock, { answers$: answers }, { freeSlots: 0, draining: false, skewed: false, rankWaitMs: 250 }), '1500ms !').toBe('i 999ms e 99ms s', { i: 'in', e: 'enqueue 1', s: 'skip 1' });
}, START));

test('a queued run is taken at once, and looked for again while it stays', marbles(({ cold, expectObservable, clock }) => {
  const jobs = cold('s', { s: snapshot(entry(keys.job('a'), job({ enabled: false }))) });
  const queue = cold('s 299ms q 999ms d', { s: nothing, q: changes(put(queued())), d: changes({ type: 'delete', key: keys.queued('a', 'r1'), revision: 9 }) });
  const again = { job: 'a', input: { type: 'unqueueable', runId: 'r1' } } as const;
  const answers = cold<Answer>('310ms u 500ms u', { u: again });
  expectObservable(schedule(cold, clock, { jobs$: jobs, queue$: queue, answers$: answers }), '3000ms !').toBe('i 299ms t 259ms t 500ms t', { i: 'in', t: 'take r1' });
}, START));

test('P5: a kill that came before the start ends the run right after it', marbles(({ cold, expectObservable, clock }) => {
  const jobs = cold('s', { s: nothing });
  const kill = entry(keys.killer('a', 'r1'), JSON.stringify({ v: 1, at: toInstant(START), by: 'ann', cause: 'killed' }));
  const kills = cold('s 99ms k', { s: nothing, k: changes(put(kill)) });
  const answers = cold<Answer>('500ms c', { c: { job: 'a', input: { type: 'claimed', runId: 'r1', attempt: 1 } } });
  expectObservable(schedule(cold, clock, { jobs$: jobs, kills$: kills, answers$: answers }), '900ms !').toBe('i 99ms k 399ms (se)', { i: 'in', k: 'end r1', s: 'start r1', e: 'end r1' });
}, START));

test('what was claimed is started though its job is gone', marbles(({ cold, expectObservable, clock }) => {
  const answers = cold<Answer>('500ms c', { c: { job: 'gone', input: { type: 'claimed', runId: 'r1', attempt: 1 } } });
  expectObservable(schedule(cold, clock, { jobs$: cold('s', { s: nothing }), answers$: answers }), '900ms !').toBe('i 499ms s', { i: 'in', s: 'start r1' });
}, START));

test('a broken job does nothing, and the others go on', marbles(({ cold, expectObservable, clock }) => {
  const broken = entry(keys.job('b'), '{');
  const jobs = cold('s', { s: snapshot(broken, entry(keys.job('a'), job())) });
  expectObservable(schedule(cold, clock, { jobs$: jobs }), '1500ms !').toBe('i 999ms a', { i: 'in', a: 'claim 1' });
}, START));

const attempt = (more: object = {}): Entry => queued({ trigger: 'schedule', attempt: 2, worker: 'w1', notBefore: toInstant(START + 1_500), after: 'failed', ...more });

test('a further attempt is taken when its time has come; until then ticks go their way, and from then on the job is busy', marbles(({ cold, expectObservable, clock }) => {
  const queue = cold('s 199ms q', { s: nothing, q: changes(put(attempt())) });
  // The tick of the second 1 is claimed; that of 2 finds the attempt ready, which nobody has taken away yet.
  expectObservable(schedule(cold, clock, { queue$: queue }), '2200ms !').toBe('i 999ms a 499ms t 499ms s', { i: 'in', a: 'claim 1', t: 'take r1', s: 'skip 2' });
}, START));

test('P3: a tick that all of the first ranks have left, out of sync, is taken by who would not have looked at it', marbles(({ cold, expectObservable, clock }) => {
  const others = (more: object) => ['w2', 'w3', 'w4', 'w5', 'w6'].map((id) => presence(id, { slots: 1_000_000, ...more }));
  const peers = (more: object) => cold('s 1499ms u', { s: snapshot(presence('w1', { slots: 1 }), ...others({})), u: changes(...others(more).map(put)) });
  expectObservable(schedule(cold, clock, { peers$: peers({ unsynced: true }) }), '2200ms !').toBe('i 1499ms a 499ms b', { i: 'in', a: 'claim 1', b: 'claim 2' });
  expectObservable(schedule(cold, clock, { peers$: peers({ running: 3 }) }), '2200ms !').toBe('i', { i: 'in' });
}, START));

test('a further attempt stays with its worker, or keeps away from it, as long as another one is there', marbles(({ cold, expectObservable, clock }) => {
  const disabled = cold('s', { s: snapshot(entry(keys.job('a'), job({ enabled: false }))) });
  const peers = cold('s 1999ms g', { s: snapshot(presence('w1'), presence('w2')), g: changes({ type: 'delete', key: keys.worker('w2'), revision: 3 }) });
  const elsewhere = cold('q', { q: snapshot(attempt({ worker: undefined, exclude: 'w1' })) });
  const pinned = cold('q', { q: snapshot(attempt({ worker: 'w2' })) });
  expectObservable(schedule(cold, clock, { jobs$: disabled, peers$: peers, queue$: elsewhere }), '2200ms !').toBe('i 1999ms t', { i: 'in', t: 'take r1' });
  expectObservable(schedule(cold, clock, { jobs$: disabled, peers$: peers, queue$: pinned }), '2200ms !').toBe('i', { i: 'in' });
}, START));

const range = (next: number, revision: number): Entry =>
  ({ ...entry(keys.queued('a', 'b'), JSON.stringify({ v: 1, runId: 'b', job: 'a', trigger: 'backfill', fireTime: toInstant(START - 10_000 + next), to: toInstant(START - 8_000), count: 3, attempt: 1, notBefore: toInstant(START), queuedAt: toInstant(START), by: 'ann' })), revision });

test('a range is taken one by one: the next tick of it when the run before has ended', marbles(({ cold, expectObservable, clock }) => {
  const off = cold('s', { s: snapshot(entry(keys.job('a'), job({ enabled: false }))) });
  const queue = cold('s 99ms a 9ms b 490ms c 499ms d', { s: nothing, a: changes(put(range(0, 5))), b: changes(put(range(1_000, 6))), c: changes(put(range(2_000, 7))), d: changes({ type: 'delete', key: keys.queued('a', 'b'), revision: 8 }) });
  // Taken at 100; the rest is asked for at once, finds the job busy, and is looked for again; the end of the run at 600 takes it before that.
  const answers = cold<Answer>('120ms u 479ms e', { u: { job: 'a', input: { type: 'unqueueable', runId: 'b' } }, e: { job: 'a', input: { type: 'ended' } } });
  expectObservable(schedule(cold, clock, { jobs$: off, queue$: queue, answers$: answers }), '700ms !').toBe('i 99ms t 9ms t 259ms t 229ms tt', { i: 'in', t: 'take b' });
}, START));

test('replace takes the place of the holder, and of what waits; queue holds as many as may', marbles(({ cold, expectObservable, clock }) => {
  const tick = { job: 'a', fireTime: START + 1_000, nominalAt: START + 1_000, prev: START, revision: 1 };
  const answers = cold<Answer>('1100ms b', { b: { job: 'a', input: { type: 'busy', tick, holder: 'r0' } } });
  const of = (overlap: unknown) => cold('s', { s: snapshot(entry(keys.job('a'), job({ overlap }))) });
  // One that waits for later takes a place, and makes nobody busy.
  const waits = () => cold('s', { s: snapshot(queued({ notBefore: toInstant(START + 60_000) })) });
  expectObservable(schedule(cold, clock, { jobs$: of('replace'), answers$: answers }), '1500ms !').toBe('i 999ms c 99ms r', { i: 'in', c: 'claim 1', r: 'replace 1' });
  expectObservable(schedule(cold, clock, { jobs$: of('queue'), answers$: answers }), '1500ms !').toBe('i 999ms c 99ms w', { i: 'in', c: 'claim 1', w: 'enqueue 1' });
  expectObservable(schedule(cold, clock, { jobs$: of('queue'), queue$: waits(), answers$: answers }), '1500ms !').toBe('i 999ms c 99ms s', { i: 'in', c: 'claim 1', s: 'skip 1' });
}, START));

test('placement all: each worker claims at once, and what waits for another keeps it from nothing', marbles(({ cold, expectObservable, clock }) => {
  const all = job({ placement: { mode: 'all' } });
  const jobs = () => cold('s', { s: snapshot(entry(keys.job('a'), all)) });
  const peers = () => cold('s', { s: snapshot(presence('w1', { slots: 1 }), presence('w2', { slots: 1_000_000 })) });
  const cursors = () => cold<ReadonlyMap<string, Cursor>>('c', { c: new Map([['a/w1', { at: toInstant(START), decision: { v: 1, hash: read(all, 1)?.hash ?? '' } }]]) });
  const ofOther = cold('q', { q: snapshot(queued({ worker: 'w2' })) });
  expectObservable(schedule(cold, clock, { jobs$: jobs(), peers$: peers(), cursors$: cursors(), queue$: ofOther }), '2200ms !').toBe('i 999ms a 999ms b', { i: 'in', a: 'claim 1', b: 'claim 2' });
}, START));

test('what waits without end for a worker that is gone does not keep the job busy', marbles(({ cold, expectObservable, clock }) => {
  // A backfill of when each worker had its own ticks: the job has one for all now.
  const range = { trigger: 'backfill', worker: 'w2', to: toInstant(START + 60_000), count: 60 };
  const queue = cold('s', { s: snapshot(queued(range)) });
  const peers = cold('s 1499ms g', { s: snapshot(presence('w1'), presence('w2', { slots: 0 })), g: changes({ type: 'delete', key: keys.worker('w2'), revision: 3 }) });
  expectObservable(schedule(cold, clock, { queue$: queue, peers$: peers }), '2200ms !').toBe('i 999ms s 499ms a 499ms c', { i: 'in', s: 'skip 1', a: 'claim 1', c: 'claim 2' });
}, START));

test('what waited for a job that was deleted is not for one that is made under its name', marbles(({ cold, expectObservable, clock }) => {
  const off = (revision: number, created = revision): Change => put({ ...entry(keys.job('a'), job({ enabled: false }), revision), created });
  const waits = () => cold('q', { q: snapshot({ ...queued({ notBefore: toInstant(START + 500) }), created: 7 }) });
  const made = cold('s 199ms d 99ms n', { s: changes(off(1)), d: changes({ type: 'delete', key: keys.job('a'), revision: 8 }), n: changes(off(9)) });
  expectObservable(schedule(cold, clock, { jobs$: made, queue$: waits() }), '2s !').toBe('i', { i: 'in' });
  // Deleted and made again within a break of the feed: it is told as a change of the job, and only its first revision says what happened.
  const broken = cold('s 199ms x 99ms n', { s: changes(off(1)), x: outOfSync, n: changes(off(9)) });
  const cursors = cold<ReadonlyMap<string, Cursor>>('c 309ms c', { c: decided });
  expectObservable(schedule(cold, clock, { jobs$: broken, queue$: waits(), cursors$: cursors }), '2s !').toBe('i 199ms x 109ms i', { i: 'in', x: 'out' });
  // One that was made for the job, before the worker heard of the job, is taken; so is one of a job that was edited.
  const heard = cold('s 299ms n', { s: nothing, n: changes(off(6)) });
  expectObservable(schedule(cold, clock, { jobs$: heard, queue$: waits() }), '700ms !').toBe('i 499ms t', { i: 'in', t: 'take r1' });
  const edited = cold('s 299ms n', { s: changes(off(1)), n: changes(off(9, 1)) });
  expectObservable(schedule(cold, clock, { jobs$: edited, queue$: waits() }), '700ms !').toBe('i 499ms t', { i: 'in', t: 'take r1' });
}, START));

/** A wall clock that loses an hour at a frame. */
const setBack = (clock: SchedulerDeps['clock'], frame: number): SchedulerDeps['clock'] => ({ ...clock, now: () => clock.now() - (clock.monotonic() >= frame ? 3_600_000 : 0) });

test('a wall clock that is set back holds up no look at what waits, and no claim that found no answer', marbles(({ cold, expectObservable, clock }) => {
  const off = () => cold('s', { s: snapshot(entry(keys.job('a'), job({ enabled: false }))) });
  const queue = cold('s 299ms q', { s: nothing, q: changes(put(queued())) });
  const unqueueable = cold<Answer>('310ms u', { u: { job: 'a', input: { type: 'unqueueable', runId: 'r1' } } });
  expectObservable(schedule(cold, setBack(clock, 400), { jobs$: off(), queue$: queue, answers$: unqueueable }), '900ms !').toBe('i 299ms t 260ms t', { i: 'in', t: 'take r1' });
  // The claim is asked for again after half a second: claims.ts looks for the first one, and sends none before its time.
  const tick = { job: 'a', fireTime: START + 1_000, nominalAt: START + 1_000, prev: START, revision: 1 };
  const away = cold<Answer>('1200ms l', { l: { job: 'a', input: { type: 'away', tick } } });
  expectObservable(schedule(cold, setBack(clock, 1_300), { answers$: away }), '3s !').toBe('i 999ms a 700ms a', { i: 'in', a: 'claim 1' });
}, START));

test('P8: after a wall clock that was set back, a rank looks as soon after the fire time as ever', marbles(({ cold, expectObservable, clock }) => {
  const peers = cold('s', { s: snapshot(presence('w1', { slots: 1 }), presence('w2', { slots: 1_000_000 })) });
  // Two seconds are lost at 500: the instant of coming into sync lies ahead of the wall clock then.
  const stepped = { ...clock, now: () => clock.now() - (clock.monotonic() >= 500 ? 2_000 : 0) };
  const cursors = cold<ReadonlyMap<string, Cursor>>('200ms c', { c: none });
  const each = job({ cronExpr: '39 * * * * * *' });
  const jobs = cold('s 699ms e', { s: nothing, e: changes(put(entry(keys.job('a'), each, 5))) });
  expectObservable(schedule(cold, stepped, { peers$: peers, cursors$: cursors, jobs$: jobs }), '2s !').toBe('200ms i 1049ms l', { i: 'in', l: 'look -1' });
}, START));

test('a tick that is not due any more is not claimed before its time: the wall clock was set back', marbles(({ cold, expectObservable, clock }) => {
  // The second of two; the first leaves, which would rank the last tick anew at once. Its own look waits for the time of the tick as well.
  const peers = cold('s 1999ms g', { s: snapshot(presence('w1', { slots: 1 }), presence('w2', { slots: 1_000_000 })), g: changes({ type: 'delete', key: keys.worker('w2'), revision: 3 }) });
  const stepped = { ...clock, now: () => clock.now() - (clock.monotonic() >= 1_100 ? 5_000 : 0) };
  expectObservable(schedule(cold, stepped, { peers$: peers }), '7200ms !').toBe('i 5999ms a 249ms l 749ms b', { i: 'in', a: 'claim 1', l: 'look 1', b: 'claim 2' });
}, START));

const disabled = (more: object = {}): FeedEvent => snapshot(entry(keys.job('a'), job({ enabled: false, ...more })));
/** A worker with one free slot from a frame on. `asked` counts: each decision asks once. */
const fullUntil = (clock: SchedulerDeps['clock'], frame: number) => {
  const room = { draining: false, skewed: false, rankWaitMs: 250, asked: 0, get freeSlots() { room.asked += 1; return clock.monotonic() >= frame ? 1 : 0; } };
  return room;
};

test('a worker that is full takes what waits at once when a slot gets free, whatever its own job', marbles(({ cold, expectObservable, clock }) => {
  const jobs = cold('s', { s: disabled({ overlap: 'allow' }) });
  const queue = cold('s 299ms q', { s: nothing, q: changes(put(queued())) });
  const ended = cold<Answer>('5s e', { e: { job: 'another', input: { type: 'ended' } } });
  expectObservable(schedule(cold, clock, { jobs$: jobs, queue$: queue, answers$: ended }, fullUntil(clock, 5_000)), '9s !').toBe('i 4999ms t', { i: 'in', t: 'take r1' });
}, START));

test('until then it looks at what waits more and more rarely', marbles(({ cold, expectObservable, flush, clock }) => {
  const jobs = cold('s', { s: disabled({ overlap: 'allow' }) });
  const queue = cold('s 299ms q', { s: nothing, q: changes(put(queued())) });
  const room = fullUntil(clock, Infinity);
  expectObservable(schedule(cold, clock, { jobs$: jobs, queue$: queue }, room), '60s !').toBe('i', { i: 'in' });
  flush();
  expect(room.asked).toBeLessThan(30);
}, START));

test('of what waits only as many are taken as slots have become free, in the order in which they were looked at; one that another took leaves the slot to the next', marbles(({ cold, expectObservable, clock }) => {
  const jobs = cold('s', { s: disabled({ overlap: 'allow' }) });
  const waits = (id: string): FeedEvent => changes(put({ ...queued({ runId: id }), key: keys.queued('a', id) }));
  const gone = (id: string): FeedEvent => changes({ type: 'delete', key: keys.queued('a', id), revision: 9 });
  const queue = cold('s 9ms a 9ms b 9ms c 9ms d 4059ms x 99ms y', { s: nothing, a: waits('q1'), b: waits('q2'), c: waits('q3'), d: waits('q4'), x: gone('q1'), y: gone('q2') });
  const ended = cold<Answer>('4s e', { e: { job: 'another', input: { type: 'ended' } } });
  expectObservable(schedule(cold, clock, { jobs$: jobs, queue$: queue, answers$: ended }, fullUntil(clock, 4_000)), '4500ms !').toBe('i 3999ms a 99ms b 99ms c', { i: 'in', a: 'take q1', b: 'take q2', c: 'take q3' });
}, START));
