/** The references in docs/ say what the program and its packages are now. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProgram } from '../apps/cli/src/program.js';

const root = join(import.meta.dirname, '..');
const fresh = mkdtempSync(join(tmpdir(), 'anke reference '));
afterAll(() => rmSync(fresh, { recursive: true }));

beforeAll(() => {
  const write = join(root, 'setup/reference/write.mjs');
  const { status, stderr } = spawnSync(process.execPath, [write, fresh], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
});

test.each(['commands.md', 'recipe.schema.json', 'sweep.schema.json', 'api'])('docs/%s is fresh', (name) => {
  const files = (folder: string): string[] =>
    name === 'api' ? readdirSync(join(folder, name)).map((file) => join(name, file)) : [name];
  expect(files(join(root, 'docs'))).toEqual(files(fresh));
  for (const file of files(fresh)) {
    const [written, made] = [join(root, 'docs'), fresh].map((folder) => readFileSync(join(folder, file), 'utf8'));
    expect(written === made, `docs/${file} is stale: pnpm reference`).toBe(true);
  }
});

type Command = ReturnType<typeof createProgram>;

/** Words of a shell's line, up to a comment, a redirection or a pipe. */
const wordsOf = (line: string): string[] => (line.split(/\s[#<>|]/)[0] ?? '').trim().split(/\s+/);
const commandsOf = (command: Command): Command[] => [command, ...command.commands.flatMap(commandsOf)];

test('every example is a command that the program takes', async () => {
  const text = readFileSync(join(fresh, 'commands.md'), 'utf8');
  const lines = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
  const examples = lines.filter((line) => line.startsWith('anke '));
  expect(examples.length).toBeGreaterThan(20);
  for (const example of examples) {
    const program = createProgram();
    let ran = 0;
    for (const command of commandsOf(program)) {
      command.exitOverride();
      if (command.commands.length === 0) command.action(() => void ran++);
    }
    await program.parseAsync(wordsOf(example).slice(1), { from: 'user' });
    expect(ran, example).toBe(1);
  }
});

test('every command is in it', () => {
  const text = readFileSync(join(fresh, 'commands.md'), 'utf8');
  for (const command of ['anke train', 'anke bench kernels', 'anke import-weights']) {
    expect(text).toContain(`## ${command}\n`);
  }
  expect(text).toContain('| `--batch-size <n>` |');
});
