import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDebouncedValue } from '@mantine/hooks';
import type { FieldProblem } from '../../../src/domain/problem.ts';
import { ApiError, ask } from '../api.ts';
import { overlapIn } from '../job/shown-job.ts';
import { textOf, type Fields } from './job-fields.ts';

export type Explained = {
  readonly description: string;
  readonly fires: readonly { readonly at: string; readonly note?: string }[];
  readonly warnings: readonly string[];
  /** The one of them that is about runs which take longer than the fire times are apart. */
  readonly mayOverlap?: string;
};

const TYPING_MS = 250;
const FIRES = 5;
const NONE: readonly FieldProblem[] = [];

/** What of a job says when it runs, as the master asks for it. A length that is not readable yet is left out: its field says so itself. */
const scheduleOf = (job: Fields): Fields => ({
  cronExpr: textOf(job, 'cronExpr'),
  count: FIRES,
  ...Object.fromEntries(
    ['name', 'timezone', 'dst', 'startAt', 'endAt'].flatMap((field) => {
      const text = textOf(job, field);
      return text === '' ? [] : [[field, text]];
    }),
  ),
  overlap: overlapIn(job['overlap']),
  ...(Number.isInteger(job['jitterMs']) ? { jitterMs: job['jitterMs'] } : {}),
});

/** What the master says to a schedule while it is typed: what it means, or all that is wrong with it, with the places in the text. `isFresh`: that answer is
 *  of the text as it stands. */
export const useExplained = (job: Fields) => {
  const typed = JSON.stringify(scheduleOf(job));
  const [asked] = useDebouncedValue(typed, TYPING_MS);
  const isEmpty = textOf(job, 'cronExpr').trim() === '';
  const query = useQuery({
    queryKey: ['explain', asked],
    queryFn: ({ signal }) => ask<Explained>('POST', '/schedules/explain', { body: JSON.parse(asked) as unknown, signal }),
    enabled: !isEmpty && (JSON.parse(asked) as { cronExpr: string }).cronExpr.trim() !== '',
    placeholderData: keepPreviousData,
    // The next fires are of the moment.
    gcTime: 0,
    retry: false,
  });
  const problem = query.error instanceof ApiError ? query.error.problem : undefined;
  return {
    answer: problem || isEmpty ? undefined : query.data,
    problems: isEmpty ? NONE : (problem?.errors ?? NONE),
    isFresh: asked === typed && !query.isPlaceholderData && !query.isPending,
  };
};
