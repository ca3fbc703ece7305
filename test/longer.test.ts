/** A run that is trained for longer than it was asked for at first. If this failed, `--resume --epochs` would lie. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { anke, work, written } from './command-line.js';

const LAYERS = [
  { type: 'Flatten' },
  { type: 'Dense', units: 16, activation: 'relu' },
  { type: 'Dense', units: 'classes', activation: 'softmax' },
];
const said = (...args: string[]) => {
  const { status, stdout, stderr } = anke(args);
  expect(status, stderr).toBe(0);
  return stdout;
};
const refused = (...args: string[]): string => {
  const { status, stderr } = anke(args);
  expect(status).toBe(2);
  return stderr;
};
const model = (run: string): Buffer => readFileSync(join(work, run, 'model.safetensors'));

beforeAll(() => {
  said('synth', '--out', 'digits', '--train', '120', '--test', '20', '--seed', '3');
  written('tiny.json', { layers: LAYERS, phases: [{ optimizer: { type: 'Adam' }, epochs: 1 }] });
  said('train', '--recipe', 'tiny.json', '--data', 'digits', '--out', 'short');
});

test('a finished run says so, and how it would go on', () => {
  expect(said('train', '--resume', 'short')).toContain(
    'short is finished (1 epoch of adam), so only its report is made again; --epochs 2 trains on',
  );
});

test('more epochs come to the same bits as if all of them had been asked for at once', () => {
  said('train', '--recipe', 'tiny.json', '--data', 'digits', '--kernels', 'short', '--epochs', '3', '--out', 'long');
  expect(model('short').equals(model('long'))).toBe(false);
  said('train', '--resume', 'short', '--epochs', '3');
  expect(model('short').equals(model('long'))).toBe(true);
  expect(JSON.parse(readFileSync(join(work, 'short/recipe.json'), 'utf8')).phases[0].epochs).toBe(3);
  expect(said('check', 'short')).toContain('All files are what the run has written');
});

test('what a run cannot take any more is refused by name', () => {
  expect(refused('train', '--resume', 'short', '--batch-size', '7', '--seed', '1')).toContain(
    '--batch-size, --seed cannot be given with --resume',
  );
  expect(refused('train', '--resume', 'short', '--epochs', '1')).toContain(
    'short: adam has had 3 epochs already, more than 1',
  );
});

test('predictions are printed, and answered as JSON, where no file is named for them', () => {
  const table = said('predict', 'short', 'digits/test.csv').split('\n');
  expect(table[0]).toMatch(/^image +prediction +next best$/);
  expect(table[11]).toBe('and 10 more; --out predictions.csv writes all of them');
  const { predictions } = JSON.parse(said('predict', 'short', 'digits/test.csv', '--json'));
  expect(predictions).toHaveLength(20);
  expect(table[1]).toContain(`${predictions[0].label} ${(100 * predictions[0].probability).toFixed(2)}%`);
  expect(JSON.parse(anke(['predict', 'nowhere', 'digits/test.csv', '--json']).stdout)).toEqual({
    error: 'nowhere: there is no such folder; the folder of a run is expected',
  });
});

test('nothing is overwritten unless it is said', () => {
  said('predict', 'short', 'digits/test.csv', '-o', 'p.csv');
  expect(anke(['predict', 'short', 'digits/test.csv', '--out', 'p.csv']).stderr).toContain('it is there already');
  said('predict', '--model', 'short', '--input', 'digits/test.csv', '--output', 'p.csv', '--force');
});
