/** Does what has one name one after the other, and tells each what came of the one before it, where that was still under way. What rejects does not hold up the next. */
export const createTurns = <T>() => {
  const under = new Map<string, Promise<T>>();
  return async (name: string, act: (before: T | undefined) => Promise<T>): Promise<T> => {
    const before = under.get(name);
    const turn = before === undefined ? act(undefined) : before.then(act, () => act(undefined));
    under.set(name, turn);
    try {
      return await turn;
    } finally {
      if (under.get(name) === turn) under.delete(name);
    }
  };
};
