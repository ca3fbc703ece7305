/** Weights that come from Keras or from another run. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { anke, root, rows, work, written } from './command-line.js';

const keras = join(root, 'test/fixtures/keras.weights.h5');
// Two images of 12 × 12: i · 37 mod 256; and what Keras 3.15.1 predicts with the fixture's weights for them.
const pixels = Array.from({ length: 288 }, (_, i) => (i * 37) % 256);
const PREDICTED = [
  [
    0.01722375862300396, 0.0320102795958519, 0.08509720116853714, 0.0004759904695674777, 0.005785913672298193,
    0.0014348673867061734, 0.22524230182170868, 0.0027695088647305965, 0.003545349696651101, 0.6264148354530334,
  ],
  [
    0.016491319984197617, 0.029170822352170944, 0.08476904779672623, 0.0003965007490478456, 0.005054950714111328,
    0.0012013752711936831, 0.2062685340642929, 0.002348074922338128, 0.0033807684667408466, 0.6509186029434204,
  ],
];
const relu = { activation: 'relu' };
const layers = [
  { type: 'Conv2D', name: 'first', filters: 3, kernelSize: 3, ...relu },
  { type: 'BatchNormalization' },
  { type: 'MaxPooling2D', poolSize: 2 },
  { type: 'Conv2D', name: 'a_second', filters: 4, kernelSize: 3, ...relu },
  { type: 'BatchNormalization' },
  { type: 'Flatten' },
  { type: 'Dense', units: 6, ...relu },
  { type: 'Dropout', rate: 0.5 },
  { type: 'Dense', units: 5 },
  { type: 'Dense', units: 'classes', activation: 'softmax' },
];
beforeAll(() => {
  written('keras.json', { layers, phases: [{ optimizer: { type: 'Adam' }, epochs: 1 }] });
});

const predict = (model: string): number[][] => {
  const header = ['id', ...pixels.slice(0, 144).map((_, i) => `pixel${i}`)];
  const lines = [0, 1].map((i) => [i, ...pixels.slice(144 * i, 144 * (i + 1))]);
  writeFileSync(join(work, 'two.csv'), [header, ...lines].map((line) => `${line.join(',')}\n`).join(''));
  const args = ['--input', 'two.csv', '--output', 'two-out.csv', '--force', '--probabilities', '--quiet'];
  const { status, stderr } = anke(['predict', '--model', model, ...args]);
  expect(status, stderr).toBe(0);
  return rows('two-out.csv')
    .slice(1)
    .map((row) => row.slice(2).map(Number));
};
const close = (got: number[][]): void =>
  got.forEach((row, i) => {
    row.forEach((share, j) => {
      expect(Math.abs(share - (PREDICTED[i]?.[j] as number))).toBeLessThan(1e-6);
    });
  });

test('Keras’s predict what they predict in Keras', () => {
  const shape = ['--recipe', 'keras.json', '--image-shape', '12,12,1'];
  const { status, stderr, stdout } = anke(['import-weights', keras, ...shape, '--out', 'from-keras', '--json']);
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    folder: 'from-keras',
    layers: 7,
    parameters: 30 + 12 + 112 + 16 + 222 + 35 + 60,
  });
  close(predict('from-keras'));
  // And again from the safetensors file, by the layers of the first run.
  const file = join('from-keras', 'model.safetensors');
  expect(anke(['import-weights', file, '--model', 'from-keras', '--out', 'copied']).status).toBe(0);
  close(predict('copied'));
});

test('what does not fit is named', () => {
  const said = (...args: string[]): string => {
    const { status, stderr } = anke(['import-weights', ...args, '--out', 'never']);
    expect(status, stderr).toBe(1);
    expect(existsSync(join(work, 'never'))).toBe(false);
    return stderr.trim();
  };
  expect(said(keras)).toContain('the model has 3 layers of kind Conv2D, the file 2 (conv2d, conv2d_1)');
  expect(said(keras, '--recipe', 'keras.json', '--image-shape', '14,12,1')).toContain(
    "the kernel of dense has shape (36, 6), that of the model's dense is (48, 6)",
  );
  writeFileSync(join(work, 'weights.csv'), 'no');
  expect(said('weights.csv')).toBe('anke: weights.csv: weights come as .safetensors, .h5 or .keras');
  expect(said('gone.h5')).toBe('anke: gone.h5: there is no such file');
  writeFileSync(join(work, 'no.h5'), 'no');
  expect(said('no.h5')).toBe('anke: no.h5: this is no HDF5 file, or it is damaged');
  writeFileSync(join(work, 'no.safetensors'), 'no');
  expect(said('no.safetensors')).toContain('anke: no.safetensors: not a safetensors file');
});
