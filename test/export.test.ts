/**
 * What `anke export` writes, read by the programs that it is for: the same probabilities, within 1e-5, on 1,000 images
 * (the real ones, where they lie beside the project). The programs are a project of their own, test/readers, which npm
 * test installs; without it, these tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ImageDataset } from '@anke/data';
import { loadImagesAt } from '@anke/files';
import { readSafetensors } from '@anke/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const main = join(root, 'apps/cli/dist/main.js');
const readers = join(import.meta.dirname, 'readers');
const real = join(root, '../shared/data/Kannada-MNIST.zip');
const installed = existsSync(join(readers, 'node_modules'));
if (!installed)
  console.warn('test/readers is not installed (npm test does it): exports are not read by other programs');

const work = mkdtempSync(join(tmpdir(), 'anke export '));
afterAll(() => rmSync(work, { recursive: true }));
const anke = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: work, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
};
const load = createRequire(join(readers, 'package.json'));

const IMAGES = 1000;
const BOUND = 1e-5;
let images: ImageDataset;
let expected: Float64Array;

/** Rows of probabilities as `anke predict` writes them. */
function predicted(model: string, output: string): Float64Array {
  anke(
    'predict',
    '--model',
    model,
    '--input',
    existsSync(real) ? real : 'digits/test.csv',
    '--output',
    output,
    '--probabilities',
  );
  const rows = readFileSync(join(work, output), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1, 1 + IMAGES);
  return Float64Array.from(rows.flatMap((row) => row.split(',').slice(2).map(Number)));
}

function expectSame(got: ArrayLike<number>): void {
  expect(got.length).toBe(IMAGES * 10);
  expect(expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (got[i] as number))), 0)).toBeLessThan(
    BOUND,
  );
}

beforeAll(async () => {
  anke('synth', '--to', 'digits', '--train', '400', '--test', String(IMAGES), '--seed', '3');
  // Steps enough for the moving averages to have moved.
  anke(
    'train',
    '--data',
    'digits/train.csv',
    '--epochs',
    '10',
    '--patience',
    '10',
    '--batch-size',
    '8',
    '--out',
    'run',
  );
  images = (await loadImagesAt(existsSync(real) ? real : join(work, 'digits/test.csv'))).slice(0, IMAGES);
  expected = predicted('run', 'run.csv');
  anke('export', 'run', '--output', 'digits.onnx');
  anke('export', 'run', '--format', 'tfjs', '--output', 'tfjs');
  anke('export', 'run', '--format', 'safetensors', '--output', 'weights.safetensors');
  // Probabilities that are all alike would prove nothing.
  expect(Math.max(...expected)).toBeGreaterThan(0.5);
});

const scaled = (): Float32Array => Float32Array.from(images.pixels, (pixel) => pixel / 255);

describe.skipIf(!installed)('other programs', () => {
  test('onnxruntime reads the ONNX file', async () => {
    const { InferenceSession, Tensor } = load('onnxruntime-node');
    const session = await InferenceSession.create(join(work, 'digits.onnx'));
    expect([session.inputNames, session.outputNames]).toEqual([['images'], ['probabilities']]);
    const { probabilities } = await session.run({ images: new Tensor('float32', scaled(), [IMAGES, 28, 28, 1]) });
    expectSame(probabilities.data);
  });

  test('TensorFlow.js reads its layers', async () => {
    const tf = load('@tensorflow/tfjs-core');
    const { loadLayersModel } = load('@tensorflow/tfjs-layers');
    const wasm = load('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(`${dirname(load.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    await tf.setBackend('wasm');
    const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(work, 'tfjs/model.json'), 'utf8'));
    const weightData = new Uint8Array(readFileSync(join(work, 'tfjs/weights.bin'))).buffer;
    const weightSpecs = weightsManifest[0].weights;
    const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
    const rows: number[] = [];
    for (let first = 0; first < IMAGES; first += 100) {
      const batch = tf.tensor4d(scaled().subarray(first * 784, (first + 100) * 784), [100, 28, 28, 1]);
      rows.push(...(await model.predict(batch).data()));
      batch.dispose();
    }
    expectSame(rows);
  });
});

test('an ONNX file and a model.safetensors predict as their run does', () => {
  expect(predicted('digits.onnx', 'onnx.csv')).toEqual(expected);
  expect(predicted('run/model.safetensors', 'safetensors.csv')).toEqual(expected);
  const [exported, own] = ['weights.safetensors', 'run/model.safetensors'].map((file) =>
    readSafetensors(readFileSync(join(work, file))),
  );
  expect(exported?.tensors).toEqual(own?.tensors);
  expect(exported?.metadata).toEqual({ format: 'anke', inputShape: '[28,28,1]' });
});

test('nothing is overwritten, and what is no model is refused', () => {
  const refused = (...args: string[]): string => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: work, encoding: 'utf8' });
    expect(status).toBe(1);
    return stderr;
  };
  expect(refused('export', 'run', '--output', 'digits.onnx')).toContain(
    'digits.onnx: it is there already; name another with --out',
  );
  expect(refused('export', 'digits')).toContain('digits: there is no model.safetensors in it');
  expect(
    refused('predict', '--model', 'weights.safetensors', '--input', 'digits/test.csv', '--output', 'x.csv'),
  ).toContain('weights.safetensors: no model.json beside it or above tells its layers');
});
