import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useLayoutEffect, useRef, useState, type Ref, type RefObject } from 'react';
import { piecesOf, type Find, type Hit, type Piece } from '../../src/output/find.ts';
import { format } from '../../src/format.ts';
import type { Line, Span } from '../../src/output/terminal.ts';
import { texts } from '../../src/texts.ts';
import { useKeys } from '../../src/keys/use-keys.ts';
import classes from './output.module.css';

/** So near to the end counts as at the end. */
const NEAR_PX = 24;
const LINE_PX = 20;
/** So many lines are drawn as a whole, so that the browser's own search and selection have all of them. */
const SHORT = 1_000;

type LinesProps = {
  readonly lines: readonly Line[];
  readonly isCut: boolean;
  readonly isLive: boolean;
  readonly doesWrap: boolean;
  readonly hasTimes: boolean;
  readonly find: Find;
  readonly hit: Hit | undefined;
  readonly ref: Ref<HTMLDivElement>;
};

/** Follows the end until one scrolls up, and again from the end on. Where one has scrolled up, `unseen` lines have come since. */
const useEnd = (box: RefObject<HTMLDivElement | null>, written: number) => {
  const [seen, setSeen] = useState<number>();
  const follows = seen === undefined;
  const isFollowing = useRef(true);
  const lastTop = useRef(0);
  useLayoutEffect(() => {
    isFollowing.current = follows;
  }, [follows]);
  useEffect(() => {
    const element = box.current;
    const inner = element?.firstElementChild;
    if (!element || !inner) return undefined;
    // Also when lines turn out to be higher than was thought.
    const toEnd = (): void => {
      if (isFollowing.current) element.scrollTop = element.scrollHeight;
    };
    const observer = new ResizeObserver(toEnd);
    observer.observe(inner);
    observer.observe(element);
    toEnd();
    return () => observer.disconnect();
  }, [box]);
  const stop = (): void => {
    isFollowing.current = false;
    setSeen((before) => before ?? written);
  };
  return {
    follows,
    unseen: seen === undefined ? 0 : Math.max(0, written - seen),
    stop,
    follow: (): void => {
      isFollowing.current = true;
      setSeen(undefined);
      const element = box.current;
      if (element) element.scrollTop = element.scrollHeight;
    },
    onScroll: (): void => {
      const element = box.current;
      if (!element) return;
      const { scrollTop, clientHeight, scrollHeight } = element;
      const isAtEnd = scrollTop + clientHeight > scrollHeight - NEAR_PX;
      if (isAtEnd) {
        isFollowing.current = true;
        setSeen(undefined);
      } else if (scrollTop < lastTop.current) stop();
      lastTop.current = scrollTop;
    },
  };
};

/** The lines of an attempt on a ground of their own, and the way back to the end. */
export const OutputLines = ({ lines, isCut, isLive, doesWrap, hasTimes, find, hit, ref }: LinesProps) => {
  const box = useRef<HTMLDivElement>(null);
  const written = (lines.at(-1)?.number ?? -1) + 1;
  const { follows, unseen, stop, follow, onScroll } = useEnd(box, written);
  useKeys([{ key: 'f', name: texts.toEnd, act: follow }]);
  const isShort = lines.length <= SHORT;
  const virtual = useVirtualizer({
    count: lines.length,
    enabled: !isShort,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    // The same function as long as the lines are the same: with another one all are measured anew.
    getItemKey: useCallback((index: number) => lines[index]?.number ?? index, [lines]),
    overscan: 40,
  });
  const first = lines[0]?.number ?? 0;
  const hitAt = hit && hit.number - first;
  useEffect(() => {
    if (hit === undefined || hitAt === undefined) return;
    stop();
    if (!isShort) virtual.scrollToIndex(hitAt, { align: 'center' });
    let left = 10;
    const show = (): void => {
      const mark = box.current?.querySelector('[data-current]');
      if (mark) mark.scrollIntoView({ block: 'center', inline: 'nearest' });
      else if ((left -= 1) > 0) requestAnimationFrame(show);
    };
    show();
    // Where the hit is does not change; that lines at the front are let go is no reason to jump.
  }, [hit?.number, hit?.from]);

  const items = isShort ? undefined : virtual.getVirtualItems();
  const lineAt = (index: number) => {
    const line = lines[index];
    return (
      line && (
        <OutputLine
          key={line.number}
          line={line}
          index={index}
          {...(!isShort && { measure: virtual.measureElement })}
          hasTime={hasTimes}
          find={find}
          current={hit?.number === line.number ? hit.from : undefined}
        />
      )
    );
  };
  return (
    <div className={classes['ground']}>
      <div
        ref={(element) => {
          box.current = element;
          if (typeof ref === 'function') ref(element);
          else if (ref) ref.current = element;
        }}
        className={classes['box']}
        tabIndex={0}
        role="region"
        aria-label={texts.output}
        data-output
        onScroll={onScroll}
      >
        <div className={classes['lines']} {...(doesWrap && { 'data-wrap': true })} {...(hasTimes && { 'data-times': true })}>
          {isCut && <div className={classes['note']}>{texts.outputCut(format.number(lines.length))}</div>}
          {items ? (
            <>
              <div style={{ height: items[0]?.start ?? 0 }} />
              {items.map(({ index }) => lineAt(index))}
              <div style={{ height: Math.max(0, virtual.getTotalSize() - (items.at(-1)?.end ?? 0)) }} />
            </>
          ) : (
            lines.map((_, index) => lineAt(index))
          )}
        </div>
      </div>
      {!follows && (
        <Button className={classes['follow'] ?? ''} size="xs" radius="xl" onClick={follow} data-follow>
          ↓ {unseen > 0 ? texts.newLines(unseen, format.number(unseen)) : isLive ? texts.toEnd : texts.goToEnd}
        </Button>
      )}
    </div>
  );
};

type LineProps = {
  readonly line: Line;
  readonly index: number;
  readonly measure?: (element: HTMLElement | null) => void;
  readonly hasTime: boolean;
  readonly find: Find;
  readonly current: number | undefined;
};

const OutputLine = memo(function OutputLine({ line, index, measure, hasTime, find, current }: LineProps) {
  return (
    <div
      {...(measure && { ref: measure })}
      data-index={index}
      className={classes[line.isNote ? 'note' : 'line']}
      {...(hasTime && { 'data-at': line.at === undefined ? '' : format.clock(line.at) })}
    >
      {piecesOf(line.spans, find.inLine(line)).map((piece, at) => (
        <Text key={at} piece={piece} isCurrent={current !== undefined && piece.hit === current} />
      ))}
      {'\n'}
    </div>
  );
});

const styleOf = ({ color, background, isBold, isDim, isItalic, isUnderlined, isStruck }: Omit<Span, 'text'>) => ({
  ...(color !== undefined && { color }),
  ...(background !== undefined && { backgroundColor: background }),
  ...(isBold && { fontWeight: 700 }),
  ...(isDim && { opacity: 0.75 }),
  ...(isItalic && { fontStyle: 'italic' }),
  ...((isUnderlined ?? isStruck) && {
    textDecoration: [isUnderlined && 'underline', isStruck && 'line-through'].filter(Boolean).join(' '),
  }),
});

const Text = ({ piece: { text, hit, ...look }, isCurrent }: { readonly piece: Piece; readonly isCurrent: boolean }) => {
  if (hit !== undefined)
    return (
      <mark className={classes['hit']} {...(isCurrent && { 'data-current': true })}>
        {text}
      </mark>
    );
  return Object.keys(look).length === 0 ? text : <span style={styleOf(look)}>{text}</span>;
};
