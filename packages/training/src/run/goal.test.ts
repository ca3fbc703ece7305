/**
 * If these failed, a recipe would be trained by another loss, with other weights of its classes or in other epochs than
 * it says, its history would lack metrics, or a run that stopped within a pass would not resume to the same bits.
 */
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import { decodeWeights } from '@anke/nn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRecipe } from '../recipe/check.js';
import { classWeightOf, makeModel } from '../recipe/make.js';
import type { Recipe } from '../recipe/schema.js';
import { type MemoryStore, memoryStore, readText } from '../store.js';
import { tinyData } from '../testing/tiny.js';
import type { TrainEvent } from './events.js';
import { HISTORY_FILE, parseHistory } from './history.js';
import { train } from './train.js';

const data = await tinyData();
let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open((await openAdapter(console.log)).adapter);
});
afterAll(() => gpu.destroy());

const base: Pick<Recipe, 'batchSize' | 'phases'> = {
  batchSize: 16,
  phases: [{ optimizer: { type: 'Adam' }, epochs: 4, callbacks: [{ type: 'CSVLogger' }] }],
};

/** Trains a recipe, or until an event says so; returns the rows of its history. */
async function trained(store: MemoryStore, written: Recipe, stop: (event: TrainEvent) => boolean = () => false) {
  const recipe = await checkRecipe(written, 'tiny');
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape: [28, 28, 1], classes: 10 });
  try {
    for await (const event of train({ gpu, device: 'here', model, data, recipe, store })) if (stop(event)) return [];
    return parseHistory((await readText(store, HISTORY_FILE)) ?? '');
  } finally {
    model.destroy();
  }
}

const weights = ({ files }: MemoryStore) => [...decodeWeights(files.get('model.safetensors') as Uint8Array)];

const soft: Recipe = {
  ...base,
  layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }],
  loss: { type: 'CategoricalCrossentropy', labelSmoothing: 0.1 },
  metrics: [
    { type: 'Accuracy' },
    { type: 'TopKCategoricalAccuracy', k: 3, name: 'top_3' },
    { type: 'MeanAbsoluteError' },
  ],
  classWeight: 'balanced',
  stepsPerEpoch: 4,
  validationFreq: [2, 4],
};

test('a recipe has a loss, metrics, weights of classes and epochs of its own, also when it is resumed', async () => {
  const store = memoryStore();
  const rows = await trained(store, soft);
  const own = ['loss', 'accuracy', 'top_3', 'mean_absolute_error', 'learning_rate'];
  const validated = own.slice(0, -1).map((name) => `val_${name}`);
  expect(rows.map(({ record }) => Object.keys(record).sort())).toEqual(
    [[], validated, [], validated].map((more) => [...own, ...more, 'seconds'].sort()),
  );
  const csv = (await readText(store, 'adam.csv')) ?? '';
  expect(csv.split('\n')[1]).toMatch(/^0,.*NA,NA,NA,NA$/);
  // 40 images are three steps: after the first epoch, the second pass has begun.
  const resumed = memoryStore();
  await trained(resumed, soft, ({ type }) => type === 'epoch');
  const again = await trained(resumed, soft);
  const withoutTime = (all: typeof rows) => all.map(({ record: { seconds: _, ...logs } }) => logs);
  expect(withoutTime(again)).toEqual(withoutTime(rows));
  expect(weights(resumed)).toEqual(weights(store));
  // Each class has as many images, so that balanced ones weigh 1.
  const weighed = memoryStore();
  await trained(weighed, { ...soft, classWeight: { 3: 2 } });
  expect(weights(weighed)).not.toEqual(weights(store));
});

test('targets are made of class numbers: rows, or a single number', async () => {
  const single: Recipe = {
    ...base,
    layers: [{ type: 'Flatten' }, { type: 'Dense', units: 1 }],
    loss: { type: 'MeanSquaredError' },
    metrics: [{ type: 'MeanAbsoluteError', name: 'mae' }],
  };
  const rows = await trained(memoryStore(), single);
  expect(Object.keys(rows[0]?.record ?? {}).sort()).toEqual(
    ['learning_rate', 'loss', 'mae', 'seconds', 'val_loss', 'val_mae'].sort(),
  );
  expect(rows.at(-1)?.record['loss']).toBeLessThan(rows[0]?.record['loss'] as number);
  const many: Recipe = {
    ...base,
    layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'sigmoid' }],
    loss: { type: 'BinaryCrossentropy' },
  };
  const binary = await trained(memoryStore(), many);
  expect(binary.at(-1)?.record['loss']).toBeLessThan(binary[0]?.record['loss'] as number);
  await expect(
    trained(memoryStore(), { ...single, layers: [{ type: 'Flatten' }, { type: 'Dense', units: 3 }] }),
  ).rejects.toThrow(
    'MeanSquaredError needs a model with an output for each of the 10 classes, or with one output; this one has 3',
  );
  await expect(
    trained(memoryStore(), {
      ...many,
      layers: [{ type: 'Flatten' }, { type: 'Dense', units: 1, activation: 'sigmoid' }],
    }),
  ).rejects.toThrow(/^target 0 of sample \d+ must lie in 0 … 1 for BinaryCrossentropy, but is \d$/);
});

test('a callback that watches what the training does not tell is refused before the first step', async () => {
  const seen: string[] = [];
  const recipe: Recipe = {
    ...soft,
    phases: [{ optimizer: { type: 'Adam' }, epochs: 1, callbacks: [{ type: 'EarlyStopping', monitor: 'val_auc' }] }],
  };
  const run = trained(memoryStore(), recipe, ({ type }) => seen.push(type) === 0);
  await expect(run).rejects.toThrow('EarlyStopping watches "val_auc", but the logs hold loss, accuracy, top_3,');
  expect(seen).not.toContain('progress');
});

test('balanced weights let each class count alike', () => {
  const some = data.training.slice(0, 27);
  const weight = classWeightOf({ classWeight: 'balanced' }, some) ?? {};
  const { labels = new Uint32Array(), count, classes } = some;
  expect(new Set(Object.values(weight)).size).toBeGreaterThan(1);
  const sums = new Map<number, number>();
  for (const label of labels) sums.set(label, (sums.get(label) ?? 0) + (weight[label] as number));
  for (const sum of sums.values()) expect(sum).toBeCloseTo(count / classes, 9);
  expect(classWeightOf({ classWeight: { 3: 2 } }, data.training)).toEqual({ 3: 2 });
});

test.each([
  [
    { loss: { type: 'MeanSquaredErr' } },
    'loss.type: "MeanSquaredErr" is not known here (did you mean "MeanSquaredError"?)',
  ],
  [{ loss: { type: 'MeanSquaredError', labelSmoothing: 0.1 } }, 'loss: "labelSmoothing" is not known here'],
  [{ metrics: [{ type: 'TopKCategoricalAccuracy', k: 0 }] }, 'metrics[0].k: '],
  [
    { metrics: [{ type: 'Accuracy', name: 'seconds' }] },
    'metrics[0].name: phase, epoch, seconds are columns of the history already',
  ],
  [{ classWeight: { cat: 1 } }, 'classWeight'],
  [{ stepsPerEpoch: 0 }, 'stepsPerEpoch: '],
  [{ validationFreq: 1.5 }, 'validationFreq: '],
])('what a recipe must not say is named: %j', async (wrong, message) => {
  await expect(checkRecipe({ ...soft, ...wrong }, 'tiny')).rejects.toThrow(`tiny: ${message}`);
});
