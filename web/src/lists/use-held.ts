import { useState } from 'react';

/** Rows that come while the pointer is on the list wait until it goes: nothing moves away under a finger. Rows that were there already are shown as they are
 *  now. */
export const useHeld = <T>(rows: readonly T[], idOf: (row: T) => string) => {
  const [held, setHeld] = useState<ReadonlySet<string>>();
  const shown = held ? rows.filter((row) => held.has(idOf(row))) : rows;
  return {
    shown,
    /** How many wait. */
    waiting: rows.length - shown.length,
    /** For the element that holds the rows. */
    hold: {
      onPointerEnter: () => setHeld(new Set(rows.map(idOf))),
      onPointerLeave: () => setHeld(undefined),
    },
  };
};
