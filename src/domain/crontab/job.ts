import type { Job } from '../job.ts';
import type { CrontabEntry } from './read.ts';
import { delayOf, MAIL } from './variables.ts';

/** The tag by which an import finds the jobs again that an earlier one of the same source made. */
export const tagOf = (source: string): string => `crontab:${source}`;

export type CrontabSettings = {
  /** Zone of the machine that the crontab comes from; its own CRON_TZ and TZ go before it. */
  readonly timezone?: string | undefined;
  /** Leaves the user column out. */
  readonly ignoreUser: boolean;
};

/** The fields of a job that the crontab has the word about: what is absent here is absent in the job. All else (what people add in the console) is theirs. */
type CrontabFields = Pick<Job, 'command' | 'cronExpr'> &
  Partial<Pick<Job, 'stdin' | 'shell' | 'env' | 'timezone' | 'jitterMs' | 'runAs' | 'description'>>;

/** What a line of a crontab asks of its job. */
export const fieldsOf = (entry: CrontabEntry, settings: CrontabSettings): CrontabFields => {
  const { variables, command, stdin, user, description } = entry;
  const env: [string, string][] = [];
  for (const [name, value] of variables) if (isGiven(name, entry)) env.push([name, value]);
  const jitterMs = delayOf(variables.get('RANDOM_DELAY') ?? '') ?? 0;
  const filled = (name: string): string | undefined => (variables.get(name) === '' ? undefined : variables.get(name));
  const timezone = filled('CRON_TZ') ?? filled('TZ') ?? settings.timezone;
  const shell = filled('SHELL');
  return {
    cronExpr: entry.cronExpr,
    command,
    ...(stdin === undefined ? {} : { stdin }),
    ...(description === undefined ? {} : { description }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(jitterMs > 0 ? { jitterMs } : {}),
    ...(user === undefined || settings.ignoreUser ? {} : { runAs: user }),
    ...(shell === undefined ? {} : { shell }),
    ...(env.length > 0 ? { env: Object.fromEntries(env) } : {}),
  };
};

const ELSEWHERE: ReadonlySet<string> = new Set(['SHELL', 'CRON_TZ', 'RANDOM_DELAY', 'LOGNAME', 'USER', 'START_HOURS_RANGE']);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a variable goes into the environment. Those about mail do where the command itself asks for them. */
const isGiven = (name: string, { command, stdin = '' }: CrontabEntry): boolean =>
  MAIL.has(name) ? command.includes(name) || stdin.includes(name) : NAME.test(name) && !ELSEWHERE.has(name);

const OWN = ['command', 'cronExpr', 'stdin', 'shell', 'env', 'timezone', 'jitterMs'] as const;

/** The job as it becomes: what the crontab says over what is stored, and the tag of the source. Fields that nobody here knows stay. */
export const mergedJob = (
  stored: Readonly<Record<string, unknown>> | undefined,
  {
    name,
    fields,
    tag,
    fresh,
  }: { readonly name: string; readonly fields: Partial<Job>; readonly tag: string; readonly fresh: Partial<Job> },
): Readonly<Record<string, unknown>> => {
  const kept = Object.entries(stored ?? fresh).filter(([field]) => !(OWN as readonly string[]).includes(field));
  const tags = Array.isArray(stored?.['tags']) ? (stored['tags'] as readonly unknown[]) : [];
  return { ...Object.fromEntries(kept), name, ...fields, tags: tags.includes(tag) ? tags : [...tags, tag] };
};
