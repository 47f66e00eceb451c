import { defineConfig } from 'vitest/config';

// `npm run soak`: minutes, not part of `npm test`.
export default defineConfig({
  test: { include: ['test/soak/**/*.test.ts'], hookTimeout: 180_000, maxWorkers: 1, reporters: ['default'] },
});
