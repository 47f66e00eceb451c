import { Anchor, Button, Group, List, Paper, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { JobView, Problem } from '../../src/domain/wire.ts';
import { ApiError, ask } from '../src/api.ts';
import { later, now } from '../src/clock.ts';
import { formatDistance, formatInstant } from '../src/format.ts';
import { texts } from '../src/texts.ts';
import { Failed } from './states.tsx';

type Explained = {
  readonly description: string;
  readonly fires: readonly { readonly at: string }[];
  readonly warnings: readonly string[];
};
type Fields = Record<string, unknown>;

const EXAMPLE: Fields = { name: 'hello', command: 'echo hello', cronExpr: '*/5 * * * *' };
const TYPING_MS = 300;

/** Name, command, cron text and zone, or everything as JSON. Errors stand at their place, what the schedule means while it is typed. */
export const Editor = ({ view, onClose }: { readonly view: JobView | undefined; readonly onClose: () => void }) => {
  const [job, setJob] = useState<Fields>(view ? (view.job as Fields) : EXAMPLE);
  const [json, setJson] = useState<string>();
  const [error, setError] = useState<unknown>();
  const textOf = (field: string): string => (typeof job[field] === 'string' ? job[field] : '');
  const explained = useExplained(textOf('cronExpr'), textOf('timezone'));
  const problems = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  const at = (field: string): string | undefined => problems.find(({ path }) => path === `/${field}`)?.message;
  const set = (field: string, value: string): void => {
    const { [field]: _before, ...rest } = job;
    setJob(value === '' && field === 'timezone' ? rest : { ...rest, [field]: value });
  };
  const save = (): void => {
    let body = job;
    try {
      if (json !== undefined) body = JSON.parse(json) as Fields;
    } catch (why) {
      setError(why);
      return;
    }
    ask('PUT', `/jobs/${encodeURIComponent(String(body['name']))}`, body).then(onClose, setError);
  };
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Stack gap="sm">
          {json === undefined ? (
            <>
              <TextInput
                label={texts.name}
                value={textOf('name')}
                readOnly={view !== undefined}
                error={at('name')}
                onChange={(event) => {
                  set('name', event.currentTarget.value);
                }}
              />
              <Textarea
                label={texts.command}
                autosize
                minRows={2}
                value={textOf('command')}
                error={at('command')}
                styles={{ input: { fontFamily: 'monospace' } }}
                onChange={(event) => {
                  set('command', event.currentTarget.value);
                }}
              />
              <Textarea
                label={texts.cron}
                description={texts.cronHint}
                autosize
                minRows={1}
                value={textOf('cronExpr')}
                error={explained.problem ?? at('cronExpr')}
                styles={{ input: { fontFamily: 'monospace' } }}
                onChange={(event) => {
                  set('cronExpr', event.currentTarget.value);
                }}
              />
              {explained.answer && <Meaning {...explained.answer} />}
              <TextInput
                label={texts.zone}
                description={texts.zoneHint}
                value={textOf('timezone')}
                error={at('timezone')}
                onChange={(event) => {
                  set('timezone', event.currentTarget.value);
                }}
              />
            </>
          ) : (
            <Textarea
              label={texts.asJson}
              autosize
              minRows={8}
              value={json}
              styles={{ input: { fontFamily: 'monospace' } }}
              onChange={(event) => {
                setJson(event.currentTarget.value);
              }}
            />
          )}
          {error !== undefined && <Failed error={error} />}
          <Group>
            <Button type="submit">{texts.save}</Button>
            <Button variant="subtle" onClick={onClose}>
              {texts.cancel}
            </Button>
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => {
                setJson(json === undefined ? JSON.stringify(job, undefined, 2) : undefined);
              }}
            >
              {json === undefined ? texts.asJson : texts.asForm}
            </Anchor>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
};

const Meaning = ({ description, fires, warnings }: Explained) => (
  <div aria-live="polite">
    <Text size="sm" fw={600}>
      {description}
    </Text>
    <List size="xs">
      {fires.map(({ at }) => (
        <List.Item key={at}>{`${formatInstant(at, now())} (${formatDistance(at, now())})`}</List.Item>
      ))}
    </List>
    {warnings.map((text) => (
      <Text key={text} size="xs" c="orange">
        {text}
      </Text>
    ))}
  </div>
);

const useExplained = (cronExpr: string, timezone: string): { readonly answer?: Explained; readonly problem?: string } => {
  const [state, setState] = useState<{ answer?: Explained; problem?: string }>({});
  useEffect(
    () =>
      later(TYPING_MS, () => {
        if (cronExpr.trim() === '') setState({});
        else
          ask<Explained>('POST', '/schedules/explain', { cronExpr, count: 3, ...(timezone === '' ? {} : { timezone }) }).then(
            (answer) => {
              setState({ answer });
            },
            (error: unknown) => {
              setState({ problem: error instanceof ApiError ? firstOf(error.problem) : String(error) });
            },
          );
      }),
    [cronExpr, timezone],
  );
  return state;
};

const firstOf = ({ errors, detail, title }: Problem): string => errors?.[0]?.message ?? detail ?? title;
