// The checker of the chaos runs can fail: each promise, broken in a history that is sound otherwise, is told, and nothing else is.
import { describe, expect, test } from 'vitest';
import type { StoredRunEvent } from '../../../src/domain/events.ts';
import { check } from '../../chaos/check.ts';
import { expectedTicks, readLines, type Affliction, type History } from '../../chaos/history.ts';
import { at, chaosJob, eventsOf, linesOf, sound } from './sound.ts';

const told = (history: History): readonly string[] => check(history).violations.map(({ promise, what }) => `${promise} ${what}`);
const without = (history: History, isGone: (event: StoredRunEvent) => boolean): History => ({
  ...history,
  events: history.events.filter((event) => !isGone(event)),
});
const isOf =
  (runId: string, type?: string) =>
  (event: StoredRunEvent): boolean =>
    'runId' in event && event.runId === runId && (type === undefined || event.type === type);
const changed = (history: History, is: (event: StoredRunEvent) => boolean, change: object): History => ({
  ...history,
  events: history.events.map((event) => (is(event) ? ({ ...event, ...change } as StoredRunEvent) : event)),
});

test('a sound history breaks nothing, and its numbers are told', () => {
  const { violations, numbers } = check(sound());
  expect(violations).toStrictEqual([]);
  expect(numbers).toMatchObject({ ticks: 5, ran: 3, skipped: 1, missed: 1, 'commands started': 3 });
});

test('a line that was cut off is none; all others are read', () => {
  expect(readLines(`S a ${at(2)} r2 1 3 schedule 102.50 1800000000000\nH a ${at(2)} r2 1 3 sched`)).toStrictEqual([
    {
      sign: 'S',
      job: 'a',
      fireTime: at(2),
      runId: 'r2',
      attempt: 1,
      fence: 3,
      trigger: 'schedule',
      uptime: 102.5,
      n: 1_800_000_000_000,
    },
  ]);
});

test('ticks are those of each version, from its mark to the next', () => {
  const history = sound();
  const edited = JSON.stringify({ ...chaosJob().job, cronExpr: '*/5 * * * * * *' });
  const changes = [
    ...history.changes.filter(({ revision }) => revision < 6),
    { revision: 6, key: '/jobs/a', value: edited },
    { revision: 6, key: '/ticks/a', value: `${at(5)} {"v":1,"hash":"h2"}` },
    {
      revision: 7,
      key: '/jobs/a',
      value: JSON.stringify({ ...chaosJob().job, cronExpr: '*/5 * * * * * *', description: 'of the same schedule' }),
    },
    { revision: 9, key: '/ticks/a', value: `${at(11)} {"v":1,"hash":"h3"}` },
    { revision: 9, key: '/jobs/a', value: undefined },
  ];
  expect(expectedTicks('a', changes).map((tick) => new Date(tick).toISOString())).toStrictEqual([at(2), at(4), at(10)]);
});

describe('P1', () => {
  test('an attempt that was started twice', () => {
    const history = sound();
    const [start] = linesOf({ id: 'r2', tick: 2, fence: 3, from: 102 });
    expect(told({ ...history, lines: [...history.lines, { ...start!, uptime: 102.2 }] })).toStrictEqual([
      'P1 attempt 1 of run r2 of a was started 2 times',
    ]);
  });

  test('a tick that two runs did', () => {
    const history = sound();
    const second = { id: 'r2b', tick: 2, fence: 5, from: 105.2 };
    const twice = {
      ...history,
      lines: [...history.lines.filter(({ runId }) => runId !== 'r4'), ...linesOf(second)],
      events: [...history.events, ...eventsOf(second)],
    };
    expect(told(twice)).toContain(`P1 tick a ${at(2)} was run by 2 runs`);
    expect(told(twice)).toContain(`P3 a tick with more than one fate: a ${at(2)}`);
  });

  test('an attempt that nobody asked for; where the job asks for it, none', () => {
    const more = { id: 'r6', tick: 6, fence: 8, from: 108, attempt: 2 };
    const tried = (retry: object): History => {
      const history = sound(chaosJob(retry));
      return { ...history, lines: [...history.lines, ...linesOf(more)], events: [...history.events, ...eventsOf(more)] };
    };
    expect(told(tried({}))).toStrictEqual(['P1 a has an attempt that nobody asked for']);
    expect(told(tried({ retry: { max: 1 } }))).toStrictEqual([]);
  });

  test('a cursor that went back', () => {
    const history = sound();
    const back = { revision: 5, key: '/ticks/a', value: `${at(3)} {"v":1,"hash":"h"}` };
    const changes = history.changes.flatMap((change) => (change.revision === 4 ? [change, back] : [change]));
    expect(told({ ...history, changes })).toStrictEqual(['P1 the cursor /ticks/a went back at revision 5']);
  });
});

