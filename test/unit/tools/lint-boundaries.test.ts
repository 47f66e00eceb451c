// A check that cannot fail is worthless: each boundary is shown to fire, and to leave alone what is in order.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { cycles, places } from '../../../eslint.config.mjs';
import { refusedImport } from '../../../scripts/lint/boundaries.mjs';
import { cronstream } from '../../../scripts/lint/plugin.mjs';
import { root } from '../../../scripts/lib/steps.mjs';

const parser = { files: ['**/*.ts', '**/*.tsx'], languageOptions: { parser: tseslint.parser } } as Linter.Config;
const eslint = new ESLint({ cwd: root, overrideConfigFile: true, overrideConfig: [parser, ...places] });
const rulesThatFire = async (code: string, file: string): Promise<string[]> => {
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
};

describe('imports in the wrong direction are refused', () => {
  test.each([
    ['src/domain/x.ts', '../streams/ports.ts'],
    ['src/domain/schedule/x.ts', '../../streams/ports.ts'],
    ['src/domain/x.ts', 'rxjs'],
    ['src/domain/x.ts', 'node:fs'],
    ['src/domain/x.ts', 'fs'],
    ['src/domain/x.ts', 'pino'],
    ['src/domain/job.ts', 'cron-parser'],
    ['src/streams/x.ts', '../stores/open.ts'],
    ['src/streams/x.ts', '../worker/claims.ts'],
    ['src/streams/x.ts', 'node:fs'],
    ['src/streams/x.ts', 'mongodb'],
    ['src/stores/x.ts', '../worker/claims.ts'],
    ['src/stores/etcd/x.ts', '../../master/app.ts'],
    ['src/stores/mongo/x.ts', 'etcd3'],
    ['src/stores/etcd/x.ts', 'mongodb'],
    ['src/stores/open.ts', 'lmdb'],
    ['src/worker/x.ts', '../stores/open.ts'],
    ['src/worker/x.ts', '../master/app.ts'],
    ['src/worker/x.ts', '../cli/config.ts'],
    ['src/worker/x.ts', '../launcher/main.ts'],
    ['src/worker/x.ts', '../launcher/child.ts'],
    ['src/worker/x.ts', 'etcd3'],
    ['src/worker/x.ts', 'fastify'],
    ['src/master/x.ts', '../worker/claims.ts'],
    ['src/master/routes/x.ts', '../../stores/open.ts'],
    ['src/master/x.ts', '../launcher/protocol.ts'],
    ['src/master/x.ts', 'lmdb'],
    ['src/master/x.ts', 'node:child_process'],
    ['src/cli/x.ts', '../launcher/protocol.ts'],
    ['src/cli/x.ts', 'mongodb'],
    ['src/launcher/x.ts', '../domain/run.ts'],
    ['src/launcher/x.ts', 'pino'],
    ['src/worker/x.ts', 'node:timers/promises'],
    ['src/cli/x.ts', 'node:perf_hooks'],
    ['src/cli/x.ts', '../../test/support/servers.ts'],
    ['web/src/x.ts', '../../src/streams/ports.ts'],
    ['web/src/pages/x.tsx', '../../../src/master/app.ts'],
    ['web/src/x.ts', '../../src/domain/schedule/explain.ts'],
  ])('%s: %s', async (file, specifier) => {
    expect(refusedImport(file, specifier)).toBeDefined();
    for (const code of [
      `import '${specifier}';`,
      `export * from '${specifier}';`,
      `import type { X } from '${specifier}';`,
      `await import('${specifier}');`,
    ])
      expect(await rulesThatFire(code, file)).toEqual(['cronstream/imports']);
  });
});

test.each([
  ['src/domain/schedule/fields.ts', 'cron-parser'],
  ['src/domain/job.ts', 'typebox/compile'],
  ['src/domain/schedule/x.ts', '../job.ts'],
  ['src/streams/x.ts', '../domain/job.ts'],
  ['src/streams/x.ts', 'rxjs'],
  ['src/stores/etcd/x.ts', 'etcd3'],
  ['src/stores/embedded/x.ts', 'lmdb'],
  ['src/worker/x.ts', '../launcher/protocol.ts'],
  ['src/worker/x.ts', '../streams/clock.ts'],
  ['src/master/routes/x.ts', '../../domain/wire.ts'],
  ['src/master/x.ts', '@fastify/websocket'],
  ['src/launcher/x.ts', './protocol.ts'],
  ['src/launcher/x.ts', 'node:child_process'],
  ['src/cli/x.ts', '../stores/open.ts'],
  ['src/cli/x.ts', 'commander'],
  ['web/src/x.ts', '../../src/domain/wire.ts'],
  ['web/src/x.ts', 'react'],
  ['test/unit/x.test.ts', '../../src/cli/config.ts'],
])('%s may import %s', (file, specifier) => {
  expect(refusedImport(file, specifier)).toBeUndefined();
});

