/**
 * Every `./anke` command in the README, the tutorial and the how-to, as it is typed, in order, all of them in one
 * folder: what one has written must not be in the way of another. Blocks that are marked are left out: `sh network`
 * asks for something outside the machine, and `sh yours` for files of one's own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'anke docs '));
afterAll(() => rmSync(work, { recursive: true }));
const PROGRAM = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'apps/cli/dist/main.js')}" "$@"\n`;
writeFileSync(join(work, 'anke'), PROGRAM, { mode: 0o755 });

/** The commands of a document's blocks without a mark; lines that go on are joined. */
function commands(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .filter((line) => line.startsWith('./anke '))
      .map((line) => line.replace(/\s+#.*$/, '')),
  );
}

describe.skipIf(process.platform === 'win32').each(['README.md', 'docs/tutorial.md', 'docs/own-data-and-models.md'])(
  '%s',
  (document) => {
    const all = commands(document);

    test('has commands to run', () => {
      expect(all.length).toBeGreaterThan(3);
    });

    test.each(all)('%s', (line) => {
      const env = { ...process.env, NO_COLOR: '1' };
      const { status, stderr } = spawnSync('sh', ['-c', line], { cwd: work, encoding: 'utf8', env });
      expect(status, stderr).toBe(0);
      const file = /> (\S+\.csv)$/.exec(line)?.[1];
      if (file !== undefined) expect(readFileSync(join(work, file), 'utf8')).toMatch(/^id,label/);
    });
  },
);

describe.skipIf(process.platform === 'win32').each([
  ['./anke', []],
  ['npx', ['anke']],
  ['pnpm', ['anke']],
  ['pnpm', ['exec', 'anke']],
])('%s %s', (program, words) => {
  const tools = join(root, '.cache', readdirSync(join(root, '.cache')).find((name) => /^pnpm-\w+$/.test(name)) ?? '');
  const run = (...args: string[]) =>
    spawnSync(program, [...words, ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(tools, 'bin')}:${process.env['PATH']}` },
    });

  test('prints nothing but the result, and says what to type in the same form', () => {
    expect(JSON.parse(run('recipe', 'cnn').stdout)).toMatchObject({ name: 'cnn' });
    const called = [program, ...words].join(' ').replace('pnpm exec', 'pnpm');
    expect(run('predict', '--help').stdout).toContain(`${called} predict runs/first digit.png`);
  });
});
