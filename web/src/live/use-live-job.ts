import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import { ApiError, ask, jobPath, type Page } from '../api.ts';
import { later } from '../clock.ts';
import { live } from './live.ts';

/** A job as it is now, or that it is gone: deleted while one looked. */
export type LiveJob = { readonly view: JobView; readonly isGone: boolean };

type Heard = { readonly view: JobView | undefined; readonly isGone: boolean; readonly asOf: number };
type First = { readonly view: JobView | undefined; readonly asOf: string };

const RESYNC_MS = 500;

/** A position first, then the job: what changes between the two is heard once more, never missed. The workers are the cheapest list that tells one. */
const askFirst = async (name: string, signal: AbortSignal): Promise<First> => {
  const { asOf } = await ask<Page<unknown>>('GET', '/workers', { signal });
  return { view: await ask<JobView>('GET', jobPath(name), { signal }).catch(missing), asOf };
};

/** A job that is not there is an answer: it may be saved while one looks. */
const missing = (error: unknown): undefined => {
  if (error instanceof ApiError && error.problem.status === 404) return undefined;
  throw error;
};

/** One job by REST, and what changes of it by the socket. */
export const useLiveJob = (name: string) => {
  const query = useQuery({ queryKey: ['job', name], queryFn: ({ signal }) => askFirst(name, signal), gcTime: 0 });
  const { data: first, refetch } = query;
  const [heard, setHeard] = useState<Heard>();
  const [round, setRound] = useState(0);
  const asOf = first?.asOf;
  const revision = first?.view?.revision;
  useEffect(() => {
    if (asOf === undefined) return undefined;
    let callOff = (): void => undefined;
    // Of one that is gone the last is kept, to be shown.
    const hear = (view: JobView | undefined, at: string): void =>
      setHeard((before) => ({ view: view ?? before?.view, isGone: view === undefined, asOf: Number(at) }));
    const end = live.subscribe('jobs', asOf, {
      onEvent: (event, at) => {
        if (event.type === 'jobRemoved' && event['name'] === name) hear(undefined, at);
        if (event.type !== 'jobChanged') return;
        const view = event['job'] as JobView;
        if (view.job.name !== name) return;
        hear(view, at);
        // Who saved a revision is told by GET alone.
        if (view.revision !== revision) void refetch();
      },
      onResync: () => {
        callOff = later(RESYNC_MS, () => void refetch().finally(() => setRound((n) => n + 1)));
      },
    });
    return () => {
      end();
      callOff();
    };
  }, [name, asOf, revision, round, refetch]);

  const isNewer = first !== undefined && heard !== undefined && heard.asOf >= Number(first.asOf);
  const newest = (isNewer ? heard.view : undefined) ?? first?.view;
  const view = newest && newest.revision === revision ? { ...savedOf(first?.view), ...newest } : newest;
  return {
    job: view && ({ view, isGone: isNewer && heard.isGone } satisfies LiveJob),
    isMissing: first !== undefined && view === undefined,
    error: first ? null : query.error,
    again: () => void refetch(),
  };
};

const savedOf = ({ savedBy, savedAt }: Pick<JobView, 'savedBy' | 'savedAt'> = {}): Pick<JobView, 'savedBy' | 'savedAt'> => ({
  ...(savedBy !== undefined && { savedBy }),
  ...(savedAt !== undefined && { savedAt }),
});
