import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { Run as RunPicture } from '../../src/domain/run.ts';
import { useAsk } from '../parts/ask.tsx';
import { Copy } from '../parts/copy.tsx';
import { Outcome } from '../parts/outcome.tsx';
import { Output } from '../parts/output.tsx';
import { RunFacts } from '../parts/run-facts.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { useTell } from '../parts/tell.tsx';
import { Growing } from '../parts/time.tsx';
import { ask, runPath } from '../src/api.ts';
import { useMay } from '../src/session.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useFollowed } from '../src/use-followed.ts';

/** One run: what, where, why it ended, and what it prints while it prints it. */
export default function Run({ id }: { readonly id: string }) {
  const { followed, error, refused, again } = useFollowed(id);
  useTitle(followed?.run.job ?? texts.runs);
  if (!followed) return error ? <Failed error={error} onAgain={again} /> : <Loading />;
  const { run, printed } = followed;
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Group gap="sm" miw={0}>
          <Title order={1} size="h3" className="anywhere">
            <Link href={`/runs?job=${encodeURIComponent(run.job)}`} className="plain">
              {run.job}
            </Link>
          </Title>
          <Outcome state={run.state} outcome={run.outcome} />
          {run.state === 'running' && (
            <Text size="sm" c="dimmed" component="span">
              <Growing since={run.startedAt ?? run.claimedAt ?? run.fireTime} />
            </Text>
          )}
        </Group>
        <KillRun run={run} />
      </Group>
      <Paper withBorder p="md">
        <RunFacts run={run} />
      </Paper>
      {run.command !== undefined && <Command command={run.command} />}
      {refused !== undefined && <Alert color="yellow">{refused}</Alert>}
      <Output printed={printed} run={run} />
    </Stack>
  );
}

const KillRun = ({ run }: { readonly run: RunPicture }) => {
  const askFirst = useAsk();
  const tell = useTell();
  const mayRun = useMay('operator');
  if (run.state === 'finished' || !mayRun) return null;
  const isAsked = run.killAskedAt !== undefined;
  return (
    <Button
      size="xs"
      color="red"
      variant="light"
      disabled={isAsked}
      onClick={() =>
        askFirst({
          title: texts.killTitle(run.job),
          hint: texts.killHint,
          yes: texts.kill,
          onYes: () => void ask('POST', `${runPath(run.id)}/kill`).catch(tell),
        })
      }
    >
      {isAsked ? texts.killAsked : texts.kill}
    </Button>
  );
};

const Command = ({ command }: { readonly command: string }) => (
  <Paper withBorder p="md">
    <Group justify="space-between" mb={4}>
      <Text size="xs" c="dimmed">
        {texts.command}
      </Text>
      <Copy text={command} what={texts.command} />
    </Group>
    <Text size="sm" className="mono anywhere" style={{ whiteSpace: 'pre-wrap', maxHeight: 160, overflow: 'auto' }}>
      {command}
    </Text>
  </Paper>
);
