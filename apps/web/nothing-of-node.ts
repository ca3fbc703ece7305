/** A plugin of the bundler that refuses what no browser has. Vite itself would put an empty module in its place. */
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

/** @throws Error where a module of Node's is imported */
export const nothingOfNode = {
  name: 'nothing-of-node',
  enforce: 'pre' as const,
  resolveId(name: string, importer: string | undefined): void {
    if (isBuiltin(name) && !(importer && doesWithout(importer, name)))
      throw new Error(`${importer} imports ${name}, which no browser has`);
  },
};
