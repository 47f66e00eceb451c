import { expect, test } from 'vitest';
import type { JobView, LiveEvent } from '../../../src/domain/wire.ts';
import type { Page } from '../../../web/src/api.ts';
import { jobsBy, runsBy, runsOf, type JobsAsked } from '../../../web/src/live/kinds.ts';
import { hear, merged, pruned, type Changes } from '../../../web/src/live/live-list.ts';

const jobs = jobsBy({});
const view = (name: string, revision = '1'): JobView => ({
  job: { name, command: 'true', cronExpr: '* * * * *' },
  revision,
  schedule: 'Every minute',
  running: [],
  queued: 0,
});
const page = (names: readonly string[], asOf: string, nextCursor?: string): Page<JobView> => ({
  items: names.map((name) => view(name)),
  asOf,
  ...(nextCursor === undefined ? {} : { nextCursor }),
});
const saved = (name: string, asOf: string, revision = asOf) => ({
  event: { type: 'jobChanged', job: view(name, revision) } satisfies LiveEvent,
  asOf,
});
const removed = (name: string, asOf: string) => ({ event: { type: 'jobRemoved', name } satisfies LiveEvent, asOf });

type Heard = { readonly event: LiveEvent; readonly asOf: string };
const heardOf = (...heard: readonly Heard[]): Changes<JobView> => hear(jobs, new Map(), heard);
const shown = (pages: readonly Page<JobView>[], changes: Changes<JobView>, kind = jobs): string =>
  merged(kind, pages, changes)
    .map(({ job, revision }) => `${job.name}${revision}`)
    .join(' ');

test.each<[string, Page<JobView>[], Heard[], string]>([
  ['nothing has changed', [page(['a', 'c'], '5')], [], 'a1 c1'],
  ['a changed row stays where it is', [page(['a', 'c'], '5')], [saved('a', '6')], 'a6 c1'],
  ['a new row comes to its place', [page(['a', 'c'], '5')], [saved('b', '6')], 'a1 b6 c1'],
  ['a new row comes to the end of a whole list', [page(['a', 'c'], '5')], [saved('d', '6')], 'a1 c1 d6'],
  ['a removed row goes', [page(['a', 'c'], '5')], [removed('a', '6')], 'c1'],
  ['removed and saved again', [page(['a', 'c'], '5')], [removed('a', '6'), saved('a', '7')], 'a7 c1'],
  ['of one row the newest counts, however it comes', [page(['a'], '5')], [saved('a', '9'), saved('a', '7')], 'a9'],
  ['what comes twice counts once', [page(['a', 'c'], '5')], [saved('b', '6'), saved('b', '6')], 'a1 b6 c1'],
  ['the page is newer than the change', [page(['a'], '8')], [saved('a', '6'), removed('a', '7')], 'a1'],
  ['a row that the newer page no longer has stays away', [page(['a', 'c'], '8')], [saved('b', '6')], 'a1 c1'],
  ['told at the position of the page: it may have been behind', [page(['a'], '8')], [saved('a', '8')], 'a8'],
  ['a row of a page that is not loaded does not come yet', [page(['a', 'c'], '5', 'c')], [saved('d', '6')], 'a1 c1'],
  ['nor does it come twice once it is', [page(['a', 'c'], '5', 'c'), page(['d', 'e'], '7')], [saved('d', '6')], 'a1 c1 d1 e1'],
  ['a change that came while its page was on its way', [page(['a'], '5', 'a'), page(['d'], '6')], [saved('d', '8')], 'a1 d8'],
  ['a row between two pages', [page(['a', 'c'], '5', 'c'), page(['e'], '7')], [saved('d', '8')], 'a1 c1 d8 e1'],
  ['a row that moved to the next page while that was read', [page(['a', 'c'], '5', 'c'), page(['c', 'd'], '7')], [], 'a1 c1 d1'],
])('%s', (_, pages, heard, expected) => {
  expect(shown(pages, heardOf(...heard))).toBe(expected);
});

test('a row that no longer is what was searched for goes, one that now is comes', () => {
  const kind = jobsBy({ q: '  Back  TRUE ' });
  const pages = [page(['backup'], '5')];
  const other = { ...view('backup', '6'), job: { name: 'backup', command: 'false', cronExpr: '* * * * *' } };
  expect(shown(pages, heardOf({ event: { type: 'jobChanged', job: other }, asOf: '6' }), kind)).toBe('');
  expect(shown(pages, heardOf(saved('rollback', '6'), saved('report', '7')), kind)).toBe('backup1 rollback6');
});

const lively = (name: string, more: Partial<JobView> = {}, fields: Readonly<Record<string, unknown>> = {}): JobView => ({
  ...view(name),
  ...more,
  job: { ...view(name).job, ...fields },
});
const ended = (endedAt: string, outcome: 'succeeded' | 'failed' = 'succeeded'): Partial<JobView> => ({
  lastRun: { id: endedAt, fireTime: endedAt, outcome, endedAt },
});

