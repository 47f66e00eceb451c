import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Run } from '../../src/domain/run.ts';
import { format } from '../src/format.ts';
import { reasonTexts, texts, triggerTexts } from '../src/texts.ts';
import { Copy } from './copy.tsx';
import classes from './run-facts.module.css';
import { At } from './time.tsx';

/** Late by this and it is worth a word. */
const LATE_MS = 1_000;

/** What is known of a run; what is not known yet is left out. */
export const RunFacts = ({ run }: { readonly run: Run }) => (
  <dl className={classes['facts']}>
    <Fact name={texts.fireTime}>
      <At at={run.fireTime} />
      {run.latenessMs !== undefined && run.latenessMs >= LATE_MS && `, ${texts.late(format.length(run.latenessMs))}`}
    </Fact>
    <Fact name={texts.started}>{run.startedAt && <At at={run.startedAt} />}</Fact>
    <Fact name={texts.ended}>{run.endedAt && <At at={run.endedAt} />}</Fact>
    <Fact name={texts.took}>{run.durationMs !== undefined && format.length(run.durationMs)}</Fact>
    <Fact name={texts.exitCode}>{run.exitCode?.toString()}</Fact>
    <Fact name={texts.signal}>{run.signal}</Fact>
    <Fact name={texts.reason}>{run.reason && ((reasonTexts[run.reason] as string | undefined) ?? run.reason)}</Fact>
    <Fact name={texts.error}>{run.error}</Fact>
    <Fact name={texts.worker}>{run.workerName ?? run.worker}</Fact>
    <Fact name={texts.trigger}>
      {triggerTexts[run.trigger]}
      {run.by !== undefined && run.trigger !== 'schedule' && ` (${run.by})`}
    </Fact>
    <Fact name={texts.killAsked}>
      {run.killAskedAt && (
        <>
          <At at={run.killAskedAt} />
          {run.by !== undefined && run.trigger === 'schedule' && ` (${run.by})`}
        </>
      )}
    </Fact>
    <Fact name={texts.attempt}>{run.attempt > 1 && format.number(run.attempt)}</Fact>
    <Fact name={texts.runId}>
      <Group gap={4} wrap="nowrap" component="span">
        <span className="mono anywhere">{run.id}</span>
        <Copy text={run.id} what={texts.runId} />
      </Group>
    </Fact>
  </dl>
);

const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) =>
  children === undefined || children === false || children === '' ? null : (
    <div className={classes['fact']}>
      <Text size="xs" c="dimmed" component="dt">
        {name}
      </Text>
      <Text size="sm" component="dd" className="anywhere">
        {children}
      </Text>
    </div>
  );
