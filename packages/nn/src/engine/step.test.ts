/**
 * Steps of whole graphs by the kernels' references, in float64: gradients, frozen layers, and what is sent in which
 * order.
 */
import {
  accumulate,
  adam,
  adamCorrections,
  addPenalties,
  advance,
  denseBackwardData,
  denseBackwardWeights,
  denseForward,
  dropout,
  type Executor,
  epochTotals,
  type Gpu,
  gather,
  type Kernel,
  penaltyBackward,
  relu,
  reluBackward,
  Storage,
  type StorageType,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  sum,
  weightPenalties,
} from '@anke/kernels';
import { Random } from '@anke/random';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  Add,
  Average,
  AveragePooling2D,
  BatchNormalization,
  CaffePreprocessing,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  ELU,
  Flatten,
  GaussianNoise,
  GELU,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  Graph,
  GrayscaleToRGB,
  input,
  type Layer,
  LayerNormalization,
  LeakyReLU,
  l1,
  l1l2,
  l2,
  MaxPooling2D,
  Multiply,
  type Node,
  ReLU,
  Rescaling,
  Reshape,
  Resizing,
  SeparableConv2D,
  SpatialDropout2D,
  sequential,
  sparseCategoricalCrossentropy,
  trainStep,
  UpSampling2D,
  ZeroPadding2D,
} from '../index.js';
import { memoryOf, ReferenceMemory, randomSamples, referenceStep } from '../testing/reference-model.js';

const chain = (...layers: Layer[]): Graph => sequential(layers, { inputShape: [7, 6, 1], seed: 3 });

/** A graph over images, from what is made of its input. */
function over(make: (x: Node) => Node): Graph {
  const x = input([7, 6, 2]);
  return new Graph(x, new Dense({ units: 3, activation: 'softmax' }).apply(new Flatten().apply(make(x))), { seed: 3 });
}

const conv = (name: string): Conv2D => new Conv2D({ name, filters: 3, kernelSize: 3, padding: 'same' });

