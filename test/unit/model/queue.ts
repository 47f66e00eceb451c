import { toInstant } from '../../../src/domain/instant.ts';
import { createKeys } from '../../../src/domain/keys.ts';
import { readJob, type KnownJob } from '../../../src/domain/known-job.ts';
import { claimQueued, deleteJob, dropQueued, finishRun, killRun, saveJob } from '../../../src/domain/moves.ts';
import { endOfAttempted, endOfQueued } from '../../../src/domain/queued.ts';
import { defined } from '../../../src/domain/run.ts';
import { nextAttempt, retryOfClaim } from '../../../src/domain/retry.ts';
import { formatCursor, parseCursor } from '../../../src/domain/tick.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import { parseLiveRun, parseQueuedRun, type LiveRun, type QueuedRun } from '../../../src/domain/values.ts';
import { dutiesOf } from '../../../src/master/duties.ts';
import type { LeaderView } from '../../../src/master/leader-view.ts';
import { markOf, markOfDeleted } from '../../../src/master/mark.ts';
import { createTexts, ready, transact, type Ready } from './store.ts';

/**
 * Queued runs as a model: two workers that take them, a leader, a person who kills, edits and deletes, and etcd. The transactions are those of `moves.ts`, the leader's decisions those of
 * `duties.ts`, the further attempts those of `retry.ts`. Each transaction is made from the state as it is, and arrives at any time later: so whoever acts acts on an old look.
 *
 * Times are not counted: what is to wait has waited. Presences end only with a dead host; silences and deadlines are in the model of the claims (`steps.ts`).
 */
export type QueueScenario = {
  /** Of the two runs that wait: `a` was asked for by a person, `b` is a tick of the schedule. */
  readonly runs: readonly ('a' | 'b')[];
  /** A command fails, and may be tried once more. */
  readonly retry?: true;
  /** What a person does, each at most once, at any time. */
  readonly person?: readonly ('kill' | 'edit' | 'delete' | 'handKill')[];
  readonly expires?: true;
  readonly faults?: readonly ('crash' | 'deadHost' | 'lostAnswer')[];
  /** One where it is not given. */
  readonly mostFaults?: number;
  readonly broken?: QueueBroken;
};
/** Rules that are left out, to see that the model catches it. */
export type QueueBroken =
  | 'noQueueCompare'
  | 'noLockCompare'
  | 'noJobCompare'
  | 'dropComparesNothing'
  | 'dropTellsNothing'
  | 'goesOnThoughKilled'
  | 'keepsStaleKills'
  | 'forgetsIntents';

export type QueueExplored = {
  readonly states: number;
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined;
};

const START = Date.UTC(2027, 0, 1);
const AT = toInstant(START);
const EXPIRES = START + 600_000;
const HOUR = 3_600_000;
const WORKERS = ['wA', 'wB'] as const;
/** How far an attempt is on its worker's host. */
const RUN = { none: 0, doubtful: 1, held: 2, alive: 3, exited: 4, lost: 5, over: 6, found: 7 } as const;
const MOVE = { none: 0, take: 1, finish: 2 } as const;

