import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Option, type Command } from 'commander';
import { optionNames, OPTIONS, resolveConfig, variableOf, type Config, type Kind } from '../config.ts';

const COMMANDS: Readonly<
  Record<
    Kind,
    { readonly description: string; readonly examples: readonly string[]; readonly serve: (config: Config) => Promise<void> }
  >
> = {
  up: {
    description: 'everything in one process, on embedded stores in one folder',
    examples: ['up', 'up --data /var/lib/cronstream --port 8080', 'CRONSTREAM_DEMO=true cronstream up'],
    serve: async (config) => (await import('../serve.ts')).serveUp(config), // a client command does not load the servers
  },
  master: {
    description: 'the API and the console, on etcd and MongoDB; any number of them',
    examples: ['master --etcd http://etcd:2379 --mongo mongodb://mongo:27017', 'master --config /etc/cronstream/master.json'],
    serve: async (config) => (await import('../serve.ts')).serveMaster(config),
  },
  worker: {
    description: 'runs jobs, on etcd and MongoDB; any number of them',
    examples: ['worker --etcd http://etcd:2379 --mongo mongodb://mongo:27017 --data /var/lib/cronstream --labels web,region=eu'],
    serve: async (config) => (await import('../serve.ts')).serveWorker(config),
  },
};

/** Wrong configuration: everything that is wrong, in one message. Exit code 2. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** `cronstream up | master | worker`. */
export const addServeCommands = (program: Command): void => {
  for (const kind of ['up', 'master', 'worker'] as const) {
    const { description, examples, serve } = COMMANDS[kind];
    const command = program.command(kind).description(description);
    for (const name of optionNames) {
      const option: { readonly in: readonly Kind[]; readonly flag?: string; readonly help: string } = OPTIONS[name];
      if (option.flag !== undefined && option.in.includes(kind))
        command.addOption(new Option(option.flag, `${option.help} [${variableOf(name)}]`));
    }
    command
      .option('--config <file>', 'JSON file of these options, by their names in camel case [CRONSTREAM_CONFIG]')
      .addHelpText(
        'after',
        `\nFlags win over variables, variables over the file. Passwords and tokens come from variables or the file only.\nExamples:\n${examples.map((each) => `  ${each.startsWith('CRON') ? '' : 'cronstream '}${each}`).join('\n')}`,
      )
      .action(async (flags: Record<string, unknown>) => {
        // commander turns --no-auth into auth: false
        const { auth, config: given, ...rest } = flags;
        const path = typeof given === 'string' ? given : process.env['CRONSTREAM_CONFIG'];
        const resolved = resolveConfig(kind, {
          flags: auth === false ? { ...rest, noAuth: true } : rest,
          env: process.env,
          file: path === undefined ? undefined : fileAt(path),
          hostname: hostname(),
        });
        if (!resolved.ok)
          throw new WrongUsage(
            `cronstream ${kind} cannot start like this:\n${resolved.problems.map((problem) => `  ${problem}`).join('\n')}\nHelp: cronstream ${kind} --help`,
          );
        await serve(resolved.config);
      });
  }
};

const fileAt = (path: string): { readonly name: string; readonly text: string } => {
  try {
    return { name: path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new WrongUsage(`--config: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};
