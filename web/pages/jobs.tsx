import { Anchor, Badge, Button, Code, Group, Paper, Stack, Switch, Text, TextInput, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { JobView, LiveEvent } from '../../src/domain/wire.ts';
import { ask } from '../src/api.ts';
import { useNow } from '../src/clock.ts';
import { formatDistance, formatInstant, formatLength } from '../src/format.ts';
import { useLiveList } from '../src/query.ts';
import { texts } from '../src/texts.ts';
import { Editor } from '../parts/editor.tsx';
import { Outcome } from '../parts/outcome.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';

const byName = (a: JobView, b: JobView): number => (a.job.name < b.job.name ? -1 : 1);

/** A changed job stays where it is; a new one goes to its place by name, so no row jumps under the pointer. */
export const applyToJobs = (rows: readonly JobView[], event: LiveEvent): readonly JobView[] => {
  if (event.type === 'jobRemoved') return rows.filter(({ job }) => job.name !== event['name']);
  if (event.type !== 'jobChanged') return rows;
  const view = event['job'] as JobView;
  return rows.some(({ job }) => job.name === view.job.name)
    ? rows.map((row) => (row.job.name === view.job.name ? view : row))
    : [...rows, view].sort(byName);
};

export default function Jobs() {
  const [q, setQ] = useState('');
  const [edited, setEdited] = useState<JobView | 'new'>();
  const [error, setError] = useState<unknown>();
  const list = useLiveList<JobView>(
    'jobs',
    `/jobs?limit=100&sort=name${q === '' ? '' : `&q=${encodeURIComponent(q)}`}`,
    applyToJobs,
  );
  const now = useNow();
  const rows = q === '' ? list.rows : list.rows?.filter(({ job }) => JSON.stringify(job).toLowerCase().includes(q.toLowerCase()));
  const act = (done: Promise<unknown>): void => {
    setError(undefined);
    done.catch(setError);
  };
  return (
    <Stack>
      <Group>
        <TextInput
          flex={1}
          placeholder={texts.search}
          aria-label={texts.search}
          value={q}
          onChange={(event) => {
            setQ(event.currentTarget.value);
          }}
        />
        <Button
          onClick={() => {
            setEdited('new');
          }}
        >
          {texts.newJob}
        </Button>
      </Group>
      {error !== undefined && <Failed error={error} />}
      {edited !== undefined && (
        <Editor
          view={edited === 'new' ? undefined : edited}
          onClose={() => {
            setEdited(undefined);
          }}
        />
      )}
      {list.isError ? (
        <Failed error={list.error} onAgain={() => void list.refetch()} />
      ) : !rows ? (
        <Loading />
      ) : rows.length === 0 ? (
        <NoJobs isFiltered={q !== ''} />
      ) : null}
      {rows?.map((view) => (
        <Row
          key={view.job.name}
          view={view}
          now={now}
          act={act}
          onEdit={() => {
            setEdited(view);
          }}
        />
      ))}
      {list.hasNextPage && (
        <Button variant="light" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </Stack>
  );
}

const NoJobs = ({ isFiltered }: { readonly isFiltered: boolean }) =>
  isFiltered ? (
    <Empty title={texts.noJobsFound} />
  ) : (
    <Empty title={texts.noJobs}>
      <Text size="sm">{texts.noJobsHint}</Text>
      <Code
        block
      >{`curl -X PUT ${location.origin}/api/v1/jobs/hello -H 'authorization: Bearer TOKEN' \\\n  -H 'content-type: application/json' \\\n  -d '{"name":"hello","command":"echo hello","cronExpr":"*/5 * * * *"}'`}</Code>
    </Empty>
  );

type RowProps = {
  readonly view: JobView;
  readonly now: number;
  readonly act: (done: Promise<unknown>) => void;
  readonly onEdit: () => void;
};

const Row = ({ view, now, act, onEdit }: RowProps) => {
  const { job, schedule, nextFireTime, running, queued, lastRun, broken } = view;
  const path = `/jobs/${encodeURIComponent(job.name)}`;
  const enabled = !('enabled' in job) || job.enabled !== false;
  const [first] = running;
  const cron = 'cronExpr' in job && typeof job.cronExpr === 'string' ? job.cronExpr : '';
  return (
    <Paper withBorder p="sm" data-job={job.name}>
      <Group justify="space-between" gap="sm" align="flex-start">
        <Group gap="sm" wrap="nowrap" flex="1 1 260px" align="flex-start" miw={0}>
          <Switch
            mt={3}
            aria-label={`${job.name}: ${texts.disabled}`}
            checked={enabled && broken === undefined}
            disabled={broken !== undefined}
            onChange={(event) => {
              act(ask('PATCH', path, { enabled: event.currentTarget.checked }));
            }}
          />
          <div style={{ minWidth: 0 }}>
            <Group gap={6}>
              <Anchor
                component={Link}
                href={`/runs?job=${encodeURIComponent(job.name)}`}
                fw={600}
                style={{ overflowWrap: 'anywhere' }}
              >
                {job.name}
              </Anchor>
              {broken !== undefined && <Badge color="red">{texts.broken}</Badge>}
              {'tags' in job &&
                Array.isArray(job.tags) &&
                job.tags.map((tag) => (
                  <Badge key={String(tag)} size="xs" variant="outline" color="gray">
                    {String(tag)}
                  </Badge>
                ))}
            </Group>
            <Text size="sm">{broken ?? schedule}</Text>
            <Text size="xs" c="dimmed" ff="monospace">
              {cron}
            </Text>
          </div>
        </Group>
        <div style={{ flex: '1 1 190px' }}>
          <Text size="sm">
            {!enabled ? (
              texts.disabled
            ) : nextFireTime === undefined ? (
              ''
            ) : (
              <Tooltip label={`${formatInstant(nextFireTime, now)} · ${nextFireTime}`}>
                <span>{`${texts.next} ${formatDistance(nextFireTime, now)}`}</span>
              </Tooltip>
            )}
          </Text>
          {first ? (
            <Anchor component={Link} href={`/runs/${first.id}`} size="sm">
              <Outcome state="running" /> {formatLength(now - Date.parse(first.startedAt ?? first.claimedAt ?? first.fireTime))}
            </Anchor>
          ) : lastRun ? (
            <Anchor component={Link} href={`/runs/${lastRun.id}`} size="sm">
              <Outcome state="finished" outcome={lastRun.outcome} />{' '}
              <Tooltip label={lastRun.endedAt}>
                <span>{formatDistance(lastRun.endedAt, now)}</span>
              </Tooltip>
            </Anchor>
          ) : (
            <Text size="sm" c="dimmed">
              {queued > 0 ? texts.queued : texts.never}
            </Text>
          )}
        </div>
        <Group gap={6}>
          {running.length > 0 ? (
            <Button
              size="xs"
              color="red"
              variant="light"
              onClick={() => {
                if (confirm(texts.askKill(job.name))) act(ask('POST', `${path}/kill`, {}));
              }}
            >
              {texts.kill}
            </Button>
          ) : (
            <Button
              size="xs"
              variant="light"
              disabled={broken !== undefined}
              onClick={() => {
                act(ask('POST', `${path}/run`, {}));
              }}
            >
              {texts.runNow}
            </Button>
          )}
          <Button size="xs" variant="subtle" onClick={onEdit}>
            {texts.edit}
          </Button>
          <Button
            size="xs"
            variant="subtle"
            color="red"
            onClick={() => {
              if (confirm(texts.askDelete(job.name))) act(ask('DELETE', path));
            }}
          >
            {texts.remove}
          </Button>
        </Group>
      </Group>
    </Paper>
  );
};
