import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needsServers, readReport, skipsOf } from '../../../scripts/lib/test-report.mjs';

test.each([
  [[], true],
  [['test/unit/x.test.ts'], false],
  [['test/unit/x.test.ts', 'test/marbles/y.test.ts'], false],
  [['test/unit/x.test.ts', 'test/contract/y.test.ts'], true],
  [['--project', 'unit'], false],
  [['--project=unit', '--project=marbles'], false],
  [['--project', 'unit', '--project', 'system'], true],
  [['--project', '!system'], true],
  [['-t', 'a name', 'test/unit/x.test.ts'], false],
  [['feed'], true],
])('vitest %j wants servers: %s', (args, wants) => {
  expect(needsServers(args)).toBe(wants);
});

test('a file that could not run counts as a failure', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-report-'));
  const file = join(folder, 'report.json');
  const tests = ['passed', 'failed', 'skipped', 'todo'].map((status) => ({ status, fullName: `is ${status}` }));
  const testResults = [
    { name: 'a', status: 'failed', assertionResults: tests },
    { name: 'b', status: 'failed', assertionResults: [] },
  ];
  writeFileSync(file, JSON.stringify({ testResults }));
  const report = readReport(file);
  rmSync(folder, { recursive: true });
  expect(report).toEqual({ passed: 1, failed: 2, skipped: ['is skipped', 'is todo'] });
  expect(readReport(file)).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test('what may be absent is named in optional.json, and nothing else may be skipped', () => {
  const absent = [
    { name: 'mongod', reason: 'not on PATH' },
    { name: 'etcd 3.7', reason: 'no Go' },
  ];
  const skips = skipsOf(absent, ['page [needs chromium] opens', 'x [needs mongod] y', 'later'], { mongod: 'why' });
  expect(skips.map(({ name, isAllowed }) => [name, isAllowed])).toEqual([
    ['mongod', true],
    ['etcd 3.7', false],
    ['page [needs chromium] opens', false],
    ['x [needs mongod] y', true],
    ['later', false],
  ]);
});
