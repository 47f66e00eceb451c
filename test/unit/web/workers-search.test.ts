import { expect, test } from 'vitest';
import type { WorkerView } from '../../../src/domain/wire.ts';
import { needsLook, workersAsked } from '../../../web/src/lists/workers-search.ts';

const NOW = Date.parse('2030-01-01T00:00:00.000Z');
const fine: WorkerView = {
  id: 'w-1',
  name: 'one',
  host: 'h',
  pid: 1,
  version: '1.2.3',
  labels: ['gpu'],
  slots: 2,
  draining: false,
  startedAt: '2029-01-01T00:00:00.000Z',
  lastSeenAt: '2029-12-31T23:59:55.000Z',
  clockOffsetMs: -20,
  spoolBytes: 10,
  spoolLimitBytes: 100,
  running: [],
};

test.each<[string, Partial<WorkerView>, boolean]>([
  ['fine', {}, false],
  ['draining', { draining: true }, true],
  ['takes no ticks', { passes: 'unsynced' }, true],
  ['slow clock', { clockOffsetMs: -500 }, true],
  ['silent', { lastSeenAt: '2029-12-31T23:59:40.000Z' }, true],
  ['spool nearly full', { spoolBytes: 76 }, true],
  ['output thrown away', { spoolCutBytes: 1 }, true],
  ['runs wait, as they do', { spoolWaiting: 3, spoolOldestAt: '2029-12-31T23:59:50.000Z' }, false],
  ['runs wait for long', { spoolWaiting: 3, spoolOldestAt: '2029-12-31T23:58:50.000Z' }, true],
  ['events refused', { setAside: 1 }, true],
])('whether somebody should look at a worker: %s', (_, some, isNeeded) => {
  expect(needsLook({ ...fine, ...some }, NOW)).toBe(isNeeded);
});

test('workers are found by what one sees of them', () => {
  const found = (q: string) => workersAsked(q)({ ...fine, allow: ['backup-*'] });
  expect(['', 'ONE gpu', '1.2.3', 'backup', 'two'].map(found)).toEqual([true, true, true, true, false]);
});
