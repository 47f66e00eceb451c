import { Command, CommanderError } from 'commander';
import { Told } from './client.ts';
import { addExplain } from './commands/explain.ts';
import { addExport } from './commands/export.ts';
import { addImport } from './commands/import.ts';
import { addAudit } from './commands/job-revisions.ts';
import { addJobCommands } from './commands/job.ts';
import { addLogCommands } from './commands/log.ts';
import { addServeCommands, WrongUsage } from './commands/serve.ts';
import { VERSION } from './root.ts';

/* The program `cronstream`. Exit codes: 0 done, 1 failed, 2 wrong usage. */

const program = new Command('cronstream')
  .description('A distributed crontab: every tick once, on any worker, everything live in one console.')
  .version(VERSION)
  .showHelpAfterError('(--help shows what there is)')
  .addHelpText(
    'after',
    "\nExamples:\n  cronstream up --demo\n  cronstream job save --name hello --command 'echo hello' --cron '*/5 * * * *'\n  cronstream job logs hello -f\n  cronstream explain '0 3 * * 1-5' --tz Europe/Berlin",
  );
addServeCommands(program);
addJobCommands(program);
addExplain(program);
addImport(program);
addExport(program);
addAudit(program, (text) => {
  process.stdout.write(`${text}\n`);
});
addLogCommands(program);
for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
  command.exitOverride();

const leave = (text: string, code: number): never => {
  process.stderr.write(`${text}\n`);
  process.exit(code);
};

// Whatever nobody foresaw ends the process, with its trace: a supervisor starts it anew, and the runs have a launcher of their own.
process.on('uncaughtException', (error) => leave(`unforeseen: ${error.stack ?? error.message}`, 1));
process.on('unhandledRejection', (error) =>
  leave(`unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, 1),
);

// Whoever reads may have enough (`| head`): then nothing is wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

/** Until the reader of a pipe has taken all that was printed: the end of the process would drop what is left. However long that takes: it may be `less`. */
const read = (): Promise<void> =>
  new Promise((resolve) => {
    if (process.stdout.writableLength === 0) resolve();
    else
      process.stdout.write('', () => {
        resolve();
      });
  });

try {
  await program.parseAsync();
  await read();
  process.exit(process.exitCode ?? 0);
} catch (error) {
  await read();
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  if (error instanceof WrongUsage) leave(error.message, 2);
  leave(
    `cronstream: ${error instanceof Error ? (error instanceof Told || process.env['CRONSTREAM_LOG_LEVEL'] !== 'debug' ? error.message : (error.stack ?? error.message)) : String(error)}`,
    1,
  );
}
