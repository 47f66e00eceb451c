// `cronstream up` as its user starts it, in a folder of the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM } from './cluster.ts';
import { freePort, until } from './process.ts';

export const TOKEN = 'a-token-of-the-tests-0123456789abcdef';

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'cronstream-up-'));

type Options = {
  readonly data: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly isReady?: boolean;
};

/** Starts it and resolves when /readyz says so (or at once, with `isReady: false`). What it prints is in `printed`. */
export async function startUp({ data, args = [], env = {}, port, isReady = true }: Options) {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there: npm run build`);
  const at = port ?? (await freePort());
  const url = `http://127.0.0.1:${String(at)}`;
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, 'up', '--data', data, '--port', String(at), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CRONSTREAM_ADMIN_TOKEN: TOKEN, ...env },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
  let code: number | null | undefined;
  child.on('exit', (exitCode, signal) => {
    code = signal === null ? exitCode : -1;
  });
  const ended = async (): Promise<number> => {
    await until(
      () => code !== undefined,
      () => `it does not end:\n${printed.slice(-2_000)}`,
    );
    return code ?? -1;
  };
  const api = async <T = Record<string, unknown>>(
    path: string,
    init: { readonly method?: string; readonly body?: unknown } = {},
  ): Promise<T> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
      headers: { authorization: `Bearer ${TOKEN}`, ...(init.body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
    if (!answer.ok) throw new Error(`${path} answered ${String(answer.status)}: ${await answer.text()}`);
    const text = await answer.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  if (isReady)
    await until(
      async () => {
        if (code !== undefined) throw new Error(`it ended with ${String(code)}:\n${printed}`);
        return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true;
      },
      () => `it is not ready:\n${printed.slice(-2_000)}`,
    );
  const signal = (name: NodeJS.Signals): void => {
    child.kill(name);
  };
  const stop = async (): Promise<void> => {
    if (code === undefined) {
      signal('SIGTERM');
      signal('SIGTERM');
      await ended().catch(() => child.kill('SIGKILL'));
    }
  };
  return { url, port: at, pid: child.pid ?? 0, printed: () => printed, ended, signal, api, stop, [Symbol.asyncDispose]: stop };
}

export const removeFolder = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
};
