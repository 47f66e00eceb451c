import { Alert, Button, Group, Paper, Skeleton, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { useCallback, useMemo } from 'react';
import { Link } from 'wouter';
import type { RunView } from '../../src/domain/wire.ts';
import { LongList } from '../parts/long-list.tsx';
import { NoRuns, NoRunsFound } from '../parts/runs/no-runs.tsx';
import { RunHeads, RunRow } from '../parts/runs/run-row.tsx';
import { RunsBar } from '../parts/runs/runs-bar.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { format } from '../src/format.ts';
import { runsBy } from '../src/live/kinds.ts';
import { lengthsOf } from '../src/lists/lengths.ts';
import { runsParams, useRunsSearch } from '../src/lists/runs-search.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useEndedSince } from '../src/lists/use-ended-since.ts';
import { useLiveList } from '../src/live/use-live-list.ts';
import { useSteady } from '../src/lists/use-steady.ts';

const FIRST = '100';
const MORE = 200;
/** Of a row on a wide screen, in px. */
const ROW_PX = 52;

const idOf = ({ id }: RunView): string => id;

/** All runs, newest first, or those that are asked for; live, and as many as there are. */
export default function Runs() {
  const { wanted, asked, change, clear, isFiltered } = useRunsSearch();
  const { job } = wanted;
  useTitle(job === undefined ? texts.runs : `${job}: ${texts.runs}`);
  const kind = useMemo(() => runsBy(asked), [asked]);
  const list = useLiveList(kind, '/runs', { limit: FIRST, ...runsParams(asked) }, { moreLimit: MORE });
  const ended = useEndedSince(kind, asked.q !== undefined, list.asOf);
  const { shown: rows, hold } = useSteady(list.rows, idOf, kind);
  const lengths = useMemo(() => lengthsOf(list.rows ?? []), [list.rows]);
  const row = useCallback(
    (run: RunView) => <RunRow run={run} top={lengths.top} usual={lengths.usualOf.get(run.job)} />,
    [lengths],
  );
  return (
    <Stack gap="sm">
      {job === undefined ? (
        <VisuallyHidden component="h1">{texts.runs}</VisuallyHidden>
      ) : (
        <Title order={1} size="h3" className="anywhere">
          <Link href={`/jobs/${encodeURIComponent(job)}`} className="plain">
            {job}
          </Link>
        </Title>
      )}
      <RunsBar
        wanted={wanted}
        change={change}
        onClear={isFiltered ? clear : undefined}
        count={rows && texts.countRuns(format.number(rows.length), list.more !== undefined)}
      />
      {ended > 0 && (
        <Alert color="blue" p="xs">
          <Group gap="sm">
            <Text size="sm">{texts.endedSince(ended, format.number(ended))}</Text>
            <Button size="compact-xs" variant="light" onClick={() => void list.refetch()}>
              {texts.searchAgain}
            </Button>
          </Group>
        </Alert>
      )}
      {list.error ? (
        <Failed error={list.error} onAgain={list.again} />
      ) : !rows ? (
        <Loading rows={10} />
      ) : rows.length === 0 && isFiltered ? (
        <NoRunsFound onClear={clear} />
      ) : rows.length === 0 ? (
        <NoRuns />
      ) : (
        <Paper withBorder {...hold} style={{ opacity: list.isOld ? 0.6 : 1 }} aria-busy={list.isOld}>
          <RunHeads />
          <LongList
            label={texts.runs}
            rows={rows}
            idOf={idOf}
            total={rows.length + (list.more ? 1 : 0)}
            more={list.isLoadingMore || list.moreError ? undefined : list.more}
            row={row}
            blank={<Blank />}
            height={ROW_PX}
          />
        </Paper>
      )}
      {list.moreError && <Failed error={list.moreError} onAgain={list.more} />}
    </Stack>
  );
}

const Blank = () => (
  <Group px="md" h={ROW_PX}>
    <Skeleton height={24} />
  </Group>
);
