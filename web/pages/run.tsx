import { Alert, Anchor, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { Outcome } from '../parts/outcome.tsx';
import { Output } from '../parts/run/output.tsx';
import { RunActions } from '../parts/run/run-actions.tsx';
import { RunFacts } from '../parts/run/run-facts.tsx';
import { StillRuns } from '../parts/run/still-runs.tsx';
import { RunWaits } from '../parts/run/run-waits.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { Growing } from '../parts/time.tsx';
import { ApiError } from '../src/api.ts';
import { later, useNow } from '../src/clock.ts';
import type { Followed } from '../src/live/followed.ts';
import { format } from '../src/format.ts';
import { personOf, storyOf } from '../src/story.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useFollowed } from '../src/live/use-followed.ts';
import { useLiveJob } from '../src/live/use-live-job.ts';

/** One run: what, where, why it ended, and what it prints while it prints it. */
export default function Run({ id }: { readonly id: string }) {
  const { followed, error, refused, again } = useFollowed(id);
  useTitle(followed?.run.job ?? texts.runs);
  if (followed) return <Known key={id} followed={followed} refused={refused} />;
  if (!error) return <Loading />;
  return error instanceof ApiError && error.problem.status === 404 ? (
    <NoSuchRun id={id} waiting={error.problem.waiting ?? 0} />
  ) : (
    <Failed error={error} onAgain={again} />
  );
}

const NoSuchRun = ({ id, waiting }: { readonly id: string; readonly waiting: number }) => (
  <Empty title={texts.noSuchRun} hint={waiting > 0 ? texts.noSuchRunYet(format.number(waiting)) : texts.noSuchRunHint}>
    <Code className="anywhere">{id}</Code>
    <Anchor component={Link} href="/runs" size="sm">
      {texts.allRuns}
    </Anchor>
  </Empty>
);

const Known = ({ followed, refused }: { readonly followed: Followed; readonly refused: string | undefined }) => {
  const { run, attempts } = followed;
  const live = useLiveJob(run.job).job;
  const job = live?.isGone ? undefined : live?.view;
  const { timezone } = (job?.job ?? {}) as { readonly timezone?: unknown };
  const zone = typeof timezone === 'string' ? timezone : undefined;
  return (
    <Stack gap="sm">
      <Stack gap={4}>
        <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
          <Group gap="4px 12px" miw={0}>
            <Title order={1} size="h2" className="anywhere">
              <Link href={`/jobs/${encodeURIComponent(run.job)}`} className="plain">
                {run.job}
              </Link>
            </Title>
            <Outcome state={run.state} outcome={run.outcome} />
            {run.state === 'running' && (
              <Text size="sm" c="dimmed" component="span" className="figures">
                <Growing since={run.startedAt ?? run.claimedAt ?? run.fireTime} zone={zone} />
              </Text>
            )}
          </Group>
          <RunActions run={run} hasJob={job !== undefined && job.broken === undefined} />
        </Group>
        {run.state === 'queued' ? <RunWaits followed={followed} job={job} /> : <Story followed={followed} />}
      </Stack>
      <StillRuns run={run} attempts={attempts} />
      <RunFacts followed={followed} job={job} zone={zone} />
      {refused !== undefined && <Alert color="yellow">{refused}</Alert>}
      {run.claimedAt !== undefined && attempts.length === 0 && <NoLogYet />}
      <Output attempts={attempts} run={run} />
    </Stack>
  );
};

/** What is going on, or why it ended, as one would tell it. */
const Story = ({ followed }: { readonly followed: Followed }) => {
  const { run, kill } = followed;
  const now = useNow();
  const worker = run.workerName ?? run.worker ?? texts.worker;
  const asked = run.killAskedAt;
  const asker = personOf(kill?.by);
  const parts =
    run.state === 'finished'
      ? [
          storyOf(followed),
          run.attempt > 1 && run.outcome !== 'skipped' && texts.inAttempts(format.number(run.attempt)),
          run.reason === 'expired' && run.outcome !== 'skipped' && texts.noFurtherAttempt,
          run.overdueAt !== undefined &&
            run.endedAt !== undefined &&
            run.reason !== 'abandoned' &&
            texts.wasOverdue(format.length(Math.max(0, Date.parse(run.endedAt) - Date.parse(run.overdueAt)))),
        ]
      : [
          run.startedAt === undefined ? texts.isClaimed(worker) : texts.runsOn(worker),
          run.overdueAt !== undefined && texts.isOverdue(format.distance(run.overdueAt, now)),
          asked !== undefined &&
            (asker === undefined
              ? texts.endIsAskedBySome(format.distance(asked, now))
              : texts.endIsAsked(asker, format.distance(asked, now))),
          kill?.signal !== undefined && texts.gotSignal(kill.signal),
        ];
  return (
    <Text size="md" className="anywhere" data-story>
      {parts.filter((part) => typeof part === 'string').join(' ')}
    </Text>
  );
};

const PATIENCE_MS = 3_000;

/** The events of a run come a moment later than the run: only after a while that is worth a word. */
const NoLogYet = () => {
  const [isLong, setLong] = useState(false);
  useEffect(() => later(PATIENCE_MS, () => setLong(true)), []);
  return isLong ? <Alert color="yellow">{texts.noLogYet}</Alert> : null;
};
