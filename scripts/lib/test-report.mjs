// What vitest's report says, and which skips are in order. Pure but for reading the report.
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ name: string, reason: string }} Absent
 * @typedef {{ name: string, reason: string, isAllowed: boolean }} Skip
 * @typedef {{ passed: number, failed: number, skipped: string[] }} Report `skipped`: full names of tests
 */

const SERVER_PROJECTS = ['contract', 'system'];

/** Whether a run of vitest with these arguments may include tests that need servers. In doubt it may. */
export function needsServers(/** @type {readonly string[]} */ args) {
  /** @type {string[]} */ const projects = [];
  /** @type {string[]} */ const filters = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--project') projects.push(args[++at] ?? '');
    else if (arg.startsWith('--project=')) projects.push(arg.slice('--project='.length));
    else if (arg === '-t' || arg === '--testNamePattern') at++;
    else if (!arg.startsWith('-')) filters.push(arg);
  }
  if (projects.length > 0) return projects.some((project) => SERVER_PROJECTS.includes(project) || /[*!]/.test(project));
  if (filters.length > 0) return !filters.every((filter) => /(^|\/)test\/(unit|marbles)\//.test(filter));
  return true;
}

/**
 * Reads the report of vitest's json reporter. A file that could not run at all counts as one failure; no report as well.
 * @returns {Report}
 */
export function readReport(/** @type {string} */ file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: [] };
  /** @typedef {{ status: string, fullName: string }} Assertion */
  /** @type {{ testResults: { name: string, status: string, assertionResults: Assertion[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const tests = testResults.flatMap((result) => result.assertionResults);
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: tests.filter((test) => test.status === 'failed').length + broken.length,
    skipped: tests.filter((test) => test.status !== 'passed' && test.status !== 'failed').map((test) => test.fullName),
  };
}

/**
 * All that did not run, and whether `optional` (name of what may be absent → why) allows it. A skipped test is allowed by what it
 * says it needs: `… [needs mongod]`.
 * @param {readonly Absent[]} absent
 * @param {readonly string[]} tests
 * @param {Readonly<Record<string, string>>} optional
 * @returns {Skip[]}
 */
export function skipsOf(absent, tests, optional) {
  const servers = absent.map(({ name, reason }) => ({ name, reason, isAllowed: name in optional }));
  const skipped = tests.map((name) => {
    const need = /\[needs ([^\]]+)\]/.exec(name)?.[1];
    return { name, reason: need ? `needs ${need}` : 'skipped in the code', isAllowed: need !== undefined && need in optional };
  });
  return [...servers, ...skipped];
}
