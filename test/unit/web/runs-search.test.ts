import { expect, test } from 'vitest';
import type { LiveEvent, RunView } from '../../../src/domain/wire.ts';
import { runsBy, type RunsAsked } from '../../../web/src/live/kinds.ts';
import { lengthsOf, shareOf, slownessOf } from '../../../web/src/lists/lengths.ts';
import { askedAt, readRunsSearch, runsParams } from '../../../web/src/lists/runs-search.ts';

const read = (text: string): Readonly<Record<string, string>> => runsParams(readRunsSearch(new URLSearchParams(text)));

test.each<[string, string, Readonly<Record<string, string>>]>([
  ['nothing', '', {}],
  ['all of it', 'q=a&job=b&outcome=failed&worker=w', { q: 'a', job: 'b', outcome: 'failed', worker: 'w' }],
  ['instants, whatever their zone', 'from=2027-01-01T01:00:00%2B01:00', { from: '2027-01-01T00:00:00.000Z' }],
  ['how far back counts before from and to', 'since=24h&from=2027-01-01', { since: '24h' }],
  ['what is not known is passed over', 'outcome=wonderful&since=ever&to=soon&x=y', {}],
  ['empty is not asked', 'q=+&job=', {}],
])('the address: %s', (_, text, expected) => {
  expect(read(text)).toEqual(expected);
});

test('how far back is counted from now, and the master is asked for an instant', () => {
  expect(runsParams(askedAt({ job: 'a', since: '1h' }, Date.parse('2027-01-01T01:00:00Z')))).toEqual({
    job: 'a',
    from: '2027-01-01T00:00:00.000Z',
  });
});

const RUN: RunView = {
  id: 'r',
  job: 'night.report',
  trigger: 'schedule',
  fireTime: '2027-01-01T00:00:00.000Z',
  attempt: 1,
  state: 'finished',
  outcome: 'failed',
  worker: 'id-of-w',
  workerName: 'w',
  error: 'No such file',
};
const told = (run: RunView): LiveEvent => ({ type: 'finished', runId: run.id, job: run.job, attempt: 1, at: RUN.fireTime, run });

test.each<[RunsAsked, boolean]>([
  [{}, true],
  [{ job: 'night.report' }, true],
  [{ job: 'night' }, false],
  [{ outcome: 'failed' }, true],
  [{ outcome: 'lost' }, false],
  [{ worker: 'w' }, true],
  [{ worker: 'id-of-w' }, true],
  [{ worker: 'v' }, false],
  [{ from: '2027-01-01T00:00:00.000Z', to: '2027-01-01T00:00:00.000Z' }, true],
  [{ from: '2027-01-01T00:00:00.001Z' }, false],
  [{ to: '2026-12-31T23:59:59.999Z' }, false],
  [{ q: 'REPORT' }, true],
  [{ q: 'no such' }, true],
  [{ q: 'needle' }, false],
])('a run that comes live is asked by %j: %s', (asked, expected) => {
  expect(runsBy(asked).isAsked(RUN)).toBe(expected);
});

test('what may have the text in its output is told apart, and takes no row away', () => {
  const kind = runsBy({ q: 'needle', outcome: 'failed' });
  expect(kind.read(told(RUN))).toBeUndefined();
  expect(kind.readEnded(told(RUN))).toBe('r');
  expect(kind.readEnded(told({ ...RUN, outcome: 'lost' }))).toBeUndefined();
  expect(kind.readEnded(told({ ...RUN, job: 'needle' }))).toBeUndefined();
  expect(kind.read(told({ ...RUN, job: 'needle' }))?.id).toBe('r');
});

const took = (job: string, ...lengths: readonly number[]) => lengths.map((durationMs) => ({ job, durationMs }));

test('what is usual is said of jobs of which enough is known', () => {
  const { top, usualOf } = lengthsOf([...took('a', 100, 110, 120, 90_000), ...took('b', 5), { job: 'c' }]);
  expect(top).toBe(90_000);
  expect([...usualOf]).toEqual([['a', 110]]);
});

test.each<[number, number | undefined, number | undefined]>([
  [90_000, 30_000, 3],
  [40_000, 30_000, undefined],
  [900, 10, undefined],
  [90_000, undefined, undefined],
  [5_000, 0, 5_000],
])('%d ms where %s are usual: %s times', (ms, usual, expected) => {
  expect(slownessOf(ms, usual)).toBe(expected);
});

test('bars grow with the length, and none leaves its place', () => {
  const shares = [0, 10, 1_000, 60_000, 3_600_000, 9_999_999].map((ms) => shareOf(ms, 3_600_000));
  expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
  expect([shares[0], shares[4], shares[5]]).toEqual([0, 1, 1]);
  expect(shareOf(5, 0)).toBe(0);
});
