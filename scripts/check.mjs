// `npm run check`: types, lint, format and dead code. Every step runs, so that one look shows all; it fails when one of them does.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { install } from './lib/prepare.mjs';
import { main, root, run, secondsSince } from './lib/steps.mjs';

const bin = (/** @type {string} */ path) => join(root, 'node_modules', path);

/** @type {readonly [string, readonly string[]]} */
const webTypes = ['Types of the console', [bin('typescript/bin/tsc'), '-p', 'web/tsconfig.json', '--noEmit']];

/**
 * Two lanes, side by side: lint takes as long as all the others, and machines have two cores.
 * @type {readonly (readonly (readonly [string, readonly string[]])[])[]}
 */
const lanes = [
  [['Lint', [bin('eslint/bin/eslint.js'), '--max-warnings=0', '.']]],
  [
    ['Types', [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']],
    ...(existsSync(join(root, 'web/tsconfig.json')) ? [webTypes] : []),
    [
      'Format',
      [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '--cache', '--cache-location=.cache/prettier', '.'],
    ],
    ['Dead code', [bin('knip/bin/knip.js'), '--no-progress']],
  ],
];

await main(async () => {
  await install();
  /** @type {string[]} */
  const failed = [];
  const runLane = async (/** @type {typeof lanes[number]} */ lane) => {
    for (const [name, args] of lane) {
      const since = performance.now();
      const { code, output } = await run(process.execPath, args);
      console.log(`${name}: ${code === 0 ? 'ok' : 'FAILED'}, ${secondsSince(since)}`);
      if (code === 0) continue;
      console.log(output);
      failed.push(name);
    }
  };
  await Promise.all(lanes.map(runLane));
  console.log(failed.length === 0 ? 'All checks passed.' : `FAILED: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
});
