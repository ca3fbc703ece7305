/** Models as a user has them: what they learn, what they refuse, and that the same seed gives the same bits. */
import type { Augmentation } from '@anke/kernels';
import { describe, expect, test } from 'vitest';
import type { Callback } from './fit/callback.js';
import { input } from './graph/node.js';
import { Activation } from './layers/activation.js';
import { Add } from './layers/add.js';
import { Conv2D } from './layers/conv2d.js';
import { Dense } from './layers/dense.js';
import { Dropout } from './layers/dropout.js';
import { Flatten } from './layers/flatten.js';
import { MaxPooling2D } from './layers/max-pooling-2d.js';
import { Model, modelFromDescription, Sequential } from './model.js';
import { Adam } from './optimizers/adam.js';
import { SGD } from './optimizers/sgd.js';
import { useGpu } from './testing/device.js';
import { smallModel, stripes } from './testing/small-model.js';

const gpu = useGpu();

test('the layers get Keras names, shapes and numbers of parameters', () => {
  const model = smallModel();
  expect(model.layers.map(({ name }) => name)).toEqual([
    'conv2d',
    'batch_normalization',
    'max_pooling2d',
    'conv2d_1',
    'activation',
    'flatten',
    'dense',
    'dropout',
    'dense_1',
  ]);
  expect(model.summary()).toMatch(/conv2d \(Conv2D\) +\(None, 10, 10, 5\) +50\n/);
  expect(model.summary()).toMatch(/Total 1,193 · trainable 1,183 · not trainable 10/);
});

describe('errors name the layer, its input and what it expects', () => {
  test.each([
    [
      () => [new Dense({ units: 3, inputShape: [4, 4, 1] })],
      'layer "dense" (Dense) expects one row of features (put a Flatten before it), but its input is (None, 4, 4, 1)',
    ],
    [
      () => [new Conv2D({ name: 'wide', filters: 3, kernelSize: 5, inputShape: [4, 4, 1] })],
      'layer "wide" (Conv2D) expects images of at least 5 × 5 pixels, but its input is (None, 4, 4, 1)',
    ],
    [
      () => [new Flatten({ inputShape: [4, 4, 1] }), new MaxPooling2D()],
      '"max_pooling2d" (MaxPooling2D) expects images of shape (height, width, channels), but its input is (None, 16)',
    ],
    [() => [new Flatten()], 'the first layer (Flatten) needs an inputShape'],
    [() => [], 'a model needs at least one layer'],
    [
      () => [new Flatten({ name: 'a', inputShape: [4] }), new Dropout({ name: 'a', rate: 0.5 })],
      'two layers are named "a"',
    ],
  ])('%#', (layers, message) => {
    expect(() => new Sequential(layers())).toThrow(message);
  });

  test('labels and shapes of samples', async () => {
    const model = smallModel();
    expect(() => model.session).toThrow('call compile() first');
    model.compile({ gpu: gpu(), optimizer: new Adam() });
    const good = stripes(6);
    const { labels: _, ...unlabelled } = good;
    await expect(model.fit({ ...good, labels: [0, 1, 2, 3, 0, 1] }, { epochs: 1 })).rejects.toThrow(
      'sample 3 has label 3, but the model has 3 classes (0 … 2)',
    );
    await expect(model.evaluate({ ...good, labels: [0, 1, 2, 300] })).rejects.toThrow(
      'there are 6 samples, but 4 labels',
    );
    await expect(model.evaluate(unlabelled)).rejects.toThrow('the samples have no labels');
    await expect(model.predict({ ...good, shape: [9, 16, 1] })).rejects.toThrow(
      'the samples have shape (9, 16, 1), but the model expects (12, 12, 1)',
    );
    await expect(model.predict({ ...good, pixels: good.pixels.subarray(1) })).rejects.toThrow(
      '863 bytes are no whole number of samples of 144 bytes',
    );
    await expect(model.fit(good, { epochs: 1, batchSize: 0 })).rejects.toThrow(
      'batch size must be a positive integer, not 0',
    );
    expect(() => model.compile({ gpu: gpu(), optimizer: new Adam(), storage: 'float16' })).toThrow(
      'the model is compiled with another storage of activations',
    );
    model.destroy();
    const images = new Sequential([new Conv2D({ filters: 2, kernelSize: 3, inputShape: [12, 12, 1] })]);
    images.compile({ gpu: gpu(), optimizer: new Adam() });
    await expect(images.fit(good, { epochs: 1 })).rejects.toThrow(
      "labels need an output of shape (classes,), but the model's is (10, 10, 2)",
    );
    images.destroy();
  });
});

