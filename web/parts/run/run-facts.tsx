import { Button, Group, Paper, Text } from '@mantine/core';
import { useState } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import type { Followed } from '../../src/live/followed.ts';
import { format } from '../../src/format.ts';
import { keep, kept } from '../../src/kept.ts';
import { personOf } from '../../src/story.ts';
import { reasonTexts, texts } from '../../src/texts.ts';
import { Copy } from '../copy.tsx';
import classes from './run-facts.module.css';
import { At } from '../time.tsx';
import { Fact } from './fact.tsx';
import { RunUsage } from './run-usage.tsx';

/** Late by this and it is worth a word. */
const LATE_MS = 1_000;
const KEPT = 'cronstream.run.facts';

type FactsProps = {
  readonly followed: Followed;
  /** The job as it is now, where it is still there. */
  readonly job: JobView | undefined;
  readonly zone: string | undefined;
};

/** What is known of a run: what one asks for first, and on demand all of it. What is not known is left out. */
export const RunFacts = ({ followed, job, zone }: FactsProps) => {
  const [isOpen, setOpen] = useState(() => kept(KEPT) === 'true');
  const { run } = followed;
  const by = personOf(run.by);
  return (
    <Paper withBorder p="md" component="section" aria-label={texts.allFacts}>
      {run.command !== undefined && <Command command={run.command} isWhole={isOpen} />}
      <Group justify="space-between" align="flex-end" gap="sm">
        <dl className={classes['facts']} style={{ flex: '1 1 0' }}>
          <Fact name={texts.trigger}>
            {run.trigger !== 'schedule' && by !== undefined
              ? texts.triggeredByWhom(texts.triggeredBy[run.trigger], by)
              : texts.triggeredBy[run.trigger]}
          </Fact>
          <Fact name={texts.fireTime}>
            <At at={run.fireTime} zone={zone} />
            {run.latenessMs !== undefined && (
              <Text component="span" size="sm" c={run.latenessMs >= LATE_MS ? 'orange' : 'dimmed'}>
                {' · '}
                {run.latenessMs >= LATE_MS ? texts.late(format.length(run.latenessMs)) : texts.onTime}
              </Text>
            )}
          </Fact>
          <Fact name={texts.worker}>{run.workerName ?? run.worker}</Fact>
          <Fact name={texts.took}>{run.durationMs !== undefined && format.length(run.durationMs)}</Fact>
          {isOpen && <More followed={followed} job={job} zone={zone} />}
        </dl>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-expanded={isOpen}
          onClick={() => {
            setOpen(!isOpen);
            keep(KEPT, String(!isOpen));
          }}
        >
          {isOpen ? `▴ ${texts.fewerFacts}` : `▾ ${texts.allFacts}`}
        </Button>
      </Group>
    </Paper>
  );
};

const More = ({ followed: { run, attempts, jobRevision }, job, zone }: FactsProps) => {
  const host = attempts.at(-1)?.host;
  return (
    <>
      <Fact name={texts.nominal}>
        {run.nominalAt !== undefined && run.nominalAt !== run.fireTime && <At at={run.nominalAt} zone={zone} />}
      </Fact>
      <Fact name={texts.claimed}>{run.claimedAt && <At at={run.claimedAt} zone={zone} />}</Fact>
      <Fact name={texts.started}>{run.startedAt && <At at={run.startedAt} zone={zone} />}</Fact>
      <Fact name={texts.overdueSince}>{run.overdueAt && <At at={run.overdueAt} zone={zone} />}</Fact>
      <Fact name={texts.ended}>{run.endedAt && <At at={run.endedAt} zone={zone} />}</Fact>
      <Fact name={texts.exitCode}>{run.exitCode?.toString()}</Fact>
      <Fact name={texts.signal}>{run.signal}</Fact>
      <Fact name={texts.reason}>{run.reason && ((reasonTexts[run.reason] as string | undefined) ?? run.reason)}</Fact>
      <Fact name={texts.error}>{run.error}</Fact>
      <Fact name={texts.host}>{host}</Fact>
      <Fact name={texts.pid}>{run.pid?.toString()}</Fact>
      <RunUsage run={run} />
      {jobRevision !== undefined && <Where job={job} jobRevision={jobRevision} />}
      <Fact name={texts.attempt}>{run.attempt > 1 && format.number(run.attempt)}</Fact>
      <Fact name={texts.fence}>{run.fence?.toString()}</Fact>
      <Fact name={texts.runId}>
        <Group gap={4} wrap="nowrap" component="span">
          <span className="mono anywhere">{run.id}</span>
          <Copy text={run.id} what={texts.runId} />
        </Group>
      </Fact>
    </>
  );
};

/** As whom and in which folder: the job says so, and only as long as it is the version that the run was of. */
const Where = ({ job, jobRevision }: { readonly job: JobView | undefined; readonly jobRevision: number }) => {
  const isSame = job?.revision === String(jobRevision);
  const { runAs, cwd } = (job?.job ?? {}) as Record<string, unknown>;
  const said = (value: unknown, usual: string): string =>
    !isSame ? texts.jobChanged : typeof value === 'string' ? value : usual;
  return (
    <>
      <Fact name={texts.runUser}>{said(runAs, texts.runUserOfWorker)}</Fact>
      <Fact name={texts.folder}>{said(cwd, texts.folderOfWorker)}</Fact>
    </>
  );
};

const Command = ({ command, isWhole }: { readonly command: string; readonly isWhole: boolean }) => (
  <div className={classes['command']}>
    <pre className={classes['code']} {...(isWhole && { 'data-whole': true })} tabIndex={0} aria-label={texts.command}>
      {command}
    </pre>
    <Copy text={command} what={texts.command} />
  </div>
);