describe('P2', () => {
  /** The run of tick 2 lives on until tick 4 runs. */
  const overlapping = (job = chaosJob(), afflictions: readonly Affliction[] = []): History => {
    const history = sound(job);
    const lines = history.lines.map((line) => (line.runId === 'r2' && line.sign === 'E' ? { ...line, uptime: 104.3 } : line));
    return { ...history, lines, afflictions };
  };

  test('two runs at one time', () => {
    expect(told(overlapping())).toStrictEqual(['P2 two runs of a at one time']);
  });

  test('not where the job allows it', () => {
    expect(told(overlapping(chaosJob({ overlap: 'allow' })))).toStrictEqual([]);
  });

  test.each<[string, Affliction['what'][], boolean]>([
    ['a host that stood still', ['all'], true],
    ['worker and launcher both gone', ['workerGone', 'launcherKilled'], true],
    ['a worker that was gone, its launcher there', ['workerGone'], false],
    ['a launcher that was gone, its worker there', ['launcherKilled'], false],
    ['a full disk', ['fullDisk'], false],
  ])('%s is an exception: %s %s', (_, whats, isExcused) => {
    const of = (worker: string, from: number) => whats.map((what) => ({ worker, what, from, to: from + 0.5 }));
    expect(told(overlapping(chaosJob(), of('w1', 103)))).toHaveLength(isExcused ? 0 : 1);
    expect(told(overlapping(chaosJob(), of('w2', 103))), 'of another worker').toHaveLength(1);
    expect(told(overlapping(chaosJob(), of('w1', 90))), 'before the run').toHaveLength(1);
  });

  test('an exception does not excuse a fence that does not rise', () => {
    const history = overlapping(chaosJob(), [{ worker: 'w1', what: 'all', from: 103, to: 104 }]);
    const lines = history.lines.map((line) => (line.runId === 'r4' ? { ...line, fence: 3 } : line));
    expect(told({ ...changed(history, isOf('r4', 'claimed'), { fence: 3 }), lines })).toStrictEqual([
      'P2 the fence of a did not rise',
    ]);
  });

  test('a command that lives though nothing runs', () => {
    expect(told({ ...sound(), alive: ['process 7, run r2'] })).toStrictEqual(['P2 1 commands live though nothing runs']);
  });
});

describe('P3', () => {
  test('a tick without a fate: a dropped skip, a dropped range', () => {
    expect(told(without(sound(), ({ type }) => type === 'tickSkipped'))).toStrictEqual([`P3 a tick without a fate: a ${at(8)}`]);
    expect(told(without(sound(), ({ type }) => type === 'ticksMissed'))).toStrictEqual([`P3 a tick without a fate: a ${at(10)}`]);
  });

  test('a tick that ran, and is told as missed too', () => {
    expect(told(changed(sound(), ({ type }) => type === 'ticksMissed', { from: at(6) }))).toStrictEqual([
      `P3 a tick with more than one fate: a ${at(6)}`,
      `P3 a tick with more than one fate: a ${at(8)}`,
    ]);
  });

  test('a fate of what is no tick', () => {
    expect(told(changed(sound(), ({ type }) => type === 'tickSkipped', { fireTime: at(7) }))).toStrictEqual([
      `P3 a tick without a fate: a ${at(8)}`,
      `P3 a fate of what is no tick of the schedule: a ${at(7)}`,
    ]);
  });

  test('a command that ran for a tick that is told as skipped', () => {
    const history = sound();
    expect(told({ ...history, lines: [...history.lines, ...linesOf({ id: 'r8', tick: 8, fence: 7, from: 108 })] })).toStrictEqual(
      [`P3 the command ran (r8), its tick was told otherwise: a ${at(8)}`, 'P4 nothing is told of an attempt of a that ran'],
    );
  });

  test('a timeline that lacks a tick', () => {
    const history = sound();
    const timelines = new Map([['a', (history.timelines.get('a') ?? []).slice(1)]]);
    expect(told({ ...history, timelines })).toStrictEqual([`P3 the timeline tells the tick 0 times: a ${at(10)}`]);
  });

  test('a tick of each worker has a fate of each', () => {
    const history = sound(chaosJob({ placement: { mode: 'all' } }));
    const other = { id: 'r4b', tick: 4, fence: 5, from: 104, worker: 'w2' };
    const both = { ...history, lines: [...history.lines, ...linesOf(other)], events: [...history.events, ...eventsOf(other)] };
    expect(told(both)).toStrictEqual([]);
    expect(told(changed(both, isOf('r4b', 'claimed'), { worker: 'id of w1', workerName: 'w1' }))).toStrictEqual([
      `P1 tick a ${at(4)} w1 was run by 2 runs`,
      'P2 two runs of a on w1 at one time',
      `P3 a tick with more than one fate: a ${at(4)}`,
    ]);
  });
});

