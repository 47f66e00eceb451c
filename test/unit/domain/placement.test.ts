import { expect, test } from 'vitest';
import { matches, rankOf, rankWorkers, unfitness, type Peer } from '../../../src/domain/placement.ts';

const peer = (id: string, more: Partial<Peer> = {}): Peer => ({
  id,
  name: `${id}-name`,
  labels: [],
  slots: 100,
  draining: false,
  rules: { schedule: 2, tz: '2025b' },
  ...more,
});
const anywhere = { name: 'backup', workers: [], labels: [] };

// Frozen: workers of two versions must agree on who is first.
test.each([
  [0, 'c,b,a'],
  [1_000, 'c,a,b'],
  [1_800_000_000_000, 'c,b,a'],
])('the ranks at %i do not change', (fireTime, golden) => {
  expect(rankWorkers(anywhere, fireTime, [peer('a'), peer('b'), peer('c', { slots: 300 })]).join()).toBe(golden);
});

test('the order does not depend on the order in which workers are listed', () => {
  const peers = ['a', 'b', 'c', 'd'].map((id) => peer(id));
  expect(rankWorkers(anywhere, 42, peers)).toStrictEqual(rankWorkers(anywhere, 42, peers.toReversed()));
});

test('who is out of sync leaves its ticks to the others in their order; where everybody is, the order is as ever', () => {
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => peer(id));
  const order = rankWorkers(anywhere, 42, all);
  const out = (ids: readonly string[]) => all.map((each) => (ids.includes(each.id) ? { ...each, unsynced: true } : each));
  // The four that would look at it are all out of sync: nobody else would ever try.
  expect(rankWorkers(anywhere, 42, out(order.slice(0, 4)))).toStrictEqual(order.slice(4));
  expect(rankOf(order[4]!, anywhere, 42, out(order.slice(0, 4)), 'queued')).toBe(0);
  expect(rankWorkers(anywhere, 42, out(order))).toStrictEqual(order);
  // Those with older rules stay out of it, whoever of the newest is out of sync.
  const old = out(order.slice(0, 1)).map((each) =>
    each.id === order[1] ? { ...each, rules: { schedule: 1, tz: '2025b' } } : each,
  );
  expect(rankWorkers(anywhere, 42, old)).toStrictEqual(order.slice(2));
});

test('the share of first ranks goes by slots', () => {
  const peers = [peer('small', { slots: 100 }), peer('big', { slots: 300 })];
  const first = Array.from({ length: 4_000 }, (_, at) => rankWorkers(anywhere, at * 1_000, peers)[0]);
  const big = first.filter((id) => id === 'big').length;
  expect(big / 4_000).toBeGreaterThan(0.7);
  expect(big / 4_000).toBeLessThan(0.8);
});

test('when a worker goes, only its own ticks get another first', () => {
  const peers = ['a', 'b', 'c'].map((id) => peer(id));
  const moved = Array.from({ length: 500 }, (_, at) => {
    const before = rankWorkers(anywhere, at, peers)[0];
    return before !== 'c' && before !== rankWorkers(anywhere, at, peers.slice(0, 2))[0];
  });
  expect(moved).not.toContain(true);
});

test.each([
  ['no wishes', anywhere, {}, true],
  ['named by id', { ...anywhere, workers: ['w'] }, {}, true],
  ['named by name', { ...anywhere, workers: ['w-name'] }, {}, true],
  ['another is named', { ...anywhere, workers: ['x'] }, {}, false],
  ['has all labels', { ...anywhere, labels: ['web', 'region=eu'] }, { labels: ['region=eu', 'web', 'ssd'] }, true],
  ['lacks a label', { ...anywhere, labels: ['web', 'region=eu'] }, { labels: ['web'] }, false],
])('placement: %s', (_case, job, more, expected) => {
  expect(matches(job, peer('w', more))).toBe(expected);
  expect(rankOf('w', job, 0, [peer('w', more)])).toBe(expected ? 0 : undefined);
});

