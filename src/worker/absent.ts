/** Undefined where there is no such file; throws what else is in the way. */
export const unlessAbsent = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};
