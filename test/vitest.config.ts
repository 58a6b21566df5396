import { defineConfig } from 'vitest/config';

/** One configuration for unit tests beside their source and for everything in test/. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['emulator/**/*.test.ts', 'kernel/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 240_000,
    pool: 'threads',
    maxWorkers: 2,
  },
});
