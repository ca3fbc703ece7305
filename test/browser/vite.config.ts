/** How the page of test/browser.test.ts is bundled: from the packages' sources, and with nothing of Node's. */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';

/** Whether the package of a file says that it needs no such module in browsers: `"browser": { "fs": false }`. */
function doesWithout(file: string, module: string): boolean {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  const { browser } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return browser?.[module] === false;
}

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
        if (isBuiltin(name) && !(importer && doesWithout(importer, name)))
          throw new Error(`${importer} imports ${name}, which no browser has`);
      },
    },
  ],
};
