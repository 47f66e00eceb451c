import { Button, Group, Paper, Skeleton, Tabs, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Run } from '../../../src/domain/run.ts';
import { runPath } from '../../src/api.ts';
import type { Attempt, End } from '../../src/live/followed.ts';
import { format } from '../../src/format.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import { Copy } from '../copy.tsx';
import { OutputFind, useFind } from './output-find.tsx';
import { OutputLines } from './output-lines.tsx';
import { SwitchButton, useSwitch } from './output-switch.tsx';
import classes from './output.module.css';
import { whyOf } from '../runs/run-row.tsx';

type OutputProps = { readonly attempts: readonly Attempt[]; readonly run: Run };

/** What a run printed, the newest attempt first seen, each apart. Goes on to the next attempt unless one was chosen. */
export const Output = ({ attempts, run }: OutputProps) => {
  const [chosen, choose] = useState<number>();
  const shown = attempts.find(({ attempt }) => attempt === chosen) ?? attempts.at(-1);
  const isOver = run.state === 'finished';
  if (attempts.length <= 1)
    return (
      <Paper withBorder className={classes['frame'] ?? ''}>
        {shown ? <OneAttempt run={run} attempt={shown} isLive={!isOver} isOnly /> : <Nothing run={run} />}
      </Paper>
    );
  return (
    <Paper withBorder className={classes['frame'] ?? ''}>
      <Tabs value={String(shown?.attempt)} onChange={(value) => choose(Number(value))} keepMounted={false}>
        <Tabs.List>
          {attempts.toReversed().map(({ attempt, end }) => (
            <Tabs.Tab key={attempt} value={String(attempt)} data-attempt={attempt}>
              {texts.attemptNumber(attempt)} <EndWord end={end} isOver={isOver} />
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {attempts.map((each) => (
          <Tabs.Panel key={each.attempt} value={String(each.attempt)}>
            <OneAttempt run={run} attempt={each} isLive={!isOver && each.end === undefined} isOnly={false} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Paper>
  );
};

const EndWord = ({ end, isOver }: { readonly end: End | undefined; readonly isOver: boolean }) => {
  const key = end ? end.outcome : isOver ? undefined : 'running';
  if (key === undefined) return null;
  const [sign, word] = outcomeTexts[key];
  const why = end ? whyOf(end) : '';
  return (
    <Text component="span" size="xs" c="dimmed">
      {sign} {word}
      {why !== '' && `, ${why}`}
    </Text>
  );
};

const Nothing = ({ run: { state, startedAt, claimedAt } }: { readonly run: Run }) => (
  <>
    <div className={classes['bar']}>
      <Title order={2} size="h5">
        {texts.output}
      </Title>
    </div>
    {state === 'queued' ? (
      <Said>{texts.notStarted}</Said>
    ) : startedAt === undefined && claimedAt === undefined ? (
      <Said>{texts.neverStarted}</Said>
    ) : (
      <Reading />
    )}
  </>
);

const Said = ({ children }: { readonly children: string }) => (
  <Text size="sm" c="dimmed" className={classes['empty'] ?? ''}>
    {children}
  </Text>
);

/** Its events are on their way. */
const Reading = () => (
  <div className={classes['empty']} aria-busy="true">
    <Skeleton height={14} mb={8} w="60%" />
    <Skeleton height={14} w="40%" />
  </div>
);

type OneProps = { readonly run: Run; readonly attempt: Attempt; readonly isLive: boolean; readonly isOnly: boolean };

const OneAttempt = ({ run, attempt: { attempt, lines, isCut, startedAt, end }, isLive, isOnly }: OneProps) => {
  const wraps = useSwitch('wrap', true);
  const times = useSwitch('times', false);
  const finding = useFind(lines);
  const isEmpty = lines.length === 0;
  const bytes = isOnly ? run.outputBytes : undefined;
  return (
    <>
      <div className={classes['bar']}>
        <Group gap={8} align="baseline">
          <Title order={2} size="h5">
            {texts.output}
          </Title>
          {!isEmpty && (
            <Text size="xs" c="dimmed" component="span" className="figures">
              {texts.linesOf((lines.at(-1)?.number ?? 0) + 1, format.number((lines.at(-1)?.number ?? 0) + 1))}
              {bytes !== undefined && bytes > 0 && ` · ${format.bytes(bytes)}`}
            </Text>
          )}
        </Group>
        {!isEmpty && (
          <>
            <OutputFind finding={finding} />
            <Group gap={4}>
              <SwitchButton by={wraps} name={texts.wrap} keyName="w" />
              <SwitchButton by={times} name={texts.timesShown} keyName="t" />
              <Copy what={texts.copyOutput} text={() => lines.map(({ text }) => `${text}\n`).join('')} />
              <Button
                component="a"
                size="compact-xs"
                variant="subtle"
                color="gray"
                href={`/api/v1${runPath(run.id)}/output${isOnly ? '' : `?attempt=${String(attempt)}`}`}
                download={`${run.job}-${run.id}${isOnly ? '' : `-${String(attempt)}`}.txt`}
              >
                {texts.download}
              </Button>
            </Group>
          </>
        )}
      </div>
      {isEmpty && end ? (
        <Said>{startedAt === undefined ? texts.neverStarted : texts.printedNothing}</Said>
      ) : isEmpty && isLive ? (
        <Said>{startedAt === undefined ? texts.notStarted : texts.noOutput}</Said>
      ) : isEmpty ? (
        <Reading />
      ) : (
        <OutputLines
          ref={finding.box}
          lines={lines}
          isCut={isCut}
          isLive={isLive}
          doesWrap={wraps.isOn}
          hasTimes={times.isOn}
          find={finding.find}
          hit={finding.hit}
        />
      )}
    </>
  );
};
