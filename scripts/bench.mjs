// `npm run bench -- NAME`: a benchmark of bench/, bundled and run by itself. Prints numbers and ratios; fails nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { failure, main, root } from './lib/steps.mjs';

const [name, ...rest] = process.argv.slice(2);

await main(async () => {
  const known = readdirSync(join(root, 'bench')).flatMap((file) => /^(.*)\.(ts|mjs)$/.exec(file)?.[1] ?? []);
  if (name === undefined || !known.includes(name)) throw failure(`Which one? npm run bench -- NAME, one of ${known.join(', ')}`);
  const plain = join(root, 'bench', `${name}.mjs`);
  const program = existsSync(plain) ? plain : join(root, '.cache/bench', `${name}.mjs`);
  if (program !== plain)
    await bundle({
      absWorkingDir: root,
      entryPoints: [join(root, 'bench', `${name}.ts`)],
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'inline',
      logLevel: 'warning',
    });
  const { status } = spawnSync(process.execPath, ['--expose-gc', program, ...rest], { stdio: 'inherit', cwd: root });
  process.exitCode = status ?? 1;
});
