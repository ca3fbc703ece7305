/** The command line as its users meet it: from files to files, through the built program. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke cli '));
afterAll(() => rmSync(work, { recursive: true }));

const anke = (...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [main, ...args], { cwd: work, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

const sha = (path: string): string =>
  createHash('sha256')
    .update(readFileSync(join(work, path)))
    .digest('hex');
const lines = (path: string): string[] => readFileSync(join(work, path), 'utf8').trimEnd().split('\n');
const lastJson = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);

const SHORT = ['--adam-epochs', '1', '--sgd-epochs', '1', '--json'];
const notebook = (out: string, seed: string) => anke('notebook', 'digits', '--out', out, '--seed', seed, ...SHORT);
let first: SpawnSyncReturns<string>;

beforeAll(() => {
  expect(anke('synth', '--out', 'digits', '--train', '240', '--test', '60', '--seed', '3').status).toBe(0);
  first = notebook('first', '1');
});

test('the notebook leaves a complete run folder and says what came out', () => {
  expect(first.status, first.stderr).toBe(0);
  const files =
    'SHA256SUMS checkpoint config.json confusion.png confusion.svg curves.png curves.svg data.json history.csv ' +
    'kernels.json model.json model.safetensors recipe.json report.html results.json submission.csv';
  expect(readdirSync(join(work, 'first')).sort().join(' ')).toBe(files);
  expect(lines('first/history.csv')).toHaveLength(3);
  expect(lines('first/submission.csv')).toHaveLength(61);
  expect(lines('first/submission.csv')[1]).toMatch(/^0,\d$/);
  const result = lastJson(first.stdout);
  expect(result.epochs).toEqual({ adam: 1, sgd: 1 });
  expect(result.parameters).toBe(173_674);
  for (const share of [result.final.val_accuracy, result.extraAccuracy['Dig-MNIST'], result.testAccuracy]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  const kept = JSON.parse(readFileSync(join(work, 'first/results.json'), 'utf8'));
  expect(kept.accuracy).toEqual({
    'test.csv': result.testAccuracy,
    'Dig-MNIST.csv': result.extraAccuracy['Dig-MNIST'],
  });
  expect(kept.commandLine).toMatch(/^anke notebook digits --out first /);
  expect(kept.seconds).toBeGreaterThan(0);
  expect(kept.validation.images).toBe(48);
  const page = readFileSync(join(work, 'first/report.html'), 'utf8');
  expect(page).toContain('accuracy on Dig-MNIST.csv');
  expect(page).toContain(kept.commandLine);
  expect(readFileSync(join(work, 'first/SHA256SUMS'), 'utf8')).toContain('  results.json');
  expect(first.stderr).toContain('Total 173,674 · trainable 173,354 · not trainable 320');
  expect(readFileSync(join(work, 'first/curves.png')).subarray(1, 4).toString()).toBe('PNG');
});

test('the same seed gives the same model, another seed another one', () => {
  expect(notebook('again', '1').status).toBe(0);
  expect(notebook('other', '2').status).toBe(0);
  expect(sha('again/model.safetensors')).toBe(sha('first/model.safetensors'));
  expect(sha('again/submission.csv')).toBe(sha('first/submission.csv'));
  expect(sha('other/model.safetensors')).not.toBe(sha('first/model.safetensors'));
});

test('predict gives the submission again, in batches of any size, and the probabilities on demand', () => {
  const options = ['first', 'digits/test.csv'];
  expect(anke('predict', ...options, '--out', 'plain.csv').status).toBe(0);
  expect(sha('plain.csv')).toBe(sha('first/submission.csv'));
  expect(anke('predict', ...options, '-o', 'wide.csv', '--probabilities', '--batch-size', '7').status).toBe(0);
  const [header, ...rows] = lines('wide.csv');
  expect(header).toBe('id,label,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9');
  rows.forEach((row, i) => {
    const [id, label, ...shares] = row.split(',');
    expect(`${id},${label}`).toBe(lines('plain.csv')[i + 1]);
    expect(shares.map(Number).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });
});

test('evaluate counts what the model gets right', () => {
  const { status, stdout } = anke('evaluate', 'first', 'digits/Dig-MNIST.csv', '--json', '--out', 'matrix.png');
  expect(status).toBe(0);
  expect(readFileSync(join(work, 'matrix.png')).subarray(1, 4).toString()).toBe('PNG');
  const { accuracy, confusionMatrix, images } = lastJson(stdout);
  const diagonal = (confusionMatrix as number[][]).reduce((sum, row, i) => sum + (row[i] as number), 0);
  expect(images).toBe(60);
  expect(accuracy).toBeCloseTo(diagonal / 60, 6);
  expect(accuracy).toBeCloseTo(lastJson(first.stdout).extraAccuracy['Dig-MNIST'], 6);
});

test('train learns with one optimizer and leaves a model that predicts', () => {
  const { status, stderr } = anke(
    'train',
    'digits/train.csv',
    '--out',
    'trained',
    '--epochs',
    '1',
    '--optimizer',
    'sgd',
    '--limit',
    '100',
  );
  expect(status, stderr).toBe(0);
  expect(lines('trained/history.csv')[1]).toMatch(/^sgd,1,/);
  expect(anke('predict', '--model', 'trained', '--input', 'digits/train.csv', '--output', 'p.csv').status).toBe(0);
});

test('compare sets runs beside one another, the best first, and names what they differ in', () => {
  const result = anke('compare', 'first', 'other', '-o', 'both.png', '--json');
  expect(result.status, result.stderr).toBe(0);
  const { runs, different, warning } = lastJson(result.stdout);
  expect(different).toEqual(['seed']);
  expect(warning).toBeUndefined();
  const accuracies = runs.map(({ bestAccuracy }: { bestAccuracy: number }) => bestAccuracy);
  expect(accuracies).toEqual([...accuracies].sort((a, b) => b - a));
  const last = lastJson(first.stdout);
  expect(runs.find(({ run }: { run: string }) => run === 'first')).toMatchObject({
    epochs: 2,
    bestLoss: last.best.val_loss,
    bestAccuracy: last.best.val_accuracy,
  });
  expect(result.stderr).toMatch(/first +\d\.\d{4} +\d+\.\d\d% +2 /);
  expect(result.stderr).toMatch(/Settings that differ\n {2}seed\n {4}\d {2}\w+\n {4}\d {2}\w+\n/);
  expect(readFileSync(join(work, 'both.png')).subarray(1, 4).toString()).toBe('PNG');
  expect(anke('compare', 'first', 'digits').stderr).toContain('digits: there is no run in it');
  expect(anke('compare', 'first', 'first').status).toBe(2);
});

test('runs are listed, the best first, with what state they are in; those of other images are no match', () => {
  mkdirSync(join(work, 'list'));
  for (const [name, run] of Object.entries({ whole: 'first', small: 'trained', killed: 'other', changed: 'other' }))
    cpSync(join(work, run), join(work, 'list', name), { recursive: true });
  for (const file of ['history.csv', 'results.json', 'model.safetensors', 'checkpoint/even.safetensors'])
    rmSync(join(work, 'list/killed', file));
  writeFileSync(join(work, 'list/changed/recipe.json'), '{}');
  // The lock of a process that runs: this one.
  cpSync(join(work, 'first'), join(work, 'list/busy'), { recursive: true });
  writeFileSync(join(work, `list/busy/.lock-${process.pid}-0`), '');
  const { status, stdout, stderr } = anke('runs', 'list', '--json');
  expect(status, stderr).toBe(0);
  const { runs } = lastJson(stdout);
  const states = Object.fromEntries(runs.map(({ run, state }: { run: string; state: string }) => [run, state]));
  expect(states).toEqual({
    'list/busy': 'running',
    'list/changed': 'damaged',
    'list/killed': 'interrupted',
    'list/small': 'finished',
    'list/whole': 'finished',
  });
  const of = (name: string) => runs.find(({ run }: { run: string }) => run === `list/${name}`);
  expect([of('whole').epochs, of('killed').epochs, of('changed').epochs]).toEqual([2, 1, 0]);
  expect(of('changed').reason).toContain('recipe.json');
  const bests = runs.map(({ best }: { best: { val_accuracy: number } | null }) => best?.val_accuracy ?? -1);
  expect(bests).toEqual([...bests].sort((a, b) => b - a));
  expect(stderr.split('\n')[0]).toMatch(/^run +result +epochs +date +state$/);
  expect(anke('compare', 'first', 'trained').stdout).toMatch(/not validated on the same images.*48 of .*20 of /);
});

test('a run repeats its bits with the kernels of an earlier one', () => {
  const train = ['train', '--data', 'digits/train.csv', '--epochs', '1', '--limit', '100', '--batch-size', '20'];
  expect(anke(...train, '--out', 'bits1').status).toBe(0);
  const { choices, device } = JSON.parse(readFileSync(join(work, 'bits1/kernels.json'), 'utf8'));
  expect(device).not.toBe('');
  expect(typeof choices).toBe('object');
  expect(anke(...train, '--out', 'bits2', '--kernels', 'bits1').status).toBe(0);
  const weights = (run: string): Buffer => readFileSync(join(work, run, 'model.safetensors'));
  expect(weights('bits1').equals(weights('bits2'))).toBe(true);
  const missing = anke(...train, '--out', 'bits3', '--kernels', 'nowhere');
  expect(missing.status).toBe(1);
  expect(missing.stderr).toMatch(/nowhere: there is no such file or folder; --kernels expects an earlier run/);
});

describe('a mistake gets one clear line, a non-zero exit, and leaves nothing half-written', () => {
  beforeAll(() => {
    mkdirSync(join(work, 'bad'));
    for (const name of ['test.csv', 'Dig-MNIST.csv', 'sample_submission.csv']) {
      writeFileSync(join(work, 'bad', name), readFileSync(join(work, 'digits', name)));
    }
    writeFileSync(
      join(work, 'bad/train.csv'),
      readFileSync(join(work, 'digits/train.csv'), 'utf8').replace('\n1,0,', '\n1,300,'),
    );
    mkdirSync(join(work, 'elsewhere'));
    writeFileSync(join(work, 'elsewhere/model.json'), '{"layers": "many"}');
    writeFileSync(join(work, 'elsewhere/model.safetensors'), 'nothing');
    writeFileSync(join(work, 'a-file'), '');
  });

  const predict = (model: string, input: string, output = 'out.csv') => [
    'predict',
    '--model',
    model,
    '--input',
    input,
    '--output',
    output,
  ];
  test.each([
    [
      ['notebook', '--data', 'bad', '--out', 'run'],
      1,
      'train.csv, line 3, column "pixel0": expected an integer in 0 … 255, found "300"',
    ],
    [['notebook', '--data', 'nowhere', '--out', 'run'], 1, 'nowhere: there is no such file or folder'],
    [['notebook', '--data', 'a-file', '--out', 'run'], 1, 'a-file: the file is empty'],
    [['notebook', '--data', 'digits', '--out', 'first'], 1, 'first: this folder is not empty'],
    [
      ['notebook', '--data', 'digits', '--out', 'a-file'],
      1,
      'a-file: this is a file, and a run needs a folder of its own',
    ],
    [
      ['notebook', '--data', 'digits', '--out', 'run', '--limit', '3'],
      1,
      'a validation split of 0.2 leaves 0 of 3 rows',
    ],
    [
      ['train', '--data', 'digits/test.csv', '--out', 'run'],
      1,
      'line 1: the column "label" is missing: the first column is "id"',
    ],
    [predict('first', 'elsewhere'), 1, 'elsewhere: there are no images in it; it holds model.json, model.safetensors'],
    [predict('first', 'none.csv'), 1, 'none.csv: there is no such file or folder'],
    [predict('nowhere', 'digits/test.csv'), 1, 'nowhere: there is no such folder; the folder of a run is expected'],
    [predict('digits', 'digits/test.csv'), 1, 'digits: there is no model.safetensors in it'],
    [predict('elsewhere', 'digits/test.csv'), 1, 'model.json: this JSON does not describe an Anke model'],
    [predict('first', 'digits/test.csv', 'none/out.csv'), 1, 'out.csv: there is no such file or folder'],
    [predict('first', 'digits/test.csv', 'elsewhere'), 1, 'elsewhere: it is there already; name another with --out'],
    [['serve', 'nowhere', '--host', '192.0.2.1'], 1, '--host 192.0.2.1: this is no address of this machine'],
    [['verify', 'digits/train.csv'], 1, 'digits/train.csv: not a safetensors file'],
    [['verify', 'first/model.safetensors'], 1, 'this is no golden run: the tensor "images" is missing'],
    [['notebook', '--data', 'digits', '--epoch', '3'], 2, "unknown option '--epoch'"],
    [
      ['notebook', '--data', 'digits', '--adam-epochs', 'two'],
      2,
      "argument 'two' is invalid. It must be an integer of at least 0.",
    ],
    [['synth', '--out', 'digits'], 1, 'digits: it is there already; name another with --out, or replace it with'],
    [
      ['train', '--data', 'digits', '--optimizer', 'lion'],
      2,
      "argument 'lion' is invalid. Allowed choices are adam, adamw, nadam, rmsprop, sgd.",
    ],
  ] as const)('%j', (args, status, message) => {
    const before = readdirSync(work).sort();
    const result = anke(...args);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(status);
    expect(result.stderr).not.toContain('    at ');
    expect(readdirSync(work).sort()).toEqual(before);
  });

  // The superuser may write everywhere.
  test.skipIf(process.getuid?.() === 0 && !existsSync('/dev/full'))('a folder that cannot be written', () => {
    const asRoot = process.getuid?.() === 0;
    const folder = asRoot ? '/proc/anke' : 'locked/run';
    if (!asRoot) {
      mkdirSync(join(work, 'locked'));
      chmodSync(join(work, 'locked'), 0o555);
    }
    const { status, stderr } = anke('notebook', '--data', 'digits', '--out', folder);
    expect(status).toBe(1);
    expect(stderr).toMatch(/anke: .*(may not write|read-only|no such file)/);
  });
});
