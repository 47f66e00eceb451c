import { Anchor, Button, Code, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { applyRunEvent, type Run as RunPicture, type RunEvent } from '../../src/domain/run.ts';
import type { LiveEvent } from '../../src/domain/wire.ts';
import { ask } from '../src/api.ts';
import { useNow } from '../src/clock.ts';
import { formatInstant, formatLength } from '../src/format.ts';
import { live } from '../src/live.ts';
import { texts } from '../src/texts.ts';
import { Outcome } from '../parts/outcome.tsx';
import { Output } from '../parts/output.tsx';
import { Failed, Loading } from '../parts/states.tsx';

type Followed = { readonly run: RunPicture | undefined; readonly text: string };

/** The run as its events tell it, from the first on, by the same reducer as everywhere. */
const useFollowed = (id: string, first: RunPicture | undefined): Followed => {
  const [followed, setFollowed] = useState<Followed>({ run: undefined, text: '' });
  useEffect(() => {
    const decoder = new TextDecoder();
    let run: RunPicture | undefined;
    let text = '';
    const start = (): (() => void) =>
      live.subscribe(
        `run/${id}`,
        { attempt: 1, seq: -1 },
        {
          onEvent: (sent) => {
            const event = eventOf(sent);
            run = applyRunEvent(run, event);
            if (event.type === 'output')
              text +=
                (event.droppedBytes ? `\n${texts.leftOut(event.droppedBytes)}\n` : '') +
                decoder.decode(event.data, { stream: true });
            setFollowed({ run, text });
          },
          onResync: () => {
            [run, text] = [undefined, ''];
            end = start();
          },
        },
      );
    let end = start();
    return () => {
      end();
    };
  }, [id]);
  return { run: followed.run ? { ...first, ...followed.run } : first, text: followed.text };
};

const eventOf = (sent: LiveEvent): RunEvent => {
  const { data, ...rest } = sent as { data?: unknown };
  return (typeof data === 'string'
    ? { ...rest, data: Uint8Array.from(atob(data), (character) => character.charCodeAt(0)) }
    : rest) as unknown as RunEvent;
};

export default function Run({ id }: { readonly id: string }) {
  const [first, setFirst] = useState<RunPicture>();
  const [error, setError] = useState<unknown>();
  const now = useNow();
  useEffect(() => {
    ask<RunPicture>('GET', `/runs/${encodeURIComponent(id)}`).then(setFirst, setError);
  }, [id]);
  const { run, text } = useFollowed(id, first);
  if (!run) return error === undefined ? <Loading /> : <Failed error={error} />;
  const isOver = run.state === 'finished';
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Fire time', `${formatInstant(run.fireTime, now)} (${run.fireTime})`],
    ['Started', run.startedAt && formatInstant(run.startedAt, now)],
    ['Ended', run.endedAt && formatInstant(run.endedAt, now)],
    [
      'Took',
      run.durationMs !== undefined
        ? formatLength(run.durationMs)
        : isOver || run.startedAt === undefined
          ? undefined
          : formatLength(now - Date.parse(run.startedAt)),
    ],
    ['Exit code', run.exitCode?.toString()],
    ['Signal', run.signal],
    ['Reason', run.reason],
    ['Error', run.error],
    ['Worker', run.workerName ?? run.worker],
    ['Trigger', run.trigger],
    ['By', run.by],
  ];
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={3}>
            <Anchor component={Link} href={`/runs?job=${encodeURIComponent(run.job)}`} inherit>
              {run.job}
            </Anchor>
          </Title>
          <Outcome state={run.state} outcome={run.outcome} />
        </Group>
        {!isOver && (
          <Button
            size="xs"
            color="red"
            variant="light"
            onClick={() => {
              if (confirm(texts.askKill(run.job))) ask('POST', `/runs/${encodeURIComponent(id)}/kill`, {}).catch(setError);
            }}
          >
            {texts.kill}
          </Button>
        )}
      </Group>
      {error !== undefined && <Failed error={error} />}
      <Table withRowBorders={false} verticalSpacing={2}>
        <Table.Tbody>
          {facts.map(
            ([name, value]) =>
              value !== undefined &&
              value !== '' && (
                <Table.Tr key={name}>
                  <Table.Td w={110}>
                    <Text size="sm" c="dimmed">
                      {name}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                      {value}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ),
          )}
        </Table.Tbody>
      </Table>
      {run.command !== undefined && <Code block>{run.command}</Code>}
      <Output text={text} isOver={isOver} />
    </Stack>
  );
}
