import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { defined } from '../../domain/run.ts';
import type { JobView, RunView } from '../../domain/wire.ts';
import { createClient, MOST_A_PAGE, pagesOf, Told, type ClientOptions } from '../client.ts';
import { againstMaster } from '../options.ts';
import { followOutput } from '../follow.ts';
import { table } from '../table.ts';
import { addJobBackfill } from './job-backfill.ts';
import { addJobRevisions } from './job-revisions.ts';
import { addJobTicks, addJobWhy } from './job-ticks.ts';

type Page<T> = { readonly items: readonly T[]; readonly nextCursor?: string };

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const path = (name: string): string => `/jobs/${encodeURIComponent(name)}`;

/** `cronstream job …`: everything about jobs against a master, by its REST. */
export const addJobCommands = (program: Command): void => {
  const job = program.command('job').description('list, save, run and follow jobs, against a master');
  const add = (usage: string, description: string, examples: readonly string[]): Command =>
    againstMaster(job.command(usage).description(description)).addHelpText(
      'after',
      `\nExamples:\n${examples.map((each) => `  cronstream job ${each}`).join('\n')}`,
    );

  add('ls', 'the jobs: schedule, next fire time, last outcome', ['ls', 'ls --q backup', 'ls --json'])
    .option('--q <text>', 'only those with this text')
    .option('--tag <tag>', 'only those with this tag')
    .action(async (options: ClientOptions & { q?: string; tag?: string }) => {
      const client = createClient(options);
      const jobs: JobView[] = [];
      const asked = { limit: String(MOST_A_PAGE), q: options.q, tag: options.tag };
      for await (const items of pagesOf<JobView>(client, '/jobs', asked)) jobs.push(...items);
      if (options.json) print(JSON.stringify(jobs, undefined, 2));
      else if (jobs.length === 0)
        print("No jobs yet. The first: cronstream job save --name hello --command 'echo hello' --cron '* * * * *'");
      else print(table(['NAME', 'STATE', 'NEXT', 'LAST', 'SCHEDULE'], jobs.map(rowOf)));
    });

  add('get <name>', 'one job, as JSON that `save` takes', ['get backup', 'get backup > backup.json']).action(
    async (name: string, options: ClientOptions) => {
      const view = await createClient(options).json<JobView>('GET', path(name));
      print(JSON.stringify(options.json ? view : view.job, undefined, 2));
    },
  );

  add('save [file]', 'create or replace a job: from a file, - for standard input, or options', [
    "save --name hello --command 'echo hello' --cron '*/5 * * * *'",
    'save backup.json',
    'get a | sed s/a/b/ | cronstream job save -',
  ])
    .option('--name <name>')
    .option('--command <command>')
    .option('--cron <text>', 'cron text of 5, 6 or 7 fields; one a line')
    .option('--tz <zone>', 'IANA time zone, as Europe/Berlin')
    .action(
      async (
        file: string | undefined,
        options: ClientOptions & { name?: string; command?: string; cron?: string; tz?: string },
      ) => {
        const given = { name: options.name, command: options.command, cronExpr: options.cron, timezone: options.tz };
        const body: Record<string, unknown> = {
          ...(file === undefined ? {} : readJob(file)),
          ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
        };
        if (typeof body['name'] !== 'string') throw new Told('the job has no name: give --name, or a file that holds one');
        const view = await createClient(options).json<JobView>('PUT', path(body['name']), body);
        print(
          options.json
            ? JSON.stringify(view, undefined, 2)
            : `Saved ${body['name']}: ${view.schedule}${view.nextFireTime === undefined ? '' : `, next ${view.nextFireTime}`}`,
        );
      },
    );

  add('rm <name>', 'delete a job; its live runs go on unless --kill', ['rm hello', 'rm hello --kill'])
    .option('--kill', 'end its live runs too')
    .action(async (name: string, options: ClientOptions & { kill?: boolean }) => {
      await createClient(options).ask('DELETE', `${path(name)}${options.kill ? '?kill=true' : ''}`);
      print(options.json ? JSON.stringify({ deleted: name }) : `Deleted ${name}`);
    });

  add('run <name>', 'run a job now', ['run backup', 'run backup --follow', 'run backup --param DAY=monday'])
    .option('--param <name=value...>', 'parameters, as environment variables of the run')
    .option('--follow', 'print its output until it ends; exits with 1 if it did not succeed')
    .action(async (name: string, options: ClientOptions & { param?: string[]; follow?: boolean }) => {
      const client = createClient(options);
      const params = Object.fromEntries(
        (options.param ?? []).map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
      );
      const { runId, warning } = await client.json<{ runId: string; warning?: string }>(
        'POST',
        `${path(name)}/run`,
        Object.keys(params).length === 0 ? {} : { params },
      );
      if (warning !== undefined) process.stderr.write(`${warning}\n`);
      if (options.json || !options.follow)
        print(
          options.json
            ? JSON.stringify({ runId, ...(warning !== undefined && { warning }) })
            : `Run ${runId} is queued. Follow it: cronstream job logs ${name} -f`,
        );
      if (options.follow) {
        await follow(client, runId);
      }
    });

  addJobBackfill(add, print);

  add('kill <name>', 'end the live and the waiting runs of a job, or only some', ['kill backup', 'kill backup --run 0196…'])
    .option('--run <id...>', 'only these: runs, or what still waits of a backfill')
    .action(async (name: string, { run: ids, ...options }: ClientOptions & { run?: string[] }) => {
      const client = createClient(options);
      if (ids === undefined) {
        const answer = await client.json<unknown>('POST', `${path(name)}/kill`, {});
        print(options.json ? JSON.stringify(answer) : `Asked: the runs of ${name} are being ended`);
        return;
      }
      // One that has ended already does not keep the others.
      const asked = await Promise.allSettled(ids.map((id) => client.ask('POST', `/runs/${encodeURIComponent(id)}/kill`)));
      for (const each of asked) if (each.status === 'rejected') throw each.reason;
      print(
        options.json
          ? JSON.stringify({ runIds: ids })
          : `Asked: ${ids.join(', ')} of ${name} ${ids.length === 1 ? 'is' : 'are'} being ended`,
      );
    });

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const)
    add(`${verb} <name>`, `${verb} a job`, [`${verb} backup`]).action(async (name: string, options: ClientOptions) => {
      const view = await createClient(options).json<JobView>('PATCH', path(name), { enabled });
      print(options.json ? JSON.stringify(view, undefined, 2) : `${name} is ${verb}d`);
    });

  addJobTicks(add, print);
  addJobWhy(add, print);
  addJobRevisions(add, print);

  add('logs <name>', 'output of the newest run of a job', [
    'logs backup',
    'logs backup -f',
    'logs backup --run 0196…',
    'logs backup --tail 2000',
  ])
    .option('-f, --follow', 'all of it, and what comes until the run ends')
    .option('--run <id>', 'another run than the newest')
    .addOption(new Option('--tail <bytes>', 'only so many bytes at the end').conflicts('follow'))
    .addOption(new Option('--from <byte>', 'only from this byte on, counted from 0').conflicts(['tail', 'follow']))
    .action(async (name: string, options: LogsOptions) => {
      const client = createClient(options);
      const [newest] =
        options.run === undefined
          ? (await client.json<Page<RunView>>('GET', `/runs?job=${encodeURIComponent(name)}&limit=1`)).items
          : [];
      const runId = options.run ?? newest?.id;
      if (runId === undefined) {
        await client.ask('GET', path(name)); // where there is no such job, that is what is told
        throw new Told(`${name} has not run yet`);
      }
      if (options.follow) return follow(client, runId);
      const query = new URLSearchParams(defined({ tail: options.tail, from: options.from })).toString();
      const answer = await client.ask('GET', `/runs/${encodeURIComponent(runId)}/output?${query}`);
      if (options.json) print(JSON.stringify({ runId, output: await answer.text() }));
      // As it comes: an output may have gigabytes.
      else for await (const bytes of (answer.body ?? []) as AsyncIterable<Uint8Array>) await written(bytes);
    });
};

