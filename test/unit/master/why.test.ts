// "Why did it not run at 03:00?", asked of a master: the record, and what the job was at that time.
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/domain/events.ts';
import type { WhyView } from '../../../src/domain/wire.ts';
import { aJob, anEndedRun, aQueued, createMemoryRunLog, keys, startMaster, until, type TestMaster } from './support.ts';

const HOUR = 3_600_000;
/** Long ago, so that nothing of it is coming; in winter, an hour before Berlin's clocks. */
const start = Date.parse('2026-01-10T00:00:00Z');
const hour = (n: number, ms = 0): string => new Date(start + n * HOUR + ms).toISOString();

const ask = async (master: TestMaster, job: string, at: string, language = 'en'): Promise<WhyView> => {
  const query = new URLSearchParams({ at }).toString();
  const answer = await master.api('GET', `/jobs/${job}/why?${query}`, undefined, { 'accept-language': language });
  expect([answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toStrictEqual([200, '']);
  return answer.json<WhyView>();
};

/** The id (UUIDv7) of a change that was made at an instant. */
const idAt = (at: string): string => {
  const hex = Date.parse(at).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
};
const saved = (at: string, by: string, after: object, before?: object): RunEvent => ({
  v: 1,
  type: 'jobSaved',
  job: 'a',
  at,
  id: idAt(at),
  by,
  after,
  ...(before && { before }),
});
const berlin = aJob('a', { cronExpr: '0 * * * *', timezone: 'Europe/Berlin' });

const history = () => {
  const runLog = createMemoryRunLog();
  const claimedAt = hour(4, 5_400_000);
  runLog.add(
    saved(hour(0), 'ann', berlin),
    saved(hour(10), 'bob', { ...berlin, enabled: false }, berlin),
    saved(hour(15), 'cem', { ...berlin, cronExpr: '30 * * * *' }, { ...berlin, enabled: false }),
    { v: 1, type: 'jobDeleted', job: 'a', at: hour(20), id: idAt(hour(20)), by: 'dee' },
    { v: 1, type: 'tickSkipped', job: 'a', at: hour(2, 15), fireTime: hour(2), reason: 'overlap', worker: 'w1' },
    { v: 1, type: 'ticksMissed', job: 'a', at: hour(9), from: hour(5), to: hour(7), count: 3, reason: 'late' },
    ...anEndedRun('a', 'r3').map((event) =>
      event.type === 'claimed' ? { ...event, fireTime: hour(3), nominalAt: hour(3), at: hour(3) } : { ...event, at: hour(3) },
    ),
    ...anEndedRun('a', 'r4').map((event) =>
      event.type === 'claimed'
        ? { ...event, fireTime: hour(4), trigger: 'catchUp' as const, latenessMs: 5_400_000, at: claimedAt }
        : { ...event, at: claimedAt },
    ),
  );
  return runLog;
};

test.each([
  ['2026-01-10T04:00', 'The tick of 2026-01-10 04:00:00 (Europe/Berlin) ran on one, and succeeded.'],
  ['2026-01-10T03:00:00Z', 'The tick of 2026-01-10 04:00:00 (Europe/Berlin) ran on one, and succeeded.'],
  [
    '2026-01-10T05:00',
    'The tick of 2026-01-10 05:00:00 (Europe/Berlin) ran as a catch-up on one, 1 h 30 min late, and succeeded.',
  ],
  [
    '2026-01-10T03:00',
    'The tick of 2026-01-10 03:00:00 (Europe/Berlin) was skipped: the run before had not ended. Worker w1 decided so.',
  ],
  [
    '2026-01-10T07:00',
    'The tick of 2026-01-10 06:00:00 (Europe/Berlin) to 2026-01-10 08:00:00 (Europe/Berlin) (3 ticks) was missed: nobody started it in time: no worker was up, or none could reach etcd.',
  ],
  ['2026-01-10T00:00', 'The job was not there yet: ann saved it first at 2026-01-10 01:00:00 (Europe/Berlin).'],
  [
    '2026-01-10T12:00',
    'The job was switched off since 2026-01-10 11:00:00 (Europe/Berlin), by bob. The nearest on record, 4 h before that: The tick of 2026-01-10 06:00:00 (Europe/Berlin) to',
  ],
  [
    '2026-01-10T17:00',
    'The schedule of that time does not name 2026-01-10 17:00:00 (Europe/Berlin): it names 2026-01-10 16:30:00 (Europe/Berlin) and 2026-01-10 17:30:00 (Europe/Berlin). The nearest on record, 9 h before that:',
  ],
  ['2026-01-10T17:30', 'The schedule of that time names 2026-01-10 17:30:00 (Europe/Berlin), and there is no record of it'],
  ['2026-01-10T22:00', 'The job was not there: dee deleted it at 2026-01-10 21:00:00 (Europe/Berlin).'],
])('why at %s', async (at, sentence) => {
  await using master = await startMaster({ runLog: history() });
  await master.put(keys.job('a'), berlin);
  await until(
    () => master.api('GET', '/jobs/a'),
    ({ statusCode }) => statusCode === 200,
  );
  expect((await ask(master, 'a', at)).sentence.slice(0, sentence.length)).toBe(sentence);
});

test('in Chinese where that is asked for, and what waits says that it does', async () => {
  await using master = await startMaster({ runLog: history() });
  await master.put(keys.job('a'), berlin);
  await master.put(keys.queued('a', 'q'), {
    ...aQueued('a', 'q'),
    trigger: 'catchUp',
    fireTime: hour(11),
    to: hour(13),
    count: 3,
  });
  const { items, sentence } = await until(
    () => ask(master, 'a', '2026-01-10T13:00', 'zh'),
    (found) => found.items[0]?.fate === 'waiting',
  );
  expect(items).toMatchObject([{ fate: 'waiting', trigger: 'catchUp', fireTime: hour(11), to: hour(13), count: 3 }]);
  expect(sentence).toContain('（3 次） 的触发正在等待补跑');
});

test('the answer costs a handful of bounded reads of the run log, whatever lies in it', async () => {
  const runLog = history();
  for (let n = 0; n < 2_000; n += 1)
    runLog.add({ v: 1, type: 'tickSkipped', job: 'a', at: hour(8, n * 1_000), fireTime: hour(8, n * 1_000), reason: 'overlap' });
  const limits: number[] = [];
  await using master = await startMaster({
    runLog: {
      ...runLog,
      eventsAbout: (prefix, page) => (limits.push(page.limit), runLog.eventsAbout(prefix, page)),
      runsOfTicks: (job, page) => (limits.push(page.limit), runLog.runsOfTicks(job, page)),
    },
  });
  await master.put(keys.job('a'), berlin);
  limits.length = 0;
  await ask(master, 'a', hour(12));
  expect(limits.length).toBeLessThanOrEqual(11);
  expect(Math.max(...limits)).toBeLessThanOrEqual(21);
});

test('a time that is none is refused, and so is a job that nobody knows', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  for (const at of ['', 'yesterday', '25:00', '2026-13-01T00:00', '3'])
    expect((await master.api('GET', `/jobs/a/why?${new URLSearchParams({ at }).toString()}`)).json()).toMatchObject({
      status: 400,
      errors: [{ path: '/at' }],
    });
  expect((await master.api('GET', '/jobs/nobody/why?at=03:00')).statusCode).toBe(404);
});
