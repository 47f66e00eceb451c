import { Warned } from '../../parts/frame/tell.tsx';
import { ask, jobPath } from '../api.ts';

type Answer = { readonly runId?: string; readonly runIds?: readonly string[]; readonly warning?: string };

/** Asks for a run of a job now, and gives its id, or that of the first under placement `all`. What goes wrong is told, and that nobody may take the run. */
export const runNow = (name: string, tell: (error: unknown) => void): Promise<string | undefined> =>
  ask<Answer>('POST', `${jobPath(name)}/run`).then(
    ({ runId, runIds, warning }) => {
      if (warning !== undefined) tell(new Warned(warning));
      return runId ?? runIds?.[0];
    },
    (error: unknown) => {
      tell(error);
      return undefined;
    },
  );
