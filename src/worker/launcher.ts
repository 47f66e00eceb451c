import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { filter, merge, take, tap } from 'rxjs';
import { generationsIn, PLACE_IS_TAKEN, type Cause, type LiveEntry, type News, type StartOrder } from '../launcher/protocol.ts';
import { sleep, type Clock } from '../streams/clock.ts';
import { link, LauncherGone, type Link } from './launcher-link.ts';

export { LauncherGone };

export type LauncherDeps = {
  readonly dataDir: string;
  /** The built launcher, dist/launcher/main.js. */
  readonly launcherPath: string;
  readonly clock: Clock;
  readonly log: Logger;
};

/** Options of Node for a process that is small, since what it starts costs by its memory: 50 MB at 1,000 live runs instead of 62. It calculates nothing that would be worth a compiler. */
const SMALL = ['--jitless', '--optimize-for-size', '--v8-pool-size=1', '--max-semi-space-size=1', '--max-old-space-size=128'];
const START_MS = 30_000;
const TRY_MS = 25;

export type Launcher = Awaited<ReturnType<typeof connectLauncher>>;

/** Connects to the launcher of this data folder, which may live since an earlier worker process, or starts one. A launcher of another version starts nothing any more: it
 *  is succeeded by a new one, and stays connected until its last run has ended. `gone$` emits when a launcher with runs, or the one that starts them, is gone; then connect
 *  again. Rejects with words for a person when none can be started. */
export const connectLauncher = async ({ dataDir, launcherPath, clock, log }: LauncherDeps) => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const build = createHash('sha256')
    .update(await readFile(launcherPath))
    .digest('hex')
    .slice(0, 16);

  const listening = async (above: number): Promise<readonly Numbered[]> => {
    const numbers = generationsIn(await readdir(dataDir)).filter((generation) => generation > above);
    const found = await Promise.all(numbers.map(async (number) => ({ number, link: await link(dataDir, number, clock) })));
    return found.filter((each): each is Numbered => each.link !== undefined);
  };

  const startLauncher = async (succeeds: boolean, above: number): Promise<Link> => {
    const logPath = join(dataDir, 'launcher.log');
    const logFile = await open(logPath, 'a', 0o600);
    let failure: string | undefined;
    try {
      const args = [...SMALL, launcherPath, dataDir, build];
      const child = spawn(process.execPath, succeeds ? [...args, 'succeed'] : args, {
        detached: true,
        stdio: ['ignore', logFile.fd, logFile.fd],
        cwd: dataDir,
        env: { PATH: process.env['PATH'] ?? '' }, // nothing of the worker's own: it holds secrets
      });
      child.on('error', (error) => {
        failure = error.message;
      });
      child.on('exit', (code, signal) => {
        if (code !== PLACE_IS_TAKEN) failure = `it ended with ${signal ?? `exit code ${String(code)}`}, see ${logPath}`;
      });
      child.unref();
      log.info({ pid: child.pid }, 'launcher started');
    } finally {
      await logFile.close();
    }
    for (const end = clock.monotonic() + START_MS; clock.monotonic() < end;) {
      const [first, ...others] = await listening(above);
      for (const other of others) other.link.close();
      if (first) return first.link;
      if (failure !== undefined) break;
      await sleep(TRY_MS, clock);
    }
    throw new Error(`the launcher did not start: ${failure ?? 'it does not answer'}`);
  };

  const found = await listening(0);
  const usable = found[0] && found[0].link.hello.build === build && !found[0].link.hello.isStopping ? found[0].link : undefined;
  const present = usable ?? (await startLauncher(found.length > 0, found[0]?.number ?? 0));
  const succeeded = found.map((each) => each.link).filter((each) => each !== present);
  const links: readonly Link[] = [present, ...succeeded];
  for (const old of succeeded) {
    log.info({ pid: old.hello.pid, runs: old.hello.runs.length }, 'an earlier launcher ends with its last run');
    await old.ask({ type: 'stop' }).catch(() => undefined);
  }
  const close = (): void => {
    for (const each of links) each.close();
  };
  /** Asks all that live, since it may be of any; rejects when the one that starts runs is gone. */
  const askAll = async (what: Parameters<Link['ask']>[0]): Promise<boolean> => {
    const answers = await Promise.all([present.ask(what), ...succeeded.map((old) => old.ask(what).catch(() => undefined))]);
    return answers.some((answer) => answer?.type === 'told' && answer.live);
  };

  return {
    pid: present.hello.pid,
    /** What lived when the connection was made. */
    live: links.flatMap(({ hello }): readonly LiveEntry[] => hello.runs),
    /** What happened since the connection was made, also before the first subscriber: whoever subscribes and then looks at exits on disk misses none. */
    news$: merge<News[]>(...links.map(({ news$ }) => news$)),
    gone$: merge(
      present.gone$,
      ...succeeded.map((old) => old.gone$.pipe(filter(() => old.hasRuns()))), // the others ended as they were told
    ).pipe(take(1), tap(close)),
    /** Answers what was started; rejects with words for a person when nothing was. */
    start: async (order: StartOrder): Promise<LiveEntry> => {
      const answer = await present.ask({ type: 'start', order });
      if (answer.type === 'started') return answer.entry;
      throw new Error(answer.type === 'failed' ? answer.error : 'the launcher answered something else');
    },
    /** Whether such a run lives there. */
    end: (runId: string, attempt: number, cause: Cause, by: string | undefined): Promise<boolean> =>
      askAll({ type: 'end', runId, attempt, cause, ...(by === undefined ? {} : { by }) }),
    setDeadlines: (untils: readonly { readonly runId: string; readonly attempt: number; readonly until: number }[]) =>
      askAll({ type: 'deadlines', untils }),
    /** It starts nothing any more and ends itself when its last run has ended; with a cause it ends them all, also when the worker is gone meanwhile. */
    stop: (ending?: { readonly cause: Cause; readonly by?: string }) => askAll({ type: 'stop', ...ending }),
    close,
  };
};

type Numbered = { readonly number: number; readonly link: Link };
