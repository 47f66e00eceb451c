import { Text } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import type { RunView } from '../../../src/domain/wire.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { shareOf, slownessOf } from '../../src/lists/lengths.ts';
import { reasonTexts, texts, triggerTexts } from '../../src/texts.ts';
import { Outcome } from '../outcome.tsx';
import classes from './run-row.module.css';
import { At, Distance } from '../time.tsx';

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

/** From a minute on it is worth a word in a list. What a person asked for is late for nobody. */
const LATE_MS = 60_000;
export const Late = ({ run: { latenessMs = 0, trigger } }: { readonly run: RunView }) =>
  latenessMs < LATE_MS || (trigger !== 'schedule' && trigger !== 'catchUp') ? null : (
    <Text size="xs" c="dimmed" component="span" data-late>
      {texts.tickLate(format.length(latenessMs))}
    </Text>
  );

type RowProps = {
  readonly run: RunView;
  /** The longest run of the list, in ms: the end of the bars' scale. Without it there are no bars. */
  readonly top?: number | undefined;
  /** What is usual for the job, in ms. */
  readonly usual?: number | undefined;
};

/** A run: of what, what became of it, how long, where, when. All of the row leads to it. */
export const RunRow = memo(function RunRow({ run, top, usual }: RowProps) {
  const why = whyOf(run);
  return (
    <Link href={`/runs/${run.id}`} className={classes['row'] ?? ''} data-run={run.id} data-row={run.id}>
      <span className={classes['job']}>
        <b>{run.job}</b>
        {run.trigger !== 'schedule' && (
          <Text size="xs" c="dimmed" component="span">
            {triggerTexts[run.trigger]}
          </Text>
        )}
        {run.to !== undefined && (
          <Text size="xs" c="dimmed" component="span" data-left={run.count}>
            {texts.leftOfRange(run.count ?? 1, format.number(run.count ?? 1))}
          </Text>
        )}
      </span>
      <span className={classes['outcome']}>
        <Outcome state={run.state} outcome={run.outcome} />
        {run.state === 'running' && run.overdueAt !== undefined && (
          <Text size="xs" component="span" className={classes['slow'] ?? ''} data-overdue>
            {texts.overdue}
          </Text>
        )}
        <Late run={run} />
        {run.attempt > 1 && (
          <Text size="xs" c="dimmed" component="span">
            {texts.attemptNumber(run.attempt)}
          </Text>
        )}
        {why !== '' && (
          <Text size="xs" c="dimmed" component="span" className="anywhere">
            {why}
          </Text>
        )}
      </span>
      <span className={classes['took']}>
        {run.state === 'running' ? (
          <Running run={run} top={top} usual={usual} />
        ) : (
          run.durationMs !== undefined && <Length ms={run.durationMs} top={top} usual={usual} />
        )}
      </span>
      <Text size="sm" c="dimmed" component="span" className={`anywhere ${classes['worker'] ?? ''}`}>
        {run.workerName ?? run.worker}
      </Text>
      <Text size="sm" c="dimmed" component="span" className={classes['when'] ?? ''}>
        <At at={run.fireTime} /> · <Distance at={run.fireTime} />
      </Text>
    </Link>
  );
});

const Running = ({ run: { startedAt, claimedAt, fireTime }, ...rest }: RowProps) => {
  const now = useNow();
  return <Length ms={Math.max(0, now - Date.parse(startedAt ?? claimedAt ?? fireTime))} isGrowing {...rest} />;
};

type LengthProps = Omit<RowProps, 'run'> & { readonly ms: number; readonly isGrowing?: boolean };

/** How long, in figures and as a bar; and where that is far from the usual, in words. */
const Length = ({ ms, top, usual, isGrowing = false }: LengthProps) => {
  const slowness = slownessOf(ms, usual);
  return (
    <>
      <span className={classes['length']}>
        <Text size="sm" component="span" className="figures">
          {isGrowing ? format.growing(ms) : format.length(ms)}
        </Text>
        {slowness !== undefined && usual !== undefined && (
          <Text
            size="xs"
            component="span"
            className={classes['slow'] ?? ''}
            title={texts.usualIs(format.length(usual))}
            data-slow
          >
            {texts.timesUsual(
              slowness < 10 ? format.number(Math.floor(slowness * 10) / 10) : format.number(Math.floor(slowness)),
            )}
          </Text>
        )}
      </span>
      {top !== undefined && (
        <span
          className={classes['bar']}
          aria-hidden="true"
          {...(slowness !== undefined && { 'data-slow': true })}
          style={{ width: `${(shareOf(ms, Math.max(ms, top)) * 100).toFixed(1)}%` }}
        />
      )}
    </>
  );
};
