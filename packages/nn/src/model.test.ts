import { type Augmentation, Eager, Recorder, ReferenceExecutor } from '@anke/kernels';
import { Random } from '@anke/random';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  BatchNormalization,
  type Callback,
  Conv2D,
  Dense,
  DeviceData,
  Dropout,
  Flatten,
  l2,
  MaxPooling2D,
  type Samples,
  Sequential,
  SGD,
  sparseCategoricalCrossentropy,
  trainStep,
} from '../index.js';
import { useGpu } from '../testing/device.js';

const gpu = useGpu();

/** A small CNN with every kind of layer. */
const smallModel = (seed = 1, dropout = 0.25): Sequential =>
  new Sequential(
    [
      new Conv2D({ filters: 5, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1] }),
      new BatchNormalization(),
      new MaxPooling2D(),
      new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', kernelRegularizer: l2(0.02) }),
      new Activation({ activation: 'relu' }),
      new Flatten(),
      new Dense({ units: 9, activation: 'relu', kernelRegularizer: l2(0.01) }),
      new Dropout({ rate: dropout }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
    { seed },
  );

/** Three classes that differ in where their bright rows are. */
function samples(count: number, seed = 1): Samples {
  const random = new Random(seed, 'samples');
  const labels = Uint8Array.from({ length: count }, () => random.integer(3));
  const pixels = Uint8Array.from({ length: count * 144 }, (_, i) => {
    const row = Math.floor((i % 144) / 12);
    return Math.floor(row / 4) === labels[Math.floor(i / 144)] ? 150 + random.integer(100) : random.integer(80);
  });
  return { pixels, labels, shape: [12, 12, 1], rescale: 1 / 255 };
}

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

describe('errors name the layer, its input and what it wants', () => {
  test.each([
    [
      () => [new Dense({ units: 3, inputShape: [4, 4, 1] })],
      'layer "dense" (Dense) wants one row of features (put a Flatten before it), but its input is (None, 4, 4, 1)',
    ],
    [
      () => [new Conv2D({ name: 'wide', filters: 3, kernelSize: 5, inputShape: [4, 4, 1] })],
      'layer "wide" (Conv2D) wants images of at least 5 × 5 pixels, but its input is (None, 4, 4, 1)',
    ],
    [
      () => [new Flatten({ inputShape: [4, 4, 1] }), new MaxPooling2D()],
      'layer "max_pooling2d" (MaxPooling2D) wants images of shape (height, width, channels), but its input is (None, 16)',
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
    expect(() => model.compiled).toThrow('call compile() first');
    model.compile({ gpu: gpu(), optimizer: new Adam() });
    const good = samples(6);
    const wrong = { ...good, labels: [0, 1, 2, 3, 0, 1] };
    await expect(model.fit(wrong, { epochs: 1 })).rejects.toThrow(
      'sample 3 has label 3, but the model has 3 classes (0 … 2)',
    );
    await expect(model.predict({ ...good, shape: [9, 16, 1] })).rejects.toThrow(
      'the samples have shape (9, 16, 1), but the model takes (12, 12, 1)',
    );
    await expect(model.fit(good, { epochs: 1, batchSize: 0 })).rejects.toThrow(
      'batch size must be a positive integer, not 0',
    );
    model.destroy();
  });
});

/** One training step on an executor; returns the storages to compare. */
function step(model: Sequential, executor: Eager | Recorder | ReferenceExecutor, data: DeviceData) {
  const { moments, optimizer } = model.compiled;
  const { program } = model;
  const totals = gpu().storage('totals', 12);
  const batch = { size: data.count, stride: data.count };
  return trainStep(executor, program, data, batch, sparseCategoricalCrossentropy, optimizer, moments, totals);
}

test('a recorded step gives the bits of the eager one, and both what the float64 references give', async () => {
  const data = new DeviceData(gpu(), 'data', samples(7));
  const [one, other] = [smallModel(), smallModel()];
  for (const model of [one, other]) model.compile({ gpu: gpu(), optimizer: new Adam() });
  // The references' memory starts at zero: give it what the device holds.
  const reference = new ReferenceExecutor(gpu());
  const { memory, moments } = one.compiled;
  for (const storage of [memory.weights, memory.averages, memory.rate]) {
    reference.values(storage).set(await gpu().readFloats(storage));
  }
  for (const storage of [data.pixels, data.labels, data.order])
    reference.values(storage).set(await gpu().readWords(storage));
  const eager = new Eager(gpu());
  step(one, eager, data);
  await eager.finish();
  const recorder = new Recorder(gpu());
  step(other, recorder, data);
  (await recorder.finish()).submit();
  const want = step(one, reference, data);

  for (const name of ['gradients', 'weights', 'averages'] as const) {
    const got = await gpu().readFloats(memory[name]);
    expect(await gpu().readFloats(other.compiled.memory[name])).toEqual(got);
    const exact = reference.values(memory[name]);
    const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // The longest chain of sums: 7 · 100 pixels, through some ten kernels.
    const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] as number))), 0);
    expect(worst, name).toBeLessThanOrEqual(2 ** -23 * 7000 * largest);
  }
  expect(reference.values(want.loss.storage)[0]).toBeGreaterThan(0);
  expect(moments.length).toBe(2);
  eager.destroy();
});

