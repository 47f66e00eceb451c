// `npm run chaos -- --minutes 5 --seed N`: the chaos harness of test/chaos, bundled and run by itself.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { main, root } from './lib/steps.mjs';

await main(async () => {
  const program = join(root, '.cache/chaos', `main-${process.pid}.mjs`); // two folders down, as test/chaos is: it imports scripts/lib
  await bundle({
    absWorkingDir: root,
    entryPoints: [join(root, 'test/chaos/main.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    external: ['../../scripts/lib/*'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  // It hears Ctrl-C by itself, and takes its processes with it.
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
    stdio: 'inherit',
    cwd: root,
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  const code = await new Promise((/** @type {(code: number) => void} */ resolve) =>
    child.once('exit', (ended) => resolve(ended ?? 1)),
  );
  rmSync(program, { force: true });
  return code;
});
