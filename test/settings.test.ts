/** Options that are not given on the command line: from the environment and from a file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { anke, read, work, written } from './command-line.js';

beforeAll(() => {
  expect(anke(['synth', '--to', 'digits', '--train', '60', '--test', '10', '--seed', '3']).status).toBe(0);
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }];
  const phases = [{ optimizer: { type: 'SGD' }, epochs: 0 }];
  written('tiny.json', { seed: 5, data: { path: 'digits' }, layers, phases });
});

describe('options that are not given', () => {
  const seedOf = (args: string[], environment: Record<string, string>): number => {
    const out = `run-${Math.random().toString(36).slice(2)}`;
    const { status, stderr } = anke(['train', '--recipe', 'tiny.json', '--out', out, ...args], environment);
    expect(status, stderr).toBe(0);
    return JSON.parse(read(`${out}/recipe.json`)).seed;
  };

  test('come from the environment, then from a file', () => {
    writeFileSync(
      join(work, 'settings.json'),
      '{ "seed": 21, "quiet": true, "train": { "batchSize": 50 }, "bench": { "step": { "batch": [4] } } }',
    );
    writeFileSync(join(work, 'own.json'), '{ "seed": 21, "train": { "seed": 22 } }');
    const config = { ANKE_CONFIG: 'settings.json' };
    expect(seedOf([], {})).toBe(5);
    expect(seedOf([], config)).toBe(21);
    expect(seedOf([], { ANKE_CONFIG: 'own.json' })).toBe(22);
    expect(seedOf([], { ...config, ANKE_SEED: '22' })).toBe(22);
    expect(seedOf(['--seed', '23'], { ...config, ANKE_SEED: '22' })).toBe(23);
  });

  test('are not taken from a section of another command that has the name of an option', () => {
    written('both.json', { train: { epochs: 5 }, synth: { train: 40 } });
    const { status, stderr } = anke(['synth', '--out', 'both', '--test', '10'], { ANKE_CONFIG: 'both.json' });
    expect(status, stderr).toBe(0);
    expect(read('both/train.csv').trim().split('\n').length).toBe(1 + 40);
    written('other.json', { train: { epochs: 5 } });
    const other = anke(['synth', '--out', 'other', '--train', '40', '--test', '10'], { ANKE_CONFIG: 'other.json' });
    expect(other.status, other.stderr).toBe(0);
  });

  test('are checked as if they were', () => {
    const said = (environment: Record<string, string>): string => {
      const { status, stderr } = anke(['train', '--recipe', 'tiny.json', '--out', 'never'], environment);
      expect(status, stderr).toBe(2);
      return stderr.trim();
    };
    expect(said({ ANKE_SEED: 'x' })).toBe('anke: ANKE_SEED: "x" is wrong. It must be an integer in 0 … 4294967295.');
    expect(said({ ANKE_QUIET: 'maybe' })).toBe('anke: ANKE_QUIET: "maybe" should be true or false');
    expect(said({ ANKE_CONFIG: 'gone.json' })).toBe('anke: ANKE_CONFIG: there is no file gone.json');
    writeFileSync(join(work, 'object.json'), '{ "quiet": { "toString": 1 } }');
    expect(said({ ANKE_CONFIG: 'object.json' })).toBe(
      'anke: object.json: quiet: {"toString":1} is no value of an option',
    );
    writeFileSync(join(work, 'typo.json'), '{ "train": { "bachSize": 3 } }');
    expect(said({ ANKE_CONFIG: 'typo.json' })).toBe(
      'anke: typo.json: "train.bachSize" is no option and no command (did you mean "batchSize"?)',
    );
  });
});
