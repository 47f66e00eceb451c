import { InvalidArgumentError, Option, type Command } from 'commander';
import type { FieldProblem } from '../../domain/problem.ts';
import { explainSchedule, type Explained } from '../../domain/schedule/explain.ts';
import { systemClock } from '../../streams/clock.ts';
import { Told } from '../client.ts';

type Options = {
  readonly tz: string;
  readonly dst: 'auto' | 'skip' | 'both';
  readonly name?: string;
  readonly from?: number;
  readonly count: number;
  readonly lang: 'en' | 'zh';
  readonly json?: boolean;
};

const countOf = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw new InvalidArgumentError('It is a whole number from 1 to 1000.');
  return count;
};

const instantOf = (text: string): number => {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('It is an instant, as 2027-03-28T00:00:00Z.');
  return at;
};

const EXAMPLES = `
Examples:
  cronstream explain '*/5 * * * *'
  cronstream explain '0 3 * * *' --tz Europe/Berlin --from 2027-03-27T00:00:00Z
  cronstream explain 'H H(1-4) * * MON-FRI' --name backup
  cronstream explain '0 9 LW * *' --lang zh
  cronstream explain '@every 90s' --json`;

/** `cronstream explain`: what a cron text means, without a master. */
export const addExplain = (program: Command): void => {
  program
    .command('explain <cron>')
    .description('what a cron text means: in words, its next fire times, and what may surprise')
    .option('--tz <zone>', 'IANA time zone', 'UTC')
    .addOption(new Option('--dst <policy>', 'when the clock changes').choices(['auto', 'skip', 'both']).default('auto'))
    .option('--name <job>', 'name of the job: H depends on it')
    .option('--from <instant>', 'fire times after this instant; now if absent', instantOf)
    .option('--count <n>', 'how many fire times', countOf, 5)
    .addOption(new Option('--lang <language>', 'language of the words').choices(['en', 'zh']).default('en'))
    .option('--json', 'JSON, for programs')
    .addHelpText('after', EXAMPLES)
    .action((cronExpr: string, { tz, dst, name, from, count, lang, json }: Options) => {
      const text = { cronExpr, timezone: tz, dst, ...(name === undefined ? {} : { name }) };
      const explained = explainSchedule(text, from ?? systemClock.now(), count, lang);
      if (!explained.ok) throw new Told(explained.problems.map((problem) => shown(problem, cronExpr)).join('\n'));
      process.stdout.write(json ? `${JSON.stringify(explained.value, undefined, 2)}\n` : `${inWords(explained.value, tz)}\n`);
    });
};

const inWords = ({ description, fires, warnings }: Explained, zone: string): string => {
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const weekday = new Intl.DateTimeFormat('en', { timeZone: zone, weekday: 'short' });
  const lines = fires.map(({ at, note }) => {
    const date = new Date(at);
    const here = zone === 'UTC' ? '' : `${weekday.format(date)} ${local.format(date)}  `;
    return `  ${here}${at}${note === undefined ? '' : `  (${note})`}`;
  });
  return [description, ...lines, ...warnings.map((text) => `! ${text}`)].join('\n');
};

/** Who forgets the quotes gives every file of the folder. */
const LONGEST_SHOWN = 120;

/** A problem, and below it the line with a mark under its place. */
const shown = ({ message, line, column }: FieldProblem, cronExpr: string): string => {
  const text = line === undefined ? undefined : cronExpr.split(/\r?\n/)[line - 1];
  if (text === undefined || column === undefined || text.trim() === '' || text.length > LONGEST_SHOWN) return message;
  return `${message}\n  ${text}\n  ${' '.repeat(column - 1)}^`;
};
