import type { Compare, Transaction } from '../../../src/domain/transaction.ts';

/**
 * The model's etcd: an interpreter of the transactions that `src/domain/moves.ts` makes, over a fixed list of keys.
 *
 * Texts are numbered, so that a state is a list of small numbers. A revision is the number of the text of all that its transaction puts: since no two successful
 * transactions of the protocol put the same (a run id is claimed once, the cursor only rises), equal revisions mean the same write, as in etcd, and states that differ only
 * in the order of unrelated writes are one state. Where a broken protocol does put the same twice, P1 is broken already.
 */

export const createTexts = () => {
  const numbers = new Map<string, number>([['', 0]]);
  const texts = [''];
  const swapped: (readonly number[])[] = [];
  const idOf = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, texts.length);
    texts.push(text);
    return texts.length - 1;
  };
  return {
    idOf,
    textOf: (id: number): string => texts[id] ?? '',
    /** The number of the same text with the workers renamed. */
    renamed: (id: number, renaming: number, rename: (text: string) => string): number => {
      const known = (swapped[renaming] ??= []) as number[];
      return (known[id] ??= idOf(rename(texts[id] ?? '')));
    },
  };
};
export type Texts = ReturnType<typeof createTexts>;

/** What a transaction does to what is told of ticks: noted beside the store, read by the invariants. */
export type Effects = { readonly claimed: readonly number[]; readonly told: readonly number[]; readonly marked: boolean };

export type Ready = {
  readonly compares: readonly (readonly [slot: number, compare: Compare])[];
  readonly puts: readonly (readonly [slot: number, value: number])[];
  readonly deletes: readonly number[];
  readonly revision: number;
  readonly effects: Effects;
};

/** Makes a transaction ready for the model. Keys that the model has no place for (outbox, last, killer) are told to `effectsOf` and left out. */
export const ready = (
  { if: compares = [], then }: Transaction,
  texts: Texts,
  slotOf: (key: string) => number | undefined,
  effectsOf: (puts: readonly { readonly key: string; readonly value: string }[]) => Effects,
): Ready => {
  const puts = then.flatMap((each) => (each.type === 'put' ? [each] : []));
  const placed = <T>(key: string, make: (slot: number) => T): readonly T[] => {
    const slot = slotOf(key);
    return slot === undefined ? [] : [make(slot)];
  };
  return {
    compares: compares.map((compare) => {
      const slot = slotOf(compare.key);
      if (slot === undefined) throw new Error(`the model has no place for ${compare.key}, which is compared`);
      return [slot, compare] as const;
    }),
    puts: puts.flatMap(({ key, value }) => placed(key, (slot) => [slot, texts.idOf(value)] as const)),
    deletes: then.flatMap((each) => (each.type === 'delete' ? placed(each.key, (slot) => slot) : [])),
    revision: texts.idOf(JSON.stringify(puts.map(({ key, value }) => [key, value]))),
    effects: effectsOf(puts),
  };
};

const holds = (state: readonly number[], texts: Texts, slot: number, compare: Compare): boolean => {
  const value = state[slot] ?? 0;
  switch (compare.type) {
    case 'exists':
      return value !== 0;
    case 'absent':
      return value === 0;
    case 'revision':
      return value !== 0 && state[slot + 1] === compare.is;
    case 'value': {
      const text = texts.textOf(value);
      if (value === 0) return false; // as in etcd: a value compare on an absent key is false
      return compare.op === '<' ? text < compare.than : compare.op === '>' ? text > compare.than : text === compare.than;
    }
    default:
      return compare satisfies never;
  }
};

/** Carries a transaction out, in place. Each key has two numbers in the state: its value (0: absent) and its revision. */
export const transact = (state: number[], transaction: Ready, texts: Texts): boolean => {
  if (!transaction.compares.every(([slot, compare]) => holds(state, texts, slot, compare))) return false;
  for (const slot of transaction.deletes) {
    state[slot] = 0;
    state[slot + 1] = 0;
  }
  for (const [slot, value] of transaction.puts) {
    state[slot] = value;
    state[slot + 1] = transaction.revision;
  }
  return true;
};
