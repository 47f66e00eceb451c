/** The newest items, each at a position that never falls. */
export const createRing = <T>(size: number) => {
  let items: { readonly position: number; readonly item: T }[] = [];
  /** From this position on everything is here. */
  let floor = 0;

  return {
    push: (position: number, item: T): void => {
      items.push({ position, item });
      // Rarely, and then a lot: taking the first from a long array moves all others.
      if (items.length < size * 2) return;
      const dropped = items[items.length - size - 1];
      items = items.slice(-size);
      if (dropped) floor = dropped.position + 1;
    },
    /** Nothing before this position is known. */
    forget: (position: number): void => {
      items = [];
      floor = position;
    },
    /** What came at the position and later; undefined where something of that is gone. */
    since: (position: number): readonly { readonly position: number; readonly item: T }[] | undefined => {
      if (position < floor) return undefined;
      let from = items.length;
      while (from > 0 && (items[from - 1]?.position ?? 0) >= position) from -= 1;
      return items.slice(from);
    },
  };
};
