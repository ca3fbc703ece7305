/** If these failed, a training that cannot be good would end as if it were, or a good one would be called bad. */
import { ImageDataset } from '@anke/data';
import { expect, test } from 'vitest';
import { checkRecipe } from '../recipe/check.js';
import { makeModel } from '../recipe/make.js';
import type { Recipe } from '../recipe/schema.js';
import type { EpochRecord, Phase } from './events.js';
import { type Judged, warningOfEpoch, warningOfPhase, warningsBefore } from './warnings.js';

const images = (count: number, classes: number) =>
  new ImageDataset('images', [2, 2, 1], new Uint8Array(4 * count), {
    labels: Uint32Array.from({ length: count }, (_, i) => i % classes),
    classes,
  });

/** A training of 320 images in 3 classes, 10 steps an epoch, for as many epochs, with a batch normalization. */
async function judged(
  epochs: number,
  others: Partial<Recipe> = {},
  { classes = 3, momentum = 0.99, trainable = true } = {},
): Promise<Judged> {
  const layers: Recipe['layers'] = [
    { type: 'BatchNormalization', momentum, trainable },
    { type: 'Flatten' },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ];
  const recipe = await checkRecipe(
    { name: 'r', layers, phases: [{ optimizer: { type: 'Adam' }, epochs }], ...others },
    'r',
  );
  const model = makeModel(recipe.layers, { seed: 1, inputShape: [2, 2, 1], classes });
  return { recipe, model, data: { training: images(320, classes), validation: images(80, classes) } };
}

const kinds = (of: Judged): string[] => warningsBefore(of).map(({ kind }) => kind);
const epoch = (values: Record<string, number>) => ({ learning_rate: 0.5, ...values }) as unknown as EpochRecord;
const phase = (epochs: number, values: Record<string, number>): Phase => ({
  name: 'adam',
  epochs: Array.from({ length: epochs }, () => epoch(values)),
  bestEpoch: undefined,
  stoppedEarly: false,
});

test('what is as it should be is not warned of', async () => {
  expect(kinds(await judged(10))).toEqual([]);
  expect(kinds(await judged(1, {}, { momentum: 0.9 }))).toEqual([]);
  expect(kinds(await judged(1, {}, { trainable: false }))).toEqual([]);
  expect(kinds(await judged(10, { data: { limit: 400 }, batchSize: 32 }))).toEqual([]);
  expect(kinds(await judged(10, { batchSize: 400, stepsPerEpoch: 10 }))).toEqual([]);
});

test.each<[string, number, Partial<Recipe>, { classes?: number }, string]>([
  ['noEpochs', 0, {}, {}, 'no epoch is asked for'],
  ['oneClass', 10, {}, { classes: 1 }, 'all images to train on are of one class'],
  ['limitAboveImages', 10, { data: { limit: 401 } }, {}, 'a limit of 401 images changes nothing: there are 400'],
  ['batchAboveImages', 100, { batchSize: 321 }, {}, 'a batch of 321 is more than the 320 images'],
  ['fewSteps', 9, {}, {}, '90 steps are few for batch normalization with momentum 0.99, whose averages take 100'],
])('%s', async (kind, epochs, others, options, message) => {
  const [warning, ...more] = warningsBefore(await judged(epochs, others, options));
  expect(more).toEqual([]);
  expect(warning).toMatchObject({ kind, message: expect.stringContaining(message) });
});

test('a loss far above guessing is told once, a large one is not', async () => {
  const of = await judged(10);
  const [good, lost] = [epoch({ loss: 40 }), epoch({ loss: 2.8e22 })];
  expect(warningOfEpoch([good], of)).toBeUndefined();
  expect(warningOfEpoch([good, lost], of)?.message).toContain('the loss is 2.80e+22, far above the 1.1 of guessing');
  expect(warningOfEpoch([good, lost], of)?.message).toContain('a lower learning rate than 0.5');
  expect(warningOfEpoch([lost, lost], of)).toBeUndefined();
  const squares = await judged(10, { loss: { type: 'MeanSquaredError' } });
  expect(warningOfEpoch([epoch({ loss: 3000 })], squares)).toBeUndefined();
});

test('validation that lags behind is told while averages are young, and not afterwards', async () => {
  const of = await judged(10);
  const far = { accuracy: 0.81, val_accuracy: 0.26 };
  const warning = warningOfPhase([phase(10, far), phase(10, far)], of);
  expect(warning?.message).toContain('accuracy 26% against 81%): 200 steps are few');
  expect(warning?.message).toContain('a momentum of 0.9 as in the recipe "small"');
  expect(warningOfPhase([phase(50, far)], of)).toBeUndefined();
  expect(warningOfPhase([phase(10, { accuracy: 0.81, val_accuracy: 0.7 })], of)).toBeUndefined();
  expect(warningOfPhase([phase(10, { loss: 1, val_loss: 9 })], of)).toBeUndefined();
  expect(warningOfPhase([phase(10, far)], await judged(10, {}, { momentum: 0.9 }))).toBeUndefined();
});
