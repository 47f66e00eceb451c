/** What a key does while its page is there. */
export type Binding = {
  /** As `KeyboardEvent.key` names it; `?` and `/` whatever keys make them. */
  readonly key: string;
  /** In the list of keys. Without one it works, but is not told of. */
  readonly name?: string;
  /** Answers false where there was nothing to do: the key is then free for others. */
  readonly act: () => unknown;
};

/** What is read of a pressed key. */
export type Press = {
  readonly key: string;
  readonly isTyping: boolean;
  readonly hasModifier: boolean;
  /** A dialog, menu or list of choices is open: it has the keys. */
  readonly isCovered: boolean;
};

/** The keys of the page that is shown. What came last has a key first, so that a page may take one from the frame around it. */
export const createKeys = () => {
  let layers: readonly (readonly Binding[])[] = [];
  const shown = (): readonly Binding[] => layers.toReversed().flat();
  return {
    /** Answers how to take them away. */
    add: (bindings: readonly Binding[]): (() => void) => {
      layers = [...layers, bindings];
      return () => {
        layers = layers.filter((each) => each !== bindings);
      };
    },
    /** Whether the key did something. */
    press: ({ key, isTyping, hasModifier, isCovered }: Press): boolean =>
      !isTyping && !hasModifier && !isCovered && shown().some((each) => each.key === key && each.act() !== false),
    /** Those that are told of, the frame's first; of one key what it does now. */
    list: (): readonly { readonly key: string; readonly name: string }[] => {
      const first = new Map<string, string>();
      for (const { key, name } of layers.flat()) if (name !== undefined) first.set(key, name);
      return [...first].map(([key, name]) => ({ key, name }));
    },
  };
};

/** The place of the row to go to, from the place of the one before; undefined where there is none. `at` -1: no row yet, the first one then. */
export const rowAfter = (at: number, step: 1 | -1, count: number): number | undefined => {
  if (count === 0) return undefined;
  if (at < 0) return 0;
  return Math.min(count - 1, Math.max(0, at + step));
};
