import { Anchor, Button, Group, Paper, Text } from '@mantine/core';
import { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { Run } from '../../src/domain/run.ts';
import { spansOf, type Span } from '../src/ansi.ts';
import { runPath } from '../src/api.ts';
import { MOST_CHARS, type Printed } from '../src/followed.ts';
import { format } from '../src/format.ts';
import { texts } from '../src/texts.ts';
import classes from './output.module.css';

/** So near to the end counts as at the end. */
const NEAR_PX = 24;

/** What a run prints, attempts apart. Follows the end until one scrolls up, and again from the end on. */
export const Output = ({ printed, run }: { readonly printed: readonly Printed[]; readonly run: Run }) => {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const shown = useDeferredValue(printed);
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown, follows]);
  const isOver = run.state === 'finished';
  return (
    <Paper withBorder className={classes['frame'] ?? ''}>
      <Group justify="space-between" px="md" py={6}>
        <Text size="xs" c="dimmed">
          {texts.output}
          {run.outputBytes !== undefined && run.outputBytes > 0 && ` · ${format.bytes(run.outputBytes)}`}
        </Text>
        <Group gap="sm">
          {!follows && !isOver && (
            <Button size="compact-xs" variant="light" onClick={() => setFollows(true)}>
              {texts.toEnd}
            </Button>
          )}
          {shown.length > 0 && (
            <Anchor size="xs" href={`/api/v1${runPath(run.id)}/output`} download={`${run.job}-${run.id}.txt`}>
              {texts.download}
            </Anchor>
          )}
        </Group>
      </Group>
      {shown.length === 0 ? (
        <Text size="sm" c="dimmed" px="md" pb="md">
          {isOver ? texts.printedNothing : run.startedAt === undefined ? texts.notStarted : texts.noOutput}
        </Text>
      ) : (
        <div
          ref={box}
          className={classes['box']}
          tabIndex={0}
          role="region"
          aria-label={texts.output}
          data-output
          onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
            setFollows(scrollTop + clientHeight > scrollHeight - NEAR_PX)
          }
        >
          {shown.map((each) => (
            <Attempt key={each.attempt} printed={each} hasNumber={shown.length > 1 || each.attempt > 1} />
          ))}
        </div>
      )}
    </Paper>
  );
};

type AttemptProps = { readonly printed: Printed; readonly hasNumber: boolean };

const Attempt = memo(function Attempt({ printed: { attempt, text, isCut }, hasNumber }: AttemptProps) {
  const spans = useMemo(() => spansOf(text), [text]);
  return (
    <>
      {hasNumber && <div className={classes['note']}>{texts.attemptNumber(attempt)}</div>}
      {isCut && <div className={classes['note']}>{texts.outputCut(format.bytes(MOST_CHARS))}</div>}
      <pre className={classes['text']}>
        {spans.map((span, index) => (
          <Piece key={index} span={span} />
        ))}
      </pre>
    </>
  );
});

const Piece = ({ span: { text, color, background, isBold, isDim, isItalic, isUnderlined } }: { readonly span: Span }) => (
  <span
    style={{
      ...(color !== undefined && { color }),
      ...(background !== undefined && { backgroundColor: background }),
      ...(isBold && { fontWeight: 700 }),
      ...(isDim && { opacity: 0.7 }),
      ...(isItalic && { fontStyle: 'italic' }),
      ...(isUnderlined && { textDecoration: 'underline' }),
    }}
  >
    {text}
  </span>
);
