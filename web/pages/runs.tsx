import { Anchor, Button, Group, Paper, Stack, Text, Title, Tooltip } from '@mantine/core';
import { Link, useSearchParams } from 'wouter';
import type { LiveEvent, RunView } from '../../src/domain/wire.ts';
import { useNow } from '../src/clock.ts';
import { formatDistance, formatInstant, formatLength } from '../src/format.ts';
import { useLiveList } from '../src/query.ts';
import { texts } from '../src/texts.ts';
import { Outcome } from '../parts/outcome.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';

/** The newest run first: ids are ordered by time. */
export const applyToRuns = (rows: readonly RunView[], event: LiveEvent): readonly RunView[] => {
  if (!('run' in event) || !event.run) return rows;
  const run = event.run as RunView;
  const before = rows.find(({ id }) => id === run.id);
  if (before)
    return before.state === 'finished' && run.state !== 'finished'
      ? rows
      : rows.map((row) => (row.id === run.id ? { ...row, ...run } : row));
  return [...rows, run].sort((a, b) => (a.id < b.id ? 1 : -1));
};

export default function Runs() {
  const [search] = useSearchParams();
  const job = search.get('job');
  const list = useLiveList<RunView>(
    job === null ? 'runs' : `job/${job}`,
    `/runs?limit=50${job === null ? '' : `&job=${encodeURIComponent(job)}`}`,
    applyToRuns,
  );
  const now = useNow();
  return (
    <Stack>
      {job !== null && (
        <Title order={3} style={{ overflowWrap: 'anywhere' }}>
          {job}
        </Title>
      )}
      {list.isError ? (
        <Failed error={list.error} onAgain={() => void list.refetch()} />
      ) : !list.rows ? (
        <Loading />
      ) : list.rows.length === 0 ? (
        <Empty title={texts.noRuns} />
      ) : null}
      {list.rows?.map((run) => (
        <Paper key={run.id} withBorder p="xs" data-run={run.id}>
          <Group justify="space-between" gap="xs">
            <Anchor component={Link} href={`/runs/${run.id}`} fw={600} style={{ overflowWrap: 'anywhere' }}>
              {run.job}
            </Anchor>
            <Group gap="sm">
              <Outcome state={run.state} outcome={run.outcome} />
              <Text size="sm">
                {run.durationMs !== undefined
                  ? formatLength(run.durationMs)
                  : run.state === 'running'
                    ? formatLength(now - Date.parse(run.startedAt ?? run.claimedAt ?? run.fireTime))
                    : ''}
              </Text>
              <Text size="sm" c="dimmed">
                {run.workerName}
              </Text>
              <Tooltip label={run.fireTime}>
                <Text size="sm" c="dimmed">{`${formatInstant(run.fireTime, now)} · ${formatDistance(run.fireTime, now)}`}</Text>
              </Tooltip>
            </Group>
          </Group>
        </Paper>
      ))}
      {list.hasNextPage && (
        <Button variant="light" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </Stack>
  );
}
