import type { Problem } from '../../src/domain/wire.ts';

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

/** Asks the master that served this page. Rejects with `ApiError`. */
export const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const answer = await fetch(`/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (answer.status === 401 && path !== '/login') signedOut.dispatchEvent(new Event('signedOut'));
  const text = await answer.text();
  if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  let problem: Problem;
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    problem = {
      type: 'about:blank',
      title: `The master answered ${String(answer.status)}`,
      status: answer.status,
      code: 'unreadable',
    };
  }
  throw new ApiError(problem);
};
