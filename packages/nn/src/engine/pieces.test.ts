/**
 * Models whose weights are more than the device binds at once. If these failed, such a model would be refused, or some
 * of its weights trained by another rule than the others.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../files/checkpoint.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/flatten.js';
import { l2 } from '../layers/regularizers.js';
import { Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { Nadam } from '../optimizers/nadam.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { RMSprop } from '../optimizers/rmsprop.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import { limitBindings } from '../testing/limit.js';
import { stripes } from '../testing/small-model.js';

const gpu = useGpu();
const DATA = stripes(24);
const BATCH = 4;
const OPTIONS = { epochs: 2, batchSize: BATCH, validationData: stripes(9, 2), validationBatchSize: BATCH } as const;

/** Of two pieces of all weights, the first one. No weight is larger. */
const PIECE = 65_536;
/** The two largest weights are divided then, into five parts and two. */
const PART = 16_384;

afterEach(async () => {
  await gpu().finish();
  gpu().check();
});

function model({ frozen = false, penalty = false } = {}): Sequential {
  return new Sequential(
    [
      new Conv2D({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1], trainable: !frozen }),
      new Flatten({}),
      new Dense({ units: 17, activation: 'relu', ...(penalty ? { kernelRegularizer: l2(0.02) } : {}) }),
      new Dense({ units: 100, activation: 'relu' }),
      new Dense({ units: 60, ...(penalty ? { kernelRegularizer: l2(0.01) } : {}) }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 5 },
  );
}

type Storage = 'float32' | 'float16';

function compiled(optimizer: Optimizer, options?: Parameters<typeof model>[0], storage: Storage = 'float32') {
  const made = model(options);
  made.compile({ gpu: gpu(), optimizer, storage });
  return made;
}

const bits = (trained: Sequential) => gpu().readFloats(trained.session.memory.weights);

/** What a training comes to: its history, weights, and what it predicts. */
async function trained(made: Sequential) {
  const { epochs } = await made.fit(DATA, OPTIONS);
  const predicted = await made.predict(DATA, { batchSize: BATCH });
  const weights = await bits(made);
  made.destroy();
  return { epochs, predicted, weights };
}

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array): number => Math.hypot(...values);
  return norm(a.map((value, i) => value - (b[i] as number))) / norm(b);
}

const averaged = { useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 2 } as const;
const decaying = { weightDecay: 0.05, excludeFromWeightDecay: ['bias', 'dense_1/kernel'] } as const;
const scheduled = { type: 'cosineDecay', initialLearningRate: 0.01, decaySteps: 5 } as const;

describe('an update in pieces gives the bits of one that is whole', () => {
  test.each([
    ['Adam', new Adam({ learningRate: scheduled, ...averaged, ...decaying, clipvalue: 0.01 })],
    ['Adam with amsgrad', new Adam({ amsgrad: true, beta2: 0.5, learningRate: 0.01 })],
    ['Nadam', new Nadam({ ...decaying })],
    ['RMSprop', new RMSprop({ ...averaged, centered: true, momentum: 0.5 })],
    ['SGD', new SGD({ momentum: 0.9, nesterov: true, ...averaged })],
    ['SGD without momentum', new SGD({ clipvalue: 0.1, ...decaying })],
  ])('%s', async (_, optimizer) => {
    const whole = await trained(compiled(optimizer));
    limitBindings(gpu(), PIECE);
    const divided = await trained(compiled(optimizer));
    expect(whole.weights.length * 4).toBeGreaterThan(1.2 * PIECE);
    expect(divided).toEqual(whole);
  });

  test('with frozen layers, and float16', async () => {
    const storage = gpu().device.features.has('shader-f16') ? 'float16' : 'float32';
    const whole = await trained(compiled(new Adam(), { frozen: true }, storage));
    limitBindings(gpu(), PIECE);
    expect(await trained(compiled(new Adam(), { frozen: true }, storage))).toEqual(whole);
  });

  test('a checkpoint of one is that of the other, and is resumed by it', async () => {
    const optimizer = new Adam({ ...averaged, ...decaying });
    const after = async (epochs: number, from?: Uint8Array) => {
      const made = compiled(optimizer);
      if (from) made.setState(decodeCheckpoint(from).model);
      await made.fit(DATA, { ...OPTIONS, epochs, initialEpoch: from ? 1 : 0 });
      const checkpoint = encodeCheckpoint({ model: await made.getState(), callbacks: [], run: null });
      made.destroy();
      return checkpoint;
    };
    const restore = limitBindings(gpu(), PIECE);
    const first = await after(1);
    const second = await after(2, first);
    restore();
    expect(await after(1)).toEqual(first);
    expect(await after(2, first)).toEqual(second);
  });
});

/** Sums whose order differs, over three steps each of two epochs: some roundings for each element. */
const CLOSE = 1e-5;

