/** An indexed binary heap: keys by when they are due. Setting, moving and removing a key, and taking the first, cost O(log n). */
export type Heap<K> = {
  /** Puts a key at an instant, or moves it there. */
  readonly set: (key: K, at: number) => void;
  readonly remove: (key: K) => void;
  readonly first: () => { readonly key: K; readonly at: number } | undefined;
  readonly size: () => number;
};

export const createHeap = <K>(): Heap<K> => {
  const keys: K[] = [];
  const ats: number[] = [];
  const places = new Map<K, number>();

  const atOf = (place: number): number => ats[place] ?? Number.POSITIVE_INFINITY;
  const swap = (a: number, b: number): void => {
    const [keyA, keyB] = [keys[a] as K, keys[b] as K];
    [keys[a], keys[b]] = [keyB, keyA];
    [ats[a], ats[b]] = [atOf(b), atOf(a)];
    places.set(keyA, b);
    places.set(keyB, a);
  };
  const up = (start: number): void => {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (atOf(parent) <= atOf(place)) return;
      swap(place, parent);
      place = parent;
    }
  };
  const down = (start: number): void => {
    let place = start;
    for (;;) {
      const left = 2 * place + 1;
      const least = atOf(left + 1) < atOf(left) ? left + 1 : left;
      if (atOf(least) >= atOf(place)) return;
      swap(place, least);
      place = least;
    }
  };

  return {
    set: (key, at) => {
      const place = places.get(key) ?? keys.length;
      keys[place] = key;
      ats[place] = at;
      places.set(key, place);
      up(place);
      down(places.get(key) ?? place);
    },
    remove: (key) => {
      const place = places.get(key);
      if (place === undefined) return;
      const last = keys.length - 1;
      if (place !== last) swap(place, last);
      keys.pop();
      ats.pop();
      places.delete(key);
      if (place === last) return;
      const moved = keys[place] as K;
      up(place);
      down(places.get(moved) ?? place);
    },
    first: () => (keys.length === 0 ? undefined : { key: keys[0] as K, at: atOf(0) }),
    size: () => keys.length,
  };
};