/** What stands in front of the layers that are tried: something whose gradient goes through them. */
const GRAPHS: Readonly<Record<string, () => Graph>> = {
  'a chain with pooling, dropout and penalties': () =>
    chain(
      new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu', kernelRegularizer: l2(0.02) }),
      new BatchNormalization(),
      new MaxPooling2D(),
      new Flatten(),
      new Dense({ units: 6, activation: 'relu', kernelRegularizer: l2(0.01) }),
      new Dropout({ rate: 0.25 }),
      new Dense({ units: 3, activation: 'softmax' }),
    ),
  'no biases, a softmax between, a dropout without a relu': () =>
    chain(
      new Conv2D({ filters: 3, kernelSize: 2, strides: 2, useBias: false }),
      new Dropout({ rate: 0.25 }),
      new Flatten(),
      new Dense({ units: 5, activation: 'softmax', useBias: false }),
      new Dense({ units: 3 }),
    ),
  'a sum of branches': () =>
    over((x) => {
      const stem = conv('stem').apply(x);
      return new Add().apply(new ReLU({ maxValue: 0.5 }).apply(conv('left').apply(stem)), stem, stem);
    }),
  'smooth activations': () =>
    over((x) => {
      const stem = new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', activation: 'silu' }).apply(x);
      const left = new GELU().apply(conv('left').apply(new ELU({ alpha: 0.6 }).apply(stem)));
      const right = new DepthwiseConv2D({ kernelSize: 3, padding: 'same', activation: 'tanh' }).apply(stem);
      return new Add().apply(new LeakyReLU().apply(left), new Activation({ activation: 'sigmoid' }).apply(right));
    }),
  'channels that scale themselves, larger images, and layer normalization': () =>
    over((x) => {
      const large = new UpSampling2D({ size: [1, 2] }).apply(x);
      const separable = new SeparableConv2D({
        ...{ filters: 4, kernelSize: 3, strides: 2, depthMultiplier: 2, activation: 'silu' },
        ...{ depthwiseRegularizer: l2(0.01), pointwiseRegularizer: l2(0.02) },
      } as const).apply(large);
      const penalized = new LayerNormalization({ gammaRegularizer: l2(0.05), betaRegularizer: l1(0.02) });
      const normalized = penalized.apply(new GaussianNoise({ stddev: 0.1 }).apply(separable));
      const squeezed = new Dense({ units: 4, activation: 'sigmoid' }).apply(new GlobalMaxPooling2D().apply(normalized));
      const dropped = new SpatialDropout2D({ rate: 0.3 }).apply(new Multiply().apply(squeezed, normalized));
      return new Reshape({ targetShape: [-1, 2] }).apply(new Average().apply(dropped, separable));
    }),
  'joined branches': () =>
    over((x) => {
      const stem = conv('stem').apply(x);
      const left = new ReLU({ negativeSlope: 0.2 }).apply(stem);
      return new Concatenate().apply(left, x, new BatchNormalization().apply(stem));
    }),
  'a layer that is used twice, with a penalty': () =>
    over((x) => {
      const shared = new Conv2D({ filters: 2, kernelSize: 3, padding: 'same', kernelRegularizer: l2(0.03) });
      return new Add().apply(shared.apply(new ReLU().apply(shared.apply(x))), x);
    }),
  'depthwise convolutions': () =>
    over((x) => {
      const options = { kernelSize: 3, depthMultiplier: 2, strides: 2, padding: 'same' } as const;
      const first = new DepthwiseConv2D({ ...options, depthwiseRegularizer: l2(0.01) }).apply(x);
      return new DepthwiseConv2D({ kernelSize: [2, 3], useBias: false, activation: 'relu' }).apply(first);
    }),
  'convolutions with dilations and groups, and all kinds of penalties': () =>
    over((x) => {
      const both = l1l2({ l1: 0.02, l2: 0.01 });
      const biasInitializer = { type: 'constant', value: 0.1 } as const;
      const wide = new Conv2D({ filters: 6, kernelSize: 2, dilationRate: [2, 1], kernelRegularizer: l1(0.03) });
      const options = { filters: 6, kernelSize: [1, 2], biasInitializer, biasRegularizer: both } as const;
      const grouped = new Conv2D({ ...options, groups: 3, activation: 'relu', kernelRegularizer: both });
      const alone = new Conv2D({ ...options, filters: 12, groups: 6, padding: 'same', dilationRate: 3 });
      const depthwise = new DepthwiseConv2D({ kernelSize: 2, dilationRate: [1, 2], depthwiseRegularizer: l1(0.01) });
      return depthwise.apply(alone.apply(grouped.apply(wide.apply(x))));
    }),
  'layers that change an image’s size or range': () =>
    over((x) => {
      const bordered = new ZeroPadding2D({
        padding: [
          [0, 1],
          [2, 1],
        ],
      }).apply(conv('stem').apply(x));
      const means = new AveragePooling2D({ poolSize: 3, strides: 2, padding: 'same' }).apply(bordered);
      const scaled = new Rescaling({ scale: -2, offset: 0.5 }).apply(means);
      return new Resizing({ height: 7, width: 3 }).apply(scaled);
    }),
  'grey images with three channels, and nearest pixels': () =>
    over((x) => {
      const grey = new Conv2D({ filters: 1, kernelSize: 1 }).apply(x);
      return new Resizing({ height: 3, width: 9, interpolation: 'nearest' }).apply(new GrayscaleToRGB().apply(grey));
    }),
  'colours in the order of Caffe': () =>
    over((x) => {
      const coloured = new Conv2D({ filters: 3, kernelSize: 1 }).apply(x);
      return new Rescaling({ scale: 0.01 }).apply(new CaffePreprocessing({ largest: 4 }).apply(coloured));
    }),
  'means of whole images': () => {
    const x = input([7, 6, 2]);
    const means = new GlobalAveragePooling2D().apply(conv('stem').apply(x));
    return new Graph(x, new Dense({ units: 3 }).apply(means));
  },
  'batch normalizations without γ, β or both, with pooling behind': () =>
    over((x) => {
      const first = new BatchNormalization({ scale: false, betaRegularizer: l1(0.02) }).apply(conv('stem').apply(x));
      const second = new BatchNormalization({ center: false, gammaRegularizer: l2(0.02) }).apply(
        conv('top').apply(first),
      );
      return new BatchNormalization({ center: false, scale: false }).apply(new MaxPooling2D().apply(second));
    }),
  'a frozen batch normalization between trained layers': () =>
    over((x) => conv('top').apply(new BatchNormalization({ trainable: false }).apply(conv('stem').apply(x)))),
};

test.each(Object.entries(GRAPHS))('the gradient is the slope of the loss: %s', (_, make) => {
  const memory = new ReferenceMemory(make());
  const samples = randomSamples(memory.graph, 5);
  const run = referenceStep(memory, samples);
  const start = run.values(memory.weights).slice();
  const gradients = run.values(memory.gradients);
  const random = new Random(3, 'directions');
  const h = 1e-6;
  for (const { name, tensor, trained } of memory.slots) {
    if (!trained) continue;
    // Along a random direction in this weight alone.
    const [first, length] = [tensor.storage.offset / 4, tensor.storage.bytes / 4];
    const direction = new Float64Array(start.length);
    for (let i = first; i < first + length; i++) direction[i] = random.normal();
    const lossAt = (by: number): number => {
      const moved = start.map((value, i) => value + by * (direction[i] as number));
      return referenceStep(memory, samples, moved).loss;
    };
    const slope = (lossAt(h) - lossAt(-h)) / (2 * h);
    const product = gradients.reduce((total, value, i) => total + value * (direction[i] as number), 0);
    // Roundings of a loss near 1 are 2⁻⁵³ / h; the rest is the error of the difference quotient, in h².
    expect(Math.abs(product - slope), name).toBeLessThan(1e-7 * (1 + Math.abs(slope)));
  }
});

