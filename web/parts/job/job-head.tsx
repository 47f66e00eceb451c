import { useState } from 'react';
import { ActionIcon, Badge, Button, Group, Menu, Stack, Switch, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { jobPath } from '../../src/api.ts';
import { useMay } from '../../src/session.ts';
import { shownJob } from '../../src/job/shown-job.ts';
import { texts } from '../../src/texts.ts';
import { useJobActs } from '../../src/job/use-job-acts.ts';
import { useKeys } from '../../src/keys/use-keys.ts';
import { CopyCurlItem, CopyItem, useCurl } from '../copy.tsx';
import { useEditor } from '../editor/editor-provider.tsx';
import { Outcome } from '../outcome.tsx';
import { Backfill } from './backfill.tsx';
import { Distance, Growing, Until } from '../time.tsx';

type HeadProps = { readonly view: JobView; readonly isGone: boolean };

/** Which job, how it stands, and what can be done with it. */
export const JobHead = ({ view, isGone }: HeadProps) => {
  const { tags, description, isOn, schedule } = shownJob(view);
  const { switchTo } = useJobActs(view);
  const mayEdit = useMay('editor') && !isGone;
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="sm" align="flex-start">
        <Group gap={10} miw={0} flex="1 1 260px">
          <Title order={1} size="h2" className="anywhere">
            {view.job.name}
          </Title>
          <Standing view={view} />
          {!isGone && isOn && view.nextFireTime !== undefined && (
            <Text size="sm" c="dimmed" component="span">
              {texts.nextOf} <Until at={view.nextFireTime} zone={schedule.timezone} />
            </Text>
          )}
          {tags.map((tag) => (
            <Badge key={tag} size="sm" variant="default" styles={{ root: { textTransform: 'none' } }}>
              {tag}
            </Badge>
          ))}
        </Group>
        <Group gap="xs" wrap="nowrap">
          <Switch
            label={isOn ? texts.switchedOn : texts.switchedOff}
            checked={isOn}
            disabled={view.broken !== undefined || !mayEdit}
            onChange={({ currentTarget }) => switchTo(currentTarget.checked)}
            styles={{ label: { whiteSpace: 'nowrap' } }}
          />
          {!isGone && <Actions view={view} />}
        </Group>
      </Group>
      {description !== '' && (
        <Text size="sm" c="dimmed" className="anywhere" style={{ whiteSpace: 'pre-wrap' }} maw="80ch">
          {description}
        </Text>
      )}
    </Stack>
  );
};

/** What it does now, else what became of its last run. */
const Standing = ({ view: { running, lastRun } }: { readonly view: JobView }) => {
  const [first] = running;
  if (first)
    return (
      <Link href={`/runs/${first.id}`} className="plain">
        <Group gap={8} component="span" wrap="nowrap">
          <Outcome state="running" />
          <Text size="sm" c="dimmed" component="span">
            <Growing since={first.startedAt ?? first.claimedAt ?? first.fireTime} />
          </Text>
        </Group>
      </Link>
    );
  if (!lastRun) return null;
  return (
    <Link href={`/runs/${lastRun.id}`} className="plain">
      <Group gap={8} component="span" wrap="nowrap">
        <Outcome state="finished" outcome={lastRun.outcome} />
        <Text size="sm" c="dimmed" component="span">
          <Distance at={lastRun.endedAt} />
        </Text>
      </Group>
    </Link>
  );
};

const Actions = ({ view }: { readonly view: JobView }) => {
  const { job, running, queued, broken, revision } = view;
  const path = jobPath(job.name);
  const { run, kill, remove } = useJobActs(view);
  const { edit } = useEditor();
  const [mayRun, mayEdit] = [useMay('operator'), useMay('editor')];
  const { command, schedule } = shownJob(view);
  const curl = useCurl();
  const [isFilling, setFilling] = useState(false);
  const isBusy = running.length > 0 || queued > 0;
  const isDying = running.length > 0 && running.every(({ killAskedAt }) => killAskedAt !== undefined);
  useKeys([
    { key: 'r', name: texts.keyRun, act: () => (mayRun && !isBusy && broken === undefined ? run() : false) },
    { key: 'e', name: texts.keyEdit, act: () => (mayEdit ? edit(view) : false) },
  ]);
  return (
    <>
      {mayRun &&
        (isBusy ? (
          <Button size="xs" color="red" variant="light" disabled={isDying} onClick={kill} miw={96}>
            {isDying ? texts.killAsked : texts.kill}
          </Button>
        ) : (
          <Button size="xs" disabled={broken !== undefined} onClick={run} miw={96}>
            {texts.runNow}
          </Button>
        ))}
      {mayEdit && (
        <Button size="xs" variant="default" onClick={() => edit(view)}>
          {texts.edit}
        </Button>
      )}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label={texts.moreActions(job.name)}>
            ⋮
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {mayRun && broken === undefined && (
            <>
              <Menu.Item onClick={() => setFilling(true)}>{texts.backfill}</Menu.Item>
              <Menu.Divider />
            </>
          )}
          <CopyItem text={command} label={`${texts.copy}: ${texts.command}`} />
          <CopyItem text={schedule.cronExpr} label={`${texts.copy}: ${texts.cron}`} />
          <CopyCurlItem action={{ method: 'GET', path }} />
          {mayRun && <CopyItem text={curl({ method: 'POST', path: `${path}/run` })} label={texts.copyRun} />}
          {mayEdit && (
            <CopyItem
              text={curl({ method: 'PUT', path, body: job, headers: { 'If-Match': `"${revision}"` } })}
              label={texts.copySave}
            />
          )}
          {mayEdit && (
            <>
              <Menu.Divider />
              <Menu.Item color="var(--mantine-color-red-light-color)" onClick={remove}>
                {texts.remove}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {mayRun && broken === undefined && (
        <Backfill
          name={job.name}
          zone={schedule.timezone}
          isOneByOne={(job as { readonly overlap?: unknown }).overlap !== 'allow'}
          isOpen={isFilling}
          onClose={() => setFilling(false)}
        />
      )}
    </>
  );
};
