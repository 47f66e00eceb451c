import type { Logger } from 'pino';
import type { Keys } from '../domain/keys.ts';
import { parseLiveRun, type LiveRun } from '../domain/values.ts';
import { DEFAULTS, withDefaults } from '../domain/job.ts';
import type { LiveEntry } from '../launcher/protocol.ts';
import type { Coordination } from '../streams/ports.ts';
import type { ClaimedRun } from './claims.ts';
import { isAlive } from './orphan.ts';
import type { Runs } from './runs.ts';
import type { Found, Spool } from './spool.ts';

export type RecoverDeps = {
  readonly coordination: Coordination;
  readonly keys: Keys;
  readonly me: string;
  readonly log: Logger;
  readonly spool: Spool;
  readonly runs: Runs;
};

/** Takes over what an earlier process of this worker left in the spool (P7): runs that live are followed, runs that ended while nobody was there are finished, what never
 *  started is told as lost. Answers when every folder has been looked at; ends are recorded in their own time. */
export const adopt = async (deps: RecoverDeps, live: readonly LiveEntry[]): Promise<void> => {
  const { spool, log } = deps;
  const onBroken = (name: string): void => {
    log.error({ folder: name }, 'a spool folder cannot be read: it is set aside');
  };
  let folders = 0;
  for await (const each of spool.found(onBroken, live)) {
    folders += 1;
    await adoptOne(deps, live, each);
  }
  if (folders > 0) log.info({ folders, live: live.length }, 'took over what an earlier process left');
};

const adoptOne = async (deps: RecoverDeps, live: readonly LiveEntry[], each: Found): Promise<void> => {
  if (deps.runs.get(each.folder.of.runId, each.folder.of.attempt)) return; // an earlier try of the adoption came so far
  const { coordination, keys, me, runs, spool } = deps;
  const facts = each.facts as Partial<ClaimedRun> & Pick<ClaimedRun, 'live' | 'job'>;
  let run = facts.fence === undefined ? undefined : (facts as ClaimedRun);
  if (!run) {
    // Only an intent: whether it became a claim is known to the store alone.
    const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.run(facts.live.job, facts.live.runId) }] });
    const [entry] = reads;
    const stored = entry && parseLiveRun(entry.value);
    const isMine = stored?.ok && stored.value.worker === me && stored.value.state === 'running';
    const found = isMine && stored.value.attempt === facts.live.attempt ? stored.value : undefined;
    if (!found && !each.folder.hasTold('claimed')) {
      await spool.forget(each.folder);
      return;
    }
    run = {
      ...facts,
      // One that tells of a claim is no intent, whatever its facts say: its events have still to be shipped (P4). Without its key the store knows nothing of it any more.
      live: found ?? facts.live,
      fence: found ? (found.fence ?? entry?.revision ?? 0) : 0,
      rank: undefined,
      cursorBefore: undefined,
      queued: facts.queued,
    };
  }
  if (run.job.timeoutAction === 'abandon' && each.folder.hasTold('overdue')) return adoptLeft(deps, run, live, each);
  await runs.claimed(run); // told again if the earlier process did not come so far
  const one = runs.get(run.live.runId, run.live.attempt);
  if (one) await settle(deps, one, live, each);
};

/** A command that was abandoned: its run has ended, or ends now. Nobody waits for the store here. */
const adoptLeft = async (
  { runs, log }: RecoverDeps,
  run: ClaimedRun,
  live: readonly LiveEntry[],
  { folder, process, exit }: Found,
): Promise<void> => {
  const isLive = live.some(({ runId, attempt }) => runId === run.live.runId && attempt === run.live.attempt);
  const ends = async (): Promise<void> => {
    const one = await runs.abandoned(run, folder, process?.startedAt);
    if (exit) await runs.left.exited(exit);
    else if (!isLive) await runs.left.follow(one, process);
  };
  ends().catch((error: unknown) => {
    log.error({ err: error, run: run.live.runId }, 'an abandoned run could not be followed');
  });
};

type Held = NonNullable<ReturnType<Runs['get']>>;

