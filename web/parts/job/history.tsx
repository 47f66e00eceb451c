import { Button, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { withoutFormat } from '../../../src/domain/revision.ts';
import type { JobView, RevisionView } from '../../../src/domain/wire.ts';
import { ask, jobPath, type Page } from '../../src/api.ts';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { Difference, kindOf } from '../audit/difference.tsx';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';
import { Section } from '../section.tsx';
import { Failed, Loading } from '../states.tsx';
import { At } from '../time.tsx';
import classes from './history.module.css';

const ASKED = '20';

type HistoryProps = { readonly view: JobView; readonly isGone: boolean };

/** Who changed a job, when, and what; an old version is put back from here. Asked for when somebody wants to see it. */
export const History = ({ view, isGone }: HistoryProps) => {
  // A link from the audit leads to it.
  const [isLed] = useState(() => location.hash === '#history');
  const [isOpen, setOpen] = useState(isLed);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isLed) place.current?.scrollIntoView({ block: 'start' });
  }, [isLed]);
  return (
    <div ref={place} id="history">
      <Section
        title={texts.changesTitle}
        isFlush
        aside={
          !isOpen && (
            <Button size="compact-sm" variant="subtle" onClick={() => setOpen(true)}>
              {texts.showChanges}
            </Button>
          )
        }
      >
        {isOpen && <Changes view={view} isGone={isGone} />}
      </Section>
    </div>
  );
};

const Changes = ({ view, isGone }: HistoryProps) => {
  const { name } = view.job;
  const query = useInfiniteQuery({
    queryKey: ['revisions', name, view.revision],
    queryFn: ({ pageParam, signal }) => {
      const cursor = pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      return ask<Page<RevisionView>>('GET', `${jobPath(name)}/revisions?limit=${ASKED}${cursor}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.nextCursor,
    gcTime: 0,
  });
  if (!query.data)
    return query.error ? <Failed error={query.error} onAgain={() => void query.refetch()} /> : <Loading rows={3} />;
  const all = query.data.pages.flatMap(({ items }) => items);
  if (all.length === 0)
    return (
      <Text size="sm" c="dimmed" px="md" pb="sm">
        {texts.noChanges}
      </Text>
    );
  return (
    <>
      <ol className={classes['list']}>
        {all.map((change) => (
          <Change key={change.id} change={change} view={view} isGone={isGone} />
        ))}
      </ol>
      {query.hasNextPage && (
        <Button m="sm" size="xs" variant="default" onClick={() => void query.fetchNextPage()}>
          {texts.moreChanges}
        </Button>
      )}
    </>
  );
};

const Change = ({ change, view, isGone }: HistoryProps & { readonly change: RevisionView }) => {
  const { at, by, changes, job, revision } = change;
  const mayEdit = useMay('editor');
  const askFirst = useAsk();
  const tell = useTell();
  const isNow = revision !== undefined && revision === view.revision;
  const putBack = (): void =>
    askFirst({
      title: texts.putBackTitle(view.job.name),
      hint: texts.putBackHint,
      yes: texts.putBack,
      // Against the version that is shown here: what somebody else saves meanwhile is not undone unseen.
      onYes: () =>
        void ask('PUT', jobPath(view.job.name), {
          body: withoutFormat(job),
          headers: { 'if-match': `"${view.revision}"` },
        }).catch(tell),
    });
  return (
    <li className={classes['row']} data-change={change.id} data-revision={revision}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">
          <b>{kindOf(change)}</b> <At at={at} /> {texts.changeBy(by)}
        </Text>
        {isNow ? (
          <Text size="sm" c="dimmed">
            {texts.isNow}
          </Text>
        ) : (
          job !== undefined &&
          mayEdit &&
          !isGone && (
            <Button size="compact-xs" variant="default" onClick={putBack}>
              {texts.putBack}
            </Button>
          )
        )}
      </Group>
      <Stack gap={2}>
        <Difference changes={changes} />
      </Stack>
    </li>
  );
};
