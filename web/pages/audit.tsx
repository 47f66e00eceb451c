import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { RevisionView } from '../../src/domain/wire.ts';
import classes from '../parts/audit/audit-row.module.css';
import { AuditRow } from '../parts/audit/audit-row.tsx';
import { useAudit, type AuditAsked } from '../parts/audit/use-audit.ts';
import bar from '../parts/list-bar.module.css';
import { More } from '../parts/more.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { Typed } from '../parts/typed.tsx';
import { format } from '../src/format.ts';
import { useHeld } from '../src/lists/use-held.ts';
import { useMay } from '../src/session.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';

const idOf = ({ id }: RevisionView): string => id;

/** What is asked for lives in the address: a reload and the way back bring the same list. */
const useAsked = () => {
  const [search, setSearch] = useSearchParams();
  const [job, by] = [search.get('job') ?? undefined, search.get('by') ?? undefined];
  const change = useCallback(
    (some: AuditAsked): void =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(some))
            if (value === undefined || value === '') after.delete(name);
            else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return { job, by, change };
};

/** Who changed which job, when, and what; live. */
export default function Audit() {
  useTitle(texts.auditPage);
  const isMine = useMay('editor');
  const { job, by, change } = useAsked();
  const query = useAudit({ job, by }, isMine);
  const all = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data]);
  const onJob = useCallback((name: string) => change({ job: name }), [change]);
  if (!isMine) return <Empty title={texts.auditNotYours} hint={texts.auditNotYoursHint} />;
  const isFiltered = job !== undefined || by !== undefined;
  const clear = (): void => change({ job: undefined, by: undefined });
  const next = query.hasNextPage ? () => void query.fetchNextPage() : undefined;
  return (
    <Stack gap="sm" data-audit>
      <div>
        <Title order={1} size="h3">
          {texts.auditPage}
        </Title>
        <Text size="sm" c="dimmed">
          {texts.auditHint}
        </Text>
      </div>
      <search className={bar['filters']}>
        <Typed size="xs" type="text" label={texts.auditOfJob} value={job ?? ''} onValue={(value) => change({ job: value })} />
        <Typed size="xs" type="text" label={texts.auditByWhom} value={by ?? ''} onValue={(value) => change({ by: value })} />
        {isFiltered && (
          <Button size="xs" variant="subtle" onClick={clear}>
            {texts.clearFilters}
          </Button>
        )}
      </search>
      {!all ? (
        query.error ? (
          <Failed error={query.error} onAgain={() => void query.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : all.length === 0 ? (
        <Empty title={isFiltered ? texts.auditNotFound : texts.auditNone} {...(!isFiltered && { hint: texts.auditNoneHint })}>
          {next && (
            <Button variant="default" loading={query.isFetchingNextPage} onClick={next}>
              {texts.auditLookFurther}
            </Button>
          )}
        </Empty>
      ) : (
        <>
          <Rows
            // Another list is held anew.
            key={`${job ?? ''} ${by ?? ''} ${String(query.isPlaceholderData)}`}
            rows={all}
            isOld={query.isPlaceholderData}
            onJob={job === undefined ? onJob : undefined}
          />
          {query.isFetchNextPageError && <Failed error={query.error} onAgain={next} />}
          <Group justify="center">
            <More list={{ rows: all, total: undefined, more: next, isLoadingMore: query.isFetchingNextPage }} />
          </Group>
        </>
      )}
    </Stack>
  );
}

type RowsProps = {
  readonly rows: readonly RevisionView[];
  /** Of what was asked before: those of now are on their way. */
  readonly isOld: boolean;
  readonly onJob: ((job: string) => void) | undefined;
};
const Rows = ({ rows, isOld, onJob }: RowsProps) => {
  const { shown, waiting, hold } = useHeld(rows, idOf);
  return (
    <Paper withBorder {...hold} style={{ opacity: isOld ? 0.6 : 1 }} aria-busy={isOld}>
      <ol className={classes['list']} aria-label={texts.auditPage}>
        {shown.map((each) => (
          <AuditRow key={each.id} change={each} onJob={onJob} />
        ))}
      </ol>
      {waiting > 0 && (
        <div className={classes['waiting']}>
          <Button size="xs" onClick={hold.onPointerLeave}>
            {texts.auditWaiting(waiting, format.number(waiting))}
          </Button>
        </div>
      )}
    </Paper>
  );
};