/** Finds out how far a run has come, from its folder and from what the launcher says lives. */
const settle = async (
  { runs, log }: Pick<RecoverDeps, 'runs' | 'log'>,
  one: Held,
  live: readonly LiveEntry[],
  { exit, isBegun, process }: Pick<Found, 'exit' | 'isBegun' | 'process'>,
): Promise<void> => {
  const entry = live.find(({ runId, attempt }) => runId === one.run.live.runId && attempt === one.run.live.attempt);
  const unforeseen = (error: unknown): void => {
    log.error({ err: error, run: one.run.live.runId }, 'a run that was taken over could not be ended');
  };
  if (process && !one.folder.hasTold('started')) await runs.started(one, process);
  else if (process && one.startedAt === undefined) runs.resumed(one, process.startedAt);
  if (exit) runs.exited(exit).catch(unforeseen);
  else if (entry) await runs.started(one, entry);
  else if (process && isAlive(process.pid, process.startTime)) runs.follow(one, process.pid, process.startTime).catch(unforeseen);
  else if (process) runs.endUnseen(one).catch(unforeseen);
  else if (isBegun) runs.endUnstarted(one).catch(unforeseen);
  else runs.endUnbegun(one).catch(unforeseen);
};

/** After the launcher was gone and another one is there: every run that is held is looked at anew. */
export const resettle = async (deps: RecoverDeps, live: readonly LiveEntry[]): Promise<void> => {
  // Only what is held: the spool as a whole also has folders of claims that are on their way right now.
  for (const one of deps.runs.left.all()) {
    const { runId, attempt } = one.run.live;
    if (one.orphan) continue;
    if (live.some((entry) => entry.runId === runId && entry.attempt === attempt)) continue;
    const { exit, process } = await deps.spool.look(one.folder);
    if (exit) await deps.runs.left.exited(exit);
    else
      deps.runs.left.follow(one, process).catch((error: unknown) => {
        deps.log.error({ err: error, run: one.run.live.runId }, 'an abandoned run could not be followed');
      });
  }
  for (const one of deps.runs.all()) {
    if (one.isEnding || one.orphan || one.leaving) continue;
    const each = await deps.spool.look(one.folder);
    if (!each.isBegun) continue;
    await settle(deps, one, live, each);
  }
};

/** Tells a launcher that has just been connected what is to be ended: nobody could be told meanwhile (P5). */
export const retellKills = async ({ runs }: Pick<RecoverDeps, 'runs'>): Promise<void> => {
  for (const one of [...runs.all(), ...runs.left.all()]) if (one.kill) await runs.retell(one, one.kill);
};

/** Compares the run keys in this worker's name with what it holds (design.md §5.3): a key that nobody here knows is told as lost, a run that was declared lost is ended. */
export const compare = async (deps: RecoverDeps, now: number): Promise<void> => {
  const { coordination, keys, me, runs, spool, log } = deps;
  const { entries } = await coordination.list(keys.runs);
  const mine = new Map<string, { readonly live: LiveRun; readonly fence: number }>();
  for (const { value, revision } of entries) {
    const parsed = parseLiveRun(value);
    if (parsed.ok && parsed.value.worker === me && parsed.value.state === 'running')
      mine.set(parsed.value.runId, { live: parsed.value, fence: parsed.value.fence ?? revision });
  }
  for (const { live, fence } of mine.values()) {
    // One that was claimed moments ago may still be on its way into the spool.
    if (runs.get(live.runId, live.attempt) || isYoung(live.claimedAt, now)) continue;
    log.warn({ job: live.job, run: live.runId }, 'a run key in this worker’s name is not known here');
    const job = {
      ...withDefaults({ name: live.job, command: live.command ?? ' ', cronExpr: ' ' }),
      outputLimitBytes: DEFAULTS.outputLimitBytes,
    };
    await runs.claimed({ live, fence, rank: undefined, cursorBefore: undefined, job, queued: undefined });
    const one = runs.get(live.runId, live.attempt);
    if (one) await runs.endUnbegun(one);
  }
  for (const one of runs.all()) {
    const { runId, attempt, claimedAt } = one.run.live;
    if (mine.get(runId)?.live.attempt === attempt || one.isEnding || one.leaving || isYoung(claimedAt, now)) continue;
    log.warn({ job: one.run.live.job, run: runId }, 'a run that lives here was declared lost: it is ended');
    await runs.kill(runId, { cause: 'leaseLost', by: 'leader' });
  }
  // A claim that did hold, or is yet to, has its key, and is told as lost above: nothing is lost with the intent. All at once: what is asked for while one is removed must keep the
  // deadline of its first request (P2).
  const stale = spool.staleIntents().filter(({ of: { runId, attempt } }) => !mine.has(runId) && !runs.get(runId, attempt));
  for (const folder of stale) runs.dropped(folder.of);
  await Promise.all(stale.map(spool.forget));
};

const YOUNG_MS = 15_000;
/** Also by a clock that was set back meanwhile: what was claimed an hour ahead of it is not young for an hour. */
const isYoung = (claimedAt: string, now: number): boolean => Math.abs(now - Date.parse(claimedAt)) < YOUNG_MS;
