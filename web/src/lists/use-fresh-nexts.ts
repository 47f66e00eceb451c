import { useEffect, useState } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import { ask, jobPath } from '../api.ts';
import { now, useNow } from '../clock.ts';

/** A next fire time so long ago was decided without a run (its job was busy, no worker is here): only the master knows the one after it. */
const PAST_MS = 2_500;
const REFRESH_MS = 5_000;
const MOST = 40;

/** Asks for those rows in sight again whose next fire time lies in the past, or that no worker might run (workers come without a word of the job), at most every few seconds. */
export const useFreshNexts = (sight: readonly JobView[] | undefined, put: (before: JobView, row: JobView) => void): void => {
  const at = useNow();
  const [askedAt, setAskedAt] = useState(0);
  useEffect(() => {
    if (at - askedAt < REFRESH_MS || document.visibilityState !== 'visible') return;
    const past =
      sight?.filter(
        ({ nextFireTime, noWorker }) =>
          noWorker === true || (nextFireTime !== undefined && at - Date.parse(nextFireTime) > PAST_MS),
      ) ?? [];
    if (past.length === 0) return;
    setAskedAt(now());
    for (const before of past.slice(0, MOST))
      // Where it cannot be had now the next round asks again; a job that is gone is told by the socket.
      ask<JobView>('GET', jobPath(before.job.name)).then(
        (row) => put(before, row),
        () => undefined,
      );
  }, [sight, at, askedAt, put]);
};