test('who drains or has no slots has no rank', () => {
  expect(rankWorkers(anywhere, 0, [peer('a', { draining: true }), peer('b', { slots: 0 }), peer('c')])).toStrictEqual(['c']);
});

test('whose clock is off has no rank', () => {
  expect(rankWorkers(anywhere, 0, [peer('a', { skewed: true }), peer('b')])).toStrictEqual(['b']);
  expect(rankWorkers(anywhere, 0, [peer('a', { skewed: true }), peer('b')], 'queued')).toStrictEqual(['b']);
});

const older = { rules: { schedule: 1, tz: '2026a' } };
const newerZones = { rules: { schedule: 2, tz: '2026a' } };

test('who has older rules or time zone data does not rank for ticks, and takes queued runs', () => {
  const peers = [peer('a', older), peer('b'), peer('c', newerZones)];
  expect(rankWorkers(anywhere, 0, peers)).toStrictEqual(['c']);
  expect(rankWorkers(anywhere, 0, peers, 'queued').toSorted()).toStrictEqual(['a', 'b', 'c']);
});

test('a job whose only workers are not upgraded yet goes on', () => {
  const job = { ...anywhere, labels: ['gpu'] };
  const [gpu, upgraded] = [peer('a', { labels: ['gpu'] }), peer('b', newerZones)];
  expect(rankWorkers(job, 0, [gpu, upgraded])).toStrictEqual(['a']);
  // Who is newer and takes nothing keeps nobody from the job.
  const [drains, off] = [peer('c', { ...newerZones, draining: true }), peer('d', { ...newerZones, skewed: true })];
  expect(rankWorkers(anywhere, 0, [peer('a'), drains, off, peer('e', { ...newerZones, slots: 0 })])).toStrictEqual(['a']);
});

const busy = (id: string, more: Partial<Peer> = {}, running = 0) => ({ ...peer(id, more), running });
test.each([
  ['would take it', anywhere, busy('a'), undefined],
  ['is not named', { ...anywhere, workers: ['x'] }, busy('a', { skewed: true }), { reason: 'name' }],
  ['lacks a label', { ...anywhere, labels: ['gpu'] }, busy('a', { draining: true }), { reason: 'labels', missing: ['gpu'] }],
  ['has a clock that is off', anywhere, busy('a', { skewed: true, draining: true }), { reason: 'skewed' }],
  ['drains', anywhere, busy('a', { draining: true }, 100), { reason: 'draining' }],
  ['has lost its feeds', anywhere, { ...busy('a', older), unsynced: true }, { reason: 'unsynced' }],
  ['has older rules than another', anywhere, busy('a', older, 100), { reason: 'oldRules' }],
  ['is full', anywhere, busy('a', {}, 100), { reason: 'full' }],
  ['has no slots', anywhere, busy('a', { slots: 0 }), { reason: 'full' }],
] as const)('why not: it %s', (_case, job, worker, expected) => {
  expect(unfitness(job, worker, [worker, peer('other')])).toStrictEqual(expected);
});

test('what the configuration of a worker forbids is no run of its', () => {
  const [free, bound] = [peer('free'), peer('bound', { allow: ['report'], users: ['mail'] })];
  const ranked = (job: { readonly name: string; readonly runAs?: string }): readonly string[] =>
    rankWorkers({ ...anywhere, ...job }, 0, [free, bound]).toSorted();
  expect(ranked({ name: 'backup' })).toStrictEqual(['free']);
  expect(ranked({ name: 'report' })).toStrictEqual(['bound', 'free']);
  expect(ranked({ name: 'report', runAs: 'mail' })).toStrictEqual(['bound']);
  expect(ranked({ name: 'backup', runAs: 'mail' })).toStrictEqual([]);
  const why = (job: { readonly name: string; readonly runAs?: string }): string | undefined =>
    unfitness({ ...anywhere, ...job }, { ...bound, running: 0 }, [free, bound])?.reason;
  expect([why({ name: 'backup' }), why({ name: 'report', runAs: 'root' }), why({ name: 'report' })]).toStrictEqual([
    'jobs',
    'user',
    undefined,
  ]);
});
