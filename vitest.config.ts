import { defineConfig } from 'vitest/config';

// Four kinds of test, four sets of limits. None of the limits is a measure of speed: they only end what hangs.
const setupFiles = ['test/support/has-assertions.ts'];
const globalSetup = ['test/support/shared-servers.ts'];

export default defineConfig({
  test: {
    // Two cores: more workers than that only make a loaded machine slower. (One number for all: vitest runs the projects together.)
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], setupFiles, testTimeout: 30_000, hookTimeout: 30_000 } },
      { test: { name: 'marbles', include: ['test/marbles/**/*.test.ts'], setupFiles, testTimeout: 30_000, hookTimeout: 30_000 } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          setupFiles,
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          setupFiles,
          globalSetup,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
