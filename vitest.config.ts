/** How the tests run: from the sources, in processes, a few files side by side. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/closing-line.ts';

const conditions = ['anke-source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  // Tests read the sources of the workspace's packages, not what was built of them.
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Dawn is a native module: it lives in processes, not in threads.
    pool: 'forks',
    // Half of the time goes into compiling shaders on a single thread: so two files run at once even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 120_000,
    hookTimeout: 300_000,
    globalSetup: 'test/set-up.ts',
    reporters: ['default', new ClosingLine()],
  },
});
