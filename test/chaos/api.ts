// The masters' REST interface, asked until one answers.
import { AUTHORIZATION, type Nodes } from './nodes.ts';
import { wait } from './time.ts';

export type Api = ReturnType<typeof createApi>;

/** An answer that is no success: the status says why. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`${String(status)}: ${text}`);
    this.status = status;
  }
}

type Request = { readonly method?: string; readonly body?: unknown };

export const createApi = (nodes: Nodes) => {
  /** Once, of one master. Throws `Refused`, or what the link says. */
  const once = async <T>(master: string, path: string, { method, body }: Request = {}): Promise<T> => {
    const answer = await fetch(`${nodes.get(master).url}/api/v1${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { authorization: AUTHORIZATION, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, text.slice(0, 300));
    return (text === '' ? {} : JSON.parse(text)) as T;
  };
  /** Of one master after the other, until one answers or refuses for good (4xx but for 401, 408, 429). */
  const persistently = async <T>(path: string, request: Request = {}, limitMs = 120_000): Promise<T> => {
    const end = performance.now() + limitMs;
    for (let tries = 0; ; tries += 1) {
      try {
        return await once<T>(nodes.names.masters[tries % nodes.names.masters.length] ?? '', path, request);
      } catch (error) {
        const isFinal =
          error instanceof Refused &&
          error.status >= 400 &&
          error.status < 500 &&
          ![401, 408, 409, 412, 429].includes(error.status);
        if (isFinal || performance.now() > end) throw error;
        await wait(250);
      }
    }
  };
  /** All pages of a list. */
  const all = async <T>(
    ask: (path: string) => Promise<{ readonly items: readonly T[]; readonly nextCursor?: string }>,
    path: string,
  ): Promise<readonly T[]> => {
    const items: T[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await ask(`${path}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
      items.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === undefined) return items;
    }
  };
  return { once, persistently, all };
};
