import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createClient, Told, type ClientOptions } from '../client.ts';
import { againstMaster } from '../options.ts';

/** `cronstream export`: all jobs as JSON that `import` takes back. */
export const addExport = (program: Command): void => {
  againstMaster(
    program
      .command('export')
      .description('all jobs as JSON, which import takes back')
      .option('-o, --output <file>', 'into a file that only you can read: env may hold secrets'),
    'on one line, for programs',
  )
    .addHelpText(
      'after',
      '\nExamples:\n  cronstream export -o jobs.json\n  cronstream export | jq -r ".jobs[].name"\n  cronstream export | cronstream import - --server http://other:8070',
    )
    .action(async (options: ClientOptions & { readonly output?: string }) => {
      const exported = await createClient(options).json<{ jobs: unknown[]; broken?: { name: string; reason: string }[] }>(
        'GET',
        '/export',
      );
      for (const { name, reason } of exported.broken ?? []) process.stderr.write(`${name} is not in it: ${reason}\n`);
      const text = `${JSON.stringify(exported, undefined, options.json ? undefined : 2)}\n`;
      if (options.output === undefined) {
        await new Promise<void>((resolve) => {
          process.stdout.write(text, () => {
            resolve();
          });
        });
        return;
      }
      try {
        writeFileSync(options.output, text, { mode: 0o600 });
      } catch (error) {
        throw new Told(`${options.output} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      }
      process.stderr.write(`${String(exported.jobs.length)} jobs are in ${options.output}\n`);
    });
};
