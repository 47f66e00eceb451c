import { toInstant } from '../../../src/domain/instant.ts';
import { expectedTicks, livesOf, type History, type Violation } from '../history.ts';
import { toldTicks } from './told.ts';

/** P3: each tick that the job's versions name has exactly one fate, nothing else has one, the cursor never goes back, and the fates agree with what the commands wrote. */
export const checkFates = (history: History): readonly Violation[] =>
  history.jobs.flatMap(({ job }) => [
    ...fatesOf(job.name, job.placement?.mode === 'all', history),
    ...cursorOf(job.name, history),
  ]);

const fatesOf = (job: string, isAll: boolean, history: History): readonly Violation[] => {
  const ticks = expectedTicks(job, history.changes);
  const told = toldTicks(job, history, ticks);
  const violations: Violation[] = [];
  const violate = (what: string, at: number): void =>
    void violations.push({
      promise: 'P3',
      what: `${what}: ${job} ${toInstant(at)}`,
      evidence: (told.get(at) ?? []).map(({ evidence }) => evidence),
    });
  for (const at of ticks) {
    const fates = told.get(at) ?? [];
    if (fates.length === 0) violate('a tick without a fate', at);
    // With placement `all` there is one fate a worker; a range that was missed is nobody's own.
    if (!isAll && fates.length > 1) violate('a tick with more than one fate', at);
  }
  const isTick = new Set(ticks);
  for (const at of told.keys()) if (!isTick.has(at)) violate('a fate of what is no tick of the schedule', at);
  for (const life of livesOf(history.lines).values()) {
    if (life.job !== job || (life.trigger !== 'schedule' && life.trigger !== 'catchUp')) continue;
    const at = Date.parse(life.fireTime);
    const fates = told.get(at) ?? [];
    if (!fates.some(({ fate, runId }) => fate === 'ran' && runId === life.runId))
      violate(`the command ran (${life.runId}), its tick was told otherwise`, at);
  }
  return violations;
};

const cursorOf = (job: string, { changes }: History): readonly Violation[] => {
  let newest = '';
  return changes.flatMap(({ key, value, revision }) => {
    if (!key.startsWith(`/ticks/${job}`) || key !== `/ticks/${job}` || value === undefined) return [];
    const at = value.slice(0, 24);
    const before = newest;
    newest = at;
    return at < before
      ? [{ promise: 'P1', what: `the cursor of ${job} went back at revision ${String(revision)}`, evidence: [before, value] }]
      : [];
  });
};

/** The timeline that a master tells has each tick once, as the run log does. */
export const checkTimelines = (history: History): readonly Violation[] =>
  [...history.timelines.entries()].flatMap(([job, timeline]) => {
    const ticks = expectedTicks(job, history.changes);
    const seen = new Map<number, number>();
    for (const { fireTime, to, fate } of timeline) {
      if (fate === 'coming') continue;
      const [from, until] = [Date.parse(fireTime), Date.parse(to ?? fireTime)];
      for (const at of ticks) if (at >= from && at <= until) seen.set(at, (seen.get(at) ?? 0) + 1);
    }
    return ticks
      .filter((at) => seen.get(at) !== 1)
      .map((at) => ({
        promise: 'P3',
        what: `the timeline tells the tick ${String(seen.get(at) ?? 0)} times: ${job} ${toInstant(at)}`,
        evidence: [],
      }));
  });