describe('sums over pieces are close to those of the whole', () => {
  test.each([
    ['the norm of all gradients', new Adam({ globalClipnorm: 0.01 }), {}],
    ['norms of each', new SGD({ learningRate: 0.1, clipnorm: 0.02, ...decaying }), {}],
    ['penalties', new SGD({ learningRate: 0.05 }), { penalty: true }],
  ])('%s', async (_, optimizer, options) => {
    const whole = await trained(compiled(optimizer, options));
    limitBindings(gpu(), PIECE);
    const divided = await trained(compiled(optimizer, options));
    expect(distance(divided.weights, whole.weights)).toBeLessThan(CLOSE);
    divided.epochs.forEach((logs, i) => {
      for (const [name, value] of Object.entries(logs))
        expect(value / (whole.epochs[i]?.[name] ?? 0)).toBeCloseTo(1, 4);
    });
  });

  test.each(['float32', 'float16'] as const)('products of a divided weight, %s', async (storage) => {
    if (storage === 'float16' && !gpu().device.features.has('shader-f16')) return;
    const optimizer = new SGD({ learningRate: 0.05 });
    const whole = await trained(compiled(optimizer, {}, storage));
    limitBindings(gpu(), PART);
    const divided = await trained(compiled(optimizer, {}, storage));
    // A sum near the middle of two 16-bit numbers goes to either.
    const close = storage === 'float32' ? CLOSE : 2 ** -10;
    expect(distance(divided.weights, whole.weights)).toBeLessThan(close);
    expect(distance(divided.predicted, whole.predicted)).toBeLessThan(4 * close);
  });
});

test('what is not finite is named, whichever piece it is in', async () => {
  limitBindings(gpu(), PIECE);
  for (const name of ['dense/kernel', 'dense_2/kernel', 'dense_3/bias']) {
    const made = compiled(new Adam());
    await made.session.stateCheck.weights();
    const { buffer, offset } = made.session.memory.tensor(name, false).storage;
    gpu().device.queue.writeBuffer(buffer as GPUBuffer, offset + 8, Float32Array.of(Number.NaN));
    await expect(made.fit(DATA, OPTIONS)).rejects.toThrow(`"${name}" is not finite (NaN or infinite) at index 2`);
    made.destroy();
  }
});

test('an update that overflows is named, whichever piece it is in', async () => {
  limitBindings(gpu(), PIECE);
  for (const name of ['conv2d/bias', 'dense_3/bias']) {
    const made = compiled(new SGD({ learningRate: 1, weightDecay: 3e38, excludeFromWeightDecay: ['kernel'] }));
    const weights = new Map(await made.getWeights());
    for (const [other, { shape, values }] of weights) {
      // What is 0 does not decay.
      if (other === name) weights.set(name, { shape, values: values.map((_, i) => (i === 1 ? 10 : 0)) });
    }
    made.setWeights(weights);
    await expect(made.fit(DATA, OPTIONS)).rejects.toThrow(`SGD's update of "${name}" at index 1 would not be finite`);
    made.destroy();
  }
});

describe('refused before anything starts', () => {
  test('a weight that cannot be divided', () => {
    limitBindings(gpu(), 2 ** 20);
    const made = new Sequential([
      new Conv2D({ filters: 800, kernelSize: 20, inputShape: [20, 20, 1] }),
      new Flatten({}),
      new Dense({ units: 3, activation: 'softmax' }),
    ]);
    expect(() => made.compile({ gpu: gpu(), optimizer: new SGD() })).toThrow(
      'the weight conv2d/kernel of shape (20, 20, 1, 800) needs 1.22 MiB, but this device binds at most ' +
        '1 MiB at once; use a smaller model',
    );
  });

  test('one with a penalty, whose gradient would have to be divided too', () => {
    limitBindings(gpu(), PART);
    expect(() => compiled(new SGD(), { penalty: true })).toThrow(
      'the weight dense/kernel of shape (800, 17) needs 0.05 MiB, but this device binds at most 0.02 MiB at once; ' +
        'leave out its regularizer, so that it can be divided, or use fewer units, smaller images or more pooling',
    );
  });

  test('weights that no buffer holds', () => {
    limitBindings(gpu(), PIECE, PIECE);
    expect(() => compiled(new SGD())).toThrow(
      "the array of the model's weights, of which dense/kernel is the largest, needs 0.08 MiB, " +
        'but this device has buffers of at most 0.06 MiB; use a smaller model',
    );
  });

  test('a divided weight that two layers share', async () => {
    limitBindings(gpu(), 2 * PART);
    const shared = new Dense({ units: 100, activation: 'relu' });
    const made = new Sequential([
      new Flatten({ inputShape: [12, 12, 1] }),
      new Dense({ units: 100 }),
      shared,
      shared,
      new Dense({ units: 3, activation: 'softmax' }),
    ]);
    made.compile({ gpu: gpu(), optimizer: new SGD() });
    await expect(made.fit(DATA, OPTIONS)).rejects.toThrow('dense_1/kernel is too large for this device to be used by');
    made.destroy();
  });
});
