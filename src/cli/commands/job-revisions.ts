import type { Command } from 'commander';
import { withoutFormat } from '../../domain/revision.ts';
import type { JobView, RevisionView } from '../../domain/wire.ts';
import { createClient, firstOf, MOST_A_PAGE, pagesOf, Told, type Client, type ClientOptions } from '../client.ts';
import { againstMaster } from '../options.ts';
import { table } from '../table.ts';

/** Makes a command of `cronstream job`: usage, description, examples. */
type Add = (usage: string, description: string, examples: readonly string[]) => Command;
type Print = (text: string) => void;

/** `cronstream job revisions` and `job restore`: who changed a job, and an old version of it put back. */
export const addJobRevisions = (add: Add, print: Print): void => {
  add('revisions <name>', 'who changed it, when, and what; newest first. Of a deleted job too', [
    'revisions backup',
    'revisions backup --limit 200 --json',
  ])
    .option('--limit <n>', 'at most so many', '50')
    .action(async (name: string, { limit, ...options }: ClientOptions & { readonly limit: string }) => {
      const found = await firstOf<RevisionView>(createClient(options), `${pathOf(name)}/revisions`, { limit });
      if (options.json) print(JSON.stringify(found, undefined, 2));
      else if (found.length === 0) print(`No changes of ${name} are on record`);
      else print(revisionsTable(found));
    });

  add('restore <name> <revision>', 'put an old version back, as `job revisions` lists it; of a deleted job too', [
    'revisions backup',
    'restore backup 1234',
    'restore backup 1234 --dry-run',
  ])
    .option('--dry-run', 'only print the job as it was then')
    .action(async (name: string, revision: string, { dryRun, ...options }: ClientOptions & { readonly dryRun?: boolean }) => {
      const client = createClient(options);
      const old = await versionOf(client, name, revision);
      if (dryRun) {
        print(JSON.stringify(old, undefined, 2));
        return;
      }
      const view = await client.json<JobView>('PUT', pathOf(name), old);
      print(
        options.json
          ? JSON.stringify(view, undefined, 2)
          : `${name} is again as it was at revision ${revision}: ${view.schedule}${view.nextFireTime === undefined ? '' : `, next ${view.nextFireTime}`}`,
      );
    });
};

/** `cronstream audit`: who changed which job. */
export const addAudit = (program: Command, print: Print): void => {
  againstMaster(
    program
      .command('audit')
      .description('who saved or deleted which job, when, and what it changed; newest first')
      .option('--job <name>', 'of this job alone')
      .option('--by <text>', 'by those with this text in their name')
      .option('--limit <n>', 'at most so many', '50'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  cronstream audit\n  cronstream audit --job backup --by ann\n  cronstream audit --limit 1000 --json',
    )
    .action(async ({ job, by, limit, ...options }: ClientOptions & AuditOptions) => {
      const found = await firstOf<RevisionView>(createClient(options), '/audit', { job, by, limit });
      if (options.json) print(JSON.stringify(found, undefined, 2));
      else if (found.length === 0) print('No such change is on record');
      else print(auditTable(found));
    });
};
type AuditOptions = { readonly job?: string; readonly by?: string; readonly limit: string };

const pathOf = (name: string): string => `/jobs/${encodeURIComponent(name)}`;

/** The job as a revision saved it, as PUT takes it. */
const versionOf = async (client: Client, name: string, revision: string): Promise<unknown> => {
  for await (const items of pagesOf<RevisionView>(client, `${pathOf(name)}/revisions`, { limit: String(MOST_A_PAGE) })) {
    const found = items.find((each) => each.revision === revision);
    if (found === undefined) continue;
    if (found.job === undefined) throw new Told(`revision ${revision} deleted ${name}: give the one before it`);
    return withoutFormat(found.job);
  }
  throw new Told(`${name} has no revision ${revision} on record: cronstream job revisions ${name}`);
};

/** A line a change of one job. */
export const revisionsTable = (all: readonly RevisionView[]): string =>
  table(
    ['REVISION', 'WHEN', 'BY', 'WHAT'],
    all.map(({ revision, at, by, text }) => [revision ?? '-', at, by, text]),
  );

/** A line a change of any job. */
export const auditTable = (all: readonly RevisionView[]): string =>
  table(
    ['WHEN', 'BY', 'JOB', 'REVISION', 'WHAT'],
    all.map(({ name, revision, at, by, text }) => [at, by, name, revision ?? '-', text]),
  );
