import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { ask, type Page } from '../../src/api.ts';
import { runNow } from '../../src/job/run-now.ts';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { Empty, Failed } from '../states.tsx';
import { useTell } from '../frame/tell.tsx';
import { Distance } from '../time.tsx';

/** Nothing fits what is asked for. */
export const NoRunsFound = ({ onClear }: { readonly onClear: () => void }) => (
  <Empty title={texts.noRunsFound} hint={texts.noRunsFoundHint}>
    <Button variant="light" onClick={onClear}>
      {texts.clearFilters}
    </Button>
  </Empty>
);

/** No run at all: when the next is due, and the way to have one now. */
export const NoRuns = () => {
  const query = useQuery({
    queryKey: ['nextDue'],
    queryFn: ({ signal }) => ask<Page<JobView>>('GET', '/jobs?sort=nextFireTime&enabled=true&limit=1', { signal }),
    gcTime: 0,
  });
  const { data } = query;
  if (!data)
    return query.error ? <Failed error={query.error} onAgain={() => void query.refetch()} /> : <Empty title={texts.noRuns} />;
  const [next] = data.items;
  return (
    <Empty title={texts.noRuns} hint={next ? texts.noRunsHint : texts.noRunsNoJobs}>
      {next ? (
        <Next view={next} />
      ) : (
        <Button component={Link} href="/" variant="light">
          {texts.toJobs}
        </Button>
      )}
    </Empty>
  );
};

const Next = ({ view: { job, nextFireTime } }: { readonly view: JobView }) => {
  const tell = useTell();
  const mayRun = useMay('operator');
  return (
    <>
      <Text className="anywhere" ta="center">
        {nextFireTime === undefined ? (
          texts.noneDue
        ) : (
          <>
            {texts.nextDue(job.name)} <Distance at={nextFireTime} />
          </>
        )}
      </Text>
      <Group>
        {mayRun && <Button onClick={() => void runNow(job.name, tell)}>{texts.runNowOf(job.name)}</Button>}
        <Button component={Link} href="/" variant="default">
          {texts.toJobs}
        </Button>
      </Group>
    </>
  );
};
