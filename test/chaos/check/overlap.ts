import { groupBy } from '../group.ts';
import { livesOf, type History, type Life, type Violation } from '../history.ts';

/** Of /proc/uptime, which tells hundredths of a second. */
const RESOLUTION = 0.02;

/** P2: no two runs of an exclusive job at one time, outside the exceptions that are stated; in those the fence tells which is the newer. And fences only rise (in the order of the starts; within a run, by attempt). */
export const checkOverlap = (history: History): readonly Violation[] =>
  history.jobs.flatMap(({ job }) => {
    const lives = [...livesOf(history.lines).values()].filter((life) => life.job === job.name);
    if (job.overlap === 'allow') return attemptsRise(job.name, lives);
    const workerOf = workers(history);
    const excuse = job.timeout?.action === 'abandon' ? 'abandoned' : undefined;
    if (job.placement?.mode !== 'all') return exclusive(job.name, lives, history, workerOf, excuse);
    return [...groupBy(lives, ({ runId, attempt }) => workerOf(runId, attempt)).entries()].flatMap(([worker, own]) =>
      exclusive(`${job.name} on ${worker ?? '?'}`, own, history, workerOf, excuse),
    );
  });

type WorkerOf = (runId: string, attempt: number) => string | undefined;
const workers = ({ events }: History): WorkerOf => {
  const names = new Map(
    events.flatMap((event) =>
      event.type === 'claimed' ? [[`${event.runId}/${String(event.attempt)}`, event.workerName] as const] : [],
    ),
  );
  return (runId, attempt) => names.get(`${runId}/${String(attempt)}`);
};

const exclusive = (
  name: string,
  lives: readonly Life[],
  { afflictions }: History,
  workerOf: WorkerOf,
  excuse?: string,
): readonly Violation[] => {
  const violations: Violation[] = [];
  const inOrder = lives.toSorted((a, b) => a.from - b.from);
  for (const [index, later] of inOrder.entries())
    for (const earlier of inOrder.slice(0, index)) {
      const isOver = earlier.to - RESOLUTION <= later.from;
      const why = isOver ? undefined : (excuse ?? excuseFor(earlier, afflictions, workerOf(earlier.runId, earlier.attempt)));
      if (!isOver && why === undefined)
        violations.push({
          promise: 'P2',
          what: `two runs of ${name} at one time`,
          evidence: [told(earlier, workerOf), told(later, workerOf), ...afflicted(earlier, afflictions, workerOf)],
        });
      if (earlier.fence >= later.fence && later.from > earlier.from + RESOLUTION)
        violations.push({
          promise: 'P2',
          what: `the fence of ${name} did not rise`,
          evidence: [told(earlier, workerOf), told(later, workerOf)],
        });
    }
  return violations;
};

const attemptsRise = (name: string, lives: readonly Life[]): readonly Violation[] =>
  [...groupBy(lives, ({ runId }) => runId).values()].flatMap((attempts) =>
    attempts
      .toSorted((a, b) => a.attempt - b.attempt)
      .flatMap((each, index, all) => {
        const before = all[index - 1];
        return before && before.fence >= each.fence
          ? [
              {
                promise: 'P2',
                what: `the fence of ${name} did not rise with the attempt`,
                evidence: [JSON.stringify(before), JSON.stringify(each)],
              },
            ]
          : [];
      }),
  );

const meets = (a: { readonly from: number; readonly to: number }, b: { readonly from: number; readonly to: number }): boolean =>
  a.from <= b.to && b.from <= a.to;

/** The stated exceptions besides `abandon`: the whole host stood still; launcher and worker both gone while the command lived on. */
const excuseFor = (life: Life, afflictions: History['afflictions'], worker: string | undefined): string | undefined => {
  const own = afflictions.filter((each) => each.worker === worker && meets(each, life));
  if (own.some(({ what }) => what === 'all')) return 'the host stood still';
  const launcherGone = own.find(({ what }) => what === 'launcherKilled');
  return launcherGone && own.some(({ what }) => what === 'workerGone') ? 'worker and launcher were both gone' : undefined;
};

const told = (life: Life, workerOf: WorkerOf): string =>
  `run ${life.runId} attempt ${String(life.attempt)} on ${workerOf(life.runId, life.attempt) ?? '?'}, fence ${String(life.fence)}, tick ${life.fireTime} (${life.trigger}), alive from ${life.from.toFixed(2)} to ${life.to.toFixed(2)}`;
const afflicted = (life: Life, afflictions: History['afflictions'], workerOf: WorkerOf): readonly string[] =>
  afflictions
    .filter((each) => each.worker === workerOf(life.runId, life.attempt) && meets(each, life))
    .map((each) => JSON.stringify(each));
