/** A model that begins with weights from elsewhere and leaves the lower layers as they are, by the command line. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeWeights } from '@anke/nn';
import { beforeAll, expect, test } from 'vitest';
import { zipOf } from '../packages/files/src/testing/archives.js';
import { anke, read, root, work, written } from './command-line.js';

const layers = (head: string) => [
  { type: 'Conv2D', name: 'conv', filters: 4, kernelSize: 5, strides: 3, useBias: false },
  { type: 'BatchNormalization', name: 'norm', momentum: 0.5 },
  { type: 'ReLU', name: 'relu' },
  { type: 'GlobalAveragePooling2D', name: 'pool' },
  { type: 'Dense', name: head, units: 'classes', activation: 'softmax' },
];
const PHASES = [{ optimizer: { type: 'Adam', learningRate: 0.01 }, epochs: 2 }];
const train = (...args: string[]) => anke(['train', 'digits', '--batch-size', '40', ...args]);
const below = (run: string): Map<string, string> =>
  new Map(
    [...decodeWeights(readFileSync(join(work, run, 'model.safetensors')))]
      .filter(([name]) => /^(conv|norm)/.test(name))
      .map(([name, { values }]) => [name, Buffer.from(values.buffer).toString('hex')]),
  );

beforeAll(() => {
  expect(anke(['synth', '--to', 'digits', '--train', '100', '--test', '10', '--seed', '3']).status).toBe(0);
  written('base.json', { layers: layers('old'), phases: PHASES });
  written('head.json', { layers: layers('fresh'), phases: PHASES });
  const { status, stderr } = train('--recipe', 'base.json', '--out', 'base');
  expect(status, stderr).toBe(0);
});

const WEIGHTS = ['--from', 'base'];

test('a new head is trained on a frozen base', () => {
  const args = ['--recipe', 'head.json', ...WEIGHTS, '--partial', '--freeze-until', 'fresh', '--out', 'head'];
  const { status, stderr, stdout } = train(...args);
  expect(status, stderr).toBe(0);
  const said = stdout + stderr;
  expect(said).toContain('base/model.safetensors, so left with their first weights: fresh');
  expect(said).toContain('base/model.safetensors, but not in the model: old');
  expect(below('head')).toEqual(below('base'));
  const { weights, layers } = JSON.parse(read('head/recipe.json'));
  expect(weights).toEqual({ path: join(work, 'base/model.safetensors'), partial: true });
  expect(layers.map((layer: { trainable?: boolean }) => layer.trainable)).toEqual([
    false,
    false,
    false,
    false,
    undefined,
  ]);
  // From its own recipe it is the same training once more.
  expect(anke(['train', '--recipe', 'head/recipe.json', '--kernels', 'head', '--out', 'again']).status).toBe(0);
  const model = (run: string): Buffer => readFileSync(join(work, run, 'model.safetensors'));
  expect(model('again').equals(model('head'))).toBe(true);
});

test('a run gives its recipe too, and layers that it freezes are trained again where the limit is lower', () => {
  const { status, stderr } = anke(['train', '--from', 'head', '--freeze-until', 'norm', '--out', 'fine']);
  expect(status, stderr).toBe(0);
  const others = [...below('fine')].filter(([name, bytes]) => below('head').get(name) !== bytes);
  expect(others.map(([name]) => name)).toEqual(['norm/gamma', 'norm/beta', 'norm/moving_mean', 'norm/moving_variance']);
});

test('what does not fit is said, and leaves nothing', () => {
  const said = (...args: string[]): string => {
    const { status, stderr } = train('--recipe', 'head.json', ...args, '--out', 'never');
    expect(status, stderr).not.toBe(0);
    expect(existsSync(join(work, 'never'))).toBe(false);
    return stderr.trim();
  };
  expect(said('--weights', 'gone.h5')).toContain('gone.h5: there is no such file');
  expect(said('--weights', 'base', '--from', 'base')).toContain('--weights is an earlier name of --from: give one');
  expect(said('--partial')).toContain('--partial is for --from: name what to take a part of');
  expect(said('--freeze-until', 'frech')).toContain(
    '--freeze-until: no layer of the recipe is named "frech" (did you mean "fresh"?)',
  );
});

test('the weights of a .keras archive are taken from it', () => {
  const keras = readFileSync(join(root, 'test/fixtures/keras.weights.h5'));
  writeFileSync(join(work, 'model.keras'), zipOf({ 'config.json': Buffer.from('{}'), 'model.weights.h5': keras }));
  writeFileSync(join(work, 'empty.keras'), zipOf({ 'config.json': Buffer.from('{}') }));
  writeFileSync(join(work, 'no.keras'), 'no');
  const same = { filters: 3, kernelSize: 3, activation: 'relu' };
  written('keras.json', {
    layers: [
      { type: 'Conv2D', ...same },
      { type: 'BatchNormalization' },
      { type: 'MaxPooling2D', poolSize: 2 },
      { type: 'Conv2D', ...same, filters: 4 },
      { type: 'BatchNormalization' },
      { type: 'Flatten' },
      ...[6, 5, 10].map((units) => ({ type: 'Dense', units })),
    ],
    phases: PHASES,
  });
  const imported = (file: string) => anke(['import-weights', file, ...SHAPE, '--out', `of-${file}`]);
  const SHAPE = ['--recipe', 'keras.json', '--image-shape', '12,12,1'];
  for (const file of ['model.keras', join(root, 'test/fixtures/keras.weights.h5')]) {
    const { status, stderr } = anke(['import-weights', file, ...SHAPE, '--out', file === 'model.keras' ? 'a' : 'b']);
    expect(status, stderr).toBe(0);
  }
  const model = (run: string): Buffer => readFileSync(join(work, run, 'model.safetensors'));
  expect(model('a').equals(model('b'))).toBe(true);
  expect(imported('empty.keras').stderr).toContain('empty.keras: there is no model.weights.h5 in it');
  expect(imported('no.keras').stderr).toContain('no.keras: this is no .keras archive, which is a zip file');
});
