/** How the page of test/browser.test.ts is bundled: from the packages' sources, and with nothing of Node's. */
import { isBuiltin } from 'node:module';

export default {
  base: './',
  resolve: { conditions: ['anke-source', 'browser', 'module', 'production'] },
  build: { target: 'es2023' },
  plugins: [
    {
      // Vite itself would put an empty module where one of Node's is imported.
      name: 'nothing-of-node',
      enforce: 'pre',
      resolveId(name: string, importer: string | undefined): void {
        if (isBuiltin(name)) throw new Error(`${importer} imports ${name}, which no browser has`);
      },
    },
  ],
};
