import { expect, test } from 'vitest';
import { ticksTable } from '../../../src/cli/commands/job-ticks.ts';

const at = (hour: number): string => `2027-01-31T0${String(hour)}:00:00.000Z`;

test('a line a tick: what became of it, how late, by whom, why', () => {
  const lines = ticksTable([
    { fireTime: at(9), fate: 'coming' },
    { fireTime: at(8), fate: 'coming', latenessMs: 12 },
    { fireTime: at(7), fate: 'waiting', runId: 'r7', trigger: 'schedule' },
    { fireTime: at(6), fate: 'ran', runId: 'r6', worker: 'w1', workerName: 'one', latenessMs: 3 },
    { fireTime: at(5), fate: 'ran', runId: 'r5', worker: 'w1', outcome: 'failed', trigger: 'catchUp' },
    { fireTime: at(4), fate: 'skipped', reason: 'edited', by: 'ann\x1b[31m', note: 'the clock was set forward' },
    { fireTime: at(2), to: at(3), count: 2, fate: 'missed', reason: 'noWorker' },
    { fireTime: at(1), to: at(1), count: 1, fate: 'missed', reason: 'late' },
  ]).split('\n');
  expect(lines.map((line) => line.trimEnd().split(/ {2,}/))).toStrictEqual([
    ['FIRE TIME', 'FATE', 'LATE', 'WORKER', 'WHY', 'RUN'],
    [at(9), 'coming', '-', '-', '-', '-'],
    [at(8), 'coming', '12 ms', '-', 'due, not decided yet', '-'],
    [at(7), 'waiting', '-', '-', '-', 'r7'],
    [at(6), 'ran: running', '3 ms', 'one', '-', 'r6'],
    [at(5), 'ran: failed', '-', 'w1', 'caught up', 'r5'],
    [at(4), 'skipped', '-', '-', 'edited, by ann [31m, the clock was set forward', '-'],
    [`${at(2)} to ${at(3)}`, '2 missed', '-', '-', 'noWorker', '-'],
    [at(1), 'missed', '-', '-', 'late', '-'],
  ]);
});
