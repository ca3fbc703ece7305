/**
 * If these failed, a value that is NaN or infinite would be trained on, evaluated or predicted with in silence, or the
 * error would not say where it came from, or the model would be left broken.
 */
import type { Storage } from '@anke/kernels';
import { afterEach, expect, test } from 'vitest';
import type { Samples } from '../engine/device-data.js';
import { NonFiniteError } from '../errors.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Flatten } from '../layers/flatten.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { l2 } from '../layers/regularizers.js';
import { Sequential } from '../model.js';
import { Adam, AdamW } from '../optimizers/adam.js';
import { Nadam } from '../optimizers/nadam.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { RMSprop } from '../optimizers/rmsprop.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import type { Callback } from './callback.js';
import { EarlyStopping } from './early-stopping.js';

const gpu = useGpu();

const models: Sequential[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.destroy();
});

function compiled(optimizer: Optimizer = new Adam(), storage: 'float32' | 'float16' = 'float32'): Sequential {
  const model = new Sequential([
    new Conv2D({ name: 'conv', filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
    new BatchNormalization({ name: 'norm' }),
    new MaxPooling2D(),
    new Flatten(),
    new Dense({ name: 'hidden', units: 8, activation: 'relu', kernelRegularizer: l2(0.01) }),
    new Dropout({ rate: 0.25 }),
    new Dense({ name: 'last', units: 3, activation: 'softmax' }),
  ]);
  model.compile({ gpu: gpu(), optimizer, storage });
  models.push(model);
  return model;
}

const samples = (count: number): Samples => ({
  pixels: Uint8Array.from({ length: count * 64 }, (_, i) => (i * 37) % 256),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
  shape: [8, 8, 1],
  rescale: 1 / 255,
});

const BROKEN = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const STEPS = 16;
const DATA = samples(2 * STEPS);

/** The weights and moving averages, all of which must be finite. */
async function finiteWeights(model: Sequential): Promise<Record<string, Float32Array>> {
  const values = Object.fromEntries(Array.from(await model.getWeights(), ([name, weight]) => [name, weight.values]));
  for (const [name, weight] of Object.entries(values)) expect(weight.every(Number.isFinite), name).toBe(true);
  return values;
}

/**
 * Trains, and spoils an element of some memory when a step has been done, behind the model's back.
 *
 * @param step of the second epoch, from 1; 0 is before it begins
 * @returns the error, and the weights that the second epoch began with
 */
async function spoiled(
  model: Sequential,
  value: number,
  step: number,
  memory: () => { storage: Storage; index: number },
) {
  let before: Record<string, Float32Array> = {};
  const spoil = (): void => {
    const { storage, index } = memory();
    gpu().device.queue.writeBuffer(storage.buffer as GPUBuffer, storage.offset + 4 * index, Float32Array.of(value));
  };
  const keep: Callback = {
    onEpochBegin: async (epoch) => {
      if (epoch !== 1) return;
      before = await finiteWeights(model);
    },
  };
  const options = { epochs: 3, batchSize: 2, callbacks: [keep], submitMilliseconds: 1e-9, shuffle: false };
  let error: unknown;
  try {
    for await (const event of model.fitEvents(DATA, options)) {
      if (event.type !== 'progress' || event.phase !== 'training') continue;
      if (event.epoch === (step === 0 ? 0 : 1) && event.done === (step === 0 ? 2 * STEPS : 2 * step)) spoil();
    }
  } catch (thrown) {
    error = thrown;
  }
  return { error, before };
}

const slot = (model: Sequential, name: string): Storage =>
  model.session.memory.slots.find((each) => each.name === name)?.storage as Storage;

const WEIGHTS = ['conv/kernel', 'conv/bias', 'norm/gamma', 'norm/beta', 'hidden/kernel', 'last/bias'];
/** The last leaves a step to be submitted: one submit waits behind the one that runs. */
const STEPS_TO_SPOIL = [1, 8, STEPS - 3];

test.each(WEIGHTS)('a spoiled weight ends the training and is named: %s', async (name) => {
  for (const [i, step] of STEPS_TO_SPOIL.entries()) {
    const model = compiled();
    const { error, before } = await spoiled(model, BROKEN[i] as number, step, () => ({
      storage: slot(model, name),
      index: 0,
    }));
    expect(error).toBeInstanceOf(NonFiniteError);
    const { message } = error as Error;
    expect(message).toContain(`the weight "${name}" is not finite (NaN or infinite) at index 0`);
    expect(message).toMatch(/^training stopped in step \d+ of epoch 2: .*[^\n]$/);
    expect(await finiteWeights(model)).toEqual(before);
    // Nothing is left of it: the training goes on.
    await model.fit(DATA, { epochs: 1, batchSize: 2 });
    expect(Number.isFinite((await model.evaluate(DATA)).loss)).toBe(true);
  }
});

test.each(['norm/moving_mean', 'norm/moving_variance'])('a spoiled moving average is named: %s', async (name) => {
  for (const [i, step] of STEPS_TO_SPOIL.entries()) {
    const model = compiled();
    const { error, before } = await spoiled(model, BROKEN[i] as number, step, () => ({
      storage: slot(model, name),
      index: 2,
    }));
    expect((error as Error).message).toMatch(/^training stopped after epoch 2: /);
    expect((error as Error).message).toContain(`the weight "${name}" is not finite (NaN or infinite) at index 2`);
    expect(await finiteWeights(model)).toEqual(before);
  }
});

test.each([
  ['Adam', 'm', new Adam()],
  ['Adam', 'v', new Adam()],
  ['Adam', 'corrections', new Adam()],
  ['SGD', 'velocity', new SGD({ momentum: 0.9 })],
  ['SGD', 'velocity', new SGD({ momentum: 0.9, nesterov: true })],
  ['RMSprop', 'mean', new RMSprop({ centered: true })],
  ['Nadam', 'corrections', new Nadam({ clipnorm: 1 })],
  ['AdamW', 'average', new AdamW({ useEma: true })],
])('a spoiled moment is named: %s, %s', async (optimizer, name, made) => {
  for (const [i, step] of STEPS_TO_SPOIL.entries()) {
    const model = compiled(made);
    const { error, before } = await spoiled(model, BROKEN[i] as number, step, () => ({
      storage: model.session.training.buffers[name] as Storage,
      index: name === 'corrections' ? 1 : 0,
    }));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toContain(`${optimizer}'s "${name}"`);
    expect(await finiteWeights(model)).toEqual(before);
  }
});

test.each(BROKEN)('a learning rate that is %s is refused, or named where it is so on the device', async (value) => {
  const model = compiled();
  expect(() => {
    model.session.training.learningRate = value;
  }).toThrow('the learning rate must be a positive number');
  expect(() => new Adam({ learningRate: value })).toThrow('learningRate must be');
  for (const step of STEPS_TO_SPOIL) {
    const { error, before } = await spoiled(compiled(), value, step, () => ({
      storage: (models.at(-1) as Sequential).session.memory.rate,
      index: 0,
    }));
    expect((error as Error).message).toContain(`the learning rate on the device is ${value}`);
    expect(await finiteWeights(models.at(-1) as Sequential)).toEqual(before);
  }
});

test('a scale of the pixels that is not finite is refused', async () => {
  const model = compiled();
  for (const value of [...BROKEN, 1e39]) {
    const scaled = { ...DATA, rescale: value };
    await expect(model.fit(scaled, { epochs: 1 })).rejects.toThrow(
      `rescale must be a finite float32 number, not ${value}`,
    );
    await expect(model.evaluate({ ...DATA, offset: value })).rejects.toThrow('offset must be a finite float32 number');
    await expect(model.predict(scaled)).rejects.toThrow('rescale must be a finite float32 number');
  }
});

/** Weights with one value in place of another. */
async function withValue(model: Sequential, name: string, value: number) {
  const weights = await model.getWeights();
  const weight = weights.get(name);
  if (!weight) throw new Error(`no ${name}`);
  weight.values[1] = value;
  return weights;
}

test.each(BROKEN)('%s is taken neither as a weight nor in a state', async (value) => {
  const model = compiled();
  await expect(async () => model.setWeights(await withValue(model, 'conv/kernel', value))).rejects.toThrow(
    `the weight "conv/kernel" is ${value} at index 1`,
  );
  const state = await model.getState();
  for (const name of ['weights', 'untrained', 'optimizer/m', 'optimizer/corrections']) {
    const values = (state.tensors.get(name) as Float32Array).slice();
    values[0] = value;
    const tensors = new Map(state.tensors).set(name, values);
    expect(() => model.setState({ ...state, tensors })).toThrow(`the state's "${name}" is ${value} at index 0`);
  }
  await finiteWeights(model);
});

test.each(['conv/kernel', 'norm/moving_variance', 'last/bias'])(
  'a model with a weight that is not finite neither trains, evaluates nor predicts: %s',
  async (name) => {
    const model = compiled();
    gpu().write(slot(model, name), Float32Array.of(Number.NaN));
    const named = `the weight "${name}" is not finite`;
    await expect(model.evaluate(DATA)).rejects.toThrow(`the model cannot be evaluated: ${named}`);
    await expect(model.predict(DATA)).rejects.toThrow(`the model cannot predict: ${named}`);
    await expect(model.fit(DATA, { epochs: 1 })).rejects.toThrow(`the model cannot be trained: ${named}`);
  },
);

test('a training that diverges says in which step and which layer', async () => {
  const model = compiled(new SGD({ learningRate: 1e30 }));
  const before = await finiteWeights(model);
  const error = await model.fit(DATA, { epochs: 2, batchSize: 2 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NonFiniteError);
  const { message } = error as Error;
  expect(message).toMatch(
    /^training stopped in step \d of epoch 1: (layer "\w+"|the loss), (forward|backward): \d+ of /,
  );
  expect(message).toContain('a lower learning rate than 1e+30 may help');
  expect(await finiteWeights(model)).toEqual(before);
});

test('an update that overflows is named with what goes into it', async () => {
  const model = compiled(new SGD({ learningRate: 3e38 }));
  const error = await model.fit(DATA, { epochs: 1, batchSize: 2 }).catch((thrown: unknown) => thrown);
  expect((error as Error).message).toMatch(/step \d of epoch 1: /);
  await finiteWeights(model);
});

test('a moment that overflows is named with the learning rate that its schedule had in that step', async () => {
  const learningRate = { type: 'piecewiseConstantDecay', boundaries: [0, 1], values: [1e-9, 0.25, 1e-9] } as const;
  const model = compiled(new Adam({ learningRate }));
  const before = await model.getState();
  // In the second step, the squares of gradients are beyond float32, and the gradients are not.
  const sampleWeight = Float32Array.from({ length: 2 * STEPS }, (_, i) => (i < 2 ? 1 : 1e22));
  const options = { epochs: 1, batchSize: 2, shuffle: false };
  const error = await model.fit({ ...DATA, sampleWeight }, options).catch((thrown: unknown) => thrown);
  const { message } = error as Error;
  expect(message).toMatch(/^training stopped in step 2 of epoch 1: Adam's update of "[a-z]+\/[a-z]+" at index \d+ /);
  expect(message).toMatch(/: weight [^,]+, gradient [^,]+, m [^,]+, v [^,]+, learning rate 0\.25;/);
  // The schedule's count too is that of before the epoch.
  expect((await model.getState()).tensors).toEqual(before.tensors);
});

test('results that are not finite end an evaluation and a prediction, though all weights are finite', async () => {
  const model = compiled();
  model.setWeights(await withValue(model, 'last/kernel', 3e38));
  model.setWeights(await withValue(model, 'last/bias', 3e38));
  const hidden = await model.getWeights();
  for (const name of ['hidden/kernel', 'hidden/bias']) hidden.get(name)?.values.fill(1e20);
  model.setWeights(hidden);
  await expect(model.evaluate(DATA, { batchSize: 8 })).rejects.toThrow(
    /^the evaluation stopped at images 0 to 7: layer "last", forward: .* not finite/,
  );
  await expect(model.predict(DATA)).rejects.toThrow(/^the model's output for image 0 is NaN/);
});

test('with 16-bit storage a training at a high learning rate diverges no sooner than with 32 bits', async ({
  skip,
}) => {
  if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
  for (const storage of ['float32', 'float16'] as const) {
    const model = compiled(new Adam({ learningRate: 300 }), storage);
    const losses: boolean[] = [];
    let clamped = 0;
    for await (const event of model.fitEvents(DATA, { epochs: 4, batchSize: 2 })) {
      if (event.type !== 'epoch') continue;
      losses.push(Number.isFinite(event.logs['loss']));
      clamped += event.clamped;
    }
    expect(losses).toEqual([true, true, true, true]);
    await finiteWeights(model);
    // Activations went beyond what 16 bits hold; 32 bits hold them all.
    if (storage === 'float16') expect(clamped).toBeGreaterThan(0);
    else expect(clamped).toBe(0);
  }
});

test('early stopping puts its best weights back, also where the training ends so', async () => {
  const model = compiled();
  let best: Record<string, Float32Array> = {};
  const stopping = new EarlyStopping({ monitor: 'loss', patience: 5, mode: 'max', restoreBestWeights: true });
  const keep: Callback = {
    onEpochEnd: async (epoch) => {
      if (epoch === 0) best = await finiteWeights(model);
    },
  };
  const spoil: Callback = {
    onEpochBegin: (epoch) => {
      if (epoch === 2) gpu().write(slot(model, 'conv/kernel'), Float32Array.of(Number.NaN));
    },
  };
  // The loss falls, so the first epoch is the best where the largest counts.
  const options = { epochs: 4, batchSize: 2, callbacks: [stopping, keep, spoil] };
  await expect(model.fit(DATA, options)).rejects.toThrow(NonFiniteError);
  expect(await finiteWeights(model)).toEqual(best);
});
