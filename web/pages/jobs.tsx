import { Group, Paper, Skeleton, Stack, VisuallyHidden } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import type { JobView } from '../../src/domain/wire.ts';
import { DemoBanner } from '../parts/jobs/demo-banner.tsx';
import { useEditor } from '../parts/editor/editor-provider.tsx';
import { JobHeads, JobRow } from '../parts/jobs/job-row.tsx';
import { JobsBar } from '../parts/jobs/jobs-bar.tsx';
import { LongList } from '../parts/long-list.tsx';
import { NoJobs, NoneFound } from '../parts/jobs/no-jobs.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { useTell } from '../parts/frame/tell.tsx';
import { format } from '../src/format.ts';
import { jobsParams, useJobsSearch } from '../src/lists/jobs-search.ts';
import { jobsBy } from '../src/live/kinds.ts';
import { useMay } from '../src/session.ts';
import { runNow } from '../src/job/run-now.ts';
import { shownJob } from '../src/job/shown-job.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useFreshNexts } from '../src/lists/use-fresh-nexts.ts';
import { useLiveList } from '../src/live/use-live-list.ts';
import { useSteady } from '../src/lists/use-steady.ts';

const FIRST = '100';
const MORE = 1000;
/** Of a row on a wide screen, in px. */
const ROW_PX = 62;

const nameOf = ({ job }: JobView): string => job.name;

/** All jobs: searched, filtered and in order by the master, live, and as many as there are. */
export default function Jobs() {
  useTitle(texts.jobs);
  const { asked, change } = useJobsSearch();
  const kind = useMemo(() => jobsBy(asked), [asked]);
  const list = useLiveList(kind, '/jobs', { limit: FIRST, sort: 'name', ...jobsParams(asked) }, { moreLimit: MORE });
  const { shown: rows, hold } = useSteady(list.rows, nameOf, kind);
  const [sight, setSight] = useState<readonly JobView[]>();
  useFreshNexts(sight, list.put);
  const { create, edit } = useEditor();
  const [mayRun, mayEdit] = [useMay('operator'), useMay('editor')];
  const tell = useTell();
  const byName = (name: string): JobView | undefined => rows?.find(({ job }) => job.name === name);
  const run = (name: string): unknown => {
    const view = byName(name);
    if (!view || view.broken !== undefined || view.running.length + view.queued > 0) return false;
    return runNow(name, tell);
  };
  const tagsOf = useMemo(() => list.rows?.map((view) => shownJob(view).tags) ?? [], [list.rows]);
  const tags = useMemo(() => [...new Set(tagsOf.flat())].toSorted(), [tagsOf]);
  const row = useCallback((view: JobView) => <JobRow view={view} onEdit={edit} />, [edit]);
  const isFiltered = Object.keys(jobsParams({ ...asked, sort: undefined })).length > 0;
  const total = list.total ?? rows?.length ?? 0;
  const count = (isFiltered ? texts.countFound : texts.countJobs)(format.number(total), total === 1);
  return (
    <Stack gap="sm">
      <VisuallyHidden component="h1">{texts.jobs}</VisuallyHidden>
      <DemoBanner shown={list.rows && tagsOf.filter((of) => of.includes('demo')).length} />
      <JobsBar
        asked={asked}
        change={change}
        tags={tags}
        onNew={mayEdit ? () => create() : undefined}
        isEmpty={rows?.length === 0 && !isFiltered}
        count={rows && count}
      />
      {list.error ? (
        <Failed error={list.error} onAgain={list.again} />
      ) : !rows ? (
        <Loading />
      ) : rows.length === 0 && isFiltered ? (
        <NoneFound q={asked.q} onAll={() => change({ q: undefined, tag: undefined, enabled: undefined, outcome: undefined })} />
      ) : rows.length === 0 ? (
        <NoJobs onOwn={() => create()} />
      ) : (
        <Paper withBorder {...hold} style={{ opacity: list.isOld ? 0.6 : 1 }} aria-busy={list.isOld}>
          <JobHeads />
          <LongList
            label={texts.jobs}
            rows={rows}
            idOf={nameOf}
            total={list.total}
            more={list.isLoadingMore || list.moreError ? undefined : list.more}
            row={row}
            blank={<Blank />}
            height={ROW_PX}
            onSight={setSight}
            acts={[
              ...(mayRun ? [{ key: 'r', name: texts.keyRun, act: run }] : []),
              ...(mayEdit
                ? [
                    {
                      key: 'e',
                      name: texts.keyEdit,
                      act: (name: string) => ((view) => (view ? edit(view) : false))(byName(name)),
                    },
                  ]
                : []),
            ]}
          />
        </Paper>
      )}
      {list.moreError && <Failed error={list.moreError} onAgain={list.more} />}
    </Stack>
  );
}

const Blank = () => (
  <Group px="md" py="sm" h={ROW_PX}>
    <Skeleton height={30} />
  </Group>
);
