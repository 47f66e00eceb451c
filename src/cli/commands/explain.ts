import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULTS } from '../../domain/defaults.ts';
import { toInstant, toMs } from '../../domain/instant.ts';
import type { FieldProblem } from '../../domain/problem.ts';
import type { OverlapPolicy } from '../../domain/job.ts';
import { readAsked } from '../../domain/schedule/asked.ts';
import { explainSchedule, type Explained } from '../../domain/schedule/explain.ts';
import { lengthOf } from '../../domain/schedule/text.ts';
import { isZone } from '../../domain/schedule/zone.ts';
import { systemClock } from '../../streams/clock.ts';
import { createClient, Told, type ClientOptions } from '../client.ts';

type Options = ClientOptions & {
  readonly tz?: string;
  readonly dst: 'auto' | 'skip' | 'both';
  readonly name?: string;
  readonly start?: string;
  readonly end?: string;
  readonly jitter?: number;
  readonly overlap?: OverlapPolicy;
  readonly from?: string;
  readonly count: number;
  readonly lang: 'en' | 'zh';
};

const countOf = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw new InvalidArgumentError('It is a whole number from 1 to 1000.');
  return count;
};

const jitterOf = (text: string): number => {
  const length = lengthOf(text);
  if (length === undefined) throw new InvalidArgumentError('It is a length, as 90s, 5m or 1h30m.');
  return length;
};

/** An option that is an instant: with `Z` or an offset, or by the clocks of the zone; a date alone is its midnight. */
const instantOf = (option: string, text: string, zone: string): string => {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text;
  const at = readAsked(whole, isZone(zone) ? zone : DEFAULTS.timezone, systemClock.now());
  if (at === undefined) throw new Told(`${option}: "${text}" is no instant, as 2027-03-28T00:00:00Z or 2027-03-28T00:00`);
  return toInstant(at);
};

const EXAMPLES = `
Examples:
  cronstream explain '*/5 * * * *'
  cronstream explain '0 3 * * *' --tz Europe/Berlin --from 2027-03-27T00:00:00Z
  cronstream explain 'H H(1-4) * * MON-FRI' --name backup
  cronstream explain '0 9 * * *' --start 2027-01-01 --end 2027-01-31 --jitter 5m
  cronstream explain '*/5 * * * *' --name backup --server http://127.0.0.1:8070
  cronstream explain '0 9 LW * *' --lang zh
  cronstream explain '@every 90s' --json`;

/** `cronstream explain`: what a cron text means. No master is needed; one knows what the runs of a job take, and so whether they will meet. */
export const addExplain = (program: Command): void => {
  program
    .command('explain <cron>')
    .description('what a cron text means: in words, its next fire times, and what may surprise')
    .option('--tz <zone>', "IANA time zone (UTC; with --server that master's)")
    .addOption(new Option('--dst <policy>', 'when the clock changes').choices(['auto', 'skip', 'both']).default('auto'))
    .option('--name <job>', 'name of the job: H and the jitter depend on it')
    .option('--start <instant>', 'not before this instant')
    .option('--end <instant>', 'not after this instant')
    .option('--jitter <length>', 'each is put off by up to so much, as 90s or 5m', jitterOf)
    .addOption(
      new Option('--overlap <policy>', 'with --server: as if the job had this policy').choices([
        'skip',
        'allow',
        'queue',
        'replace',
      ]),
    )
    .option('--from <instant>', 'fire times after this instant; now if absent')
    .option('--count <n>', 'how many fire times', countOf, 5)
    .addOption(new Option('--lang <language>', 'language of the words').choices(['en', 'zh']).default('en'))
    .option('--server <url>', 'ask this master, which knows how long the runs of --name take: whether they will meet')
    .option('--token <token>', 'who you are there (CRONSTREAM_TOKEN, or ~/.config/cronstream/token)')
    .option('--json', 'JSON, for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (cronExpr: string, options: Options) => {
      const explained = await explain(cronExpr, options);
      const zone = options.tz ?? DEFAULTS.timezone;
      process.stdout.write(options.json ? `${JSON.stringify(explained, undefined, 2)}\n` : `${inWords(explained, zone)}\n`);
    });
};

/** By the master where one and a job are named, and here otherwise. Throws `Told` for what is wrong with it. */
const explain = async (cronExpr: string, options: Options): Promise<Explained> => {
  const { tz, dst, name, start, end, jitter, overlap, from, count, lang, server } = options;
  const zone = tz ?? DEFAULTS.timezone;
  const text = {
    cronExpr,
    dst,
    ...(name !== undefined && { name }),
    ...(start !== undefined && { startAt: instantOf('--start', start, zone) }),
    ...(end !== undefined && { endAt: instantOf('--end', end, zone) }),
    ...(jitter !== undefined && { jitterMs: jitter }),
  };
  const after = from === undefined ? undefined : instantOf('--from', from, zone);
  if (server !== undefined && name === undefined)
    throw new Told('--server goes with --name: the master knows how long the runs of that job took');
  if (server === undefined && overlap !== undefined)
    throw new Told('--overlap goes with --server and --name: only a master knows how long the runs of a job took');
  if (server !== undefined)
    return createClient(options).json<Explained>('POST', '/schedules/explain', {
      ...text,
      ...(tz !== undefined && { timezone: tz }),
      ...(overlap !== undefined && { overlap }),
      ...(after !== undefined && { from: after }),
      count,
    });
  const at = after === undefined ? systemClock.now() : toMs(after);
  const explained = explainSchedule({ ...text, timezone: zone }, at, count, lang);
  if (!explained.ok) throw new Told(explained.problems.map((problem) => shown(problem, cronExpr)).join('\n'));
  return explained.value;
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
