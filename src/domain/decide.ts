import type { OverlapPolicy } from './job.ts';
import type { Ranked } from './placement.ts';
import { waitOfRank } from './rank-wait.ts';
import type { Tick } from './tick.ts';
import type { QueuedRun } from './values.ts';
import type { EndCause, Reason } from './words.ts';

/** What a worker knows of one job: what counts of its definition, and what happened. */
export type JobState = {
  readonly name: string;
  readonly overlap: OverlapPolicy;
  /** How many may wait under overlap `queue`. */
  readonly queueMax: number;
  readonly lateAfterMs: number;
  /** Runs of the job that wait, by run id. */
  readonly queued: ReadonlyMap<string, Waiting>;
  /** The newest tick that came due here: to be ranked anew when a worker goes. */
  readonly lastTick: Tick | undefined;
};
/** `created`: the first revision of its key. */
export type Waiting = { readonly queued: QueuedRun; readonly revision: number; readonly created: number };
export type Kill = { readonly cause: EndCause; readonly by: string };

/** What counts for every job of the worker. Ranks are undefined where the worker does not match. */
export type Here = {
  readonly now: number;
  readonly inSync: boolean;
  readonly inSyncSince: number;
  readonly draining: boolean;
  /** Its clock is outside a majority: it takes nothing. */
  readonly skewed: boolean;
  readonly freeSlots: number;
  readonly me: string;
  /** What one rank waits longer than the rank before it, from this worker's own claims (rank-wait.ts). */
  readonly rankWaitMs: number;
  /** Of a run that is queued more workers may have one than of a tick. */
  readonly rankOf: (job: string, fireTime: number, ranked?: Ranked, exclude?: string) => number | undefined;
  /** The kill that stands for a run: it outlives the job's definition. */
  readonly killOf: (runId: string) => Kill | undefined;
};

export type Input =
  | { readonly type: 'due'; readonly tick: Tick }
  | { readonly type: 'woke'; readonly wake: Wake }
  | { readonly type: 'looked'; readonly tick: Tick }
  | { readonly type: 'busy'; readonly tick: Tick; readonly holder: string }
  | { readonly type: 'young'; readonly ticks: readonly Tick[] }
  | { readonly type: 'away'; readonly tick: Tick }
  | { readonly type: 'claimed'; readonly runId: string; readonly attempt: number }
  | { readonly type: 'ended' }
  | { readonly type: 'queued'; readonly waiting: Waiting }
  | { readonly type: 'dequeued'; readonly runId: string }
  | { readonly type: 'killAsked'; readonly runId: string; readonly kill: Kill }
  | { readonly type: 'peersChanged'; readonly left: boolean }
  | { readonly type: 'unqueueable'; readonly runId: string }
  | { readonly type: 'doubtful'; readonly waiting: Waiting };

/** What is remembered until its time: it comes back as an input. */
export type Wake =
  /** `waitMs`: how long its rank has waited by then. */
  | { readonly type: 'look'; readonly tick: Tick; readonly waitMs: number }
  | { readonly type: 'claim'; readonly tick: Tick }
  | { readonly type: 'take'; readonly job: string; readonly runId: string }
  | { readonly type: 'settle'; readonly waiting: Waiting };

export type Command =
  | { readonly type: 'claim'; readonly tick: Tick; readonly rank: number }
  | { readonly type: 'look'; readonly tick: Tick }
  | { readonly type: 'skip'; readonly tick: Tick; readonly reason: Reason }
  /** `isBusy`: it waits for the end of the run that holds the job; else for a worker with room. */
  | { readonly type: 'enqueue'; readonly tick: Tick; readonly isBusy: boolean }
  /** In place of the run that holds the job, if one does, and of what waits. */
  | {
      readonly type: 'replace';
      readonly tick: Tick;
      readonly holder: string | undefined;
      readonly isKilled: boolean;
      readonly away: readonly Waiting[];
    }
  | { readonly type: 'take'; readonly waiting: Waiting }
  | { readonly type: 'start'; readonly job: string; readonly runId: string; readonly attempt: number }
  | { readonly type: 'end'; readonly job: string; readonly runId: string; readonly kill: Kill }
  /** `orWhenFree`: sooner where a slot gets free. */
  | { readonly type: 'wakeAt'; readonly at: number; readonly wake: Wake; readonly orWhenFree?: true };

