import { ActionIcon, Button, Menu, type ActionIconProps } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { jobPath } from '../../src/api.ts';
import { useMay } from '../../src/session.ts';
import { shownJob } from '../../src/job/shown-job.ts';
import { texts } from '../../src/texts.ts';
import { useJobActs } from '../../src/job/use-job-acts.ts';
import { CopyCurlItem, CopyItem } from '../copy.tsx';
import classes from './job-row.module.css';

type ActionsProps = { readonly view: JobView; readonly onEdit: (view: JobView) => void };

/** What to do with a job: Run now, or Kill while it is busy; the rest in a menu. */
export const JobActions = ({ view, onEdit }: ActionsProps) => {
  const { job, running, queued, broken } = view;
  const { run, kill } = useJobActs(view);
  const mayRun = useMay('operator');
  // A menu is the dearest part of a row: it is made where it is used.
  const [isUsed, setUsed] = useState(false);
  const isBusy = running.length > 0 || queued > 0;
  const isDying = running.length > 0 && running.every(({ killAskedAt }) => killAskedAt !== undefined);
  return (
    <div className={classes['actions']}>
      {mayRun &&
        (isBusy ? (
          <Button size="xs" color="red" variant="light" disabled={isDying} onClick={kill}>
            {isDying ? texts.killAsked : texts.kill}
          </Button>
        ) : (
          <Button size="xs" variant="light" disabled={broken !== undefined} onClick={run}>
            {texts.runNow}
          </Button>
        ))}
      {isUsed ? (
        <Menu position="bottom-end" width={220} defaultOpened>
          <Menu.Target>
            <Dots name={job.name} />
          </Menu.Target>
          <Menu.Dropdown>
            <More view={view} onEdit={onEdit} />
          </Menu.Dropdown>
        </Menu>
      ) : (
        <Dots name={job.name} aria-haspopup="menu" aria-expanded={false} onClick={() => setUsed(true)} />
      )}
    </div>
  );
};

const Dots = ({
  name,
  ...props
}: { readonly name: string } & Partial<ActionIconProps> & React.AriaAttributes & { readonly onClick?: () => void }) => (
  <ActionIcon variant="subtle" color="gray" size={30} aria-label={texts.moreActions(name)} {...props}>
    ⋮
  </ActionIcon>
);

/** Made only while the menu is open. */
const More = ({ view, onEdit }: ActionsProps) => {
  const path = jobPath(view.job.name);
  const { remove } = useJobActs(view);
  const { command, schedule } = shownJob(view);
  const [, go] = useLocation();
  const [mayRun, mayEdit] = [useMay('operator'), useMay('editor')];
  return (
    <>
      {mayEdit && <Menu.Item onClick={() => onEdit(view)}>{texts.edit}</Menu.Item>}
      <Menu.Item onClick={() => go(`/runs?job=${encodeURIComponent(view.job.name)}`)}>{texts.runsOfJob}</Menu.Item>
      <Menu.Divider />
      {command !== '' && <CopyItem text={command} label={texts.copyCommand} />}
      {schedule.cronExpr !== '' && <CopyItem text={schedule.cronExpr} label={texts.copyCron} />}
      {mayRun && <CopyCurlItem action={{ method: 'POST', path: `${path}/run` }} label={texts.copyRun} />}
      {mayEdit && (
        <>
          <Menu.Divider />
          <Menu.Item color="var(--mantine-color-red-light-color)" onClick={remove}>
            {texts.remove}
          </Menu.Item>
        </>
      )}
    </>
  );
};
