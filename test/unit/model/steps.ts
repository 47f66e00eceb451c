import { transact } from './store.ts';
import { createLeader, LEADER_WAITS } from './leader.ts';
import { KINDS, MOVE, MOVE_LENGTH, NAMES, PHASES, REFUSALS, type Fault, type World } from './world.ts';

/** How far a run is on its worker's host: what its spool folder, its launcher and its worker know together. */
export const RUN = {
  none: 0,
  /** The intent is written; the claim is on its way, or its answer was lost. */
  intent: 1,
  held: 2,
  /** Begun: the order to start it is on its way to the launcher. */
  begun: 3,
  alive: 4,
  exited: 5,
  /** It is to be told as lost: it never started. */
  lost: 6,
  finishing: 7,
  finishingLost: 8,
  /** Recorded, its folder removed: this process still knows its name. */
  over: 9,
  /** Found by a new process: only the intent. */
  foundIntent: 10,
  /** Found by a new process: begun, and nothing says that it was started. */
  foundBegun: 11,
} as const;
export const HOST = { up: 0, crashed: 1, dead: 2, frozen: 3 } as const;
export const BAD = ['', 'a command is started though its run has ended'] as const;
/** Steps of time after which the launcher ends a run, counted from the last renewal that was answered. */
const LONGEST_AGE = 2;
/** For one broken rule: a leader that did not notice that a worker was there in between. */
const FLICKERED = 3;

export type Emit = (next: readonly number[], isFault: boolean, label: () => string) => void;

/**
 * All that can happen next in a state. Time is counted in steps, in each of which a worker's lease is renewed or its presence ends: the launcher ends what runs when the last
 * renewal is two steps old, and the leader waits for one step of absence; of what falls into one step the launcher's deadline is first, as it lies 5 s before the leader's.
 * Everything else may happen at any time: a worker that does nothing for long is a slow, a frozen or a cut-off one, and ranks are no more than a word on who is
 * likely to be first.
 */
const VERBS = ['', 'claim', 'skip', 'miss', 'miss', 'miss'];