/** Ranks behind this one do not look (P8): they rank anew when a worker goes. */
export const LAST_LOOKING_RANK = 3;
export const RANK_WAIT_MS = 250;
const MOST_LOOK_MS = 5_000;
const AWAY_WAIT_MS = 500;
/** Ticks of the last 20 s are ranked anew when a worker goes: its lease says so after 15 s. */
const RERANK_MS = 20_000;

/** Notes what happened, in the state of one job. Pure. */
export const evolve = (state: JobState, input: Input): JobState => {
  switch (input.type) {
    case 'due':
      return { ...state, lastTick: input.tick };
    case 'queued':
      return { ...state, queued: new Map(state.queued).set(input.waiting.queued.runId, input.waiting) };
    case 'dequeued':
      return { ...state, queued: without(state.queued, input.runId) };
    case 'killAsked':
    case 'woke':
    case 'looked':
    case 'busy':
    case 'young':
    case 'away':
    case 'claimed':
    case 'ended':
    case 'peersChanged':
    case 'unqueueable':
    case 'doubtful':
      return state;
    default:
      return input satisfies never;
  }
};

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
};

/** What this worker does about one input of one job. Pure. It never waits: it asks to be woken. */
export const decide = (here: Here, state: JobState, input: Input): readonly Command[] => {
  switch (input.type) {
    case 'due':
      return onDue(here, state, input.tick);
    case 'woke':
      return onWoke(here, state, input.wake);
    case 'looked':
      return claimOrWait(here, state, input.tick, here.rankOf(state.name, input.tick.fireTime) ?? LAST_LOOKING_RANK);
    case 'busy':
      return onBusy(here, state, input.tick, input.holder);
    case 'young':
      return input.ticks.flatMap((tick) => claimOrWait(here, state, tick, 0));
    case 'away': // the store did not answer
      return askAgain(here, state, input.tick);
    case 'claimed':
      return onClaimed(here, state, input.runId, input.attempt);
    case 'ended': // whose finish freed the lock looks first
      return canTake(here)
        ? readyOf(here, state)
            .filter((waiting) => isMine(here, waiting))
            .slice(0, state.overlap === 'allow' ? here.freeSlots : 1)
            .flatMap((waiting) => take(here, waiting))
        : [];
    case 'queued':
      return onQueued(here, state, input.waiting);
    case 'unqueueable': // somebody holds the lock, or the job changed: look again while the key is there
      return lookAgain(here, state, input.runId, true);
    case 'doubtful': // it may be ours, though its key is gone
      return settleLater(here, input.waiting);
    case 'killAsked':
      return [{ type: 'end', job: state.name, runId: input.runId, kill: input.kill }];
    case 'peersChanged': // ranks are others now: for what waits, and, when one has left or takes no more, for the tick that it may have left
      return [
        ...[...state.queued.values()].flatMap((waiting) => onQueued(here, state, waiting)),
        ...(input.left && state.lastTick && here.now - state.lastTick.fireTime < RERANK_MS
          ? onDue(here, state, state.lastTick)
          : []),
      ];
    case 'dequeued':
      return [];
    default:
      return input satisfies never;
  }
};

const canTake = (here: Here): boolean => here.inSync && !here.draining && !here.skewed;

const onDue = (here: Here, state: JobState, tick: Tick): readonly Command[] => {
  if (!canTake(here)) return [];
  const rank = here.rankOf(state.name, tick.fireTime);
  if (rank === undefined || rank > LAST_LOOKING_RANK) return [];
  return rank > 0 ? inItsTurn(here, state, tick, rank) : claimOrWait(here, state, tick, 0);
};

/** Rank 0 from the fire time on, the others after their wait. */
const inItsTurn = (here: Here, state: JobState, tick: Tick, rank: number): readonly Command[] => {
  const waitMs = waitOfRank(rank, here.rankWaitMs, state.lateAfterMs);
  const at = Math.max(tick.fireTime, here.inSyncSince) + waitMs;
  return [{ type: 'wakeAt', at, wake: rank > 0 ? { type: 'look', tick, waitMs } : { type: 'claim', tick } }];
};

/** Its time has come and gone again: the wall clock was set back. */
const isEarly = (here: Here, tick: Tick): boolean => tick.fireTime > here.now;

