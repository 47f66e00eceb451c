import { createSteps, BAD, HOST, RUN } from './steps.ts';
import { createWorld, MOVE, NAMES, type Scenario, type World } from './world.ts';

export type Explored = {
  readonly states: number;
  /** The first violation by the fewest steps, with the interleaving that leads to it. */
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined;
};

/** All renamings of workers that leave the scenario as it is: those of one clock skew are interchangeable. */
const renamingsOf = ({ workers, skews = [] }: Scenario): readonly (readonly number[])[] => {
  const all = (left: readonly number[], done: readonly number[]): readonly (readonly number[])[] =>
    left.length === 0
      ? [done]
      : left.flatMap((w) =>
          (skews[w] ?? 0) === (skews[done.length] ?? 0)
            ? all(
                left.filter((each) => each !== w),
                [...done, w],
              )
            : [],
        );
  return all(
    Array.from({ length: workers }, (_, w) => w),
    [],
  );
};

const createCanonical = (world: World) => {
  const { W, T, N, slots, at, own, block, blockLength, texts, moves } = world;
  const renamings = renamingsOf(world.scenario);
  const skewOf = (w: number): number => world.scenario.skews?.[w] ?? 0;
  const renames = renamings.map((from) => {
    const names = new Map(from.map((old, w) => [NAMES[old] ?? '', NAMES[w] ?? '']));
    return (text: string): string => text.replaceAll(/w[ABC]/g, (name) => names.get(name) ?? name);
  });
  const encode = (state: readonly number[]): string => String.fromCharCode(...state);
  const zombies = Array.from({ length: W }, (_, w) => block(w) + own.zombies);
  /** For each renaming, where each number of the state comes from, and which of them are numbers of texts. */
  const plans = renamings.map((from) => {
    const source = Array.from({ length: world.length }, (_, place) => place);
    const text = new Set([slots.cursor, slots.cursor + 1, slots.lock, slots.lock + 1, at.duty]);
    const copy = (to: number, old: number, length: number): void => {
      for (let i = 0; i < length; i += 1) source[to + i] = old + i;
    };
    from.forEach((old, w) => {
      copy(slots.worker(w), slots.worker(old), 2);
      copy(slots.run(w * T * N), slots.run(old * T * N), 2 * T * N);
      copy(block(w), block(old), blockLength);
      for (const slot of [
        slots.worker(w),
        slots.worker(w) + 1,
        ...zombies.slice(w, w + 1).flatMap((place) => [place, place + 1]),
      ])
        text.add(slot);
      for (let i = 0; i < 2 * T * N; i += 1) text.add(slots.run(w * T * N) + i);
      for (let m = 0; m < moves; m += 1)
        for (const place of [MOVE.formRevision, MOVE.revision]) text.add(block(w) + own.moveAt(m) + place);
    });
    return { source, isText: source.map((_, place) => text.has(place)) };
  });
  const renamed = (state: readonly number[], index: number): readonly number[] => {
    const rename = renames[index] ?? String;
    const { source = [], isText = [] } = plans[index] ?? {};
    const next: number[] = [];
    for (let place = 0; place < source.length; place += 1) {
      const value = state[source[place] ?? 0] ?? 0;
      next.push(isText[place] && value !== 0 ? texts.renamed(value, index, rename) : value);
    }
    for (const place of zombies) {
      const [a = 0, c = 0] = [next[place], next[place + 1]];
      if (c !== 0 && a > c) [next[place], next[place + 1]] = [c, a];
    }
    return next;
  };
  // Workers are put in the order of what is no number of a text in their blocks; only where two are alike every renaming is tried.
  const isText = new Set([own.zombies, own.zombies + 1]);
  for (let m = 0; m < moves; m += 1) for (const place of [MOVE.formRevision, MOVE.revision]) isText.add(own.moveAt(m) + place);
  const places = Array.from({ length: blockLength }, (_, place) => place).filter((place) => !isText.has(place));
  const compared = (state: readonly number[], one: number, other: number): number => {
    for (const place of places) {
      const difference = (state[block(one) + place] ?? 0) - (state[block(other) + place] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return (state: readonly number[]): string => {
    let least: string | undefined;
    for (let index = 0; index < renamings.length; index += 1) {
      const from = renamings[index] ?? [];
      let isSorted = true;
      for (let w = 1; w < W && isSorted; w += 1)
        if (skewOf(w) === skewOf(w - 1)) isSorted = compared(state, from[w - 1] ?? 0, from[w] ?? 0) <= 0;
      if (!isSorted) continue;
      const text = encode(index === 0 ? state : renamed(state, index));
      if (least === undefined || text < least) least = text;
    }
    return least ?? encode(state);
  };
};

const decode = (text: string): number[] => {
  const state: number[] = [];
  for (let index = 0; index < text.length; index += 1) state.push(text.charCodeAt(index));
  return state;
};

export const firstState = (world: World): number[] => {
  const { scenario, W, slots, at, texts } = world;
  const state = Array.from({ length: world.length }, () => 0);
  const put = (slot: number, value: string): void => {
    state[slot] = texts.idOf(value);
    state[slot + 1] = texts.idOf(value);
  };
  if (!scenario.byHand) put(slots.cursor, world.firstCursor);
  put(slots.job, 'job 1');
  put(slots.leader, 'leader 0');
  for (let w = 0; w < W; w += 1) {
    state[slots.worker(w)] = texts.idOf(`presence ${NAMES[w] ?? ''}`);
    state[slots.worker(w) + 1] = texts.idOf(`presence of ${NAMES[w] ?? ''}`);
  }
  state[at.faults] = scenario.mostFaults;
  return state;
};

/** What must hold in every state: undefined, or what is wrong. */
const createInvariants = (world: World) => {
  const { W, T, N, slots, at, own, block } = world;
  return (state: readonly number[]): string | undefined => {
    for (let t = 1; t <= T; t += 1) {
      if ((state[at.claims(t)] ?? 0) > 1) return `P1: tick ${String(t)} is claimed twice`;
      if ((state[at.starts(t)] ?? 0) > 1) return `P1: the command of tick ${String(t)} is started twice`;
    }
    const living: string[] = [];
    let unlocked: string | undefined;
    for (let w = 0; w < W; w += 1) {
      // Named exceptions of P2: a host that is dead runs nothing, and one that was frozen while it ran something could not end it.
      if (state[block(w) + own.host] === HOST.dead || state[block(w) + own.exempt]) continue;
      for (let t = 1; t <= T; t += 1)
        for (let n = 0; n < N; n += 1) {
          if (state[block(w) + own.run(t, n)] !== RUN.alive) continue;
          living.push(world.runId(w, t, n));
          if (!world.isRunning(state[slots.run(world.runIndex(w, t, n))] ?? 0)) unlocked = world.runId(w, t, n);
        }
    }
    if (living.length > 1) return `P2: ${living.join(' and ')} run at one time`;
    if (unlocked !== undefined) return `P2: run ${unlocked} still lives, and was declared lost`;
    const cursor = world.cursorOf(state[slots.cursor] ?? 0)?.at ?? 0;
    for (let t = 1; t <= T; t += 1) {
      const fates = (state[at.claims(t)] ?? 0) + (state[at.told(t)] ?? 0);
      if (t <= cursor && fates === 0 && t > (state[at.marked] ?? 0))
        return `P3: the cursor passed tick ${String(t)}, and nothing is told of it`;
      if (fates > 1) return `P3: tick ${String(t)} has two fates`;
      if (t > cursor && fates > 0) return `P3: tick ${String(t)} has a fate, and the cursor is before it`;
    }
    const holder = state[slots.lock] ?? 0;
    for (let i = 0; i < W * T * N; i += 1) {
      const value = state[slots.run(i)] ?? 0;
      if (value !== 0 && world.isRunning(value) && holder !== world.holderOf(i))
        return `P2: run ${world.texts.textOf(world.holderOf(i))} is live, and the lock is not its own`;
    }
    const bad = state[at.bad] ?? 0;
    return bad === 0 || isExempt(world, state) ? undefined : `P2: ${BAD[bad] ?? ''}`;
  };
};
const isExempt = ({ W, own, block }: World, state: readonly number[]): boolean =>
  Array.from({ length: W }, (_, w) => state[block(w) + own.exempt]).some(Boolean);

/** All decided, nothing runs, the lock is free. */
const createIsSettled = (world: World) => {
  const { W, T, N, slots, own, block } = world;
  return (state: readonly number[]): boolean => {
    if ((world.cursorOf(state[slots.cursor] ?? 0)?.at ?? 0) < T || state[slots.lock] !== 0) return false;
    for (let i = 0; i < W * T * N; i += 1) {
      const value = state[slots.run(i)] ?? 0;
      if (value !== 0 && world.isRunning(value)) return false;
    }
    for (let w = 0; w < W; w += 1)
      for (let t = 1; t <= T; t += 1)
        for (let n = 0; n < N; n += 1) if (state[block(w) + own.run(t, n)] === RUN.alive) return false;
    return true;
  };
};

/** Numbers in typed memory that grows. */
const createNumbers = () => {
  let kept = new Int32Array(1 << 16);
  let length = 0;
  return {
    push: (value: number): void => {
      if (length === kept.length) {
        const larger = new Int32Array(length * 2);
        larger.set(kept);
        kept = larger;
      }
      kept[length] = value;
      length += 1;
    },
    at: (index: number): number => kept[index] ?? 0,
    length: (): number => length,
  };
};

/** Looks at every state that can be reached, breadth first; then, backward from the settled ones, whether every state has a way there without a further fault. */
export const explore = (scenario: Scenario, mostStates = 3_000_000): Explored => {
  const world = createWorld(scenario);
  const steps = createSteps(world);
  const canonical = createCanonical(world);
  const wrong = createInvariants(world);
  const isSettled = createIsSettled(world);
  const numbers = new Map<string, number>();
  const states: string[] = [];
  const parents = createNumbers();
  const [from, to] = [createNumbers(), createNumbers()];

  const add = (text: string, parent: number): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    const number = states.length;
    numbers.set(text, number);
    states.push(text);
    parents.push(parent);
    return number;
  };
  /** Told again from the first state on, so that every worker keeps its name. */
  const wayTo = (number: number): { readonly steps: readonly string[]; readonly last: readonly number[] } => {
    const chain: string[] = [];
    for (let each = number; each > 0; each = parents.at(each)) chain.unshift(states[each] ?? '');
    let last: readonly number[] = firstState(world);
    const told = chain.map((wanted) => {
      let found: { readonly label: () => string; readonly next: readonly number[] } | undefined;
      steps(last, (next, _isFault, label) => {
        if (canonical(next) === wanted) found ??= { label, next };
      });
      const label = found?.label() ?? '';
      last = found?.next ?? last;
      return label;
    });
    return { steps: told, last };
  };
  const violated = (number: number): Explored => {
    const { steps: way, last } = wayTo(number);
    const what = wrong(last) ?? 'stuck: no way without a further fault leads to "all decided, lock free"';
    return { states: states.length, violation: { what, steps: way } };
  };

  add(canonical(firstState(world)), 0);
  for (let number = 0; number < states.length; number += 1) {
    if (states.length > mostStates) throw new Error(`more than ${String(mostStates)} states: the scenario is too large`);
    const state = decode(states[number] ?? '');
    if (wrong(state) !== undefined) return violated(number);
    steps(state, (next, isFault) => {
      const other = add(canonical(next), number);
      if (isFault || other === number) return;
      from.push(number);
      to.push(other);
    });
  }

  const stuck = firstStuck(states.length, from, to, (number) => isSettled(decode(states[number] ?? '')));
  return stuck === undefined ? { states: states.length, violation: undefined } : violated(stuck);
};

type Numbers = ReturnType<typeof createNumbers>;

const firstStuck = (count: number, from: Numbers, to: Numbers, isSettled: (number: number) => boolean): number | undefined => {
  // Edges by their end: a list of starts for each state.
  const starts = new Int32Array(count + 1);
  for (let edge = 0; edge < to.length(); edge += 1) starts[to.at(edge) + 1] = (starts[to.at(edge) + 1] ?? 0) + 1;
  for (let number = 0; number < count; number += 1) starts[number + 1] = (starts[number + 1] ?? 0) + (starts[number] ?? 0);
  const filled = starts.slice();
  const edges = new Int32Array(to.length());
  for (let edge = 0; edge < to.length(); edge += 1) {
    const end = to.at(edge);
    edges[filled[end] ?? 0] = from.at(edge);
    filled[end] = (filled[end] ?? 0) + 1;
  }
  const reached = new Uint8Array(count);
  const queue: number[] = [];
  for (let number = 0; number < count; number += 1)
    if (isSettled(number)) {
      reached[number] = 1;
      queue.push(number);
    }
  for (let at = 0; at < queue.length; at += 1) {
    const end = queue[at] ?? 0;
    for (let edge = starts[end] ?? 0; edge < (starts[end + 1] ?? 0); edge += 1) {
      const start = edges[edge] ?? 0;
      if (reached[start]) continue;
      reached[start] = 1;
      queue.push(start);
    }
  }
  const stuck = reached.indexOf(0);
  return stuck < 0 ? undefined : stuck;
};
