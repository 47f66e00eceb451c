// A TypeScript file as a process of its own: to be killed, to contend for a folder.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { uniqueName, until } from './process.ts';

export type Child = {
  readonly pid: number;
  /** What it has printed, by lines. */
  readonly lines: readonly string[];
  /** Resolves when a line that begins so has been printed. */
  readonly said: (start: string) => Promise<string>;
  readonly kill9: () => Promise<void>;
};

export type Program = { readonly start: (...args: readonly string[]) => Child; readonly [Symbol.dispose]: () => void };

// Inside the repository, so that the program finds its packages.
const folder = fileURLToPath(new URL('../../.cache/test-programs', import.meta.url));

/** Bundles a file of test/programs once; `start` runs it. Its processes end with the test. */
export async function programOf(name: string): Promise<Program> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${uniqueName(name)}.mjs`);
  const entry = fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const running = new Set<() => void>();

  const start = (...args: readonly string[]): Child => {
    const process = spawn(globalThis.process.execPath, [outfile, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: string[] = [];
    createInterface(process.stdout).on('line', (line) => lines.push(line));
    const exit = once(process, 'close');
    const end = (): boolean => process.kill('SIGKILL');
    running.add(end);
    return {
      pid: process.pid!,
      lines,
      said: async (text) => {
        const find = (): string | undefined => lines.find((line) => line.startsWith(text));
        await until(
          () => find() !== undefined || process.exitCode !== null,
          () => `"${text}" was not said, but ${JSON.stringify(lines)}`,
        );
        return find() ?? `ended with ${process.exitCode} after ${JSON.stringify(lines)}`;
      },
      kill9: async () => {
        end();
        await exit;
      },
    };
  };
  return {
    start,
    [Symbol.dispose]: () => {
      running.forEach((end) => end());
      rmSync(outfile, { force: true });
    },
  };
}
