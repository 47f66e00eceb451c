import { toInstant } from '../../../src/domain/instant.ts';
import { groupBy } from '../group.ts';
import { expectedTicks, livesOf, type History, type Violation } from '../history.ts';
import { toldTicks, type Told } from './told.ts';

/** P3: each tick that the job's versions name has exactly one fate, nothing else has one, the cursor never goes back, and the fates agree with what the commands wrote. */
export const checkFates = (history: History): readonly Violation[] =>
  history.jobs.flatMap(({ job }) => [
    ...fatesOf(job.name, job.placement?.mode === 'all', history),
    ...cursorsOf(job.name, history),
  ]);

const fatesOf = (job: string, isAll: boolean, history: History): readonly Violation[] => {
  const ticks = expectedTicks(job, history.changes);
  const told = toldTicks(job, history, ticks);
  const violations: Violation[] = [];
  const violate = (what: string, at: number): void => {
    const evidence = (told.get(at) ?? []).map((one) => `${one.fate}: ${one.evidence} ${one.worker ?? ''}`);
    violations.push({ promise: 'P3', what: `${what}: ${job} ${toInstant(at)}`, evidence });
  };
  const hasTwo = (fates: readonly Told[]): boolean =>
    isAll
      ? [...groupBy(fates, ({ worker, runId }) => worker ?? runId).values()].some(({ length }) => length > 1)
      : fates.length > 1;
  for (const at of ticks) {
    const fates = told.get(at) ?? [];
    if (fates.length === 0) violate('a tick without a fate', at);
    if (hasTwo(fates)) violate('a tick with more than one fate', at);
  }
  const isTick = new Set(ticks);
  for (const at of told.keys()) if (!isTick.has(at)) violate('a fate of what is no tick of the schedule', at);
  for (const life of livesOf(history.lines).values()) {
    if (life.job !== job || (life.trigger !== 'schedule' && life.trigger !== 'catchUp')) continue;
    const at = Date.parse(life.fireTime);
    if (!(told.get(at) ?? []).some(({ fate, runId }) => fate === 'ran' && runId === life.runId))
      violate(`the command ran (${life.runId}), its tick was told otherwise`, at);
  }
  return violations;
};

/** Also those of single workers, where each has its own. */
const cursorsOf = (job: string, { changes }: History): readonly Violation[] => {
  const newest = new Map<string, string>();
  return changes.flatMap(({ key, value, revision }) => {
    if (value === undefined || (key !== `/ticks/${job}` && !key.startsWith(`/ticks/${job}/`))) return [];
    const at = value.slice(0, 24);
    const before = newest.get(key) ?? '';
    newest.set(key, at);
    return at < before
      ? [{ promise: 'P1', what: `the cursor ${key} went back at revision ${String(revision)}`, evidence: [before, value] }]
      : [];
  });
};

/** The timeline that a master tells has each tick once, as the run log does. */
export const checkTimelines = (history: History): readonly Violation[] =>
  [...history.timelines.entries()].flatMap(([job, timeline]) => {
    const ticks = expectedTicks(job, history.changes);
    const isAll = history.jobs.some((each) => each.job.name === job && each.job.placement?.mode === 'all');
    const seen = new Map<number, number>();
    for (const { fireTime, to, fate } of timeline) {
      if (fate === 'coming') continue;
      const [from, until] = [Date.parse(fireTime), Date.parse(to ?? fireTime)];
      for (const at of ticks) if (at >= from && at <= until) seen.set(at, (seen.get(at) ?? 0) + 1);
    }
    return ticks
      .filter((at) => (isAll ? !seen.has(at) : seen.get(at) !== 1))
      .map((at) => ({
        promise: 'P3',
        what: `the timeline tells the tick ${String(seen.get(at) ?? 0)} times: ${job} ${toInstant(at)}`,
        evidence: timeline
          .filter(({ fireTime, to }) => Date.parse(fireTime) <= at && at <= Date.parse(to ?? fireTime))
          .map((tick) => JSON.stringify(tick)),
      }));
  });
