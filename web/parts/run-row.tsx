import { Text } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import type { RunView } from '../../src/domain/wire.ts';
import { format } from '../src/format.ts';
import { reasonTexts, texts, triggerTexts } from '../src/texts.ts';
import { Outcome } from './outcome.tsx';
import classes from './run-row.module.css';
import { At, Distance, Growing } from './time.tsx';

export const RunHeads = () => (
  <div className={`${classes['row'] ?? ''} ${classes['heads'] ?? ''}`} aria-hidden="true">
    <span>{texts.columns.run}</span>
    <span>{texts.columns.outcome}</span>
    <span>{texts.columns.took}</span>
    <span>{texts.columns.worker}</span>
    <span>{texts.columns.when}</span>
  </div>
);

/** Why it ended so, as far as that is not plain. */
export const whyOf = ({ reason, exitCode, signal }: Pick<RunView, 'reason' | 'exitCode' | 'signal'>): string =>
  [
    reason && ((reasonTexts[reason] as string | undefined) ?? reason),
    exitCode !== undefined && exitCode !== 0 && texts.exit(exitCode),
    signal,
  ]
    .filter((part) => typeof part === 'string')
    .join(', ');

/** A run: of what, what became of it, how long, where, when. All of the row leads to it. */
export const RunRow = memo(function RunRow({ run }: { readonly run: RunView }) {
  const why = whyOf(run);
  return (
    <Link href={`/runs/${run.id}`} className={classes['row'] ?? ''} data-run={run.id}>
      <span className={classes['job']}>
        <b>{run.job}</b>
        {run.trigger !== 'schedule' && (
          <Text size="xs" c="dimmed" component="span">
            {triggerTexts[run.trigger]}
          </Text>
        )}
      </span>
      <span className={classes['outcome']}>
        <Outcome state={run.state} outcome={run.outcome} />
        {why !== '' && (
          <Text size="xs" c="dimmed" component="span" className="anywhere">
            {why}
          </Text>
        )}
      </span>
      <Text size="sm" component="span" className={`figures ${classes['took'] ?? ''}`}>
        {run.durationMs !== undefined
          ? format.length(run.durationMs)
          : run.state === 'running' && <Growing since={run.startedAt ?? run.claimedAt ?? run.fireTime} />}
      </Text>
      <Text size="sm" c="dimmed" component="span" className={`anywhere ${classes['worker'] ?? ''}`}>
        {run.workerName ?? run.worker}
      </Text>
      <Text size="sm" c="dimmed" component="span" className={classes['when'] ?? ''}>
        <At at={run.fireTime} /> · <Distance at={run.fireTime} />
      </Text>
    </Link>
  );
});
