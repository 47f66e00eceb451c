import type { Command } from 'commander';
import { explainSchedule } from '../../domain/schedule/explain.ts';
import { systemClock } from '../../streams/clock.ts';
import { Told } from '../client.ts';

/** `cronstream explain`: what a cron text means, without a master. */
export const addExplain = (program: Command): void => {
  program
    .command('explain <cron>')
    .description('what a cron text means: in words, its next fire times, and what may surprise')
    .option('--tz <zone>', 'IANA time zone', 'UTC')
    .option('--count <n>', 'how many fire times', '5')
    .option('--json', 'JSON, for programs')
    .addHelpText(
      'after',
      "\nExamples:\n  cronstream explain '*/5 * * * *'\n  cronstream explain '0 3 * * *' --tz Europe/Berlin\n  cronstream explain '0 0 12 1 1 * 2030' --json",
    )
    .action((cronExpr: string, { tz, count, json }: { tz: string; count: string; json?: boolean }) => {
      const many = Number(count);
      if (!Number.isInteger(many) || many < 1 || many > 1_000)
        throw new Told(`--count: "${count}" is not a whole number from 1 to 1000`);
      const explained = explainSchedule({ cronExpr, timezone: tz }, systemClock.now(), many);
      if (!explained.ok) throw new Told(explained.problems.map(({ message }) => message).join('\n'));
      const { description, fires, warnings } = explained.value;
      process.stdout.write(
        json
          ? `${JSON.stringify(explained.value, undefined, 2)}\n`
          : `${[description, ...fires.map(({ at, note }) => `  ${at}${note === undefined ? '' : `  ${note}`}`), ...warnings.map((text) => `! ${text}`)].join('\n')}\n`,
      );
    });
};
