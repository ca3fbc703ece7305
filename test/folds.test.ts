/** If these failed, recipes would be chosen between by validations on other writers than they say. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke folds '));

function anke(...args: readonly string[]) {
  const options = { cwd: work, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
  return spawnSync(process.execPath, [main, ...args], options);
}
const WRITERS = ['--recipe', 'tiny.json', '--validation', 'writers:2', '--set', 'data.writers.rowsPerWriter=100'];
const folds = (...more: readonly string[]) => anke('folds', 'digits', ...WRITERS, '--out', 'both', ...more);

beforeAll(() => {
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }];
  const recipe = { layers, phases: [{ optimizer: { type: 'Adam' }, epochs: 2 }] };
  writeFileSync(join(work, 'tiny.json'), JSON.stringify(recipe));
  const { status, stderr } = anke('synth', '--out', 'digits', '--train', '400', '--test', '10');
  expect(status, stderr).toBe(0);
});
afterAll(() => rmSync(work, { recursive: true }));

test('a run for each fold, whose mean and deviation are told; what is finished is not trained again', () => {
  const { status, stdout, stderr } = folds('--json');
  expect(status, stderr).toBe(0);
  const result = JSON.parse(stdout);
  const accuracies = result.folds.map((fold: { val_accuracy: number }) => fold.val_accuracy);
  expect(accuracies).toHaveLength(2);
  const mean = (accuracies[0] + accuracies[1]) / 2;
  expect(result.meanAccuracy).toBeCloseTo(mean, 12);
  // Of two numbers, the sample deviation is their distance over √2.
  expect(result.deviation).toBeCloseTo(Math.abs(accuracies[0] - accuracies[1]) / Math.SQRT2, 12);
  expect(readdirSync(join(work, 'both')).sort()).toEqual(['fold-1', 'fold-2']);
  const { data } = JSON.parse(readFileSync(join(work, 'both/fold-2/recipe.json'), 'utf8'));
  expect(data.writers).toEqual({ folds: 2, fold: 2, rowsPerWriter: 100 });

  rmSync(join(work, 'both/fold-2'), { recursive: true });
  const again = folds('--json');
  expect(again.status, again.stderr).toBe(0);
  expect(again.stderr).toContain('finished already');
  const figures = (json: string) =>
    JSON.parse(json).folds.map(({ val_loss, val_accuracy }: Record<string, number>) => [val_loss, val_accuracy]);
  expect(figures(again.stdout)).toEqual(figures(stdout));
});

test('a single fold trains as in the whole, and a resumed one validates on the same writers', () => {
  const alone = anke('train', 'digits', ...WRITERS, '--fold', '2', '--epochs', '1', '--out', 'alone');
  expect(alone.status, alone.stderr).toBe(0);
  expect(alone.stdout).toContain('fold 2 of 2, by writer');
  const resumed = anke('train', '--resume', 'alone', '--epochs', '2');
  expect(resumed.status, resumed.stderr).toBe(0);
  const losses = (run: string) =>
    readFileSync(join(work, run, 'history.csv'), 'utf8')
      .split('\n')
      .map((line) => line.replace(/,[^,]*$/, '')); // all but the seconds
  expect(losses('alone')).toEqual(losses('both/fold-2'));
});

test.each([
  [['--validation', 'writers:1'], 'It must be writers: and the number of folds, at least 2: writers:5.'],
  [['--out', 'both', '--epochs', '3'], 'the run in it is that of another recipe, or of other options'],
  [['--validation-split', '0.1'], "cannot be used with option '--validation-split <x>'"],
])('%j', (more, message) => {
  const { status, stderr } = folds(...more);
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
});