export const createSteps = (world: World) => {
  const { scenario, W, T, N, slots, at, own, block, texts } = world;
  const { broken, faults } = scenario;
  const duties = createLeader(world);
  const runOf = (w: number, t: number, n: number): string => world.runId(w, t, n);
  const runs: (readonly [t: number, n: number])[] = [];
  for (let t = 1; t <= T; t += 1) for (let n = 0; n < N; n += 1) runs.push([t, n]);

  return (state: readonly number[], emit: Emit): void => {
    const get = (w: number, place: number): number => state[block(w) + place] ?? 0;
    const may = (fault: Fault): boolean => faults[fault] === true && (state[at.faults] ?? 0) > 0;
    /** A changed copy goes on; `change` answers false where the step is none. */
    const step = (label: () => string, change: (next: number[]) => unknown, fault?: Fault): void => {
      const next = state.slice();
      if (fault) next[at.faults] = (next[at.faults] ?? 0) - 1;
      if (change(next) === false) return;
      emit(next, fault !== undefined, label);
    };
    const set = (next: number[], w: number, place: number, value: number): void => {
      next[block(w) + place] = value;
    };

    /** Carries out a transaction and notes what it told. */
    const apply = (next: number[], id: number): boolean => {
      const before = world.cursorOf(next[slots.cursor] ?? 0)?.at ?? -1;
      const transaction = world.transactionOf(id);
      if (!transact(next, transaction, texts)) return false;
      const { claimed, told, marked } = transaction.effects;
      for (const t of claimed) if (t >= 1 && t <= T) next[at.claims(t)] = (next[at.claims(t)] ?? 0) + 1;
      for (const t of told) if (t >= 1 && t <= T) next[at.told(t)] = (next[at.told(t)] ?? 0) + 1;
      const after = world.cursorOf(next[slots.cursor] ?? 0)?.at ?? -1;
      if (marked && after > before) next[at.marked] = Math.max(next[at.marked] ?? 0, Math.min(after, T));
      return true;
    };
    const clearMove = (next: number[], w: number, m: number): void => {
      for (let i = 0; i < MOVE_LENGTH; i += 1) set(next, w, own.moveAt(m) + i, 0);
    };
    const zombie = (next: number[], w: number, id: number): boolean => {
      const places = [own.zombies, own.zombies + 1].map((place) => block(w) + place);
      const free = places.find((place) => next[place] === 0);
      if (free === undefined) return false;
      next[free] = id;
      const [a = 0, c = 0] = places;
      if (next[c] !== 0 && (next[a] ?? 0) > (next[c] ?? 0)) [next[a], next[c]] = [next[c] ?? 0, next[a] ?? 0];
      return true;
    };
    const move = (w: number, m: number, place: number): number => get(w, own.moveAt(m) + place);
    const send = (next: number[], w: number, m: number, fields: Partial<Record<keyof typeof MOVE, number>>): void => {
      for (const [name, value] of Object.entries(fields)) set(next, w, own.moveAt(m) + MOVE[name as keyof typeof MOVE], value);
      for (const place of [MOVE.refusal, MOVE.revision] as const) set(next, w, own.moveAt(m) + place, 0);
      set(next, w, own.moveAt(m) + MOVE.phase, PHASES.sent);
    };
    const transactionOf = (w: number, m: number): number => {
      const [kind, t, form, revision, n, from, to] = [
        MOVE.kind,
        MOVE.tick,
        MOVE.form,
        MOVE.formRevision,
        MOVE.ask,
        MOVE.cursor,
        MOVE.to,
      ].map((place) => move(w, m, place)) as [number, number, number, number, number, number, number];
      if (kind === KINDS.claim) return world.claim(w, t, n, form, revision);
      return kind === KINDS.skip ? world.skip(w, t, form, revision) : world.miss(w, from, to, form, revision);
    };
    const eachRun = (w: number, act: (t: number, n: number, how: number) => void): void => {
      for (const [t, n] of runs) act(t, n, get(w, own.run(t, n)));
    };
    const hasRun = (w: number, isOne: (how: number, t: number, n: number) => boolean): boolean =>
      runs.some(([t, n]) => isOne(get(w, own.run(t, n)), t, n));
    const lives = (w: number): boolean => hasRun(w, (how) => how === RUN.alive);
    const isKilled = (w: number, t: number, n: number): boolean =>
      get(w, own.host) <= HOST.crashed && broken !== 'noDeadline' && get(w, own.age(t, n)) >= LONGEST_AGE;
    /** Whether the deadline of such a run counts: from its claim's request to its end. */
    const ages = (how: number): boolean =>
      how === RUN.alive ||
      how === RUN.begun ||
      how === RUN.foundBegun ||
      ((how === RUN.held || how === RUN.intent) && broken !== 'deadlineAtStart');
    /** How old the last answered renewal is. A new process counts from its own start, which is later only by less than the presence lasts. */
    const renewedAge = (w: number): number => (state[slots.worker(w)] === 0 ? LONGEST_AGE : 0);
    /** A changed run; what no longer counts has no age. */
    const become = (next: number[], w: number, t: number, n: number, how: number): void => {
      if (get(w, own.run(t, n)) === RUN.alive && how !== RUN.alive) set(next, w, own.exempt, 0);
      set(next, w, own.run(t, n), how);
      if (!ages(how) && get(w, own.ordered) !== (t - 1) * N + n + 1) set(next, w, own.age(t, n), 0);
    };

    // The launcher's deadline comes before all else that happens at its instant: it lies 5 s before the leader's (DEADLINE_MARGIN_MS in worker/runs.ts).
    const urgent: (readonly [w: number, t: number, n: number])[] = [];
    for (let w = 0; w < W; w += 1)
      eachRun(w, (t, n, how) => {
        if (how === RUN.alive && isKilled(w, t, n)) urgent.push([w, t, n]);
      });
    for (const [w, t, n] of urgent)
      step(
        () => `the launcher of ${NAMES[w] ?? ''} ends run ${runOf(w, t, n)}: its deadline has come`,
        (next) => become(next, w, t, n, RUN.exited),
      );
    if (urgent.length > 0) return;

    for (let w = 0; w < W; w += 1) ofHost(w);
    ofLeader();
    if ((state[at.due] ?? 0) < T)
      step(
        () => `tick ${String((state[at.due] ?? 0) + 1)} is due`,
        (next) => {
          next[at.due] = (next[at.due] ?? 0) + 1;
        },
      );
    timePasses();

    /** Whether the leader counts the silence of this worker: it owns a run that is not known to have ended. */
    function owns(w: number): boolean {
      for (let i = w * T * N; i < (w + 1) * T * N; i += 1) {
        const value = state[slots.run(i)] ?? 0;
        if (value !== 0 && world.isRunning(value)) return true;
      }
      return false;
    }
    /** A step of time, in which some of the workers that could renew their lease did: the presence of the others ends. */
    function timePasses(): void {
      for (let renewing = 0; renewing < 1 << W; renewing += 1) {
        const renews = (w: number): boolean => (renewing & (1 << w)) !== 0;
        const could = (w: number): boolean => state[slots.worker(w)] !== 0 && get(w, own.host) === HOST.up;
        if (NAMES.some((_name, w) => renews(w) && !could(w))) continue;
        step(
          () => {
            const silent = NAMES.filter((_name, w) => w < W && state[slots.worker(w)] !== 0 && !renews(w));
            return silent.length === 0
              ? 'time passes'
              : `time passes without a word from ${silent.join(' and ')}: no longer present`;
          },
          (next) => {
            for (let w = 0; w < W; w += 1) {
              if (renews(w)) {
                refresh(next, w);
                continue;
              }
              eachRun(w, (t, n, how) => {
                if (ages(how) || get(w, own.ordered) === (t - 1) * N + n + 1)
                  set(next, w, own.age(t, n), Math.min(LONGEST_AGE, get(w, own.age(t, n)) + 1));
              });
              if (state[slots.worker(w)] === 0) set(next, w, own.absent, owns(w) ? LEADER_WAITS : 0);
              else if (broken === 'leaderLooksNowAndThen' && get(w, own.absent) === FLICKERED)
                set(next, w, own.absent, LEADER_WAITS);
              else set(next, w, own.absent, 0);
              next[slots.worker(w)] = 0;
              next[slots.worker(w) + 1] = 0;
              // Named exception of P2: a frozen host ends nothing.
              if (get(w, own.host) === HOST.frozen && lives(w) && broken !== 'frozenHostCounts') set(next, w, own.exempt, 1);
            }
          },
        );
      }
    }
    function refresh(next: number[], w: number): void {
      // A deadline that has passed is not put off: the run may have been declared lost meanwhile.
      eachRun(w, (t, n, how) => {
        if (ages(how) && how !== RUN.foundBegun && get(w, own.age(t, n)) < LONGEST_AGE) set(next, w, own.age(t, n), 0);
      });
    }

    function ofHost(w: number): void {
      const me = NAMES[w] ?? '';
      const host = get(w, own.host);
      for (const place of [own.zombies, own.zombies + 1]) {
        const id = get(w, place);
        if (id !== 0)
          step(
            () => `an old request of ${me} arrives at last`,
            (next) => {
              set(next, w, own.zombies, place === own.zombies ? get(w, own.zombies + 1) : get(w, own.zombies));
              set(next, w, own.zombies + 1, 0);
              apply(next, id);
            },
          );
      }
      if (host === HOST.frozen) {
        step(
          () => `the host of ${me} thaws`,
          (next) => set(next, w, own.host, HOST.up),
        );
        return;
      }
      if (host === HOST.dead) return;
      ofLauncher(w, me);
      if (host === HOST.crashed) {
        step(
          () => `${me} starts again`,
          (next) => set(next, w, own.host, HOST.up),
        );
        return;
      }
      if (may('crash'))
        step(
          () => `the process of ${me} is killed`,
          (next) => crash(next, w),
          'crash',
        );
      if (may('deadHost'))
        step(
          () => `the host of ${me} dies`,
          (next) => die(next, w),
          'deadHost',
        );
      if (may('frozenHost'))
        step(
          () => `the host of ${me} freezes`,
          (next) => set(next, w, own.host, HOST.frozen),
          'frozenHost',
        );
      ofPresence(w, me);
      ofRuns(w, me);
      for (let m = 0; m < world.moves; m += 1) ofMove(w, me, m);
    }

    /** What is in flight goes its own way; memory is gone; the spool and the launcher stay. */
    function crash(next: number[], w: number): boolean {
      set(next, w, own.host, HOST.crashed);
      if (!forgetMoves(next, w)) return false;
      let isRoom = true;
      eachRun(w, (t, n, how) => {
        const to = (value: number): void => become(next, w, t, n, value);
        if (how === RUN.intent) to(RUN.foundIntent);
        if (how === RUN.held) to(RUN.lost); // not begun: adoption tells it as lost
        if (how === RUN.begun) to(RUN.foundBegun);
        if (how === RUN.over) to(RUN.none);
        if (how === RUN.finishing || how === RUN.finishingLost) {
          isRoom = zombie(next, w, world.finish(w, t, n, how === RUN.finishing ? 'succeeded' : 'lost', true)) && isRoom;
          to(how === RUN.finishing ? RUN.exited : RUN.lost);
        }
      });
      return isRoom;
    }
    function die(next: number[], w: number): boolean {
      if (!crash(next, w)) return false;
      set(next, w, own.host, HOST.dead);
      set(next, w, own.ordered, 0);
      eachRun(w, (t, n) => {
        set(next, w, own.run(t, n), RUN.none);
        set(next, w, own.age(t, n), 0);
      });
      return true;
    }
    function forgetMoves(next: number[], w: number): boolean {
      for (let m = 0; m < world.moves; m += 1) {
        if (move(w, m, MOVE.phase) === PHASES.sent && !zombie(next, w, transactionOf(w, m))) return false;
        clearMove(next, w, m);
      }
      return true;
    }

    /** `src/launcher/`: starts what it is told to unless its deadline has passed, and notices ends, whether or not its worker lives. */
    function ofLauncher(w: number, me: string): void {
      eachRun(w, (t, n, how) => {
        const name = runOf(w, t, n);
        if (how === RUN.begun || how === RUN.foundBegun) startsIt(w, me, t, n, how);
        // Without "who tells it as not begun takes the pid file first", an order on its way still starts it.
        if (get(w, own.ordered) === (t - 1) * N + n + 1) startsIt(w, me, t, n, how);
        if (how === RUN.alive)
          step(
            () => `the command of run ${name} exits`,
            (next) => become(next, w, t, n, RUN.exited),
          );
      });
    }
    function startsIt(w: number, me: string, t: number, n: number, how: number): void {
      const isLate = get(w, own.age(t, n)) >= LONGEST_AGE && broken !== 'noDeadline' && broken !== 'startsPastDeadline';
      if (isLate)
        step(
          () => `the launcher of ${me} does not start run ${runOf(w, t, n)}: its deadline has passed`,
          (next) => {
            set(next, w, own.ordered, 0);
            set(next, w, own.age(t, n), 0);
            if (how === RUN.foundBegun || how === RUN.begun) set(next, w, own.run(t, n), RUN.exited);
          },
        );
      else
        step(
          () => `the launcher of ${me} starts the command of run ${runOf(w, t, n)}`,
          (next) => starts(next, w, t, n),
        );
    }
    function starts(next: number[], w: number, t: number, n: number): void {
      set(next, w, own.run(t, n), RUN.alive);
      set(next, w, own.ordered, 0);
      next[at.starts(t)] = (next[at.starts(t)] ?? 0) + 1;
      const key = slots.run(world.runIndex(w, t, n));
      if (next[key] !== 0 && !world.isRunning(next[key] ?? 0)) next[at.bad] = 1;
    }

    /** `worker/presence.ts` and `streams/lease.ts`. A renewal and its answer are one step: an answer that is late only makes the launcher's deadline earlier. */
    function ofPresence(w: number, me: string): void {
      if (state[slots.worker(w)] !== 0) return;
      if (broken === 'grantCounts' && lives(w))
        step(
          () => `${me} is granted a new lease, its presence is not put yet`,
          (next) => refresh(next, w),
        );
      step(
        () => `${me} registers again`,
        (next) => {
          next[slots.worker(w)] = texts.idOf(`presence ${me}`);
          next[slots.worker(w) + 1] = texts.idOf(`presence of ${me}`);
          set(next, w, own.absent, broken === 'leaderLooksNowAndThen' && owns(w) ? FLICKERED : 0);
          refresh(next, w);
        },
      );
    }

    /** `worker/runs.ts`, `worker/finish.ts` and `worker/recover.ts`. */
    function ofRuns(w: number, me: string): void {
      eachRun(w, (t, n, how) => {
        const name = runOf(w, t, n);
        const key = slots.run(world.runIndex(w, t, n));
        const isMine = state[key] !== 0 && world.isRunning(state[key] ?? 0);
        const to = (next: number[], value: number): void => become(next, w, t, n, value);
        switch (how) {
          case RUN.none:
          case RUN.intent:
            // `compare`: a run key in this worker's name that nobody here knows; not one whose claim is on its way (it is young).
            if (isMine && !isAsking(w, t, n))
              step(
                () => `${me} finds run key ${name} in its name, which it does not know: to be told as lost`,
                (next) => to(next, RUN.lost),
              );
            break;
          case RUN.held:
            if (world.decided.claimed !== 'start') break;
            step(
              () => `${me} begins run ${name}: the order goes to the launcher`,
              (next) => {
                to(next, RUN.begun);
                if (broken === 'deadlineAtStart') set(next, w, own.age(t, n), renewedAge(w));
              },
            );
            break;
          case RUN.foundIntent:
            step(
              () =>
                `${me} looks at the intent of run ${name}: ${isMine ? 'it was claimed, and never begun' : 'no run of its own'}`,
              (next) => to(next, isMine ? RUN.lost : RUN.none),
            );
            break;
          case RUN.foundBegun:
            step(
              () => `${me} finds that run ${name} was begun and not started: to be told as lost`,
              (next) => {
                set(next, w, own.run(t, n), RUN.lost);
                if (broken === 'noVoid') set(next, w, own.ordered, (t - 1) * N + n + 1);
                else set(next, w, own.age(t, n), 0);
              },
            );
            break;
          case RUN.exited:
          case RUN.lost:
            step(
              () => `${me} sends the end of run ${name}`,
              (next) => to(next, how === RUN.exited ? RUN.finishing : RUN.finishingLost),
            );
            break;
          case RUN.finishing:
          case RUN.finishingLost: {
            const outcome = how === RUN.finishing ? 'succeeded' : 'lost';
            step(
              () => `the end of run ${name} (${outcome}) arrives and is answered`,
              (next) => {
                // recordEnd: where only the lock differs, once more without it
                if (!apply(next, world.finish(w, t, n, outcome, true)) && next[key + 1] === world.fenceOf(w, t, n))
                  apply(next, world.finish(w, t, n, outcome, false));
                to(next, scenario.twoAsks ? RUN.over : RUN.none);
              },
            );
            if (may('lostAnswer'))
              step(
                () => `the end of run ${name} (${outcome}) arrives, its answer is lost`,
                (next) => {
                  apply(next, world.finish(w, t, n, outcome, true));
                  to(next, how === RUN.finishing ? RUN.exited : RUN.lost);
                },
                'lostAnswer',
              );
            break;
          }
          default:
        }
      });
    }
    function isAsking(w: number, t: number, n: number): boolean {
      for (let m = 0; m < world.moves; m += 1) {
        const kind = move(w, m, MOVE.kind);
        if ((kind === KINDS.claim || kind === KINDS.missThenClaim) && move(w, m, MOVE.tick) === t && move(w, m, MOVE.ask) === n)
          return true;
      }
      return false;
    }

    /** `worker/claims.ts`: one move of the cursor, from its first request to its end. */
    function ofMove(w: number, me: string, m: number): void {
      const kind = move(w, m, MOVE.kind);
      if (kind === KINDS.idle) {
        begins(w, me, m);
        return;
      }
      const t = move(w, m, MOVE.tick);
      const what = kind === KINDS.claim ? 'claim' : kind === KINDS.skip ? 'skip' : 'miss';
      if (move(w, m, MOVE.phase) === PHASES.sent) {
        const arrives = (next: number[]): void => {
          const form = move(w, m, MOVE.form);
          const revision = move(w, m, MOVE.formRevision);
          const isDone = apply(next, transactionOf(w, m));
          const place = own.moveAt(m);
          set(next, w, place + MOVE.phase, PHASES.answered);
          if (isDone) set(next, w, place + MOVE.refusal, REFUSALS.indexOf('done'));
          else if (kind === KINDS.claim || kind === KINDS.skip) {
            const refusal = world.refusalOf(state, w, t, move(w, m, MOVE.ask), form, revision, kind === KINDS.claim);
            set(next, w, place + MOVE.refusal, REFUSALS.indexOf(refusal.type));
            if (refusal.type === 'otherForm') {
              set(next, w, place + MOVE.cursor, ['after', 'none', 'exact'].indexOf(refusal.form.type));
              set(next, w, place + MOVE.revision, refusal.form.type === 'exact' ? refusal.form.revision : 0);
            }
            if (refusal.type === 'gap') {
              set(next, w, place + MOVE.cursor, world.cursorOf(state[slots.cursor] ?? 0)?.at ?? 0);
              set(next, w, place + MOVE.revision, refusal.form.type === 'exact' ? refusal.form.revision : 0);
            }
          } else set(next, w, place + MOVE.refusal, REFUSALS.indexOf('decided'));
        };
        const probe = state.slice();
        arrives(probe);
        const refusal = REFUSALS[probe[block(w) + own.moveAt(m) + MOVE.refusal] ?? 0] ?? '';
        if (kind === KINDS.claim && (refusal === 'done' || refusal === 'answerLost'))
          step(
            () => `the claim of tick ${String(t)} by ${me} arrives${refusal === 'done' ? ' and holds' : ': it held before'}`,
            arrives,
          );
        else answered(w, me, m, kind, t, probe); // heard at once: what it leads to is on its way for as long
        if (may('lateRequest'))
          step(
            () => `${me} gets no answer to its ${what} of tick ${String(t)}, which is still on its way`,
            (next) => zombie(next, w, transactionOf(w, m)) && (clearMove(next, w, m), true),
            'lateRequest',
          );
        return;
      }
      if (may('lostAnswer'))
        step(
          () => `the answer to ${me} for the ${what} of tick ${String(t)} is lost`,
          (next) => clearMove(next, w, m),
          'lostAnswer',
        );
      answered(w, me, m, kind, t, state);
    }

    function begins(w: number, me: string, m: number): void {
      // What an earlier process left is taken over before anything new is claimed.
      if (hasRun(w, (how) => how === RUN.foundIntent || how === RUN.foundBegun)) return;
      for (let t = 1; t <= Math.min(T, (state[at.due] ?? 0) + (scenario.skews?.[w] ?? 0)); t += 1) {
        if (m > 0 && !(move(w, 0, MOVE.kind) === KINDS.claim && move(w, 0, MOVE.tick) === t)) continue;
        if (m === 0 && world.moves > 1 && move(w, 1, MOVE.kind) !== KINDS.idle) continue;
        const cursor = world.cursorOf(state[slots.cursor] ?? 0);
        const isDecided = cursor !== undefined && cursor.at >= t;
        const n = m > 0 ? move(w, 0, MOVE.ask) : askFor(w, t);
        // One begun after the tick was decided is refused and changes nothing; one whose answer was lost asks again.
        if (n !== undefined && (!isDecided || get(w, own.run(t, n)) === RUN.intent))
          step(
            () => `${me} claims tick ${String(t)} as run ${runOf(w, t, n)}`,
            (next) => {
              if (get(w, own.run(t, n)) === RUN.none) {
                set(next, w, own.run(t, n), RUN.intent);
                if (broken !== 'deadlineAtStart') set(next, w, own.age(t, n), renewedAge(w));
              }
              send(next, w, m, { kind: KINDS.claim, tick: t, form: 0, formRevision: 0, ask: n, cursor: 0, to: 0 });
            },
          );
        // `late`: the cursor is read, and the tick with all before it told as missed.
        if (m > 0 || t > (state[at.due] ?? 0)) continue;
        if (isDecided) continue;
        step(
          () => `${me} finds tick ${String(t)} too late to run, and reads the cursor`,
          (next) => {
            const from = cursor ? cursor.at + 1 : t;
            send(next, w, m, {
              kind: KINDS.late,
              tick: t,
              form: cursor ? 2 : 1,
              formRevision: cursor ? (state[slots.cursor + 1] ?? 0) : 0,
              ask: 0,
              cursor: from,
              to: t,
            });
          },
        );
      }
    }

    /** The run id that was asked for and not answered, or one of which nothing is left; undefined where there is none. */
    function askFor(w: number, t: number): number | undefined {
      for (let n = 0; n < N; n += 1) if (get(w, own.run(t, n)) === RUN.intent) return n;
      for (let n = 0; n < N; n += 1) {
        if (get(w, own.run(t, n)) !== RUN.none || state[slots.run(world.runIndex(w, t, n))] !== 0) continue;
        const name = `"${runOf(w, t, n)}"`;
        const isOnItsWay = [own.zombies, own.zombies + 1].some((place) =>
          texts.textOf(get(w, place)).includes(name.slice(1, -1)),
        );
        if (!isOnItsWay) return n;
      }
      return undefined;
    }

    /** What a worker does with the answer to a move. */
    function answered(w: number, me: string, m: number, kind: number, t: number, after: readonly number[]): void {
      const answer = (place: number): number => after[block(w) + own.moveAt(m) + place] ?? 0;
      const n = answer(MOVE.ask);
      const refusal = REFUSALS[answer(MOVE.refusal)] ?? '';
      const run = own.run(t, n);
      const concludes = (next: number[]): void => {
        clearMove(next, w, m);
      };
      /** The intent is dropped: only where no other ask of this run holds it. */
      const drops = (next: number[]): void => {
        const others = world.moves > 1 && move(w, 1 - m, MOVE.kind) === KINDS.claim && move(w, 1 - m, MOVE.ask) === n;
        if (get(w, run) === RUN.intent && !others) become(next, w, t, n, RUN.none);
      };
      const hear = (label: () => string, change: (next: number[]) => unknown): void => {
        const next = after.slice();
        change(next);
        emit(next, false, label);
      };
      const hears =
        (what: string): (() => string) =>
        () =>
          `${after === state ? `${me} hears of its` : `the ${VERBS[kind] ?? ''} of tick ${String(t)} by ${me} arrives, and it hears of the`} move of tick ${String(t)}: ${what}`;

      if (kind === KINDS.late) {
        hear(hears('told as missed, or moved on'), (next) => concludes(next));
        return;
      }
      if (kind === KINDS.missThenClaim || kind === KINDS.missThenSkip) {
        hear(hears('the older ticks are told as missed, or moved on'), (next) =>
          send(next, w, m, {
            kind: kind === KINDS.missThenClaim ? KINDS.claim : KINDS.skip,
            form: 0,
            formRevision: 0,
            cursor: 0,
            to: 0,
          }),
        );
        return;
      }
      switch (refusal) {
        case 'done':
        case 'answerLost':
          hear(hears(kind === KINDS.claim ? 'claimed' : 'skipped'), (next) => {
            concludes(next);
            if (kind !== KINDS.claim) return;
            const how = get(w, run);
            if (how === RUN.intent) become(next, w, t, n, RUN.held);
            // A second answer for one claim starts nothing: the spool knows what was begun, and this process what is over.
            else if (how === RUN.over && broken === 'forgetsBegun') set(next, w, run, RUN.held);
            else if (how >= RUN.alive && how <= RUN.over && broken === 'notBegunOnce') starts(next, w, t, n);
          });
          return;
        case 'busy':
          if (world.decided.busy === 'skip')
            hear(hears('the job is busy: the tick is to be skipped'), (next) => {
              drops(next);
              send(next, w, m, { kind: KINDS.skip, form: 0, formRevision: 0, ask: 0, cursor: 0, to: 0 });
            });
          return;
        case 'otherForm':
          hear(hears('to be asked in another form'), (next) =>
            send(next, w, m, {
              form: answer(MOVE.cursor),
              formRevision: answer(MOVE.revision),
              cursor: 0,
            }),
          );
          return;
        case 'gap': {
          const cursor = answer(MOVE.cursor);
          for (let old = cursor; old < t; old += 1) {
            const { missedTo, young } = world.gap(cursor, t, old);
            hear(
              hears(
                `a gap after tick ${String(cursor)}, ${missedTo === undefined ? 'all young' : `missed up to ${String(missedTo)}`}`,
              ),
              (next) => {
                if (young > 0 && kind === KINDS.claim) drops(next);
                if (missedTo === undefined) concludes(next);
                else if (young > 0)
                  send(next, w, m, {
                    kind: KINDS.late,
                    form: 2,
                    formRevision: answer(MOVE.revision),
                    ask: 0,
                    cursor: cursor + 1,
                    to: missedTo,
                  });
                else
                  send(next, w, m, {
                    kind: kind === KINDS.claim ? KINDS.missThenClaim : KINDS.missThenSkip,
                    form: 2,
                    formRevision: answer(MOVE.revision),
                    cursor: cursor + 1,
                    to: missedTo,
                  });
              },
            );
          }
          return;
        }
        case 'unexplained':
          hear(hears('not registered'), (next) => {
            concludes(next);
            if (kind === KINDS.claim) drops(next);
          });
          return;
        default:
          hear(hears('decided already'), (next) => {
            concludes(next);
            if (kind === KINDS.claim) drops(next);
          });
      }
    }

    /** `master/leader.ts` and `master/duties.ts`: one write on its way at a time, made from a look that is old when it arrives. */
    function ofLeader(): void {
      const duty = state[at.duty] ?? 0;
      if (duty !== 0)
        step(
          () => 'the write of the leader arrives',
          (next) => {
            next[at.duty] = 0;
            apply(next, duty);
          },
        );
      else
        for (const { name, transaction } of duties(state))
          step(
            () => `the leader sends a duty: ${name}`,
            (next) => {
              next[at.duty] = transaction;
            },
          );
      if (may('newLeader'))
        step(
          () => 'another master becomes the leader',
          (next) => {
            const epoch = (next[at.epoch] ?? 0) + 1;
            next[at.epoch] = epoch;
            next[slots.leader] = world.leaderRevision(epoch);
            next[slots.leader + 1] = world.leaderRevision(epoch);
            for (let w = 0; w < W; w += 1) set(next, w, own.absent, 0);
          },
          'newLeader',
        );
    }
  };
};
