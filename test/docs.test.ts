/**
 * Every `pnpm anke` command in the README, the tutorial and the how-to, as it is typed, in order, each document in a
 * folder of its own. Blocks that are marked `sh network` are left out: nothing outside the machine is asked for here.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'anke docs '));
afterAll(() => rmSync(work, { recursive: true }));
// The documents' own name for the program.
const anke = join(work, 'anke');
writeFileSync(anke, `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'apps/cli/dist/main.js')}" "$@"\n`, {
  mode: 0o755,
});

/** Blocks of commands, by whether they need a network; lines that go on are joined. */
function commands(document: string): { readonly line: string; readonly network: boolean }[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```sh( network)?\n([\s\S]*?)^```$/gm)].flatMap(([, network, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .filter((line) => line.startsWith('./anke '))
      .map((line) => ({ line: line.replace(/\s+#.*$/, ''), network: network !== undefined })),
  );
}

describe.skipIf(process.platform === 'win32').each(['README.md', 'docs/tutorial.md', 'docs/own-data-and-models.md'])(
  '%s',
  (document) => {
    const all = commands(document);
    const cwd = join(work, document.replace(/\W/g, ' '));
    mkdirSync(cwd);

    test('has commands to run', () => {
      expect(all.filter(({ network }) => !network).length).toBeGreaterThan(3);
    });

    test.each(all.filter(({ network }) => !network).map(({ line }) => line))('%s', (line) => {
      const { status, stderr } = spawnSync('sh', ['-c', line.replace('pnpm anke', '"$ANKE"')], {
        cwd,
        encoding: 'utf8',
        env: { ...process.env, ANKE: anke, NO_COLOR: '1' },
      });
      expect(status, stderr).toBe(0);
    });
  },
);