type LogsOptions = ClientOptions & {
  readonly follow?: boolean;
  readonly run?: string;
  readonly tail?: string;
  readonly from?: string;
};

/** Until standard output has taken them: whoever reads slowly is waited for. */
const written = async (bytes: Uint8Array): Promise<void> => {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
};

const follow = async (client: ReturnType<typeof createClient>, runId: string): Promise<void> => {
  const run = await followOutput(client, runId, (bytes) => process.stdout.write(bytes));
  if (run.outcome === 'succeeded') return;
  process.stderr.write(
    `${run.outcome ?? 'ended'}${run.exitCode === undefined ? '' : `, exit code ${String(run.exitCode)}`}${run.error === undefined ? '' : `: ${run.error}`}\n`,
  );
  process.exitCode = 1;
};

const readJob = (file: string): Record<string, unknown> => {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Told(
      `${file === '-' ? 'standard input' : file} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

const stateOf = ({ job, running, queued, broken, noWorker }: JobView): string => {
  if (broken !== undefined) return 'broken';
  if (running.length > 0) return 'running';
  if (isOff(job)) return queued > 0 ? 'queued' : 'disabled';
  // What is queued waits for nobody there.
  if (noWorker === true) return 'no worker';
  return queued > 0 ? 'queued' : 'waiting';
};

const rowOf = (view: JobView): readonly string[] => {
  const { job, schedule, nextFireTime, lastRun, broken } = view;
  return [
    job.name,
    stateOf(view),
    nextFireTime ?? '-',
    lastRun ? `${lastRun.outcome} ${lastRun.endedAt}` : '-',
    broken ?? schedule,
  ];
};

const isOff = (job: JobView['job']): boolean => 'enabled' in job && !job.enabled;