test('it learns, stops when a callback says so, evaluates and predicts what it has learned', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam({ learningRate: 0.01 }) });
  const seen: string[] = [];
  const stopper: Callback = {
    onTrainBegin: () => void seen.push('begin'),
    onEpochEnd: (epoch, logs, control) => {
      seen.push(`epoch ${epoch}`);
      if ((logs['val_accuracy'] as number) === 1 && epoch >= 2) control.stopTraining = true;
    },
    onTrainEnd: () => void seen.push('end'),
  };
  const validationData = stripes(50, 2);
  const options = { epochs: 30, batchSize: 16, validationData, callbacks: [stopper] };
  const history = await model.fit(stripes(100), options);
  expect(history.epochs.length).toBeLessThan(30);
  expect(seen).toEqual(['begin', ...history.epochs.map((_, i) => `epoch ${i}`), 'end']);
  expect(history.series('loss').at(-1)).toBeLessThan(history.series('loss')[0] as number);

  const fresh = stripes(41, 3);
  const { accuracy, loss } = await model.evaluate(fresh, { batchSize: 8 });
  const probabilities = await model.predict(fresh, { batchSize: 5 });
  const right = Array.from(fresh.labels as Uint8Array).filter((label, row) => {
    const scores = probabilities.subarray(row * 3, row * 3 + 3);
    return scores.indexOf(Math.max(...scores)) === label;
  }).length;
  expect(accuracy).toBeCloseTo(right / 41, 6);
  expect(accuracy).toBeGreaterThan(0.9);
  expect(loss).toBeGreaterThan(0);
  for (let row = 0; row < 41; row++) {
    const total = probabilities.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b);
    expect(Math.abs(total - 1)).toBeLessThan(3 * 2 ** -23 * 3);
  }
  // The batch size changes how the work is cut, not what comes out.
  expect(await model.predict(fresh, { batchSize: 1 })).toEqual(await model.predict(fresh));
  model.destroy();
});

test('a graph with a branch and a shared layer learns, and comes back from its description', async () => {
  const x = input([12, 12, 1]);
  const shared = new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' });
  const first = new Conv2D({ filters: 4, kernelSize: 3, strides: 2, activation: 'relu' }).apply(x);
  const sum = new Add().apply(first, shared.apply(shared.apply(first)));
  const scores = new Dense({ units: 3 }).apply(new Flatten().apply(sum));
  const model = new Model(x, new Activation({ activation: 'softmax' }).apply(scores), { seed: 3 });
  model.compile({ gpu: gpu(), optimizer: new Adam({ learningRate: 0.01 }) });
  const history = await model.fit(stripes(100), { epochs: 8, batchSize: 16 });
  expect(history.series('accuracy').at(-1)).toBeGreaterThan(0.9);
  const fresh = stripes(20, 3);
  const again = modelFromDescription(JSON.parse(JSON.stringify(model.description())));
  again.compile({ gpu: gpu(), optimizer: new Adam() });
  again.setWeights(await model.getWeights());
  expect(await again.predict(fresh)).toEqual(await model.predict(fresh));
  expect(again.summary()).toBe(model.summary());
  again.destroy();
  model.destroy();
});

test('the same seed gives the same bits, another seed others', async () => {
  const train = async (seed: number) => {
    const model = smallModel(seed);
    model.compile({ gpu: gpu(), optimizer: new Adam() });
    await model.fit(stripes(37), { epochs: 2, batchSize: 8 });
    const weights = await model.getWeights();
    model.destroy();
    return weights;
  };
  const first = await train(4);
  expect(await train(4)).toEqual(first);
  expect(await train(5)).not.toEqual(first);
});

test('pixels come into the model as byte · rescale + offset', async () => {
  const model = new Sequential([new Dense({ units: 1, inputShape: [2] })]);
  model.compile({ gpu: gpu(), optimizer: new SGD() });
  const kernel = { shape: [2, 1], values: Float32Array.of(1, 2) };
  model.setWeights(
    new Map([
      ['dense/kernel', kernel],
      ['dense/bias', { shape: [1], values: Float32Array.of(0.5) }],
    ]),
  );
  const samples = { pixels: Uint8Array.of(0, 8, 255, 4), shape: [2] };
  expect(await model.predict(samples)).toEqual(Float32Array.of(16.5, 263.5));
  expect(await model.predict({ ...samples, rescale: 0.25 })).toEqual(Float32Array.of(4.5, 66.25));
  expect(await model.predict({ ...samples, rescale: 0.25, offset: -1 })).toEqual(Float32Array.of(1.5, 63.25));
  model.destroy();
});