test.each<[string, JobsAsked, string]>([
  ['nothing: all', {}, 'broken failing off old tagged'],
  ['a tag', { tag: 'night' }, 'tagged'],
  ['those that are on', { enabled: true }, 'failing old tagged'],
  ['those that are off: a broken one does nothing', { enabled: false }, 'broken off'],
  ['the last outcome', { outcome: 'failed' }, 'failing'],
  ['words and a tag', { q: 'NIGHT true', tag: 'night' }, 'tagged'],
])('asked for is %s', (_, asked, expected) => {
  const all = [
    lively('broken', { broken: 'no' }),
    lively('failing', ended('2', 'failed')),
    lively('off', {}, { enabled: false }),
    lively('old', ended('1')),
    lively('tagged', {}, { tags: ['day', 'night'] }),
  ];
  expect(all.filter(jobsBy(asked).isAsked).map(({ job }) => job.name)).toEqual(expected.split(' '));
});

test.each<[string | undefined, string]>([
  [undefined, 'a b c d'],
  ['-name', 'd c b a'],
  ['nextFireTime', 'c a b d'],
  ['-nextFireTime', 'a b c d'],
  ['lastRun', 'b a c d'],
  ['-lastRun', 'a b c d'],
])('in the order %s those without a value come last, and the name decides between equals', (sort, expected) => {
  const all = [
    lively('b', { nextFireTime: '5', ...ended('1') }),
    lively('d'),
    lively('c', { nextFireTime: '3' }),
    lively('a', { nextFireTime: '5', ...ended('2') }),
  ];
  expect(
    all
      .toSorted(jobsBy({ sort }).compare)
      .map(({ job }) => job.name)
      .join(' '),
  ).toBe(expected);
});

test('in an order of time a changed row moves; one that moves beyond what is loaded is not shown until its page is', () => {
  const kind = jobsBy({ sort: 'nextFireTime' });
  const at = (name: string, nextFireTime: string, revision = '1'): JobView => ({ ...lively(name, { nextFireTime }), revision });
  const first: Page<JobView> = { items: [at('a', '1'), at('b', '2'), at('c', '3')], asOf: '5', nextCursor: 'c' };
  const fired = (name: string, next: string, asOf: string): Heard => ({
    event: { type: 'jobChanged', job: at(name, next, asOf) },
    asOf,
  });
  expect(shown([first], heardOf(fired('b', '0', '6')), kind)).toBe('b6 a1 c1');
  expect(shown([first], heardOf(fired('a', '9', '6')), kind)).toBe('b1 c1');
  const second: Page<JobView> = { items: [at('d', '4'), at('a', '9', '6')], asOf: '7' };
  expect(shown([first, second], heardOf(fired('a', '9', '6')), kind)).toBe('b1 c1 d1 a6');
  expect(shown([first, second], heardOf(), kind)).toBe('b1 c1 d1 a6');
});

test('rows that did not change are the same objects: they are not drawn again', () => {
  const pages = [page(['a', 'b'], '5')];
  const rows = merged(jobs, pages, heardOf(saved('b', '6'), saved('c', '7')));
  expect(rows[0]).toBe(pages[0]!.items[0]);
});

test('runs: the newest first, of one job only where one is asked for, older ones not before their page', () => {
  const run = (id: string, job = 'a', state = 'running') => ({
    id,
    job,
    trigger: 'schedule',
    fireTime: '2027-01-01T00:00:00.000Z',
    attempt: 1,
    state,
  });
  const event = (id: string, job?: string, state?: string): Heard => ({
    event: { type: 'claimed', runId: id, job: job ?? 'a', attempt: 1, at: '', run: run(id, job, state) as never },
    asOf: '9',
  });
  const pages = [{ items: [run('5'), run('3')] as never[], asOf: '5', nextCursor: '3' }];
  const heard = [event('7'), event('6', 'b'), event('2'), event('3', 'a', 'finished')];
  const kindOf = (job: string | null) => (job === null ? runsBy({}) : runsOf(job));
  const idsOf = (job: string | null): string =>
    merged(kindOf(job), pages, hear(kindOf(job), new Map(), heard))
      .map(({ id, state }) => `${id} ${state}`)
      .join(', ');
  expect(idsOf(null)).toBe('7 running, 6 running, 5 running, 3 finished');
  expect(idsOf('a')).toBe('7 running, 5 running, 3 finished');
  expect(runsOf('a').topic).toBe('job/a');
});

test('what is let go changes nothing that is shown', () => {
  const pages = [page(['a', 'c'], '5', 'c')];
  const changes = heardOf(saved('a', '4'), saved('b', '6'), removed('c', '7'), saved('x', '8'), removed('y', '8'));
  const kept = pruned(jobs, pages, changes);
  expect([...kept.keys()]).toEqual(['b', 'c']);
  expect(shown(pages, kept)).toBe(shown(pages, changes));
});
