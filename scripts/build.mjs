// `npm run build`: the program to dist/cli, the launcher to dist/launcher, the console to dist/web. Types are checked by `npm run check`.
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { sourcesHash, stampBuild } from './lib/prepare.mjs';
import { failure, main, root, step } from './lib/steps.mjs';

/** @type {import('esbuild').BuildOptions & { metafile: true }} */
const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
};

async function buildCli() {
  const source = join(root, 'src/cli/main.ts');
  const program = join(root, 'dist/cli/main.js');
  rmSync(join(root, 'dist/cli'), { recursive: true, force: true });
  const hasShebang = readFileSync(source, 'utf8').startsWith('#!'); // esbuild keeps it; two would be a syntax error
  await bundle({
    ...common,
    entryPoints: [source],
    outdir: 'dist/cli',
    splitting: true, // a client command does not load the servers
    chunkNames: 'chunks/[name]-[hash]',
    ...(hasShebang ? {} : { banner: { js: '#!/usr/bin/env node' } }),
  });
  chmodSync(program, 0o755);
}

/** One file that needs nothing but Node: it outlives upgrades of what lies around it, and is small to fork from. */
async function buildLauncher() {
  rmSync(join(root, 'dist/launcher'), { recursive: true, force: true });
  const { metafile } = await bundle({
    ...common,
    entryPoints: [join(root, 'src/launcher/main.ts')],
    outfile: 'dist/launcher/main.js',
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map((one) => one.path));
  const foreign = imports.filter((path) => !path.startsWith('node:') && !builtinModules.includes(path));
  if (foreign.length > 0)
    throw failure(`The launcher must import nothing but Node's own modules, and imports ${foreign.join(', ')}`);
}

async function buildWeb() {
  const { build } = await import('vite');
  await build({ root: join(root, 'web'), configFile: join(root, 'web/vite.config.ts'), logLevel: 'warn' });
  if (!existsSync(join(root, 'dist/web/index.html'))) throw failure('The build of web/ left no dist/web/index.html');
}

await main(() =>
  step('Building', async (note) => {
    const hash = sourcesHash(); // from before: what changes meanwhile is built next time
    await buildCli();
    await buildLauncher();
    if (existsSync(join(root, 'web/vite.config.ts'))) await buildWeb();
    else note('WARNING: web/vite.config.ts is absent: there will be no console');
    stampBuild(hash);
  }),
);
