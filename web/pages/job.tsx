import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { JobView } from '../../src/domain/wire.ts';
import { Copy } from '../parts/copy.tsx';
import { Definition } from '../parts/job/definition.tsx';
import { useEditor } from '../parts/editor/editor-provider.tsx';
import { History } from '../parts/job/history.tsx';
import { OverlapWarning } from '../parts/job/overlap-warning.tsx';
import { Fires } from '../parts/job/fires.tsx';
import { JobHead } from '../parts/job/job-head.tsx';
import { JobRuns } from '../parts/job/job-runs.tsx';
import { JobWarning } from '../parts/job/job-warning.tsx';
import { NoWorker, Placement } from '../parts/job/placement.tsx';
import { Section } from '../parts/section.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { Timeline } from '../parts/job/timeline.tsx';
import { useMay } from '../src/session.ts';
import { shownJob } from '../src/job/shown-job.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useLiveJob } from '../src/live/use-live-job.ts';
import classes from './job.module.css';

/** One job: what and when, what became of its runs and its ticks, and where it may run. */
export default function Job({ name }: { readonly name: string }) {
  useTitle(name);
  const { job, isMissing, error, again } = useLiveJob(name);
  if (job) return <Whole view={job.view} isGone={job.isGone} />;
  if (error) return <Failed error={error} onAgain={again} />;
  if (!isMissing) return <Loading rows={8} />;
  return (
    <Empty title={texts.jobMissing(name)} hint={texts.jobMissingHint}>
      <WaysBack name={name} />
    </Empty>
  );
}

const WaysBack = ({ name }: { readonly name: string }) => (
  <Group mt="xs">
    <Button component={Link} href="/" variant="light" size="xs">
      {texts.allJobs}
    </Button>
    <Button component={Link} href={`/runs?job=${encodeURIComponent(name)}`} variant="default" size="xs">
      {texts.itsHistory}
    </Button>
  </Group>
);

const Whole = ({ view, isGone }: { readonly view: JobView; readonly isGone: boolean }) => {
  const { job, schedule: sentence, broken, revision } = view;
  const { command, schedule, jitterMs, isOn } = shownJob(view);
  return (
    <Stack gap="md" data-job-page={job.name}>
      {isGone && (
        <Alert color="yellow" title={texts.jobGone(job.name)} role="alert">
          {texts.jobGoneHint}
          <WaysBack name={job.name} />
        </Alert>
      )}
      <JobHead view={view} isGone={isGone} />
      {broken !== undefined && <Broken view={view} why={broken} />}
      {view.warning && !isGone && <JobWarning name={job.name} warning={view.warning} />}
      {isOn && !isGone && broken === undefined && <NoWorker name={job.name} revision={revision} />}
      {isOn && !isGone && broken === undefined && <OverlapWarning schedule={schedule} />}
      <div className={classes['columns']}>
        <div className={classes['column']}>
          <div className={`${classes['column'] ?? ''} ${classes['first'] ?? ''}`}>
            <JobRuns name={job.name} zone={schedule.timezone} />
          </div>
          <Timeline view={view} />
          <History key={revision} view={view} isGone={isGone} />
          <div className={classes['last']}>
            <Definition view={view} />
          </div>
        </div>
        <div className={classes['column']}>
          {broken === undefined && (
            <div className={classes['second']}>
              <Section title={texts.whenItRuns}>
                <Fires schedule={schedule} sentence={sentence} isOn={isOn && !isGone} jitterMs={jitterMs} />
              </Section>
            </div>
          )}
          {command !== '' && (
            <Section title={texts.command} aside={<Copy text={command} what={texts.command} />}>
              <div className={`mono anywhere ${classes['command'] ?? ''}`} tabIndex={0} role="group" aria-label={texts.command}>
                {command}
              </div>
            </Section>
          )}
          {!isGone && broken === undefined && <Placement name={job.name} revision={revision} />}
        </div>
      </div>
    </Stack>
  );
};

/** What is wrong with a job that cannot be used, each point for itself, and the way to mend it. */
const Broken = ({ view, why }: { readonly view: JobView; readonly why: string }) => {
  const { edit } = useEditor();
  const mayEdit = useMay('editor');
  return (
    <Alert color="red" title={texts.brokenTitle} role="alert" icon={<span aria-hidden="true">✕</span>}>
      <ul style={{ margin: '0 0 8px', paddingInlineStart: 20 }}>
        {why.split('; ').map((point) => (
          <li key={point} className="anywhere">
            {point}
          </li>
        ))}
      </ul>
      <Text size="sm">{texts.brokenMend}</Text>
      {mayEdit && (
        <Button mt="sm" size="xs" color="red" variant="light" onClick={() => edit(view)}>
          {texts.mend}
        </Button>
      )}
    </Alert>
  );
};