export const exploreQueue = (scenario: QueueScenario, most = 1_500_000): QueueExplored => {
  const { runs, retry, person = [], expires, faults = [], mostFaults = 1, broken } = scenario;
  const keys = createKeys();
  const texts = createTexts();
  const R = runs.length;

  // ---- what does not change: the places of a state, the two versions of the job, the transactions
  const names = [
    'job',
    'tick',
    'lock',
    'leader',
    ...WORKERS,
    ...runs.flatMap((run) => [`queue ${run}`, `run ${run}`, `kill ${run}`]),
  ];
  const keyOf = (name: string): string => {
    const [kind = '', run = ''] = name.split(' ');
    const of = {
      job: keys.job('job'),
      tick: keys.tick('job'),
      lock: keys.lock('job'),
      leader: keys.leader,
      wA: keys.worker('wA'),
      wB: keys.worker('wB'),
    };
    return kind === 'queue'
      ? keys.queued('job', run)
      : kind === 'run'
        ? keys.run('job', run)
        : kind === 'kill'
          ? keys.killer('job', run)
          : of[kind as keyof typeof of];
  };
  const slots = new Map(names.map((name, index) => [name, 2 * index]));
  const slot = (name: string): number => slots.get(name) ?? -1;
  const slotOfKey = new Map(names.map((name) => [keyOf(name), slot(name)]));
  let length = 2 * names.length;
  const place = (count = 1): number => (length += count) - count;
  /** Per worker: its host (0 up, 1 dead), the move on its way and what it is of, one that nobody waits for any more. */
  const own = WORKERS.map(() => ({
    host: place(),
    move: place(),
    kind: place(),
    of: place(),
    zombie: place(),
    phase: place(R),
    attempt: place(R),
    asked: place(R),
  }));
  const at = {
    leader: place(),
    personMove: place(),
    wants: place(),
    faults: place(),
    expired: place(),
    bad: place(),
    claims: place(2 * R),
    drops: place(R),
    starts: place(2 * R),
    killed: place(R),
    did: place(3),
  };

  const jobOf = (cronExpr: string, revision: number): KnownJob => {
    const value = { name: 'job', command: 'x', cronExpr, ...(retry && { retry: { max: 1 } }) };
    const read = readJob('job', JSON.stringify(value), revision);
    if (!read.ok) throw new Error('the job of the model cannot be read');
    return read.value;
  };
  const textOfJob = (cronExpr: string): string =>
    JSON.stringify({ name: 'job', command: 'x', cronExpr, ...(retry && { retry: { max: 1 } }) });
  const first = { text: textOfJob('0 0 1 1 *'), known: jobOf('0 0 1 1 *', texts.idOf('first job')) };
  const knownOf = (state: readonly number[]): KnownJob | undefined => {
    const text = texts.textOf(state[slot('job')] ?? 0);
    if (text === '') return undefined;
    const read = readJob('job', text, state[slot('job') + 1] ?? 0);
    return read.ok ? read.value : undefined;
  };
  const firstQueued = (run: string): QueuedRun => ({
    v: 1,
    runId: run,
    job: 'job',
    trigger: run === 'a' ? 'manual' : 'schedule',
    fireTime: toInstant(START + (run === 'a' ? 0 : 1)),
    attempt: 1,
    notBefore: AT,
    queuedAt: AT,
    ...(run === 'b' && { hash: first.known.hash }),
    ...(expires && { notAfter: toInstant(EXPIRES) }),
  });

  const made = new Map<number, Ready>();
  const numberOf = (transaction: Transaction): number => {
    const id = texts.idOf(JSON.stringify(transaction));
    if (!made.has(id))
      made.set(
        id,
        ready(transaction, texts, (key) => slotOfKey.get(key), effectsOf),
      );
    return id;
  };
  /** `claimed`: run and attempt as one number; `told`: runs that were dropped. */
  function effectsOf(puts: readonly { readonly key: string; readonly value: string }[]) {
    const [claimed, told]: [number[], number[]] = [[], []];
    for (const { key, value } of puts) {
      if (!value.startsWith('{')) continue;
      const it = JSON.parse(value) as Record<string, string | number>;
      const index = runs.indexOf(it['runId'] as 'a');
      if (key.startsWith(keys.runs) && it['state'] === 'running') claimed.push(2 * index + Number(it['attempt']) - 1);
      if (it['type'] === 'dropped') told.push(index);
    }
    return { claimed, told, marked: false };
  }
  const without = (transaction: Transaction, isDropped: (key: string) => boolean): Transaction => ({
    ...transaction,
    if: (transaction.if ?? []).filter(({ key }) => !isDropped(key)),
  });

  const liveAt = (state: readonly number[], run: string): LiveRun | undefined => {
    const parsed = parseLiveRun(texts.textOf(state[slot(`run ${run}`)] ?? 0) || '-');
    return parsed.ok ? parsed.value : undefined;
  };
  const queuedAt = (state: readonly number[], run: string): QueuedRun | undefined => {
    const parsed = parseQueuedRun(texts.textOf(state[slot(`queue ${run}`)] ?? 0) || '-');
    return parsed.ok ? parsed.value : undefined;
  };
  const isRunning = (state: readonly number[], run: string): boolean => liveAt(state, run)?.state === 'running';

  const takeOf = (state: readonly number[], worker: string, queued: QueuedRun, known: KnownJob): number => {
    const live: LiveRun = {
      v: 1,
      runId: queued.runId,
      job: 'job',
      worker,
      workerName: worker,
      attempt: queued.attempt,
      trigger: queued.trigger,
      fireTime: queued.fireTime,
      state: 'running',
      claimedAt: AT,
      jobRevision: known.revision,
      overlap: 'skip',
      locks: true,
      lostAfterMs: 180_000,
      killGraceMs: 10_000,
      latenessMs: 0,
      ...defined({ retry: retryOfClaim(known.job, queued) }),
    };
    const queueRevision = state[slot(`queue ${queued.runId}`) + 1] ?? 0;
    const whole = claimQueued({ keys, live, queueRevision, jobRevision: known.revision, worker });
    const key =
      broken === 'noQueueCompare'
        ? keys.queued('job', queued.runId)
        : broken === 'noLockCompare'
          ? keys.lock('job')
          : broken === 'noJobCompare'
            ? keys.job('job')
            : '';
    return numberOf(without(whole, (each) => each === key));
  };
  const finishOf = (state: readonly number[], live: LiveRun, outcome: 'failed' | 'lost', fence: number): number => {
    const killed = (state[slot(`kill ${live.runId}`)] ?? 0) !== 0;
    const ended: LiveRun = { ...live, state: 'ended', outcome, endedAt: AT, fence };
    const next = killed && broken !== 'goesOnThoughKilled' ? undefined : nextAttempt(live, { at: AT, outcome });
    const last = { v: 1, runId: live.runId, fireTime: live.fireTime, outcome, endedAt: AT };
    const isGone = (state[slot('job')] ?? 0) === 0;
    const whole = finishRun({ keys, ended, last, runRevision: fence, lockRevision: fence, next: isGone ? undefined : next });
    return numberOf(broken === 'goesOnThoughKilled' ? without(whole, (key) => key.startsWith(keys.killers)) : whole);
  };

  const nowOf = (state: readonly number[]): number => (state[at.expired] ? EXPIRES + 1 : START + 1_000);

  // ---- the leader, by the real duties
  const duties = new Map<string, readonly (readonly [name: string, id: number])[]>();
  const dutiesAt = (state: readonly number[]): readonly (readonly [name: string, id: number])[] => {
    const name = [...state.slice(0, 2 * names.length), state[at.expired]].join();
    const kept = duties.get(name);
    if (kept) return kept;
    const known = knownOf(state);
    const value = (of: string): string => texts.textOf(state[slot(of)] ?? 0);
    const revision = (of: string): number => state[slot(of) + 1] ?? 0;
    const living = WORKERS.filter((worker) => value(worker) !== '');
    const each = <T>(kind: string, make: (run: string) => T): Map<string, T> =>
      new Map(runs.filter((run) => value(`${kind} ${run}`) !== '').map((run) => [run, make(run)]));
    const cursor = parseCursor(value('tick'));
    const view: LeaderView = {
      jobs: new Map(known ? [['job', { known, created: 0, dueAt: () => undefined }]] : []),
      cursors: new Map(cursor ? [['job', { revision: revision('tick'), cursor }]] : []),
      locks: new Map(value('lock') === '' ? [] : [['job', { runId: value('lock'), revision: revision('lock'), seenAt: 0 }]]),
      runs: each('run', (run) => {
        const live = liveAt(state, run);
        if (!live) throw new Error('a run key of the model cannot be read');
        return {
          live,
          revision: revision(`run ${run}`),
          fence: live.fence ?? 0,
          since: 0,
          endedSeenAt: live.state === 'ended' ? 0 : undefined,
        };
      }),
      queue: each('queue', (run) => {
        const queued = queuedAt(state, run);
        if (!queued) throw new Error('a queue key of the model cannot be read');
        return { queued, revision: revision(`queue ${run}`), created: 1 };
      }),
      lasts: new Map(),
      workers: new Map(living.map((id) => [id, { id, name: id, labels: [], startedAt: AT } as never])),
      absentSince: new Map(WORKERS.filter((worker) => value(worker) === '').map((worker) => [worker, 0])),
      bareKills: new Map(),
      kills: each('kill', (run) => ({ job: 'job', revision: revision(`kill ${run}`), seenAt: 0 })),
      befores: new Map(),
      warnings: new Map(),
    };
    const leader = { type: 'revision', key: keys.leader, is: revision('leader') } as const;
    const now = nowOf(state);
    const found = dutiesOf(view, {
      keys,
      leader,
      now,
      monotonic: HOUR,
      scale: 1,
      newId: () => '',
      settles: true,
      clockLimitMs: 1_000,
    });
    const all = found
      // Looked at by themselves elsewhere: the end of a run stays visible here, and the clock of the ticks stands still.
      .filter(
        (duty) =>
          !['removeEnded', 'missed', 'mark', 'removeAbsent'].includes(duty.name) &&
          !(broken === 'keepsStaleKills' && duty.name === 'staleKill'),
      )
      .map((duty): readonly [string, number] => {
        let transaction = JSON.parse(JSON.stringify(duty.transaction).replaceAll(toInstant(now), AT)) as Transaction;
        const isDrop = ['expired', 'edited', 'jobDeleted'].includes(duty.name);
        if (isDrop && broken === 'dropComparesNothing') transaction = without(transaction, (key) => key.startsWith(keys.queue));
        if (isDrop && broken === 'dropTellsNothing')
          transaction = { ...transaction, then: transaction.then.filter(({ key }) => !key.startsWith(keys.outbox)) };
        return [duty.name, numberOf(transaction)];
      });
    duties.set(name, all);
    return all;
  };

  // ---- the person, by what the API reads and sends (master/kill.ts, master/jobs.ts)
  const killOf = (state: readonly number[], run: string): number | undefined => {
    const live = liveAt(state, run);
    const revision = (of: string): number => state[slot(of) + 1] ?? 0;
    if (live?.state === 'running') {
      if (state[slot(`kill ${run}`)]) return undefined;
      const kill = { v: 1, at: AT, by: 'ann', cause: 'killed' } as const;
      const whole = killRun({ keys, job: 'job', runId: run, runRevision: revision(`run ${run}`), kill });
      return numberOf(whole);
    }
    const queued = queuedAt(state, run);
    if (!queued) return undefined;
    const event = endOfQueued(queued, { at: START, outcome: 'killed', reason: 'person', by: 'ann' });
    const attempted = endOfAttempted(event, live && { live, revision: revision(`run ${run}`) });
    return numberOf(dropQueued({ keys, queued, queueRevision: revision(`queue ${run}`), event, attempted }));
  };
  /** `etcdctl put`, whatever is there. */
  const byHand = (): number => numberOf({ then: [{ type: 'put', key: keys.killer('job', runs[0] ?? ''), value: 'now' }] });
  const changeOf = (state: readonly number[], what: 'edit' | 'delete'): number | undefined => {
    const known = knownOf(state);
    const cursor = parseCursor(texts.textOf(state[slot('tick')] ?? 0));
    if (!known) return undefined;
    const read = { jobRevision: known.revision, cursorRevision: state[slot('tick') + 1] ?? 0 };
    if (what === 'delete') {
      const { mark } = markOfDeleted('job', known, cursor, START);
      return numberOf(deleteJob({ keys, name: 'job', read, mark, events: [] }));
    }
    const next = jobOf('0 0 2 1 *', 0);
    const { mark } = markOf({ name: 'job', hash: next.hash, before: known, cursor, now: START });
    return numberOf(saveJob({ keys, name: 'job', value: textOfJob('0 0 2 1 *'), read, ...(mark && { mark }), events: [] }));
  };

  // ---- what can happen next
  type Emit = (next: number[], isFree: boolean, label: () => string) => void;
  const steps = (state: readonly number[], emit: Emit): void => {
    const step = (label: () => string, change: (next: number[]) => unknown, isFree = true): void => {
      const next = state.slice();
      if (change(next) !== false) emit(next, isFree, label);
    };
    const apply = (next: number[], id: number): boolean => {
      const transaction = made.get(id);
      if (!transaction || !transact(next, transaction, texts)) return false;
      for (const number of transaction.effects.claimed) {
        next[at.claims + number] = (next[at.claims + number] ?? 0) + 1;
        // P6: nothing is claimed by a version that is no longer there.
        const run = runs[number >> 1] ?? '';
        if (knownOf(next)?.revision !== liveAt(next, run)?.jobRevision) next[at.bad] = 1;
      }
      for (const index of transaction.effects.told) next[at.drops + index] = (next[at.drops + index] ?? 0) + 1;
      runs.forEach((run, index) => {
        const kill = next[slot(`kill ${run}`)] ?? 0;
        const flag = at.killed + index;
        const before = next[flag] ?? 0;
        // P5: a kill is kept until the end of the run, and a run that was ended so is not tried again.
        if (!isRunning(next, run)) next[flag] = before === 0 ? 0 : 2;
        else if (before === 2) next[at.bad] = 3;
        else if (before === 1 && kill === 0) next[at.bad] = 2;
        else if (kill !== 0) next[flag] = 1;
      });
      return true;
    };
    const mayFault = (fault: 'crash' | 'deadHost' | 'lostAnswer'): boolean =>
      faults.includes(fault) && (state[at.faults] ?? 0) > 0;
    const spend = (next: number[]): void => {
      next[at.faults] = (next[at.faults] ?? 0) - 1;
    };

    WORKERS.forEach((me, w) => ofWorker(me, own[w]!));
    if (state[at.leader])
      step(
        () => 'the write of the leader arrives',
        (next) => {
          next[at.leader] = 0;
          apply(next, state[at.leader] ?? 0);
        },
      );
    else
      for (const [name, id] of dutiesAt(state))
        step(
          () => `the leader sends a duty: ${name}`,
          (next) => {
            next[at.leader] = id;
          },
        );
    ofPerson();
    if (expires && !state[at.expired])
      step(
        () => 'what waits has waited too long',
        (next) => {
          next[at.expired] = 1;
        },
      );

    function ofWorker(me: string, mine: (typeof own)[number]): void {
      const phase = (index: number): number => state[mine.phase + index] ?? 0;
      const become = (next: number[], index: number, to: number): void => {
        next[mine.phase + index] = to;
      };
      if (state[mine.zombie])
        step(
          () => `an old request of ${me} arrives at last`,
          (next) => {
            next[mine.zombie] = 0;
            apply(next, state[mine.zombie] ?? 0);
          },
        );
      if (state[mine.host]) return;
      const forget = (next: number[]): boolean => {
        if (state[mine.move] && state[mine.zombie]) return false;
        if (state[mine.move]) next[mine.zombie] = state[mine.move] ?? 0;
        next[mine.move] = next[mine.kind] = next[mine.of] = 0;
        runs.forEach((_run, index) => {
          if (phase(index) === RUN.doubtful || (state[mine.kind] === MOVE.take && state[mine.of] === index))
            become(next, index, RUN.found);
          if (phase(index) === RUN.held) become(next, index, RUN.lost);
          next[mine.asked + index] = 0;
        });
        return true;
      };
      if (mayFault('crash'))
        step(
          () => `the process of ${me} is killed, and starts again`,
          (next) => {
            spend(next);
            return forget(next);
          },
          false,
        );
      // With nobody left nothing goes on: no fault of the rules.
      if (mayFault('deadHost') && own.every(({ host }) => !state[host]))
        step(
          () => `the host of ${me} dies`,
          (next) => {
            spend(next);
            if (!forget(next)) return false;
            next[mine.host] = 1;
            next[slot(me)] = next[slot(me) + 1] = 0;
            runs.forEach((_run, index) => {
              become(next, index, RUN.none);
              next[mine.attempt + index] = 0;
            });
            return true;
          },
          false,
        );

      const isBusy = (state[mine.move] ?? 0) !== 0;
      const known = knownOf(state);
      runs.forEach((run, index) => {
        const queued = queuedAt(state, run);
        const how = phase(index);
        const live = liveAt(state, run);
        const isMine = live?.state === 'running' && live.worker === me;
        const isFree = how === RUN.none || how === RUN.over;
        const matches = known && queued && (queued.worker === undefined || queued.worker === me) && queued.exclude !== me;
        if (
          !isBusy &&
          isFree &&
          matches &&
          !(queued.notAfter !== undefined && Date.parse(queued.notAfter) <= nowOf(state)) &&
          (queued.hash === undefined || queued.hash === known.hash)
        )
          step(
            () => `${me} asks for run ${run}, attempt ${String(queued.attempt)}`,
            (next) => {
              next[mine.move] = takeOf(state, me, queued, known);
              next[mine.kind] = MOVE.take;
              next[mine.of] = index;
              next[mine.attempt + index] = queued.attempt;
              become(next, index, RUN.none);
            },
          );
        if (!isBusy && how === RUN.doubtful)
          step(
            () => `${me} asks again for run ${run}`,
            (next) => {
              next[mine.move] = state[mine.asked + index] ?? 0;
              next[mine.kind] = MOVE.take;
              next[mine.of] = index;
            },
          );
        // Once a minute, and at a start: a run in its name that nothing is known of here never started.
        const isUnknown = how === RUN.found || (isFree && !(isBusy && state[mine.of] === index));
        if (
          isUnknown &&
          isMine &&
          broken !== 'forgetsIntents' &&
          (how === RUN.found || live.attempt !== state[mine.attempt + index] || how === RUN.none)
        )
          step(
            () => `${me} finds run ${run} in its name, never started`,
            (next) => {
              next[mine.attempt + index] = live.attempt;
              become(next, index, RUN.lost);
            },
          );
        if (how === RUN.found && !isMine && !state[mine.zombie])
          step(
            () => `${me} lets go of its intent for run ${run}`,
            (next) => become(next, index, RUN.none),
          );
        if (how === RUN.held)
          step(
            () => `${me} starts run ${run}, attempt ${String(state[mine.attempt + index])}`,
            (next) => {
              const number = at.starts + 2 * index + (state[mine.attempt + index] ?? 1) - 1;
              next[number] = (next[number] ?? 0) + 1;
              become(next, index, RUN.alive);
            },
          );
        if (how === RUN.alive)
          step(
            () => `the command of run ${run} ends`,
            (next) => become(next, index, RUN.exited),
          );
        if (!isBusy && (how === RUN.exited || how === RUN.lost)) {
          const attempt = state[mine.attempt + index] ?? 1;
          if (!isMine || live.attempt !== attempt)
            step(
              () => `${me} tells the end of run ${run} by its events alone`,
              (next) => become(next, index, RUN.over),
            );
          else
            step(
              () => `${me} records the end of run ${run}, attempt ${String(attempt)}`,
              (next) => {
                next[mine.move] = finishOf(
                  state,
                  live,
                  how === RUN.exited ? 'failed' : 'lost',
                  state[slot(`run ${run}`) + 1] ?? 0,
                );
                next[mine.kind] = MOVE.finish;
                next[mine.of] = index;
              },
            );
        }
      });

      if (!isBusy) return;
      const [index, id, kind] = [state[mine.of] ?? 0, state[mine.move] ?? 0, state[mine.kind]];
      const run = runs[index] ?? '';
      const conclude = (next: number[]): void => {
        next[mine.move] = next[mine.kind] = next[mine.of] = 0;
      };
      const heard = (next: number[], isDone: boolean): void => {
        conclude(next);
        const live = liveAt(next, run);
        const isHeld =
          isDone || (live?.state === 'running' && live.worker === me && live.attempt === state[mine.attempt + index]);
        if (kind === MOVE.finish) {
          if (isDone || !isHeld) become(next, index, RUN.over);
          return; // else a kill stands now, or the job is gone: it is recorded anew
        }
        next[mine.asked + index] = 0;
        const number = at.starts + 2 * index + (state[mine.attempt + index] ?? 1) - 1;
        const hasBegun = (next[number] ?? 0) > 0;
        if (isHeld && !hasBegun) become(next, index, RUN.held);
        else if (!isHeld) become(next, index, RUN.none);
      };
      step(
        () => `the request of ${me} for run ${run} arrives, and is answered`,
        (next) => heard(next, apply(next, id)),
      );
      if (mayFault('lostAnswer'))
        step(
          () => `the request of ${me} for run ${run} arrives, and its answer is lost`,
          (next) => {
            spend(next);
            apply(next, id);
            conclude(next);
            if (kind === MOVE.take) {
              next[mine.asked + index] = id;
              become(next, index, RUN.doubtful);
            }
          },
          false,
        );
    }

    function ofPerson(): void {
      const wants = state[at.wants] ?? 0;
      if (state[at.personMove]) {
        step(
          () => 'what the person asked for arrives',
          (next) => {
            next[at.personMove] = 0;
            apply(next, state[at.personMove] ?? 0);
          },
        );
        return;
      }
      person.forEach((what, which) => {
        if (what === 'kill') {
          if (!state[at.did + which])
            runs.forEach((run, index) =>
              step(
                () => `a person wants run ${run} to end`,
                (next) => {
                  next[at.did + which] = 1;
                  next[at.wants] = wants | (1 << index);
                },
                false,
              ),
            );
          // Refused where something changed meanwhile, and read again.
          runs.forEach((run, index) => {
            const id = wants & (1 << index) ? killOf(state, run) : undefined;
            if (id !== undefined)
              step(
                () => `the kill of run ${run} is sent`,
                (next) => {
                  next[at.personMove] = id;
                },
              );
          });
          return;
        }
        const id = state[at.did + which] ? undefined : what === 'handKill' ? byHand() : changeOf(state, what);
        if (id !== undefined)
          step(
            () => `a person sends: ${what}`,
            (next) => {
              next[at.did + which] = 1;
              next[at.personMove] = id;
            },
            false,
          );
      });
    }
  };

  // ---- what must hold
  const wrong = (state: readonly number[]): string | undefined => {
    const alive: string[] = [];
    const holder = texts.textOf(state[slot('lock')] ?? 0);
    for (const [index, run] of runs.entries()) {
      for (const attempt of [0, 1]) {
        if ((state[at.claims + 2 * index + attempt] ?? 0) > 1) return `P1: run ${run} is claimed twice`;
        if ((state[at.starts + 2 * index + attempt] ?? 0) > 1) return `P1: run ${run} is started twice`;
      }
      const [claims, drops] = [state[at.claims + 2 * index] ?? 0, state[at.drops + index] ?? 0];
      const waits = (state[slot(`queue ${run}`)] ?? 0) !== 0;
      if (!waits && claims + drops === 0) return `P3: run ${run} is gone, and nothing is told of it`;
      if (drops > 1 || (drops > 0 && waits) || (drops > 0 && claims > 0 && !retry)) return `P3: run ${run} has two fates`;
      if (isRunning(state, run) && drops > 0) return `P3: run ${run} runs, and was told as dropped`;
      for (const [w] of WORKERS.entries()) if (state[own[w]!.phase + index] === RUN.alive) alive.push(run);
      if (isRunning(state, run) && holder !== run) return `P2: run ${run} is live, and the lock is not its own`;
    }
    if (alive.length > 1) return `P2: ${alive.join(' and ')} run at one time`;
    return (
      [
        '',
        'P6: a run is claimed by a version of its job that is no longer there',
        'P5: a kill is gone before its run has ended',
        'P5: a run that was to be killed is tried again',
      ][state[at.bad] ?? 0] || undefined
    );
  };
  const isSettled = (state: readonly number[]): boolean =>
    state[slot('lock')] === 0 &&
    runs.every((run) => !state[slot(`queue ${run}`)] && !state[slot(`kill ${run}`)] && !isRunning(state, run)) &&
    own.every(({ phase }) => runs.every((_run, index) => state[phase + index] !== RUN.alive));

  const firstState = (): number[] => {
    const state = Array.from({ length }, () => 0);
    const put = (name: string, value: string, revision = value): void => {
      state[slot(name)] = texts.idOf(value);
      state[slot(name) + 1] = texts.idOf(revision);
    };
    put('job', first.text, 'first job');
    put('tick', formatCursor({ at: AT, decision: { v: 1, reason: 'marked', hash: first.known.hash } }));
    put('leader', 'leader');
    for (const worker of WORKERS) put(worker, `presence ${worker}`);
    for (const run of runs) put(`queue ${run}`, JSON.stringify(firstQueued(run)));
    state[at.faults] = faults.length > 0 ? mostFaults : 0;
    return state;
  };

  // ---- every state that can be reached, breadth first; then, backward from the settled ones, whether each has a way there
  const numbers = new Map<string, number>();
  const states: number[][] = [];
  const parents: number[] = [];
  const labels: (() => string)[] = [];
  const into: number[][] = [];
  const add = (state: number[], parent: number, label: () => string): number => {
    const text = String.fromCharCode(...state);
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, states.length);
    states.push(state);
    parents.push(parent);
    labels.push(label);
    into.push([]);
    return states.length - 1;
  };
  const told = (number: number, what: string): QueueExplored => {
    const way: string[] = [];
    for (let each = number; each > 0; each = parents[each] ?? 0) way.unshift(labels[each]?.() ?? '');
    return { states: states.length, violation: { what, steps: way } };
  };
  add(firstState(), 0, () => '');
  for (let number = 0; number < states.length; number += 1) {
    if (states.length > most) throw new Error(`more than ${String(most)} states: the scenario is too large`);
    const state = states[number] ?? [];
    const what = wrong(state);
    if (what !== undefined) return told(number, what);
    steps(state, (next, isFree, label) => {
      const other = add(next, number, label);
      if (isFree && other !== number) into[other]?.push(number);
    });
  }
  const reached = new Uint8Array(states.length);
  const settled = states.flatMap((state, number) => (isSettled(state) ? [number] : []));
  for (const number of settled) reached[number] = 1;
  for (let index = 0; index < settled.length; index += 1)
    for (const before of into[settled[index] ?? 0] ?? [])
      if (!reached[before]) {
        reached[before] = 1;
        settled.push(before);
      }
  const stuck = reached.indexOf(0);
  return stuck < 0
    ? { states: states.length, violation: undefined }
    : told(stuck, 'stuck: no way leads to "nothing waits, runs or is to be killed, lock free"');
};