/** What the small model has not: relus and dropouts whose masks nobody, or the next convolution, takes over. */
const modelWithoutFusions = (): Sequential =>
  new Sequential([
    new Conv2D({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1] }),
    new Dropout({ rate: 0.25 }),
    new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu' }),
    new MaxPooling2D(),
    new Flatten(),
    new Dropout({ rate: 0.25 }),
    new BatchNormalization(),
    new Dense({ units: 3, activation: 'softmax', kernelRegularizer: l2(0.01) }),
  ]);

test.each([
  ['with every fusion', smallModel],
  ['with few', modelWithoutFusions],
])('the gradient of a whole model %s is the slope of its loss', async (_, make) => {
  const data = new DeviceData(gpu(), 'data', samples(5));
  const model = make();
  model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 1e-12 }) });
  const { memory } = model.compiled;
  const start = Float64Array.from(await gpu().readFloats(memory.weights));
  const run = async (weights: Float64Array): Promise<{ loss: number; gradients: Float64Array }> => {
    const executor = new ReferenceExecutor(gpu());
    executor.values(memory.weights).set(weights);
    executor.values(memory.averages).set(await gpu().readFloats(memory.averages));
    for (const storage of [data.pixels, data.labels, data.order])
      executor.values(storage).set(await gpu().readWords(storage));
    const { loss } = step(model, executor, data);
    return { loss: executor.values(loss.storage)[0] as number, gradients: executor.values(memory.gradients).slice() };
  };
  const { gradients } = await run(start);
  const random = new Random(3, 'directions');
  const h = 1e-6;
  for (const { name, gradient, storage } of memory.slots) {
    if (!gradient) continue;
    // Along a random direction in this weight alone.
    const [first, length] = [storage.offset / 4, storage.bytes / 4];
    const direction = new Float64Array(start.length);
    for (let i = first; i < first + length; i++) direction[i] = random.normal();
    const moved = (by: number): Float64Array => start.map((value, i) => value + by * (direction[i] as number));
    const slope = ((await run(moved(h))).loss - (await run(moved(-h))).loss) / (2 * h);
    const product = gradients.reduce((sum, value, i) => sum + value * (direction[i] as number), 0);
    expect(Math.abs(product - slope), name).toBeLessThan(1e-5 * (1 + Math.abs(slope)));
  }
});

test('it learns, stops its epochs at a callback’s word, evaluates and predicts what it learnt', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam({ learningRate: 0.01 }) });
  const seen: string[] = [];
  const stopper: Callback = {
    onTrainBegin: () => void seen.push('begin'),
    onEpochEnd: (epoch, logs, trained) => {
      seen.push(`epoch ${epoch}`);
      if ((logs['val_accuracy'] as number) === 1 && epoch >= 2) trained.stopTraining = true;
    },
    onTrainEnd: () => void seen.push('end'),
  };
  const validationData = samples(50, 2);
  const options = { epochs: 30, batchSize: 16, validationData, callbacks: [stopper] };
  const history = await model.fit(samples(100), options);
  expect(history.epochs.length).toBeLessThan(30);
  expect(seen).toEqual(['begin', ...history.epochs.map((_, i) => `epoch ${i}`), 'end']);
  expect(history.series('loss').at(-1)).toBeLessThan(history.series('loss')[0] as number);

  const fresh = samples(41, 3);
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

test('the same seed gives the same bits, another seed others', async () => {
  const train = async (seed: number): Promise<Float32Array> => {
    const model = smallModel(seed);
    model.compile({ gpu: gpu(), optimizer: new Adam() });
    await model.fit(samples(37), { epochs: 2, batchSize: 8 });
    const weights = await gpu().readFloats(model.compiled.memory.weights);
    model.destroy();
    return weights;
  };
  const first = await train(4);
  expect(await train(4)).toEqual(first);
  expect(await train(5)).not.toEqual(first);
});

