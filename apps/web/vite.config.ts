/**
 * How the page is bundled: from the packages' sources, with nothing of Node's, for any host and any path. What is made
 * beside the bundle: the paths of the digits, and the list of files that the service worker keeps.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { digitPaths } from '@anke/files';
import { defineConfig, type Plugin } from 'vite';
import { nothingOfNode } from './nothing-of-node.ts';
import { serviceWorker } from './service-worker.ts';

const DIGITS = 'virtual:digit-paths';

/** The paths of the synthetic digits as a file beside the page: the fonts themselves are three times as large. */
function digits(): Plugin {
  let isBuild = false;
  const content = (): string => JSON.stringify(digitPaths());
  return {
    name: 'digits',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    configureServer({ middlewares }) {
      middlewares.use('/digits.json', (_, answer) => void answer.end(content()));
    },
    resolveId: (name) => (name === DIGITS ? `\0${DIGITS}` : undefined),
    load(name) {
      if (name !== `\0${DIGITS}`) return undefined;
      if (!isBuild) return "export default '/digits.json'";
      const file = this.emitFile({ type: 'asset', name: 'digits.json', source: content() });
      return `export default import.meta.ROLLUP_FILE_URL_${file}`;
    },
  };
}

/** Once all files of the page are written, the service worker is told which they are. */
const offline: Plugin = {
  name: 'offline',
  apply: 'build',
  writeBundle({ dir = '' }) {
    const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const files = paths.map((path) => relative(dir, path).replaceAll('\\', '/')).sort();
    const hash = createHash('sha256');
    for (const file of files) hash.update(`${file} `).update(readFileSync(join(dir, file)));
    const version = hash.digest('hex').slice(0, 16);
    writeFileSync(join(dir, 'service-worker.js'), serviceWorker(files, version));
  },
};

const conditions = ['anke-source', 'browser', 'module', 'import', 'default'];

export default defineConfig({
  base: './',
  resolve: { conditions },
  plugins: [nothingOfNode, digits(), offline],
  worker: {
    format: 'es',
    plugins: () => [nothingOfNode, digits()],
    // In a chunk of its own: two chunks that import one another would run before each is complete.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'zod', test: /node_modules[\\/]zod[\\/]/ }] } } },
  },
  build: { target: 'es2023', emptyOutDir: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 1_000 },
});
