import { groupBy } from '../group.ts';
import type { StoredRunEvent } from '../../../src/domain/events.ts';
import { livesOf, nameOf, type Affliction, type History, type Life, type Violation } from '../history.ts';
import { outputOf } from '../jobs.ts';

type Numbered = Extract<StoredRunEvent, { seq: number }>;

/** P4: the events of each attempt are there without a hole from its claim to its end, and its output is what the command printed. What a full disk did not take is excused. */
export const checkEvents = (history: History): readonly Violation[] => {
  const lives = livesOf(history.lines);
  const attempts = groupBy(
    history.events.filter((event): event is Numbered => 'seq' in event),
    nameOf,
  );
  const abandoning = new Set(history.jobs.filter(({ job }) => job.timeout?.action === 'abandon').map(({ job }) => job.name));
  const linesOf = new Map(history.jobs.map(({ job, lines }) => [job.name, lines]));
  const untold = [...lives.values()]
    .filter((life) => !attempts.has(nameOf(life)))
    .map((life) => ({
      promise: 'P4',
      what: `nothing is told of an attempt of ${life.job} that ran`,
      evidence: [JSON.stringify(life)],
    }));
  const told = [...attempts.entries()].flatMap(([name, events]) => {
    const life = lives.get(name);
    const inOrder = events.toSorted((a, b) => a.seq - b.seq);
    const first = inOrder[0];
    if (isExcused(first, life, history.afflictions)) return [];
    const wrong = [
      ...sequence(inOrder, abandoning.has(first?.job ?? '')),
      ...agreement(inOrder, life),
      ...output(inOrder, life, linesOf.get(first?.job ?? '') ?? 0),
    ];
    return wrong.map((what) => ({
      promise: 'P4',
      what: `${what}: ${first?.job ?? ''} ${name}`,
      evidence: [...inOrder.map(shown), ...(life ? [JSON.stringify(life)] : ['no line of its command'])],
    }));
  });
  return [...untold, ...told];
};

const shown = (event: Numbered): string =>
  `${String(event.seq)} ${event.at} ${event.type}${event.type === 'finished' ? ` ${event.outcome} ${event.reason ?? ''}` : ''}`;

/** An attempt that may be abandoned may have a second end, when its command ends; and one that was to be followed by another, where that did not come about by this worker. */
const sequence = (events: readonly Numbered[], mayEndTwice: boolean): readonly string[] => {
  const holes = events.filter(({ seq }, index) => seq !== index).length;
  const endings = events.filter(({ type }) => type === 'finished' || type === 'attemptEnded').map(({ type }) => type);
  const ends = endings.length;
  const isTwice = ends === 2 && (mayEndTwice || (endings[0] === 'attemptEnded' && endings[1] === 'finished'));
  const last = events.at(-1)?.type;
  return [
    ...(events[0]?.type === 'claimed' ? [] : ['the events do not begin with the claim']),
    ...(holes > 0 ? ['the numbers of the events have a hole'] : []),
    ...(ends === 1 || isTwice ? [] : [`the attempt has ${String(ends)} ends`]),
    ...(ends > 0 && last !== 'finished' && last !== 'attemptEnded' ? ['something is told after the end'] : []),
  ];
};

const agreement = (events: readonly Numbered[], life: Life | undefined): readonly string[] => {
  const claimed = events.find((event) => event.type === 'claimed');
  const end = events.findLast((event) => event.type === 'finished' || event.type === 'attemptEnded');
  return [
    ...(life && claimed && claimed.fence !== life.fence ? ['the command was given another fence than was told'] : []),
    ...(life && (end?.reason === 'notStarted' || end?.reason === 'startFailed')
      ? [`told as ${end.reason}, and the command ran`]
      : []),
    ...(!life?.isWhole && end?.outcome === 'succeeded' ? ['told as succeeded, and the command did not come to its end'] : []),
  ];
};

const output = (events: readonly Numbered[], life: Life | undefined, lines: number): readonly string[] => {
  if (!life) return [];
  const printed = Buffer.concat(events.flatMap((event) => (event.type === 'output' ? [event.data] : []))).toString('utf8');
  const least = outputOf(life.runId, life.attempt, life.isWhole ? lines : life.printed);
  const most = outputOf(life.runId, life.attempt, life.isWhole ? lines : life.printed + 1);
  return printed.startsWith(least) && most.startsWith(printed)
    ? []
    : [`the output is not what the command printed (${String(printed.length)} bytes, expected ${String(least.length)})`];
};

const isExcused = (first: Numbered | undefined, life: Life | undefined, afflictions: readonly Affliction[]): boolean => {
  if (!first) return false;
  const worker = first.type === 'claimed' ? first.workerName : undefined;
  const disks = afflictions.filter(({ what }) => what === 'fullDisk');
  // Without the claim nobody knows the worker: that may be the very event that the disk did not take.
  return disks.some(
    (disk) => (worker === undefined || disk.worker === worker) && (!life || (life.from <= disk.to && disk.from <= life.to + 5)),
  );
};
