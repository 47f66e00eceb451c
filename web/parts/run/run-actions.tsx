import { ActionIcon, Button, Group, Menu } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Run } from '../../../src/domain/run.ts';
import { ask, jobPath, runPath } from '../../src/api.ts';
import { runNow } from '../../src/job/run-now.ts';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { useKeys } from '../../src/keys/use-keys.ts';
import { useAsk } from '../frame/ask.tsx';
import { CopyItem, useCurl } from '../copy.tsx';
import { useTell } from '../frame/tell.tsx';

type ActionsProps = {
  readonly run: Run;
  /** Its job is still there: it can run again. */
  readonly hasJob: boolean;
};

/** What can be done with a run. */
export const RunActions = ({ run, hasJob }: ActionsProps) => {
  const mayRun = useMay('operator');
  const isOver = run.state === 'finished';
  return (
    <Group gap="xs" wrap="nowrap">
      {mayRun && !isOver && <Kill run={run} />}
      {mayRun && isOver && hasJob && <Again job={run.job} />}
      <Copies run={run} mayRun={mayRun} />
    </Group>
  );
};

const Kill = ({ run: { id, job, state, killAskedAt, nextAttemptAt } }: { readonly run: Run }) => {
  const askFirst = useAsk();
  const tell = useTell();
  const isAsked = killAskedAt !== undefined;
  // One that waits for a further attempt has begun: it is ended, not taken out.
  const isQueued = state === 'queued' && nextAttemptAt === undefined;
  const isBetween = state === 'queued' && !isQueued;
  return (
    <Button
      size="xs"
      color="red"
      variant="light"
      disabled={isAsked}
      onClick={() =>
        askFirst({
          title: isQueued ? texts.killQueuedTitle(job) : isBetween ? texts.endWaitingTitle(job) : texts.killTitle(job),
          hint: isQueued ? texts.killQueuedHint : isBetween ? texts.endWaitingHint : texts.killHint,
          yes: isQueued ? texts.takeOut : texts.kill,
          onYes: () => void ask('POST', `${runPath(id)}/kill`).catch(tell),
        })
      }
    >
      {isAsked ? texts.killAsked : isQueued ? texts.takeOut : texts.kill}
    </Button>
  );
};

/** Starts the job anew and goes to that run. */
const Again = ({ job }: { readonly job: string }) => {
  const tell = useTell();
  const [, go] = useLocation();
  const [isBusy, setBusy] = useState(false);
  const run = (): void => {
    setBusy(true);
    void runNow(job, tell)
      .then((id) => id !== undefined && go(`/runs/${id}`))
      .finally(() => setBusy(false));
  };
  useKeys([{ key: 'r', name: texts.runAgain, act: run }]);
  return (
    <Button size="xs" variant="default" loading={isBusy} onClick={run}>
      {texts.runAgain}
    </Button>
  );
};

const Copies = ({ run, mayRun }: { readonly run: Run; readonly mayRun: boolean }) => {
  const curl = useCurl();
  const path = runPath(run.id);
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={texts.moreOfRun}>
          ⋮
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <CopyItem text={run.id} label={`${texts.copy}: ${texts.runId}`} />
        {run.command !== undefined && <CopyItem text={run.command} label={`${texts.copy}: ${texts.command}`} />}
        <Menu.Divider />
        <CopyItem text={curl({ method: 'GET', path })} label={texts.curlRun} />
        <CopyItem text={curl({ method: 'GET', path: `${path}/output` })} label={texts.curlOutput} />
        {mayRun && run.state !== 'finished' && (
          <CopyItem text={curl({ method: 'POST', path: `${path}/kill` })} label={texts.curlKill} />
        )}
        {mayRun && <CopyItem text={curl({ method: 'POST', path: `${jobPath(run.job)}/run` })} label={texts.curlAgain} />}
      </Menu.Dropdown>
    </Menu>
  );
};
