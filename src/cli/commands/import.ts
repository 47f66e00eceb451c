import { Option, type Command } from 'commander';
import type { ImportAnswer, ImportItem } from '../../domain/crontab/answer.ts';
import { createClient, Told, type ClientOptions } from '../client.ts';
import { againstMaster } from '../options.ts';
import { readImports, type Import } from '../import-files.ts';
import { table, visible } from '../table.ts';

type ImportOptions = ClientOptions & {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly format?: 'user' | 'system';
  readonly seconds?: boolean;
  readonly source?: string;
  readonly tz?: string;
  readonly ignoreUser?: boolean;
  readonly disabled?: boolean;
  readonly workers?: string;
  readonly labels?: string;
};

/** `cronstream import`: crontabs and exports into a cluster, told line by line. */
export const addImport = (program: Command): void => {
  againstMaster(
    program
      .command('import <path>')
      .description('take over a crontab (a file, a folder as /etc/cron.d, - for standard input) or what export wrote')
      .option('--dry-run', 'write nothing; tell what would become of each line')
      .option('--prune', 'remove the jobs that an earlier import of this source made and that it has no more')
      .option('--source <name>', 'what the jobs are marked with; the host and the path if absent')
      .addOption(
        new Option(
          '--format <form>',
          'with a user before each command (system), or without; seen from the lines if absent',
        ).choices(['user', 'system']),
      )
      .option('--seconds', 'lines whose sixth word can be a time field have six, seconds first')
      .option('--tz <zone>', "zone of the schedules where the crontab names none; this machine's if absent")
      .option('--ignore-user', 'leave the user column out: the jobs run as the user of the worker')
      .option('--workers <names>', 'only these workers run the jobs, as web1,web2')
      .option('--labels <labels>', 'only workers with these labels run the jobs, as web,region=eu')
      .option('--disabled', 'save new jobs disabled: enable them once the crontab is off'),
  )
    .addHelpText(
      'after',
      '\nExits with 1 where something was refused.\n\nExamples:\n  crontab -l | cronstream import - --dry-run\n  crontab -l | cronstream import - --workers web1\n  cronstream import /etc/cron.d --ignore-user --dry-run\n' +
        '  ssh db1 crontab -l | cronstream import - --source db1:postgres --tz Europe/Berlin --prune\n  cronstream import jobs.json',
    )
    .action(async (path: string, options: ImportOptions) => {
      const { imports, skipped } = await readImports(path, options.source);
      const client = createClient(options);
      const answers: (ImportAnswer & { readonly path: string })[] = [];
      for (const each of imports) {
        const isJson = /^\s*[{[]/.test(each.text);
        const query = new URLSearchParams(
          Object.entries({
            ...(options.dryRun && { dryRun: 'true' }),
            ...(options.prune && { prune: 'true' }),
            ...(options.disabled && { disabled: 'true' }),
            ...(!isJson || options.source !== undefined || options.prune ? { source: each.source } : {}),
            ...(isJson ? {} : crontabQuery(options, each)),
          }),
        );
        const body = isJson ? jobsOf(each) : each.text;
        const answer = await client.send('POST', `/import?${query.toString()}`, body, isJson ? 'application/json' : 'text/plain');
        answers.push({ path: each.path, ...((await answer.json()) as ImportAnswer) });
      }
      if (options.json)
        process.stdout.write(`${JSON.stringify(answers.length === 1 ? answers[0] : { answers, skipped }, undefined, 2)}\n`);
      else {
        for (const answer of answers) process.stdout.write(`${toldOf(answer, answers.length > 1)}\n`);
        for (const { path: left, reason } of skipped) process.stdout.write(`${visible(left)} is left out: ${reason}\n`);
      }
      if (answers.some(({ refused }) => refused > 0)) process.exitCode = 1;
    });
};

const crontabQuery = (options: ImportOptions, { format }: Import): Readonly<Record<string, string>> => ({
  timezone: options.tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  ...(options.seconds && { seconds: 'true' }),
  ...(options.ignoreUser && { ignoreUser: 'true' }),
  ...(options.workers !== undefined && { workers: options.workers }),
  ...(options.labels !== undefined && { labels: options.labels }),
  ...((options.format ?? format) === undefined ? {} : { format: options.format ?? format ?? '' }),
});

/** Export's own form, or a bare list of jobs. */
const jobsOf = ({ path, text }: Import): string => {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? JSON.stringify({ jobs: value as unknown[] }) : text;
  } catch (error) {
    throw new Told(`${path} begins as JSON and is none: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const WORDS: Readonly<Record<ImportItem['action'], readonly [done: string, would: string]>> = {
  created: ['created', 'would be created'],
  changed: ['changed', 'would be changed'],
  unchanged: ['unchanged', 'unchanged'],
  removed: ['removed', 'would be removed'],
  refused: ['refused', 'refused'],
  noted: ['noted', 'noted'],
};

const toldOf = (
  { path, items, dryRun, format, timezone, source, ...counts }: ImportAnswer & { readonly path: string },
  isOneOfMany: boolean,
): string => {
  const rows = items.map(({ line, name, action, reason, errors = [], warnings = [] }) => [
    line === undefined ? '' : String(line),
    WORDS[action][dryRun ? 1 : 0],
    name ?? '-',
    [reason, ...errors.slice(1).map(({ message }) => message), ...warnings.map((text) => `! ${text}`)]
      .filter((each) => each !== undefined)
      .join('; '),
  ]);
  const summary = (['created', 'changed', 'unchanged', 'removed', 'refused'] as const)
    .filter((action) => counts[action] > 0)
    .map((action) => `${String(counts[action])} ${WORDS[action][dryRun ? 1 : 0]}`);
  const from =
    format === 'jobs' ? '' : ` (${format ?? ''} form${timezone === undefined ? '' : `, ${timezone}`}, source ${source ?? ''})`;
  return [
    ...(isOneOfMany ? [visible(path)] : []),
    ...(rows.length > 0 ? [table(['LINE', 'WHAT', 'JOB', 'WHY'], rows)] : []),
    `${summary.length === 0 ? 'Nothing to do' : summary.join(', ')}${visible(from)}${dryRun ? '. Nothing was written: leave --dry-run out to do it' : ''}`,
  ].join('\n');
};
