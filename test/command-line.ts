/** The built program, run in a folder of its own that goes when the file's tests are done. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export const root = join(import.meta.dirname, '..');
const main = join(root, 'apps/cli/dist/main.js');

export const work = mkdtempSync(join(tmpdir(), 'anke test '));
afterAll(() => rmSync(work, { recursive: true }));

export const anke = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [main, ...args], {
    cwd: work,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...environment },
  });

export const read = (path: string): string => readFileSync(join(work, path), 'utf8');

/** A CSV file's fields. */
export const rows = (path: string): string[][] =>
  read(path)
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));

/** Writes a value as JSON. */
export const written = (name: string, value: object): string => {
  writeFileSync(join(work, name), JSON.stringify(value, null, 2));
  return name;
};
