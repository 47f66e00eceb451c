// The program under test, bundled anew for this run: what others build meanwhile does not matter, and a rule can be left out of it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type BuildOptions, type PluginBuild } from 'esbuild';
import { BREAKS, type BreakName } from './breaks.ts';

/** Bundles the program and its launcher into `folder` (inside the repository, so that packages are found). Answers the path of the program. Throws when the rule to leave out is not in the sources. */
export const buildProgram = async (folder: string, leftOut?: BreakName): Promise<string> => {
  const rule = leftOut === undefined ? undefined : BREAKS[leftOut];
  const found = { isLeftOut: false };
  const common = {
    absWorkingDir: resolve('.'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    plugins: [
      {
        name: 'leave a rule out',
        setup: (bundle: PluginBuild) => {
          if (rule === undefined) return;
          const path = resolve(rule.file);
          bundle.onLoad({ filter: /\.ts$/ }, (args) => {
            if (args.path !== path) return undefined;
            const source = readFileSync(path, 'utf8');
            if (!rule.from.test(source)) throw new Error(`${rule.file} does not have ${String(rule.from)}`);
            found.isLeftOut = true;
            return { contents: source.replace(rule.from, rule.to), loader: 'ts' };
          });
        },
      },
    ],
  } satisfies BuildOptions;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), readFileSync('package.json'));
  const program = join(folder, 'dist/cli/main.js');
  await build({ ...common, entryPoints: ['src/cli/main.ts'], outfile: program });
  await build({ ...common, entryPoints: ['src/launcher/main.ts'], outfile: join(folder, 'dist/launcher/main.js') });
  if (rule !== undefined && !found.isLeftOut) throw new Error(`${rule.file} was not bundled`);
  return program;
};
