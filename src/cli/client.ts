import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defined } from '../domain/run.ts';
import type { Problem } from '../domain/wire.ts';

/** What every command against a master takes. */
export type ClientOptions = {
  readonly server?: string;
  readonly token?: string;
  readonly json?: boolean;
  /** Of the words that the master says. */
  readonly lang?: string;
};

/** An error that is for the person at the terminal as it is. */
export class Told extends Error {
  override readonly name = 'Told';
}

const DEFAULT_SERVER = 'http://127.0.0.1:8070';

/** Asks a master. Rejects with `Told`: what the master said, every problem of an input with its place, or that it cannot be reached. */
export const createClient = ({ server, token, lang }: ClientOptions, env: NodeJS.ProcessEnv = process.env) => {
  const base = (server ?? env['CRONSTREAM_SERVER'] ?? DEFAULT_SERVER).replace(/\/+$/, '');
  const secret = token ?? env['CRONSTREAM_TOKEN'] ?? tokenFile();
  const headers: Record<string, string> = {
    ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    ...(lang === undefined ? {} : { 'accept-language': lang }),
  };

  /** Sends a body as it is. */
  const send = async (method: string, path: string, body?: string, type = 'application/json'): Promise<Response> => {
    let answer: Response;
    try {
      answer = await fetch(`${base}/api/v1${path}`, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': type },
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      throw new Told(
        `${base} cannot be reached (${wordsOf(error)}). Is a master running there? Another one: --server URL or CRONSTREAM_SERVER`,
      );
    }
    if (!answer.ok) throw new Told(await problemText(answer, secret !== undefined));
    return answer;
  };
  const ask = (method: string, path: string, body?: unknown): Promise<Response> =>
    send(method, path, body === undefined ? undefined : JSON.stringify(body));
  return {
    base,
    headers,
    ask,
    send,
    json: async <T>(method: string, path: string, body?: unknown): Promise<T> =>
      (await (await ask(method, path, body)).json()) as T,
  };
};
export type Client = ReturnType<typeof createClient>;

const tokenFile = (): string | undefined => {
  try {
    return readFileSync(join(homedir(), '.config', 'cronstream', 'token'), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
};

const wordsOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
};

const problemText = async (answer: Response, hasToken: boolean): Promise<string> => {
  if (answer.status === 401 && !hasToken)
    return 'the master asks who you are: give a token by CRONSTREAM_TOKEN, --token, or the file ~/.config/cronstream/token';
  const text = await answer.text();
  try {
    const { title, detail, errors = [] } = JSON.parse(text) as Problem;
    const told = errors.map(({ path, message }) => `${path === '' ? '(all)' : path}: ${message}`);
    if (detail !== undefined && told.length === 1 && told[0] === detail) return detail;
    return [detail ?? title, ...told.map((line) => `  ${line}`)].join('\n');
  } catch {
    return `the master answered ${String(answer.status)}: ${text.slice(0, 300)}`;
  }
};

/** The pages of a list, one after the other, as they are asked for. `asked`: what narrows it. */
export async function* pagesOf<T>(
  client: Client,
  path: string,
  asked: Readonly<Record<string, string | undefined>>,
): AsyncGenerator<readonly T[]> {
  for (let cursor: string | undefined; ;) {
    const query = new URLSearchParams(defined({ ...asked, cursor }));
    const page = await client.json<{ readonly items: readonly T[]; readonly nextCursor?: string }>(
      'GET',
      `${path}?${query.toString()}`,
    );
    yield page.items;
    cursor = page.nextCursor;
    if (cursor === undefined) return;
  }
}

/** Masters give no longer pages. */
export const MOST_A_PAGE = 200;

/** The first of a list, at most so many. */
export const firstOf = async <T>(
  client: Client,
  path: string,
  { limit, ...asked }: Readonly<Record<string, string | undefined>> & { readonly limit: string },
): Promise<readonly T[]> => {
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1) throw new Told(`--limit: "${limit}" is not a whole number from 1 on`);
  const found: T[] = [];
  for await (const items of pagesOf<T>(client, path, { ...asked, limit: String(Math.min(MOST_A_PAGE, most)) })) {
    found.push(...items);
    if (found.length >= most) break;
  }
  return found.slice(0, most);
};
