import type { Command } from 'commander';
import { createClient, Told, type ClientOptions } from '../client.ts';

type Options = ClientOptions & { readonly from: string; readonly to: string; readonly dryRun?: boolean };
type Backfilled = {
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly runId?: string;
  readonly runIds?: readonly string[];
};
/** Makes a command of `cronstream job`: usage, description, examples. */
type Add = (usage: string, description: string, examples: readonly string[]) => Command;

/** `cronstream job backfill`: the ticks of a time that is over, run one by one. */
export const addJobBackfill = (add: Add, print: (text: string) => void): void => {
  add('backfill <name>', 'run the ticks of a time that is over, one by one, oldest first, whatever became of them before', [
    'backfill report --from 2027-01-29 --to 2027-01-31 --dry-run',
    'backfill report --from 2027-01-29 --to 2027-01-31',
    'backfill report --from 2027-01-31T03:00:00Z --to 2027-01-31T03:00:00Z',
  ])
    .requiredOption('--from <instant>', 'the first fire time, ISO 8601; a date alone is its midnight in UTC')
    .requiredOption('--to <instant>', 'the last fire time, included')
    .option('--dry-run', 'only say how many ticks that are')
    .action(async (name: string, { from, to, dryRun = false, ...options }: Options) => {
      const done = await createClient(options).json<Backfilled>('POST', `/jobs/${encodeURIComponent(name)}/backfill`, {
        from: instantOf('--from', from),
        to: instantOf('--to', to),
        ...(dryRun && { dryRun }),
      });
      const ticks = `${String(done.count)} ${done.count === 1 ? 'run' : 'runs'}, ${done.first} to ${done.last}`;
      print(
        options.json
          ? JSON.stringify(done)
          : dryRun
            ? `It would be ${ticks}`
            : `Queued: ${ticks}. What is left: cronstream job ticks ${name}, or the job's page; end what still waits of it: cronstream job kill ${name} --run ${idsOf(done).join(' ')}`,
      );
    });
};

/** Of each range that waits: one, or one a worker under placement `all`. */
const idsOf = ({ runId = '', runIds = [runId] }: Backfilled): readonly string[] => runIds;

const instantOf = (option: string, text: string): string => {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new Told(`${option}: "${text}" is not an instant, as 2027-01-31T03:00:00Z`);
  return at.toISOString();
};
