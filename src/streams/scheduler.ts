import { defer, map, merge, mergeMap, Subject, type Observable, type Observer } from 'rxjs';
import {
  decide,
  evolve,
  type Command,
  type Here,
  type Input,
  type JobState,
  type Kill,
  type Wake,
  type Waiting,
} from '../domain/decide.ts';
import { toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { standingIn } from '../domain/misfire.ts';
import { rankOf, rankWorkers, takesTicks, type Peer } from '../domain/placement.ts';
import { isOlder } from '../domain/rules.ts';
import type { CompiledSchedule } from '../domain/schedule/compile.ts';
import type { Cursor, Tick } from '../domain/tick.ts';
import { parseKill, parsePresence, parseQueuedRun } from '../domain/values.ts';
import type { Clock } from './clock.ts';
import type { FeedEvent } from './feed.ts';
import type { Change } from './ports.ts';
import { ticks, type Due, type TickInput } from './ticks.ts';

/** What comes back to the scheduler of what it asked for: the one loop in the picture. */
export type Answer = { readonly job: string; readonly input: Input };

/** A command with the version of the job that it was decided from. `known` is undefined where the job is gone: what was claimed is started and ended all the same. */
export type Order =
  | {
      readonly type: 'order';
      readonly command: Exclude<Command, { type: 'wakeAt' }>;
      readonly known: KnownJob | undefined;
      /** The job's catch-up key, which a gap may extend or replace. */
      readonly standing: Waiting | undefined;
    }
  | { readonly type: 'sync'; readonly inSync: boolean };

export type SchedulerDeps = {
  readonly me: string;
  /** Wall clock, ms: what came due before it is no concern of this worker, where each worker has ticks of its own. */
  readonly registeredAt: number;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly jobs$: Observable<FeedEvent>;
  readonly kills$: Observable<FeedEvent>;
  readonly queue$: Observable<FeedEvent>;
  readonly peers$: Observable<FeedEvent>;
  /** The cursors, listed once whenever all feeds have come into sync. */
  readonly cursors$: Observable<ReadonlyMap<string, Cursor>>;
  readonly answers$: Observable<Answer>;
  /** What the worker has room for, asked whenever it counts. */
  readonly room: () => Pick<Here, 'freeSlots' | 'draining' | 'skewed' | 'rankWaitMs'>;
  /** The value of a job key, parsed and compiled; undefined for what cannot be used. */
  readonly read: (value: string, revision: number) => KnownJob | undefined;
};

type Feed = 'jobs' | 'kills' | 'queue' | 'peers';
type Heard =
  | { readonly from: Feed; readonly event: FeedEvent }
  | { readonly from: 'cursors'; readonly cursors: ReadonlyMap<string, Cursor> }
  | { readonly from: 'answers' | 'ticks'; readonly answer: Answer };

/** The one scheduler stream: every feed, every tick and every answer, merged; for each job noted (`evolve`) and decided upon (`decide`); commands come out.
 *  Nothing is claimed while a feed is out of sync. State is rebuilt from the feeds at any time. */
export const scheduler = (deps: SchedulerDeps): Observable<Order> =>
  defer(() => {
    const plans$ = new Subject<TickInput<Wake>>();
    const state = createState(deps, plans$);
    const of = (feed: Feed) => map((event: FeedEvent): Heard => ({ from: feed, event }));
    return merge(
      ticks(plans$, deps.clock).pipe(mergeMap((due) => due.map(heardOf))),
      deps.jobs$.pipe(of('jobs')),
      deps.kills$.pipe(of('kills')),
      deps.queue$.pipe(of('queue')),
      deps.peers$.pipe(of('peers')),
      deps.cursors$.pipe(map((cursors): Heard => ({ from: 'cursors', cursors }))),
      deps.answers$.pipe(map((answer): Heard => ({ from: 'answers', answer }))),
    ).pipe(mergeMap((heard) => state.hear(heard)));
  });

const heardOf = (due: Due<Wake>): Heard =>
  due.type === 'tick'
    ? { from: 'ticks', answer: { job: due.tick.job, input: { type: 'due', tick: due.tick } } }
    : {
        from: 'ticks',
        answer: { job: jobOf(due.wake), input: { type: 'woke', wake: due.wake } },
      };

const jobOf = (wake: Wake): string =>
  wake.type === 'take' ? wake.job : wake.type === 'settle' ? wake.waiting.queued.job : wake.tick.job;

/** What the scheduler remembers: the jobs, what waits, the kills, the workers, and a few notes on jobs that have been due. Private to the stream above. */
const createState = ({ me, registeredAt, keys, clock, room, read }: SchedulerDeps, plans: Observer<TickInput<Wake>>) => {
  const known = new Map<string, KnownJob>();
  /** The revision of the first save of each job: what waited before that was for another job of its name. */
  const madeAt = new Map<string, number>();
  const waiting = new Map<string, Map<string, Waiting>>();
  const lastTicks = new Map<string, Tick>();
  const kills = new Map<string, Kill>();
  /** The next look at each queued run, and when it is due (monotonic): one look at a time, however often its job or the workers change. */
  const looks = new Map<string, { readonly wake: Wake; readonly dueAt: number }>();
  /** Looks that found no slot free, with their jobs, oldest first. */
  const wantSlots = new Map<string, string>();
  const peers = new Map<string, Peer>();
  const heardFrom = { jobs: false, kills: false, queue: false, peers: false, cursors: false };
  let cursors: ReadonlyMap<string, Cursor> = new Map();
  /** Monotonic: the wall clock may be set back meanwhile. */
  let inSyncSince: number | undefined;

  const here = (): Here => ({
    now: clock.now(),
    inSync: inSyncSince !== undefined,
    inSyncSince: inSyncSince === undefined ? 0 : clock.now() - (clock.monotonic() - inSyncSince),
    me,
    ...room(),
    rankOf: (job, fireTime, ranked, exclude) => {
      const found = known.get(job);
      if (!found) return undefined;
      if (found.job.mode === 'all') return isPlaced(found.job) ? 0 : undefined;
      return rankOf(me, found.job, fireTime, [...peers.values()], ranked, exclude);
    },
    killOf: (runId) => kills.get(runId),
  });

  /** What waits and counts here. What is older than the job, and ticks of another schedule, do not: the leader ends them. Where each worker has its own ticks, what waits for another is no concern of this one; nor is what
   *  waits without end (a backfill from when each had) for one that is not there: the job would be busy for ever. */
  const queuedOf = (job: string, found: KnownJob | undefined): ReadonlyMap<string, Waiting> => {
    const all = waiting.get(job) ?? NONE;
    const since = madeAt.get(job) ?? 0;
    const counts = ({ queued: { hash, worker, notAfter }, created }: Waiting): boolean =>
      created >= since &&
      (hash === undefined || hash === found?.hash) &&
      (worker === undefined || worker === me || (found?.job.mode !== 'all' && (notAfter !== undefined || peers.has(worker))));
    return [...all.values()].every(counts) ? all : new Map([...all].filter(([, each]) => counts(each)));
  };

  /** Whether this worker is one of those that run each tick: as the others see it, so also not while it is on its way out. */
  const isPlaced = (job: KnownJob['job']): boolean => {
    const mine = peers.get(me);
    return mine !== undefined && rankWorkers(job, 0, [mine]).length > 0;
  };

  const ask = (job: string, input: Input): readonly Order[] => {
    const found = known.get(job);
    const before: JobState = {
      name: job,
      overlap: found?.job.overlap ?? 'skip',
      queueMax: found?.job.queueMax ?? 1,
      lateAfterMs: found?.job.lateAfterMs ?? 0,
      queued: queuedOf(job, found),
      lastTick: lastTicks.get(job),
    };
    const after = evolve(before, input);
    if (after.lastTick && after.lastTick !== before.lastTick) lastTicks.set(job, after.lastTick);
    return decide(here(), after, input).flatMap((command) => {
      if (command.type === 'take') wantSlots.delete(command.waiting.queued.runId);
      if (command.type !== 'wakeAt')
        return [
          {
            type: 'order',
            command,
            known: found,
            standing: standingIn(after.queued.values(), found?.job.mode === 'all' ? me : undefined),
          } as const,
        ];
      wakeAt(command);
      return [];
    });
  };

  const wakeAt = ({ at, wake, orWhenFree }: Extract<Command, { type: 'wakeAt' }>): void => {
    if (wake.type === 'take') {
      if (orWhenFree) wantSlots.set(wake.runId, wake.job);
      const dueAt = clock.monotonic() + Math.max(0, at - clock.now());
      // The two clocks do not turn at one instant.
      if ((looks.get(wake.runId)?.dueAt ?? Infinity) < dueAt + 1) return;
      looks.set(wake.runId, { wake, dueAt });
    }
    plans.next({ type: 'wake', at, wake });
  };

  /** Makes up for looks that found no slot, as far as slots are free beside what was just ordered. What none comes of is looked at again in its time. */
  const whenFree = (ordered: readonly Order[]): readonly Order[] => {
    if (wantSlots.size === 0) return [];
    const taken = ordered.filter((order) => order.type === 'order' && TAKES_SLOT.has(order.command.type)).length;
    const free = Math.max(0, room().freeSlots - taken);
    return [...take(wantSlots, free)].flatMap(([runId, job]) => {
      wantSlots.delete(runId);
      looks.delete(runId);
      return ask(job, { type: 'woke', wake: { type: 'take', job, runId } });
    });
  };

  /** From when on a job is planned: after its cursor, if that is of this schedule, else at its newest fire time that is not late yet. */
  const planFrom = ({ job, hash, schedule }: KnownJob): number => {
    const now = clock.now();
    const lookBack = newestAfter(schedule, now - job.lateAfterMs - 1, now) ?? now;
    const cursor = cursors.get(job.name);
    const decided = cursor && cursor.decision.hash === hash ? toMs(cursor.at) : 0;
    // Where each worker has its own ticks, the job's cursor is the mark alone.
    const own = job.mode === 'all' ? cursors.get(`${job.name}/${me}`) : undefined;
    const mine = own && own.decision.hash === hash ? toMs(own.at) : 0;
    const floor = job.mode === 'all' ? registeredAt : 0;
    return Math.max(lookBack, decided, mine, floor, lastTicks.get(job.name)?.fireTime ?? 0);
  };
  const plan = (each: KnownJob, from: number): void => {
    if (!heardFrom.cursors) return; // planned when the cursors are known: what is decided is not tried again
    const { job, schedule, revision } = each;
    if (job.enabled) plans.next({ type: 'plan', job: job.name, schedule, revision, from, lookBackMs: job.lateAfterMs });
    else plans.next({ type: 'drop', job: job.name });
  };

  const onJob = (change: Change): readonly Order[] => {
    const name = keys.jobOf(change.type === 'put' ? change.entry.key : change.key);
    const before = known.get(name);
    const now = change.type === 'put' ? read(change.entry.value, change.entry.revision) : undefined;
    if (change.type === 'put') madeAt.set(name, change.entry.created);
    else madeAt.delete(name);
    if (!now || now.job.name !== name) {
      known.delete(name);
      lastTicks.delete(name);
      plans.next({ type: 'drop', job: name });
      return [];
    }
    known.set(name, now);
    // A schedule that is new here is planned from the instant at which it was seen: nothing before the change is run.
    if (before?.hash !== now.hash) lastTicks.delete(name);
    plan(now, before?.hash === now.hash ? planFrom(now) : clock.now());
    return [...queuedOf(name, now).values()].flatMap((each) => ask(name, { type: 'queued', waiting: each }));
  };

  const onQueue = (change: Change): readonly Order[] => {
    const { job, id } = keys.queuedOf(change.type === 'put' ? change.entry.key : change.key);
    if (id === undefined) return [];
    const ofJob = waiting.get(job) ?? new Map<string, Waiting>();
    const parsed = change.type === 'put' ? parseQueuedRun(change.entry.value) : undefined;
    if (change.type === 'put' && parsed?.ok && parsed.value.job === job && parsed.value.runId === id) {
      const { revision, created } = change.entry;
      const each = { queued: parsed.value, revision, created };
      // A break of the feed may hide that it was taken and waits again, for longer.
      if (ofJob.get(id)?.queued.notBefore !== each.queued.notBefore) looks.delete(id);
      waiting.set(job, ofJob.set(id, each));
      return queuedOf(job, known.get(job)).has(id) ? ask(job, { type: 'queued', waiting: each }) : [];
    }
    ofJob.delete(id);
    looks.delete(id);
    wantSlots.delete(id);
    if (ofJob.size === 0) waiting.delete(job);
    return whenFree(ask(job, { type: 'dequeued', runId: id }));
  };

  const onKill = (change: Change): readonly Order[] => {
    const { job, id } = keys.killOf(change.type === 'put' ? change.entry.key : change.key);
    if (id === undefined) return []; // a bare kill: the leader spreads it
    const parsed = change.type === 'put' ? parseKill(change.entry.value) : undefined;
    if (change.type === 'delete') kills.delete(id);
    if (change.type === 'delete') return [];
    // A kill that somebody wrote by hand and that cannot be read is a kill all the same.
    const kill: Kill = parsed?.ok ? { cause: parsed.value.cause, by: parsed.value.by } : { cause: 'killed', by: 'unknown' };
    kills.set(id, kill);
    return ask(job, { type: 'killAsked', runId: id, kill });
  };

  const onPeers = (changes: readonly Change[]): readonly Order[] => {
    const before = new Map(peers);
    for (const change of changes) {
      const parsed = change.type === 'put' ? parsePresence(change.entry.value) : undefined;
      if (parsed?.ok) peers.set(parsed.value.id, parsed.value);
      else peers.delete(keys.workerOf(change.type === 'put' ? change.entry.key : change.key));
    }
    const left = [...before].some(([id, peer]) => {
      const now = peers.get(id);
      return now === undefined || (takesTicks(peer) && !takesTicks(now));
    });
    if (!left && [...peers.values()].every((each) => samePeer(before.get(each.id), each))) return [];
    return [...new Set([...waiting.keys(), ...(left ? lastTicks.keys() : [])])].flatMap((job) =>
      ask(job, { type: 'peersChanged', left }),
    );
  };

  const onChanges = (feed: Feed, changes: readonly Change[]): readonly Order[] => {
    switch (feed) {
      case 'jobs':
        return changes.flatMap(onJob);
      case 'queue':
        return changes.flatMap(onQueue);
      case 'kills':
        return changes.flatMap(onKill);
      case 'peers':
        return onPeers(changes);
      default:
        return feed satisfies never;
    }
  };

  const noteSync = (): readonly Order[] => {
    const inSync = Object.values(heardFrom).every(Boolean);
    if (inSync === (inSyncSince !== undefined)) return [];
    inSyncSince = inSync ? clock.monotonic() : undefined;
    return [{ type: 'sync', inSync }];
  };

  return {
    hear: (heard: Heard): readonly Order[] => {
      if ('answer' in heard) {
        // A tick that comes due while a feed is away is not noted: it is found again by the look-back.
        if (heard.answer.input.type === 'due' && inSyncSince === undefined) return [];
        if (heard.answer.input.type === 'woke' && heard.answer.input.wake.type === 'take') {
          const { wake } = heard.answer.input;
          if (looks.get(wake.runId)?.wake !== wake) return []; // an earlier look took its place
          looks.delete(wake.runId);
        }
        const orders = ask(heard.answer.job, heard.answer.input);
        return heard.from === 'answers' ? [...orders, ...whenFree(orders)] : orders;
      }
      if ('cursors' in heard) {
        cursors = heard.cursors;
        heardFrom.cursors = true;
        const orders = noteSync();
        // What came due before may have found no answer: the cursors alone say what is decided.
        lastTicks.clear();
        for (const each of known.values()) plan(each, planFrom(each));
        cursors = new Map(); // wanted for this one planning only
        return orders;
      }
      const { from, event } = heard;
      heardFrom[from] = event.type !== 'outOfSync';
      if (event.type === 'outOfSync') {
        heardFrom.cursors = false; // what came due meanwhile is planned anew, by cursors that are listed anew
        return noteSync();
      }
      const orders = onChanges(
        from,
        event.type === 'changes' ? event.changes : event.entries.map((entry) => ({ type: 'put', entry })),
      );
      return [...noteSync(), ...orders];
    },
  };
};

/** Just before the last fire time after `from` and up to `to`; undefined where there is none. Forward, since looking back costs more. */
const newestAfter = (schedule: CompiledSchedule, from: number, to: number): number | undefined => {
  let newest: number | undefined;
  for (let next = schedule.next(from)?.fireTime; next !== undefined && next <= to; next = schedule.next(next)?.fireTime)
    newest = next;
  return newest === undefined ? undefined : newest - 1;
};

/** What needs a free slot. */
export const TAKES_SLOT: ReadonlySet<Command['type']> = new Set(['claim', 'take']);

function* take<T>(from: Iterable<T>, most: number): Iterable<T> {
  let left = most;
  for (const each of from) {
    if (left === 0) return;
    left -= 1;
    yield each;
  }
}

const NONE: ReadonlyMap<string, Waiting> = new Map();

const sameList = (before: readonly string[] | undefined, after: readonly string[] | undefined): boolean =>
  before?.join('\n') === after?.join('\n');

const samePeer = (before: Peer | undefined, after: Peer): boolean =>
  before !== undefined &&
  before.slots === after.slots &&
  before.draining === after.draining &&
  before.skewed === after.skewed &&
  before.unsynced === after.unsynced &&
  !isOlder(before.rules, after.rules) &&
  !isOlder(after.rules, before.rules) &&
  sameList(before.allow, after.allow) &&
  sameList(before.users, after.users) &&
  before.name === after.name &&
  before.labels.join() === after.labels.join();
