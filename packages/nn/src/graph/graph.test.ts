/** If these failed, models would have wrong names, shapes or connections, or wrong models would be accepted. */
import { describe, expect, test } from 'vitest';
import {
  Activation,
  Add,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  Graph,
  GrayscaleToRGB,
  input,
  type Layer,
  l1,
  l2,
  MaxPooling2D,
  notebookCnn,
  ReLU,
  Rescaling,
  Resizing,
  sequential,
  summarize,
  ZeroPadding2D,
} from '../index.js';

/** Two branches that are added, and a dense layer that is used twice. */
function branched(): Graph {
  const x = input([8, 8, 2], 'images');
  const stem = new Conv2D({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x);
  const left = new ReLU({ maxValue: 6 }).apply(new BatchNormalization({ name: 'norm' }).apply(stem));
  const sum = new Add().apply(left, stem);
  const both = new Concatenate().apply(sum, stem, x);
  const shared = new Dense({ units: 4, name: 'shared' });
  const once = shared.apply(new GlobalAveragePooling2D().apply(sum));
  const twice = shared.apply(once);
  const pooled = new GlobalAveragePooling2D().apply(both);
  const all = new Concatenate({ name: 'all' }).apply(twice, pooled);
  return new Graph(x, new Dense({ units: 3, activation: 'softmax' }).apply(all), { seed: 7 });
}

describe('names', () => {
  test('a chain’s layers are named as Keras names them', () => {
    const layers = [
      new Conv2D({ filters: 5, kernelSize: 3, inputShape: [12, 12, 1] }),
      new BatchNormalization(),
      new MaxPooling2D(),
      new DepthwiseConv2D({ kernelSize: 3 }),
      new Conv2D({ filters: 4, kernelSize: 3 }),
      new ReLU(),
      new Activation({ activation: 'relu' }),
      new Flatten(),
      new Dense({ units: 9 }),
      new Dense({ units: 3 }),
    ];
    const graph = sequential(layers);
    expect(graph.layers.map(({ name }) => name)).toEqual([
      'conv2d',
      'batch_normalization',
      'max_pooling2d',
      'depthwise_conv2d',
      'conv2d_1',
      're_lu',
      'activation',
      'flatten',
      'dense',
      'dense_1',
    ]);
    expect(graph.nodes.map(({ name }) => name)).toEqual(graph.layers.map(({ name }) => name));
  });

  test('a shared layer is there once, with its weights; its nodes are told apart', () => {
    const { nodes, layers } = branched();
    expect(nodes.map(({ name }) => name)).toEqual([
      'conv2d',
      'norm',
      're_lu',
      'add',
      'global_average_pooling2d',
      'shared',
      'shared:2',
      'concatenate',
      'global_average_pooling2d_1',
      'all',
      'dense',
    ]);
    expect(layers.length).toBe(nodes.length - 1);
    expect(nodes.find(({ name }) => name === 'shared:2')?.layerName).toBe('shared');
  });

  test('a name that is taken is not made again', () => {
    const x = input([4]);
    const named = new Dense({ units: 4, name: 'dense' }).apply(x);
    const graph = new Graph(x, new Dense({ units: 2 }).apply(named));
    expect(graph.nodes.map(({ name }) => name)).toEqual(['dense', 'dense_1']);
  });
});

describe('what cannot be built', () => {
  const chain = (...layers: Layer[]): unknown => sequential(layers, { inputShape: [4, 4, 1] });
  const at = (...shapes: (readonly number[])[]) => shapes.map((shape) => input(shape));
  test.each([
    [
      () => chain(new Dense({ units: 3 })),
      'layer "dense" (Dense) expects one row of features (put a Flatten before it), but its input is (None, 4, 4, 1)',
    ],
    [
      () => chain(new Conv2D({ name: 'wide', filters: 3, kernelSize: 5 })),
      'layer "wide" (Conv2D) expects images of at least 5 × 5 pixels, but its input is (None, 4, 4, 1)',
    ],
    [
      () => chain(new Flatten(), new MaxPooling2D()),
      'layer "max_pooling2d" (MaxPooling2D) expects images of shape (height, width, channels), but its input is' +
        ' (None, 16)',
    ],
    [
      () => new Add().apply(...at([4, 4, 1], [4, 4, 2])),
      'layer Add expects at least two inputs of one shape, but its inputs are (None, 4, 4, 1), (None, 4, 4, 2)',
    ],
    [
      () => new Concatenate({ name: 'join' }).apply(...at([4, 4, 1], [4, 3, 1])),
      'layer "join" (Concatenate) expects at least two inputs that differ in their last axis only, but its inputs are' +
        ' (None, 4, 4, 1), (None, 4, 3, 1)',
    ],
    [
      () => new GrayscaleToRGB().apply(...at([4, 4, 3])),
      'layer GrayscaleToRGB expects images with one channel, but its input is (None, 4, 4, 3)',
    ],
    [() => new ReLU().apply(...at([4], [4])), 'layer ReLU expects one input, but its inputs are (None, 4), (None, 4)'],
    [() => new ReLU().apply(), 'layer ReLU expects one input, but it has no input'],
    [() => input([4, 0]), 'the input shape (4, 0) must hold positive integers'],
    [() => sequential([new Flatten()]), 'the first layer (Flatten) needs an inputShape'],
    [() => sequential([]), 'a model needs at least one layer'],
    [() => chain(new Flatten({ name: 'a' }), new Dropout({ name: 'a', rate: 0.5 })), 'two layers are named "a"'],
    [
      () => new Graph(input([4], 'a'), new ReLU().apply(input([4], 'b'))),
      'the output depends on "b", which is not the input of this model',
    ],
    [
      () => {
        const x = input([4]);
        const shared = new Dense({ units: 3, name: 'shared' });
        return new Graph(x, shared.apply(shared.apply(x)));
      },
      'layer "shared" is used twice, with inputs that need different weights: ' +
        'kernel (4, 3), bias (3); kernel (3, 3), bias (3)',
    ],
    [
      () => sequential([new Flatten({ inputShape: [4] })], { seed: -1 }),
      'the seed must be an integer in 0 … 4294967295',
    ],
    [() => new MaxPooling2D({ poolSize: 0 }), 'layer "MaxPooling2D": poolSize and strides must be positive integers'],
    [() => new ReLU({ maxValue: 0 }), 'layer "ReLU": maxValue must be positive, not 0'],
    [() => new Dense({ units: 0.5, name: 'half' }), 'layer "half": units must be a positive integer'],
    [
      () => chain(new Conv2D({ name: 'wide', filters: 3, kernelSize: [3, 2], dilationRate: [2, 3] })),
      'layer "wide" (Conv2D) expects images of at least 5 × 4 pixels, but its input is (None, 4, 4, 1)',
    ],
    [
      () => new DepthwiseConv2D({ kernelSize: 3, strides: [1, 2], dilationRate: [2, 1] }),
      'layer "DepthwiseConv2D": strides and a dilationRate above 1 do not go together: leave one of them out',
    ],
    [
      () => new Conv2D({ filters: 3, kernelSize: 3, strides: 2, dilationRate: 2 }),
      'layer "Conv2D": strides and a dilationRate above 1 do not go together: leave one of them out',
    ],
    [
      () => new Conv2D({ filters: 6, kernelSize: 1, groups: 4 }),
      'layer "Conv2D": its 6 filters cannot be cut into 4 groups of equal size',
    ],
    [
      () => new Conv2D({ filters: 6, kernelSize: 1, groups: 3, name: 'cut' }).apply(...at([4, 4, 4])),
      'layer "cut" (Conv2D) expects images whose channels can be cut into 3 groups, but its input is (None, 4, 4, 4)',
    ],
    [
      () => new Conv2D({ filters: 6, kernelSize: 1, groups: 0 }),
      'filters, groups, kernelSize, strides and dilationRate must be positive integers',
    ],
    [() => new Dense({ units: 1, biasRegularizer: l1(-1) }), 'layer "Dense": biasRegularizer must be { "l1": number,'],
    [() => new Dense({ units: 1, kernelRegularizer: {} }), 'layer "Dense": kernelRegularizer must be { "l1": number,'],
    [
      () => new Dense({ units: 1, kernelInitializer: { type: 'randomUniform', minval: 1 } }),
      'layer "Dense": kernelInitializer must have a maxval that is not below minval',
    ],
    [
      () => new DepthwiseConv2D({ kernelSize: 1, depthwiseInitializer: { type: 'truncatedNormal', stddev: -1 } }),
      'layer "DepthwiseConv2D": depthwiseInitializer must have a stddev that is not below zero',
    ],
    [() => new Resizing({ height: 4, width: 4, interpolation: 'cubic' as never }), 'no interpolation "cubic"'],
    [
      () =>
        new ZeroPadding2D({
          padding: [
            [1, -1],
            [0, 0],
          ],
        }),
      'padding must hold whole numbers',
    ],
  ])('%#', (build, message) => {
    expect(build).toThrow(message);
  });
});

test('output shapes', () => {
  const graph = sequential(
    [
      new Resizing({ height: 9, width: 7 }),
      new Rescaling({ scale: 2, offset: -1 }),
      new GrayscaleToRGB(),
      new ZeroPadding2D({
        padding: [
          [0, 1],
          [2, 3],
        ],
      }),
      new DepthwiseConv2D({ kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 2, useBias: false }),
      new Conv2D({ filters: 4, kernelSize: [1, 2], useBias: false }),
      new GlobalAveragePooling2D(),
    ],
    { inputShape: [28, 28, 1] },
  );
  expect(graph.nodes.map(({ shape }) => shape)).toEqual([
    [9, 7, 1],
    [9, 7, 1],
    [9, 7, 3],
    [10, 12, 3],
    [5, 6, 6],
    [5, 5, 4],
    [4],
  ]);
  expect(graph.layers.flatMap(({ weights }) => weights.map(({ shape }) => shape))).toEqual([
    [3, 3, 3, 2],
    [1, 2, 6, 4],
  ]);
});

describe('summary', () => {
  test('of a chain', () => {
    const graph = sequential([
      new Conv2D({ filters: 5, kernelSize: 3, inputShape: [12, 12, 1] }),
      new BatchNormalization({ trainable: false }),
      new Flatten(),
    ]);
    expect(summarize(graph)).toBe(
      `
Layer (type)                              Output shape       Parameters
───────────────────────────────────────────────────────────────────────
conv2d (Conv2D)                           (None, 10, 10, 5)          50
batch_normalization (BatchNormalization)  (None, 10, 10, 5)          20
flatten (Flatten)                         (None, 500)                 0
───────────────────────────────────────────────────────────────────────
Total 70 · trainable 50 · not trainable 20`.trim(),
    );
    expect(summarize(graph, 71)).toBe(summarize(graph));
    expect(summarize(graph, 70).split('\n').slice(0, 3)).toEqual([
      'Layer                Output shape       Parameters',
      '──────────────────────────────────────────────────',
      'conv2d               (None, 10, 10, 5)          50',
    ]);
  });

  test('of branches says what is connected, and counts a shared layer once', () => {
    expect(summarize(branched())).toBe(
      `
Layer (type)                                         Output shape      Parameters  Connected to
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
conv2d (Conv2D)                                      (None, 8, 8, 4)           76  images
norm (BatchNormalization)                            (None, 8, 8, 4)           16  conv2d
re_lu (ReLU)                                         (None, 8, 8, 4)            0  norm
add (Add)                                            (None, 8, 8, 4)            0  re_lu, conv2d
global_average_pooling2d (GlobalAveragePooling2D)    (None, 4)                  0  add
shared (Dense)                                       (None, 4)                 20  global_average_pooling2d
shared:2 (Dense)                                     (None, 4)                  0  shared
concatenate (Concatenate)                            (None, 8, 8, 10)           0  add, conv2d, images
global_average_pooling2d_1 (GlobalAveragePooling2D)  (None, 10)                 0  concatenate
all (Concatenate)                                    (None, 14)                 0  shared:2, global_average_pooling2d_1
dense (Dense)                                        (None, 3)                 45  all
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
Total 157 · trainable 149 · not trainable 8`.trim(),
    );
  });
});

test('a large model’s summary tells what it takes of a device', () => {
  const input = { inputShape: [1000] };
  const wide = (units: number) => sequential([new Dense({ units, ...input, trainable: units < 50_000 })]);
  expect(summarize(wide(10_000)).endsWith('not trainable 0')).toBe(true);
  // 20,020,000 numbers of four bytes, three and seven times.
  expect(summarize(wide(20_000)).split('\n').at(-1)).toBe(
    'Memory: weights 77 MiB · trained with SGD 230 MiB, with Adam 535 MiB, and activations',
  );
  // Twice what is frozen.
  expect(summarize(wide(100_000)).split('\n').at(-1)).toContain('SGD 764 MiB, with Adam 764 MiB');
});

test('the notebook’s CNN has 173,674 parameters, and a node’s index is a dropout’s number', () => {
  const graph = notebookCnn([28, 28, 1]);
  expect(summarize(graph)).toContain('Total 173,674 ·');
  expect(graph.nodes.findIndex(({ name }) => name === 'dropout1')).toBe(10);
  expect(graph.layers.flatMap(({ weights }) => weights).filter(({ regularizer }) => regularizer).length).toBe(2);
  expect(
    sequential([new Dense({ units: 2, kernelRegularizer: l2(0.5), inputShape: [3] })]).layers[0]?.weights[0],
  ).toEqual({
    name: 'kernel',
    shape: [3, 2],
    initializer: 'glorotUniform',
    trainable: true,
    divisible: true,
    regularizer: { l2: 0.5 },
  });
});

test('a graph on top of another: its nodes keep their names', () => {
  const base = notebookCnn([28, 28, 1]);
  const features = base.nodes.find(({ name }) => name === 'flatten');
  if (!features) throw new Error('the notebook’s CNN has a flatten');
  const graph = new Graph(base.input, new Dense({ units: 2 }).apply(features));
  expect(graph.nodes.map(({ name }) => name).slice(-3)).toEqual(['pool2', 'flatten', 'dense']);
});
