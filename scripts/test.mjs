// `npm test`: installs and builds what is missing, brings up the servers that can be had, runs every test, and tells what was skipped.
// Arguments go to vitest: `npm test -- test/unit/x.test.ts`, `npm test -- --project unit`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { handOver } from './lib/hand-over.mjs';
import { build, install } from './lib/prepare.mjs';
import { main, root, step } from './lib/steps.mjs';
import { needsServers, readReport, skipsOf } from './lib/test-report.mjs';

/** @typedef {import('./lib/find-servers.mjs').Absent} Absent */

async function prepareServers() {
  const { findChromium, findEtcds, findMongos } = await import('./lib/find-servers.mjs');
  /** @type {Absent[]} */
  const absent = [];
  for (const [what, find] of /** @type {const} */ ([
    ['etcd', findEtcds],
    ['MongoDB', findMongos],
    ['Browser', findChromium],
  ])) {
    await step(`Test servers: ${what}`, async (note) => {
      const answer = await find(note);
      for (const { name, binary, url } of answer.found) note(`${name}: ${binary ?? url}`);
      for (const { name, reason } of answer.absent) note(`${name} CANNOT BE HAD: ${reason}`);
      absent.push(...answer.absent);
    });
  }
  return absent;
}

await main(async () => {
  const args = process.argv.slice(2);
  await install();
  await build();
  const absent = needsServers(args) ? await prepareServers() : [];

  const folder = mkdtempSync(join(tmpdir(), 'cronstream-report-'));
  const reportFile = join(folder, 'report.json');
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json'];
  const code = await handOver(process.execPath, [...vitest, `--outputFile.json=${reportFile}`, ...args], { stdin: 'ignore' });
  const report = readReport(reportFile);
  rmSync(folder, { recursive: true, force: true });

  /** @type {Record<string, string>} */
  const optional = JSON.parse(readFileSync(join(root, 'test/optional.json'), 'utf8'));
  const skips = skipsOf(absent, report.skipped, optional);
  if (skips.length > 0) console.log('\nSKIPPED');
  for (const { name, reason, isAllowed } of skips) console.log(`  ${isAllowed ? 'optional' : 'MISSING '}  ${name}: ${reason}`);
  // A part of the tests, asked for by name, skips the rest on purpose.
  const isStrict = process.env['CI'] === 'true' && args.length === 0;
  const unwanted = isStrict ? skips.filter((skip) => !skip.isAllowed).length : 0;
  if (unwanted > 0) console.log(`\n${unwanted} skipped that test/optional.json does not allow: in CI this is a failure.`);
  if (code !== 0 && report.failed === 0) console.log(`\nvitest ended with code ${code}, though no test failed: see above.`);
  console.log(`\n${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped`);
  return code !== 0 ? code : unwanted > 0 ? 1 : 0;
});
