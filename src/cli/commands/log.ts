import { Option, type Command } from 'commander';
import type { LogCount, LogFault } from '../../stores/check-log.ts';
import { Told } from '../client.ts';
import { createLogger } from '../logger.ts';
import { WrongUsage } from './serve.ts';

type LogOptions = { readonly data?: string; readonly mongo?: string; readonly database: string; readonly json?: boolean };

const COMMANDS = {
  verify: {
    description: 'compares the documents of runs with the events that they are made of; changes nothing',
    more: 'Exit code 1 where something differs. Workers and masters may go on meanwhile; on embedded stores the process that has them must be stopped first.',
    example: 'verify --data ./data',
  },
  rebuild: {
    description: 'makes documents of runs, statistics of hours and the list of changes anew from the events',
    more: 'Documents that are right stay. It may be stopped at any time and started again. Workers and masters may go on meanwhile; on embedded stores the process that has them must be stopped first.',
    example: 'rebuild --mongo mongodb://mongo:27017 --database cron',
  },
} as const;

/** `cronstream log verify | rebuild`: on the run log itself, without a master. */
export const addLogCommands = (program: Command): void => {
  const group = program.command('log').description('checks and mends the run log');
  for (const [name, { description, more, example }] of Object.entries(COMMANDS)) {
    group
      .command(name)
      .description(description)
      .option('--data <dir>', 'the data folder of `cronstream up`')
      .addOption(new Option('--mongo <url>', 'MongoDB, as mongodb://mongo:27017').env('CRONSTREAM_MONGO'))
      .addOption(new Option('--database <name>', 'database in MongoDB').env('CRONSTREAM_DATABASE').default('cron'))
      .option('--json', 'what was found, as JSON')
      .addHelpText(
        'after',
        `\n${more}\n\nExamples:\n  cronstream log ${example}\n  CRONSTREAM_MONGO=mongodb://… cronstream log ${name} --json`,
      )
      .action((options: LogOptions) => act(options, name === 'rebuild'));
  }
};

const act = async (options: LogOptions, repairs: boolean): Promise<void> => {
  const { data, mongo } = options;
  if ((data === undefined) === (mongo === undefined))
    throw new WrongUsage('which run log? --data DIR of `cronstream up`, or --mongo URL: one of the two');
  // A client command does not load the stores.
  const [{ checkLog }, { openRunLog }] = await Promise.all([import('../../stores/check-log.ts'), import('../../stores/open.ts')]);
  const { runLog, close } = await openRunLog(
    data === undefined ? { type: 'mongo', url: mongo ?? '', database: options.database } : { type: 'embedded', dataDir: data },
    createLogger('warn', process.stderr.isTTY),
  );
  try {
    const faults: LogFault[] = [];
    const count = await checkLog(runLog, {
      repairs,
      onFault: (fault) => {
        faults.push(fault);
        if (options.json !== true && faults.length <= MOST_TOLD) say(`${fault.runId}: ${WORDS[fault.fault]}`);
      },
      onProgress: (now) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${inWords(now, repairs)} …`);
      },
    });
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    if (options.json === true) process.stdout.write(`${JSON.stringify({ ...count, found: faults.slice(0, 1_000) })}\n`);
    else say(inWords(count, repairs));
    if (count.faults > 0 && !repairs)
      throw new Told('the documents of runs are not what their events say: `cronstream log rebuild` makes them anew');
  } finally {
    await close();
  }
};

const MOST_TOLD = 50;
const WORDS: Readonly<Record<LogFault['fault'], string>> = {
  missing: 'the run has ended and has no document',
  different: 'its document says something else than its events',
  extra: 'it has a document, and no events of a run that has ended',
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const inWords = ({ events, runs, documents, faults, hours }: LogCount, repairs: boolean): string =>
  `${String(events)} events, ${String(runs)} runs, ${String(documents)} documents; ${String(faults)} ${repairs ? 'made anew' : 'wrong'}${repairs ? `, statistics of ${String(hours)} hours` : ''}`;
