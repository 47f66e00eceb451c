import type { Attempt, Followed } from './live/followed.ts';
import { format } from './format.ts';
import { reasonTexts, texts } from './texts.ts';

type Told = Pick<Followed, 'run' | 'kill'>;

type Left = { readonly attempt: number; readonly host: string; readonly pid: number };

/** The attempts whose command was let go on past its time limit, and of whose end nobody has told yet: where it runs. */
export const leftOf = (attempts: readonly Attempt[]): readonly Left[] =>
  attempts.flatMap(({ attempt, host, pid, end, isOver }) =>
    end?.reason === 'abandoned' && isOver !== true && host !== undefined && pid !== undefined ? [{ attempt, host, pid }] : [],
  );

/** Who did something; nobody in particular where the master asks nobody who they are. */
export const personOf = (by: string | undefined): string | undefined => (by === 'anybody' ? undefined : by);

/** What a shell means by an exit code that most programs leave alone; a signal that nobody here sent. */
const hintOf = ({ run: { exitCode, signal } }: Told): string | undefined => {
  if (exitCode === 126 || exitCode === 127) return texts.exitHints[exitCode];
  return exitCode === 137 || signal === 'SIGKILL' || signal === 'KILL' ? texts.exitHints[137] : undefined;
};

/** How long it ran, in words; empty where it is not known or never began. */
const ranFor = ({ run: { durationMs, startedAt, endedAt } }: Told): string => {
  if (durationMs !== undefined) return format.length(durationMs);
  return startedAt === undefined || endedAt === undefined ? '' : format.length(Date.parse(endedAt) - Date.parse(startedAt));
};

const failed = (told: Told): string => {
  const { exitCode, signal, reason, error } = told.run;
  if (reason === 'startFailed') return error === undefined ? texts.endedNoStart : texts.endedNoStartAs(error);
  const length = ranFor(told);
  const what =
    exitCode !== undefined
      ? texts.endedExit(format.number(exitCode), length)
      : signal !== undefined
        ? texts.endedSignal(signal, length)
        : texts.endedFailed(length);
  const hint = hintOf(told);
  return hint === undefined ? what : `${what} ${hint}`;
};

const killed = (told: Told): string => {
  const { run, kill } = told;
  const length = ranFor(told);
  if (run.reason === 'replaced') return texts.endedReplaced(length);
  if (run.reason === 'leaseLost') return texts.endedLeaseLost(length);
  if (run.reason === 'drained') return texts.endedDrained(length);
  // Where nobody had asked for the run, `by` is who killed it.
  const by = personOf(kill?.by ?? (run.trigger === 'schedule' || run.startedAt === undefined ? run.by : undefined));
  if (kill?.isBetween) return by === undefined ? texts.endedBetween : texts.endedBetweenBy(by);
  if (run.claimedAt === undefined && run.startedAt === undefined)
    return by === undefined ? texts.endedTakenOut : texts.endedTakenOutBy(by);
  return by === undefined ? texts.endedKilled(length) : texts.endedKilledBy(by, length);
};

/** How its command ended after all is known when it has. */
const abandoned = (told: Told): string => {
  const { exitCode, signal } = told.run;
  const length = ranFor(told);
  if (exitCode !== undefined) return `${texts.endedAbandoned} ${texts.abandonedExit(format.number(exitCode), length)}`;
  return signal === undefined ? texts.endedAbandoned : `${texts.endedAbandoned} ${texts.abandonedSignal(signal, length)}`;
};

const lost = ({ run: { reason, workerName, worker } }: Told): string => {
  const who = workerName ?? worker ?? texts.worker;
  if (reason === 'workerGone') return texts.endedGone(who);
  if (reason === 'notStarted') return texts.endedNotStarted(who);
  if (reason === 'exitUnknown') return texts.endedUnknown;
  return reason === undefined ? texts.endedLost : texts.endedLostAs(reasonOf(reason));
};

/** A newer master may know more reasons. */
const reasonOf = (reason: string): string => (reasonTexts as Readonly<Record<string, string>>)[reason] ?? reason;

/** Why a run ended as it did, in a sentence; undefined while it has not. */
export const storyOf = (told: Told): string | undefined => {
  const { run } = told;
  if (run.state !== 'finished') return undefined;
  const length = ranFor(told);
  switch (run.outcome) {
    case 'succeeded':
      return texts.endedWell(length);
    case 'failed':
      return failed(told);
    case 'timedOut':
      return run.reason === 'abandoned' ? abandoned(told) : texts.endedTimedOut(length);
    case 'killed':
      return killed(told);
    case 'lost':
      return lost(told);
    case 'skipped':
      return run.reason === undefined ? texts.endedSkipped : texts.endedSkippedAs(reasonOf(run.reason));
    case undefined:
      return undefined;
    default:
      return run.outcome satisfies never;
  }
};
