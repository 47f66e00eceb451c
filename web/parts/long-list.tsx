import { useWindowVirtualizer, defaultRangeExtractor } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useRowKeys, type RowAct } from '../src/keys/use-keys.ts';
import classes from './long-list.module.css';

type LongListProps<T> = {
  readonly label: string;
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  /** Of the whole list, where the master has more than is here. */
  readonly total?: number | undefined;
  /** Reads the next page; undefined where there is none, or none can be read now. */
  readonly more?: (() => void) | undefined;
  /** Draws a row, which has `data-row={id}`. */
  readonly row: (row: T) => ReactNode;
  /** Stands where a row will be. */
  readonly blank: ReactNode;
  /** About so high is a row, in px, until it has been measured. */
  readonly height: number;
  /** What other keys than j, k and Enter do with a row. */
  readonly acts?: readonly RowAct[];
  /** Told which rows are in sight. */
  readonly onSight?: (rows: readonly T[]) => void;
};

/** A short list is drawn as a whole, so that the browser's own search finds everything in it. */
const SHORT = 150;
const OVERSCAN = 12;
/** So many rows before the end of what is here the next page is asked for. */
const AHEAD = 60;
const HEADER_PX = 56;

/** A list of any length: only what is in sight (and what has the focus) is drawn, the rest is asked for as one scrolls. A screen reader is told the place of each
 *  row and how many there are. */
export const LongList = <T,>({
  label,
  rows,
  idOf,
  total = rows.length,
  more,
  row,
  blank,
  height,
  acts,
  onSight,
}: LongListProps<T>) => {
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [focused, setFocused] = useState<string>();
  // What stands above the list may come and go.
  useLayoutEffect(() => setMargin(Math.round((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY)));
  const ids = useMemo(() => rows.map(idOf), [rows, idOf]);
  const count = Math.max(rows.length, total);
  const isShort = count <= SHORT;
  const focusedAt = focused === undefined ? -1 : ids.indexOf(focused);
  // The same function as long as the rows are the same: with another one all rows are measured anew.
  const keyOf = useCallback(
    (index: number): string | number => {
      const at = rows[index];
      return at === undefined ? index : idOf(at);
    },
    [rows, idOf],
  );
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => height,
    overscan: isShort ? SHORT : OVERSCAN,
    scrollMargin: margin,
    scrollPaddingStart: HEADER_PX,
    getItemKey: keyOf,
    rangeExtractor: (range) => {
      const drawn = defaultRangeExtractor(range);
      return focusedAt < 0 || drawn.includes(focusedAt) ? drawn : [...drawn, focusedAt].sort((a, b) => a - b);
    },
  });
  useRowKeys({
    ids,
    show: (index) => virtual.scrollToIndex(index, { align: 'auto' }),
    ...(acts && { acts }),
  });

  const items = virtual.getVirtualItems();
  const { startIndex, endIndex } = virtual.range ?? { startIndex: 0, endIndex: 0 };
  const isNearEnd = isShort || endIndex + AHEAD >= rows.length;
  useEffect(() => {
    if (isNearEnd) more?.();
  }, [isNearEnd, more]);
  useEffect(() => {
    onSight?.(rows.slice(startIndex, endIndex + 1));
  }, [rows, startIndex, endIndex, onSight]);

  return (
    <div
      ref={list}
      role="list"
      aria-label={label}
      className={classes['list']}
      style={{ height: virtual.getTotalSize() }}
      onFocus={({ target }) => setFocused(target.closest<HTMLElement>('[data-row]')?.dataset['row'])}
      onBlur={() => setFocused(undefined)}
    >
      {items.map(({ key, index, start }) => {
        const at = rows[index];
        return (
          <div
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            role="listitem"
            aria-setsize={count}
            aria-posinset={index + 1}
            aria-busy={at === undefined}
            className={classes['item']}
            style={{ transform: `translateY(${String(start - margin)}px)` }}
          >
            {at === undefined ? blank : row(at)}
          </div>
        );
      })}
    </div>
  );
};
