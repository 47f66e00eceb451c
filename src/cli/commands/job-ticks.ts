import { Option, type Command } from 'commander';
import type { TickView, WhyView } from '../../domain/wire.ts';
import { createClient, firstOf, type ClientOptions } from '../client.ts';
import { table } from '../table.ts';

type Options = ClientOptions & { readonly from?: string; readonly to?: string; readonly limit: string };
/** Makes a command of `cronstream job`: usage, description, examples. */
type Add = (usage: string, description: string, examples: readonly string[]) => Command;

/** `cronstream job ticks`: what became of each tick, and which come. */
export const addJobTicks = (add: Add, print: (text: string) => void): void => {
  add('ticks <name>', 'what became of each tick, and why; and which come. Newest first', [
    'ticks backup',
    'ticks backup --from 2027-01-31T03:00:00Z --to 2027-01-31T03:00:00Z',
    'ticks backup --limit 1000 --json',
  ])
    .option('--from <instant>', 'fire time from, ISO 8601 (a day before now, or before --to)')
    .option('--to <instant>', 'fire time to, ISO 8601 (the next ten that come)')
    .option('--limit <n>', 'at most so many', '50')
    .action(async (name: string, options: Options) => {
      const ticks = await newest(name, options);
      if (options.json) print(JSON.stringify(ticks, undefined, 2));
      else if (ticks.length === 0) print(`There is no record of a tick of ${name} in this time, and none comes`);
      else print(ticksTable(ticks));
    });
};

/** `cronstream job why`: a sentence about one instant. */
export const addJobWhy = (add: Add, print: (text: string) => void): void => {
  add('why <name>', 'why it ran, or did not, at a time', [
    'why backup --at 03:00',
    'why backup --at 2027-01-31T03:00',
    'why backup --at 2027-01-31T03:00:00Z --json',
  ])
    .requiredOption('--at <time>', 'a time of the day (the last one), or a date and time: in the time zone of the job, or with Z')
    .addOption(new Option('--lang <language>', 'language of the words').choices(['en', 'zh']).default('en'))
    .action(async (name: string, { at, ...options }: ClientOptions & { readonly at: string }) => {
      const query = new URLSearchParams({ at });
      const why = await createClient(options).json<WhyView>('GET', `/jobs/${encodeURIComponent(name)}/why?${query.toString()}`);
      print(options.json ? JSON.stringify(why, undefined, 2) : why.sentence);
    });
};

const newest = (name: string, { from, to, limit, ...options }: Options): Promise<readonly TickView[]> =>
  firstOf<TickView>(createClient(options), `/jobs/${encodeURIComponent(name)}/ticks`, { from, to, limit });

/** One line a tick, or a range of them. */
export const ticksTable = (ticks: readonly TickView[]): string =>
  table(['FIRE TIME', 'FATE', 'LATE', 'WORKER', 'WHY', 'RUN'], ticks.map(rowOf));

const rowOf = (tick: TickView): readonly string[] => {
  const { fireTime, fate, to, count = 1, outcome, latenessMs, worker, workerName, runId } = tick;
  return [
    to === undefined || to === fireTime ? fireTime : `${fireTime} to ${to}`,
    `${count > 1 ? `${String(count)} ` : ''}${fate}${fate === 'ran' ? `: ${outcome ?? 'running'}` : ''}`,
    latenessMs === undefined ? '-' : `${String(latenessMs)} ms`,
    workerName ?? worker ?? '-',
    whyOf(tick),
    runId ?? '-',
  ];
};

const whyOf = ({ fate, reason, by, note, trigger, latenessMs, waitsFor }: TickView): string =>
  [
    ...(fate === 'coming' && latenessMs !== undefined ? ['due, not decided yet'] : []),
    ...(trigger === 'catchUp' ? ['caught up'] : []),
    ...(reason === undefined ? [] : [reason]),
    ...(waitsFor === undefined ? [] : [waitsFor]),
    ...(by === undefined ? [] : [`by ${by}`]),
    ...(note === undefined ? [] : [note]),
  ].join(', ') || '-';
