import { ActionIcon, Badge, Button, Menu, Switch, Text } from '@mantine/core';
import { memo } from 'react';
import { Link, useLocation } from 'wouter';
import type { JobView } from '../../src/domain/wire.ts';
import { ask, jobPath } from '../src/api.ts';
import { format } from '../src/format.ts';
import { useMay } from '../src/session.ts';
import { texts } from '../src/texts.ts';
import { useAsk } from './ask.tsx';
import classes from './job-row.module.css';
import { Outcome } from './outcome.tsx';
import { useTell } from './tell.tsx';
import { Distance, Growing } from './time.tsx';

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

type RowProps = { readonly view: JobView; readonly onEdit: (view: JobView) => void };

/** What of a job is shown: a value put by hand may lack anything. */
const shownOf = ({ job, broken }: JobView) => {
  const { cronExpr, tags, enabled } = job as Record<string, unknown>;
  return {
    cron: typeof cronExpr === 'string' ? cronExpr : '',
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    isOn: enabled !== false && broken === undefined,
  };
};

/** A job: on or off, what and when, what became of it, what to do with it. */
export const JobRow = memo(function JobRow({ view, onEdit }: RowProps) {
  const { job, schedule, broken } = view;
  const { cron, tags, isOn } = shownOf(view);
  const tell = useTell();
  const mayEdit = useMay('editor');
  return (
    <div className={classes['row']} data-job={job.name}>
      <Switch
        className={classes['switch'] ?? ''}
        aria-label={texts.switchOf(job.name)}
        checked={isOn}
        disabled={broken !== undefined || !mayEdit}
        onChange={({ currentTarget }) => {
          ask('PATCH', jobPath(job.name), { body: { enabled: currentTarget.checked } }).catch(tell);
        }}
      />
      <div className={classes['name']}>
        <Link href={`/runs?job=${encodeURIComponent(job.name)}`} className={classes['title'] ?? ''}>
          {job.name}
        </Link>
        {tags.map((tag) => (
          <Badge key={tag} size="xs" variant="default" className={classes['tag'] ?? ''}>
            {tag}
          </Badge>
        ))}
      </div>
      <div className={classes['schedule']}>
        {broken === undefined ? (
          <Text size="sm" className="anywhere">
            {schedule}
          </Text>
        ) : (
          <Text size="sm" c="red" className="anywhere">
            <b>{texts.broken}.</b> {texts.brokenHint(broken)}
          </Text>
        )}
        <Text size="xs" c="dimmed" className={classes['cron'] ?? ''}>
          {cron}
        </Text>
      </div>
      <div className={classes['next']}>
        <Next view={view} isOn={isOn} />
      </div>
      <div className={classes['last']}>
        <Last view={view} />
      </div>
      <Actions view={view} onEdit={onEdit} />
    </div>
  );
});

const Next = ({ view: { nextFireTime, broken }, isOn }: { readonly view: JobView; readonly isOn: boolean }) => (
  <Text size="sm" {...(isOn && nextFireTime !== undefined ? {} : { c: 'dimmed' })} component="span">
    {broken !== undefined ? (
      ''
    ) : !isOn ? (
      texts.switchedOff
    ) : nextFireTime === undefined ? (
      texts.noNext
    ) : (
      <Distance at={nextFireTime} />
    )}
  </Text>
);

const Last = ({ view: { running, queued, lastRun } }: { readonly view: JobView }) => {
  const [first] = running;
  if (first)
    return (
      <Link href={`/runs/${first.id}`} className={classes['run'] ?? ''}>
        <Outcome state="running" />
        <Text size="xs" c="dimmed" component="span">
          <Growing since={first.startedAt ?? first.claimedAt ?? first.fireTime} />
        </Text>
      </Link>
    );
  if (queued > 0)
    return (
      <span className={classes['run']}>
        <Outcome state="queued" />
        <Text size="xs" c="dimmed" component="span">
          {texts.waiting(queued)}
        </Text>
      </span>
    );
  if (!lastRun)
    return (
      <Text size="sm" c="dimmed" component="span">
        {texts.never}
      </Text>
    );
  return (
    <Link href={`/runs/${lastRun.id}`} className={classes['run'] ?? ''}>
      <Outcome state="finished" outcome={lastRun.outcome} />
      <Text size="xs" c="dimmed" component="span" className="figures">
        {lastRun.durationMs !== undefined && `${format.length(lastRun.durationMs)} · `}
        <Distance at={lastRun.endedAt} />
      </Text>
    </Link>
  );
};

const Actions = ({ view, onEdit }: RowProps) => {
  const { job, running, queued, broken } = view;
  const path = jobPath(job.name);
  const tell = useTell();
  const askFirst = useAsk();
  const [, go] = useLocation();
  const [mayRun, mayEdit] = [useMay('operator'), useMay('editor')];
  const isBusy = running.length > 0 || queued > 0;
  const isDying = running.length > 0 && running.every(({ killAskedAt }) => killAskedAt !== undefined);
  const kill = (): void =>
    askFirst({
      title: texts.killTitle(job.name),
      hint: texts.killHint,
      yes: texts.kill,
      onYes: () => void ask('POST', `${path}/kill`).catch(tell),
    });
  const remove = (): void =>
    askFirst({
      title: texts.deleteTitle(job.name),
      hint: texts.deleteHint,
      yes: texts.remove,
      onYes: () => void ask('DELETE', path).catch(tell),
    });
  return (
    <div className={classes['actions']}>
      {mayRun &&
        (isBusy ? (
          <Button size="xs" color="red" variant="light" disabled={isDying} onClick={kill}>
            {isDying ? texts.killAsked : texts.kill}
          </Button>
        ) : (
          <Button
            size="xs"
            variant="light"
            disabled={broken !== undefined}
            onClick={() => void ask('POST', `${path}/run`).catch(tell)}
          >
            {texts.runNow}
          </Button>
        ))}
      <Menu position="bottom-end" width={160}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={texts.moreActions(job.name)}>
            ⋮
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {mayEdit && <Menu.Item onClick={() => onEdit(view)}>{texts.edit}</Menu.Item>}
          <Menu.Item onClick={() => go(`/runs?job=${encodeURIComponent(job.name)}`)}>{texts.runsOfJob}</Menu.Item>
          {mayEdit && (
            <Menu.Item color="red" onClick={remove}>
              {texts.remove}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
};
