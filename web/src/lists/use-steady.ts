import { useMemo, useRef, useState } from 'react';
import { steady } from './steady.ts';

/** The rows of a list, held in their order while the pointer is on it. `of`: which list it is; another one is shown as it is. */
export const useSteady = <T>(rows: readonly T[] | undefined, idOf: (row: T) => string, of: unknown) => {
  const [isHeld, setHeld] = useState(false);
  const seen = useRef<{ readonly of: unknown; readonly ids: readonly string[] }>(undefined);
  const shown = useMemo(() => {
    const last = seen.current;
    const before = isHeld && last !== undefined && last.of === of ? last.ids : undefined;
    const now = rows && before ? steady(rows, idOf, before) : rows;
    seen.current = now && { of, ids: now.map(idOf) };
    return now;
  }, [rows, idOf, of, isHeld]);
  return {
    shown,
    /** For the element that holds the rows. */
    hold: { onPointerEnter: () => setHeld(true), onPointerLeave: () => setHeld(false) },
  };
};
