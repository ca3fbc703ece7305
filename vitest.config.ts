/**
 * How the tests run: from the sources, in processes, a few files side by side. With `ANKE_ADAPTERS=all`, as `npm test`
 * has it, what depends on the adapter runs on SwiftShader too, which computes with narrower subgroups and compiles with
 * another compiler.
 */
import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { ClosingLine } from './test/closing-line.ts';
import { KernelsFirst } from './test/kernels-first.ts';
import { quietDawn } from './test/quiet-dawn.ts';

quietDawn();

const conditions = ['anke-source', 'node', 'import', 'module', 'default'];

/** Whether there is a SwiftShader to run on: it is built for Linux on x86-64 only. */
const hasSwiftShader = process.platform === 'linux' && process.arch === 'x64';

// Tests read the sources of the workspace's packages, not what was built of them.
const fromSources = { resolve: { conditions }, ssr: { resolve: { conditions } } };

const system: TestProjectConfiguration = {
  ...fromSources,
  extends: true,
  test: {
    name: 'system',
    globalSetup: 'test/set-up.ts',
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/swiftshader.test.ts'],
  },
};

const swiftShader: TestProjectConfiguration = {
  ...fromSources,
  extends: true,
  test: {
    name: 'SwiftShader',
    globalSetup: 'test/set-up.ts',
    include: [
      'packages/kernels/src/**/*.test.ts',
      'packages/training/src/run/train.test.ts',
      'test/golden.test.ts',
      'test/golden-variants.test.ts',
      'test/swiftshader.test.ts',
    ],
    env: { ANKE_DRIVER: 'swiftshader', ANKE_CASES: process.env['ANKE_CASES'] ?? 'some' },
  },
};

export default defineConfig({
  test: {
    projects: process.env['ANKE_ADAPTERS'] === 'all' && hasSwiftShader ? [system, swiftShader] : [system],
    // CI has picocolors colour what goes to no terminal; what tests read is plain.
    env: { NO_COLOR: '1' },
    // Dawn is a native module: it lives in processes, not in threads.
    pool: 'forks',
    // Half of the time goes into compiling shaders on a single thread: so two files run at once even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: KernelsFirst },
    testTimeout: 120_000,
    hookTimeout: 300_000,
    reporters: ['default', new ClosingLine()],
  },
});