/** Never before the wall clock says so. A full worker makes the tick a queued run, so that load flows to who is free. A run that waits counts as the job being busy. */
const claimOrWait = (here: Here, state: JobState, tick: Tick, rank: number): readonly Command[] => {
  if (!canTake(here)) return [];
  if (isEarly(here, tick)) return inItsTurn(here, state, tick, rank);
  if (state.overlap !== 'allow' && readyOf(here, state).length > 0) return onBusy(here, state, tick);
  return here.freeSlots > 0 ? [{ type: 'claim', tick, rank }] : [{ type: 'enqueue', tick, isBusy: false }];
};

/** In a burst claims get slower while a rank behind the first waits: then it waits on for as much as its wait has grown. */
const lookOrWait = (here: Here, state: JobState, { tick, waitMs }: Extract<Wake, { type: 'look' }>): readonly Command[] => {
  const rank = here.rankOf(state.name, tick.fireTime) ?? 0;
  if (isEarly(here, tick)) return inItsTurn(here, state, tick, rank);
  const grown = waitOfRank(rank, here.rankWaitMs, state.lateAfterMs);
  return grown > waitMs
    ? [{ type: 'wakeAt', at: here.now + grown - waitMs, wake: { type: 'look', tick, waitMs: grown } }]
    : [{ type: 'look', tick }];
};

const onWoke = (here: Here, state: JobState, wake: Wake): readonly Command[] => {
  switch (wake.type) {
    case 'look':
      return canTake(here) ? lookOrWait(here, state, wake) : [];
    case 'claim':
      // Its answer may have been lost: then the run is ours, and nobody else will start it. Asked again when the feeds are whole.
      if (!here.inSync && !here.draining) return askAgain(here, state, wake.tick);
      return askedFor(here, state, wake.tick, here.rankOf(state.name, wake.tick.fireTime) ?? 0);
    case 'take': {
      const waiting = state.queued.get(wake.runId);
      if (!waiting) return [];
      if (here.freeSlots === 0 && !here.draining)
        return lookAgain(here, state, wake.runId, true).map((again) => ({ ...again, orWhenFree: true }));
      return canTake(here) && isNext(here, state, waiting)
        ? take(here, waiting)
        : lookAgain(here, state, wake.runId, here.draining || here.skewed);
    }
    case 'settle':
      if (!here.inSync && !here.draining) return settleLater(here, wake.waiting);
      return canTake(here) ? [{ type: 'take', waiting: wake.waiting }] : [];
    default:
      return wake satisfies never;
  }
};

/** One that is not due any more is looked for by whoever asked for it, and not sent (claims.ts). */
const askedFor = (here: Here, state: JobState, tick: Tick, rank: number): readonly Command[] =>
  canTake(here) && isEarly(here, tick) ? [{ type: 'claim', tick, rank }] : claimOrWait(here, state, tick, rank);

const settleLater = (here: Here, waiting: Waiting): readonly Command[] => [
  { type: 'wakeAt', at: here.now + AWAY_WAIT_MS, wake: { type: 'settle', waiting } },
];

/** A tick stays ours to try while it is not late. One that is not due any more is looked for now and then, and again when its time has come. */
const askAgain = (here: Here, state: JobState, tick: Tick): readonly Command[] => {
  if (here.now - tick.fireTime >= state.lateAfterMs) return [];
  const wait = isEarly(here, tick) ? Math.min(MOST_LOOK_MS, tick.fireTime - here.now) : AWAY_WAIT_MS;
  return [{ type: 'wakeAt', at: here.now + wait, wake: { type: 'claim', tick } }];
};

/** The run that holds the lock is the holder; undefined where only what waits makes the job busy. */
const onBusy = (here: Here, state: JobState, tick: Tick, holder?: string): readonly Command[] => {
  switch (state.overlap) {
    case 'skip':
    case 'allow': // an `allow` takes no lock and is never told that it is busy
      return [{ type: 'skip', tick, reason: 'overlap' }];
    case 'queue':
      return inQueue(state) < state.queueMax
        ? [{ type: 'enqueue', tick, isBusy: true }]
        : [{ type: 'skip', tick, reason: 'overlap' }];
    case 'replace': {
      const away = [...state.queued.values()].filter(({ queued }) => isReplaceable(queued)).slice(0, MOST_REPLACED);
      return [{ type: 'replace', tick, holder, isKilled: holder !== undefined && here.killOf(holder) !== undefined, away }];
    }
    default:
      return state.overlap satisfies never;
  }
};

