import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { PlacementView, WorkerView } from '../../../src/domain/wire.ts';
import { ApiError, ask, jobPath } from '../api.ts';
import { allWorkers } from '../live/kinds.ts';
import { useLiveList } from '../live/use-live-list.ts';

/** What of the workers decides which of them match. */
const deciding = (workers: readonly WorkerView[]): string =>
  JSON.stringify(workers.map(({ id, name, labels, draining, slots, passes }) => [id, name, labels, draining, slots, passes]));

/** Which workers would take the job now, and why the others would not: asked again whenever the job or what counts of the workers has changed. Undefined until it
 *  is known, and where this master cannot say. */
export const usePlacement = (name: string, revision: string) => {
  const { rows } = useLiveList(allWorkers, '/workers', {});
  const workers = useMemo(() => rows && deciding(rows), [rows]);
  const query = useQuery({
    queryKey: ['placement', name, revision, workers],
    queryFn: ({ signal }) => ask<{ readonly items: readonly PlacementView[] }>('GET', `${jobPath(name)}/placement`, { signal }),
    enabled: workers !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const running = new Map(rows?.map((worker) => [worker.id, worker.running.length]));
  return {
    /** The workers' load is of this moment. */
    placed: query.data?.items.map((each) => ({ ...each, running: running.get(each.id) ?? each.running })),
    error: query.error instanceof ApiError && query.error.problem.status === 404 ? null : query.error,
    again: () => void query.refetch(),
  };
};
