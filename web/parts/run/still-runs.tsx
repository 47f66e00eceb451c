import { Alert, Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Run } from '../../../src/domain/run.ts';
import { ask, runPath } from '../../src/api.ts';
import type { Attempt } from '../../src/live/followed.ts';
import { useMay } from '../../src/session.ts';
import { leftOf } from '../../src/story.ts';
import { texts } from '../../src/texts.ts';
import { Shown } from '../copy.tsx';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';

type StillProps = { readonly run: Run; readonly attempts: readonly Attempt[] };

/** Commands that were let go on past their time limit, and of whose end nobody has told: the run is over, and nothing ends them but a person, from here or on their host. */
export const StillRuns = ({ run, attempts }: StillProps) => {
  const mayRun = useMay('operator');
  return leftOf(attempts).map(({ attempt, host, pid }) => (
    <Alert
      key={attempt}
      color="orange"
      variant="light"
      title={attempts.length > 1 ? texts.attemptStillRuns(attempt) : texts.stillRuns}
      icon={<span aria-hidden="true">▶</span>}
      data-still-runs={pid}
    >
      <Stack gap={6}>
        <Text size="sm" className="anywhere">
          {texts.stillRunsWhere(host, String(pid))}
        </Text>
        <Shown text={`kill -- -${String(pid)}`} what={texts.command} />
        {/* While a further attempt runs or waits, the kill of the run ends this one too. */}
        {mayRun && run.state === 'finished' && <KillLeft run={run} />}
      </Stack>
    </Alert>
  ));
};

const KillLeft = ({ run: { id, job } }: Pick<StillProps, 'run'>) => {
  const askFirst = useAsk();
  const tell = useTell();
  const [isAsked, setAsked] = useState(false);
  return (
    <Button
      size="xs"
      color="red"
      variant="light"
      disabled={isAsked}
      style={{ alignSelf: 'flex-start' }}
      onClick={() =>
        askFirst({
          title: texts.killTitle(job),
          hint: texts.killLeftHint,
          yes: texts.kill,
          onYes: () => void ask('POST', `${runPath(id)}/kill`).then(() => setAsked(true), tell),
        })
      }
    >
      {isAsked ? texts.killAsked : texts.kill}
    </Button>
  );
};
