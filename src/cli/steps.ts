import type { Logger } from 'pino';
import { systemClock } from '../streams/clock.ts';

/** What `up` tells its user: sentences on a terminal, log lines on a pipe. */
export const createSteps = (log: Logger, isTerminal: boolean) => {
  const say = (text: string): void => {
    if (isTerminal) process.stdout.write(`${text}\n`);
    else log.info(text);
  };
  let waited = '';
  return {
    say,
    /** Shown, never logged. */
    secret: (text: string): void => {
      process.stderr.write(`${text}\n`);
    },
    do: async <T>(what: string, act: () => T | Promise<T>): Promise<T> => {
      const startedAt = systemClock.monotonic();
      const done = await act();
      say(`  ${what}: ${((systemClock.monotonic() - startedAt) / 1_000).toFixed(1)} s`);
      return done;
    },
    welcome: ({
      url,
      signIn,
      dataDir,
      firstToken,
    }: {
      readonly url: string;
      readonly signIn: string;
      readonly dataDir: string;
      readonly firstToken: string | undefined;
    }): void => {
      if (isTerminal) say(`\n  Open   ${signIn}\n  Data   ${dataDir}\n  Ctrl-C stops\n`);
      else log.info({ url, data: dataDir }, 'up');
      if (firstToken !== undefined)
        process.stderr.write(`  The first admin token, shown this once (for the API and the command line): ${firstToken}\n`);
    },
    /** The runs that a stop waits for, told when they change. */
    waitsFor: (running: readonly { readonly job: string; readonly runId: string; readonly startedAt?: string }[]): void => {
      const text = running
        .map(({ job, runId, startedAt }) => `  ${job}  ${runId}${startedAt === undefined ? '' : `  since ${startedAt}`}`)
        .join('\n');
      if (text !== '' && text !== waited) say(`Still running:\n${text}`);
      waited = text;
    },
  };
};
