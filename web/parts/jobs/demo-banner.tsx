import { Button, Group, Paper, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import { ask, jobPath, type Page } from '../../src/api.ts';
import { format } from '../../src/format.ts';
import { useMay } from '../../src/session.ts';
import { keep, kept } from '../../src/kept.ts';
import { texts } from '../../src/texts.ts';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';

/** What `up --demo` gives its jobs. */
const TAG = 'demo';
const DISMISSED = 'cronstream.demoDismissed';
const AT_ONCE = 8;

const askDemo = (signal?: AbortSignal): Promise<Page<JobView>> =>
  ask('GET', `/jobs?tag=${TAG}&limit=1000`, signal === undefined ? {} : { signal });

const removeAll = async (jobs: readonly JobView[]): Promise<void> => {
  const left = [...jobs];
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) await ask('DELETE', jobPath(next.job.name));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
};

/** Says that there are jobs to try things with, and takes them away when they have done their service. `shown`: how many of them the list shows; a change there is
 *  a reason to count again. */
export const DemoBanner = ({ shown }: { readonly shown: number | undefined }) => {
  const [isDismissed, setDismissed] = useState(() => kept(DISMISSED) !== null);
  const mayEdit = useMay('editor');
  const tell = useTell();
  const askFirst = useAsk();
  const [isRemoving, setRemoving] = useState(false);
  const { data, refetch } = useQuery({
    queryKey: ['demo'],
    queryFn: ({ signal }) => askDemo(signal),
    enabled: !isDismissed,
    refetchOnMount: 'always',
  });
  useEffect(() => {
    if (!isDismissed) void refetch();
  }, [shown, isDismissed, refetch]);
  const jobs = data?.items ?? [];
  if (isDismissed || jobs.length === 0) return null;
  const remove = (): void =>
    askFirst({
      title: texts.removeDemoTitle,
      hint: texts.removeDemoHint(format.list(jobs.slice(0, 20).map(({ job }) => job.name)), jobs.length),
      yes: texts.removeDemo,
      onYes: () => {
        setRemoving(true);
        void removeAll(jobs)
          .catch(tell)
          .finally(() => {
            setRemoving(false);
            void refetch();
          });
      },
    });
  return (
    <Paper withBorder px="md" py={6} data-demo>
      <Group gap="xs" justify="space-between">
        <Text size="sm" flex="1 1 260px">
          {texts.demoHere(jobs.length)}
        </Text>
        <Group gap="xs">
          {mayEdit && (
            <Button size="xs" variant="light" loading={isRemoving} onClick={remove}>
              {texts.removeDemo}
            </Button>
          )}
          <Button
            size="xs"
            variant="subtle"
            onClick={() => {
              keep(DISMISSED, 'yes');
              setDismissed(true);
            }}
          >
            {texts.hide}
          </Button>
        </Group>
      </Group>
    </Paper>
  );
};