test('compiling again keeps the weights and starts the optimizer anew', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  await model.fit(samples(20), { epochs: 1, batchSize: 10 });
  const before = await model.getWeights();
  model.compile({ gpu: gpu(), optimizer: new SGD({ momentum: 0.9, nesterov: true }) });
  expect(await model.getWeights()).toEqual(before);
  expect(await gpu().readFloats(model.compiled.moments[0] as never)).toEqual(
    new Float32Array(model.compiled.memory.length),
  );
  expect(await gpu().readFloats(model.compiled.memory.corrections)).toEqual(new Float32Array(2));
  model.destroy();
});

test('an interrupt ends training and keeps the model', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const callbacks: Callback[] = [
    {
      onProgress: () => {
        model.interrupted = true;
      },
    },
  ];
  const history = await model.fit(samples(64), { epochs: 5, batchSize: 2, callbacks });
  expect(history.epochs.length).toBeLessThan(5);
  for (const { values } of (await model.getWeights()).values()) expect(values.every(Number.isFinite)).toBe(true);
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
    const validationData = samples(20, 2);
    const history = await model.fit(samples(37), { epochs: 2, batchSize: 8, augmentation, validationData });
    const weights = await gpu().readFloats(model.compiled.memory.weights);
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
  const { pixels, labels } = samples(5);
  await expect(
    model.fit({ pixels, labels: labels as Uint8Array, shape: [144] }, { epochs: 1, augmentation: TURNED }),
  ).rejects.toThrow('images of shape (144) cannot be augmented, only (height, width, channels)');
  model.destroy();
});

describe('with activations kept as float16', () => {
  const float16 = 'float16' as const;

  test('it learns as well, to the same bits each time', async ({ skip }) => {
    if (!gpu().device.features.has('shader-f16')) skip();
    const trained = async (storage: 'float32' | 'float16') => {
      const model = smallModel();
      model.compile({ gpu: gpu(), optimizer: new Adam({ learningRate: 0.01 }), storage });
      const history = await model.fit(samples(90), { epochs: 8, batchSize: 15, validationData: samples(30, 2) });
      const weights = await gpu().readFloats(model.compiled.memory.weights);
      model.destroy();
      return { weights, loss: history.series('loss'), accuracy: history.series('val_accuracy').at(-1) };
    };
    const [half, again, whole] = [await trained(float16), await trained(float16), await trained('float32')];
    expect(half.weights).toEqual(again.weights);
    expect(half.weights).not.toEqual(whole.weights);
    expect(half.accuracy).toBe(1);
    // A first epoch of six steps moves apart by little more than the roundings, 2⁻¹¹ each.
    expect(Math.abs((half.loss[0] as number) - (whole.loss[0] as number))).toBeLessThan(0.02);
  });

  test('a recorded step gives the bits of the eager one, and needs less memory', async ({ skip }) => {
    if (!gpu().device.features.has('shader-f16')) skip();
    const data = new DeviceData(gpu(), 'data', samples(7));
    const [one, other, whole] = [smallModel(), smallModel(), smallModel()];
    for (const model of [one, other]) model.compile({ gpu: gpu(), optimizer: new Adam(), storage: float16 });
    whole.compile({ gpu: gpu(), optimizer: new Adam() });
    const eager = new Eager(gpu());
    step(one, eager, data);
    await eager.finish();
    const recorded = async (model: Sequential) => {
      const recorder = new Recorder(gpu());
      step(model, recorder, data);
      const recording = await recorder.finish();
      recording.submit();
      return recording.memory;
    };
    const [less, more] = [await recorded(other), await recorded(whole)];
    expect(less.naive).toBeLessThan(more.naive);
    expect(less.planned).toBeLessThan(more.planned);
    for (const name of ['gradients', 'weights', 'averages'] as const) {
      const got = await gpu().readFloats(one.compiled.memory[name]);
      expect(await gpu().readFloats(other.compiled.memory[name])).toEqual(got);
    }
    // What depends on no winner of a pooling, where roundings make ties: each of some four kernels rounds by 2⁻¹¹.
    const [got, exact] = [one, whole].map(({ compiled }) => gpu().readFloats(compiled.memory.averages));
    const wanted = (await exact) as Float32Array;
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    (await got)?.forEach((value, i) => {
      expect(Math.abs(value - (wanted[i] as number))).toBeLessThanOrEqual(4 * 2 ** -11 * largest);
    });
    eager.destroy();
  });

  test('a device without 16-bit floats says so', () => {
    const without = { ...gpu(), device: { features: new Set() } } as unknown as ReturnType<typeof gpu>;
    expect(() => smallModel().compile({ gpu: without, optimizer: new Adam(), storage: float16 })).toThrow(
      'this device has no 16-bit floats (shader-f16): activations must be kept as float32',
    );
  });
});
