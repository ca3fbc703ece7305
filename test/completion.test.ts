/** What shells propose, by the script that the program prints; bash itself runs it here. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anke, work } from './command-line.js';

test.skipIf(process.platform === 'win32')('bash completes commands, options and their values', () => {
  writeFileSync(join(work, 'completion.bash'), anke(['completion', 'bash']).stdout);
  const complete = (...words: string[]): string[] => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const script = [
      'source completion.bash',
      'compopt() { :; }',
      `COMP_WORDS=(${line})`,
      `COMP_CWORD=${words.length - 1}`,
      '_anke',
      `echo "\${COMPREPLY[@]}"`,
    ].join('; ');
    return spawnSync('bash', ['-c', script], { cwd: work, encoding: 'utf8' }).stdout.trim().split(' ');
  };
  expect(complete('anke', 'pre')).toEqual(['predict', 'preview']);
  expect(complete('anke', 'bench', 'c')).toEqual(['csv']);
  expect(complete('anke', 'train', '--opt')).toEqual(['--optimizer']);
  expect(complete('anke', 'train', '--optimizer', '')).toEqual(['adam', 'adamw', 'nadam', 'rmsprop', 'sgd']);
  expect(complete('anke', 'train', '--optimizer', '=', 'n')).toEqual(['nadam']);
  expect(complete('anke', 'export', 'runs/first', '--format', 't')).toEqual(['tfjs']);
  expect(complete('anke', 'recipe', 'n')).toEqual(['notebook']);
  expect(complete('anke', 'completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(complete('anke', 'help', 'pre')).toEqual(['predict', 'preview']);
  // Files, which bash itself proposes.
  expect(complete('anke', 'train', '--out', '')).toEqual(['']);
  mkdirSync(join(work, 'runs/mine'), { recursive: true });
  expect(complete('anke', 'predict', '')).toEqual(['runs/mine']);
  expect(complete('anke', 'train', '--resume', '')).toEqual(['runs/mine']);
  rmSync(join(work, 'runs'), { recursive: true });
  expect(anke(['completion', 'fish']).stdout).toContain("complete -c anke -f -n 'not __fish_seen_subcommand_from");
  expect(anke(['completion', 'tcsh']).status).toBe(2);
});
