import { Button, Code, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import type { JobView } from '../../src/domain/wire.ts';
import { JobHeads, JobRow } from '../parts/job-row.tsx';
import { More } from '../parts/more.tsx';
import { Shown } from '../parts/copy.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { useTell } from '../parts/tell.tsx';
import { ask, jobPath } from '../src/api.ts';
import { now, useNow } from '../src/clock.ts';
import { jobsBy } from '../src/kinds.ts';
import { useMay } from '../src/session.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useLiveList } from '../src/use-live-list.ts';

const Editor = lazy(() => import('../parts/editor.tsx'));

const TYPING_MS = 200;
/** A next fire time so long ago was decided without a run (its job was busy, no worker is here): only the master knows the one after it. */
const PAST_MS = 2_500;
const REFRESH_MS = 5_000;

export default function Jobs() {
  useTitle(texts.jobs);
  const [search, setSearch] = useSearchParams();
  const [typed, setTyped] = useState(search.get('q') ?? '');
  const [q] = useDebouncedValue(typed.trim(), TYPING_MS);
  useEffect(() => setSearch(q === '' ? {} : { q }, { replace: true }), [q, setSearch]);
  const kind = useMemo(() => jobsBy(q), [q]);
  const list = useLiveList(kind, '/jobs', { limit: '100', sort: 'name', ...(q === '' ? {} : { q }) });
  useFreshNexts(list.rows, list.refetch);
  const [edited, setEdited] = useState<JobView | 'new'>();
  const mayEdit = useMay('editor');
  const { rows } = list;
  return (
    <Stack gap="sm">
      <Group wrap="nowrap" gap="sm">
        <TextInput
          flex={1}
          type="search"
          placeholder={texts.searchJobs}
          aria-label={texts.searchJobs}
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {mayEdit && <Button onClick={() => setEdited('new')}>{texts.newJob}</Button>}
      </Group>
      {list.error ? (
        <Failed error={list.error} onAgain={list.again} />
      ) : !rows ? (
        <Loading />
      ) : rows.length === 0 ? (
        <NoJobs q={q} onAll={() => setTyped('')} onOwn={() => setEdited('new')} />
      ) : (
        <Paper withBorder>
          <JobHeads />
          {rows.map((view) => (
            <JobRow key={view.job.name} view={view} onEdit={setEdited} />
          ))}
        </Paper>
      )}
      <More list={list} />
      {edited !== undefined && (
        <Suspense fallback={null}>
          <Editor view={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
        </Suspense>
      )}
    </Stack>
  );
}

/** Asks for the list again while a row's next fire time lies in the past, at most every few seconds. */
const useFreshNexts = (rows: readonly JobView[] | undefined, refetch: () => unknown): void => {
  const at = useNow();
  const [askedAt, setAskedAt] = useState(0);
  const isPast = rows?.some(({ nextFireTime }) => nextFireTime !== undefined && at - Date.parse(nextFireTime) > PAST_MS) ?? false;
  useEffect(() => {
    if (!isPast || at - askedAt < REFRESH_MS || document.visibilityState !== 'visible') return;
    setAskedAt(now());
    refetch();
  }, [isPast, at, askedAt, refetch]);
};

const EXAMPLE = { name: 'hello', command: 'echo "hello from $(hostname), it is $(date)"', cronExpr: '*/10 * * * * * *' };

type NoJobsProps = { readonly q: string; readonly onAll: () => void; readonly onOwn: () => void };

const NoJobs = ({ q, onAll, onOwn }: NoJobsProps) => {
  const tell = useTell();
  const mayEdit = useMay('editor');
  if (q !== '')
    return (
      <Empty title={texts.noJobsFound(q)}>
        <Button variant="light" onClick={onAll}>
          {texts.showAll}
        </Button>
      </Empty>
    );
  const body = JSON.stringify(EXAMPLE, undefined, 2);
  const curl = `curl -X PUT ${location.origin}/api/v1/jobs/hello \\\n  -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(EXAMPLE)}'`;
  return (
    <Empty title={texts.noJobs} hint={texts.noJobsHint}>
      <Code block maw="100%" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {body}
      </Code>
      {mayEdit && (
        <Group>
          <Button
            onClick={() => {
              ask('PUT', jobPath(EXAMPLE.name), { body: EXAMPLE, headers: { 'if-none-match': '*' } }).catch(tell);
            }}
          >
            {texts.saveExample}
          </Button>
          <Button variant="default" onClick={onOwn}>
            {texts.ownJob}
          </Button>
        </Group>
      )}
      <Text size="sm" c="dimmed" mt="md">
        {texts.byCurl}
      </Text>
      <Shown text={curl} what="curl" />
    </Empty>
  );
};
