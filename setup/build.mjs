/**
 * Builds the package in the current folder: one file for each entry of its `exports`, and its types. Node takes about a
 * millisecond to load a module, so a command made of 700 small ones would take most of a second to start.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'rolldown';

// What earlier sources left in `dist` would be published with it.
rmSync('dist', { recursive: true, force: true });

// Checks the types, and writes them.
const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json', '--emitDeclarationOnly'], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.values(exports).map((entry) => [
  entry.default.replace(/^\.\/dist\/|\.js$/g, ''),
  entry['anke-source'],
]);
await build({
  input: Object.fromEntries(entries),
  platform: 'node',
  external: /^[^./]/, // other packages are loaded as they are
  output: { dir: 'dist', chunkFileNames: '[name].js', sourcemap: true },
});