/** What waits for its turn: a range is one long wait of its own, and takes no place from the ticks that come due meanwhile. */
const inQueue = ({ queued }: JobState): number =>
  [...queued.values()].filter(({ queued: { to, attempt } }) => to === undefined && attempt === 1).length;

/** What waits for its first start by the schedule gives way to a newer tick; what a person asked for does not, nor a run that has begun. */
const isReplaceable = ({ trigger, attempt }: QueuedRun): boolean => trigger === 'schedule' && attempt === 1;
const MOST_REPLACED = 20;

const onClaimed = (here: Here, state: JobState, runId: string, attempt: number): readonly Command[] => {
  const kill = here.killOf(runId);
  const start: Command = { type: 'start', job: state.name, runId, attempt };
  return kill ? [start, { type: 'end', job: state.name, runId, kill }] : [start];
};

const isMine = (here: Here, waiting: Waiting): boolean =>
  waiting.queued.worker === undefined ? rankForQueued(here, waiting) !== undefined : waiting.queued.worker === here.me;
const take = (here: Here, waiting: Waiting): readonly Command[] =>
  isMine(here, waiting) && here.freeSlots > 0 ? [{ type: 'take', waiting }] : [];

const readyOf = (here: Here, state: JobState): readonly Waiting[] =>
  [...state.queued.values()]
    .filter(
      ({ queued }) =>
        Date.parse(queued.notBefore) <= here.now && (queued.notAfter === undefined || Date.parse(queued.notAfter) > here.now),
    )
    .sort((a, b) =>
      a.queued.fireTime < b.queued.fireTime
        ? -1
        : a.queued.fireTime > b.queued.fireTime
          ? 1
          : a.queued.runId < b.queued.runId
            ? -1
            : 1,
    );

/** One job's keys go by fire time, then age, where one run has to end before the next may start. What is for other workers holds up nobody. */
const isNext = (here: Here, state: JobState, { queued: { runId } }: Waiting): boolean => {
  if (state.overlap === 'allow') return true;
  const first = readyOf(here, state).find((waiting) => isMine(here, waiting));
  return first === undefined || first.queued.runId === runId;
};

const rankForQueued = (here: Here, { queued }: Waiting): number | undefined =>
  queued.worker === undefined
    ? here.rankOf(queued.job, Date.parse(queued.fireTime), 'queued', queued.exclude)
    : queued.worker === here.me
      ? 0
      : undefined;

/** Rank 0 looks when the key is ready, rank k after k × 250 ms, and each again every (k + 1) × 250 ms while the key is there. */
const onQueued = (here: Here, state: JobState, waiting: Waiting): readonly Command[] => {
  const rank = rankForQueued(here, waiting);
  if (rank === undefined) return [];
  const readyAt = Math.max(here.now, Date.parse(waiting.queued.notBefore));
  if (rank === 0 && readyAt <= here.now && canTake(here) && here.freeSlots > 0 && isNext(here, state, waiting))
    return take(here, waiting);
  return [
    { type: 'wakeAt', at: readyAt + rank * RANK_WAIT_MS, wake: { type: 'take', job: state.name, runId: waiting.queued.runId } },
  ];
};

/** A look at a job that is busy costs the store a transaction, and whose finish frees the lock looks first anyway; one by a worker that is full finds nothing, for each run that waits, until a slot
 *  is free. So the longer a run has waited, the rarer the looks. */
const lookAgain = (
  here: Here,
  state: JobState,
  runId: string,
  isRare = false,
): readonly Extract<Command, { type: 'wakeAt' }>[] => {
  const waiting = state.queued.get(runId);
  if (!waiting) return [];
  // Ranks change as workers come and go: one that does not match now may match later.
  const rank = rankForQueued(here, waiting) ?? LAST_LOOKING_RANK;
  const waitedMs = here.now - Math.max(Date.parse(waiting.queued.notBefore), Date.parse(waiting.queued.queuedAt));
  const wait = isRare ? Math.min(Math.max(RANK_WAIT_MS, waitedMs / 4), MOST_LOOK_MS) : RANK_WAIT_MS;
  return [{ type: 'wakeAt', at: here.now + Math.round((rank + 1) * wait), wake: { type: 'take', job: state.name, runId } }];
};
