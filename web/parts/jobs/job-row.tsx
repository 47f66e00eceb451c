import { Switch } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { useMay } from '../../src/session.ts';
import { shownJob } from '../../src/job/shown-job.ts';
import { texts } from '../../src/texts.ts';
import { useJobActs } from '../../src/job/use-job-acts.ts';
import { JobActions } from './job-actions.tsx';
import { Last, Next } from './job-cells.tsx';
import classes from './job-row.module.css';

/** What the columns are, where there is room for columns. */
export const JobHeads = () => (
  <div className={`${classes['row'] ?? ''} ${classes['heads'] ?? ''}`} aria-hidden="true">
    <span />
    <span>{texts.columns.job}</span>
    <span>{texts.columns.schedule}</span>
    <span>{texts.columns.next}</span>
    <span>{texts.columns.last}</span>
    <span />
  </div>
);

/** Its tags, each a way to the jobs that have it. */
const Tags = ({ tags }: { readonly tags: readonly string[] }) =>
  tags.map((tag) => (
    <Link key={tag} href={`/?tag=${encodeURIComponent(tag)}`} className={classes['tag'] ?? ''} title={texts.onlyTag(tag)}>
      {tag}
    </Link>
  ));

type RowProps = { readonly view: JobView; readonly onEdit: (view: JobView) => void };

/** A job: on or off, what and when, what became of it, what to do with it. */
export const JobRow = memo(function JobRow({ view, onEdit }: RowProps) {
  const { job, schedule, broken, noWorker } = view;
  const shown = shownJob(view);
  const { cronExpr, timezone } = shown.schedule;
  const { switchTo } = useJobActs(view);
  const mayEdit = useMay('editor');
  return (
    <div className={classes['row']} data-job={job.name} data-row={job.name}>
      <Switch
        className={classes['switch'] ?? ''}
        aria-label={texts.switchOf(job.name)}
        checked={shown.isOn}
        disabled={broken !== undefined || !mayEdit}
        onChange={({ currentTarget }) => switchTo(currentTarget.checked)}
      />
      <div className={classes['name']}>
        <Link href={`/jobs/${encodeURIComponent(job.name)}`} className={classes['title'] ?? ''}>
          {job.name}
        </Link>
        <Tags tags={shown.tags} />
      </div>
      <div className={classes['schedule']}>
        {broken === undefined ? (
          <div className={classes['plainly']}>{schedule}</div>
        ) : (
          <div className={classes['wrong']}>
            <b>{texts.broken}.</b> {texts.brokenHint(broken)}
          </div>
        )}
        {noWorker === true && (
          <div className={classes['wrong']} title={texts.noWorkerHint} data-no-worker>
            <span aria-hidden="true">! </span>
            <b>{texts.noWorker}</b>
          </div>
        )}
        <div className={`${classes['small'] ?? ''} ${classes['cron'] ?? ''}`}>{cronExpr}</div>
      </div>
      <div className={classes['next']}>
        <Next view={view} isOn={shown.isOn} zone={timezone} />
      </div>
      <div className={classes['last']}>
        <Last view={view} zone={timezone} />
      </div>
      <JobActions view={view} onEdit={onEdit} />
    </div>
  );
});
