/**
 * If these failed, an epoch would take other steps than `stepsPerEpoch` says, be validated when it should not, or weigh
 * its samples wrongly; a training that is resumed within a pass would part from the one that was not stopped.
 */
import { expect, test } from 'vitest';
import type { Samples } from '../engine/device-data.js';
import { planEpoch } from '../engine/epoch-plan.js';
import {
  Adam,
  BinaryCrossentropy,
  balancedClassWeight,
  type CallbackState,
  CategoricalCrossentropy,
  Dense,
  EarlyStopping,
  type FitOptions,
  type Loss,
  MeanSquaredError,
  type ModelState,
  Sequential,
  toCategorical,
} from '../index.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';

const gpu = useGpu();

test('an epoch of so many steps takes batches from passes without end', () => {
  const options = { seed: 1, count: 7, batchSize: 3, shuffle: false, stepsPerEpoch: 4 };
  // Rows of a step begin at a multiple of the batch size; the third and last step of a pass has one row.
  expect(planEpoch(options, { epochs: 0, position: 0 })).toEqual({
    rows: Uint32Array.of(0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 1, 2),
    stretches: [
      { steps: 2, size: 3 },
      { steps: 1, size: 1 },
      { steps: 1, size: 3 },
    ],
    next: { epochs: 1, position: 1 },
  });
  expect(planEpoch(options, { epochs: 1, position: 1 })).toMatchObject({
    rows: Uint32Array.of(3, 4, 5, 6, 0, 0, 0, 1, 2, 3, 4, 5),
    next: { epochs: 2, position: 2 },
  });
  const whole = planEpoch({ ...options, shuffle: true, stepsPerEpoch: undefined }, { epochs: 2, position: 0 });
  expect([...whole.rows].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(whole.next).toEqual({ epochs: 3, position: 0 });
});

const data = stripes(20);
const trained = async (options: Omit<FitOptions, 'batchSize'>, state?: ModelState) => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  if (state) model.setState(state);
  const states: ModelState[] = [];
  const keep = {
    onEpochEnd: async (_: number, __: unknown, control: { getState(): Promise<ModelState> }) =>
      void states.push(await control.getState()),
  };
  const history = await model.fit(data, { batchSize: 8, ...options, callbacks: [keep, ...(options.callbacks ?? [])] });
  const weights = await model.getWeights();
  const { epochs, position } = model.session;
  model.destroy();
  return { history: history.epochs, weights, states, epochs, position };
};

test('epochs of other lengths train the same, also when resumed within a pass', async () => {
  // A pass has three steps, of which the last is smaller: four passes are three epochs of four steps.
  const whole = await trained({ epochs: 4 });
  const other = await trained({ epochs: 3, stepsPerEpoch: 4 });
  expect(other.history.length).toBe(3);
  expect(other.weights).toEqual(whole.weights);
  expect(other.states.map(({ epochs, position, steps }) => [epochs, position, steps])).toEqual([
    [1, 1, 4],
    [2, 2, 8],
    [4, 0, 12],
  ]);
  const resumed = await trained({ epochs: 3, initialEpoch: 1, stepsPerEpoch: 4 }, other.states[0]);
  expect(resumed.weights).toEqual(whole.weights);
  expect(resumed.history).toEqual(other.history.slice(1));
  // Fewer steps than a pass has, and a next training, which begins a pass of its own.
  const few = await trained({ epochs: 2, stepsPerEpoch: 2 });
  expect(few.states.map(({ epochs, position }) => [epochs, position])).toEqual([
    [0, 2],
    [1, 1],
  ]);
  expect([few.epochs, few.position]).toEqual([2, 0]);
});

test('the progress of an epoch counts its own samples', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const ends: number[][] = [];
  for await (const event of model.fitEvents(data, { epochs: 2, batchSize: 8, stepsPerEpoch: 2 }))
    if (event.type === 'progress' && event.done === event.total) ends.push([event.epoch, event.total]);
  expect(ends).toEqual([
    [0, 16],
    [1, 4 + 8],
  ]);
  model.destroy();
});

test('epochs are validated as often as is asked for, and callbacks that watch the validation wait for it', async () => {
  const validated = async (options: Partial<FitOptions>) => {
    const { history } = await trained({ epochs: 5, validationData: stripes(6), ...options });
    return history.map((logs) => 'val_loss' in logs && 'val_accuracy' in logs);
  };
  expect(await validated({ validationFreq: 2 })).toEqual([false, true, false, true, false]);
  expect(await validated({ validationFreq: [1, 5] })).toEqual([true, false, false, false, true]);
  expect(await validated({})).toEqual([true, true, true, true, true]);
  const states: CallbackState[] = [];
  const stopping = new EarlyStopping({ patience: 1, minDelta: 1e9 });
  const seen = { onEpochEnd: async () => void states.push(await stopping.getState()) };
  // The first validation is the best; the next one, two epochs later, is no better.
  expect(await validated({ validationFreq: 2, callbacks: [stopping, seen] })).toEqual([false, true, false, true]);
  expect(stopping.bestEpoch).toBe(1);
  expect(stopping.stoppedEpoch).toBe(3);
});

