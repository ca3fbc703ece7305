/** How commands are called, right and wrong: what needs no data and no model. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anke, work } from './command-line.js';

test('versions', () => {
  const { status, stdout } = anke(['--version']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^anke \d+\.\d+\.\d+\nwebgpu [\d.]+ \(Dawn\)\nnode v\d+.*\n$/);
});

test.each([
  [['train'], 2, '<data> is missing: which images are to be trained on?'],
  [['evaluate', 'first'], 2, '<data> is missing: labelled images'],
  [['predict', 'first', 'a', '--model', 'b'], 2, '"a" is one argument too many, as --model gives the run already'],
  [['recipe', '--out', 'a', '--output', 'b'], 2, '--output is an earlier name of --out: give one of the two'],
  [['runs'], 1, 'runs: there is no such folder'],
  [['help', 'trian'], 2, 'there is no command "trian" (did you mean "train"?)'],
  [['recipe', '--out', 'a'.repeat(300)], 1, 'aaa: this name is too long'],
  [['notebok'], 2, "unknown command 'notebok'"],
] as const)('%j', (args, status, message) => {
  const result = anke(args);
  expect(result.stderr).toContain(message);
  expect(result.status).toBe(status);
  expect(readdirSync(work)).toEqual([]);
});

test('a mistake is answered as JSON too, also one that is found while options are read', () => {
  const said = (...args: string[]): string => JSON.parse(anke([...args, '--json']).stdout).error;
  expect(said('train', '--epochs', 'x')).toContain("argument 'x' is invalid");
  expect(said('export', 'nowhere')).toContain('nowhere: there is no such folder');
});

test('help has groups, the frequent options first', () => {
  const { stdout } = anke(['help', 'train']);
  const headings = [...stdout.matchAll(/^(\w+):$/gm)].map(([, heading]) => heading);
  const groups = ['Training', 'Model', 'Data', 'Augmentation', 'Device', 'Output', 'Options'];
  expect(headings).toEqual(['Arguments', ...groups, 'Examples']);
  expect(stdout.indexOf('--epochs <n>')).toBeLessThan(stdout.indexOf('--learning-rate'));
  expect(stdout).not.toContain('--weights');
});