test('a frozen layer stays as it is, moving averages too, and one below it learns', () => {
  const frozen = new BatchNormalization({ name: 'norm', trainable: false });
  const graph = over((x) => frozen.apply(new Conv2D({ name: 'below', filters: 3, kernelSize: 3 }).apply(x)));
  const memory = new ReferenceMemory(graph);
  const samples = randomSamples(graph, 5);
  const [still, moved] = [0, 0.1].map((rate) => referenceStep(memory, samples, undefined, rate));
  expect(moved?.values(memory.fixed)).toEqual(still?.values(memory.fixed));
  const kernel = memory.tensor('below/kernel', true).storage;
  expect(moved?.values(kernel)).not.toEqual(still?.values(kernel));
  expect(memory.slots.filter(({ trained }) => !trained).map(({ name }) => name)).toEqual([
    'norm/gamma',
    'norm/beta',
    'norm/moving_mean',
    'norm/moving_variance',
  ]);
});

test('a frozen layer’s penalty is not part of the loss', () => {
  const make = (trainable: boolean, factor: number) =>
    chain(new Flatten(), new Dense({ units: 3, trainable, kernelRegularizer: l2(factor) }), new Dense({ units: 3 }));
  const lossOf = (graph: Graph): number => referenceStep(new ReferenceMemory(graph), randomSamples(graph, 4)).loss;
  expect(lossOf(make(false, 1))).toBe(lossOf(make(false, 0)));
  expect(lossOf(make(true, 1))).toBeGreaterThan(lossOf(make(true, 0)));
});

test('where everything is frozen, there is nothing to train', () => {
  const graph = chain(new Flatten(), new Dense({ units: 3, trainable: false }));
  expect(() => referenceStep(new ReferenceMemory(graph), randomSamples(graph, 4))).toThrow(
    'the loss depends on no weight that is trained',
  );
});

test('the loss needs one row of scores for each sample', () => {
  const graph = chain(new Conv2D({ filters: 3, kernelSize: 3 }));
  expect(() => referenceStep(new ReferenceMemory(graph), randomSamples(graph, 4))).toThrow(
    'the cross-entropy expects a row of scores for each sample, but the output is (None, 5, 4, 3)',
  );
});

/** Notes what it is sent. */
class Listing implements Executor {
  readonly gpu = { maxBinding: Number.POSITIVE_INFINITY } as Gpu;
  readonly kernels: Kernel[] = [];
  readonly temporaries: Storage[] = [];

  temporary(label: string, bytes: number, type: StorageType = 'f32'): Storage {
    const storage = new Storage(label, bytes, undefined, 0, type);
    this.temporaries.push(storage);
    return storage;
  }

  dispatch(kernel: Kernel): void {
    this.kernels.push(kernel);
  }
}

describe('dispatches', () => {
  const list = (graph: Graph, storage: 'f32' | 'f16' = 'f32') => {
    const executor = new Listing();
    const memory = new ReferenceMemory(graph);
    const optimizer = new Adam();
    const state = Object.fromEntries(
      Object.entries(optimizer.state(memory.length)).map(([name, length]) => [name, memoryOf(name, length)]),
    );
    const { data } = randomSamples(graph, 4);
    const { logits } = trainStep(executor, {
      model: { graph, memory, storage },
      data,
      batch: { size: 4, stride: 4 },
      loss: sparseCategoricalCrossentropy,
      totals: memoryOf('totals', 3),
      optimizer,
      state,
    });
    return { ...executor, logits };
  };

  test('a training step sends plain kernels, the count of the step behind all that is random', () => {
    const graph = chain(
      new Flatten(),
      new Dense({ units: 6, activation: 'relu', kernelRegularizer: l2(0.01) }),
      new Dropout({ rate: 0.5 }),
      new Dense({ units: 3, activation: 'softmax' }),
    );
    const expected: readonly Kernel[] = [
      gather,
      denseForward,
      relu,
      dropout,
      denseForward,
      softmaxCrossEntropy,
      sum,
      weightPenalties,
      addPenalties,
      epochTotals,
      penaltyBackward,
      softmaxCrossEntropyBackward,
      denseBackwardWeights,
      denseBackwardData,
      dropout,
      reluBackward,
      denseBackwardWeights,
      accumulate,
      advance,
      adamCorrections,
      adam,
    ];
    expect(list(graph).kernels.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
  });

  test('16-bit activations end before the last layer with weights', () => {
    const { temporaries, logits } = list(
      chain(
        new Conv2D({ filters: 3, kernelSize: 3, activation: 'relu' }),
        new Flatten(),
        new Dense({ units: 3 }),
        new Activation({ activation: 'softmax' }),
      ),
      'f16',
    );
    expect(temporaries.filter(({ type }) => type === 'f16').map(({ label }) => label)).toEqual([
      "conv2d's output (conv2d)",
      "conv2d's output (relu)",
    ]);
    expect(logits.storage.type).toBe('f32');
  });
});
