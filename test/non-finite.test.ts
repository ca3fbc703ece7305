/**
 * Values that are not finite, through the command line. If these failed, a training that diverged would end with
 * «Done», a run would lose its last good model, or a broken model would evaluate, predict, serve or export in silence.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeWeights, encodeWeights } from '@anke/nn';
import { beforeAll, expect, test } from 'vitest';
import { anke, work, written } from './command-line.js';

const phase = (name: string, learningRate: number) => ({ name, optimizer: { type: 'SGD', learningRate }, epochs: 2 });
const RECIPE = {
  seed: 5,
  batchSize: 20,
  data: { path: 'digits' },
  layers: [
    { type: 'Conv2D', name: 'conv', filters: 4, kernelSize: 3, activation: 'relu' },
    { type: 'MaxPooling2D', poolSize: 4 },
    { type: 'Flatten' },
    { type: 'Dense', name: 'last', units: 'classes', activation: 'softmax' },
  ],
  phases: [phase('calm', 0.01), phase('wild', 1e30)],
};

/** One line, on stderr, that says what was wrong. */
function failed(args: readonly string[], message: RegExp): void {
  const { status, stderr } = anke(args);
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(message);
  expect(status).toBe(1);
}

const weightsOf = (run: string) => decodeWeights(readFileSync(join(work, run, 'model.safetensors')));

beforeAll(() => {
  expect(anke(['synth', '--to', 'digits', '--train', '100', '--test', '20', '--seed', '3']).status).toBe(0);
  written('wild.json', RECIPE);
  written('calm.json', { ...RECIPE, phases: [phase('calm', 0.01)] });
  written('at-once.json', { ...RECIPE, phases: [phase('wild', 1e30)] });
});

const STOPPED = /training stopped in step \d+ of epoch 1: .*not finite.*; the model is as it was before that epoch/;

test('a training that diverges exits with 1, names the step, and keeps the last good model', () => {
  failed(['train', '--recipe', 'wild.json', '--out', 'wild', '--quiet'], STOPPED);
  expect(anke(['train', '--recipe', 'calm.json', '--out', 'calm', '--quiet']).status).toBe(0);
  // What the first phase came to, bit for bit.
  expect(weightsOf('wild')).toEqual(weightsOf('calm'));
  expect(anke(['predict', '--model', 'wild', '--input', 'digits/test.csv', '--output', 'wild.csv']).status).toBe(0);
});

test('activations beyond the range of float16 are told at the end of the epoch', ({ skip }) => {
  written('steep.json', { ...RECIPE, phases: [{ optimizer: { type: 'Adam', learningRate: 1e6 }, epochs: 1 }] });
  const warning = /^[1-9][\d,]* activations lay beyond ±65,504, the range of float16, and were clamped; a lower .*$/gm;
  const options = ['--recipe', 'steep.json', '--storage', 'float16', '--out', 'steep'];
  const { status, stdout, stderr } = anke(['train', ...options]);
  if (stderr.includes('this device has no 16-bit floats')) skip('this device has no float16');
  expect(status).toBe(0);
  expect(stdout.match(warning)).toHaveLength(1);
});

test('resumed, it comes to the same place again, and keeps the model', () => {
  failed(['train', '--resume', 'wild', '--quiet'], /resumed, the run would come to the same place again$/);
  expect(weightsOf('wild')).toEqual(weightsOf('calm'));
});

test('one that diverges in its first epoch leaves no model', () => {
  failed(['train', '--recipe', 'at-once.json', '--out', 'at-once', '--quiet'], STOPPED);
  failed(['predict', '--model', 'at-once', '--input', 'digits/test.csv', '--output', 'no.csv'], /at-once/);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a model with a weight that is %s is refused', (value) => {
  const weights = weightsOf('calm');
  (weights.get('last/kernel') as { values: Float32Array }).values[3] = value;
  const folder = `broken ${value}`;
  mkdirSync(join(work, folder));
  writeFileSync(join(work, folder, 'model.json'), readFileSync(join(work, 'calm', 'model.json')));
  writeFileSync(join(work, folder, 'model.safetensors'), encodeWeights(weights));
  const named = new RegExp(`model\\.safetensors: the weight .*last/kernel.* is ${value} at index 3`);
  failed(['evaluate', '--model', folder, '--input', 'digits/Dig-MNIST.csv'], named);
  failed(['predict', '--model', folder, '--input', 'digits/test.csv', '--output', 'no.csv'], named);
  failed(['export', folder, '--output', 'no.onnx'], named);
  failed(['serve', '--model', folder, '--port', '0'], named);
});

test('a number of a recipe that is not finite is refused', () => {
  const set = (setting: string) => ['train', '--recipe', 'calm.json', '--out', 'no', '--set', setting];
  for (const setting of ['phases.0.optimizer.learningRate=Infinity', 'phases.0.optimizer.learningRate=1e39'])
    failed(set(setting), /learningRate/);
});