describe('P4', () => {
  test.each([
    ['claimed', 'the events do not begin with the claim'],
    ['started', 'the numbers of the events have a hole'],
    ['output', 'the output is not what the command printed'],
    ['finished', 'the attempt has 0 ends'],
  ])('the event %s is lost', (type, what) => {
    expect(told(without(sound(), isOf('r6', type))).join('\n')).toContain(`P4 ${what}`);
  });

  test('two ends, but where an attempt was to be followed by another', () => {
    const history = sound();
    const end: StoredRunEvent = {
      v: 1,
      type: 'finished',
      job: 'a',
      runId: 'r6',
      attempt: 1,
      seq: 4,
      at: at(7),
      outcome: 'succeeded',
    };
    const twice = { ...history, events: [...history.events, end] };
    expect(told(twice)).toStrictEqual(['P4 the attempt has 2 ends: a r6/1']);
    expect(
      told(changed(twice, (event) => isOf('r6', 'finished')(event) && event !== end, { type: 'attemptEnded' })),
    ).toStrictEqual([]);
  });

  test('all events of a run are lost', () => {
    const wrong = told(without(sound(), isOf('r6')));
    expect(wrong).toContain('P4 nothing is told of an attempt of a that ran');
    expect(wrong).toContain(`P3 a tick without a fate: a ${at(6)}`);
  });

  test('output that nobody printed', () => {
    expect(told(changed(sound(), isOf('r6', 'output'), { data: Buffer.from('else') })).join()).toContain(
      'P4 the output is not what',
    );
  });

  test('a command that was killed may have printed one line more than it could tell, and no other', () => {
    const history = sound();
    const lines = history.lines.filter(({ runId, sign, n }) => runId !== 'r6' || (sign !== 'E' && !(sign === 'H' && n === 2)));
    const killed = changed({ ...history, lines }, isOf('r6', 'finished'), { outcome: 'killed' });
    expect(told(killed)).toStrictEqual([]);
    expect(told(changed(killed, isOf('r6', 'output'), { data: new Uint8Array() })).join()).toContain('P4 the output is not what');
  });

  test('told as never started, as succeeded, under another fence', () => {
    expect(told(changed(sound(), isOf('r6', 'finished'), { outcome: 'lost', reason: 'notStarted' })).join()).toContain(
      'told as notStarted, and the command ran',
    );
    const history = sound();
    expect(
      told({ ...history, lines: history.lines.filter(({ runId, sign }) => runId !== 'r6' || sign !== 'E') }).join(),
    ).toContain('told as succeeded, and the command did not come to its end');
    expect(told(changed(history, isOf('r6', 'claimed'), { fence: 5 })).join()).toContain('another fence');
  });

  test('what a full disk did not take is excused, there and then only', () => {
    const holed = without(sound(), isOf('r6', 'started'));
    const disk = (worker: string, from: number): Affliction => ({ worker, what: 'fullDisk', from, to: from + 1 });
    expect(told({ ...holed, afflictions: [disk('w1', 106)] })).toStrictEqual([]);
    expect(told({ ...holed, afflictions: [disk('w2', 106)] })).toHaveLength(1);
    expect(told({ ...holed, afflictions: [disk('w1', 90)] })).toHaveLength(1);
  });
});

test('P5: a kill whose run has no end', () => {
  const history = sound();
  expect(told({ ...history, kills: [{ job: 'a', runId: 'r9' }] })).toStrictEqual([
    'P5 a kill of a was accepted, and the run has no end',
  ]);
  const lost: StoredRunEvent = {
    v: 1,
    type: 'lost',
    job: 'a',
    runId: 'r9',
    attempt: 1,
    at: at(9),
    reason: 'workerGone',
    worker: 'w',
    nextAttemptAt: at(10),
  };
  expect(
    told({ ...history, kills: [{ job: 'a', runId: 'r9' }], events: [...history.events, lost] }),
    'another attempt follows',
  ).toHaveLength(1);
});

describe('idle and equal', () => {
  test.each(['lock/a', 'runs/a/r2', 'killer/a/r2', 'queue/a/r2', 'outbox/x', 'lock/a/w1'])('%s is left', (key) => {
    const history = sound();
    expect(told({ ...history, dump: [...history.dump, { key: `/${key}`, value: 'r2', revision: 9 }] })).toStrictEqual([
      `idle 1 keys are left under ${key.split('/')[0] ?? ''}/`,
    ]);
  });

  test('a master that shows an old job, another worker, a run that is over', () => {
    const view = { master: 'master2', jobs: ['a@2'], workers: [], live: ['r2'] };
    expect(told({ ...sound(), views: [view] })).toStrictEqual([
      'idle master2 shows other jobs than etcd has',
      'idle master2 shows other workers than etcd has',
      'idle master2 shows other live runs than etcd has',
    ]);
  });

  test('what the harness saw by itself', () => {
    expect(told({ ...sound(), incidents: ['worker1 ended by itself'] })).toStrictEqual(['none worker1 ended by itself']);
  });
});
