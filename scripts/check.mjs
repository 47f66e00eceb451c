// `npm run check`: types, lint, format and dead code. Every step runs, so that one look shows all; it fails when one of them does.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { install } from './lib/prepare.mjs';
import { main, root, run, step } from './lib/steps.mjs';

const bin = (/** @type {string} */ path) => join(root, 'node_modules', path);

/** @type {readonly (readonly [string, readonly string[]])[]} */
const checks = [
  ['Types', [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']],
  ...(existsSync(join(root, 'web/tsconfig.json'))
    ? [/** @type {const} */ (['Types of the console', [bin('typescript/bin/tsc'), '-p', 'web/tsconfig.json', '--noEmit']])]
    : []),
  ['Lint', [bin('eslint/bin/eslint.js'), '--max-warnings=0', '.']],
  [
    'Format',
    [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '--cache', '--cache-location=.cache/prettier', '.'],
  ],
  ['Dead code', [bin('knip/bin/knip.js'), '--no-progress']],
];

await main(async () => {
  await install();
  /** @type {string[]} */
  const failed = [];
  for (const [name, args] of checks) {
    const output = await step(`Check: ${name}`, async (note) => {
      const ended = await run(process.execPath, args);
      if (ended.code === 0) return '';
      note('FAILED');
      return ended.output;
    });
    if (output === '') continue;
    console.log(output);
    failed.push(name);
  }
  console.log(failed.length === 0 ? 'All checks passed.' : `FAILED: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
});
