import { decide, type Command, type Here, type JobState } from '../../../src/domain/decide.ts';
import { gapOf, YOUNG_MS } from '../../../src/domain/gap.ts';
import { toInstant, toMs } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { claimTick, finishRun, missTicks, skipTick, type CursorForm } from '../../../src/domain/moves.ts';
import { whyRefused, type ReadKey, type Refusal } from '../../../src/domain/refusal.ts';
import { formatCursor, parseCursor, type Tick } from '../../../src/domain/tick.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import type { LiveRun } from '../../../src/domain/values.ts';
import { createTexts, ready, type Effects, type Ready } from './store.ts';

/** What is explored: how many workers and ticks, how many faults at most, and in what the rules are broken. */
export type Scenario = {
  readonly workers: number;
  readonly ticks: number;
  readonly faults: Readonly<Partial<Record<Fault, true>>>;
  readonly mostFaults: number;
  /** By how many ticks each worker's clock is ahead; 0 where it is not given. Workers of one skew are interchangeable. */
  readonly skews?: readonly number[];
  /** A worker may have two claims of one tick on their way: the young tick of a gap, and its own look. */
  readonly twoAsks?: true;
  /** Run ids that a worker may have for one tick. A name is free again when nothing is left of it. */
  readonly asks?: number;
  /** The job was put by hand: there is no cursor, and the leader marks it when it sees it. */
  readonly byHand?: true;
  /** The leader removes the keys of ended runs, which is looked at by itself. */
  readonly removesEnded?: true;
  readonly broken?: Broken;
};
export type Fault = 'crash' | 'deadHost' | 'frozenHost' | 'lostAnswer' | 'lateRequest' | 'newLeader';

/** Rules that are left out, to see that the model catches it. */
export type Broken =
  | 'noCursorCompare'
  | 'noPrevCompare'
  | 'noLockCompare'
  | 'noDeadline'
  | 'frozenHostCounts'
  | 'startsPastDeadline'
  | 'leaderDoesNotWait'
  | 'leaderLooksNowAndThen'
  | 'grantCounts'
  | 'deadlineAtStart'
  | 'dropsFate'
  | 'notBegunOnce'
  | 'forgetsBegun'
  | 'noVoid'
  | 'finishComparesNothing';

export const KINDS = { idle: 0, claim: 1, skip: 2, missThenClaim: 3, missThenSkip: 4, late: 5 } as const;
export const PHASES = { sent: 1, answered: 2 } as const;
export const REFUSALS = [
  '',
  'done',
  'answerLost',
  'decided',
  'jobGone',
  'edited',
  'otherForm',
  'gap',
  'busy',
  'unexplained',
] as const;
const FORMS = ['after', 'none', 'exact'] as const;
/** Numbers of one move that a worker has on its way. */
export const MOVE = {
  kind: 0,
  tick: 1,
  form: 2,
  formRevision: 3,
  ask: 4,
  phase: 5,
  refusal: 6,
  revision: 7,
  cursor: 8,
  to: 9,
} as const;
export const MOVE_LENGTH = 10;

export const NAMES = ['wA', 'wB', 'wC'];
const START = Date.UTC(2027, 0, 1);
const STEP_MS = 10_000;
const AT = toInstant(START);

