/** What this browser has kept of a choice; null where there is none, or where it keeps nothing for pages. */
export const kept = (name: string): string | null => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

/** Keeps a choice in this browser, where it lets us. */
export const keep = (name: string, value: string): void => {
  try {
    localStorage.setItem(name, value);
  } catch {
    // asked again next time
  }
};
