import type { Problem } from '../../src/domain/wire.ts';
import { learnMasterTime, stopwatch } from './clock.ts';
import { language } from './language.ts';
import { texts } from './texts.ts';

export type Page<T> = {
  readonly items: readonly T[];
  readonly nextCursor?: string;
  readonly total?: number;
  readonly asOf: string;
};

/** What the master said is wrong; `problem.errors` has the places. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** Told when a master no longer knows who is looking. */
export const signedOut = new EventTarget();

/** Asks the master that served this page, below /api/v1. A body that is text goes as text, all else as JSON. Rejects with `ApiError`, also when nobody answers (`code` noAnswer). */
export const ask = async <T>(
  method: string,
  path: string,
  {
    body,
    headers,
    signal,
  }: { readonly body?: unknown; readonly headers?: Record<string, string>; readonly signal?: AbortSignal } = {},
): Promise<T> => {
  const took = stopwatch();
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      accept: 'application/json',
      'accept-language': language,
      ...(body === undefined
        ? {}
        : { 'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError(problemOf(0, 'noAnswer', texts.noAnswer));
  });
  learnMasterTime(answer.headers.get('date'), took());
  if (answer.status === 401 && path !== '/login') signedOut.dispatchEvent(new Event('signedOut'));
  const text = await answer.text();
  if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw new ApiError(readProblem(text) ?? problemOf(answer.status, 'unreadable', texts.unreadable(answer.status)));
};

const problemOf = (status: number, code: string, title: string): Problem => ({ type: 'about:blank', title, status, code });

const readProblem = (text: string): Problem | undefined => {
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null;
    return typeof problem?.title === 'string' && typeof problem.code === 'string' ? (problem as Problem) : undefined;
  } catch {
    return undefined;
  }
};

export const jobPath = (name: string): string => `/jobs/${encodeURIComponent(name)}`;
export const runPath = (id: string): string => `/runs/${encodeURIComponent(id)}`;