/** Everything that does not change while a scenario is explored: the job, the keys' places in a state, and the transactions, made by the real code and kept. */
export const createWorld = (scenario: Scenario) => {
  const { workers: W, ticks: T, asks: N = 2, broken } = scenario;
  const keys = createKeys();
  const texts = createTexts();
  const read = readJob('job', JSON.stringify({ name: 'job', command: 'x', cronExpr: '*/10 * * * * *' }), texts.idOf('job 1'));
  if (!read.ok) throw new Error('the job of the model cannot be read');
  const known = read.value;
  const fireTime = (tick: number): number => START + tick * STEP_MS;
  const tickOf = (index: number): Tick => ({
    job: 'job',
    fireTime: fireTime(index),
    nominalAt: fireTime(index),
    prev: fireTime(index - 1),
    revision: known.revision,
  });
  const indexOf = (ms: number): number => Math.floor((ms - START) / STEP_MS);

  // The places of a state: two numbers a key (value, revision), then what is no key.
  const runIndex = (w: number, t: number, n: number): number => (w * T + t - 1) * N + n;
  const slots = {
    cursor: 0,
    lock: 2,
    job: 4,
    leader: 6,
    worker: (w: number) => 8 + 2 * w,
    run: (i: number) => 8 + 2 * W + 2 * i,
  };
  const g = 8 + 2 * W + 2 * W * T * N;
  const at = {
    faults: g,
    due: g + 1,
    epoch: g + 2,
    duty: g + 3,
    bad: g + 4,
    /** Ticks up to this one were passed by a mark: nobody tells them. */
    marked: g + 5,
    claims: (t: number) => g + 5 + t,
    told: (t: number) => g + 5 + T + t,
    starts: (t: number) => g + 5 + 2 * T + t,
  };
  const w0 = g + 6 + 3 * T;
  const moves = scenario.twoAsks ? 2 : 1;
  const b = { host: 0, absent: 1, exempt: 2, ordered: 3, zombies: 4, move: 6 };
  const ofTick = 6 + moves * MOVE_LENGTH;
  const blockLength = ofTick + 2 * T * N;
  const block = (w: number): number => w0 + w * blockLength;
  const own = {
    ...b,
    moveAt: (m: number) => b.move + m * MOVE_LENGTH,
    run: (t: number, n: number) => ofTick + (t - 1) * N + n,
    /** How old the renewal is from which the deadline of the run counts. */
    age: (t: number, n: number) => ofTick + (T + t - 1) * N + n,
  };
  const length = w0 + W * blockLength;

  const runId = (w: number, t: number, n: number): string => `${NAMES[w] ?? ''}.${String(t)}.${String(n)}`;
  const parseRunId = (id: string): readonly [number, number, number] => {
    const [w = '', t = '', n = ''] = id.split('.');
    return [NAMES.indexOf(w), Number(t), Number(n)];
  };
  const slotByKey = new Map<string, number>([
    [keys.tick('job'), slots.cursor],
    [keys.lock('job'), slots.lock],
    [keys.job('job'), slots.job],
    [keys.leader, slots.leader],
  ]);
  for (let w = 0; w < W; w += 1) {
    slotByKey.set(keys.worker(NAMES[w] ?? ''), slots.worker(w));
    for (let t = 1; t <= T; t += 1)
      for (let n = 0; n < N; n += 1) slotByKey.set(keys.run('job', runId(w, t, n)), slots.run(runIndex(w, t, n)));
  }

  /** Which ticks a transaction claims, and which it tells as skipped or missed, read from what it puts. */
  const effectsOf = (puts: readonly { readonly key: string; readonly value: string }[]): Effects => {
    const claimed: number[] = [];
    const told: number[] = [];
    let marked = false;
    for (const { key, value } of puts) {
      if (key === keys.tick('job')) marked = parseCursor(value)?.decision.reason === 'marked';
      if (!value.startsWith('{')) continue;
      const it = JSON.parse(value) as Record<string, string>;
      if (key.startsWith(keys.runs) && it['state'] === 'running') claimed.push(indexOf(toMs(it['fireTime'] ?? '')));
      if (it['type'] === 'tickSkipped') told.push(indexOf(toMs(it['fireTime'] ?? '')));
      if (it['type'] === 'ticksMissed')
        for (let t = indexOf(toMs(it['from'] ?? '')); t <= indexOf(toMs(it['to'] ?? '')); t += 1) told.push(t);
    }
    return { claimed, told, marked };
  };

  // A transaction on its way is one number: that of its text, in which revisions are texts too, so that workers can be renamed in it.
  const made = new Map<number, Ready>();
  const numberOf = (transaction: Transaction): number =>
    texts.idOf(JSON.stringify(transaction, (name, value: unknown) => (name === 'is' ? texts.textOf(value as number) : value)));
  const transactionOf = (id: number): Ready => {
    const kept = made.get(id);
    if (kept) return kept;
    const transaction = JSON.parse(texts.textOf(id), (name, value: unknown) =>
      name === 'is' ? texts.idOf(value as string) : value,
    ) as Transaction;
    const one = ready(transaction, texts, (key) => slotByKey.get(key), effectsOf);
    made.set(id, one);
    return one;
  };
  const without = (
    transaction: Transaction,
    isDropped: (compare: NonNullable<Transaction['if']>[number]) => boolean,
  ): Transaction => ({
    ...transaction,
    if: (transaction.if ?? []).filter((compare) => !isDropped(compare)),
  });
  const withoutFate = (transaction: Transaction): Transaction => ({
    ...transaction,
    then: transaction.then.filter((each) => !(each.type === 'put' && each.key.startsWith(keys.outbox))),
  });

  const liveOf = (w: number, t: number, n: number): LiveRun => ({
    v: 1,
    runId: runId(w, t, n),
    job: 'job',
    worker: NAMES[w] ?? '',
    workerName: NAMES[w] ?? '',
    attempt: 1,
    trigger: 'schedule',
    fireTime: toInstant(fireTime(t)),
    state: 'running',
    claimedAt: AT,
    jobRevision: known.revision,
    overlap: 'skip',
    locks: true,
    lostAfterMs: 180_000,
    killGraceMs: 10_000,
    latenessMs: 0,
  });
  const formOf = (type: number, revision: number, t: number): CursorForm => {
    const name = FORMS[type] ?? 'none';
    return name === 'after'
      ? { type: name, prev: fireTime(t - 1) }
      : name === 'exact'
        ? { type: name, revision }
        : { type: name };
  };
  const base = (w: number, t: number, form: CursorForm) => ({
    keys,
    tick: tickOf(t),
    form,
    hash: known.hash,
    jobRevision: known.revision,
    worker: NAMES[w] ?? '',
  });

  const kept = new Map<string, number>();
  const keep = (name: string, make: () => Transaction): number => {
    const before = kept.get(name);
    if (before !== undefined) return before;
    const id = numberOf(make());
    kept.set(name, id);
    return id;
  };
  const cursorKey = keys.tick('job');
  const claim = (w: number, t: number, n: number, form: number, revision: number): number =>
    keep(`claim ${String([w, t, n, form, revision])}`, () => {
      const whole = claimTick({ ...base(w, t, formOf(form, revision, t)), live: liveOf(w, t, n) });
      if (broken === 'noCursorCompare') return without(whole, ({ key }) => key === cursorKey);
      if (broken === 'noLockCompare') return without(whole, ({ key }) => key === keys.lock('job'));
      return broken === 'noPrevCompare' ? without(whole, (compare) => compare.type === 'value' && compare.op === '>') : whole;
    });
  const skip = (w: number, t: number, form: number, revision: number): number =>
    keep(`skip ${String([w, t, form, revision])}`, () =>
      skipTick({
        ...base(w, t, formOf(form, revision, t)),
        event: {
          v: 1,
          type: 'tickSkipped',
          job: 'job',
          at: AT,
          fireTime: toInstant(fireTime(t)),
          reason: 'overlap',
          worker: NAMES[w] ?? '',
        },
      }),
    );
  const miss = (w: number, from: number, to: number, form: number, revision: number): number =>
    keep(`miss ${String([w, from, to, form, revision])}`, () => {
      const whole = missTicks({
        ...base(w, to, formOf(form, revision, to)),
        job: 'job',
        to: fireTime(to),
        event: {
          v: 1,
          type: 'ticksMissed',
          job: 'job',
          at: AT,
          from: toInstant(fireTime(from)),
          to: toInstant(fireTime(to)),
          count: to - from + 1,
          reason: 'late',
          worker: NAMES[w] ?? '',
        },
      });
      return broken === 'dropsFate' ? withoutFate(whole) : whole;
    });
  /** The revision of a claim: its run key and its lock have it, and it is the fencing token. */
  const fenceOf = (w: number, t: number, n: number): number => transactionOf(claim(w, t, n, 0, 0)).revision;
  const finish = (w: number, t: number, n: number, outcome: 'succeeded' | 'lost', withLock: boolean): number =>
    keep(`finish ${String([w, t, n, outcome, withLock])}`, () => {
      const fence = fenceOf(w, t, n);
      const ended: LiveRun = { ...liveOf(w, t, n), state: 'ended', outcome, endedAt: AT };
      const last = { v: 1, runId: ended.runId, fireTime: ended.fireTime, outcome, endedAt: AT };
      const whole = finishRun({ keys, ended, last, runRevision: fence, lockRevision: withLock ? fence : undefined });
      return broken === 'finishComparesNothing' ? { ...whole, if: [] } : whole;
    });

  const cursors = new Map<number, { readonly at: number; readonly hash: string | undefined } | undefined>();
  /** The tick of a cursor and the schedule that it knows. */
  const cursorOf = (value: number) => {
    if (!cursors.has(value)) {
      const parsed = parseCursor(texts.textOf(value));
      cursors.set(value, parsed && { at: indexOf(toMs(parsed.at)), hash: parsed.decision.hash });
    }
    return cursors.get(value);
  };

  const refusals = new Map<string, Refusal>();
  const refusalOf = (
    state: readonly number[],
    w: number,
    t: number,
    n: number,
    form: number,
    revision: number,
    isClaim: boolean,
  ): Refusal => {
    const runSlot = slots.run(runIndex(w, t, n));
    const places = isClaim ? [slots.cursor, slots.lock, slots.job, runSlot] : [slots.cursor, slots.lock, slots.job];
    const name = `${String([w, t, form, revision, isClaim])} ${String(places.map((slot) => [state[slot], state[slot + 1]]))}`;
    const before = refusals.get(name);
    if (before) return before;
    const [cursor, lock, job, run] = places.map((slot): ReadKey =>
      state[slot] === 0
        ? undefined
        : { value: texts.textOf(state[slot] ?? 0), revision: state[slot + 1] ?? 0, created: state[slot + 1] ?? 0 },
    );
    const refusal = whyRefused(
      { cursor, lock, job, run },
      {
        tick: tickOf(t),
        form: formOf(form, revision, t),
        jobRevision: known.revision,
        hash: known.hash,
        locks: isClaim,
        worker: NAMES[w] ?? '',
      },
    );
    refusals.set(name, refusal);
    return refusal;
  };

  /** What lies undecided before a tick where the ticks up to `old` are not young any more: by the real rule, at the instant that makes them so. */
  const gap = (cursor: number, t: number, old: number) => {
    const { missed, young } = gapOf(known.schedule, fireTime(cursor), fireTime(t), fireTime(old) + YOUNG_MS);
    return { missedTo: missed && indexOf(missed.to), young: young.length };
  };

  const here: Here = {
    now: START,
    inSync: true,
    inSyncSince: 0,
    draining: false,
    skewed: false,
    freeSlots: 9,
    me: 'wA',
    rankWaitMs: 250,
    rankOf: () => 0,
    killOf: () => undefined,
  };
  const jobState: JobState = {
    name: 'job',
    overlap: 'skip',
    queueMax: 1,
    lateAfterMs: 60_000,
    queued: new Map(),
    lastTick: undefined,
  };
  const decided = {
    busy: decide(here, jobState, { type: 'busy', tick: tickOf(1), holder: '' })[0]?.type,
    claimed: decide(here, jobState, { type: 'claimed', runId: '', attempt: 1 })[0]?.type,
  } satisfies Record<string, Command['type'] | undefined>;

  const running = new Map<number, boolean>();
  /** Whether the value of a run key is of a live run. */
  const isRunning = (value: number): boolean => {
    const before = running.get(value);
    if (before !== undefined) return before;
    const is = texts.textOf(value).includes('"state":"running"');
    running.set(value, is);
    return is;
  };
  const holders = Array.from({ length: W * T * N }, (_, i) =>
    texts.idOf(runId(Math.floor(i / (T * N)), (Math.floor(i / N) % T) + 1, i % N)),
  );

  return {
    scenario,
    isRunning,
    /** The lock's value while the run of that place holds it. */
    holderOf: (i: number): number => holders[i] ?? 0,
    W,
    T,
    N,
    keys,
    texts,
    known,
    fireTime,
    slots,
    at,
    own,
    block,
    blockLength,
    length,
    moves,
    runIndex,
    runId,
    parseRunId,
    transactionOf,
    numberOf,
    withoutFate,
    claim,
    skip,
    miss,
    finish,
    fenceOf,
    cursorOf,
    refusalOf,
    gap,
    decided,
    firstCursor: formatCursor({ at: toInstant(START), decision: { v: 1, reason: 'marked', hash: known.hash } }),
    leaderRevision: (epoch: number): number => texts.idOf(`leader ${String(epoch)}`),
  };
};
export type World = ReturnType<typeof createWorld>;
