// A small history in which every promise held; each test breaks it in one place.
import type { RunEvent } from '../../../src/domain/events.ts';
import { scheduleHash, type Job } from '../../../src/domain/job.ts';
import type { Change } from '../../chaos/etcd.ts';
import type { History, Line } from '../../chaos/history.ts';
import { outputOf, type ChaosJob } from '../../chaos/jobs.ts';

const T0 = Date.parse('2027-03-01T10:00:00.000Z');
/** The instant of a tick, or between two: seconds after the mark. */
export const at = (seconds: number): string => new Date(T0 + seconds * 1_000).toISOString();

export const jobOf = (more: Partial<Job> = {}): Job => ({ name: 'a', command: 'x', cronExpr: '*/2 * * * * * *', ...more });
export const chaosJob = (more: Partial<Job> = {}): ChaosJob => ({ job: jobOf(more), lines: 2 });

const cursor = (seconds: number, decision: object): string =>
  `${at(seconds)} ${JSON.stringify({ v: 1, hash: 'h', ...decision })}`;

type RunOf = {
  readonly id: string;
  readonly tick: number;
  readonly fence: number;
  readonly from: number;
  readonly worker?: string;
  readonly attempt?: number;
  readonly trigger?: Line['trigger'];
};

/** What the command of a run writes: begun, two lines, its end, a second later. */
export const linesOf = ({ id, tick, fence, from, attempt = 1, trigger = 'schedule' }: RunOf): readonly Line[] => {
  const line = (sign: Line['sign'], after: number, n: number): Line => ({
    sign,
    job: 'a',
    fireTime: at(tick),
    runId: id,
    attempt,
    fence,
    trigger,
    uptime: from + after,
    n,
  });
  return [line('S', 0, T0), line('H', 0.1, 1), line('H', 0.5, 2), line('E', 1, T0)];
};

/** What its worker tells: claimed, started, the output, the end. */
export const eventsOf = ({ id, tick, fence, worker = 'w1', attempt = 1, trigger = 'schedule' }: RunOf): readonly RunEvent[] => {
  const of = { v: 1, job: 'a', runId: id, attempt, at: at(tick) };
  return [
    {
      ...of,
      seq: 0,
      type: 'claimed',
      trigger: trigger as 'schedule',
      fireTime: at(tick),
      worker: `id of ${worker}`,
      workerName: worker,
      fence,
      jobRevision: 2,
      command: 'x',
      latenessMs: 0,
    },
    { ...of, seq: 1, type: 'started', pid: 1, host: 'h' },
    { ...of, seq: 2, type: 'output', offset: 0, data: Buffer.from(outputOf(id, attempt, 2)) },
    { ...of, seq: 3, type: 'finished', outcome: 'succeeded', exitCode: 0 },
  ];
};

const RUNS: readonly RunOf[] = [
  { id: 'r2', tick: 2, fence: 3, from: 102 },
  { id: 'r4', tick: 4, fence: 4, from: 104 },
  { id: 'r6', tick: 6, fence: 6, from: 106 },
];

/** A job every two seconds from its mark to second 11: ticks 2, 4 and 6 ran, 8 was skipped, 10 was missed. */
export const sound = (job: ChaosJob = chaosJob()): History => {
  const disabled: Job = { ...job.job, enabled: false };
  if (scheduleHash(job.job) === scheduleHash(disabled)) throw new Error('the end of the job moves no mark');
  const changes: readonly Change[] = [
    { revision: 2, key: '/jobs/a', value: JSON.stringify(job.job) },
    { revision: 2, key: '/ticks/a', value: cursor(0, { reason: 'marked' }) },
    { revision: 3, key: '/ticks/a', value: cursor(2, { fate: 'ran', runId: 'r2' }) },
    { revision: 4, key: '/ticks/a', value: cursor(4, { fate: 'ran', runId: 'r4' }) },
    { revision: 6, key: '/ticks/a', value: cursor(6, { fate: 'ran', runId: 'r6' }) },
    { revision: 7, key: '/ticks/a', value: cursor(8, { fate: 'skipped' }) },
    { revision: 8, key: '/ticks/a', value: cursor(10, { fate: 'missed' }) },
    { revision: 9, key: '/jobs/a', value: JSON.stringify(disabled) },
    { revision: 9, key: '/ticks/a', value: cursor(11, { reason: 'marked' }) },
  ];
  return {
    jobs: [job],
    lines: RUNS.flatMap(linesOf),
    events: [
      ...RUNS.flatMap(eventsOf),
      { v: 1, type: 'tickSkipped', job: 'a', at: at(8), fireTime: at(8), reason: 'overlap' },
      { v: 1, type: 'ticksMissed', job: 'a', at: at(11), from: at(10), to: at(10), count: 1, reason: 'late' },
    ],
    changes,
    dump: [
      { key: '/jobs/a', value: JSON.stringify(disabled), revision: 9 },
      { key: '/ticks/a', value: cursor(11, {}), revision: 9 },
      { key: '/workers/id of w1', value: '{}', revision: 1 },
    ],
    kills: [{ job: 'a', runId: 'r4' }],
    afflictions: [],
    views: [{ master: 'master1', jobs: ['a@9'], workers: ['id of w1'], live: [] }],
    timelines: new Map([
      [
        'a',
        [
          { fireTime: at(10), to: at(10), fate: 'missed' },
          { fireTime: at(8), fate: 'skipped' },
          ...[6, 4, 2].map((tick) => ({ fireTime: at(tick), fate: 'ran', runId: `r${String(tick)}` })),
        ],
      ],
    ]),
    alive: [],
    incidents: [],
  };
};