test('any number of classes: labels beyond 255', async () => {
  const classes = 300;
  const model = new Sequential([new Dense({ units: classes, activation: 'softmax', inputShape: [2] })], { seed: 1 });
  model.compile({ gpu: gpu(), optimizer: new SGD() });
  const samples = { pixels: Uint8Array.of(1, 2, 3, 4), labels: Uint32Array.of(299, 256), shape: [2], rescale: 0.1 };
  const probabilities = await model.predict(samples);
  const losses = [299, 256].map((label, row) => -Math.log(probabilities[row * classes + label] as number));
  const { loss } = await model.evaluate(samples);
  expect(loss).toBeCloseTo(((losses[0] as number) + (losses[1] as number)) / 2, 4);
  await expect(model.evaluate({ ...samples, labels: [299, 300] })).rejects.toThrow(
    'sample 1 has label 300, but the model has 300 classes (0 … 299)',
  );
  model.destroy();
});

test('compiling again keeps the weights and starts the optimizer anew', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  await model.fit(stripes(20), { epochs: 1, batchSize: 10 });
  const before = await model.getWeights();
  model.compile({ gpu: gpu(), optimizer: new SGD({ momentum: 0.9, nesterov: true }) });
  expect(await model.getWeights()).toEqual(before);
  const { tensors } = await model.getState();
  expect([...tensors.keys()]).toEqual(['weights', 'untrained', 'optimizer/velocity']);
  expect(tensors.get('optimizer/velocity')).toEqual(new Float32Array(model.session.memory.length));
  model.destroy();
});

const TURNED: Augmentation = {
  rotation: 90,
  heightShift: 2,
  widthShift: 2,
  shear: 10,
  zoom: [0.8, 1.2],
  brightness: [1, 1],
  horizontalFlip: true,
  verticalFlip: true,
  fillMode: 'nearest',
  cval: 0,
};

test('augmented training draws from the seed alone, and leaves validation as it is', async () => {
  const train = async (augmentation?: Augmentation) => {
    const model = smallModel(4);
    model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 0.01 }) });
    const validationData = stripes(20, 2);
    const history = await model.fit(stripes(37), { epochs: 2, batchSize: 8, augmentation, validationData });
    const weights = await model.getWeights();
    const { loss } = await model.evaluate(validationData);
    model.destroy();
    return { weights, loss, validated: history.series('val_loss').at(-1) };
  };
  const first = await train(TURNED);
  expect((await train(TURNED)).weights).toEqual(first.weights);
  expect((await train()).weights).not.toEqual(first.weights);
  expect(first.validated).toBe(first.loss);
});

test('only images can be augmented', async () => {
  const model = new Sequential([new Dense({ units: 3, activation: 'softmax', inputShape: [144] })]);
  model.compile({ gpu: gpu(), optimizer: new SGD() });
  await expect(model.fit({ ...stripes(5), shape: [144] }, { epochs: 1, augmentation: TURNED })).rejects.toThrow(
    'images of shape (144,) cannot be augmented, only (height, width, channels)',
  );
  model.destroy();
});

describe('with activations kept as float16', () => {
  test('it learns as well, to the same bits each time', async ({ skip }) => {
    if (!gpu().device.features.has('shader-f16')) skip();
    const trained = async (storage: 'float32' | 'float16') => {
      const model = smallModel();
      model.compile({ gpu: gpu(), optimizer: new Adam({ learningRate: 0.01 }), storage });
      const history = await model.fit(stripes(90), { epochs: 8, batchSize: 15, validationData: stripes(30, 2) });
      const weights = await model.getWeights();
      model.destroy();
      return { weights, loss: history.series('loss'), accuracy: history.series('val_accuracy').at(-1) };
    };
    const [f16, again, f32] = [await trained('float16'), await trained('float16'), await trained('float32')];
    expect(f16.weights).toEqual(again.weights);
    expect(f16.weights).not.toEqual(f32.weights);
    expect(f16.accuracy).toBe(1);
    // A first epoch of six steps moves apart by little more than the roundings, 2⁻¹¹ each.
    expect(Math.abs((f16.loss[0] as number) - (f32.loss[0] as number))).toBeLessThan(0.02);
  });

  test('a device without 16-bit floats says so', () => {
    const without = { ...gpu(), device: { features: new Set() } } as unknown as ReturnType<typeof gpu>;
    expect(() => smallModel().compile({ gpu: without, optimizer: new Adam(), storage: 'float16' })).toThrow(
      'this device has no 16-bit floats (shader-f16): activations must be kept as float32',
    );
  });
});
