import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { Told } from './client.ts';

/** One crontab or list of jobs to be sent. */
export type Import = { readonly path: string; readonly source: string; readonly text: string; readonly format?: 'system' };
type Skipped = { readonly path: string; readonly reason: string };

/** cron itself reads only these files of /etc/cron.d. */
const CRON_D_NAME = /^[A-Za-z0-9_-]+$/;

/** What a path means to import: a file, every file of a folder that cron would read, or standard input. Rejects with `Told` where nothing can be read. */
export const readImports = async (
  path: string,
  source: string | undefined,
): Promise<{ readonly imports: readonly Import[]; readonly skipped: readonly Skipped[] }> => {
  if (path === '-')
    return {
      imports: [{ path: 'standard input', source: source ?? `${hostname()}:${me()}`, text: await textOf(process.stdin) }],
      skipped: [],
    };
  const read = (file: string, isAmongMany: boolean): Import => ({
    path: file,
    source:
      source === undefined
        ? `${hostname()}:${resolve(file)}`.slice(-80)
        : isAmongMany
          ? `${source}/${file.split('/').at(-1) ?? ''}`
          : source,
    text: contentOf(file),
    ...(/^\/etc\/(crontab$|cron\.d\/)/.test(resolve(file)) ? { format: 'system' as const } : {}),
  });
  if (!statOf(path).isDirectory()) return { imports: [read(path, false)], skipped: [] };
  const names = readdirSync(path).sort();
  const skipped = names.flatMap((name) => {
    if (!CRON_D_NAME.test(name))
      return [{ path: join(path, name), reason: 'cron reads no file with such a name (letters, digits, _ and - only)' }];
    return statOf(join(path, name)).isFile() ? [] : [{ path: join(path, name), reason: 'it is no file' }];
  });
  const files = names.map((name) => join(path, name)).filter((file) => !skipped.some((each) => each.path === file));
  if (files.length === 0) throw new Told(`${path} holds no crontab`);
  return { imports: files.map((file) => read(file, true)), skipped };
};

const statOf = (path: string): ReturnType<typeof statSync> & object => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new Told(`${path} is not there`);
  return found;
};

const contentOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Told(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const me = (): string => {
  try {
    return userInfo().username;
  } catch {
    return 'crontab';
  }
};
