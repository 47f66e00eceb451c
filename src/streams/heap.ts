/** An indexed binary heap: keys by when they are due. Setting, moving and removing a key, and taking the first, cost O(log n). */
export type Heap<K> = {
  /** Puts a key at an instant, or moves it there. */
  readonly set: (key: K, at: number) => void;
  readonly remove: (key: K) => void;
  readonly first: () => { readonly key: K; readonly at: number } | undefined;
  readonly size: () => number;
};

type Entry<K> = { readonly key: K; at: number; place: number };

export const createHeap = <K>(): Heap<K> => {
  const entries: Entry<K>[] = [];
  const byKey = new Map<K, Entry<K>>();

  const put = (entry: Entry<K>, place: number): void => {
    entries[place] = entry;
    entry.place = place;
  };
  /** Moves an entry from a free place towards the top, as far as it belongs there. */
  const up = (entry: Entry<K>, start: number): void => {
    let place = start;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = entries[above] as Entry<K>;
      if (parent.at <= entry.at) break;
      put(parent, place);
      place = above;
    }
    put(entry, place);
  };
  /** The same towards the bottom. */
  const down = (entry: Entry<K>, start: number): void => {
    const { length } = entries;
    let place = start;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= length) break;
      const right = left + 1;
      const leftEntry = entries[left] as Entry<K>;
      const rightEntry = right < length ? (entries[right] as Entry<K>) : undefined;
      const [least, below] = rightEntry && rightEntry.at < leftEntry.at ? [rightEntry, right] : [leftEntry, left];
      if (least.at >= entry.at) break;
      put(least, place);
      place = below;
    }
    put(entry, place);
  };
  const settle = (entry: Entry<K>, place: number): void => {
    const parent = place > 0 ? entries[(place - 1) >> 1] : undefined;
    if (parent && parent.at > entry.at) up(entry, place);
    else down(entry, place);
  };

  return {
    set: (key, at) => {
      const known = byKey.get(key);
      if (known) {
        known.at = at;
        settle(known, known.place);
        return;
      }
      const entry = { key, at, place: entries.length };
      byKey.set(key, entry);
      entries.push(entry);
      up(entry, entry.place);
    },
    remove: (key) => {
      const entry = byKey.get(key);
      if (!entry) return;
      byKey.delete(key);
      const last = entries.pop() as Entry<K>;
      if (last !== entry) settle(last, entry.place);
    },
    first: () => entries[0],
    size: () => entries.length,
  };
};