test('classWeight weighs as sampleWeight does, in training alone', async () => {
  const labels = data.labels as Uint8Array;
  const classWeight = { 0: 0.5, 2: 3 };
  const sampleWeight = Float32Array.from(labels, (label) => [0.5, 1, 3][label] as number);
  const train = async (samples: Samples, options: Partial<FitOptions>, loss?: Loss) => {
    const model = smallModel();
    model.compile({ gpu: gpu(), optimizer: new Adam(), ...(loss ? { loss } : {}) });
    const { epochs } = await model.fit(samples, { epochs: 2, batchSize: 8, validationData: data, ...options });
    model.destroy();
    return epochs;
  };
  const byClass = await train(data, { classWeight });
  expect(byClass).toEqual(await train({ ...data, sampleWeight }, {}));
  const plain = await train(data, {});
  expect(byClass[0]?.['loss']).not.toBe(plain[0]?.['loss']);
  // Rows of targets are classes by their largest one.
  const targets = toCategorical(labels, 3);
  const soft = new CategoricalCrossentropy();
  const validation = { validationData: { ...data, targets } };
  expect(
    await train(
      { pixels: data.pixels, shape: data.shape, rescale: 1 / 255, targets },
      { classWeight, ...validation },
      soft,
    ),
  ).toEqual(await train({ ...data, targets, sampleWeight }, validation, soft));
  expect(balancedClassWeight([0, 0, 0, 2], 4)).toEqual({ 0: 4 / (4 * 3), 2: 4 / 4 });
});

/** A model of two numbers, asked to train with something that makes no sense. */
const refused = async (samples: Partial<Samples>, options: Partial<FitOptions> & { readonly loss?: Loss }) => {
  const { loss, ...fit } = options;
  const activation = 'softmax';
  const model = new Sequential([
    new Dense({ units: 2, inputShape: [3], ...(loss?.contains === 'sigmoid' ? { activation } : {}) }),
  ]);
  model.compile({ gpu: gpu(), optimizer: new Adam(), ...(loss ? { loss } : {}) });
  const given = { pixels: new Uint8Array(12), shape: [3], ...samples };
  try {
    await model.fit(given, { epochs: 1, ...fit });
    return 'nothing';
  } catch (error) {
    return (error as Error).message;
  } finally {
    model.destroy();
  }
};

const labels = [0, 1, 1, 0];
const targets = new Float32Array(8);
const categorical = { loss: new CategoricalCrossentropy() };
test.each([
  [{}, {}, 'the samples have no labels, and without them there is no loss'],
  [
    { targets },
    {},
    'the samples have targets, but SparseCategoricalCrossentropy takes labels (CategoricalCrossentropy takes targets)',
  ],
  [
    { labels },
    categorical,
    'CategoricalCrossentropy needs samples with targets, 2 numbers each (toCategorical makes them of labels)',
  ],
  [
    { targets: targets.subarray(1) },
    categorical,
    '4 samples of a model with 2 outputs need 4 · 2 targets, but there are 7',
  ],
  [
    { targets: targets.with(5, 1.5) },
    categorical,
    'target 1 of sample 2 must lie in 0 … 1 for CategoricalCrossentropy, but is 1.5',
  ],
  [
    { targets: targets.with(2, Number.NaN) },
    { loss: new MeanSquaredError() },
    'target 0 of sample 1 must be a finite number for MeanSquaredError, but is NaN',
  ],
  [
    { targets },
    { loss: new BinaryCrossentropy() },
    'BinaryCrossentropy needs a model that ends with sigmoid, or without activation; this one ends with softmax',
  ],
  [{ labels, sampleWeight: new Float32Array(3) }, {}, 'there are 4 samples, but 3 sample weights'],
  [
    { labels, sampleWeight: new Float32Array(4).with(2, -1) },
    {},
    'sample 2 has weight -1, which is no number that is at least 0',
  ],
  [
    { labels, sampleWeight: new Float32Array(4) },
    { classWeight: { 0: 2 } },
    'the samples have weights, so that classWeight cannot be given too',
  ],
  [{ labels }, { classWeight: { 2: 1 } }, 'classWeight: 2 is no class, the model has 0 … 1'],
  [
    { labels },
    { classWeight: { 1: Number.NaN } },
    'classWeight: that of class 1 must be a number that is at least 0, not NaN',
  ],
  [{ labels }, { stepsPerEpoch: 0 }, 'stepsPerEpoch must be a positive integer, not 0'],
  [
    { labels },
    { validationFreq: [1, 0] },
    'validationFreq must be a positive integer, or a list of epochs from 1, not 0',
  ],
] as [Partial<Samples>, Partial<FitOptions> & { readonly loss?: Loss }, string][])(
  'what makes no sense is said on one line %#',
  async (samples, options, message) => {
    expect(await refused(samples, options)).toBe(message);
  },
);