describe('time, subscriptions and key names have one home', () => {
  test.each([
    ['Date.now();', 'no-restricted-properties'],
    ['new Date();', 'cronstream/clock'],
    ['Date();', 'cronstream/clock'],
    ['performance.now();', 'no-restricted-properties'],
    ['process.hrtime();', 'no-restricted-properties'],
    ['setTimeout(() => {}, 1);', 'no-restricted-globals'],
    ['setInterval(() => {}, 1);', 'no-restricted-globals'],
    ['globalThis.setTimeout(() => {}, 1);', 'no-restricted-properties'],
    ['jobs$.subscribe();', 'cronstream/subscribe'],
    ["const a = '/cron/jobs/';", 'cronstream/keys'],
    ["const a = '/cron';", 'cronstream/keys'],
    ['const a = `/cron/jobs/${1}`;', 'cronstream/keys'],
  ])('%s', async (code, rule) => {
    expect(await rulesThatFire(code, 'src/worker/x.ts')).toEqual([rule]);
  });

  test.each([
    ['new Date(0).toISOString();', 'src/worker/x.ts'],
    ['Date.now(); new Date(); setTimeout(() => {}, 1);', 'src/streams/clock.ts'],
    ['Date.now(); setTimeout(() => {}, 1);', 'src/launcher/clock.ts'],
    ['Date.now();', 'web/src/clock.ts'],
    ['life$.subscribe();', 'src/cli/serve.ts'],
    ['new Observable((to) => from$.subscribe(to));', 'src/streams/x.ts'],
    ['life$.subscribe();', 'src/master/live-socket.ts'],
    ["const prefix = '/cron';", 'src/domain/keys.ts'],
    ["const a = '/cronjobs';", 'src/worker/x.ts'],
  ])('%s is in order in %s', async (code, file) => {
    expect(await rulesThatFire(code, file)).toEqual([]);
  });
});

test('an import cycle is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-cycle-'));
  try {
    writeFileSync(join(folder, 'a.ts'), "import { b } from './b.ts';\nexport const a = () => b;\n");
    writeFileSync(join(folder, 'b.ts'), "import { a } from './a.ts';\nexport const b = () => a;\n");
    const results = await new ESLint({ cwd: folder, overrideConfigFile: true, overrideConfig: [parser, cycles] }).lintFiles([
      '*.ts',
    ]);
    const rules = results.flatMap((result) => result.messages.map((message) => message.ruleId));
    expect(rules).toEqual(['import-x/no-cycle', 'import-x/no-cycle']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a stream, and nothing else, has a $ at the end of its name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-finnish-'));
  try {
    const code = [
      'class Observable { pipe(): Observable { return this; } }',
      'export const jobs = new Observable();',
      'export const kills$ = new Observable();',
      'export const count$ = 3;',
      'export const watch = (from: Observable): Observable => from.pipe();',
      'export type Port = { readonly runs: Observable; readonly list: () => Observable };',
    ];
    writeFileSync(join(folder, 'a.ts'), code.join('\n'));
    const typed = {
      files: ['*.ts'],
      plugins: { cronstream },
      languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.ts'] }, tsconfigRootDir: folder } },
      rules: { 'cronstream/finnish': 'error' },
    } satisfies Linter.Config;
    const [result] = await new ESLint({ cwd: folder, overrideConfigFile: true, overrideConfig: [parser, typed] }).lintFiles([
      '*.ts',
    ]);
    expect(result?.messages.map((message) => message.message)).toEqual([
      'jobs is a stream: jobs$.',
      'count$ is no stream: without the $.',
      'from is a stream: from$.',
      'runs is a stream: runs$.',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
