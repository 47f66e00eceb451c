import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'wouter';
import { More } from '../parts/more.tsx';
import { RunHeads, RunRow } from '../parts/run-row.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { runsOf } from '../src/kinds.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useLiveList } from '../src/use-live-list.ts';

/** All runs, newest first, or those of one job. */
export default function Runs() {
  const [search] = useSearchParams();
  const job = search.get('job');
  useTitle(job === null ? texts.runs : `${job}: ${texts.runs}`);
  const kind = useMemo(() => runsOf(job), [job]);
  const list = useLiveList(kind, '/runs', { limit: '50', ...(job === null ? {} : { job }) });
  const { rows } = list;
  return (
    <Stack gap="sm">
      {job !== null && (
        <Group justify="space-between" wrap="nowrap">
          <Title order={1} size="h3" className="anywhere">
            {job}
          </Title>
          <Button component={Link} href="/runs" variant="default" size="xs">
            {texts.allRuns}
          </Button>
        </Group>
      )}
      {list.error ? (
        <Failed error={list.error} onAgain={list.again} />
      ) : !rows ? (
        <Loading rows={10} />
      ) : rows.length === 0 ? (
        <Empty title={texts.noRuns} hint={texts.noRunsHint}>
          <Text size="sm">
            <Link href="/">{texts.jobs}</Link>
          </Text>
        </Empty>
      ) : (
        <Paper withBorder>
          <RunHeads />
          {rows.map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </Paper>
      )}
      <More list={list} />
    </Stack>
  );
}
