import { Paper, Text } from '@mantine/core';
import Anser from 'anser';
import { useEffect, useMemo, useRef } from 'react';
import { texts } from '../src/texts.ts';

/** The last so many characters are shown: a browser has no joy in ten megabytes. */
const SHOWN = 200_000;

/** Output as on a terminal: its colours, and of a line that was written over with \r what stands there at the end. Always text, never markup. Follows the end unless one scrolls up. */
export const Output = ({ text, isOver }: { readonly text: string; readonly isOver: boolean }) => {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const pieces = useMemo(() => Anser.ansiToJson(afterReturns(text.slice(-SHOWN)), { json: true, remove_empty: true }), [text]);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [pieces]);
  if (text === '') return <Text c="dimmed">{isOver ? texts.printedNothing : texts.noOutput}</Text>;
  return (
    <Paper
      ref={box}
      component="div"
      bg="dark.9"
      c="gray.2"
      p="sm"
      tabIndex={0}
      aria-label={texts.output}
      style={{ overflow: 'auto', maxHeight: '65vh' }}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 20;
      }}
    >
      <pre style={{ margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 13 }} data-output>
        {pieces.map(({ content, fg, bg, decorations }, index) => (
          <span
            key={index}
            style={{
              ...(fg ? { color: colorOf(fg) } : {}),
              ...(bg ? { backgroundColor: `rgb(${bg})` } : {}),
              ...(decorations.includes('bold') ? { fontWeight: 700 } : {}),
            }}
          >
            {content}
          </span>
        ))}
      </pre>
    </Paper>
  );
};

/** Two colours of the old terminals cannot be read on a dark ground. */
const READABLE: Readonly<Record<string, string>> = { '0, 0, 187': '92, 138, 255', '0, 0, 0': '134, 142, 150' };
const colorOf = (rgb: string): string => `rgb(${READABLE[rgb] ?? rgb})`;

const afterReturns = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').split('\r').at(-1) ?? '')
    .join('\n');
